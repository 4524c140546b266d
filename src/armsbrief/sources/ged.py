"""UCDP's georeferenced events: the yearly release, and the candidate files since.

The bulk files need no account; with a token the service is asked, which sends
Pakistan only. Candidate files are increments: key by event id, the later
release wins. Their versions sort as numbers, not as text.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from armsbrief.errors import DataError, FetchError, NotPublished
from armsbrief.sources.archive import extract_table
from armsbrief.sources.checks import Release
from armsbrief.sources.fetch import (
    NOTHING_CHANGED,
    Client,
    Received,
    Request,
    file_hash,
    settle,
)
from armsbrief.sources.settings import Settings
from armsbrief.sources.ucdp import PAKISTAN, derive_events_monthly, read_events_of
from armsbrief.sources.vintage import Known, Source, Vintage, released

NAME = "UCDP events"
TOKEN = "ARMSBRIEF_UCDP_TOKEN"  # noqa: S105  # the name of the variable, not the token
PAGE = 1000
YEARS_BACK = 3  # how old the newest yearly release may be before we say that something is wrong
_ANNUAL = re.compile(r"(\d\d)\.1")
_MONTHLY = re.compile(r"(\d\d)\.0\.(\d\d?)")
_CUMULATIVE = re.compile(r"(\d\d)\.(\d\d)\.(\d\d)\.(\d\d)")


@dataclass(frozen=True)
class Version:
    """A version of UCDP's events: `26.1`, `26.0.7` or `26.01.26.06`."""

    label: str

    @property
    def until(self) -> tuple[int, int]:
        """Return year and month up to which it reaches: what versions sort by."""
        if found := _ANNUAL.fullmatch(self.label):
            return 2000 + int(found[1]) - 1, 12
        if found := _MONTHLY.fullmatch(self.label):
            return 2000 + int(found[1]), int(found[2])
        if found := _CUMULATIVE.fullmatch(self.label):
            return 2000 + int(found[3]), int(found[4])
        raise DataError(f"{NAME}: version {self.label!r}; expected such as 26.1 or 26.0.7")

    @property
    def is_annual(self) -> bool:
        """Whether it is a yearly release and not a candidate."""
        return bool(_ANNUAL.fullmatch(self.label))

    @property
    def file(self) -> str:
        """Return its name among UCDP's downloads."""
        if self.is_annual:
            return f"ged{self.label.replace('.', '')}-csv.zip"
        return f"GEDEvent_v{self.label.replace('.', '_')}.csv"

    @property
    def source_id(self) -> str:
        """Return the key of its row among the sources."""
        kind = "" if self.is_annual else "candidate-"
        return f"ucdp-ged-{kind}{self.label.replace('.', '' if self.is_annual else '-')}"


def of_file(name: str) -> Version:
    """Return the version that a file name stands for."""
    if found := re.fullmatch(r"ged(\d\d)1-csv\.zip", name):
        return Version(f"{found[1]}.1")
    return Version(Path(name).stem.removeprefix("GEDEvent_v").replace("_", "."))


def fetch(client: Client, known: Known) -> list[Received] | None:
    """Fetch the newest yearly release and every candidate after it; None if all are known.

    Raises
    ------
    FetchError
        If one of them does not come as it should.
    """
    token = client.settings.secret(TOKEN)
    ask = partial(_serve, client, token) if token else partial(_bulk, client, known)
    answers = [_newest(client.settings.today, ask)]
    annual = of_file(answers[0].file)
    for year in range(annual.until[0] + 1, client.settings.today.year + 1):
        answers += _candidates(year, client.settings.today, ask)
    return settle(client, [(_request(client, came.file), came) for came in answers], known)


Ask = Callable[[Version], Received | None]


def _newest(today: date, ask: Ask) -> Received:
    """Fetch the newest yearly release that there is."""
    for year in range(today.year, today.year - YEARS_BACK, -1):
        if came := ask(Version(f"{year % 100:02}.1")):
            return came
    raise FetchError(
        f"{NAME}: no yearly release of {today.year} or the {YEARS_BACK - 1} years before was "
        f"found. Expected one each June. {NOTHING_CHANGED}",
        "open https://ucdp.uu.se/downloads/ and see where the files are now",
    )


def _candidates(year: int, today: date, ask: Ask) -> list[Received]:
    """Fetch the candidates of a year: the longest cumulative file, then month by month."""
    found, done = [], 0
    ended = today.month - 1 if year == today.year else 12
    for month in (m for m in (12, 9, 6, 3) if m <= ended):
        if came := ask(Version(f"{year % 100:02}.01.{year % 100:02}.{month:02}")):
            found, done = [came], month
            break
    for month in range(done + 1, ended + 1):
        if not (came := ask(Version(f"{year % 100:02}.0.{month}"))):
            break
        found.append(came)
    return found


def _request(client: Client, file: str) -> Request:
    version = of_file(file)
    return Request(
        f"{NAME}, version {version.label}",
        f"{client.settings.bases['ucdp']}/{'ged' if version.is_annual else 'candidateged'}/{file}",
        "zip" if version.is_annual else "csv",
        file,
    )


