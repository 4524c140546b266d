"""The end of the PDF: its numbered receipts against the ledger, its sources against their table."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from urllib.parse import quote

from armsbrief import trail
from armsbrief.references import GRADES, dated
from armsbrief.verify.cover import Cover, joined
from armsbrief.verify.pdf import Flow
from armsbrief.verify.published import Published

_CITED = re.compile(r"\[([\d,–]+)\]")
AS_IN = joined("Sources as in receipt")
_MISSING = 3  # receipts in a row that may be wrong before the rest is not understood


class Sources:
    """The numbered sources of a PDF.

    Parameters
    ----------
    cover : Cover
        Its text; what is understood is accounted for.
    known : mapping
        The table of sources, by id.
    """

    def __init__(self, cover: Cover, known: Mapping[str, Mapping[str, str]]) -> None:
        self._keys = {name: _key(_entry(row)) for name, row in known.items()}
        self.wrong: list[str] = []
        self._numbers: dict[str, str] = {}
        keys = set(self._keys.values())
        for number, start, end in _numbered(cover.text):
            key = _key(cover.text[start + len(number) + 2 : end])
            if key in keys:
                self._numbers[number] = key
                cover.take(start, end)
            else:
                self.wrong.append(f"brief.pdf: source [{number}] is not in the table of sources")

    def cited(self, text: str, place: int, wanted: Collection[str]) -> int:
        """Return where a list of citations at this place ends; -1 if it is not of these sources.

        Two sources of one text are one to a reader.
        """
        found = _CITED.match(text, place)
        if not found:
            return -1
        shown = sorted(self._numbers.get(number, "?") for number in _numbers(found[1]))
        return found.end() if shown == sorted(self._keys[name] for name in wanted) else -1


def _numbered(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield number, begin and end of every entry of the last list that is numbered from one."""
    start, number = text.rfind("[1]"), 1
    while start >= 0:
        after = text.find(f"[{number + 1}]", start)
        yield str(number), start, after if after >= 0 else len(text)
        start, number = after, number + 1


def _numbers(text: str) -> Iterator[str]:
    """Read 4–7, 9 as 4, 5, 6, 7, 9."""
    for part in text.split(","):
        first, _, last = part.partition("–")
        if first and (last or "–" not in part):
            yield from map(str, range(int(first), int(last or first) + 1))


def _entry(row: Mapping[str, str]) -> str:
    address = f"URL {row['url']}" if row["url"] else ""
    published, grade = dated(row) or "undated", GRADES[row["grade"]]
    return f"{row['title']} {row['publisher']} {published} {grade} {address}"


def _key(text: str) -> str:
    """Return letters, digits and what is written as %20: other signs differ from list to list.

    Letters beyond ASCII stand in one list as they are and in the other as such numbers.
    """
    written = quote(joined(text), safe=string.printable)
    return re.sub(r"[^\w%]|_", "", written).casefold()


class Receipts:
    """The numbered receipts of a PDF.

    Parameters
    ----------
    flow, cover
        Its text; what is understood is accounted for.
    edition : Published
        Whose ledger they must agree with.
    sources : Sources
        The sources that they cite.
    linked : set of str
        Anchors that a link leads to: no other receipt is printed, and two may read the same.
    """

    def __init__(
        self, flow: Flow, cover: Cover, edition: Published, sources: Sources, linked: Set[str]
    ) -> None:
        self.anchors: dict[int, str] = {}
        self.wrong: list[str] = []
        self._cover, self._sources = cover, sources
        self._marks = {mark.place: mark.number for mark in flow.marks}
        self._lists: dict[int, Sequence[str]] = {}
        place, number = 0, 0
        for _, receipts in trail.groups(edition.ledger):
            for receipt in (r for r in receipts if r.anchor in linked):
                for step in range(1, _MISSING + 1):
                    if (end := self._find(receipt, number + step, place)) >= 0:
                        place, number = end, number + step
                        break

    def _find(self, receipt: trail.Receipt, number: int, start: int) -> int:
        """Return where the receipt of this number ends; -1 if it is not there."""
        text = joined(f"r{number}{receipt.head} {receipt.said}.")
        end = self._cover.find(text, start)
        if end < 0:
            return -1
        self.anchors[number], self._lists[number] = receipt.anchor, receipt.sources
        after = self._cited(end, receipt.sources)
        if after < 0:
            self.wrong.append(f"brief.pdf: receipt r{number} does not cite its sources")
            return end
        self._cover.take(end, after)
        return after

    def _cited(self, place: int, wanted: Sequence[str]) -> int:
        """Return where the sources of a receipt end: a list, or the receipt that has the same."""
        text = self._cover.text
        if not wanted:
            return -1 if text.startswith(("[", AS_IN), place) else place
        if not text.startswith(AS_IN, place):
            return self._sources.cited(text, place, wanted)
        end = place + len(AS_IN)
        return end if self._lists.get(self._marks.get(end, 0)) == wanted else -1
