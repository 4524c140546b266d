"""One try at fetching one thing: ask, follow, judge, take."""

from __future__ import annotations

import gzip
import http.client
import io
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from urllib3.util.retry import Retry

from armsbrief import __version__
from armsbrief.errors import FetchError, NotPublished
from armsbrief.sources.request import LATER, SHOWN, Received, Request, file_hash, quoted, refusal
from armsbrief.sources.settings import Settings, is_loopback

T = TypeVar("T")

USER_AGENT = f"armsbrief/{__version__} (policy brief with executable evidence; python-requests)"
_CHUNK = 1 << 16
_TRY_LATER = (429, 500, 502, 503, 504)
_TYPES = {
    "zip": ("application/zip", "application/x-zip-compressed", "application/octet-stream"),
    "csv": (
        "text/csv",
        "text/plain",
        "application/csv",
        "application/vnd.ms-excel",
        "application/octet-stream",
    ),
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


class Again(Exception):  # not an error: a reason to try again
    """Why it is worth to try again, and after how many seconds."""

    def __init__(self, came: str, wait: float | None = None, advice: str = LATER) -> None:
        super().__init__(came)
        self.wait, self.advice = wait, advice


class Attempt:
    """One try at one request; continues a file that was cut if the source can."""

    def __init__(
        self, settings: Settings, request: Request, known: Mapping[str, Any], end: float, bar: bool
    ) -> None:
        self.settings, self.request, self.known = settings, request, known
        self.end, self.bar, self.limits = end, bar, settings.limits
        self.folder = settings.store
        self.part = self.folder / f"{request.file}.part"
        self.mark = self.folder / f"{request.file}.part.validator"

    def file(self) -> Received:
        """Take a file, onto the disk."""
        return self._guarded(self._take_file)

    def answer(self) -> bytes:
        """Take an answer, in memory only: it may hold what must not stay on a disk."""
        return self._guarded(self._take_answer)

    def _take_file(self, response: requests.Response) -> Received:
        if response.status_code == 304 and self.known:
            return self._unchanged()
        self._require_right(response)
        self._write(response)
        return self._finished(response)

    def _take_answer(self, response: requests.Response) -> bytes:
        self._require_right(response)
        if response.status_code != 200:
            raise Again("another part of the answer than was asked for")
        plain = io.BytesIO()
        came = io.BytesIO(b"".join(self._pieces(response, 0)))
        self._unpack(response.headers.get("Content-Encoding", ""), came, plain)
        self._require_start(plain.getvalue()[:_CHUNK])
        return plain.getvalue()

    def _refusal(
        self, came: str, advice: str = LATER, kind: type[FetchError] = FetchError
    ) -> FetchError:
        return refusal(self.settings, self.request, came, advice, kind)

    def _guarded(self, take: Callable[[requests.Response], T]) -> T:
        """Ask, and turn what the network does wrong into words."""
        try:
            with _session(self.request.url) as session, self._open(session) as response:
                return take(response)
        except requests.exceptions.SSLError as error:
            raise self._refusal(
                f"the server's certificate cannot be trusted ({_reason(error)})",
                "check the date of this machine and the network: someone may be in between",
            ) from error
        except requests.exceptions.ConnectTimeout as error:
            raise Again(f"no connection within {self.limits.connect:g} seconds") from error
        except (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError) as error:
            raise Again(f"no answer within {self.limits.read:g} seconds") from error
        except _BROKEN as error:
            if any(isinstance(e, urllib3.exceptions.NewConnectionError) for e in _causes(error)):
                host = urlsplit(self.request.url).hostname
                raise Again(f"no connection to {host} (is this machine online?)") from error
            raise Again(f"the connection broke ({_reason(error)})") from error
        except requests.exceptions.RequestException as error:
            raise self._refusal(f"no usable answer ({_reason(error)})") from error

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
        raise self._refusal(
             f"more than {self.limits.redirects} redirects, which is a loop",
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
            raise self._refusal(
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
        return self._refusal(
             f"{came} within {self.limits.total:g} seconds",
            "try again from a faster line, or at another time of the day",
        )  # fmt: skip

    # Judging

    def _require_right(self, response: requests.Response) -> None:
        self._require_status(response)
        self._require_type(response)

    def _require_status(self, response: requests.Response) -> None:
        status = response.status_code
        if status in (200, 206):
            return
        came = f"HTTP {status} ({response.reason}): {quoted(self._body(response))}"
        if status in _TRY_LATER:
            raise Again(came, _asked_wait(response), _ADVICE.get(status, LATER))
        if status == 416:
            self._forget_part()
            raise Again(came)
        kind = NotPublished if status in self.request.absent else FetchError
        raise self._refusal(came, _ADVICE.get(status, LATER), kind)

    def _body(self, response: requests.Response) -> bytes:
        """Return the first bytes of an answer that is not what we asked for."""
        try:
            return response.raw.read1(4 * SHOWN, decode_content=False) or b""
        except (urllib3.exceptions.HTTPError, OSError):
            return b""

    def _require_type(self, response: requests.Response) -> None:
        given = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if given and given not in _TYPES[self.request.kind]:
            came = f"content type {given}: {quoted(self._body(response))}"
            raise self._refusal(came, "open the address in a browser: the file may have moved")

    # Taking

    def _write(self, response: requests.Response) -> None:
        start = self._start(response)
        with self.part.open("ab" if start else "wb") as out:
            for piece in self._pieces(response, start):
                out.write(piece)

    def _pieces(self, response: requests.Response, start: int) -> Iterator[bytes]:
        """Yield what comes, as long as it is neither too much, nor too late, nor cut."""
        length = response.headers.get("Content-Length")
        whole = start + int(length) if length and length.isdigit() else None
        if whole is not None and whole > self.limits.size:
            raise self._too_big(f"{whole:,} bytes announced")
        written = start
        with _bar(self.bar, self.request.source, whole) as moved:
            while piece := response.raw.read1(_CHUNK, decode_content=False):
                written += len(piece)
                if written > self.limits.size:
                    raise self._too_big(f"more than {self.limits.size:,} bytes")
                if time.monotonic() > self.end:
                    raise self._too_slow(f"only {written:,} bytes")
                yield piece
                moved(written)
        if whole is not None and written != whole:
            raise Again(f"the connection was cut after {written:,} of {whole:,} bytes")

    def _start(self, response: requests.Response) -> int:
        """Return the byte at which this answer goes on; 0 for a file from its beginning."""
        have = self.part.stat().st_size if self.part.exists() else 0
        if response.status_code == 206:
            if re.match(rf"bytes {have}-", response.headers.get("Content-Range", "")):
                return have
            self._forget_part()
            raise Again("another part of the file than was asked for")
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
        return self._refusal(
             f"{came}, and the limit is {self.limits.size:,}",
            "open the source's page in a browser: this is not the file as we know it",
        )  # fmt: skip

    def _finished(self, response: requests.Response) -> Received:
        """Check the file as a whole and give it its name."""
        plain = self.part.with_suffix(".plain")
        try:
            with self.part.open("rb") as came, plain.open("wb") as out:
                self._unpack(response.headers.get("Content-Encoding", ""), came, out)
            with plain.open("rb") as content:
                self._require_start(content.read(_CHUNK))
        except FetchError:
            plain.unlink()
            raise
        finally:
            self._forget_part()
        path = self.folder / self.request.file
        plain.replace(path)
        return Received(
            self.request.file, self.request.url, path, file_hash(path), path.stat().st_size,
            response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""),
        )  # fmt: skip

    def _unpack(self, encoding: str, came: IO[bytes], out: IO[bytes]) -> None:
        """Undo a compression that we did not ask for, within the limit."""
        if encoding not in ("", "identity", "gzip"):
            raise self._refusal(f"content encoding {encoding}")
        source, size = gzip.GzipFile(fileobj=came) if encoding == "gzip" else came, 0
        try:
            while piece := source.read(_CHUNK):
                size += len(piece)
                if size > self.limits.size:
                    raise self._too_big(f"more than {self.limits.size:,} bytes unpacked")
                out.write(piece)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise self._refusal(f"a damaged gzip ({error})") from error

    def _require_start(self, head: bytes) -> None:
        """A page, an error or a file inside another compression begins otherwise."""
        bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not bare:
            raise self._refusal("an empty file")
        if not re.match(_STARTS[self.request.kind], bare):
            raise self._refusal(
                f"{_described(bare)}: {quoted(bare)}",
                "open the address in a browser: the file may have moved",
            )

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


def _session(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = not is_loopback(url)  # a proxy has no business on this machine
    session.auth = lambda request: request  # else a .netrc would replace our own header
    return session


def _asked_wait(response: requests.Response) -> float | None:
    header = response.headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(header) if header else None
    except urllib3.exceptions.InvalidHeader:
        return None  # no number and no date: our own back-off decides


def _described(head: bytes) -> str:
    if head[:2] == b"\x1f\x8b":
        return "a gzip file inside another compression"
    return "an HTML page" if head[:1] == b"<" else "a file that begins otherwise"


def _reason(error: BaseException) -> str:
    """Return the innermost cause of a network error, in one short line."""
    *_, innermost = _causes(error)
    return str(innermost).split(" (_ssl.c")[0][:SHOWN]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what caused it, and so on; requests and urllib3 wrap in different ways."""
    deeper: object = error
    while isinstance(deeper, BaseException):
        yield deeper
        wrapped = deeper.args[0] if deeper.args else None
        deeper = deeper.__cause__ or getattr(deeper, "reason", None) or wrapped


class _bar:  # used like a function
    """A progress bar on a terminal, or nothing."""

    def __init__(self, shown: bool, title: str, total: int | None) -> None:
        self.progress = Progress(
            TextColumn("  {task.description}"), BarColumn(), DownloadColumn(),
            TimeRemainingColumn(), disable=not shown, transient=True,
            console=Console(stderr=True),
        )  # fmt: skip
        self.task = self.progress.add_task(title, total=total)

    def __enter__(self) -> Callable[[int], None]:
        self.progress.start()
        return lambda done: self.progress.update(self.task, completed=done)

    def __exit__(self, *_: object) -> None:
        self.progress.stop()
