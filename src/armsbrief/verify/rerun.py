"""Run the code of a notebook in this process and keep what it records: no kernel, no drawings.

This is for the mutation run, which needs thousands of runs. What a kernel gives
is the truth; `unlike_ledger` says whether this gives the same.
"""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from armsbrief import notebook as api
from armsbrief import paths
from armsbrief.errors import NotebookError
from armsbrief.records import CHART, FACT, SPECIFICATIONS, TABLE

Records = dict[str, Any]
_KIND = {FACT: "facts", CHART: "charts", TABLE: "tables", SPECIFICATIONS: "specifications"}


@cache
def _code(path: Path) -> list[tuple[bool, Any]]:
    """Return the code cells, each with whether it holds the parameters."""
    cells = json.loads(path.read_bytes())["cells"]
    return [
        ("parameters" in cell["metadata"].get("tags", []),
         compile("".join(cell["source"]), f"{path.name}, cell {cell['id']}", "exec"))
        for cell in cells if cell["cell_type"] == "code"
    ]  # fmt: skip


def records(path: Path, parameters: Mapping[str, Any]) -> Records:
    """Return what a notebook records, by kind and id; charts without their drawing.

    Parameters
    ----------
    path : pathlib.Path
        A notebook of this repository: its code is run as it is.
    parameters : mapping
        Values that replace those of its `parameters` cell.
    """
    found: Records = {}
    _run(path, parameters, found.__setitem__)
    return found


class _Moved(Exception):  # no error: it ends a run of which enough is known
    """Something shown is another one."""


def difference(path: Path, parameters: Mapping[str, Any], before: Records) -> str:
    """Run a notebook until it records something else than before; say what kind, or nothing.

    A full value that differs where the display form does not stands in a receipt
    only: the run goes on, as something plainer may follow.
    """
    seen: set[str] = set()
    finer = ""

    def compare(key: str, record: Any) -> None:
        nonlocal finer
        seen.add(key)
        was = before.get(key)
        if was is None or shown(was) != shown(record):
            raise _Moved(f"shown: {key.partition(' ')[0]}")
        if was.get("value") != record.get("value"):
            finer = "shown: the full value of a fact, in its receipt"

    try:
        _run(path, parameters, compare)
    except _Moved as moved:
        return str(moved)
    except Exception as error:  # noqa: BLE001  # any failure of a notebook stops the build
        return f"notebook fails ({type(error).__name__})"
    gone = next((key for key in before if key not in seen), "")
    return f"shown: {gone.partition(' ')[0]}" if gone else finer


def _run(path: Path, parameters: Mapping[str, Any], keep: Callable[[str, Any], None]) -> None:
    def show(mime: str, record: Any, text: str, more: Any = None) -> None:
        name = record.get("id") or record["claim"]
        keep(f"{_KIND[mime]} {name}", json.loads(json.dumps(record)))

    names: dict[str, Any] = {"__name__": "__main__", "display": lambda *shown, **how: None}
    with (
        mock.patch("armsbrief.validation.ensure_valid"),
        mock.patch.object(api, "_show", show),
        mock.patch.object(api, "drawn", _specified),
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(record=True) as warned,
    ):
        for is_parameters, code in _code(path):
            exec(code, names)  # noqa: S102  # the repository's own notebooks
            if is_parameters:
                names.update(parameters)
    if warned:  # as in a build, which refuses it
        raise NotebookError(f"{path.name} warns: {warned[0].message}")


def _specified(figure: Any, title: str, alt_text: str) -> tuple[str, dict[str, Any]]:
    """Take a chart's specification; that it is a valid one a kernel has found out."""
    return "", figure.to_dict(validate=False)


def shown(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a record what a reader sees: a fact's display form, not its full value."""
    return {key: value for key, value in record.items() if key not in ("value", "stated")}


def rows_named(found: Records) -> dict[str, set[str]]:
    """Return for each table the rows that facts, charts and tables of a run name."""
    named: dict[str, set[str]] = {}
    for key, record in found.items():
        if not key.startswith("specifications "):  # theirs are results, not rows of a table
            for table, rows in record["rows"].items():
                named.setdefault(table, set()).update(rows)
    return named


def unlike_ledger(found: Records, facts: Mapping[str, Any]) -> list[str]:
    """Return the facts in which a run in this process differs from the ledger."""
    different = []
    for key, record in found.items():
        kind, _, name = key.partition(" ")
        if kind == "facts" and facts.get(name, {}).get("display") != record["display"]:
            different.append(name)
    return different


def notebooks() -> list[Path]:
    """Return all notebooks."""
    return sorted(paths.NOTEBOOKS.glob("*.ipynb"))
