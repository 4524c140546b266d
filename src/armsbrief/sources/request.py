"""What is asked of a source, what it gives, and how a refusal is put into words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from armsbrief.errors import FetchError
from armsbrief.sources.settings import Settings

NOTHING_CHANGED = "Nothing was changed."
LATER = "try again later; if it goes on, open the source's page in a browser"
SHOWN = 160  # characters of an answer that a message shows


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


def refusal(
    settings: Settings,
    request: Request,
    came: str,
    advice: str = LATER,
    kind: type[FetchError] = FetchError,
) -> FetchError:
    """Return the error for a person: source, what came, what was expected, what to do."""
    where = request.url.split("?")[0]
    text = f"{request.source}: {came}. Expected {_expected(request)} from {where}. "
    return kind(settings.redact(text + NOTHING_CHANGED), advice)


def _expected(request: Request) -> str:
    return {"zip": "a zip file", "csv": "a CSV file", "json": "an answer in JSON"}[request.kind]


def quoted(content: bytes) -> str:
    """Show the beginning of an answer on one line, without control characters."""
    text = re.sub(r"<[^>]*>", " ", content[: 4 * SHOWN].decode("utf-8", "replace"))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"“{text[:SHOWN]}”" if text else "no text"


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
