"""Corrupted rows on trial: who would notice, found with as few runs of notebooks as will do.

Notebooks that name the row run first, and a run ends at the first record that is
another one. Where rows go unnoticed, many are corrupted at once: if nobody
notices, nobody would notice one of them. (Two that cancel out would be counted as
survivors, which errs on the safe side.)
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
_TOGETHER = 128  # rows corrupted at once, at most
_SPAN = 256  # corruptions that one process tries before it reports


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
        self._seconds: dict[Path, float] = {}
        self._last: dict[str, Path] = {}  # by table: the notebook that noticed last
        self._data: Linked | None = None
        for path in dict.fromkeys(p for paths in self._readers.values() for p in paths):
            self._record(path, found)
        self._listed = references.bibliography()

    def _record(self, path: Path, found: Published) -> None:
        start = time.perf_counter()
        self._before[path] = rerun.records(path, self._given[path])
        self._seconds[path] = time.perf_counter() - start
        if wrong := rerun.unlike_ledger(self._before[path], found.facts):
            raise ArmsbriefError(
                f"{path.name}: gives another {wrong[0]} than the ledger of this edition has.",
                f"armsbrief build --edition {found.ledger['edition']}",
            )

    def spans(self, chosen: Iterable[Corruption]) -> Iterator[tuple[Corruption, ...]]:
        """Sort corruptions by table, kind and whether something names the row."""
        alike: dict[tuple[str, str, bool], list[Corruption]] = {}
        for one in chosen:
            alike.setdefault((one.table, one.kind, self._is_named(one)), []).append(one)
        for group in alike.values():
            yield from (tuple(group[n : n + _SPAN]) for n in range(0, len(group), _SPAN))

    def _is_named(self, corruption: Corruption) -> bool:
        return corruption.row in self._named.get(corruption.table, ())

    def outcomes(self, span: Sequence[Corruption]) -> Iterator[Outcome]:
        """Say what becomes of each of these corruptions of different rows of one table.

        As many are tried at once as have gone unnoticed; one alone if somebody notices.
        """
        start, size = 0, 1 if self._is_named(span[0]) else _TOGETHER
        while start < len(span):
            chosen = span[start : start + size]
            caught = self._noticed(chosen)
            if caught and len(chosen) > 1:
                size = len(chosen) // 2
                continue
            yield from (self._outcome(corruption, caught) for corruption in chosen)
            start, size = start + len(chosen), 1 if caught else min(2 * size, _TOGETHER)

    def _outcome(self, corruption: Corruption, caught: str) -> Outcome:
        table, used = corruption.table, self._is_named(corruption)
        if not caught and corruption.row in self._in_receipts.get(table, ()):
            caught = IN_RECEIPT
        reason = "" if caught else self._reason(row_of(corruption), table, used)
        return Outcome(table, corruption.kind, corruption.where, caught, reason, used)

    def _noticed(self, chosen: Sequence[Corruption]) -> str:
        table = chosen[0].table
        whole, alone = applied(chosen)
        if data.resource(table).get("hash"):
            return HASH if self._problems(table, whole) else ""
        # The only rule between rows is that ids are unique, and no corruption changes an id.
        if alone.count("\n") > 1 and self._problems(table, alone):
            return SCHEMA
        with self._linked().holding(table, whole):
            if table == "sources" and references.bibliography() != self._listed:
                return LISTED
            for path in self._in_order(table, {corruption.row for corruption in chosen}):
                if moved := rerun.difference(path, self._given[path], self._before[path]):
                    self._last[table] = path
                    return moved
        return ""

    def _problems(self, table: str, text: str) -> list[str]:
        with self._linked().holding(table, text):
            return check_table(table)

    def _linked(self) -> Linked:
        """Return the data folder of this process, which is its own."""
        if self._data is None:
            self._folder = tempfile.TemporaryDirectory(prefix="armsbrief-")
            self._data = Linked(Path(self._folder.name))
        return self._data

    def _in_order(self, table: str, rows: set[str]) -> list[Path]:
        """Return the readers of a table: those that name the rows first, then the quick ones."""

        def order(path: Path) -> tuple[bool, bool, float]:
            records = self._before[path].values()
            names = any(not rows.isdisjoint(r.get("rows", {}).get(table, ()))
                        for r in records if isinstance(r.get("rows"), dict))  # fmt: skip
            return not names, path != self._last.get(table), self._seconds[path]

        return sorted(self._readers.get(table, []), key=order)

    def _reason(self, row: Row, table: str, used: bool) -> str:
        if row.get("published", "") > self._as_of:
            return "published after the knowledge date: no notebook sees the row"
        if not self._readers.get(table):
            return "no notebook reads the table"
        if not used:
            return "no fact, chart or table names the row, and no specification moved"
        return "the row is used, but nothing shown depends on what was changed, or it rounds away"


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
