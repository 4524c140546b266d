"""The command line."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

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
        sys.exit(cli.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        _end("stopped. What was there before is as it was.", "the same command", 130)
    except ArmsbriefError as error:
        _end(str(error))
    except OSError as error:  # of a whole folder it is a list, and only the text says which
        if os.strerror(errno.ENOSPC) not in str(error):
            raise
        advice = "free some space (make clean removes what we made), then the same command"
        _end("the disk is full. What was there before is as it was.", advice)


def _end(message: str, advice: str = "", code: int = 1) -> NoReturn:
    said = f"{message}\n  Next: {advice}" if advice else message
    click.echo(f"armsbrief: {_as_typed(said)}", err=True)
    sys.exit(code)


def _as_typed(text: str) -> str:
    """Write our commands so that they work if typed: `.venv/bin` is in few people's path."""
    if shutil.which("armsbrief"):
        return text
    called = sys.argv[0] if Path(sys.argv[0]).name == "armsbrief" else ".venv/bin/armsbrief"
    return re.sub(r"(?<![\w/.-])armsbrief (?=[a-z])", f"{called} ", text)


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
@click.option("--begin", metavar="DAY", help="Begin an edition with this knowledge date; build it.")
def build(edition: str | None, pairs: tuple[str, ...], jobs: int, out: Path | None, store: bool,
          no_cache: bool, begin: str | None) -> None:  # fmt: skip
    """Execute the notebooks, judge the claims, publish site and PDF."""
    from armsbrief import unchanged

    if store and (pairs or edition):
        raise ParameterError("--store keeps the default edition's outputs; it takes no -p and no "
                             "--edition.", "armsbrief build --store")  # fmt: skip
    if begin:
        if edition:
            raise ParameterError("--begin makes an edition; it takes no --edition.")
        click.echo(f"Begun: editions/{_begun(begin)}.yml")
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


def _begun(day: str) -> str:
    """Begin an edition; what the one before it says is kept first."""
    from armsbrief import editions, keeping

    before = editions.default().name
    editions.require_known(day, date.today())
    editions.require_later(day)
    keeping.freeze(before)
    return editions.begin(day).name


def _built(request: list[Any], **wanted: Any) -> Path:
    """Build, and mark what was built for the next time; imported only now, as it takes a second."""
    from armsbrief import unchanged, warm

    before = unchanged.inputs()
    may_run = not wanted["use_cache"] or not unchanged.is_only_text(request, before)
    # What notebooks need is imported while the build itself is, and checks.
    with warm.serving() if may_run else nullcontext():
        from armsbrief.build import build as run

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
@click.argument("names", nargs=-1, metavar="[SOURCE]... | FILE")
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--quick", is_flag=True,
              help="Do not execute the notebooks to see which verdicts move.")  # fmt: skip
@click.option("--accept", "accepted", metavar="CHECK", multiple=True,
              help="Take what this check refuses: rows-lost, history or magnitude.")  # fmt: skip
@click.option("--table", metavar="NAME", help="Add the rows of FILE (CSV or Excel) to this table.")
@click.option("--template", metavar="NAME", help="Write an empty FILE to fill in for this table.")
@click.option("--publisher", metavar="TEXT", help="With --table: who published the figures.")
@click.option("--title", metavar="TEXT", help="With --table: title of the publication.")
@click.option("--url", metavar="ADDRESS", help="With --table: where it can be read.")
@click.option("--date", "day", metavar="DATE", help="With --table: day of publication.")
def refresh(names: tuple[str, ...], table: str | None, template: str | None, dry_run: bool,
            quick: bool, accepted: tuple[str, ...], **source: str | None) -> None:  # fmt: skip
    """Fetch new data, or take yours; all of it or nothing, and say what changed."""
    from armsbrief import contribute, telling
    from armsbrief.refresh import refresh as run

    if template:
        file = _file(names) if names else None
        click.echo(f"Template: {contribute.write_template(template, file)}")
        return
    if table:
        outcome = contribute.contribute(table, _file(names), source, click.echo, dry_run=dry_run,
                                        quick=quick)  # fmt: skip
    else:
        _require_table(names, source)
        outcome = run(names, say=click.echo, dry_run=dry_run, quick=quick, accepted=accepted,
                      bar=sys.stderr.isatty())  # fmt: skip
    for line in telling.in_words(outcome):
        click.echo(_as_typed(line))


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
@click.option("--markdown", is_flag=True, help="Print Markdown, for a letter or an issue.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every row named.")
def diff(before: str, after: str, markdown: bool, as_json: bool) -> None:
    """Say claim by claim what changed between two editions, and why.

    BEFORE and AFTER are names of editions, ledgers or folders of builds, or
    git:REVISION or git:REVISION:EDITION. The cause of a change is found by
    running code and rows of the one with those of the other.
    """
    from armsbrief import changes
    from armsbrief.diff import diff as run
    from armsbrief.diff import show

    found = run(before, after, lambda text: click.echo(text, err=True))
    if markdown or as_json:
        click.echo((changes.as_json if as_json else changes.as_markdown)(found, before, after))
    else:
        show(_console, found, before, after)


@cli.command()
@click.option("--edition", metavar="NAME", help="Edition to take; the newest if none is given.")
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the kit.")  # fmt: skip
def kit(edition: str | None, out: Path | None) -> None:
    """Write letters, cards, charts and the table of claims of an edition that was built."""
    from armsbrief.kit import kit as run

    made, folder = run(edition, out, click.echo)
    for name, reasons in made.withheld.items():
        click.echo(f"WITHHELD: the letter {name!r}, because {'; and because '.join(reasons)}")
    click.echo(f"Kit:    {folder / 'index.html'} ({len(made.content)} files)")


def _require_table(names: tuple[str, ...], source: dict[str, str | None]) -> None:
    """Refuse what only makes sense for figures of one's own."""
    files = [name for name in names if Path(name).suffix]
    if files or any(source.values()):
        what, file = (files[0], files[0]) if files else ("a source of one's own", "FILE")
        raise ParameterError(f"{what} was given, and no table; expected --table NAME FILE.",
                             f"armsbrief refresh --table NAME {file}")  # fmt: skip


def _file(names: tuple[str, ...]) -> Path:
    if len(names) != 1:
        raise ParameterError(f"{len(names)} files were given; expected one.",
                             "armsbrief refresh --table NAME FILE")  # fmt: skip
    return Path(names[0])


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
@click.option("--jobs", default=0, metavar="N", type=click.IntRange(min=0),
              help="With --mutations: tried at once; one for each core if 0.")  # fmt: skip
def verify(folder: Path | None, edition: str | None, site: Path | None, only_manifest: bool,
           mutate: bool, sample: int | None, seed: int, jobs: int) -> None:  # fmt: skip
    """Prove an edition from its files; list all that is wrong."""
    folder = folder or site
    if edition and folder:
        raise ParameterError("give either --edition or a folder, not both.")
    if only_manifest:
        _verify_manifest(folder or _folder_of(edition))
    elif mutate:
        from armsbrief.verify import mutations

        run = mutations.run(edition, folder, sample, seed, click.echo, processes=jobs)
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
