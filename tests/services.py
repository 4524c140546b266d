"""A loopback server that behaves like the real services, with made-up data, and can misbehave."""

from __future__ import annotations

import csv
import io
import json
import random
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MODIFIED = {  # the day on which each file came out
    "26_01_26_06": "Wed, 15 Jul 2026 08:00:00 GMT",
    "26_0_7": "Sat, 15 Aug 2026 08:00:00 GMT",
    "": "Wed, 10 Jun 2026 08:00:00 GMT",
}
PROVINCES = ["Balochistan province", "Khyber Pakhtunkhwa province", "Sindh province", ""]
GROUPS = ["Red Band", "Blue Band", "Green Band"]

Row = dict[str, Any]


@dataclass
class Answer:
    """What the server sends: change it, or write it in a way of your own."""

    body: bytes
    type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    write: Callable[[BaseHTTPRequestHandler, Answer], None] | None = None


def event(number: int, month: str, rng: random.Random, country: str = "770") -> Row:
    deaths = rng.randint(0, 9)
    return {
        "id": number,
        "active_year": "true",
        "code_status": "Clear",
        "type_of_violence": 1,
        "side_a": "Government of Ruritania",
        "side_b": rng.choice(GROUPS),
        "source_headline": 'Said: "one\nline,\tand another"',
        "adm_1": rng.choice(PROVINCES),
        "country_id": country,
        "date_start": f"{month}-{rng.randint(1, 28):02} 00:00:00.000",
        "deaths_civilians": min(deaths, 2),
        "best": deaths,
        "high": deaths + 1,
        "low": max(deaths - 1, 0),
        "gwnoa": "2;200;900",
    }


def events(first: int, years: range, months: range = range(1, 13), each: int = 4) -> list[Row]:
    rng = random.Random(first)  # noqa: S311  # made-up data
    names = [f"{year}-{month:02}" for year in years for month in months]
    return [
        event(first + n, month, rng, "770" if n % 4 else "700")
        for n, month in enumerate(month for month in names for _ in range(each))
    ]


def country_years(until: int) -> list[Row]:
    kinds = ["sb_total_deaths", "ns_total_deaths", "os_total_deaths",
             "cumulative_total_deaths_in_orgvio"]  # fmt: skip
    return [
        {"country_id_cy": number, "country_cy": name, "region_cy": "Asia", "year_cy": year,
         **{f"{kind}_{bound}_cy": 30 + number % 7 + year % 5 + add
            for kind in kinds for bound, add in (("best", 1), ("low", 0), ("high", 3))}}
        for number, name in ((700, "Afghanistan"), (770, "Pakistan"), (2, "Graustark"))
        for year in range(2015, until + 1)
    ]  # fmt: skip


def people(until: int) -> list[Row]:
    return [
        {"countryiso3code": code, "country": {"value": name}, "date": str(year),
         "value": 1_000_000 * (1 + len(name)) + 1000 * (year - 2000), "indicator": {"id": "SP.POP.TOTL"}}
        for code, name in (("PAK", "Pakistan"), ("AFG", "Afghanistan"), ("RUR", "Ruritania"),
                           ("WLD", "World"), ("", "Nowhere"))
        for year in range(2000, until + 1)
    ]  # fmt: skip


def hdx_rows(year: int) -> list[Row]:
    return [
        {"location_code": code, "admin_level": 1, "admin1_name": place, "event_type": kind,
         "events": 3 + month, "fatalities": month, "reference_period_start": f"{year}-{month:02}-01",
         "reference_period_end": f"{year}-{month:02}-28"}
        for code, place in (("PAK", "Sindh"), ("PAK", "Balochistan"), ("SDN", "Khartoum"))
        for kind in ("political_violence", "civilian_targeting")
        for month in range(1, 13 if year < 2026 else 6)
    ]  # fmt: skip


def acled_rows() -> list[Row]:
    return [
        {"event_id_cnty": f"PAK{n}", "event_type": "Battles", "event_date": f"2026-0{1 + n % 7}-1{n % 9}",
         "country": "Pakistan", "admin1": "Sindh", "fatalities": str(n % 4), "actor1": "Amber Band"}
        for n in range(60)
    ]  # fmt: skip


def as_csv(rows: list[Row]) -> bytes:
    out = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


