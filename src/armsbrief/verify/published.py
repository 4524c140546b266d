"""An edition as it lies in its folder, and every text that its ledger explains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lxml import html

from armsbrief import changes, ledger, paths, prose, references, units, words
from armsbrief.errors import ArmsbriefError
from armsbrief.sphinx_ext.site import figures

DIGIT = re.compile(r"\d")
TOKEN = re.compile(r"\d(?:[\d,.]*\d)?")
# Drawings are no texts of a page; displays are numbers, and these are compared one by one.
_NO_TEXT = ("svg", "narrow", "specification", "display", "value", "cells")
_QUOTES = str.maketrans("“”‘’", "\"\"''")
_SHORTEST = 6  # letters: a shorter text could explain a number by chance


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
    def known(self) -> list[str]:
        """Every text with a digit that the ledger, the sources or the editions account for."""
        texts = {squeezed(text) for text in self._texts() if DIGIT.search(text)}
        return sorted((t for t in texts if len(t) >= _SHORTEST), key=len, reverse=True)

    @cached_property
    def cells(self) -> set[str]:
        """Every text that may fill a cell of a table by itself."""
        claims = self.ledger["claims"].values()
        tables = self.ledger["tables"].values()
        texts = [cell for table in tables for row in table["cells"] for cell in row]
        texts += [column for table in tables for column in table["columns"]]
        texts += [claim["asserted_display"] or "" for claim in claims]
        texts += [words.estimate(claim) for claim in claims]
        texts += self._changed()
        return {squeezed(text) for text in texts}

    @cached_property
    def plotted(self) -> set[str]:
        """Every number that a chart or a specification holds, in the roundings of our tables."""
        parts = [chart["specification"] for chart in self.ledger["charts"].values()]
        parts += [claim["specifications"] for claim in self.ledger["claims"].values()]
        texts: set[str] = set()
        for value in scalars(parts):
            texts |= {str(value), figures.cell(value)}
            if isinstance(value, int | float) and not isinstance(value, bool):
                forms = [units.rounded(value, digits) for digits in range(3)]
                texts |= {*forms, *(form.rstrip("0").rstrip(".") for form in forms if "." in form)}
        return {token for text in texts for token in TOKEN.findall(text)}

    @cached_property
    def tokens(self) -> set[str]:
        """Every number in the ledger, the sources and the names."""
        texts = [str(value) for value in scalars(self.ledger)]
        texts += [*self.known, *self.cells, *self.names]
        return {token for text in texts for token in TOKEN.findall(text)}

    def _texts(self) -> Iterator[str]:
        yield from strings(self.ledger)
        yield from strings(list(self.sources.values()))
        for claim in self.ledger["claims"].values():
            yield from (words.robustness(claim), words.break_even(claim), words.freshness(claim))
            yield f"The rule: {claim['tolerance']}."
            yield f"All {len(claim['specifications'])} ways to compute it"
        for fact in self.facts.values():
            yield f"{fact['display']} — {fact['label']}"
        days = {d for d in re.findall(r"\d{4}-\d\d-\d\d", str(self.ledger))}
        yield from (words.day(day) for day in sorted(days))
        for record in (*self.ledger["claims"].values(), *self.ledger["charts"].values()):
            yield words.graded(record["sources"], self.sources)
        for table in self.ledger["tables"].values():
            yield from (cell for row in table["cells"] for cell in row)
        year = self.ledger["parameters"]["as_of"][:4]
        yield from (f"({year}):", f"year = {{{year}}}")  # how to cite this edition
        yield from self._changed()

    def _changed(self) -> Iterator[str]:
        """Yield what the page of changes says of each claim."""
        for path in sorted(paths.EDITIONS.glob("*.json")):
            for change in changes.since(changes.read(path), self.ledger):
                verdict, value, holds = changes.arrows(change)
                yield from (change.title, verdict, value, holds)
                then, arrow, _ = value.rpartition(" → ")
                if arrow:  # what follows it is a number with a receipt
                    yield f"{then} →"
                yield " ".join(changes.why(change, named=0))
                yield from changes.why(change)
                yield from (f"Why: {text}" for text in changes.why(change))
                yield from (side["sentence"] for side in (change.before, change.after) if side)

    def unexplained(self, text: str, *, in_table: bool = False) -> str:
        """Return what is left of a text once everything that is accounted for is taken out.

        A cell of a table may also be a number that a chart or a specification holds.
        """
        text = squeezed(text)
        if (
            not DIGIT.search(text)
            or text in self.cells
            or (in_table and self.plotted.issuperset(TOKEN.findall(text)))
        ):
            return ""
        for known in self.known:
            if known in text:
                text = text.replace(known, "\0")
                if not DIGIT.search(text):
                    return ""
        for name in self.names:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "\0", text)
        return text if DIGIT.search(text) else ""


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


def scalars(content: Any) -> Iterator[Any]:
    """Yield every text and number in a structure of lists and mappings."""
    if isinstance(content, Mapping):
        content = content.values()
    elif isinstance(content, str) or not isinstance(content, Iterable):
        yield content
        return
    for value in content:
        yield from scalars(value)


def squeezed(text: str) -> str:
    """Return a text with one space between words and quotation marks as they are typed."""
    return " ".join(text.translate(_QUOTES).replace("...", "…").split())
