"""The tables that a ledger gives, as the site sets them: each as one text, to be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from armsbrief import changes, paths, words
from armsbrief.sphinx_ext.site import figures, trial
from armsbrief.verify.cover import joined


def texts(book: Mapping[str, Any]) -> frozenset[str]:
    """Return every table that a ledger gives."""
    return frozenset(flat(head, rows) for head, rows in _known(book))


def flat(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as one text in which cells and rows stay apart."""
    return "\n".join("\t".join(map(joined, row)) for row in (head, *rows))


def _known(book: Mapping[str, Any]) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
    yield from ((table["columns"], table["cells"]) for table in book["tables"].values())
    yield from map(figures.data, book["charts"].values())
    yield board(book)
    for claim in book["claims"].values():
        yield from (_numbers(book, names) for names in (claim["facts"], claim["inputs"].values()))
        yield trial.table(claim)
    for path in paths.EDITIONS.glob("*.json"):
        yield _changes(book, changes.since(changes.read(path), book))


def _numbers(book: Mapping[str, Any], names: Iterable[str]) -> tuple[Sequence[str], list[Any]]:
    facts = [book["facts"][name] for name in dict.fromkeys(names)]
    return ("Number", "Value"), [(fact["label"], fact["display"]) for fact in facts]


def board(book: Mapping[str, Any]) -> tuple[Sequence[str], list[Any]]:
    """Return head and rows of the board of all claims."""
    rows = [(claim["title"], claim["asserted_display"] or "—", claim["found_as"],
             words.VERDICT[claim["verdict"]]) for claim in book["claims"].values()]  # fmt: skip
    return ("The op-ed’s claim", "It says", "We find", "Verdict"), rows


def _changes(book: Mapping[str, Any], found: Iterable[changes.Change]
             ) -> tuple[Sequence[str], list[Any]]:  # fmt: skip
    moved = [change for change in found if change.moved and not change.flipped]
    rows = [(change.title, *changes.arrows(change)[1:], " ".join(changes.why(change, named=0)))
            for change in moved]  # fmt: skip
    return ("Claim", "Value", "Holds in", "Why"), rows
