"""`armsbrief sweep`: the notebooks over a grid of parameters, here or on a cluster."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from armsbrief import claims, editions, ledger, parameters, paths, pool, progress, warm
from armsbrief.errors import ArmsbriefError, NotebookError, SweepError
from armsbrief.sweeps import runner, tidy
from armsbrief.sweeps.grid import Grid, read
from armsbrief.sweeps.journal import Journal

TIMEOUT = 300  # seconds for one cell
_PATIENCE = 10  # seconds for a scheduler to answer, and for a first worker to be there
_ATTEMPTS = 3  # workers that one run may lose


@dataclass(frozen=True)
class Run:
    """One notebook with the parameters that it declares; sets that differ in others share it."""

    notebook: Path
    parameters: tuple[tuple[str, Any], ...]

    def key(self, inputs: str) -> str:
        """Return what a finished run is kept under."""
        content = [self.notebook.name, self.parameters, inputs]
        return sha256(json.dumps(content).encode()).hexdigest()[:32]


def sweep(
    grid_file: Path, out: Path | None = None, workers: int = 0, scheduler: str = "",
    timeout: int = TIMEOUT,
) -> list[Path]:  # fmt: skip
    """Run the notebooks over a grid and write one tidy table.

    Parameters
    ----------
    grid_file : pathlib.Path
        The grid.
    out : pathlib.Path, optional
        Folder for journal and table; `_build/sweeps/<name of the grid>` otherwise.
    workers : int
        Notebooks run at once on this machine; 0 means one for each core.
    scheduler : str
        Address of a Dask scheduler, to run on its workers instead.
    timeout : int
        Seconds for one cell.

    Returns
    -------
    list of pathlib.Path
        The table as CSV and as Parquet.

    Raises
    ------
    ArmsbriefError
        If the grid, a parameter or the scheduler is wrong, or a run fails.
        What was finished is kept, and the same command goes on from there.
    """
    grid = read(grid_file)
    planned = plan(grid)
    folder = out or paths.BUILD / "sweeps" / grid_file.stem
    with _alone(folder):
        journal, inputs = Journal(folder / "journal.jsonl"), runner.inputs()
        runs = {run.key(inputs): run for runs in planned.values() for run in runs}
        open_runs = {key: run for key, run in runs.items() if key not in journal.done}
        with progress.shown("Running", len(runs), len(runs) - len(open_runs)) as advance:
            if open_runs:
                _run_all(open_runs, journal, inputs, workers, scheduler, timeout, advance)
        return tidy.write(_table(grid, planned, journal, inputs), _names(grid), folder / "sweep")


def plan(grid: Grid) -> dict[int, list[Run]]:
    """Return the runs of each set of parameters; the same run may serve many.

    Raises
    ------
    ArmsbriefError
        If a parameter is unknown, or a value is not allowed.
    """
    declared = {path: parameters.declared(path) for path in grid.paths()}
    common = {key: value for key, value in editions.default().parameters.items()
              if any(key in here for here in declared.values())}  # fmt: skip
    planned = {}
    for number, chosen in enumerate(grid.expanded(), start=1):
        assigned = parameters.assign({**common, **chosen}, declared)
        planned[number] = [Run(path, tuple(sorted(own.items()))) for path, own in assigned.items()]
    return planned


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no second sweep write to the same folder."""
    lock = FileLock(folder / "lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise SweepError(
            f"{folder}: another sweep is writing there.", "wait, or give --out DIR"
        ) from None
    except OSError as error:
        raise SweepError(f"{folder}: cannot be used: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()


def _run_all(
    runs: Mapping[str, Run], journal: Journal, inputs: str, workers: int, scheduler: str,
    timeout: int, advance: progress.Advance,
) -> None:  # fmt: skip
    failed: list[ArmsbriefError] = []
    for _ in range(_ATTEMPTS):
        left = {key: run for key, run in runs.items() if key not in journal.done}
        try:
            with _executor(workers, scheduler) as (executor, lost):
                tasks = {
                    executor.submit(runner.run, run.notebook.name, dict(run.parameters), inputs,
                                    timeout): key
                    for key, run in left.items()
                }  # fmt: skip
                failed = _gather(tasks, runs, journal, advance, lost)
            break
        except pool.WorkerKilledError:  # what it had is run again
            continue
        except CancelledError as error:
            raise SweepError(f"the scheduler at {scheduler} went away.", _again(journal)) from error
        except KeyboardInterrupt:
            kept = Journal(journal.path).done  # the interrupt may have come while one was noted
            raise SweepError(f"interrupted: {len(kept)} runs are kept.", _again(journal)) from None
    else:
        raise SweepError(f"workers were killed {_ATTEMPTS} times.", _again(journal))
    if failed:
        told = "\n".join(str(error) for error in failed[:5])
        raise SweepError(f"{len(failed)} of {len(runs)} runs failed:\n{told}", _again(journal))


def _again(journal: Journal) -> str:
    return f"the same command again; {journal.path} holds what is finished"


def _gather(
    tasks: Mapping[Future[Any], str], runs: Mapping[str, Run], journal: Journal,
    advance: progress.Advance, lost: tuple[type[Exception], ...],
) -> list[ArmsbriefError]:  # fmt: skip
    """Keep each result as it comes; return what failed, or was given up as lost."""
    failed: list[ArmsbriefError] = []
    for task in as_completed(tasks):
        key = tasks[task]
        try:
            journal.add(key, task.result())
        except SweepError:
            raise
        except ArmsbriefError as error:
            failed.append(error)
        except lost as error:
            failed.append(NotebookError(f"{runs[key].notebook.name}: {error}"))
        advance(runs[key].notebook.name)
    return failed


@contextmanager
def _executor(
    workers: int, scheduler: str
) -> Iterator[tuple[Executor, tuple[type[Exception], ...]]]:
    """Give what runs the notebooks, and how it says that one run took several workers down."""
    if not scheduler:
        with warm.serving(for_many=True), pool.workers(workers or os.cpu_count() or 1) as executor:
            yield executor, ()
        return
    import distributed

    try:
        client = distributed.Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise SweepError(f"no scheduler answers at {scheduler}: {error}.", "dask scheduler"
                         ) from error  # fmt: skip
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            raise SweepError(f"the scheduler at {scheduler} has no worker.",
                             f"dask worker --nthreads 1 {scheduler}") from None  # fmt: skip
        executor = client.get_executor(pure=False, retries=0)
        try:
            yield executor, (distributed.KilledWorker,)
        finally:
            executor.shutdown(wait=False)  # nobody waits for what is not done


def _names(grid: Grid) -> list[str]:
    return list(dict.fromkeys(name for chosen in grid.expanded() for name in chosen))


def _table(
    grid: Grid, planned: Mapping[int, list[Run]], journal: Journal, inputs: str
) -> list[dict[str, Any]]:
    entries = claims.read_claims(paths.CLAIMS)
    rows: list[dict[str, Any]] = []
    for (number, runs), chosen in zip(planned.items(), grid.expanded(), strict=True):
        found = {run: journal.done[run.key(inputs)] for run in runs}
        records = {kind: {k: v for result in found.values() for k, v in result[kind].items()}
                   for kind in ("facts", "specifications")}  # fmt: skip
        durations = {f"notebooks/{r.notebook.name}": found[r]["duration"] for r in runs}
        verdicts = ledger.verdicts(entries, records)
        rows += tidy.rows(number, chosen, records["facts"], verdicts, durations)
    return rows
