"""UCDP's deaths by country and year: the bulk file of the newest yearly release."""

from __future__ import annotations

import re

import pandas as pd

from armsbrief.errors import DataError, FetchError, NotPublished
from armsbrief.sources.archive import extract_table
from armsbrief.sources.checks import Release
from armsbrief.sources.fetch import NOTHING_CHANGED, Client, Received, Request, settle
from armsbrief.sources.settings import Settings
from armsbrief.sources.ucdp import derive_country_year, read_country_year
from armsbrief.sources.vintage import Known, Source, Vintage, released

NAME = "UCDP deaths by country and year"
YEARS_BACK = 3
CITATION = (
    "Davies, Pettersson, Sollenberg & Öberg (2025), Journal of Peace Research, "
    "doi:10.1177/00223433251345636"
)


def fetch(client: Client, known: Known) -> list[Received] | None:
    """Fetch the newest yearly release; None if it is the one we know.

    Raises
    ------
    FetchError
        If it does not come as it should, or there is none.
    """
    today = client.settings.today
    for year in range(today.year, today.year - YEARS_BACK, -1):
        file = f"organizedviolencecy-{year % 100:02}1-csv.zip"
        address = f"{client.settings.bases['ucdp']}/organizedviolencecy/{file}"
        request = Request(f"{NAME}, version {year % 100:02}.1", address, "zip", file)
        try:
            return settle(client, [(request, client.get(request, known.get(file)))], known)
        except NotPublished:
            continue
    raise FetchError(
        f"{NAME}: no release of {today.year} or the {YEARS_BACK - 1} years before was found. "
        f"Expected one each June. {NOTHING_CHANGED}",
        "open https://ucdp.uu.se/downloads/ and see where the file is now",
    )


def validate(received: list[Received], settings: Settings) -> list[tuple[Release, pd.DataFrame]]:
    """Read the file.

    Raises
    ------
    ArmsbriefError
        If it is damaged or cannot be read.
    """
    (came,) = received
    version = re.sub(r"\D*(\d\d)(\d)\D*", r"\1.\2", came.file)
    what = f"{NAME}, version {version}"
    table = came.local.with_suffix(".unpacked")
    try:
        extract_table(what, came.local, table, settings.limits.size)
        raw = read_country_year(table)
    finally:
        table.unlink(missing_ok=True)
    if raw.empty:
        raise DataError(f"{what}: a header and no rows; expected one for each country and year")
    day = released(came, settings.today, what)
    return [(Release(version, day, f"ucdp-ovcy-{version.replace('.', '')}"), raw)]


def derive(validated: list[tuple[Release, pd.DataFrame]], settings: Settings) -> list[Vintage]:
    """Make the table."""
    ((release, raw),) = validated
    table = derive_country_year(raw, release)
    title = (
        "UCDP Country-Year Dataset on Organized Violence within Country Borders, version "
        f"{release.version}. Cite: {CITATION}"
    )
    return [Vintage(release, table, ("1989", f"20{int(release.version[:2]) - 1}"), title)]


SOURCE = Source(
    "ucdp-country-year", NAME, "Uppsala Conflict Data Program", "CC BY 4.0", CITATION,
    "https://ucdp.uu.se/downloads/", "ucdp_country_year", fetch, validate, derive,
)  # fmt: skip
