"""From a ledger and the text to a site and a PDF: Jupyter Book for both, WeasyPrint for paper."""

from __future__ import annotations

import contextlib
import filecmp
import gc
import importlib
import io
import json
import multiprocessing
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from armsbrief import execute, onepage, paper, paths, unchanged, words
from armsbrief.errors import LedgerError
from armsbrief.pool import WorkerKilledError
from armsbrief.references import bibliography
from armsbrief.sphinx_ext.source import VARIABLE

_ONLY_ON_SITE = re.compile(r"^notebooks/|^book/(guide|walk|verification|threats)$")
_APPENDIX = ("book/receipts", "book/sources")
# Imported once in the parent, not in each of the two that build pages; the latter half is what
# Sphinx imports only when a build has begun.
SHARED = (
    "jupyter_book.sphinx", "myst_nb.sphinx_ext", "sphinx_external_toc", "sphinx_togglebutton",
    "sphinx.builders.html", "sphinxcontrib.bibtex",
    "bs4", "doctest", "latexcodec", "pydata_sphinx_theme", "sphinx_book_theme", "sphinx_comments",
    "sphinx_copybutton", "sphinx_design.extension", "sphinx_external_toc.events",
    "sphinx_jupyterbook_latex.transforms", "sphinx_multitoc_numbering", "sphinx_thebe",
)  # fmt: skip
_LOCK, _JOURNAL = ".swap.lock", ".swap.json"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def stage(executed: list[Path], source: Path) -> None:
    """Lay out the source of the book: its text, its configuration, the executed notebooks.

    Files that did not change keep their time, so that Sphinx reads again only
    what did.
    """
    wanted: dict[Path, bytes] = {}
    for name in ("_config.yml", "_toc.yml", "index.md"):
        wanted[Path(name)] = (paths.ROOT / name).read_bytes()
    for path in paths.BOOK.rglob("*"):
        if path.is_file():
            wanted[path.relative_to(paths.ROOT)] = path.read_bytes()
    for path in executed:
        wanted[Path("notebooks") / path.name] = path.read_bytes()
    for path in paths.EDITIONS.glob("*.json"):
        wanted[Path("editions") / path.name] = path.read_bytes()
    wanted[Path("book/references.bib")] = bibliography().encode()
    wanted[Path("_toc_print.yml")] = _print_contents().encode()
    for path in [p for p in source.rglob("*") if p.is_file()]:
        if path.relative_to(source) not in wanted:
            path.unlink()
    for relative, content in wanted.items():
        _write_if_changed(source / relative, content)


