"""The command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from armsbrief import __version__
from armsbrief.errors import ArmsbriefError, ParameterError

# Wide enough for the table of claims where the width is not known, as in a log.
_console = Console(width=None if sys.stdout.isatty() else 120)


def main() -> None:
    """Run the command line; what a person can put right ends in one message and exit code 1."""
    try:
        cli()
    except ArmsbriefError as error:
        click.echo(f"armsbrief: {error}", err=True)
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """A policy brief whose every number is computed in front of the reader."""


def _pairs(texts: tuple[str, ...]) -> dict[str, Any]:
    """Read key=value pairs; numbers and true/false become what they look like."""
    pairs = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise ParameterError(f"-p {text!r}: expected key=value, for example as_of=2025-04-17.")
        pairs[key] = value
    return pairs


@cli.command()
@click.option("--edition", metavar="NAME", help="Edition to build; the newest if none is given.")
@click.option("-p", "pairs", metavar="KEY=VALUE", multiple=True,
              help="Parameter that replaces the edition's; may be repeated.")  # fmt: skip
@click.option("--jobs", default=0, metavar="N", type=click.IntRange(min=0),
              help="Notebooks run at once; one for each core if 0 or not given.")  # fmt: skip
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for site, PDF and ledger.")  # fmt: skip
@click.option("--store", is_flag=True,
              help="Keep the outputs in notebooks/ too (default parameters only).")  # fmt: skip
@click.option("--no-cache", is_flag=True, help="Execute every notebook, changed or not.")
def build(edition: str | None, pairs: tuple[str, ...], jobs: int, out: Path | None, store: bool,
          no_cache: bool) -> None:  # fmt: skip
    """Execute the notebooks, judge the claims, publish site and PDF."""
    from armsbrief import unchanged

    if store and (pairs or edition):
        raise ParameterError("--store keeps the default edition's outputs; it takes no -p and no "
                             "--edition.", "armsbrief build --store")  # fmt: skip
    request = [edition, sorted(_pairs(pairs).items()), out and out.absolute()]
    folder = None if store or no_cache else unchanged.find(request)
    if folder:
        click.echo("Nothing has changed since the last build")
    else:
        folder = _built(request, edition=edition, given=_pairs(pairs), workers=jobs, out=out,
                        keep_outputs=store, use_cache=not no_cache)  # fmt: skip
    ledger = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
    _console.print(_verdicts(ledger["claims"]))
    click.echo(f"Page:   {folder / 'html' / 'index.html'}")
    click.echo(f"PDF:    {folder / 'brief.pdf'}")
    click.echo(f"Ledger: {folder / 'ledger.json'}")


def _built(request: list[Any], **wanted: Any) -> Path:
    """Build, and mark what was built for the next time; imported only now, as it takes a second."""
    from armsbrief import execute, unchanged

    with execute.ready(wanted["use_cache"]):
        from armsbrief.build import build as run

        before = unchanged.inputs()
        built = run(**wanted, say=click.echo)
        if wanted["keep_outputs"]:  # they are inputs as well
            before = unchanged.inputs()
        unchanged.keep(request, before, built.folder, built.made)
    return built.folder


@cli.command()
@click.argument("grid", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--scheduler", default="", metavar="ADDRESS",
              help="Run on the workers of this Dask scheduler.")  # fmt: skip
@click.option("--jobs", default=0, metavar="N", type=click.IntRange(min=0),
              help="Notebooks run at once on this machine; one for each core if 0.")  # fmt: skip
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the table and the journal.")  # fmt: skip
@click.option("--timeout", default=300, metavar="SECONDS", type=click.IntRange(min=1),
              help="For one cell.")  # fmt: skip
def sweep(grid: Path, scheduler: str, jobs: int, out: Path | None, timeout: int) -> None:
    """Run the notebooks over a grid of parameters; write one tidy table."""
    from armsbrief.sweep import sweep as run

    for path in run(grid, out, jobs, scheduler, timeout):
        click.echo(f"Table: {path}")


@cli.command()
@click.option("--port", default=8000, metavar="N", type=click.IntRange(0, 65535),
              help="On 127.0.0.1; any that is free if 0.")  # fmt: skip
def serve(port: int) -> None:
    """Build, show the site on this machine, build again on save, refresh the browser."""
    from armsbrief.serve import serve as run

    run(port, click.echo)


@cli.command()
@click.argument("before")
@click.argument("after")
@click.option("--markdown", is_flag=True, help="Print Markdown instead of a table.")
def diff(before: str, after: str, markdown: bool) -> None:
    """Compare two editions, claim by claim; a flipped verdict comes first."""
    from armsbrief import changes
    from armsbrief.build import edition_record

    found = changes.compare(edition_record(before), edition_record(after))
    if markdown:
        click.echo(changes.as_markdown(found, before, after))
        return
    table = Table("Claim", f"Verdict {before}", f"Verdict {after}", before, after)
    for change in found:
        if change.moved:
            table.add_row(*changes.cells(change), style="bold" if change.flipped else "")
    _console.print(table)
    still = sum(not change.moved for change in found)
    click.echo(f"{still} of {len(found)} claims read the same in both editions.")


def _verdicts(claims: dict[str, Any]) -> Table:
    """Return the table of claims: what the op-ed asserts, what we find, the verdict."""
    from armsbrief.words import VERDICT, estimate

    table = Table()
    for title in ("Claim", "The op-ed says", "We find", "Verdict", "Holds", "Data"):
        table.add_column(title, no_wrap=title == "Claim")
    for name, claim in claims.items():
        found = claim["robustness"]
        holds = f"{found['holds']} of {found['of']}" if found else "—"
        said, verdict = claim["asserted_display"] or "—", VERDICT[claim["verdict"]]
        table.add_row(
            name, said, estimate(claim), verdict, holds, "overdue" if claim["stale"] else ""
        )
    return table


if __name__ == "__main__":
    main()
