"""Tables by name: the one function through which notebooks read data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from armsbrief import paths
from armsbrief.errors import DataError

_DTYPES = {
    "string": "string",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "string",
    "year": "Int64",
    "yearmonth": "string",
}


@cache
def package(root: Path = paths.DATA) -> dict[str, Any]:
    """Return the Frictionless descriptor, with every schema read in.

    Raises
    ------
    DataError
        If the descriptor or a schema is missing or no JSON.
    """
    descriptor = _json(root / "datapackage.json")
    for resource in descriptor["resources"]:
        resource["schema"] = _json(root / resource["schema"])
    return descriptor


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name}: cannot be read as JSON: {error}.") from error
    return content


def resource(name: str) -> dict[str, Any]:
    """Return the descriptor of one table.

    Raises
    ------
    DataError
        If there is no table of that name.
    """
    for entry in package()["resources"]:
        if entry["name"] == name:
            found: dict[str, Any] = entry
            return found
    names = ", ".join(entry["name"] for entry in package()["resources"])
    raise DataError(f"there is no table {name!r}; there are: {names}.")


def content_hash(path: Path) -> str:
    """Return `sha256:<hex>` of a file, in the form Frictionless uses."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def table_hash(name: str) -> str:
    """Return the hash of a table as it is now."""
    return content_hash(paths.DATA / resource(name)["path"])


def load(name: str, as_of: str) -> pd.DataFrame:
    """Read a table as it was known on a day.

    The table is checked first, against its schema and, where one is declared,
    its hash. Rows published after `as_of` are left out.

    Parameters
    ----------
    name : str
        A table of `data/datapackage.json`.
    as_of : str
        Knowledge date, YYYY-MM-DD.

    Returns
    -------
    pandas.DataFrame
        One row per row of the table; dates stay text (YYYY-MM-DD), which sorts
        as dates do. `attrs["table"]` names the table.

    Raises
    ------
    DataError
        If the table is unknown or invalid: names table, row, column and value.
    """
    from armsbrief.validation import ensure_valid

    ensure_valid(name)
    descriptor = resource(name)
    dtypes = {field["name"]: _DTYPES[field["type"]] for field in descriptor["schema"]["fields"]}
    frame = pd.read_csv(
        paths.DATA / descriptor["path"], dtype=dtypes, keep_default_na=False, na_values=[""]
    )
    if "published" in frame.columns:
        frame = frame[(frame["published"] <= as_of).fillna(False)].reset_index(drop=True)
    frame.attrs["table"] = name
    return frame


def one(frame: pd.DataFrame, row_id: str) -> pd.DataFrame:
    """Return the row with this id, as a frame of one row; empty if it is not (yet) known."""
    return frame[frame["id"] == row_id]


def number(frame: pd.DataFrame, column: str = "value") -> float | None:
    """Return the single number of a frame of one row; None if the frame is empty.

    Raises
    ------
    DataError
        If the frame has more than one row.
    """
    if len(frame) > 1:
        raise DataError(f"one row was expected, there are {len(frame)}: {list(frame['id'][:5])}.")
    values: Sequence[Any] = frame[column].dropna().tolist()
    return float(values[0]) if values else None
