"""World Bank: population by country and year (World Development Indicators, CC BY 4.0)."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pandas as pd

from armsbrief.errors import DataError
from armsbrief.sources.checks import (
    Release,
    read_csv,
    require_columns,
    require_counts,
    require_past,
    require_unique,
)

WDI_2024_06_28 = Release("2024-06-28", date(2024, 6, 28), "worldbank-population")

INDICATOR = "SP.POP.TOTL"

# The Bank lists groups of countries among the countries; these are theirs.
AGGREGATES = (
    "AFE AFW ARB CEB CSS EAP EAR EAS ECA ECS EMU EUU FCS HIC HPC IBD IBT IDA IDB IDX INX LAC LCN "
    "LDC LIC LMC LMY LTE MEA MIC MNA NAC OED OSS PRE PSS PST SAS SSA SSF SST TEA TEC TLA TMN TSA "
    "TSS UMC WLD"
)

_NAMES = {"Country Name": "country", "Country Code": "iso3"}
_YEAR = re.compile(r"(\d{4}) \[YR\d{4}\]")


def read_population(path: Path) -> pd.DataFrame:
    """Read a DataBank export of the population series.

    The last lines of an export are blank, or say where the data come from and
    when they were updated; they carry no country code and are left out.

    Parameters
    ----------
    path : Path
        CSV file in DataBank's wide layout, one column per year.

    Returns
    -------
    pandas.DataFrame, shape (countries, 4 + years)

    Raises
    ------
    DataError
        If the file cannot be read or has no country codes.
    """
    raw = read_csv(path)
    require_columns(raw, _NAMES, f"World Bank file {path.name}")
    return raw.dropna(subset=["Country Code"]).reset_index(drop=True)


def derive_population(raw: pd.DataFrame, release: Release = WDI_2024_06_28) -> pd.DataFrame:
    """Population by country and year, in long form, without aggregates.

    Parameters
    ----------
    raw : pandas.DataFrame, shape (countries, 4 + years)
        As `read_population` gives it. ``..`` or an empty cell means no value.
    release : Release
        The update of the indicators `raw` was taken from.

    Returns
    -------
    pandas.DataFrame, shape (countries x years, 7)
        Mid-year population in persons.

    Raises
    ------
    DataError
        If a column is missing, another series is in the file, a figure is
        negative or not a number, a country-year is repeated or after the release.

    Notes
    -----
    Source: World Bank, World Development Indicators, series SP.POP.TOTL.
    """
    what = "World Bank population file"
    years = {name: found[1] for name in raw.columns if (found := _YEAR.fullmatch(str(name)))}
    require_columns(raw, [*_NAMES, "Series Code"], what)
    _require_series(raw, years, what)
    return derive_long(_long(raw, years), release)


def derive_long(table: pd.DataFrame, release: Release) -> pd.DataFrame:
    """Check and finish a population table of one row per country and year.

    Parameters
    ----------
    table : pandas.DataFrame, shape (countries x years, 4)
        ``iso3``, ``country``, ``year``, ``population``.
    release : Release
        The update of the indicators.

    Raises
    ------
    DataError
        As `derive_population`.
    """
    what = "World Bank population"
    require_counts(table, ["population"], what)
    require_unique(table, ["iso3", "year"], what)
    require_past(pd.to_datetime(table["year"].astype(str) + "-01-01"), release, what)
    table["population"] = pd.to_numeric(table["population"]).astype("int64")
    return _finish(table, release)


def _require_series(raw: pd.DataFrame, years: dict[str, str], what: str) -> None:
    if not years:
        raise DataError(f"{what} lacks columns for years, such as '2000 [YR2000]'")
    others = set(raw["Series Code"].astype(str)) - {INDICATOR}
    if others:
        raise DataError(f"{what} holds the series {sorted(others)[0]}, expected {INDICATOR} only")


def _long(raw: pd.DataFrame, years: dict[str, str]) -> pd.DataFrame:
    countries = raw[~raw["Country Code"].isin(AGGREGATES.split())]
    countries = countries.rename(columns={**_NAMES, **years})
    table = countries.melt(["iso3", "country"], list(years.values()), "year", "population")
    table = table[table["population"].notna() & table["population"].ne("..")]
    return table.assign(year=table["year"].astype(int))


def _finish(table: pd.DataFrame, release: Release) -> pd.DataFrame:
    table = table.sort_values(["iso3", "year"], ignore_index=True)
    table.insert(0, "id", table["iso3"].str.lower() + "-" + table["year"].astype(str))
    return table.assign(published=release.published.isoformat(), source_id=release.source_id)
