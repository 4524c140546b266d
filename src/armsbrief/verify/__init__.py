"""`armsbrief verify`: prove an edition from its files, and say what could not be proven.

One module for each place where something may be wrong: `inputs` (tables, text,
notebooks), `pages`, `tables` and `links` (the site), `paper` (the PDFs), `files`
(downloads, kit, manifest), `remade` (all of it, made again). `mutations` checks
the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from armsbrief import build, data, editions, paths
from armsbrief.errors import ArmsbriefError
from armsbrief.verify import files, inputs, links, page, pages, paper, remade, tables
from armsbrief.verify.published import Published
from armsbrief.verify.remade import Remade
from armsbrief.verify.report import Check, Report

Say = Callable[[str], None]


def verify(
    edition: str | None = None,
    folder: Path | None = None,
    say: Say = lambda text: None,
    *,
    write: bool = True,
) -> Report:
    """Check one edition: what it is made from, a new run of it, and all that was published.

    Parameters
    ----------
    edition : str, optional
        Its name; the newest if neither name nor folder is given.
    folder : pathlib.Path, optional
        Where it lies, with `html/`, `brief.pdf` and `ledger.json`.
    say : callable
        Told what happens, a line at a time.
    write : bool
        Whether the result is published with the edition.

    Raises
    ------
    ArmsbriefError
        If there is nothing to verify. What is wrong with an edition is no
        error here: it stands in the report.
    """
    name = edition or editions.default().name
    found = Published(folder or paths.BUILD / "editions" / name)
    _ensure_there(found.folder, name)
    checks = []
    with TemporaryDirectory(prefix="armsbrief-") as private:
        again = Remade(found, Path(private))
        for check in (*_of_inputs(found, again), *_of_results(found, again)):
            made = check()
            say(f"{'FAILED' if made.failures else 'passed'}  {made.name}: {made.looked_at}")
            checks.append(made)
    report = Report(found.ledger["edition"], checks)
    report = page.with_mutations(report, found)
    if write:
        page.publish(report, found)
    return report


def _ensure_there(folder: Path, name: str) -> None:
    for part in ("ledger.json", "brief.pdf", "html/index.html"):
        if not (folder / part).is_file():
            raise ArmsbriefError(
                f"{folder / part}: not there; expected an edition with html/, brief.pdf and "
                "ledger.json.",
                f"armsbrief build --edition {name}",
            )


def _of_inputs(found: Published, again: Remade) -> tuple[Callable[[], Check], ...]:
    data.package.cache_clear()
    book = found.ledger
    return (
        inputs.check_tables,
        inputs.check_prose,
        inputs.check_stored,
        lambda: inputs.check_ledger(
            found, build.compiled(again.executed, book["edition"], book["parameters"])
        ),
        lambda: inputs.check_sources(found),
    )


def _of_results(found: Published, again: Remade) -> tuple[Callable[[], Check], ...]:
    checks = (
        files.check_manifest, pages.check_numbers, pages.check_verdicts, pages.check_charts,
        tables.check_tables, pages.check_metadata, pages.check_strays, pages.check_notebooks,
        links.check_links, paper.check_pdf, paper.check_one_page, files.check_kit, files.check_csv,
    )  # fmt: skip
    return (
        *(lambda check=check: check(found) for check in checks),
        lambda: remade.check_site(found, again),
        lambda: remade.check_rest(found, again),
    )
