"""Uppsala Conflict Data Program: deaths by country and year, events by month.

Both files are CC BY 4.0. UCDP codes organised violence by place: every event
inside a country counts for it, whoever fought there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from itertools import islice
from operator import itemgetter
from pathlib import Path

import pandas as pd

from armsbrief.errors import DataError
from armsbrief.sources.checks import (
    Release,
    days,
    read_csv,
    require_columns,
    require_counts,
    require_past,
    require_unique,
    slug,
)

COUNTRY_YEAR_25_1 = Release("25.1", date(2025, 6, 30), "ucdp-ovcy-251")
GED_22_1 = Release("22.1", date(2022, 6, 30), "ucdp-ged-221")

PAKISTAN = "770"
CHUNK = 50_000  # rows read at once, so that memory does not grow with the file
NO_GROUP = "no armed group"
NOT_RECORDED = "not recorded"
OTHER = "other"
TYPES = {1: "state-based", 2: "non-state", 3: "one-sided"}
BOUNDS = ("best", "low", "high")

PLACES = {
    "Federally Administered Tribal Areas": "ex-FATA",
    # UCDP spells the province this way in version 22.1, the usual way in others.
    "Khyber Pakhtunkwa province": "KP-settled",
    "Khyber Pakhtunkhwa province": "KP-settled",
    "Balochistan province": "Balochistan",
    "Sindh province": "Sindh",
    "Punjab province": "Punjab",
    "Azad Jammu & Kashmir": "AJK",
    "Gilgit-Baltistan": "GB",
    "Islamabad Capital territory": "Islamabad",
}

# UCDP numbers countries by Gleditsch and Ward; only the region's are mapped.
ISO3 = {
    630: "IRN",
    700: "AFG",
    701: "TKM",
    702: "TJK",
    704: "UZB",
    710: "CHN",
    750: "IND",
    760: "BTN",
    770: "PAK",
    771: "BGD",
    780: "LKA",
    781: "MDV",
    790: "NPL",
}

_FAMILIES = {
    "state_based": "sb_total_deaths_{}_cy",
    "non_state": "ns_total_deaths_{}_cy",
    "one_sided": "os_total_deaths_{}_cy",
    "total": "cumulative_total_deaths_in_orgvio_{}_cy",
}
_COUNTRY_YEAR = {
    "country_id_cy": "country_id",
    "country_cy": "country",
    "region_cy": "region",
    "year_cy": "year",
    **{
        pattern.format(bound): f"{family}_{bound}"
        for family, pattern in _FAMILIES.items()
        for bound in BOUNDS
    },
}
_EVENT_DEATHS = ("best", "low", "high", "deaths_civilians")
_EVENT_COLUMNS = (
    "id",
    "active_year",
    "type_of_violence",
    "side_a",
    "side_b",
    "adm_1",
    "date_start",
    *_EVENT_DEATHS,
)
_FIELD = 2**24  # characters of one cell: UCDP lists every article on an event
_EVENT_KEY = ["month", "province", "armed_group", "type_of_violence"]


def read_country_year(path: Path) -> pd.DataFrame:
    """Read UCDP's country-year file as published.

    Parameters
    ----------
    path : Path
        ``organizedviolencecy_v*.csv``.

    Returns
    -------
    pandas.DataFrame, shape (country-years, about 74)

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    return read_csv(path, text=("version",))


def read_ged(path: Path) -> pd.DataFrame:
    """Read a file of georeferenced events, from UCDP or as cut by HDX.

    HDX puts a row of HXL tags under the header; it is left out. ``active_year``
    is 1/0 before version 25.1 and true/false since; it comes back as bool.

    Parameters
    ----------
    path : Path
        A GED CSV file.

    Returns
    -------
    pandas.DataFrame, shape (events, 49 or 50)

    Raises
    ------
    DataError
        If the file cannot be read, or ``active_year`` holds anything else.
    """
    raw = read_csv(
        path, text=("gwnoa", "gwnob", "active_year"), skip=(1,) if _has_tags(path) else ()
    )
    require_columns(raw, ("active_year",), f"GED file {path.name}")
    return raw.assign(active_year=_as_bool(raw["active_year"]))


