"""World Bank: population by country and year, from the indicators service."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from armsbrief.errors import DataError
from armsbrief.sources.checks import Release
from armsbrief.sources.fetch import Client, Received, Request, file_hash, settle
from armsbrief.sources.settings import Settings
from armsbrief.sources.vintage import Known, Source, Vintage
from armsbrief.sources.worldbank import AGGREGATES, INDICATOR, derive_long

NAME = "World Bank population"
FIRST = 2000
PAGE = 20000
_COLUMNS = ["iso3", "country", "year", "population"]
_FILE = "worldbank-population.json"


def fetch(client: Client, known: Known) -> list[Received] | None:
    """Fetch all countries and years since 2000; None if that is what we know.

    Raises
    ------
    FetchError
        If the answer is an error, or its pages do not make a whole.
    """
    today = client.settings.today
    request = Request(
        NAME, f"{client.settings.bases['worldbank']}/country/all/indicator/{INDICATOR}", "json",
        _FILE,
    )  # fmt: skip
    head, rows = _page(client, request, 1, today)
    for page in range(2, head["pages"] + 1):
        rows += _page(client, request, page, today)[1]
    if len(rows) != head["total"]:
        raise client.error(
            request, f"{len(rows):,} rows on {head['pages']} pages, where {head['total']:,} were "
            "announced", "run the same command again: a page came twice or not at all",
        )  # fmt: skip
    path = client.settings.store / _FILE
    content = {"updated": head["updated"], "rows": rows}
    path.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
    came = Received(_FILE, request.url, path, file_hash(path), path.stat().st_size, "", "")
    return settle(client, [(request, came)], known)


def _page(
    client: Client, request: Request, page: int, today: date
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Fetch one page; the service sends its errors with status 200, as a list of one."""
    params = {"format": "json", "date": f"{FIRST}:{today.year}", "per_page": str(PAGE),
              "page": str(page)}  # fmt: skip
    answer = client.json(replace(request, params=params))
    if not isinstance(answer, list) or len(answer) != 2 or not isinstance(answer[1], list):
        raise client.error(request, f"an error: {_message(answer)}")
    try:
        numbers = {key: int(answer[0][key]) for key in ("page", "pages", "total", "per_page")}
    except (TypeError, KeyError, ValueError) as error:
        raise client.error(
            request, f"an answer without page, pages, total and per_page ({error})"
        ) from error
    whole = -(-numbers["total"] // max(numbers["per_page"], 1))
    if numbers["page"] != page or numbers["pages"] != whole:
        raise client.error(
            request, f"page {numbers['page']} of {numbers['pages']} for page {page} of {whole}"
        )
    return {**numbers, "updated": answer[0].get("lastupdated", "")}, answer[1]


def _message(answer: Any) -> str:
    try:
        return "; ".join(f"{m['key']}: {m['value']}" for m in answer[0]["message"])
    except (TypeError, KeyError, IndexError):
        return str(answer)[:160]


def validate(received: list[Received], settings: Settings) -> list[tuple[Release, pd.DataFrame]]:
    """Read the rows; groups of countries and gaps are left out.

    Raises
    ------
    DataError
        If a row is not as expected, or holds another indicator.
    """
    (came,) = received
    content = json.loads(came.local.read_bytes())
    table = pd.DataFrame([_row(row) for row in content["rows"]], columns=_COLUMNS)
    table = table[table["population"].notna() & table["iso3"].str.fullmatch("[A-Z]{3}")]
    table = table[~table["iso3"].isin(AGGREGATES.split())].reset_index(drop=True)
    if table.empty:
        raise DataError(f"{NAME}: no figures; expected one for each country and year")
    updated = content["updated"]
    try:
        day = date.fromisoformat(updated) if updated else settings.today
    except ValueError as error:
        raise DataError(f"{NAME}: updated {updated!r}; expected YYYY-MM-DD") from error
    if day > settings.today:
        raise DataError(f"{NAME}: updated {day}; expected no later than today, {settings.today}")
    return [(Release(str(day), day, f"worldbank-population-{day}"), table)]


def _row(row: Any) -> dict[str, Any]:
    try:
        indicator = row.get("indicator", {}).get("id", INDICATOR)
        if indicator != INDICATOR:
            raise DataError(f"{NAME}: holds the series {indicator}; expected {INDICATOR} only")
        return {"iso3": str(row["countryiso3code"]), "country": str(row["country"]["value"]),
                "year": int(row["date"]), "population": row["value"]}  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{NAME}: the row {str(row)[:120]} cannot be read ({error!r}); expected "
            "countryiso3code, country, a year as date, and value"
        ) from error


def derive(validated: list[tuple[Release, pd.DataFrame]], settings: Settings) -> list[Vintage]:
    """Make the table."""
    ((release, raw),) = validated
    table = derive_long(raw, release)
    title = (
        f"World Development Indicators: Population, total ({INDICATOR}), updated {release.version}"
    )
    return [Vintage(release, table, (str(FIRST), "9999"), title)]


SOURCE = Source(
    "worldbank-population", NAME, "World Bank", "CC BY 4.0",
    f"World Bank, World Development Indicators, {INDICATOR}",
    f"https://data.worldbank.org/indicator/{INDICATOR}", "population", fetch, validate, derive,
)  # fmt: skip
