"""Plain-language checks that every raw source goes through before it is used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
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
        raw = pd.read_csv(
            path,
            encoding="utf-8-sig",
            low_memory=False,
            dtype={name: str for name in text},
            skiprows=list(skip),
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read ({error}); expected CSV in UTF-8") from error
    require_width(raw, path.name)
    return raw


def require_width(raw: pd.DataFrame, what: str) -> None:
    """Raise `DataError` if rows had more cells than the header: pandas shifts them."""
    if not isinstance(raw.index, pd.RangeIndex):
        raise DataError(
            f"{what} cannot be read: rows have more cells than the header; expected as many"
        )


def require_columns(raw: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise `DataError` naming every column that `raw` lacks, and what looks like it."""
    wanted = set(columns)
    missing = sorted(wanted - set(raw.columns))
    if not missing:
        return
    others = [str(name) for name in raw.columns if name not in wanted]
    alike = [found[0] for name in missing if (found := get_close_matches(name, others, 1))]
    renamed = f" {', '.join(alike)} may be the new name." if alike else ""
    raise DataError(
        f"{what} lacks the column(s) {', '.join(missing)}; expected all that earlier "
        f"releases have.{renamed}"
    )


def require_counts(raw: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise `DataError` unless every value of `columns` is a number and not negative."""
    for column in columns:
        numbers = pd.to_numeric(raw[column], errors="coerce")
        for bad, word in ((numbers.isna() | (numbers % 1 != 0), "not numbers, or not whole ones"),
                          (numbers < 0, "negative")):  # fmt: skip
            if bad.any():
                first = f"{raw[column][bad].iloc[0]!r} in row {int(bad.to_numpy().argmax()) + 2}"
                raise DataError(
                    f"{what}: {int(bad.sum())} value(s) of {column} are {word} ({first}); "
                    "expected whole numbers of at least 0"
                )


def require_unique(raw: pd.DataFrame, columns: list[str], what: str) -> None:
    """Raise `DataError` showing the first repeated key in `columns`."""
    repeated = raw[raw.duplicated(columns, keep=False)]
    if len(repeated):
        first = ", ".join(str(value) for value in repeated[columns].iloc[0])
        raise DataError(
            f"{what}: {len(repeated)} rows share a key ({first} is one); expected each once"
        )


def days(raw: pd.DataFrame, column: str, what: str) -> pd.Series:
    """Read a column of days (YYYY-MM-DD, with or without a time).

    Raises
    ------
    DataError
        Showing the first value that is no such day.
    """
    found = pd.to_datetime(raw[column].astype(str), format="ISO8601", errors="coerce")
    bad = found.isna() | ~raw[column].astype(str).str.match(r"\d{4}-\d{2}-\d{2}")
    if bad.any():
        raise DataError(
            f"{what}: {int(bad.sum())} value(s) of {column} are no dates as we know them "
            f"({raw[column][bad].iloc[0]!r}); expected YYYY-MM-DD"
        )
    return found


def require_past(dates: pd.Series, release: Release, what: str) -> None:
    """Raise `DataError` if a date lies after the release that reports it."""
    latest = dates.max()
    if pd.isna(latest) or latest.date() <= release.published:
        return
    version = "" if release.version in what else f" {release.version}"
    raise DataError(
        f"{what}{version} was published on {release.published}, but holds an event of "
        f"{latest.date()}; expected none after that day"
    )


def slug(*parts: str) -> str:
    """Join `parts` into a key of lower-case letters, digits, dots and hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", "-".join(parts).lower()).strip("-")
