"""When each table should have news again, and whether it is overdue."""

from __future__ import annotations

import csv
from functools import cache

import pandas as pd

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
    due = pd.Timestamp(max(seen)) + pd.DateOffset(months=_months(table, every))
    return str(due.date())


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
