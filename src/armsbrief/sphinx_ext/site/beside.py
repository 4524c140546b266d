"""What follows from the ledger, written by other processes while Sphinx reads and writes pages."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext, suppress

from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

from armsbrief import pool

_NAME = "armsbrief_beside"
_todo: list[Callable[[], None]] = []  # in the forked process: what it is there for


class _Heard(logging.Handler):
    """Keeps the warnings that Sphinx is told."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.warnings.append(record.getMessage())


def begin(app: Sphinx, writers: Sequence[Callable[[Sphinx], None]]) -> None:
    """Begin to write in a process of its own: a fork, which knows what Sphinx knows by now.

    Where there are none, all is written at the end.
    """

    def write() -> None:
        for writer in writers:
            writer(app)

    ending: ExitStack = app.__dict__.setdefault(_NAME, ExitStack())
    if sys.platform == "linux":
        worker = ending.enter_context(pool.workers(1, lambda: _todo.append(write)))
        done = worker.submit(_do)
        ending.callback(lambda: _tell(done.result()))
    else:
        ending.callback(write)


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
        If a process was killed; or what a writer raised.
    """
    ending = app.__dict__.pop(_NAME, ExitStack())
    with suppress(Exception) if error else nullcontext():
        ending.close()


def _do() -> list[str]:
    """Do it, and return the warnings: those of this process Sphinx does not count."""
    heard = _Heard()
    logging.getLogger("sphinx").addHandler(heard)
    for write in _todo:
        write()
    return heard.warnings


def _tell(warnings: Sequence[str]) -> None:
    """Warn again where a warning fails the build."""
    for warning in warnings:
        getLogger(__name__).warning("%s", warning)
