"""What every source gives: files fetched, frames checked, vintages of a table derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from armsbrief.errors import DataError
from armsbrief.sources.checks import Release
from armsbrief.sources.fetch import Client, Received
from armsbrief.sources.settings import Settings

Known = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Vintage:
    """One version of a table.

    Attributes
    ----------
    release : Release
    table : pandas.DataFrame
        As its schema says.
    covers : tuple of str
        First and last period (month or year) of which this version is the whole.
    title : str
        What `sources.csv` says of it.
    """

    release: Release
    table: pd.DataFrame
    covers: tuple[str, str]
    title: str


@dataclass(frozen=True)
class Source:
    """One machine source, in three steps.

    Attributes
    ----------
    name, title, publisher, licence, citation, landing_page : str
    table : str
        The table of `data/` that it feeds.
    fetch : callable
        Asks the source; None if it has nothing that we do not know.
    validate : callable
        Reads the files, refusing what is not as it should be.
    derive : callable
        Makes the vintages, oldest first, from what `validate` gave.
    optional : bool
        Whether it is only refreshed when named.
    """

    name: str
    title: str
    publisher: str
    licence: str
    citation: str
    landing_page: str
    table: str
    fetch: Callable[[Client, Known], list[Received] | None]
    validate: Callable[[list[Received], Settings], list[Any]]
    derive: Callable[[list[Any], Settings], list[Vintage]]
    optional: bool = False


def released(received: Received, today: date, what: str) -> date:
    """Return the day from which a file counts as known: never earlier than it was.

    The source's own date of the file, or today if it gives none.

    Raises
    ------
    DataError
        If that day is still to come.
    """
    day = received.modified or today
    if day > today:
        raise DataError(f"{what}: the file is dated {day}; expected no later than today, {today}")
    return day
