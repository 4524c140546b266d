"""Files that follow from the ledger, written by a process of its own while Sphinx writes pages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext, suppress

from sphinx.application import Sphinx

from armsbrief import pool

_todo: list[Callable[[], None]] = []  # in the forked process: what it is there for


def begin(app: Sphinx, writers: Sequence[Callable[[Sphinx], None]]) -> None:
    """Begin to write, once all pages are read; only a fork knows what Sphinx has read."""

    def write() -> None:
        for writer in writers:
            writer(app)

    ending = ExitStack()
    if sys.platform == "linux":
        worker = ending.enter_context(pool.workers(1, lambda: _todo.append(write)))
        ending.callback(worker.submit(_do).result)
    else:
        ending.callback(write)
    app.__dict__["armsbrief_beside"] = ending


def finish(app: Sphinx, error: Exception | None = None) -> None:
    """Wait until all is written.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        Of the build.
    error : Exception, optional
        What has ended the build already: it is told, and nothing that follows from it.

    Raises
    ------
    WorkerKilledError
        If the process was killed; or what a writer raised.
    """
    ending = app.__dict__.pop("armsbrief_beside", ExitStack())
    with suppress(Exception) if error else nullcontext():
        ending.close()


def _do() -> None:
    for write in _todo:
        write()
