"""When each table should have news again, whether it is overdue, and when anybody last looked.

That a source was asked and had nothing newer is not the same as that its data
changed: `data/snapshots/<source>/checked.json` says when it was last asked, and
what the newest was that it had then.
"""

from __future__ import annotations

import csv
import json
from calendar import monthrange
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from armsbrief import data, paths
from armsbrief.errors import DataError

_GUESSED = ("inferred", "year-end")  # dates set late on purpose say nothing of a source's rhythm


@cache
def next_due(table: str, as_of: str) -> str | None:
    """Return the day by which a table's source should have published again.

    Parameters
    ----------
    table : str
        A table whose descriptor may say `updated_every` (ISO 8601, such as
        P1M or P1Y).
    as_of : str
        Knowledge date, YYYY-MM-DD: later rows are not seen.

    Returns
    -------
    str or None
        The newest publication day seen plus the interval; None for a table
        that has no rhythm, or no row yet.

    Raises
    ------
    DataError
        If the interval is not one.
    """
    descriptor = data.resource(table)
    every = descriptor.get("armsbrief", {}).get("updated_every")
    if not every:
        return None
    with (paths.DATA / descriptor["path"]).open(encoding="utf-8", newline="") as rows:
        seen = [
            row["published"]
            for row in csv.DictReader(rows)
            if row["published"] <= as_of and row.get("published_basis") not in _GUESSED
        ]
    if not seen:
        return None
    return str(later(date.fromisoformat(max(seen)), _months(table, every)))


def later(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _months(table: str, every: str) -> int:
    months = {"M": 1, "Y": 12}
    if len(every) < 3 or every[0] != "P" or every[-1] not in months or not every[1:-1].isdigit():
        raise DataError(
            f"table {table!r}: updated_every is {every!r}; expected such as P1M or P1Y."
        )
    return int(every[1:-1]) * months[every[-1]]


def of_tables(tables: set[str], as_of: str) -> tuple[str | None, bool]:
    """Return the first day on which one of the tables is due, and whether that day has passed."""
    due = min((day for table in tables if (day := next_due(table, as_of))), default=None)
    return due, due is not None and due < as_of


def of_checks(tables: set[str], until: str | None) -> dict[str, Any] | None:
    """Return when the sources of tables were last asked, and which of them had something newer.

    Parameters
    ----------
    tables : set of str
        Tables; those that no source is fetched for do not count.
    until : str or None
        Later checks are not seen, YYYY-MM-DD; None for all.

    Returns
    -------
    dict or None
        `on`, the day by which all of them had been asked, and `newer`, the
        sources that had something newer than the snapshot; None if one of them
        was never asked, or none is fetched.

    Raises
    ------
    DataError
        If a note of a check is not as expected.
    """
    sources = [folder for folder in _snapshots() if tables & _derived(folder)]
    noted = {folder: _checked(folder) for folder in sources}
    checks = {f: note for f, note in noted.items() if note and (not until or note[0] <= until)}
    if not sources or len(checks) < len(sources):
        return None
    newer = sorted(f.name for f, (_, newest) in checks.items() if newest not in _have(f))
    return {"on": min(day for day, _ in checks.values()), "newer": newer}


def _snapshots() -> list[Path]:
    return sorted(path for path in (paths.DATA / "snapshots").glob("*") if path.is_dir())


def _manifests(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*/manifest.json"))]


def _derived(folder: Path) -> set[str]:
    return {table for manifest in _manifests(folder) for table in manifest["derived"]}


def _have(folder: Path) -> set[str]:
    """Return what names the newest snapshot: its version, and its day."""
    newest = max(path.parent.name for path in folder.glob("*/manifest.json"))
    return {str(_manifests(folder)[-1]["version"]), newest}


def _checked(folder: Path) -> tuple[str, str] | None:
    path = folder / "checked.json"
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_bytes())
        return str(datetime.fromisoformat(content["checked"]).date()), str(content["newest"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder.name}/checked.json: {error!r}; expected a day 'checked' and a 'newest'.",
            "armsbrief refresh",
        ) from error