@dataclass
class World:
    """What the services know; tests change it, and so make new vintages."""

    ged: list[Row] = field(default_factory=lambda: events(1000, range(2022, 2026)))
    half_year: list[Row] = field(
        default_factory=lambda: events(9000, range(2026, 2027), range(1, 7))
    )
    july: list[Row] = field(default_factory=lambda: events(9500, range(2026, 2027), range(7, 8)))
    years: list[Row] = field(default_factory=lambda: country_years(2025))
    people: list[Row] = field(default_factory=lambda: people(2025))
    page: int = 1000
    headers: dict[str, str] = field(default_factory=dict)

    def files(self) -> dict[str, Answer]:
        """Return the files of the services that serve files."""
        archives = {
            "/downloads/ged/ged261-csv.zip": {"GEDEvent_v26_1.csv": as_csv(self.ged)},
            "/downloads/organizedviolencecy/organizedviolencecy-261-csv.zip": {
                "organizedviolencecy_v26_1.csv": as_csv(self.years)
            },
        }
        tables = {
            "/downloads/candidateged/GEDEvent_v26_01_26_06.csv": self.half_year,
            "/downloads/candidateged/GEDEvent_v26_0_7.csv": self.july,
            **{f"/hdx/dataset/x/download/hdx_hapi_conflict_event_global_{year}.csv": hdx_rows(year)
               for year in (2024, 2025, 2026)},
        }  # fmt: skip
        return {
            **{path: Answer(zipped(m), "application/zip") for path, m in archives.items()},
            **{path: Answer(as_csv(rows), "text/csv") for path, rows in tables.items()},
        }

    def answer(self, path: str, query: dict[str, str], base: str) -> Answer:
        """Return the right answer to a request."""
        if path in (files := self.files()):
            day = next(day for name, day in MODIFIED.items() if name in path)
            files[path].headers |= {"Last-Modified": day, **self.headers}
            return files[path]
        made = self._service(path, query, base)
        if made is None:
            return Answer(b"not here", "text/plain", 404)
        return Answer(json.dumps(made).encode(), "application/json")

    def _service(self, path: str, query: dict[str, str], base: str) -> Any:
        if path.startswith("/api/gedevents/"):
            known = {"26.1": self.ged, "26.01.26.06": self.half_year, "26.0.7": self.july}
            rows = [r for r in known.get(path.split("/")[-1], []) if r["country_id"] == "770"]
            return paged(rows, int(query.get("page", 0)), int(query.get("pagesize", 1000)))
        if path.startswith("/v2/"):
            rows, size = self.people, min(self.page, int(query.get("per_page", 50)))
            page = int(query.get("page", 1))
            head = {"page": page, "pages": -(-len(rows) // size), "per_page": str(size),
                    "total": len(rows), "lastupdated": "2026-07-01"}  # fmt: skip
            return [head, rows[(page - 1) * size : page * size]]
        if path.startswith("/hapi/"):
            rows = [
                r for y in (2024, 2025, 2026) for r in hdx_rows(y) if r["location_code"] == "PAK"
            ]
            return {"data": rows[int(query["offset"]) :][: int(query["limit"])]}
        if path == "/hdx/api/3/action/package_show":
            names = [f"hdx_hapi_conflict_event_global_{year}.csv" for year in (2024, 2025, 2026)]
            return {"success": True, "result": {"resources": [
                {"name": name, "url": f"{base}/hdx/dataset/x/download/{name}"} for name in names
            ]}}  # fmt: skip
        if path == "/acled/oauth/token":
            return {"token_type": "Bearer", "access_token": "one-day-token"}
        if path == "/acled/api/acled/read":
            return {"status": 200, "success": True, "data": acled_rows()}
        return None


def paged(rows: list[Row], page: int, size: int) -> dict[str, Any]:
    return {"TotalCount": len(rows), "TotalPages": -(-len(rows) // size), "PreviousPageUrl": None,
            "NextPageUrl": None, "Result": rows[page * size : (page + 1) * size]}  # fmt: skip


Fault = Callable[[Answer], Answer]


class Server(ThreadingHTTPServer):
    """Serves a world; a fault changes the answers under one path."""

    daemon_threads = True
    world: World
    fault: tuple[str, Fault] | None = None
    asked: list[tuple[str, dict[str, str]]]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.world, self.asked, self.scheme = World(), [], "http"
        self.stop = threading.Event()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    @property
    def bases(self) -> dict[str, str]:
        names = {"ucdp": "downloads", "ucdp-api": "api", "worldbank": "v2", "hapi": "hapi",
                 "hdx": "hdx", "acled": "acled"}  # fmt: skip
        return {name: f"{self.url}/{path}" for name, path in names.items()}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients hang up, as they should."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.server.asked.append((self.path, dict(self.headers)))
        answer = self.server.world.answer(parts.path, query, self.server.url)
        if self.server.fault and parts.path.startswith(self.server.fault[0]):
            answer = self.server.fault[1](answer)
        if answer.status == 200 and (known := answer.headers.get("ETag")):
            if self.headers.get("If-None-Match") == known:
                answer = Answer(b"", answer.type, 304)
            elif self.headers.get("If-Range") == known:
                start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
                whole = len(answer.body)
                answer.headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
                answer.body, answer.status = answer.body[start:], 206
        (answer.write or send)(self, answer)

    do_POST = do_GET

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


def send_head(handler: BaseHTTPRequestHandler, answer: Answer, length: int | None = None) -> None:
    handler.send_response(answer.status)
    if answer.type:
        handler.send_header("Content-Type", answer.type)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(answer.body) if length is None else length))
    handler.send_header("Connection", "close")
    handler.close_connection = True
    handler.end_headers()


def send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    send_head(handler, answer)
    handler.wfile.write(answer.body)
