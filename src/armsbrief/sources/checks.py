"""Plain-language checks that every raw source goes through before it is used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from armsbrief.errors import DataError


@dataclass(frozen=True)
class Release:
    """One published version of a data set.

    Attributes
    ----------
    version : str
        The publisher's own version label.
    published : date
        Day of release; the last day of the month where only that is known.
    source_id : str
        Key of the row in ``data/tables/sources.csv``.
    """

    version: str
    published: date
    source_id: str


def read_csv(path: Path, text: Iterable[str] = (), skip: Iterable[int] = ()) -> pd.DataFrame:
    """Read a CSV file that may start with a byte-order mark.

    Parameters
    ----------
    path : Path
        The file. Quoted fields may hold line breaks.
    text : iterable of str
        Columns to keep as text (identifiers such as ``2;200;900``).
    skip : iterable of int
        Zero-based line numbers to leave out.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    DataError
        If the file is missing or cannot be parsed.
    """
    try:
        return pd.read_csv(
            path,
            encoding="utf-8-sig",
            low_memory=False,
            dtype={name: str for name in text},
            skiprows=list(skip),
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def require_columns(raw: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise `DataError` naming every column of `columns` that `raw` lacks."""
    missing = sorted(set(columns) - set(raw.columns))
    if missing:
        raise DataError(f"{what} lacks the column(s) {', '.join(missing)}; has the format changed?")


def require_counts(raw: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise `DataError` unless every value of `columns` is a number and not negative."""
    for column in columns:
        numbers = pd.to_numeric(raw[column], errors="coerce")
        if numbers.isna().any():
            raise DataError(
                f"{what}: {int(numbers.isna().sum())} value(s) of {column} are not numbers"
            )
        if (numbers < 0).any():
            raise DataError(f"{what}: {int((numbers < 0).sum())} value(s) of {column} are negative")


def require_unique(raw: pd.DataFrame, columns: list[str], what: str) -> None:
    """Raise `DataError` showing the first repeated key in `columns`."""
    repeated = raw[raw.duplicated(columns, keep=False)]
    if len(repeated):
        first = ", ".join(str(value) for value in repeated[columns].iloc[0])
        raise DataError(f"{what}: {len(repeated)} rows share a key ({first} is one)")


def require_past(dates: pd.Series, release: Release, what: str) -> None:
    """Raise `DataError` if a date lies after the release that reports it."""
    latest = dates.max()
    if pd.isna(latest) or latest.date() <= release.published:
        return
    raise DataError(
        f"{what} {release.version} was published on {release.published}, "
        f"but holds an event of {latest.date()}"
    )


def slug(*parts: str) -> str:
    """Join `parts` into a key of lower-case letters, digits, dots and hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", "-".join(parts).lower()).strip("-")