def _bulk(client: Client, known: Known, version: Version) -> Received | None:
    try:
        return client.get(_request(client, version.file), known.get(version.file))
    except NotPublished:
        return None


# The service, for those who have a token


def _serve(client: Client, token: str, version: Version) -> Received | None:
    """Fetch a version page by page into one CSV file; None if it is not published."""
    request = Request(
        f"{NAME}, version {version.label}",
        f"{client.settings.bases['ucdp-api']}/gedevents/{version.label}",
        "json", f"gedevents-{version.label}.json", headers={"x-ucdp-access-token": token},
        absent=(400, 404),
    )  # fmt: skip
    try:
        rows = _all_pages(client, request)
    except NotPublished:
        return None
    if not rows:
        return None  # an answer without rows is how the service says so, too
    path = client.settings.store / version.file.replace(".zip", ".csv")
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, sorted({key for row in rows for key in row}))
        writer.writeheader()
        writer.writerows(rows)
    return Received(version.file, request.url, path, file_hash(path), path.stat().st_size, "", "")


def _all_pages(client: Client, request: Request) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page, pages, total = 0, 1, 0
    while page < pages:
        asked = replace(
            request, params={"Country": PAKISTAN, "pagesize": str(PAGE), "page": str(page)}
        )
        answer = client.json(asked)
        if not isinstance(answer, dict) or not isinstance(answer.get("Result"), list):
            raise client.error(request, f"an answer without Result: {str(answer)[:120]}")
        if page == 0:
            pages, total = _stated(client, request, answer)
        elif (pages, total) != _stated(client, request, answer):
            raise client.error(
                request, f"page {page} states other totals than the first page",
                "run the same command again: the data changed while they were being read",
            )  # fmt: skip
        rows += answer["Result"]
        page += 1
    ids = {row.get("id") for row in rows if isinstance(row, dict)}
    if len(rows) != total or len(ids) != total:
        raise client.error(
            request, f"{len(rows):,} events, {len(ids):,} of them different, on {pages} pages, "
            f"where {total:,} were announced",
            "run the same command again: a page came twice or not at all",
        )  # fmt: skip
    return rows


def _stated(client: Client, request: Request, answer: dict[str, Any]) -> tuple[int, int]:
    """Return number of pages and of events that an answer states, if they go together."""
    pages, total = answer.get("TotalPages"), answer.get("TotalCount")
    if not isinstance(pages, int) or not isinstance(total, int) or pages != -(-total // PAGE):
        raise client.error(
            request, f"TotalPages {pages} with TotalCount {total} at {PAGE} events a page",
            "try again later: the service contradicts itself",
        )  # fmt: skip
    return pages, total


# Validate, derive


def validate(received: list[Received], settings: Settings) -> list[tuple[Release, pd.DataFrame]]:
    """Read the events in Pakistan of every file, oldest version first.

    Raises
    ------
    ArmsbriefError
        If a file is damaged or an event in it is not as it should be.
    """
    files = sorted(received, key=lambda came: of_file(came.file).until)
    return [_read(came, settings) for came in files]


def _read(came: Received, settings: Settings) -> tuple[Release, pd.DataFrame]:
    version = of_file(came.file)
    what = f"{NAME}, version {version.label}"
    release = Release(version.label, released(came, settings.today, what), version.source_id)
    if not zipfile.is_zipfile(came.local) and came.local.suffix == ".csv":
        return release, read_events_of(came.local, PAKISTAN, release, what)
    table = came.local.with_suffix(".unpacked")
    try:
        extract_table(what, came.local, table, settings.limits.size)
        return release, read_events_of(table, PAKISTAN, release, what)
    finally:
        table.unlink(missing_ok=True)


def derive(validated: list[tuple[Release, pd.DataFrame]], settings: Settings) -> list[Vintage]:
    """Make one vintage of the monthly table for each release, each on top of those before."""
    merged = pd.DataFrame()
    vintages: list[Vintage] = []
    for release, events in validated:
        merged = pd.concat([merged, events]).drop_duplicates("id", keep="last")
        latest = max([release.published, *(v.release.published for v in vintages)])
        reached = Release(release.version, latest, release.source_id)
        year, month = Version(release.version).until
        vintages.append(
            Vintage(
                reached, derive_events_monthly(merged, reached), ("1989-01", f"{year}-{month:02}"),
                f"UCDP Georeferenced Event Dataset, {_kind(release)} version {release.version}. "
                f"Cite: {CITATION}",
            )
        )  # fmt: skip
    return vintages


def _kind(release: Release) -> str:
    return "yearly" if Version(release.version).is_annual else "candidate"


CITATION = "Sundberg & Melander (2013); Davies, Pettersson & Öberg (2022)"
SOURCE = Source(
    "ucdp-ged", NAME, "Uppsala Conflict Data Program", "CC BY 4.0", CITATION,
    "https://ucdp.uu.se/downloads/", "ucdp_events_monthly", fetch, validate, derive,
)  # fmt: skip
