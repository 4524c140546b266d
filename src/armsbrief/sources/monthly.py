"""Monthly counts that go back to ACLED: one table, whether they come by HDX or from ACLED.

ACLED's terms allow aggregates only, so no event of theirs is ever written.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from armsbrief.errors import DataError
from armsbrief.sources.checks import (
    Release,
    days,
    require_columns,
    require_counts,
    require_past,
    slug,
)
from armsbrief.sources.vintage import Vintage

TABLE = "acled_monthly"
YEARS = 3  # this year and the two before: older months are not revised any more
COUNTRY = "Pakistan"
_KEY = ["route", "place", "month", "event_type"]
LICENCE = "Aggregates only; attribution to ACLED (acleddata.com) under its terms of use"
CITATION = "Armed Conflict Location & Event Data (ACLED), acleddata.com"


def derive_monthly(raw: pd.DataFrame, route: str, release: Release, what: str) -> pd.DataFrame:
    """Add counts up to months.

    Parameters
    ----------
    raw : pandas.DataFrame
        ``place``, ``day`` (YYYY-MM-DD), ``event_type``, ``events``, ``fatalities``.
    route : str
        ``"hdx"`` or ``"acled"``: the two class events differently.
    release : Release
        The version of the counts.
    what : str
        Name for messages.

    Returns
    -------
    pandas.DataFrame, shape (groups, 9)

    Raises
    ------
    DataError
        If there is no row, a count is no number or negative, or a day is to come.
    """
    if raw.empty:
        raise DataError(f"{what}: no rows for {COUNTRY}; expected monthly counts")
    require_columns(raw, ("place", "day", "event_type", "events", "fatalities"), what)
    require_counts(raw, ("events", "fatalities"), what)
    dates = days(raw, "day", what)
    require_past(dates, release, what)
    counts = {name: pd.to_numeric(raw[name]).astype("int64") for name in ("events", "fatalities")}
    labelled = raw.assign(route=route, month=dates.dt.strftime("%Y-%m"), **counts)
    table = labelled.groupby(_KEY, as_index=False)[["events", "fatalities"]].sum()
    table.insert(0, "id", [slug(*key) for key in table[_KEY].itertuples(index=False)])
    return table.assign(published=release.published.isoformat(), source_id=release.source_id)


def vintage(raw: pd.DataFrame, route: str, release: Release, title: str) -> Vintage:
    """Return the vintage of the table that these counts make."""
    table = derive_monthly(raw, route, release, title)
    first = f"{release.published.year - YEARS + 1}-01"
    return Vintage(release, table, (first, "9999-12"), title)


def descriptor() -> dict[str, Any]:
    """Describe the table: it is declared when its first figures come."""
    return {
        "name": TABLE,
        "title": "ACLED's counts by month and province",
        "description": "",
        "path": f"tables/{TABLE}.csv",
        "schema": f"schemas/{TABLE}.json",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "licenses": [{"title": LICENCE, "path": "https://acleddata.com/terms-and-conditions"}],
        "sources": [{"title": CITATION, "path": "https://acleddata.com"}],
        "armsbrief": {
            "kind": "derived",
            "updated_every": "P1M",
            "revision_key": _KEY,
            "period": "month",
            "part": "route",
        },
    }
