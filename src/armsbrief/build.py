"""`armsbrief build`: check, execute, judge, publish, and swap the result in whole."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock

from armsbrief import (
    data,
    drawing,
    editions,
    execute,
    keeping,
    ledger,
    manifest,
    parameters,
    paths,
    progress,
    prose,
    provenance,
    publish,
)
from armsbrief.references import bibliography
from armsbrief.validation import ensure_valid

Report = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """What a build made, and where."""

    name: str
    ledger: ledger.Ledger
    folder: Path
    made: list[Path]


@contextmanager
def _without_collections() -> Iterator[None]:
    """Do not look for garbage: hardly any is made, and each look goes through all libraries."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@_without_collections()
def build(
    edition: str | None = None,
    given: Mapping[str, Any] | None = None,
    workers: int = 0,
    out: Path | None = None,
    keep_outputs: bool = False,
    use_cache: bool = True,
    say: Report = lambda text: None,
    with_paper: bool = True,
) -> Built:
    """Build one edition.

    Parameters
    ----------
    edition : str, optional
        Name of the edition; the newest if none is given.
    given : mapping, optional
        Parameters that replace the edition's.
    workers : int
        Notebooks run at once; 0 means one for each core.
    out : pathlib.Path, optional
        Folder for site, PDF and ledger; `_build/editions/<name>` otherwise.
    keep_outputs : bool
        Store the outputs in `notebooks/`, for nbval and plain Jupyter Book.
    use_cache : bool
        Whether notebooks that cannot have changed are taken from earlier runs.
    say : callable
        Told what happens, a line at a time.
    with_paper : bool
        Whether to make the PDF too; without it, an older one is left as it is.

    Raises
    ------
    ArmsbriefError
        On the first thing that is wrong; nothing published is touched then.
    """
    chosen = editions.read(edition) if edition else editions.default()
    wanted = {**chosen.parameters, **(given or {})}
    name = chosen.name + (f"-custom-{_short_hash(wanted)}" if given else "")
    workers = workers or os.cpu_count() or 1
    with drawing.serving(use_cache):  # for the notebooks, then for the site
        say(f"Edition {name}: checking tables, parameters and text")
        check_data()
        prose.check(paths.BOOK)
        jobs = _jobs(wanted)  # a wrong parameter is refused before anything is written
        work = _work(name)
        with FileLock(work / "lock"):
            executed, made = _judged(name, wanted, jobs, workers, say, use_cache, publish.get_ready)
            if keep_outputs:
                _keep(executed, say)
            if moved := made["said_otherwise"]:
                say(f"Edition {name} read otherwise when it was published: {', '.join(moved)}; "
                    "its pages say so")  # fmt: skip
            say("Publishing site and PDF")
            publish.stage(executed, work / "source")
            book = work / "ledger.json"
            results = (*publish.publish(work, book, wanted["as_of"], with_paper), book)
            manifest.write(work / "html")
            results = (*results, manifest.write(work, [result.name for result in results]))
            folders = _places(name, out, is_default=chosen == editions.default())
            for folder in folders:
                publish.swap_all(results, folder)
    return Built(name, made, folders[-1], [f / r.name for f in folders for r in results])


def judge(
    name: str, wanted: Mapping[str, Any], workers: int, say: Report, use_cache: bool = True
) -> tuple[list[Path], ledger.Ledger]:
    """Execute the notebooks with these parameters and put the ledger together.

    Returns
    -------
    tuple of list of pathlib.Path and dict
        The executed notebooks, and the ledger, which is also written to the
        work folder of that name.
    """
    return _judged(name, wanted, _jobs(wanted), workers, say, use_cache)


def _judged(
    name: str, wanted: Mapping[str, Any], jobs: Mapping[Path, Mapping[str, Any]], workers: int,
    say: Report, use_cache: bool, meanwhile: Callable[[], None] = lambda: None,
) -> tuple[list[Path], ledger.Ledger]:  # fmt: skip
    """Judge; `meanwhile` is called while the servers of kernels and drawings get ready."""
    say(f"Executing {len(jobs)} notebooks")
    with progress.shown("Executing", len(jobs), say=say) as advance:
        executed = execute.run_all(
            jobs, _work(name) / "executed", workers, lambda path: advance(path.name), use_cache,
            meanwhile,
        )  # fmt: skip
    made = compiled(executed, name, wanted)
    ledger.write(made, _work(name) / "ledger.json")
    return executed, made


def compiled(executed: Sequence[Path], name: str, wanted: Mapping[str, Any]) -> ledger.Ledger:
    """Put the ledger of an edition together, with what it was made of and what it once said."""
    made = ledger.compile_ledger(list(executed), paths.BOOK, name, wanted)
    made["made_of"] = provenance.made_of()
    made["said_otherwise"] = keeping.said_otherwise(name, made)
    return made


def _keep(executed: list[Path], say: Report) -> None:
    """Store what plain tools need: outputs, the records of older editions, the bibliography."""
    for path in executed:
        execute.store(path, paths.NOTEBOOKS / path.name)
    (paths.BOOK / "references.bib").write_text(bibliography(), encoding="utf-8")
    keeping.keep(say)


def _work(name: str) -> Path:
    folder = paths.BUILD / "work" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def check_data() -> None:
    """Check every table, whether a notebook reads it or not."""
    for entry in data.package()["resources"]:
        ensure_valid(entry["name"])


def _jobs(wanted: Mapping[str, Any]) -> dict[Path, dict[str, Any]]:
    notebooks = sorted(paths.NOTEBOOKS.glob("*.ipynb"))
    return parameters.assign(wanted, {path: parameters.declared(path) for path in notebooks})


def _short_hash(wanted: Mapping[str, Any]) -> str:
    return sha256(repr(sorted(wanted.items())).encode()).hexdigest()[:8]


def _places(name: str, out: Path | None, is_default: bool) -> list[Path]:
    """Return where the results go; the default edition also stands at the top of `_build`."""
    if out:
        return [out]
    return [paths.BUILD / "editions" / name, *([paths.BUILD] if is_default else [])]
