"""What can be corrupted, one thing at a time: every row of every table in seven ways, and more."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from armsbrief import data, paths

Row = dict[str, str]
_LABELS = ("title", "place", "category", "metric", "tracker", "measure", "kind", "claim_id",
           "direction", "measured", "option", "actor", "what", "precedent", "country", "item",
           "term", "name", "definition")  # fmt: skip
_DATES = ("about_start", "date_start", "month", "year", "due", "date", "published")
_NUMBERS = ("value", "population", "events", "total_best", "us_pattern_rifles", "us_pattern_traced",
            "price_low", "price_high", "resolution")  # fmt: skip
_ANSWERS = {"true": "false", "false": "true"}
DROPPED = "the row dropped"
_SHIFT = 400  # days: into another year


@dataclass(frozen=True)
class Corruption:
    """One change of one row of one table.

    Parameters
    ----------
    table, row : str
        Which row, by its id.
    kind : str
        How it is corrupted; a key of `KINDS`.
    """

    table: str
    row: str
    kind: str

    @property
    def where(self) -> str:
        """Name it as a person would."""
        return f"{self.table}, {self.row}: {self.kind}"


def _numeric(row: Row) -> str | None:
    return next((column for column in _NUMBERS if _is_number(row.get(column, ""))), None)


def _is_number(text: str) -> bool:
    try:
        return text != "" and float(text) != 0
    except ValueError:
        return False


def _tenfold(row: Row, rows: list[Row]) -> Row | None:
    column = _numeric(row)
    return row | {column: f"{float(row[column]) * 10:.12g}"} if column else None


def _last_digit(row: Row, rows: list[Row]) -> Row | None:
    column = _numeric(row)
    if column is None or not row[column][-1].isdigit():
        return None
    last = int(row[column][-1])
    return row | {column: f"{row[column][:-1]}{last - 1 if last == 9 else last + 1}"}


def _sign(row: Row, rows: list[Row]) -> Row | None:
    column = _numeric(row)
    return row | {column: f"-{row[column]}"} if column else None


def _label(row: Row, rows: list[Row]) -> Row | None:
    """Give the row the label of another row, where there is another one."""
    for column in _LABELS:
        if row.get(column):
            others = [other[column] for other in rows if other.get(column)]
            start = others.index(row[column])
            found = (v for v in others[start:] + others[:start] if v != row[column])
            if other := next(found, None):
                return row | {column: other}
    return None


def _date(row: Row, rows: list[Row]) -> Row | None:
    column = next((c for c in _DATES if row.get(c)), None)
    return row | {column: _later(row[column])} if column else None


def _later(text: str) -> str:
    """Return the same day, month or year a good year later."""
    if len(text) == 4:
        return str(int(text) + 1)
    full = text if len(text) == 10 else f"{text}-01"
    return (date.fromisoformat(full) + timedelta(days=_SHIFT)).isoformat()[: len(text)]


def _source(row: Row, rows: list[Row]) -> Row | None:
    if not row.get("source_id"):
        return None
    known = sorted(_read("sources").places)
    other = next(source for source in known if source != row["source_id"])
    return row | {"source_id": other}


def _answer(row: Row, rows: list[Row]) -> Row | None:
    """Give another answer to one of the questions of yes or no: in each row to the next one."""
    asked = [column for column, cell in row.items() if cell in _ANSWERS]
    if not asked:
        return None
    column = asked[rows.index(row) % len(asked)]
    return row | {column: _ANSWERS[row[column]]}


def _dropped(row: Row, rows: list[Row]) -> Row | None:
    return {}


KINDS: dict[str, Callable[[Row, list[Row]], Row | None]] = {
    "a value ten times as large": _tenfold,
    "the last digit one off": _last_digit,
    "another sign": _sign,
    DROPPED: _dropped,
    "the label of another row": _label,
    "a date more than a year later": _date,
    "another source": _source,
    "a yes for a no": _answer,
}


def read(table: str) -> list[Row]:
    """Return the rows of a table as text."""
    return _read(table).rows


@dataclass(frozen=True)
class _Table:
    """A table as text: its head, its rows, their lines, and the place of each row by its id."""

    head: str
    rows: list[Row]
    lines: list[str]
    places: dict[str, int]


def _read(table: str) -> _Table:
    path = paths.DATA / data.resource(table)["path"]
    return _parsed(path, path.stat().st_mtime_ns)


@cache
def _parsed(path: Path, changed: int) -> _Table:
    with path.open(encoding="utf-8", newline="") as content:
        head, *cells = csv.reader(content)
    rows = [dict(zip(head, row, strict=True)) for row in cells]
    places = {row[0]: place for place, row in enumerate(cells)}
    return _Table(_line(head), rows, [_line(row) for row in cells], places)


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def possible(table: str) -> Iterator[Corruption]:
    """Yield every corruption that a table allows."""
    read = _read(table)
    for name, place in read.places.items():
        for kind, change in KINDS.items():
            if change(read.rows[place], read.rows) is not None:
                yield Corruption(table, name, kind)


def row_of(corruption: Corruption) -> Row:
    """Return the row as it is."""
    table = _read(corruption.table)
    return table.rows[table.places[corruption.row]]


def applied(chosen: Sequence[Corruption]) -> str:
    """Return a table with these corruptions of it, as text."""
    table = _read(chosen[0].table)
    lines = list(table.lines)
    for corruption in chosen:
        lines[table.places[corruption.row]] = _corrupted(table, corruption)
    return table.head + "".join(lines)


def _corrupted(table: _Table, corruption: Corruption) -> str:
    row = table.rows[table.places[corruption.row]]
    changed = KINDS[corruption.kind](row, table.rows)
    return _line(changed.values()) if changed else ""


class Linked:
    """The data, linked into a folder, where one table at a time may be another.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for path in paths.DATA.rglob("*"):
            link = folder / path.relative_to(paths.DATA)
            if path.is_dir():
                link.mkdir(parents=True, exist_ok=True)
            else:
                link.symlink_to(path)

    @contextmanager
    def holding(self, table: str, text: str) -> Iterator[None]:
        """Have this process find a table with this text, and all else as it is, for a while."""
        place = self._folder / data.resource(table)["path"]
        original = place.readlink()
        place.unlink()
        place.write_text(text, encoding="utf-8")
        try:
            with mock.patch.object(paths, "DATA", self._folder):
                yield
        finally:
            place.unlink()
            place.symlink_to(original)


def noted(
    ledger: dict[str, Any], kinds: Sequence[str] = ("facts", "charts", "tables")
) -> dict[str, set[str]]:
    """Return for each table the rows that a fact, a chart or a table of the ledger names."""
    used: dict[str, set[str]] = {}
    for kind in kinds:
        for record in ledger[kind].values():
            for table, rows in record["rows"].items():
                used.setdefault(table, set()).update(rows)
    return used
