"""Everything that a source may do wrong, and where each of them can do it."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from typing import Any

from services import Answer, Fault, as_csv, send_head, zipped

Handler = BaseHTTPRequestHandler


# What any answer can be instead of the right one


def status(code: int, body: str = "no", **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda answer: Answer(body.encode(), "text/plain", code, named)


def instead(body: bytes, kind: str = "") -> Fault:
    return lambda answer: Answer(body, kind or answer.type)


def redirect(to: str) -> Fault:
    return lambda answer: Answer(b"", "text/plain", 302, {"Location": to})


def written(write: Callable[[Handler, Answer], None]) -> Fault:
    return lambda answer: replace(answer, write=write)


def encoded(name: str, pack: Callable[[bytes], bytes]) -> Fault:
    return lambda answer: replace(
        answer, body=pack(answer.body), headers={**answer.headers, "Content-Encoding": name}
    )


def silent(handler: Handler, answer: Answer) -> None:
    handler.server.stop.wait(1)  # type: ignore[attr-defined]
    handler.close_connection = True


def hang_up(handler: Handler, answer: Answer) -> None:
    handler.close_connection = True


def dripping(handler: Handler, answer: Answer) -> None:
    send_head(handler, answer)
    for start in range(len(answer.body)):
        handler.wfile.write(answer.body[start : start + 1])
        if handler.server.stop.wait(0.05):  # type: ignore[attr-defined]
            return


def dripping_head(handler: Handler, answer: Answer) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 200:
        handler.wfile.write(bytes([letter]))
        if handler.server.stop.wait(0.05):  # type: ignore[attr-defined]
            return


def cut(handler: Handler, answer: Answer) -> None:
    send_head(handler, answer)
    handler.wfile.write(answer.body[: len(answer.body) // 2])


def cut_chunks(handler: Handler, answer: Answer) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", answer.type)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.close_connection = True
    handler.end_headers()
    handler.wfile.write(b"ff\r\n" + answer.body[:50])


def reset(handler: Handler, answer: Answer) -> None:
    send_head(handler, answer)
    handler.connection.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER: reset on close
    handler.connection.close()


def endless(handler: Handler, answer: Answer) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", answer.type)
    handler.close_connection = True
    handler.end_headers()
    piece = (answer.body[:1] or b"x") * 2**16
    for _ in range(100):
        handler.wfile.write(piece)


def enormous(handler: Handler, answer: Answer) -> None:
    send_head(handler, answer, length=2**40)


def no_http(handler: Handler, answer: Answer) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    handler.close_connection = True


PAGE = b"<!DOCTYPE html><html><body><h1>Maintenance</h1> back soon</body></html>"
STALLS = {
    "no answer": (written(silent), "no answer within"),
    "a slow drip": (written(dripping), "within 0.7 seconds"),
    "a slow drip of headers": (written(dripping_head), "within 0.7 seconds"),
}
HTTP = {
    "hangs up at once": (written(hang_up), "the connection broke"),
    "cuts the connection": (written(cut), "was cut after|connection broke"),
    "cuts a chunked answer": (written(cut_chunks), "connection broke"),
    "resets the connection": (written(reset), "connection broke|was cut after"),
    "speaks no HTTP": (written(no_http), "connection broke|no usable answer"),
    "401": (status(401, "API token required"), "HTTP 401.*API token required"),
    "403": (status(403, "error code: 1010"), "HTTP 403.*1010"),
    "406": (status(406, "Blocked due to bot activity."), "HTTP 406.*Blocked due to bot"),
    "410": (status(410), "HTTP 410"),
    "429 without Retry-After": (status(429), r"HTTP 429.*\(2 tries\)"),
    "429 that asks for a moment": (status(429, Retry_After="0"), r"HTTP 429.*\(2 tries\)"),
    "429 that asks for an hour": (status(429, Retry_After="3600"), "wait 3600 seconds"),
    "429 that asks for nonsense": (status(429, Retry_After="soon"), "HTTP 429"),
    "500": (status(500), "HTTP 500"),
    "502": (status(502), "HTTP 502"),
    "503": (status(503, "maintenance"), "HTTP 503.*maintenance"),
    "204": (status(204, ""), "HTTP 204"),
    "206 that nobody asked for": (lambda a: replace(a, status=206), "another part"),
    "200 with an error in JSON": (instead(b'{"error": "quota exceeded"}', "application/json"),
                                  "quota exceeded|without"),
    "an HTML page": (instead(PAGE, "text/html; charset=utf-8"), "text/html.*Maintenance"),
    "an HTML page under the right type": (instead(PAGE), "an HTML page.*Maintenance"),
    "a picture": (instead(b"\x89PNG\r\n", "image/png"), "content type image/png"),
    "an empty file": (instead(b""), "an empty file"),
    "only a byte-order mark": (instead(b"\xef\xbb\xbf \n"), "an empty file"),
    "noughts": (instead(b"\0" * 500), "begins otherwise"),
    "gzip twice": (encoded("gzip", lambda b: gzip.compress(gzip.compress(b))), "inside another"),
    "gzip that is none": (encoded("gzip", lambda b: b), "a damaged gzip"),
    "a gzip bomb": (encoded("gzip", lambda b: gzip.compress(b"1" * 2**22)), "bytes unpacked"),
    "gzip without saying so": (lambda a: replace(a, body=gzip.compress(a.body)), "inside another"),
    "an unknown encoding": (encoded("br", lambda b: b), "content encoding br"),
    "no end": (written(endless), "more than 2,097,152 bytes"),
    "a terabyte": (written(enormous), "bytes announced"),
    "a redirect to another host": (redirect("https://example.org/x"), "redirect to https://example"),
    "a redirect to another port": (redirect("http://127.0.0.1:9/x"), "redirect to http://127.0"),
    "a redirect to a local file": (redirect("file:///etc/passwd"), "redirect to file://"),
    "a redirect in circles": (redirect("?again=1"), "a loop"),
    "a redirect to ftp": (redirect("ftp://127.0.0.1/x"), "redirect to ftp://"),
}  # fmt: skip


# Files


def evil(name: str) -> bytes:
    return zipped({name: b"id\n1\n", "GED.csv": b"id\n1\n"})


def damaged(content: bytes) -> bytes:
    """Flip bits in the middle of the packed data."""
    middle = len(content) // 2
    return (
        content[:middle]
        + bytes(b ^ 0xFF for b in content[middle : middle + 20])
        + content[middle + 20 :]
    )


ZIP = {
    "a zip that was cut": (lambda a: replace(a, body=a.body[: len(a.body) // 2]), "damaged or cut"),
    "a damaged zip": (lambda a: replace(a, body=damaged(a.body)), "damaged or cut"),
    "a zip with a path outside": (instead(evil("../../evil.csv")), "outside of it"),
    "a zip with an absolute path": (instead(evil("/etc/evil.csv")), "outside of it"),
    "a zip with a drive": (instead(evil("C:/evil.csv")), "outside of it"),
    "a zip with backslashes": (instead(evil("..\\evil.csv")), "outside of it"),
    "a zip bomb": (instead(zipped({"GED.csv": b"0" * 2**24})), "unpacks"),
    "a zip of many files": (instead(zipped({f"{n}.csv": b"x" for n in range(30)})), "of 30 files"),
    "a zip of two tables": (instead(zipped({"a.csv": b"x", "b.csv": b"x"})), "holds a.csv, b.csv"),
    "a zip without a table": (instead(zipped({"readme.txt": b"x"})), "holds readme.txt"),
    "an empty zip": (instead(zipped({"x/": b""})), "holds x/"),
}  # fmt: skip

Rows = list[dict[str, Any]]


def each(**changes: Any) -> Callable[[Rows], Rows]:
    return lambda rows: [{**row, **changes} for row in rows]


def one(**changes: Any) -> Callable[[Rows], Rows]:
    return lambda rows: [{**rows[0], **changes}, *rows[1:]]


def renamed(old: str, new: str) -> Callable[[Rows], Rows]:
    return lambda rows: [{(new if k == old else k): v for k, v in row.items()} for row in rows]


def without(name: str) -> Callable[[Rows], Rows]:
    return lambda rows: [{k: v for k, v in row.items() if k != name} for row in rows]


def times(factor: int, *names: str) -> Callable[[Rows], Rows]:
    return lambda rows: [{**row, **{n: row[n] * factor for n in names}} for row in rows]


DEATHS = ("best", "low", "high", "deaths_civilians")
EVENTS = {  # for files and for the service
    "an id twice": (lambda rows: [*rows, rows[0]], "share a key|different"),
    "dates in another format": (each(date_start="03/04/2025"), "no dates as we know them.*03/04"),
    "a date that is none": (one(date_start="2025-02-30"), "no dates as we know them.*02-30"),
    "a future date": (one(date_start="2031-01-01"), "holds an event of 2031-01-01"),
    "negative deaths": (one(best=-4), "best are negative"),
    "text for a number": (one(low="many"), "low are not numbers.*'many' in row 2"),
    "half a death": (one(best=1.5), "best are not numbers"),
    "no number": (one(high=""), "high are not numbers"),
    "an unknown type of violence": (one(type_of_violence=9), "unknown type of violence"),
    "a renamed column": (renamed("deaths_civilians", "deaths_civilian"),
                         "lacks.*deaths_civilians.*deaths_civilian may be the new name"),
    "a missing column": (without("adm_1"), "lacks the column.*adm_1"),
}  # fmt: skip
HISTORY = {
    "half the history gone": (lambda rows: rows[len(rows) // 2 :], "figures are gone"),
    "history rewritten": (lambda rows: [{**r, **dict.fromkeys(DEATHS, r["best"] * 2)} for r in rows],
                          "figures of the past moved by"),
    "deaths in thousands": (times(1000, *DEATHS), "Has the unit changed"),
    "ten times the deaths": (times(20, *DEATHS), "in the same time"),
    "everything renamed": (each(side_b="New Band"), "figures are gone"),
}  # fmt: skip
YEARS = {
    "a year twice": (lambda rows: [*rows, rows[0]], "share a key"),
    "a future year": (one(year_cy=2031), "holds an event of 2031"),
    "negative deaths": (one(os_total_deaths_low_cy=-2), "negative"),
    "text for a number": (one(sb_total_deaths_best_cy="many"), "not numbers"),
    "a renamed column": (renamed("year_cy", "yr_cy"), "lacks.*year_cy.*yr_cy may be"),
    "a missing column": (without("region_cy"), "lacks the column"),
    "a region that we do not know": (one(region_cy="Atlantis"), "'Atlantis' found; expected one of"),
    "half the history gone": (lambda rows: rows[len(rows) // 2 :], "figures are gone"),
    "deaths in thousands": (
        lambda rows: [{k: v * 1000 if "deaths" in k else v for k, v in r.items()} for r in rows],
        "Has the unit changed",
    ),
}  # fmt: skip
HDX = {
    "negative deaths": (one(fatalities=-1), "negative"),
    "text for a number": (one(events="many"), "not numbers"),
    "dates in another format": (each(reference_period_start="1 May 2025"), "no dates"),
    "a future month": (one(reference_period_start="2031-01-01"), "holds an event of 2031"),
    "a renamed column": (renamed("event_type", "type"), "lacks.*event_type"),
    "a row twice": (lambda rows: [rows[0], *rows], "stand twice"),
    "no row for Pakistan": (each(location_code="SDN"), "no rows for Pakistan"),
    "a level that is no number": (one(admin_level="x"), "admin_level 'x'"),
}


def table(change: Callable[[Rows], Rows], rows: str) -> Fault:
    """Change the rows of a CSV file, zipped or not."""

    def fault(answer: Answer) -> Answer:
        content = unpacked(answer.body)
        changed = as_csv(change(parsed(content, rows)))
        return replace(answer, body=packed(changed, answer))

    return fault


def text(change: Callable[[bytes], bytes]) -> Fault:
    """Change the text of a CSV file, zipped or not."""
    return lambda answer: replace(answer, body=packed(change(unpacked(answer.body)), answer))


def unpacked(body: bytes) -> bytes:
    if body[:2] != b"PK":
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return archive.read(archive.namelist()[0])


def packed(content: bytes, answer: Answer) -> bytes:
    return zipped({"table.csv": content}) if answer.body[:2] == b"PK" else content


def parsed(content: bytes, keep: str) -> Rows:
    import csv

    rows = list(csv.DictReader(io.StringIO(content.decode())))
    numbers = {n for n in rows[0] if all((r[n] or "x").isdigit() for r in rows)}
    return [{k: int(v) if k in numbers else v for k, v in row.items()} for row in rows]


CSV = {
    "only a header": (text(lambda b: b.split(b"\n")[0] + b"\n"), "no rows|no dates|expected events|no row"),
    "latin-1": (text(lambda b: b.replace(b"Ruritania", b"R\xfcritania").replace(b"Graustark", b"Gr\xe4u")
                     .replace(b"Khartoum", b"Kh\xe4rtoum")), "cannot be read"),
    "semicolons": (text(lambda b: b.replace(b",", b";")), "lacks the column|cannot be read"),
    "a cell too many": (text(lambda b: b[: b.index(b"\n") + 1] + b"1," + b[b.index(b"\n") + 1 :]),
                        "cells; expected|more cells than the header"),
    "a quote that does not end": (text(lambda b: b.replace(b"\n", b'\n"', 1)),
                               "cannot be read|not numbers|no rows|no row|no dates|unknown"),
}  # fmt: skip


# Services


def answered(change: Callable[[Any], Any]) -> Fault:
    return lambda answer: replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())


def result(change: Callable[[Rows], Rows]) -> Fault:
    def changed(content: dict[str, Any]) -> dict[str, Any]:
        rows = change(content["Result"])
        return {**content, "Result": rows, "TotalCount": len(rows)}

    return answered(changed)


JSON = {
    "JSON that was cut": (lambda a: replace(a, body=a.body[:-20]), "no JSON"),
    "a list of nothing": (instead(b"[]"), "without|an error|no yearly|HTTP"),
    "an object of nothing": (instead(b"{}"), "without|an error"),
    "latin-1": (lambda a: replace(a, body=a.body[:-1] + b',"\xe4":1' + a.body[-1:]), "no JSON"),
}  # fmt: skip
SERVICE = {
    "Result that is no list": (answered(lambda c: {**c, "Result": "none"}), "without Result"),
    "TotalPages that lies upwards": (answered(lambda c: {**c, "TotalPages": 7}), "TotalPages 7"),
    "TotalPages that lies downwards": (answered(lambda c: {**c, "TotalPages": 0}), "TotalPages 0"),
    "TotalPages as text": (answered(lambda c: {**c, "TotalPages": "1"}), "TotalPages 1"),
    "TotalCount that lies": (answered(lambda c: {**c, "TotalCount": 999}), "999 were announced"),
    "a row missing": (answered(lambda c: {**c, "Result": c["Result"][1:]}), "were announced"),
    "no row, though announced": (answered(lambda c: {**c, "Result": []}), "0 events"),
    "rows that are no objects": (answered(lambda c: {**c, "Result": [1] * c["TotalCount"]}),
                                 "0 of them different|were announced"),
}  # fmt: skip


def head(**changes: Any) -> Fault:
    return answered(lambda c: [{**c[0], **changes}, c[1]])


def values(change: Callable[[Rows], Rows]) -> Fault:
    def changed(content: Any) -> Any:
        rows = change(content[1])
        return [{**content[0], "total": len(rows)}, rows]

    return answered(changed)


ERROR = [{"message": [{"id": "120", "key": "Invalid value", "value": "The value is not valid"}]}]
WORLDBANK = {
    "200 with a list of one": (instead(json.dumps(ERROR).encode()), "an error: Invalid value"),
    "pages that lie": (head(pages=3), "page 1 of 3 for page 1 of 1"),
    "pages without end": (head(pages=10**9), "page 1 of 1000000000"),
    "no page number": (head(page=None), "without page, pages, total"),
    "total that lies": (head(total=9), "where 9 were announced"),
    "another page": (head(page=4), "page 4"),
    "a row missing": (answered(lambda c: [c[0], c[1][1:]]), "were announced"),
    "a row twice": (values(lambda rows: [*rows, rows[0]]), "share a key"),
    "negative people": (values(one(value=-5)), "negative"),
    "text for a number": (values(one(value="many")), "not numbers"),
    "no people anywhere": (values(each(value=None)), "no rows|share|expected|gone"),
    "a future year": (values(one(date="2031")), "2031"),
    "a year that is none": (values(one(date="2020Q1")), "cannot be read"),
    "updated in the future": (head(lastupdated="2031-01-01"), "updated 2031-01-01"),
    "updated on no day": (head(lastupdated="yesterday"), "updated 'yesterday'"),
    "another series": (values(each(indicator={"id": "SP.DYN"})), "the series SP.DYN"),
    "a renamed key": (values(renamed("countryiso3code", "iso")), "cannot be read"),
    "rows that are no objects": (values(lambda rows: [1] * len(rows)), "cannot be read"),
    "half the history gone": (values(lambda rows: [r for r in rows if int(r["date"]) > 2013]),
                              "figures are gone"),
    "people in thousands": (values(lambda rows: [{**r, "value": r["value"] // 1000} for r in rows]),
                            "Has the unit changed"),
}  # fmt: skip


def listed(change: Callable[[Rows], Rows]) -> Fault:
    def changed(content: Any) -> Any:
        return {"result": {"resources": change(content["result"]["resources"])}}

    return answered(changed)


LISTING = {
    "success that is none": (instead(b'{"success": false, "error": "x"}'), "without resources"),
    "no files": (listed(lambda rows: []), "a list without"),
    "no file of last year": (listed(lambda rows: rows[2:]), "a list without"),
    "a file elsewhere": (listed(one(url="https://example.org/x.csv")), "at https://example.org"),
    "a local file": (listed(one(url="file:///etc/passwd")), "at file://"),
    "no addresses": (listed(without("url")), "without resources"),
    "files without names": (listed(without("name")), "without resources"),
}


def data(change: Callable[[Rows], Rows]) -> Fault:
    return answered(lambda content: {**content, "data": change(content["data"])})


ACLED = {
    "an error in JSON": (instead(b'{"status": 200, "message": "Access denied"}'), "Access denied"),
    "data that are no list": (answered(lambda c: {**c, "data": 1}), "without data"),
    "an event twice": (data(lambda rows: [*rows, rows[0]]), "different"),
    "negative deaths": (data(one(fatalities="-1")), "cannot be read"),
    "text for a number": (data(one(fatalities="many")), "cannot be read"),
    "another country": (data(one(country="India")), "India"),
    "a renamed key": (data(renamed("event_date", "date")), "cannot be read"),
    "a future date": (data(one(event_date="2031-01-01")), "holds an event of 2031"),
    "dates in another format": (data(each(event_date="1 May 2026")), "no dates"),
    "no events": (data(lambda rows: []), "no rows"),
    "rows that are no objects": (data(lambda rows: [1]), "cannot be read"),
}
TOKEN = {
    "a token that is none": (instead(b'{"access_token": 7}'), "without access_token"),
    "no token": (instead(b'{"message": "wrong password"}'), "without access_token"),
}


@dataclass(frozen=True)
class Path:
    """One thing that a fetcher fetches."""

    source: str
    under: str
    secrets: tuple[str, ...]
    cases: dict[str, tuple[Fault, str]]
    shows: str


Cases = dict[str, tuple[Any, str]]


def of(make: Callable[..., Fault], cases: Cases, *more: Any) -> Cases:
    return {name: (make(change, *more), said) for name, (change, said) in cases.items()}


GONE = {"404": (status(404), "no yearly release|no release|HTTP 404")}
PATHS = {
    "events": Path("ucdp-ged", "/downloads/ged/ged261", (), {
        **STALLS, **HTTP, **GONE, **ZIP, **CSV, **of(table, {**EVENTS, **HISTORY}, "")}, "UCDP events"),
    "candidate events": Path("ucdp-ged", "/downloads/candidateged/GEDEvent_v26_01_26_06", (), {
        **STALLS, **HTTP, **CSV, **of(table, EVENTS, "")}, "UCDP events"),
    "events by the service": Path("ucdp-ged", "/api/gedevents/26.1", ("ARMSBRIEF_UCDP_TOKEN",), {
        **STALLS, **HTTP, **GONE, **JSON, **SERVICE, **of(result, {**EVENTS, **HISTORY})}, "UCDP events"),
    "country-years": Path("ucdp-country-year", "/downloads/organizedviolencecy", (), {
        **STALLS, **HTTP, **GONE, **ZIP, **CSV, **of(table, YEARS, "")}, "UCDP deaths by country"),
    "population": Path("worldbank-population", "/v2/", (), {
        **STALLS, **HTTP, **GONE, **JSON, **WORLDBANK}, "World Bank population"),
    "list of HDX": Path("hdx-conflict", "/hdx/api", (), {
        **STALLS, **HTTP, **GONE, **JSON, **LISTING}, "HDX conflict events"),
    "files of HDX": Path("hdx-conflict", "/hdx/dataset", (), {
        **STALLS, **HTTP, **GONE, **CSV, **of(table, HDX, "")}, "HDX conflict events"),
    "sign-in at ACLED": Path("acled", "/acled/oauth", (
        "ARMSBRIEF_ACLED_USER", "ARMSBRIEF_ACLED_PASSWORD"), {
        **STALLS, **HTTP, **GONE, **JSON, **TOKEN}, "ACLED"),
    "ACLED": Path("acled", "/acled/api", ("ARMSBRIEF_ACLED_USER", "ARMSBRIEF_ACLED_PASSWORD"), {
        **STALLS, **HTTP, **GONE, **JSON, **ACLED}, "ACLED"),
}  # fmt: skip
CASES = [(path, case) for path, made in PATHS.items() for case in made.cases]
