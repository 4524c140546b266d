"""Corrupted rows on trial: who would notice, found with as few runs of notebooks as will do.

Each check, and each notebook, is asked about many corrupted rows at once: if it does
not notice, it would notice none of them. (Two that cancel out would be counted as
survivors, which errs on the safe side.) Notebooks that name the rows are asked
first, and a run ends at the first record that is another one.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from armsbrief import cache, data, execute, parameters, references
from armsbrief.errors import ArmsbriefError
from armsbrief.validation import check_table
from armsbrief.verify import rerun
from armsbrief.verify.corruptions import Corruption, Linked, Row, applied, noted, row_of
from armsbrief.verify.published import Published

HASH, SCHEMA, LISTED = "hash of the table", "schema of the table", "list of sources"
IN_RECEIPT = "shown: the row itself, in a receipt and its CSV"
_SPAN = 256  # corruptions that one process tries before it reports
Chosen = Sequence[Corruption]
Notices = Callable[[Chosen], str]


@dataclass(frozen=True)
class Outcome:
    """What became of one corruption.

    Parameters
    ----------
    group, kind, where : str
        The table or file, the way it was corrupted, and the place.
    caught_by : str
        What noticed it; empty if nothing did.
    reason : str
        Why nothing noticed it.
    used : bool
        Whether a fact, chart or table names the row.
    """

    group: str
    kind: str
    where: str
    caught_by: str
    reason: str = ""
    used: bool = True


class Trials:
    """What is known before a row is corrupted: who reads which table, and what they record.

    Parameters
    ----------
    found : Published
        The edition.
    tables : iterable of str
        The tables to be corrupted.

    Raises
    ------
    ArmsbriefError
        If the notebooks do not record what the edition's ledger has: then every
        corruption would seem to be noticed.
    """

    def __init__(self, found: Published, tables: Iterable[str]) -> None:
        self._as_of = found.ledger["parameters"]["as_of"]
        self._named = noted(found.ledger)
        self._in_receipts = noted(found.ledger, ["facts"])
        self._given, self._readers = _readers(found, set(tables))
        self._before: dict[Path, rerun.Records] = {}
        self._rows: dict[Path, dict[str, set[str]]] = {}
        self._seconds: dict[Path, float] = {}
        for path in dict.fromkeys(p for paths in self._readers.values() for p in paths):
            self._record(path, found)
        self._listed = references.bibliography()

    def _record(self, path: Path, found: Published) -> None:
        start = time.perf_counter()
        self._before[path] = rerun.records(path, self._given[path])
        self._rows[path] = rerun.rows_named(self._before[path])
        self._seconds[path] = time.perf_counter() - start
        if wrong := rerun.unlike_ledger(self._before[path], found.facts):
            raise ArmsbriefError(
                f"{path.name}: gives another {wrong[0]} than the ledger of this edition has.",
                f"armsbrief build --edition {found.ledger['edition']}",
            )

    def spans(self, chosen: Iterable[Corruption]) -> Iterator[tuple[Corruption, ...]]:
        """Sort corruptions by table, kind and what names the row."""
        alike: dict[tuple[str, str, bool, bool], list[Corruption]] = {}
        for one in chosen:
            key = (one.table, one.kind, self._is_named(one), self._is_in_receipt(one))
            alike.setdefault(key, []).append(one)
        for group in alike.values():
            yield from (tuple(group[n : n + _SPAN]) for n in range(0, len(group), _SPAN))

    def _is_named(self, corruption: Corruption) -> bool:
        return corruption.row in self._named.get(corruption.table, ())

    def _is_in_receipt(self, corruption: Corruption) -> bool:
        return corruption.row in self._in_receipts.get(corruption.table, ())

    def outcomes(self, span: Chosen) -> list[Outcome]:
        """Say what becomes of each of these corruptions of different rows of one table."""
        caught: dict[Corruption, str] = {}
        for notices, asked_about in self._checks(span):
            left = [one for one in asked_about if one not in caught]
            caught.update(_searched(left, notices))
        return [self._outcome(one, caught.get(one, "")) for one in span]

    def _checks(self, span: Chosen) -> Iterator[tuple[Notices, Chosen]]:
        """Yield who may notice, the cheap first, and the corruptions that they are asked about.

        Whoever sees a receipt sees its rows: whether notebooks that do not name them would
        notice as well need not be known.
        """
        table = span[0].table
        if data.resource(table).get("hash"):
            yield self._hash, span
            return
        yield self._schema, span
        if table == "sources":
            yield self._list_of_sources, span
        named = {path: [one for one in span if one.row in self._rows[path].get(table, ())]
                 for path in self._readers.get(table, [])}  # fmt: skip
        is_seen = self._is_in_receipt(span[0])
        for path in sorted(named, key=lambda path: (not named[path], self._seconds[path])):
            yield partial(self._notebook, path), named[path] if is_seen else span

    def _hash(self, chosen: Chosen) -> str:
        with self._corrupted(chosen):
            return HASH if check_table(chosen[0].table) else ""

    def _schema(self, chosen: Chosen) -> str:
        """Check the whole table: some columns may hold no value twice."""
        with self._corrupted(chosen):
            return SCHEMA if check_table(chosen[0].table) else ""

    def _list_of_sources(self, chosen: Chosen) -> str:
        with self._corrupted(chosen):
            return LISTED if references.bibliography() != self._listed else ""

    def _notebook(self, path: Path, chosen: Chosen) -> str:
        with self._corrupted(chosen):
            return rerun.difference(path, self._given[path], self._before[path])

    def _corrupted(self, chosen: Chosen) -> AbstractContextManager[None]:
        return self._linked.holding(chosen[0].table, applied(chosen))

    @cached_property
    def _linked(self) -> Linked:
        """The data folder of this process."""
        self._folder = tempfile.TemporaryDirectory(prefix="armsbrief-")
        return Linked(Path(self._folder.name))

    def _outcome(self, corruption: Corruption, caught: str) -> Outcome:
        table, used = corruption.table, self._is_named(corruption)
        if not caught and self._is_in_receipt(corruption):
            caught = IN_RECEIPT
        reason = "" if caught else self._reason(row_of(corruption), table, used)
        return Outcome(table, corruption.kind, corruption.where, caught, reason, used)

    def _reason(self, row: Row, table: str, used: bool) -> str:
        if row.get("published", "") > self._as_of:
            return "published after the knowledge date: no notebook sees the row"
        if not self._readers.get(table):
            return "no notebook reads the table"
        if not used:
            return "nothing names the row, and no specification moved"
        return "a chart or table names the row, and shows nothing of what was changed"


def _searched(chosen: Chosen, notices: Notices) -> Iterator[tuple[Corruption, str]]:
    """Yield the corruptions that are noticed: as many are tried at once as have gone unnoticed."""
    start, size = 0, len(chosen)
    while start < len(chosen):
        tried = chosen[start : start + size]
        caught = notices(tried)
        if caught and len(tried) > 1:
            size = len(tried) // 2
            continue
        if caught:
            yield tried[0], caught
        start, size = start + len(tried), 1 if caught else 2 * size


def _readers(
    found: Published, tables: set[str]
) -> tuple[dict[Path, Mapping[str, Any]], dict[str, list[Path]]]:
    """Return the parameters of each notebook, and the notebooks that read each of the tables."""
    declared = {path: parameters.declared(path) for path in rerun.notebooks()}
    given: dict[Path, Mapping[str, Any]] = {
        **parameters.assign(found.ledger["parameters"], declared)
    }
    readers: dict[str, list[Path]] = {}
    for path, values in given.items():
        for table in _tables_of(path, values) & tables:
            readers.setdefault(table, []).append(path)
    return given, readers


def _tables_of(path: Path, given: Mapping[str, Any]) -> set[str]:
    """Return what a notebook reads, as seen when it ran last; it runs now if it never did."""
    read = cache.tables_read(path, given)
    if read is None:
        with tempfile.TemporaryDirectory(prefix="armsbrief-") as private:
            execute.run_one(path, given, Path(private) / path.name)
        read = cache.tables_read(path, given)
    return read or set()