def read_events_of(path: Path, country: str, release: Release, what: str) -> pd.DataFrame:
    """Read the events of one country out of a file of all countries, a piece at a time.

    Every event is checked, also of other countries: a file that is wrong
    anywhere is not trusted anywhere.

    Parameters
    ----------
    path : Path
        GED CSV file; may start with a byte-order mark.
    country : str
        Gleditsch-Ward number.
    release : Release
        The version that the file is said to be.
    what : str
        Name for messages.

    Returns
    -------
    pandas.DataFrame, shape (events of the country, 11)

    Raises
    ------
    DataError
        If the file cannot be read, or an event is not as `derive_events_monthly`
        requires.
    """
    parts, seen = [], 0
    ids: set[str] = set()
    for piece in _pieces(path, what):
        _check_events(piece, release, what)
        require_new(piece["id"], ids, what)
        seen += len(piece)
        here = piece[piece["country_id"] == country]
        counts = {name: pd.to_numeric(here[name]).astype("int64") for name in _EVENT_DEATHS}
        parts.append(here[list(_EVENT_COLUMNS)].assign(**counts))
    if not seen:
        raise DataError(f"{what}: {path.name} has a header and no rows; expected events")
    return pd.concat(parts, ignore_index=True)


def _pieces(path: Path, what: str) -> Iterator[pd.DataFrame]:
    columns = [*_EVENT_COLUMNS, "country_id"]
    csv.field_size_limit(_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as content:
            lines = csv.reader(content, strict=True)
            header = next(lines, [])
            require_columns(pd.DataFrame(columns=header), columns, what)
            pick = itemgetter(*(header.index(name) for name in columns))
            rows = map(pick, _whole(lines, len(header), what))
            while piece := list(islice(rows, CHUNK)):
                yield _typed(pd.DataFrame(piece, columns=columns, dtype=str))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"{what}: {path.name} cannot be read ({error}); expected CSV in UTF-8"
        ) from error


def _typed(piece: pd.DataFrame) -> pd.DataFrame:
    kinds = pd.to_numeric(piece["type_of_violence"], errors="coerce").fillna(0).astype(int)
    places = piece["adm_1"].where(piece["adm_1"] != "", None)
    return piece.assign(type_of_violence=kinds, adm_1=places)


def _whole(lines: Iterator[list[str]], width: int, what: str) -> Iterator[list[str]]:
    """Pass rows on that are as wide as the header; a row of HXL tags is left out."""
    for number, row in enumerate(lines, start=2):
        if number == 2 and _are_tags(row):
            continue
        if len(row) != width:
            raise DataError(f"{what}: row {number} has {len(row)} cells; expected {width}")
        yield row


def require_new(ids: pd.Series, seen: set[str], what: str) -> None:
    """Raise `DataError` if an id was seen before; remember the others."""
    if repeated := seen.intersection(ids):
        raise DataError(f"{what}: rows share a key ({min(repeated)} is one); expected each once")
    seen.update(ids)


def _has_tags(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            second = [next(csv.reader(lines), []) for _ in range(2)][1]
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path.name} cannot be read ({error}); expected CSV in UTF-8") from error
    return _are_tags(second)


def _are_tags(row: list[str]) -> bool:
    return bool(row) and all(not cell or cell.startswith("#") for cell in row)


def _as_bool(values: pd.Series) -> pd.Series:
    known = {"1": True, "true": True, "0": False, "false": False}
    answers = values.astype(str).str.lower().map(known)
    if answers.isna().any():
        raise DataError(
            f"active_year holds {values[answers.isna()].iloc[0]!r}, expected 1/0 or true/false"
        )
    return answers.astype(bool)


def derive_country_year(raw: pd.DataFrame, release: Release = COUNTRY_YEAR_25_1) -> pd.DataFrame:
    """Deaths in organised violence by country and year.

    Parameters
    ----------
    raw : pandas.DataFrame, shape (country-years, at least 16)
        As `read_country_year` gives it.
    release : Release
        The version `raw` was taken from.

    Returns
    -------
    pandas.DataFrame, shape (country-years, 20)
        Deaths per year (best, low and high estimates) by type of violence and in
        all. ``iso3`` is filled for Afghanistan, its neighbours and South Asia.

    Raises
    ------
    DataError
        If a column is missing, a death count is negative or not a number, a
        country-year is repeated or lies after the release.

    Notes
    -----
    Source: Davies, Pettersson, Sollenberg & Öberg (2025), *Journal of Peace
    Research*, doi:10.1177/00223433251345636.
    """
    what = "UCDP country-year file"
    require_columns(raw, _COUNTRY_YEAR, what)
    table = raw[list(_COUNTRY_YEAR)].rename(columns=_COUNTRY_YEAR)
    require_counts(table, [f"{family}_{bound}" for family in _FAMILIES for bound in BOUNDS], what)
    require_unique(table, ["country_id", "year"], what)
    require_past(pd.to_datetime(table["year"].astype(str) + "-12-31"), release, what)
    table = table.sort_values(["country_id", "year"], ignore_index=True)
    table.insert(0, "id", table["country_id"].astype(str) + "-" + table["year"].astype(str))
    table.insert(3, "iso3", table["country_id"].map(ISO3))
    return _stamp(table, release)


