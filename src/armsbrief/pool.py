"""Worker processes that run notebooks, and end when nobody waits for them any more."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from armsbrief.errors import ArmsbriefError

_PR_SET_PDEATHSIG = 1
_START = "fork" if sys.platform == "linux" else "spawn"


class WorkerKilledError(ArmsbriefError):
    """A worker was killed from outside, as the system does where memory runs out."""


@contextmanager
def workers(
    size: int, begin: Callable[[], None] | None = None, start: str = _START
) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of processes with a folder of their own for temporary files.

    An exception in the body ends them at once. They are killed, not asked: nbclient takes
    SIGTERM as a wish to end its kernel, and the worker would go on with the next notebook.
    Futures are left to the pool: one that we cancel makes its thread fail when it tells all
    of them that the workers are gone.

    Parameters
    ----------
    size : int
        How many processes.
    begin : callable, optional
        Called in each of them first.
    start : str
        How they are started, as `multiprocessing` names it; only a fork gets a `begin`
        that cannot be pickled.

    Raises
    ------
    WorkerKilledError
        If one of them is killed from outside.
    """
    context = multiprocessing.get_context(start)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="armsbrief-") as folder,
            ProcessPoolExecutor(size, context, _begin, (folder, os.getpid(), begin)) as pool,
            ended_with_us(),
        ):
            yield pool
    except BrokenProcessPool as error:
        raise WorkerKilledError(
            "a process that ran notebooks was killed, perhaps for want of memory.",
            "the same command with --jobs 1",
        ) from error


@contextmanager
def ended_with_us() -> Iterator[None]:
    """Kill the processes that the body has started if an exception ends it."""
    others = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        raise


def _begin(folder: str, parent: int, then: Callable[[], None] | None) -> None:
    """Be out of reach of a terminal's Ctrl+C, which is for the parent, and end with it."""
    gc.freeze()  # looking for garbage in what the parent has imported would only copy it
    gc.enable()
    tempfile.tempdir = folder
    if hasattr(os, "setsid"):
        os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked to be told
            os._exit(1)
    if then:
        then()
