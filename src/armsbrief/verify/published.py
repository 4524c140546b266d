"""An edition as it lies in its folder, and every text that its ledger explains."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lxml import html

from armsbrief import changes, ledger, manifest, paths, prose, references, words
from armsbrief.errors import ArmsbriefError
from armsbrief.verify import given, placed
from armsbrief.verify.cover import Cover, Known, joined

DIGIT = re.compile(r"\d")
TOKEN = re.compile(r"\d(?:[\d,.]*\d)?")
# Drawings are no texts of a page; displays are numbers, and these are compared one by one.
_NO_TEXT = ("svg", "narrow", "specification", "display", "value", "cells")
_QUOTES = str.maketrans("“”‘’", "\"\"''")
_IS_PROSE = re.compile(
    r"index|book/(findings|recommendations)/|book/(methods|limits|changes|timeline)"
)


@dataclass(frozen=True)
class Published:
    """The files of one edition.

    Parameters
    ----------
    folder : pathlib.Path
        With `html/`, `brief.pdf` and `ledger.json`.
    """

    folder: Path

    @cached_property
    def ledger(self) -> ledger.Ledger:
        """The ledger that was published with it."""
        return ledger.read(self.folder / "ledger.json")

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the ledger: what tells this edition from any other."""
        return manifest.digest(self.folder / "ledger.json")

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """All facts, by id."""
        found: Mapping[str, Any] = self.ledger["facts"]
        return found

    @cached_property
    def pages(self) -> dict[str, Any]:
        """Every page of the site, parsed, by its path in the site."""
        site = self.folder / "html"
        if not (site / "index.html").is_file():
            raise ArmsbriefError(f"{site}: there is no site to verify.", "armsbrief build")
        found = {}
        for path in sorted(site.rglob("*.html")):
            name = path.relative_to(site).as_posix()
            if not name.startswith("_static/"):
                found[name] = html.document_fromstring(path.read_bytes())
        return found

    @cached_property
    def sources(self) -> dict[str, dict[str, str]]:
        """The table of sources, by id."""
        return references.sources()

    @cached_property
    def names(self) -> list[str]:
        """Digits that are names, longest first."""
        return prose.allowed(paths.BOOK / "allowed.yml")

    @cached_property
    def tables(self) -> frozenset[str]:
        """Every table that may stand on a page, each as one text."""
        return given.texts(self.ledger)

    @cached_property
    def in_texts(self) -> Known:
        """Every text that may stand on a page outside its tables."""
        return Known(self._texts())

    @cached_property
    def on_paper(self) -> Known:
        """Every text that may stand on paper: what the ledger says, and what the site says."""
        apart = {joined(text) for text in placed.apart(self.ledger["claims"])}
        texts = (*self.heads.values(), *self._texts(), *self._prose())
        return Known(text for text in texts if joined(text) not in apart)

    @cached_property
    def heads(self) -> dict[str, str]:
        """How the finding of each claim begins on paper."""
        return placed.heads(self.ledger["claims"])

    @cached_property
    def how_sure(self) -> dict[str, str]:
        """What stands on paper before the receipt of how sure each finding is."""
        return placed.how_sure(self.ledger["claims"])

    @cached_property
    def with_verdicts(self) -> frozenset[str]:
        """Every text with a verdict that may stand on paper, joined."""
        claims = self.ledger["claims"].values()
        under_asks = (f"{c['title']}: {words.VERDICT[c['verdict']]}" for c in claims)
        board = ("".join(row) for row in given.board(self.ledger)[1])
        texts = (*self.heads.values(), *board, *under_asks, *self._prose(), *self._changed())
        return placed.telling(texts)

    def _prose(self) -> Iterator[str]:
        """Yield every paragraph and heading of the site's own text, its numbers in it."""
        for page, tree in self.pages.items():
            if _IS_PROSE.match(page):
                for block in tree.xpath("//main//p | //main//li | //main//dd | //main//h2"):
                    yield "".join(block.itertext())

    def _texts(self) -> Iterator[str]:
        yield from strings(self.ledger)
        yield from strings(list(self.sources.values()))
        yield words.in_short(self.ledger["claims"].values())
        for claim in self.ledger["claims"].values():
            yield from (words.robustness(claim), words.break_even(claim), words.freshness(claim))
            yield f"The rule: {claim['tolerance']}."
            yield f"All {len(claim['specifications'])} ways to compute it"
        for fact in self.facts.values():
            yield f"{fact['display']} — {fact['label']}"
        for number in Counter(fact["notebook"] for fact in self.facts.values()).values():
            yield f"Value, formula, rows and sources of {number} numbers."
        for source in self.sources.values():
            yield f"{source['title']}, {source['publisher']} ({source['published']})"
        for claim in self.ledger["claims"].values():
            yield words.graded(claim["sources"], self.sources)
        for chart in self.ledger["charts"].values():
            known = f"Data known on {words.day(chart['as_of'])}."
            yield f"{chart['title']} {chart['finding']}"
            yield f"{chart['note']} Sources: . {known}"
            counted = words.graded(chart["sources"], self.sources)
            yield f"{chart['note']} {counted}, listed in the receipts. {known}"
        for page, tree in self.pages.items():
            if page.startswith("notebooks/"):
                yield f"Receipts: {tree.xpath('string(//h1)').rstrip('#¶')}"
        year = self.ledger["parameters"]["as_of"][:4]
        name = self.ledger["edition"]  # how to cite this edition
        yield from (f"armsbrief ({year}):", f"@techreport{{armsbrief-{name},")
        yield f"Policy brief with executable evidence, edition {name}"
        yield f"executable evidence, edition {name}}}, year = {{{year}}},"
        yield from self._changed()

    def _changed(self) -> Iterator[str]:
        """Yield what the page of changes says of each claim."""
        for path in sorted(paths.EDITIONS.glob("*.json")):
            yield words.day(path.stem)
            for change in changes.since(changes.read(path), self.ledger):
                verdict, value, holds = changes.arrows(change)
                yield from (f"{change.title}: {verdict}", value, holds)
                yield f"Value: {self._without_number(change)}. Holds in: {holds}."
                yield from changes.why(change)
                yield from (f"Why: {text}" for text in changes.why(change))
                yield from (side["sentence"] for side in (change.before, change.after) if side)

    def _without_number(self, change: changes.Change) -> str:
        """Return the value as it moved without the one of now, which is read as a number."""
        fact = self.ledger["claims"].get(change.claim, {}).get("estimate_fact")
        if not fact:
            return changes.arrows(change)[1]
        return "".join(changes.value_around(change, self.facts[fact]["display"]))

    def unexplained(self, text: str) -> str:
        """Return what stands around the first digit of a text that nothing accounts for."""
        cover = Cover(joined(text))
        cover.explain(self.in_texts)
        for name in self.names:
            for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text):
                start = len(joined(text[: found.start()]))
                cover.take(start, start + len(joined(name)))
        return next((around for _, around in cover.left()), "")


def strings(content: Any) -> Iterator[str]:
    """Yield every text in a structure of lists and mappings but drawings, displays and cells."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            if key not in _NO_TEXT:
                yield from strings(value)
    elif isinstance(content, Iterable):
        for value in content:
            yield from strings(value)


def squeezed(text: str) -> str:
    """Return a text with one space between words and quotation marks as they are typed."""
    return " ".join(text.translate(_QUOTES).replace("...", "…").split())
