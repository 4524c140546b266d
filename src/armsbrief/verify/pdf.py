"""A PDF as a reader gets it: the text of its pages, its links to receipts, its contents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from armsbrief.verify.cover import joined

_RECEIPT = re.compile(r"(?<=\S)r(\d+)\b")  # a number's receipt stands raised behind it
_TO_RECEIPT = ("fact-", "sure-", "drawn-")


@dataclass(frozen=True)
class Paper:
    """What was read from a PDF.

    Parameters
    ----------
    pages : tuple of str
        The text of each page, with the marks of receipts.
    links : tuple of set of str
        For each page the receipts that its links lead to, by their anchors.
    contents : tuple of tuple of str and int
        Each heading, and the page that it stands on.
    """

    pages: tuple[str, ...]
    links: tuple[frozenset[str], ...] = ()
    contents: tuple[tuple[str, int], ...] = ()

    @cached_property
    def plain(self) -> list[str]:
        """The text of each page without the marks."""
        return [_RECEIPT.sub("", page) for page in self.pages]


def read(path: Path) -> Paper:
    """Read a PDF; that takes seconds, so a file that has not changed is read once."""
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(8)
def _read(path: Path, changed: int) -> Paper:
    from pypdf import PdfReader

    reader = PdfReader(path)
    # A font with a sign beyond the first plane, such as an emoji, is read with noughts between.
    pages = tuple(page.extract_text().replace("\0", "") for page in reader.pages)
    links = tuple(frozenset(_leads_to(page)) for page in reader.pages)
    headings = flat(reader.outline)
    contents = ((str(h.title), (reader.get_destination_page_number(h) or 0) + 1) for h in headings)
    return Paper(pages, links, tuple(contents))


def _leads_to(page: Any) -> Iterator[str]:
    for note in page.get("/Annots", ()):
        name = str(note.get_object().get("/Dest", ""))
        if name.startswith(_TO_RECEIPT):
            yield name


def flat(outline: Iterable[Any]) -> Iterator[Any]:
    """Return the bookmarks of a PDF in order, whatever their depth."""
    for entry in outline:
        if isinstance(entry, list):
            yield from flat(entry)
        else:
            yield entry


def text_of(pdf: Path) -> list[str]:
    """Return the text of each page of a PDF, without the marks of receipts."""
    return read(pdf).plain


@dataclass(frozen=True)
class Mark:
    """The mark of a receipt: its place in the joined text, its number, its page."""

    place: int
    number: int
    page: int


class Flow:
    """The pages as one joined text without marks, as if there were no breaks of pages.

    Parameters
    ----------
    pages : iterable of str
        Pages without their running heads and feet.
    """

    def __init__(self, pages: Iterable[str]) -> None:
        parts: list[str] = []
        self.marks: list[Mark] = []
        self._starts: list[int] = []
        length = 0
        for number, page in enumerate(pages, start=1):
            self._starts.append(length)
            *before, last = _RECEIPT.split(page)
            for text, mark in zip(before[::2], before[1::2], strict=True):
                parts.append(joined(text))
                length += len(parts[-1])
                self.marks.append(Mark(length, int(mark), number))
            parts.append(joined(last))
            length += len(parts[-1])
        self.text = "".join(parts)

    def page(self, place: int) -> int:
        """Return the page of a place in the text."""
        return sum(start <= place for start in self._starts)
