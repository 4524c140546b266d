"""The command line."""

from __future__ import annotations

import sys
from collections.abc import Iterable
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
    from armsbrief.build import build as run

    if store and (pairs or edition):
        raise ParameterError("--store keeps the default edition's outputs; it takes no -p and no "
                             "--edition.", "armsbrief build --store")  # fmt: skip
    built = run(edition, _pairs(pairs), jobs, out, store, not no_cache, click.echo)
    _console.print(_verdicts(built.ledger["claims"]))
    click.echo(f"Page:   {built.folder / 'html' / 'index.html'}")
    click.echo(f"PDF:    {built.folder / 'brief.pdf'}")
    click.echo(f"Ledger: {built.folder / 'ledger.json'}")


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


@cli.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--edition", metavar="NAME", help="Edition to verify; the newest if none is given.")
@click.option("--site", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of a published edition; the same as FOLDER.")  # fmt: skip
@click.option("--manifest", "only_manifest", is_flag=True,
              help="Only compare files with their hashes, from the folder alone.")  # fmt: skip
@click.option("--mutations", "mutate", is_flag=True,
              help="Check the checks: corrupt the inputs one at a time.")  # fmt: skip
@click.option("--sample", metavar="N", type=click.IntRange(min=1),
              help="With --mutations: how many, chosen at random; all if not given.")  # fmt: skip
@click.option("--seed", metavar="S", type=int, default=0, show_default=True,
              help="With --sample: which ones.")  # fmt: skip
def verify(folder: Path | None, edition: str | None, site: Path | None, only_manifest: bool,
           mutate: bool, sample: int | None, seed: int) -> None:  # fmt: skip
    """Prove an edition from its files; list all that is wrong."""
    folder = folder or site
    if edition and folder:
        raise ParameterError("give either --edition or a folder, not both.")
    if only_manifest:
        _verify_manifest(folder or _folder_of(edition))
    elif mutate:
        from armsbrief.verify import mutations

        run = mutations.run(edition, folder, sample, seed, click.echo)
        _console.print(_table(("Corruption", "Caught", "Of"), mutations.summary(run)))
        _end_if(mutations.unexplained(run))
    else:
        from armsbrief.verify import verify as run_checks

        report = run_checks(edition, folder, click.echo)
        rows = [(c.name, c.looked_at, str(len(c.failures))) for c in report.checks]
        _console.print(_table(("Check", "What was looked at", "Failures"), rows))
        _end_if(report.failures)


def _folder_of(edition: str | None) -> Path:
    from armsbrief import editions, paths

    return paths.BUILD / "editions" / (edition or editions.default().name)


def _verify_manifest(folder: Path) -> None:
    from armsbrief import manifest

    number, problems = manifest.check(folder)
    click.echo(f"{number:,} files compared with {folder / manifest.NAME}")
    _end_if(problems)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    return table


def _end_if(failures: list[str]) -> None:
    """End with every failure listed, or say that there is none."""
    for line in failures:
        click.echo(f"  {line}", err=True)
    click.echo(
        f"{len(failures)} failures." if failures else "Nothing is wrong.", err=bool(failures)
    )
    if failures:
        sys.exit(1)


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
