"""ACLED, with the account of the person who runs this: aggregates only.

Events are added up as they come, in memory; none is written anywhere.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd

from armsbrief.errors import FetchError
from armsbrief.sources.checks import Release
from armsbrief.sources.fetch import NOTHING_CHANGED, Client, Received, Request, file_hash
from armsbrief.sources.monthly import CITATION, COUNTRY, LICENCE, TABLE, YEARS, vintage
from armsbrief.sources.settings import Settings
from armsbrief.sources.vintage import Known, Source, Vintage, released

NAME = "ACLED"
USER, PASSWORD = "ARMSBRIEF_ACLED_USER", "ARMSBRIEF_ACLED_PASSWORD"  # names, not values
PAGE = 5000
_FILE = "acled-monthly.json"


def fetch(client: Client, known: Known) -> list[Received] | None:
    """Fetch the events of the last three years and keep their monthly counts.

    Raises
    ------
    FetchError
        If there is no account, or the answer is not what it should be.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    deaths: Counter[tuple[str, str, str]] = Counter()
    request = _request(client, _token(client))
    for row in _events(client, request):
        key = (row["admin1"] or COUNTRY, row["event_date"][:7] + "-01", row["event_type"])
        counts[key] += 1
        deaths[key] += int(row["fatalities"])
    rows = [
        dict(zip(("place", "day", "event_type"), key, strict=True), events=n,
             fatalities=deaths[key])
        for key, n in sorted(counts.items())
    ]  # fmt: skip
    path = client.settings.store / _FILE
    path.write_text(json.dumps(rows), encoding="utf-8")
    return [Received(_FILE, request.url, path, file_hash(path), path.stat().st_size, "", "")]


def _token(client: Client) -> str:
    user, password = (client.settings.secret(name) for name in (USER, PASSWORD))
    if not user or not password:
        raise FetchError(
            f"{NAME}: no account in the environment. Expected {USER} and {PASSWORD}. "
            f"{NOTHING_CHANGED}",
            "register at https://acleddata.com, set both variables, then: armsbrief refresh acled",
        )
    form = {"username": user, "password": password, "grant_type": "password", "client_id": "acled"}
    asked = Request(
        f"{NAME}, sign-in", f"{client.settings.bases['acled']}/oauth/token", "json",
        "acled-token.json", form=form,
    )  # fmt: skip
    answer = client.json(asked)
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise client.error(
            asked, "an answer without access_token", "check user and password in the environment"
        )
    return token


def _request(client: Client, token: str) -> Request:
    return Request(
        NAME, f"{client.settings.bases['acled']}/api/acled/read", "json", "acled-page.json",
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip


def _events(client: Client, request: Request) -> list[dict[str, Any]]:
    today = client.settings.today
    params = {"_format": "json", "country": COUNTRY, "limit": str(PAGE),
              "event_date": f"{today.year - YEARS + 1}-01-01|{today}",
              "event_date_where": "BETWEEN"}  # fmt: skip
    rows: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = client.json(replace(request, params={**params, "page": str(page)}))
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list):
            told = [str(answer[key]) for key in ("message", "error") if key in (answer or {})]
            raise client.error(request, f"an answer without data: {'; '.join(told) or 'no reason'}")
        rows += [_checked(client, request, row) for row in data]
        if len(data) < PAGE:
            break
        page += 1
    ids = {row["event_id_cnty"] for row in rows}
    if len(ids) != len(rows):
        raise client.error(
            request, f"{len(rows):,} events, {len(ids):,} of them different",
            "run the same command again: a page came twice",
        )  # fmt: skip
    return rows


def _checked(client: Client, request: Request, row: Any) -> dict[str, Any]:
    try:
        kept = {key: str(row[key]) for key in ("event_id_cnty", "event_date", "event_type",
                                                "admin1", "country", "fatalities")}  # fmt: skip
        if kept["country"] != COUNTRY or int(kept["fatalities"]) < 0:
            raise ValueError(f"{kept['country']}, {kept['fatalities']} fatalities")
    except (TypeError, KeyError, ValueError) as error:
        raise client.error(
            request, f"an event that cannot be read ({type(error).__name__}: {error})"
        ) from error
    return kept


def validate(received: list[Received], settings: Settings) -> list[tuple[Release, pd.DataFrame]]:
    """Read the counts."""
    (came,) = received
    day = released(came, settings.today, NAME)
    raw = pd.DataFrame(json.loads(came.local.read_bytes()))
    return [(Release(str(day), day, f"acled-{day}"), raw)]


def derive(validated: list[tuple[Release, pd.DataFrame]], settings: Settings) -> list[Vintage]:
    """Make the table."""
    ((release, raw),) = validated
    title = f"ACLED events in Pakistan, our monthly counts of {release.version}. {CITATION}"
    return [vintage(raw, "acled", release, title)]


SOURCE = Source(
    "acled", NAME, "ACLED", LICENCE, CITATION, "https://acleddata.com", TABLE, fetch, validate,
    derive, optional=True,
)  # fmt: skip
