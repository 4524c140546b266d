"""What can be corrupted, one thing at a time: every row of every table in seven ways, and more."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from armsbrief import data, paths

Row = dict[str, str]
_LABELS = ("place", "category", "metric", "tracker", "measure", "kind", "claim_id", "direction",
           "measured", "option", "actor", "what", "precedent", "country", "item", "title", "term",
           "name", "definition")  # fmt: skip
_DATES = ("about_start", "date_start", "month", "year", "due", "date", "published")
_NUMBERS = ("value", "number", "count", "population", "events", "deaths", "best", "resolution")
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
    known = sorted(read("sources"), key=lambda source: source["id"])
    other = next(source["id"] for source in known if source["id"] != row["source_id"])
    return row | {"source_id": other}


def _dropped(row: Row, rows: list[Row]) -> Row | None:
    return {}


KINDS: dict[str, Callable[[Row, list[Row]], Row | None]] = {
    "a value ten times as large": _tenfold,
    "the last digit one off": _last_digit,
    "another sign": _sign,
    "the row dropped": _dropped,
    "the label of another row": _label,
    "a date more than a year later": _date,
    "another source": _source,
}


def read(table: str) -> list[Row]:
    """Return the rows of a table as text."""
    path = paths.DATA / data.resource(table)["path"]
    with path.open(encoding="utf-8", newline="") as content:
        return list(csv.DictReader(content))


def possible(table: str) -> Iterator[Corruption]:
    """Yield every corruption that a table allows."""
    rows = read(table)
    key = next(iter(rows[0])) if rows else "id"
    for row in rows:
        for kind, change in KINDS.items():
            if change(row, rows) is not None:
                yield Corruption(table, row[key], kind)


def applied(corruption: Corruption) -> tuple[str, Row]:
    """Return the whole table with the corruption in it, as text, and the row as it was."""
    rows = read(corruption.table)
    key = next(iter(rows[0]))
    place = next(n for n, row in enumerate(rows) if row[key] == corruption.row)
    before, changed = rows[place], KINDS[corruption.kind](rows[place], rows)
    rows[place : place + 1] = [changed] if changed else []
    text = io.StringIO()
    writer = csv.DictWriter(text, list(before), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue(), before


def folder_with(table: str, text: str, folder: Path) -> Path:
    """Lay out a data folder in which this table is another and all else is linked."""
    for path in paths.DATA.rglob("*"):
        link = folder / path.relative_to(paths.DATA)
        if path.is_dir():
            link.mkdir(parents=True, exist_ok=True)
        elif not link.exists():
            link.symlink_to(path)
    target = folder / data.resource(table)["path"]
    target.unlink()
    target.write_text(text, encoding="utf-8")
    return folder


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
