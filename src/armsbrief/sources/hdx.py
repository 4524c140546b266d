"""Conflict events on the Humanitarian Data Exchange: its service, then its yearly files.

Both hold ACLED's monthly counts. The kinds of event overlap: do not add them up.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from armsbrief.errors import DataError, FetchError
from armsbrief.sources.checks import Release, read_csv, require_columns
from armsbrief.sources.fetch import Client, Received, Request, file_hash, settle
from armsbrief.sources.monthly import CITATION, COUNTRY, LICENCE, TABLE, YEARS, vintage
from armsbrief.sources.settings import Settings
from armsbrief.sources.vintage import Known, Source, Vintage, released

NAME = "HDX conflict events"
APP = "ARMSBRIEF_HDX_APP"
PAGE = 10000
_SERVICE = "hdx-conflict-service.json"
_FILES = "hdx_hapi_conflict_event_global_{}.csv"
_NEEDED = ("location_code", "admin_level", "event_type", "events", "fatalities",
           "reference_period_start")  # fmt: skip


def fetch(client: Client, known: Known) -> list[Received] | None:
    """Ask the service; where that fails, or without an identifier, take the files.

    Raises
    ------
    FetchError
        If neither gives what it should.
    """
    app = client.settings.secret(APP)
    if not app:
        return _from_files(client, known)
    try:
        return _from_service(client, app, known)
    except FetchError as error:
        client.say(f"  {error.message} Taking the files instead.")
    return _from_files(client, known)


def _years(settings: Settings) -> range:
    return range(settings.today.year - YEARS + 1, settings.today.year + 1)


def _from_service(client: Client, app: str, known: Known) -> list[Received] | None:
    identifier = base64.b64encode(app.encode()).decode()
    request = Request(
        f"{NAME}, service", f"{client.settings.bases['hapi']}/coordination-context/conflict-events",
        "json", _SERVICE, headers={"X-HDX-HAPI-APP-IDENTIFIER": identifier},
    )  # fmt: skip
    rows: list[Any] = []
    while len(rows) % PAGE == 0:
        asked = replace(request, params={
            "output_format": "json", "location_code": "PAK", "limit": str(PAGE),
            "start_date": f"{_years(client.settings)[0]}-01-01", "offset": str(len(rows)),
        })  # fmt: skip
        answer = client.json(asked)
        page = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(page, list) or len(page) > PAGE:
            raise client.error(request, f"an answer without data: {str(answer)[:120]}")
        rows += page
        if not page:
            break
    keys = {json.dumps(row, sort_keys=True) for row in rows}
    if not rows or len(keys) != len(rows):
        raise client.error(request, f"{len(rows):,} rows, {len(keys):,} of them different")
    path = client.settings.store / _SERVICE
    path.write_text(json.dumps(rows, sort_keys=True), encoding="utf-8")
    came = Received(_SERVICE, request.url, path, file_hash(path), path.stat().st_size, "", "")
    return settle(client, [(request, came)], known)


def _from_files(client: Client, known: Known) -> list[Received] | None:
    listing = Request(
        f"{NAME}, list of files", f"{client.settings.bases['hdx']}/api/3/action/package_show",
        "json", "hdx-conflict-files.json", params={"id": "hdx-hapi-conflict-event"},
    )  # fmt: skip
    answer = client.json(listing)
    wanted = [_FILES.format(year) for year in _years(client.settings)]
    urls = _urls(client, listing, answer)
    asked = [Request(f"{NAME}, {name}", urls[name], "csv", name) for name in wanted if name in urls]
    if wanted[-2] not in urls:
        raise client.error(
            listing, f"a list without {wanted[-2]} ({', '.join(urls) or 'no files'})",
            "open https://data.humdata.org/dataset/hdx-hapi-conflict-event and see what is there",
        )  # fmt: skip
    answers = [(request, client.get(request, known.get(request.file))) for request in asked]
    return settle(client, answers, known)


def _urls(client: Client, listing: Request, answer: Any) -> dict[str, str]:
    """Return the address of each file; one elsewhere than on HDX is refused."""
    try:
        resources = {item["name"]: item["url"] for item in answer["result"]["resources"]}
    except (TypeError, KeyError) as error:
        raise client.error(listing, f"a list without resources: {str(answer)[:120]}") from error
    base = urlsplit(client.settings.bases["hdx"])
    for name, url in resources.items():
        parts = urlsplit(str(url))
        if (parts.scheme, parts.netloc) != (base.scheme, base.netloc):
            raise client.error(
                listing, f"{name} at {parts.scheme}://{parts.netloc}",
                f"files are taken from {base.netloc} only: open the page and see where it went",
            )  # fmt: skip
    return resources


def validate(received: list[Received], settings: Settings) -> list[tuple[Release, pd.DataFrame]]:
    """Read Pakistan's rows at the finest level there is.

    Raises
    ------
    DataError
        If a file cannot be read, or lacks a column.
    """
    frames = []
    for came in received:
        if came.file == _SERVICE:
            frames.append(pd.DataFrame(json.loads(came.local.read_bytes())))
        else:
            frames.append(read_csv(came.local, text=("admin1_name",)))
        require_columns(frames[-1], _NEEDED, f"{NAME}, {came.file}")
    raw = pd.concat(frames, ignore_index=True)
    day = max(released(came, settings.today, NAME) for came in received)
    return [(Release(str(day), day, f"hdx-conflict-{day}"), _pakistan(raw))]


def _pakistan(raw: pd.DataFrame) -> pd.DataFrame:
    here = raw[raw["location_code"] == "PAK"]
    level = pd.to_numeric(here["admin_level"], errors="coerce")
    if level.isna().any():
        found = here["admin_level"][level.isna()].iloc[0]
        raise DataError(f"{NAME}: admin_level {found!r}; expected 0, 1 or 2")
    here = here[level == level.max()]
    names = here["admin1_name"] if "admin1_name" in here else pd.Series(index=here.index, dtype=str)
    repeated = here.duplicated([c for c in here.columns if c not in ("events", "fatalities")])
    if repeated.any():
        raise DataError(f"{NAME}: {int(repeated.sum())} rows stand twice; expected each once")
    named: pd.DataFrame = here.assign(
        place=names.fillna(COUNTRY).replace("", COUNTRY),
        day=here["reference_period_start"].astype(str),
        fatalities=here["fatalities"].fillna(0),
    )
    return named


def derive(validated: list[tuple[Release, pd.DataFrame]], settings: Settings) -> list[Vintage]:
    """Make the table."""
    ((release, raw),) = validated
    title = f"Conflict events by month on the Humanitarian Data Exchange, {release.version}. "
    return [vintage(raw, "hdx", release, title + CITATION)]


SOURCE = Source(
    "hdx-conflict", NAME, "Humanitarian Data Exchange", LICENCE, CITATION,
    "https://data.humdata.org/dataset/hdx-hapi-conflict-event", TABLE, fetch, validate, derive,
)  # fmt: skip
