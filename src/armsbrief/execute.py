"""Run notebooks with papermill, several at once, and keep only what the content decides."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat

from armsbrief import cache, drawing, durations, paths, pool, secret, trace, warm
from armsbrief.errors import NotebookError
from armsbrief.warm.client import prompt

_TIMEOUT = 300  # seconds for one cell
_TRACEBACK_LINES = 12
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class KernelDiedError(NotebookError):
    """The kernel ended before the notebook did."""


def run_all(
    jobs: Mapping[Path, Mapping[str, Any]],
    out: Path,
    workers: int,
    done: Callable[[Path], None] = lambda path: None,
    use_cache: bool = True,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[Path]:
    """Execute notebooks in parallel; the first failure stops the rest.

    Parameters
    ----------
    jobs : mapping of pathlib.Path to mapping
        For each notebook its parameters, already checked.
    out : pathlib.Path
        Folder for the executed notebooks.
    workers : int
        How many run at once.
    done : callable
        Called with each notebook that has finished.
    use_cache : bool
        Whether a notebook that cannot have changed is taken from an earlier run.
    meanwhile : callable
        Called while the servers get ready and the first notebooks run, if there are any.

    Returns
    -------
    list of pathlib.Path
        The executed notebooks.

    Raises
    ------
    NotebookError
        Naming notebook, cell and the end of the traceback.
    """
    out.mkdir(parents=True, exist_ok=True)
    results = sorted(out / path.name for path in jobs)
    if use_cache:
        jobs = {path: given for path, given in jobs.items() if not _reuse(path, given, out)}
    if not jobs:
        return results
    with warm.serving(), drawing.serving(use_cache):
        import papermill  # noqa: F401  # shared by all workers; the servers get ready meanwhile

        with pool.workers(min(workers, len(jobs))) as executor:
            tasks = {
                executor.submit(run_one, path, dict(jobs[path]), out / path.name): path
                for path in sorted(jobs, key=durations.longest_first)
            }
            for task, path in tasks.items():
                task.add_done_callback(partial(_tell, done, path))
            meanwhile()
            for task in wait(tasks, return_when=FIRST_EXCEPTION).done:
                task.result()
    durations.keep({path: task.result() for task, path in tasks.items()})
    return results


def _reuse(path: Path, given: Mapping[str, Any], out: Path) -> bool:
    """Put the kept run of a notebook in place, if there is one."""
    kept = cache.find(path, given)
    if kept is None:
        return False
    place_whole(kept, out / path.name)
    return True


def _tell(done: Callable[[Path], None], path: Path, task: Future[float]) -> None:
    if not task.cancelled() and not task.exception():
        done(path)


def run_one(path: Path, parameters: Mapping[str, Any], out: Path, timeout: int = _TIMEOUT) -> float:
    """Execute one notebook into `out`; `timeout` is in seconds, for each cell.

    Returns the seconds that it took.

    Raises
    ------
    NotebookError
        If a cell fails, runs out of time or writes to standard error.
    """
    start = time.perf_counter()
    with (
        secret.kept_back(),
        TemporaryDirectory(prefix="armsbrief-") as folder,
    ):
        seen = Path(folder, "trace")
        os.environ[trace.VARIABLE] = str(seen)
        try:
            executed = through_papermill(path, parameters, folder, timeout)
        finally:
            del os.environ[trace.VARIABLE]
        executed = settled(executed)
        _refuse_stderr(path, executed)
        place_whole(_written(executed), out)
        cache.keep(path, parameters, out, seen)
    return time.perf_counter() - start


def through_papermill(
    path: Path, parameters: Mapping[str, Any], folder: str, timeout: int
) -> nbformat.NotebookNode:
    """Let papermill run a notebook in a kernel of its own, and return it with its outputs.

    Papermill gets no path for its output: it would write all of it twice for each cell.

    Parameters
    ----------
    path, parameters, timeout
        As for `run_one`.
    folder : str
        A private folder, for this run alone.

    Raises
    ------
    NotebookError
        If a cell fails or runs out of time.
    KernelDiedError
        If the kernel ends before the notebook does, or never starts.
    """
    import papermill

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what fails is raised, and told once
    try:
        return papermill.execute_notebook(
            str(path), None, parameters=dict(parameters), kernel_name="python3",
            cwd=str(paths.NOTEBOOKS), progress_bar=False, log_output=False, autosave_cell_every=0,
            config=prompt(folder), execution_timeout=timeout,
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        raise NotebookError(_failure(path, error)) from None
    except TimeoutError:
        raise NotebookError(f"{path.name}: a cell did not end within {timeout} s.") from None
    except RuntimeError as error:  # nbclient's DeadKernelError, and a kernel never born
        log = Path(folder, "kernel.log")
        last = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
        raise KernelDiedError(
            "\n  ".join([f"{path.name}: its kernel died: {error}", *last[-_TRACEBACK_LINES:]])
        ) from None


def _failure(path: Path, error: Any) -> str:
    lines = _COLOURS.sub("", "\n".join(error.traceback)).splitlines()[-_TRACEBACK_LINES:]
    return "\n  ".join(
        [f"{path.name}, code cell {error.exec_count}: {error.ename}: {error.evalue}", *lines]
    )


def _refuse_stderr(path: Path, notebook: nbformat.NotebookNode) -> None:
    """A warning in a notebook is a fault that nobody would see in the brief."""
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise NotebookError(f"{path.name}, cell {number} warns: {output['text'].strip()}")


def settled(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what differs between two runs of the same thing: times, and papermill's random id."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "p" + hashlib.sha256(cell.source.encode()).hexdigest()[:7]
    return notebook


def _written(notebook: nbformat.NotebookNode) -> bytes:
    """Return a notebook for programs to read: with lines and indents it takes ten times as long."""
    return json.dumps(notebook, ensure_ascii=False, sort_keys=True).encode()


def place_whole(content: bytes, path: Path) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def store(executed: Path, original: Path) -> None:
    """Keep the outputs of a run with the default parameters in the notebook itself."""
    ran = nbformat.read(executed, as_version=4)
    ran.cells = [c for c in ran.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    count = 0
    for cell in ran.cells:
        if cell.cell_type == "code" and cell.execution_count is not None:
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
    place_whole((nbformat.writes(ran) + "\n").encode(), original)