def derive_events_monthly(raw: pd.DataFrame, release: Release = GED_22_1) -> pd.DataFrame:
    """Events and deaths by month, province, armed group and type of violence.

    An event counts wholly in the month it starts in; deaths of events that run
    over several months are not spread, because UCDP does not say when they fell.

    Parameters
    ----------
    raw : pandas.DataFrame, shape (events, at least 11)
        As `read_ged` gives it.
    release : Release
        The version `raw` was taken from.

    Returns
    -------
    pandas.DataFrame, shape (groups, 12)
        Number of events; deaths (best, low, high, and civilians within best).

    Raises
    ------
    DataError
        If a column is missing, an event id is repeated, a death count is
        negative, a type of violence is unknown or an event lies after the release.

    Notes
    -----
    Source: Sundberg & Melander (2013); Davies, Pettersson & Öberg (2022).
    ``low <= best <= high`` does not hold in every row and is not required.
    """
    _check_events(raw, release)
    summed = (
        _label_events(raw)
        .groupby(_EVENT_KEY, as_index=False)
        .agg(
            events=("id", "size"),
            deaths_best=("best", "sum"),
            deaths_low=("low", "sum"),
            deaths_high=("high", "sum"),
            deaths_civilians=("deaths_civilians", "sum"),
        )
    )
    table = summed.sort_values(_EVENT_KEY, ignore_index=True)
    table.insert(0, "id", [slug(*key) for key in table[_EVENT_KEY].itertuples(index=False)])
    require_unique(table, ["id"], "monthly table of UCDP events")
    return _stamp(table, release)


def _check_events(raw: pd.DataFrame, release: Release, what: str = "UCDP event file") -> None:
    require_columns(raw, _EVENT_COLUMNS, what)
    require_unique(raw, ["id"], what)
    require_counts(raw, _EVENT_DEATHS, what)
    require_past(days(raw, "date_start", what), release, what)
    unknown = set(raw["type_of_violence"]) - set(TYPES)
    if unknown:
        raise DataError(
            f"{what}: unknown type of violence {sorted(map(str, unknown))[0]}; expected 1, 2 or 3"
        )


def _label_events(raw: pd.DataFrame) -> pd.DataFrame:
    provinces = raw["adm_1"].fillna(NOT_RECORDED)
    return raw.assign(
        month=pd.to_datetime(raw["date_start"]).dt.strftime("%Y-%m"),
        province=provinces.where(provinces == NOT_RECORDED, provinces.map(PLACES).fillna(OTHER)),
        armed_group=[
            armed_group(a, b, t)
            for a, b, t in zip(raw["side_a"], raw["side_b"], raw["type_of_violence"], strict=True)
        ],
        type_of_violence=raw["type_of_violence"].map(TYPES),
    )


def armed_group(side_a: str, side_b: str, type_of_violence: int) -> str:
    """Name the armed group of an event.

    UCDP puts the government first in state-based conflict and the attacker first
    in one-sided violence, so the group is whichever side is neither a government
    nor civilians. In non-state conflict both are groups: neither is "the" group,
    so both are named, in UCDP's order.

    Parameters
    ----------
    side_a, side_b : str
        The sides as UCDP names them.
    type_of_violence : int
        1 state-based, 2 non-state, 3 one-sided.

    Returns
    -------
    str
        The group, ``"A / B"`` in non-state conflict, or `NO_GROUP` when only
        governments (and civilians) are involved.
    """
    if type_of_violence == 2:
        return f"{side_a} / {side_b}"
    groups = [
        side
        for side in (side_b, side_a)
        if side != "Civilians" and not side.startswith("Government of ")
    ]
    return groups[0] if groups else NO_GROUP


def _stamp(table: pd.DataFrame, release: Release) -> pd.DataFrame:
    return table.assign(published=release.published.isoformat(), source_id=release.source_id)
