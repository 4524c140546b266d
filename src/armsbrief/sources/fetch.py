"""Fetch a public file: with patience, with limits, and from nowhere but where it was asked.

Every failure ends in a `FetchError` that names the source, what came, what was
expected and what to do.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import re
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from urllib3.util.retry import Retry

from armsbrief import __version__
from armsbrief.errors import FetchError, NotPublished
from armsbrief.sources.settings import Settings, is_loopback

T = TypeVar("T")

USER_AGENT = f"armsbrief/{__version__} (policy brief with executable evidence; python-requests)"
NOTHING_CHANGED = "Nothing was changed."
_CHUNK = 1 << 16
_QUOTED = 160  # characters of an answer that a message shows
_TRY_LATER = (429, 500, 502, 503, 504)
_TYPES = {
    "zip": ("application/zip", "application/x-zip-compressed", "application/octet-stream"),
    "csv": ("text/csv", "text/plain", "application/csv", "application/octet-stream"),
    "json": ("application/json",),
}
_STARTS = {"zip": rb"PK\x03\x04", "csv": rb"[^<{\[\x00\x1f]", "json": rb"[\[{]"}
_BROKEN = (
    requests.exceptions.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
)
_ADVICE = {
    400: "check whether the service still takes this request: its documentation says how",
    401: "check the token or the account in the environment",
    403: "the account may lack access, or the service blocks this network: try from another one",
    404: "open the source's page in a browser: the file may have moved or not be published yet",
    406: "the service blocks this network as a robot: try from another one",
    429: "wait an hour and run the same command again",
}
_LATER = "try again later; if it goes on, open the source's page in a browser"


@dataclass(frozen=True)
class Request:
    """One thing to fetch.

    Attributes
    ----------
    source : str
        The source as a person knows it, for messages.
    url : str
        Without secrets: those go into `headers` or `form`.
    kind : str
        ``"zip"``, ``"csv"`` or ``"json"``.
    file : str
        Name of the file to keep it under.
    """

    source: str
    url: str
    kind: str
    file: str
    params: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[int, ...] = (404,)  # statuses that mean: not published
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Received:
    """A file as it came; `path` is None if the source says that it is the one we know."""

    file: str
    url: str
    path: Path | None
    sha256: str
    bytes: int
    etag: str
    last_modified: str

    @property
    def modified(self) -> date | None:
        """Return the day on which the source says it last changed the file."""
        try:
            return parsedate_to_datetime(self.last_modified).date()
        except ValueError:
            return None  # a header that is missing, or no date

    @property
    def local(self) -> Path:
        """Return the file.

        Raises
        ------
        FetchError
            If it is one that we know and have not kept.
        """
        if self.path is None:
            raise FetchError(f"{self.file}: not on this machine.", "fetch it again")
        return self.path

    def entry(self) -> dict[str, Any]:
        """Return what a manifest keeps of it."""
        kept = ("file", "url", "sha256", "bytes", "etag", "last_modified")
        return {name: getattr(self, name) for name in kept}


class _Again(Exception):  # not an error: a reason to try again
    def __init__(self, came: str, wait: float | None = None, advice: str = _LATER) -> None:
        super().__init__(came)
        self.wait, self.advice = wait, advice


class Client:
    """A session with the settings of one refresh.

    Parameters
    ----------
    settings : Settings
    say : callable
        Told what happens, a line at a time.
    bar : bool
        Whether a progress bar is shown.
    """

    def __init__(
        self, settings: Settings, say: Callable[[str], None] = lambda text: None, bar: bool = False
    ) -> None:
        self.settings, self.say, self.bar = settings, say, bar

    def get(self, request: Request, known: Mapping[str, Any] | None = None) -> Received:
        """Fetch one file.

        Parameters
        ----------
        request : Request
            What to fetch.
        known : mapping, optional
            Entry of an earlier manifest: the file is not sent again if unchanged.

        Raises
        ------
        NotPublished
            If the source answers 404, or another status that means the same there.
        FetchError
            On everything else that is not the file asked for.
        """
        end = time.monotonic() + self.settings.limits.total
        for attempt in range(self.settings.limits.retries + 1):
            try:
                return _Attempt(self, request, known or {}, end).run()
            except _Again as reason:
                last = attempt == self.settings.limits.retries
                wait = self.settings.limits.backoff * 2**attempt
                wait = wait if reason.wait is None else reason.wait
                too_long = wait > self.settings.limits.longest_wait
                if last or too_long or time.monotonic() + wait > end:
                    asked = f"; it asks to wait {wait:.0f} seconds" if reason.wait else ""
                    tries = f" ({attempt + 1} tries)" if attempt else ""
                    raise self.error(request, f"{reason}{asked}{tries}", reason.advice) from reason
                self.say(
                    self.settings.redact(
                        f"  {request.source}: {reason}; trying again in {wait:.0f} s"
                    )
                )
                time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def json(self, request: Request) -> Any:
        """Fetch an answer in JSON and read it; nothing of it stays on disk.

        Raises
        ------
        FetchError
            As `get`, or if it is no JSON.
        """
        received = self.get(request)
        try:
            return json.loads(received.local.read_bytes().decode("utf-8-sig"))
        except ValueError as error:
            came = f"an answer that is no JSON ({error}): {_quoted(received.local.read_bytes())}"
            raise self.error(request, came) from error
        finally:
            received.local.unlink()

    def error(
        self, request: Request, came: str, advice: str = _LATER, kind: type[FetchError] = FetchError
    ) -> FetchError:
        """Return the error for a person: source, what came, what was expected, what to do."""
        where = request.url.split("?")[0]
        text = f"{request.source}: {came}. Expected {_expected(request)} from {where}. "
        return kind(self.settings.redact(text + NOTHING_CHANGED), advice)


class _Attempt:
    """One try at one request; continues a file that was cut if the source can."""

    def __init__(self, client: Client, request: Request, known: Mapping[str, Any], end: float):
        self.client, self.request, self.known, self.end = client, request, known, end
        self.limits = client.settings.limits
        self.folder = client.settings.store
        self.folder.mkdir(parents=True, exist_ok=True)
        self.part = self.folder / f"{request.file}.part"
        self.mark = self.folder / f"{request.file}.part.validator"

    def run(self) -> Received:
        try:
            with _session(self.request.url) as session, self._open(session) as response:
                if response.status_code == 304 and self.known:
                    return self._unchanged()
                self._require_status(response)
                self._require_type(response)
                self._write(response)
                return self._finished(response)
        except requests.exceptions.SSLError as error:
            raise self.client.error(
                self.request,
                f"the server's certificate cannot be trusted ({_reason(error)})",
                "check the date of this machine and the network: someone may be in between",
            ) from error
        except requests.exceptions.ConnectTimeout as error:
            raise _Again(f"no connection within {self.limits.connect:g} seconds") from error
        except (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError) as error:
            raise _Again(f"no answer within {self.limits.read:g} seconds") from error
        except _BROKEN as error:
            raise _Again(f"the connection broke ({_reason(error)})") from error
        except requests.exceptions.RequestException as error:
            raise self.client.error(self.request, f"no usable answer ({_reason(error)})") from error

    # Asking

    def _open(self, session: requests.Session) -> requests.Response:
        """Send the request, and follow redirects as long as they stay where we asked."""
        url, method = self.request.url, "POST" if self.request.form else "GET"
        for _ in range(self.limits.redirects + 1):
            response = self._within(partial(self._send, session, method, url))
            if not response.is_redirect:
                return response
            response.close()
            url = urljoin(url, response.headers["location"])
            self._require_same_place(url)
        raise self.client.error(
            self.request, f"more than {self.limits.redirects} redirects, which is a loop",
            "open the address in a browser: the file may have moved",
        )  # fmt: skip

    def _send(self, session: requests.Session, method: str, url: str) -> requests.Response:
        return session.request(
            method, url, params=self.request.params if url == self.request.url else None,
            data=self.request.form, headers=self._headers(), stream=True, allow_redirects=False,
            timeout=(self.limits.connect, self.limits.read),
        )  # fmt: skip

    def _require_same_place(self, url: str) -> None:
        asked, got = urlsplit(self.request.url), urlsplit(url)
        local = is_loopback(self.request.url) and got.netloc == asked.netloc
        if got.hostname != asked.hostname or (got.scheme != "https" and not local):
            raise self.client.error(
                self.request,
                f"a redirect to {got.scheme}://{got.netloc}",
                f"redirects are followed on {asked.hostname} and by https only: open the address "
                "in a browser and see where the file went",
            )

    def _headers(self) -> dict[str, str]:
        headers = {
            "User-Agent": USER_AGENT, "Accept-Encoding": "identity", **self.request.headers,
        }  # fmt: skip
        validator = self._validator()
        if validator and self.part.exists() and self.part.stat().st_size:
            headers |= {"Range": f"bytes={self.part.stat().st_size}-", "If-Range": validator}
        elif self.known.get("etag"):
            headers["If-None-Match"] = self.known["etag"]
        elif self.known.get("last_modified"):
            headers["If-Modified-Since"] = self.known["last_modified"]
        return headers

    def _validator(self) -> str:
        return self.mark.read_text(encoding="utf-8") if self.mark.exists() else ""

    def _within(self, call: Callable[[], T]) -> T:
        """Wait for the head of an answer, but not for ever: it may come a byte at a time."""
        outcome: list[T] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                outcome.append(call())
            except BaseException as error:  # noqa: BLE001  # raised again below, in this thread
                failure.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(max(0.0, self.end - time.monotonic()))
        if failure:
            raise failure[0]
        if not outcome:
            raise self._too_slow("no complete answer")
        return outcome[0]

    def _too_slow(self, came: str) -> FetchError:
        return self.client.error(
            self.request, f"{came} within {self.limits.total:g} seconds",
            "try again from a faster line, or at another time of the day",
        )  # fmt: skip

    # Judging

    def _require_status(self, response: requests.Response) -> None:
        status = response.status_code
        if status in (200, 206):
            return
        came = f"HTTP {status} ({response.reason}): {_quoted(self._body(response))}"
        if status in _TRY_LATER:
            raise _Again(came, _asked_wait(response), _ADVICE.get(status, _LATER))
        if status == 416:
            self._forget_part()
            raise _Again(came)
        kind = NotPublished if status in self.request.absent else FetchError
        raise self.client.error(self.request, came, _ADVICE.get(status, _LATER), kind)

    def _body(self, response: requests.Response) -> bytes:
        """Return the first bytes of an answer that is not what we asked for."""
        try:
            return response.raw.read1(4 * _QUOTED, decode_content=False) or b""
        except (urllib3.exceptions.HTTPError, OSError):
            return b""

    def _require_type(self, response: requests.Response) -> None:
        given = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if given and given not in _TYPES[self.request.kind]:
            came = f"content type {given}: {_quoted(self._body(response))}"
            raise self.client.error(
                self.request, came, "open the address in a browser: the file may have moved"
            )

    # Taking

    def _write(self, response: requests.Response) -> None:
        start = self._start(response)
        length = response.headers.get("Content-Length")
        whole = start + int(length) if length and length.isdigit() else None
        if whole is not None and whole > self.limits.size:
            raise self._too_big(f"{whole:,} bytes announced")
        written = start
        with _bar(self.client.bar, self.request.source, whole) as moved, self.part.open(
            "ab" if start else "wb"
        ) as out:  # fmt: skip
            moved(start)
            while piece := response.raw.read1(_CHUNK, decode_content=False):
                written += len(piece)
                if written > self.limits.size:
                    raise self._too_big(f"more than {self.limits.size:,} bytes")
                if time.monotonic() > self.end:
                    raise self._too_slow(f"only {written:,} bytes")
                out.write(piece)
                moved(written)
        if whole is not None and written != whole:
            raise _Again(f"the connection was cut after {written:,} of {whole:,} bytes")

    def _start(self, response: requests.Response) -> int:
        """Return the byte at which this answer goes on; 0 for a file from its beginning."""
        have = self.part.stat().st_size if self.part.exists() else 0
        if response.status_code == 206:
            if re.match(rf"bytes {have}-", response.headers.get("Content-Range", "")):
                return have
            self._forget_part()
            raise _Again("another part of the file than was asked for")
        self._forget_part()
        validator = response.headers.get("ETag", "") or response.headers.get("Last-Modified", "")
        if (
            validator
            and not validator.startswith("W/")
            and "Content-Encoding" not in response.headers
        ):
            self.mark.write_text(validator, encoding="utf-8")
        return 0

    def _forget_part(self) -> None:
        self.part.unlink(missing_ok=True)
        self.mark.unlink(missing_ok=True)

    def _too_big(self, came: str) -> FetchError:
        self._forget_part()
        return self.client.error(
            self.request, f"{came}, and the limit is {self.limits.size:,}",
            "open the source's page in a browser: this is not the file as we know it",
        )  # fmt: skip

    def _finished(self, response: requests.Response) -> Received:
        """Check the file as a whole and give it its name."""
        try:
            content = self._unpacked(response.headers.get("Content-Encoding", ""))
            self._require_start()
        except FetchError:
            self._forget_part()
            raise
        path = self.folder / self.request.file
        self.part.replace(path)
        self.mark.unlink(missing_ok=True)
        return Received(
            self.request.file, self.request.url, path, content, path.stat().st_size,
            response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""),
        )  # fmt: skip

    def _unpacked(self, encoding: str) -> str:
        """Undo a compression that we did not ask for, within the limit; return the hash."""
        if encoding not in ("", "identity", "gzip"):
            raise self.client.error(self.request, f"content encoding {encoding}")
        if encoding == "gzip":
            plain, size = self.part.with_suffix(".plain"), 0
            try:
                with gzip.open(self.part) as packed, plain.open("wb") as out:
                    while piece := packed.read(_CHUNK):
                        size += len(piece)
                        if size > self.limits.size:
                            raise self._too_big(f"more than {self.limits.size:,} bytes unpacked")
                        out.write(piece)
                plain.replace(self.part)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise self.client.error(self.request, f"a damaged gzip ({error})") from error
            finally:
                plain.unlink(missing_ok=True)
        return file_hash(self.part)

    def _require_start(self) -> None:
        """A page, an error or a file inside another compression begins otherwise."""
        with self.part.open("rb") as content:
            head = content.read(_CHUNK)
        bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not bare:
            raise self.client.error(self.request, "an empty file")
        if not re.match(_STARTS[self.request.kind], bare):
            raise self.client.error(
                self.request, f"{_described(bare)}: {_quoted(bare)}",
                "open the address in a browser: the file may have moved",
            )  # fmt: skip

    def _unchanged(self) -> Received:
        return Received(
            **{key: self.known[key] for key in ("url", "sha256", "bytes", "etag", "last_modified")},
            file=self.request.file, path=self._kept(),
        )  # fmt: skip

    def _kept(self) -> Path | None:
        """Return the file of an earlier refresh if it is still here, whole."""
        path = self.folder / self.request.file
        whole = path.exists() and file_hash(path) == self.known["sha256"]
        return path if whole else None


def settle(
    client: Client,
    answers: list[tuple[Request, Received]],
    known: Mapping[str, Mapping[str, Any]],
) -> list[Received] | None:
    """Return files that belong together, all of them on disk; None if all are as we know them.

    Parameters
    ----------
    client : Client
        Fetches again what is needed and not here.
    answers : list of Request and Received
        What was asked, and what came: a file that is unchanged may not be here any more.
    known : mapping
        Entries of the last manifest, by file name.
    """
    same = all(known.get(came.file, {}).get("sha256") == came.sha256 for _, came in answers)
    if same and {came.file for _, came in answers} == set(known):
        return None
    return [came if came.path else client.get(request) for request, came in answers]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _session(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = not is_loopback(url)  # a proxy has no business on this machine
    return session


def _asked_wait(response: requests.Response) -> float | None:
    header = response.headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(header) if header else None
    except urllib3.exceptions.InvalidHeader:
        return None  # no number and no date: our own back-off decides


def _expected(request: Request) -> str:
    return {"zip": "a zip file", "csv": "a CSV file", "json": "an answer in JSON"}[request.kind]


def _described(head: bytes) -> str:
    if head[:2] == b"\x1f\x8b":
        return "a gzip file inside another compression"
    return "an HTML page" if head[:1] == b"<" else "a file that begins otherwise"


def _quoted(content: bytes) -> str:
    """Show the beginning of an answer on one line, without control characters."""
    text = re.sub(r"<[^>]*>", " ", content[: 4 * _QUOTED].decode("utf-8", "replace"))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"“{text[:_QUOTED]}”" if text else "no text"


def _reason(error: BaseException) -> str:
    """Return the innermost cause of a network error, in one short line."""
    while (deeper := error.__cause__ or getattr(error, "reason", None)) and isinstance(
        deeper, BaseException
    ):
        error = deeper
    return str(error).split(" (_ssl.c")[0][:_QUOTED]


class _bar:  # used like a function
    """A progress bar on a terminal, or nothing."""

    def __init__(self, shown: bool, title: str, total: int | None) -> None:
        self.progress = Progress(
            TextColumn("  {task.description}"), BarColumn(), DownloadColumn(),
            TimeRemainingColumn(), disable=not shown, transient=True,
        )  # fmt: skip
        self.task = self.progress.add_task(title, total=total)

    def __enter__(self) -> Callable[[int], None]:
        self.progress.start()
        return lambda done: self.progress.update(self.task, completed=done)

    def __exit__(self, *_: object) -> None:
        self.progress.stop()
