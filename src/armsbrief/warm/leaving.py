"""End a kernel without taking the libraries apart, which costs ten times the rest of its end."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress


def when_done(
    last: list[Callable[[], None]], live: Callable[[], None], finish: Callable[[], None]
) -> None:
    """Live, and let the process end at once when nothing is left but to free memory.

    The interpreter has then waited for threads and run all exit functions. What
    came into being since the fork is released, so that open files are written
    and finalizers run; only what all kernels share is left alone.

    Parameters
    ----------
    last : list
        Run by the interpreter after all other exit functions.
    live, finish : callable
        The kernel's life, and what comes after it, before any exit function.
    """
    shared, kernel = set(sys.modules), os.getpid()
    status = 1
    try:  # not in a function of its own: each frame below the kernel counts, see `meeting`
        live()
        status = 0
    except SystemExit as end:
        status = _status(end.code)
    except BaseException:  # noqa: BLE001  # as the interpreter itself does
        traceback.print_exc(file=sys.__stderr__)
    finish()

    def leave() -> None:
        if os.getpid() != kernel:
            return  # a fork that the notebook made
        _release(set(sys.modules) - shared)
        for stream in (sys.__stdout__, sys.__stderr__):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()  # type: ignore[union-attr]  # None where there is no stream
        os._exit(status)

    last.append(leave)


def _status(code: object) -> int:
    """Return the exit status that the interpreter would give."""
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.__stderr__)
    return 1


def _release(modules: set[str]) -> None:
    for name in modules:
        content = getattr(sys.modules[name], "__dict__", {})
        for key in [key for key in content if key != "__builtins__"]:
            content[key] = None
    gc.collect()
