"""Tables by name: the one function through which notebooks read data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armsbrief import paths, staging, trace
from armsbrief.errors import DataError

if TYPE_CHECKING:  # whoever only checks tables does not wait for pandas
    import pandas as pd

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
def package() -> dict[str, Any]:
    """Return the Frictionless descriptor, with every schema read in.

    Raises
    ------
    DataError
        If the descriptor or a schema is missing, no JSON or not as expected.
    """
    staging.finish()
    descriptor = _json(paths.PACKAGE)
    try:
        for resource in descriptor["resources"]:
            resource["schema"] = _json(paths.DATA / resource["schema"])
            _ = resource["name"], resource["path"], resource["schema"]["fields"]
    except (KeyError, TypeError) as error:
        raise DataError(
            f"datapackage.json or a schema in it is incomplete ({error!r}); expected resources, "
            "each with a name, a path and a schema, and fields in every schema."
        ) from error
    return descriptor


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name}: cannot be read as JSON: {error}.") from error
    return content


def tables() -> list[dict[str, Any]]:
    """Return the descriptors of all tables."""
    found: list[dict[str, Any]] = package()["resources"]
    return found


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


def fingerprint(name: str) -> str:
    """Return a hash of a table as it is now, its rows and its description."""
    described = json.dumps(resource(name), sort_keys=True).encode()
    digest = hashlib.sha256(described)
    digest.update(file_bytes(paths.DATA / resource(name)["path"], name))
    return digest.hexdigest()


def file_bytes(path: Path, name: str) -> bytes:
    """Return the bytes of a table's file.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"table {name!r}: {path.name} cannot be read: {error.strerror}.") from error


def load(name: str, as_of: str) -> pd.DataFrame:
    """Read a table as it was known on a day.

    The table is checked first, against its schema and, where one is declared,
    its hash. Rows published after `as_of` are left out; where a table has a
    revision key, only the newest of the rows with one key is seen.

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
    import pandas as pd

    from armsbrief import revisions
    from armsbrief.validation import ensure_valid

    ensure_valid(name)
    trace.note_table(name, fingerprint(name))
    descriptor = resource(name)
    dtypes = {field["name"]: _DTYPES[field["type"]] for field in descriptor["schema"]["fields"]}
    frame = pd.read_csv(
        paths.DATA / descriptor["path"], dtype=dtypes, keep_default_na=False, na_values=[""]
    )
    if "published" in frame.columns:
        frame = frame[(frame["published"] <= as_of).fillna(False)]
        if how := revisions.rules(descriptor):
            frame = revisions.newest(frame, how.key)
        frame = frame.reset_index(drop=True)
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
