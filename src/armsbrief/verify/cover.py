"""Which digits of a text are accounted for: every one must lie in a text that is known.

A number by itself says nothing: 7 is right here and wrong there. So a digit
counts as known only as part of a longer text, of which every letter is compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

_BETWEEN = re.compile(r"[\s\u00ad\u2010-]+")
_QUOTES = str.maketrans("“”‘’", "\"\"''")
_OF_NUMBERS = re.compile(r"[\d−+±×÷<>≥≤~≈%$€£]")
_MONTHS = re.compile("January|February|March|April|May|June|July|August|September|October|November"
                     "|December")  # fmt: skip
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")
_SEED = 12  # letters by which a text is looked for
_FEWEST = 8  # letters without which a text could account for a number by chance
_AROUND = 30


@lru_cache(1 << 15)
def joined(text: str) -> str:
    """Drop what a line break may change: spaces and hyphens; and the form of quotation marks."""
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return _BETWEEN.sub("", text.replace("...", "…"))


class Known:
    """Texts that are right, to be found wherever they stand.

    Parameters
    ----------
    texts : iterable of str
        Those without a digit, and those so short that they could stand somewhere
        by chance, are left out.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_seed: dict[str, list[str]] = {}
        for text in sorted({joined(text) for text in texts}, key=len, reverse=True):
            if _DIGIT.search(text) and len(text) >= _SEED and is_long(text):
                self._by_seed.setdefault(text[:_SEED], []).append(text)

        self._longest = max((len(t) for ts in self._by_seed.values() for t in ts), default=0)
        self._last: tuple[str, list[tuple[int, int]]] = ("", [])

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return begin and end of each of them in a joined text: the longest at each place.

        Of a text that differs in one stretch from the one before, as when an edit is
        tried, only what may have changed is searched.
        """
        before, known = self._last
        same = _common(before, text)
        tail = min(_common(before[::-1], text[::-1]), len(text) - same, len(before) - same)
        start, end = max(0, same - self._longest), len(text) - tail
        found = [place for place in known if place[0] < start]
        found += self._search(text, start, end)
        moved = len(text) - len(before)
        found += [(first + moved, last + moved) for first, last in known if first + moved >= end]
        self._last = text, found
        return found

    def _search(self, text: str, first: int, end: int) -> Iterator[tuple[int, int]]:
        for start in range(first, min(end, len(text) - _SEED + 1)):
            for known in self._by_seed.get(text[start : start + _SEED], ()):
                if text.startswith(known, start):
                    yield start, start + len(known)
                    break


def _common(one: str, other: str) -> int:
    """Return how many letters two texts have in common from their beginning on."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def is_long(text: str) -> bool:
    """Tell whether a joined text has letters enough not to stand somewhere by chance."""
    return len(_LETTER.findall(_MONTHS.sub("", text))) >= _FEWEST


class Cover:
    """A joined text, and which of its letters are accounted for.

    Parameters
    ----------
    text : str
        As `joined` returns it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._taken = bytearray(len(text))

    def take(self, start: int, end: int) -> None:
        """Account for a stretch."""
        self._taken[start:end] = b"\1" * (end - start)

    def explain(self, known: Known) -> None:
        """Account for all that is known."""
        for start, end in known.places(self.text):
            self.take(start, end)

    def find(self, text: str, start: int = 0) -> int:
        """Account for the next place of one text; return where it ends, -1 if it is not there."""
        place = self.text.find(text, start)
        if place < 0:
            return -1
        self.take(place, place + len(text))
        return place + len(text)

    def find_all(self, text: str) -> None:
        """Account for every place of one text."""
        end = self.find(text)
        while end >= 0:
            end = self.find(text, end)

    def has(self, start: int, end: int) -> bool:
        """Tell whether all of a stretch is accounted for."""
        return all(self._taken[start:end])

    def left(self) -> list[tuple[int, str]]:
        """Return each stretch of digits that is not accounted for, with what stands around it.

        A sign before or behind a digit is part of the number.
        """
        wrong = [m.start() for m in _OF_NUMBERS.finditer(self.text) if self._is_left(m.start())]
        firsts = [p for n, p in enumerate(wrong) if n == 0 or p > wrong[n - 1] + 1]
        return [(p, self.text[max(0, p - _AROUND) : p + _AROUND]) for p in firsts]

    def _is_left(self, place: int) -> bool:
        return not self._taken[place] and bool(
            _DIGIT.search(self.text, max(0, place - 1), place + 2)
        )
