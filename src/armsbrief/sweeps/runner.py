"""One notebook with one set of parameters, wherever the worker is."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from armsbrief import drawing, execute, ledger, paths, unchanged, warm
from armsbrief.errors import NotebookError, SweepError

_ATTEMPTS = 3  # kernels that one run may lose


def inputs() -> str:
    """Return a hash of all that a run depends on besides its notebook: tables and machinery."""
    return unchanged.files([paths.DATA, paths.NOTEBOOKS, Path(__file__).parents[1]])


@cache
def _here() -> str:
    """Look once in each worker; a worker whose files change is to be started anew."""
    return inputs()


@cache
def _kernels_ready() -> None:
    """Keep warm kernels for the life of this worker. Charts are left out: nobody sees them."""
    os.environ[drawing.VARIABLE] = drawing.OFF
    stack = contextlib.ExitStack()
    stack.enter_context(warm.serving(for_many=True))
    atexit.register(stack.close)


def run(name: str, parameters: Mapping[str, Any], expected: str, timeout: int) -> dict[str, Any]:
    """Run one notebook through papermill and return what it recorded.

    Parameters
    ----------
    name : str
        File name of the notebook.
    parameters : mapping
        Its parameters, already checked.
    expected : str
        The hash that `inputs` gave where the sweep was started.
    timeout : int
        Seconds for one cell.

    Returns
    -------
    dict
        `facts`, `specifications`, and `duration` in seconds.

    Raises
    ------
    SweepError
        If this worker has other data or other code.
    NotebookError
        If a cell fails, never ends, or each kernel that it is given dies.
    """
    if _here() != expected:
        raise SweepError(
            f"the worker at {paths.ROOT} has other tables, notebooks or code than the place where "
            "the sweep was started.",
            "bring both to the same revision, and start the worker anew",
        )
    _kernels_ready()
    start = time.perf_counter()
    executed = _executed(paths.NOTEBOOKS / name, parameters, timeout)
    records = ledger.recorded(executed["cells"], name)
    return {
        "facts": records["facts"],
        "specifications": records["specifications"],
        "duration": round(time.perf_counter() - start, 3),
    }


def _executed(path: Path, parameters: Mapping[str, Any], timeout: int) -> dict[str, Any]:
    """Run a notebook, again where its kernel died: a cell that ends its kernel does so each time.

    As a rule it is no fault of the notebook: memory ran out, or whoever ends a cluster's
    worker ends the worker's kernels first.
    """
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(execute.KernelDiedError):
            return _executed_once(path, parameters, timeout)
    return _executed_once(path, parameters, timeout)


def _executed_once(path: Path, parameters: Mapping[str, Any], timeout: int) -> dict[str, Any]:
    with TemporaryDirectory(prefix="armsbrief-") as private:
        try:
            executed = execute.through_papermill(path, parameters, private, timeout)
        except NotebookError as error:
            raise type(error)(f"{error.message}\n  with {_shown(parameters)}") from None
    plain: dict[str, Any] = json.loads(json.dumps(executed))
    return plain


def _shown(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in parameters.items()) or "its own parameters"
