"""The receipts on paper, in the order in which they are numbered: what each of them says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from armsbrief import words
from armsbrief.sphinx_ext.addresses import anchor

_FEW_ROWS = 2
_OTHER_GROUPS = {
    "cost": "What the asks would cost",
    "deadlines": "Dates of the asks",
    "precedents": "Precedents of the asks",
    "targets": "Targets of the asks",
    "timeline": "Timeline",
}


class Receipt(NamedTuple):
    """One receipt: its anchor, what it is of, what it says, its sources."""

    anchor: str
    head: str
    said: str
    sources: Sequence[str]


def groups(book: Mapping[str, Any]) -> Iterator[tuple[str, list[Receipt]]]:
    """Yield the receipts of each claim, and of each other group of facts, with its title.

    Parameters
    ----------
    book : mapping
        The ledger.
    """
    order = [*book["claims"], *_OTHER_GROUPS]
    facts = sorted(book["facts"], key=lambda name: order.index(name.split(".")[0]))
    for group, names in groupby(facts, key=lambda name: name.split(".")[0]):
        claim = book["claims"].get(group)
        drawn = [(key, c) for key, c in book["charts"].items() if key.split(".")[0] == group]
        found = [_sure(group, claim)] if claim else []
        found += [_drawn(*one) for one in (drawn[:1] if claim else drawn)]
        found += [_of_fact(name, book["facts"][name]) for name in names]
        yield claim["title"] if claim else _OTHER_GROUPS[group], found


def _sure(name: str, claim: Mapping[str, Any]) -> Receipt:
    choices = " × ".join(claim["dimensions"]) or "one reading"
    said = f"The rule: {claim['tolerance']}. Choices: {choices}"
    return Receipt(anchor("sure", name), "How sure", said, claim["sources"])


def _drawn(key: str, chart: Mapping[str, Any]) -> Receipt:
    said = f"{_rows(chart['rows'])}; {_place(chart)}"
    return Receipt(anchor("drawn", key), f"Chart: {chart['title']}", said, chart["sources"])


def _of_fact(name: str, fact: Mapping[str, Any]) -> Receipt:
    said = f"{fact['label']}{_in_full(fact)}: {_quoted(fact['how'])}; {_rows(fact['rows'])}; "
    known = f"; known {words.day(fact['as_of'])}" if fact["as_of"] else ""
    said += _place(fact) + known
    return Receipt(anchor("fact", name), fact["display"], said, fact["sources"])


def _rows(rows: Mapping[str, Sequence[str]]) -> str:
    """Name the rows where they are few, and count them where they are many."""
    parts = [
        f"{table} ({', '.join(ids)})" if len(ids) <= _FEW_ROWS else f"{len(ids)} rows of {table}"
        for table, ids in rows.items()
    ]
    return ", ".join(parts) or "no rows"


def _in_full(fact: Mapping[str, Any]) -> str:
    """Give the full value and its unit, where the display form rounds."""
    value = fact["value"]
    full = f"{value:.12g}" if isinstance(value, float) else str(value)
    if value is None or isinstance(value, bool | str) or full in fact["display"].replace(",", ""):
        return ""
    return f", in full {full} {fact['unit']}"


def _quoted(how: str) -> str:
    """Write the name of a parameter as words are quoted."""
    return re.sub(r"`([^`]+)`", r"“\1”", how)


def _place(record: Mapping[str, Any]) -> str:
    return f"{record['notebook'].removeprefix('notebooks/')}, cell {record['cell']}"
