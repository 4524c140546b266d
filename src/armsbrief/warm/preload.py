"""Import what notebooks use, and leave the process fit to be forked."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

_LIBRARIES = (
    "numpy", "pandas", "altair", "vl_convert", "matplotlib.pyplot",
    # Of ours only what every notebook uses: one that has a module is run again when that changes.
    "armsbrief.notebook", "armsbrief.revisions", "armsbrief.validation",
)  # fmt: skip
# What a kernel imports on its way to the first cell. debugpy would be compiled anew in each.
_KERNEL = ("ipykernel.debugger", "ipykernel.kernelapp", "IPython")
# What these import only when first used, as far as the installed versions have it.
_LATER = (
    "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.logger",
    "IPython.core.oinspect", "IPython.extensions.storemagic", "faulthandler",
    "narwhals._interchange.dataframe",
    "narwhals._pandas_like.dataframe", "narwhals._pandas_like.namespace",
    "narwhals._pandas_like.series", "narwhals.stable.v1._namespace", "pandas.core.methods.to_dict",
    "pandas.core.reshape.reshape",
    "pandas.io.formats.html", "pandas.io.formats.string", "psutil", "sqlite3",
    "tornado.platform.asyncio",
)  # fmt: skip
# What one notebook uses. They bring SciPy, which takes as long as all the rest: a server imports
# them only where that notebook will run many times, or each of its kernels would.
SELDOM = (
    "statsmodels.genmod.generalized_linear_model", "statsmodels.stats.diagnostic",
    "statsmodels.stats.sandwich_covariance", "statsmodels.tsa.stattools", "ruptures",
)  # fmt: skip


class UnfitError(Exception):
    """A library cannot be preloaded without a trace that a notebook would see."""


def preload(without: Collection[str]) -> dict[str, str]:
    """Import the libraries that are installed, then close their native thread pools.

    Parameters
    ----------
    without : collection of str
        Libraries to leave out.

    Returns
    -------
    dict
        The environment variables that the imports set: those of a kernel have them too.

    Raises
    ------
    UnfitError
        With the name of a library that fails or warns: each kernel is to import
        it by itself, so that the notebook shows what it always did.
    """
    before = dict(os.environ)
    gc.disable()  # a collection would touch, and so copy, pages shared with every kernel
    for name in _KERNEL:
        importlib.import_module(name)
    for name in (*_LIBRARIES, *SELDOM):
        if name not in without and importlib.util.find_spec(name.partition(".")[0]):
            _quietly(name)
    for name in _LATER:
        with suppress(ImportError):
            importlib.import_module(name)
    _forget_the_terminal()
    settle()
    gc.collect()
    gc.freeze()
    return {name: value for name, value in os.environ.items() if before.get(name) != value}


def _quietly(name: str) -> None:
    shown: list[str] = []

    def show(message: Any, *_: Any, **__: Any) -> None:
        shown.append(str(message))

    before, warnings.showwarning = warnings.showwarning, show
    try:
        importlib.import_module(name)
    except Exception as error:
        raise UnfitError(name) from error
    finally:
        warnings.showwarning = before
    if shown:
        raise UnfitError(name)


def _forget_the_terminal() -> None:
    """Show as many columns as in a kernel.

    On import pandas asks whether it runs in a terminal, and fits tables to its
    width if so. The server may seem to be one; a kernel never is.
    """
    if pandas := sys.modules.get("pandas"):
        pandas.set_option("display.max_columns", 20)


def settle() -> None:
    """Fork once, so that OpenBLAS ends its threads.

    It does so in its own fork handler, and starts them again at the next use.
    OPENBLAS_NUM_THREADS=1 would keep them from the start, but in the kernels as
    well, and sums over several threads differ in the last digits from sums over
    one: outputs would not be those of ordinary kernels.
    """
    if pid := os.fork():
        os.waitpid(pid, 0)
    else:
        os._exit(0)


def threads() -> list[str]:
    """Return the names of all threads but one, native ones too."""
    tasks = Path("/proc/self/task")
    others = sorted(int(task.name) for task in tasks.iterdir() if int(task.name) != os.getpid())
    return [(tasks / str(task) / "comm").read_text().strip() for task in others]


def own_files() -> dict[str, tuple[int, int]]:
    """Return date and size of each imported file of this package."""
    files = (getattr(module, "__file__", None) for module in _own().values())
    return _dated(file for file in files if file)


def _dated(files: Iterable[str]) -> dict[str, tuple[int, int]]:
    known = {}
    for path in files:
        status = os.stat(path)
        known[path] = (status.st_mtime_ns, status.st_size)
    return known


def forget_if_changed(known: dict[str, tuple[int, int]]) -> None:
    """Let the kernel import this package anew if its code or its folder is another one now."""
    if "armsbrief.paths" not in sys.modules or not _is_current(known):
        for name in _own():
            del sys.modules[name]


def _is_current(known: dict[str, tuple[int, int]]) -> bool:
    from armsbrief import paths
    from armsbrief.errors import ArmsbriefError

    try:
        # Not `own_files`: each module that a kernel looks at is a page that it has to copy.
        return _dated(known) == known and paths._find_root() == paths.ROOT
    except (OSError, ArmsbriefError):
        return False


def _own() -> dict[str, ModuleType]:
    return {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "armsbrief"}