def _write_if_changed(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _print_contents() -> str:
    """Return the table of contents for paper: no notebooks, receipts and sources at the end."""
    contents = yaml.safe_load((paths.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    for part in contents["parts"]:
        part["chapters"] = [
            chapter
            for chapter in part["chapters"]
            if not _ONLY_ON_SITE.search(chapter["file"]) and chapter["file"] not in _APPENDIX
        ]
    contents["parts"] = [part for part in contents["parts"] if part["chapters"]]
    appendix = [{"file": name} for name in _APPENDIX]
    contents["parts"].append({"caption": "Appendix", "chapters": appendix})
    return yaml.safe_dump(contents, sort_keys=False)


def get_ready() -> None:
    """Import what the processes that build the pages share."""
    for name in SHARED:
        importlib.import_module(name)


def publish(work: Path, ledger: Path, as_of: str, with_paper: bool = True) -> tuple[Path, ...]:
    """Build the site and the PDFs side by side.

    Parameters
    ----------
    work : pathlib.Path
        Folder with the staged `source`; everything else is made in it.
    ledger : pathlib.Path
        The ledger that the pages refer to.
    as_of : str
        The knowledge date, for the PDF's dates.
    with_paper : bool
        Whether to make the PDF too.

    Returns
    -------
    tuple of pathlib.Path
        The folder of the site, the PDF, and the PDFs of one page.

    Raises
    ------
    LedgerError
        If a reference is broken or a page warns: all of them are listed.
    WorkerKilledError
        If a process that makes them is killed from outside.
    """
    get_ready()
    epoch = int(datetime.fromisoformat(as_of).replace(tzinfo=UTC).timestamp())
    environment = {VARIABLE: str(ledger), "SOURCE_DATE_EPOCH": str(epoch)}
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    try:
        # Nothing that they make is freed before they end: looking for garbage would take a tenth.
        with ProcessPoolExecutor(2, mp_context=context, initializer=gc.disable) as pool:
            site = pool.submit(_site, work, environment)
            if not with_paper:
                return (site.result(),)
            printed = pool.submit(_paper, work, environment, ledger)
            short = pool.submit(_one_page, work, environment, ledger)
            papers = [*printed.result(), *short.result()]
            for made in papers:
                shutil.copyfile(made, site.result() / made.name)  # offered there for download
            return site.result(), *papers
    except BrokenProcessPool as error:
        raise WorkerKilledError(
            "a process that made the pages was killed, perhaps for want of memory (two gigabytes "
            "are enough); what was published before is as it was.",
            "the same command with other programs closed",
        ) from error


def _site(work: Path, environment: Mapping[str, str]) -> Path:
    os.environ.update(environment)
    _sphinx(work, "html", {})
    return work / "html"


def _paper(work: Path, environment: Mapping[str, str], ledger: Path) -> list[Path]:
    os.environ.update(environment)
    context = {"print_kind": "Policy brief with executable evidence",
               "print_edition": words.edition_line(json.loads(ledger.read_bytes()))}  # fmt: skip
    _sphinx(work, "singlehtml", {
        "html_theme": "armsbrief_print", "html_theme_options": {}, "html_context": context,
        "external_toc_path": "_toc_print.yml", "html_sidebars": {},
    })  # fmt: skip
    pages, out = work / "singlehtml", work / "brief.pdf"
    return _unless_same([pages], [out], lambda: paper.make_pdf(pages / "index.html", out))


def _one_page(work: Path, environment: Mapping[str, str], ledger: Path) -> list[Path]:
    os.environ.update(environment)
    outs = [work / name for name in onepage.SIZES]
    return _unless_same([ledger, paths.BOOK], outs, lambda: onepage.make(ledger, work))


def _unless_same(sources: list[Path], outs: list[Path], make: Callable[[], Any]) -> list[Path]:
    """Make PDFs, unless this very code has set these very sources: that takes seconds."""
    mark = outs[0].with_suffix(".made-of")
    made_of = unchanged.fingerprint([*sources, Path(__file__).parent])
    known = mark.read_text(encoding="utf-8") if mark.is_file() else ""
    if known != f"{made_of} {unchanged.fingerprint(outs)}":
        make()
        mark.write_text(f"{made_of} {unchanged.fingerprint(outs)}", encoding="utf-8")
    return outs


def _sphinx(work: Path, builder: str, overrides: Mapping[str, Any]) -> None:
    """Run Jupyter Book's build in this process; any warning is an error."""
    from jupyter_book.sphinx import build_sphinx

    _forget_what_others_made(work, builder)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = build_sphinx(
            str(work / "source"), str(work / builder), noconfig=True,
            path_config=str(work / "source" / "_config.yml"),
            doctreedir=str(work / f"doctrees-{builder}"), builder=builder, quiet=True,
            warningiserror=True, keep_going=True,
            confoverrides={"nitpicky": True, "latex_individualpages": False, **overrides},
        )  # fmt: skip
    if status != 0:
        raise LedgerError(f"the {builder} pages do not build:\n{_readable(said.getvalue(), work)}")


def _forget_what_others_made(work: Path, builder: str) -> None:
    """Begin afresh after other code or other contents: their files would be published along."""
    contents = [work / "source" / name for name in ("_config.yml", "_toc.yml")]
    made_by = unchanged.fingerprint([*contents, Path(__file__).parent])
    mark = work / f"{builder}.made-by"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != made_by:
        for folder in (work / builder, work / f"doctrees-{builder}"):
            shutil.rmtree(folder, ignore_errors=True)
        mark.write_text(made_by, encoding="utf-8")


def _readable(said: str, work: Path) -> str:
    """Shorten Sphinx's messages to the paths that a person edits."""
    text = _ESCAPES.sub("", said).replace(f"{work / 'source'}{os.sep}", "")
    return "\n".join(f"  {line}" for line in text.strip().splitlines())


def swap_all(made: Sequence[Path], place: Path) -> None:
    """Put finished results in their folder, all of them or none.

    All are copied beside their places first. A journal then says that the
    copies are complete; from there on a run that is cut off is completed by the
    next one (`recover`), before it everything is as it was.

    Parameters
    ----------
    made : sequence of pathlib.Path
        Files and folders, each under its own name.
    place : pathlib.Path
        The folder that they go into.
    """
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / _LOCK):
        _recover(place)
        try:
            for result in made:
                _copy(result, place / f".{result.name}.new", place / result.name)
            execute.place_whole(
                json.dumps([result.name for result in made]).encode(), place / _JOURNAL
            )
        except OSError:
            _recover(place)
            raise
        _recover(place)


def recover(place: Path) -> None:
    """Complete a swap that was cut off, or clear away what one left that had not begun."""
    if place.is_dir():
        with FileLock(place / _LOCK):
            _recover(place)


def _recover(place: Path) -> None:
    journal = place / _JOURNAL
    for name in json.loads(journal.read_bytes()) if journal.is_file() else ():
        fresh, old = place / f".{name}.new", place / f".{name}.old"
        if fresh.exists():
            _remove(old)
            if (place / name).exists():
                (place / name).rename(old)
            fresh.rename(place / name)
    journal.unlink(missing_ok=True)
    for pattern in (".*.new", ".*.old", f"{Path(_JOURNAL).stem}.*.tmp"):
        for leftover in place.glob(pattern):
            _remove(leftover)


def _copy(made: Path, fresh: Path, published: Path) -> None:
    """Copy a result to where it waits; what is published already is only linked, which is quicker.

    The published folder goes as soon as the other stands in its place, so no file is shared for
    longer than a swap takes.
    """
    put = partial(_put, made, published)
    if made.is_dir():
        shutil.copytree(made, fresh, copy_function=put)
    else:
        put(made, fresh)


def _put(made: Path, published: Path, source: str | Path, target: str | Path) -> None:
    known = published / Path(source).relative_to(made)
    with contextlib.suppress(OSError):  # none is there, or the file system has no links
        if filecmp.cmp(source, known, shallow=False):
            os.link(known, target)
            return
    shutil.copyfile(source, target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def swap_in(made: Path, place: Path) -> None:
    """Put a finished file or folder in its place whole; what was there goes only then."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.{os.getpid()}.new")
    old = place.with_name(f".{place.name}.{os.getpid()}.old")
    try:
        if made.is_dir():
            shutil.copytree(made, fresh)
        else:
            shutil.copyfile(made, fresh)
        if place.exists():
            place.rename(old)
        fresh.rename(place)
    finally:
        for leftover in (fresh, old):
            if leftover.is_dir():
                shutil.rmtree(leftover)
            else:
                leftover.unlink(missing_ok=True)
