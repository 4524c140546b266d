"""Which rows of the tables are new, revised or gone between two states of the data.

A row is revised if its id has other content, or if another row says something
new of the same thing: a restated month is a revision, not a new month.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = Mapping[str, str]
KINDS = ("new rows", "revised rows", "removed rows")

_NAMING = ("string", "date", "year", "yearmonth")
_PROVENANCE = ("id", "published", "published_basis", "source_id", "also", "status", "note",
               "qualifier")  # fmt: skip
_REGISTER = "sources"  # only what rows refer to: it is never the cause of anything


@dataclass(frozen=True)
class Table:
    """The rows of a table that are seen on a day, by id; and its fields with their types."""

    fields: Mapping[str, str]
    rows: Mapping[str, Row]

    def key(self, row: Row) -> tuple[str, ...]:
        """Return what a row is about: all that names it, without the figures and their source."""
        return tuple(
            row[name]
            for name, kind in self.fields.items()
            if (kind in _NAMING or name == "year") and name not in _PROVENANCE
        )


@dataclass(frozen=True)
class RowChanges:
    """Rows by kind of change and table; each with the row before and the row after."""

    found: dict[str, dict[str, dict[str, tuple[Row | None, Row | None]]]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )

    def kinds(self) -> list[str]:
        """Return the kinds of change that there are."""
        return [kind for kind in KINDS if self.found[kind]]

    def add(self, kind: str, table: str, row_id: str, before: Row | None, after: Row | None
            ) -> None:  # fmt: skip
        """Note a change."""
        self.found[kind].setdefault(table, {})[row_id] = (before, after)


def read_tables(data: Path, as_of: str) -> dict[str, Table]:
    """Read all tables of a data package as they were seen on a day."""
    tables = {}
    for entry in _package(data)["resources"]:
        schema = json.loads((data / entry["schema"]).read_text("utf-8"))
        fields = {item["name"]: item["type"] for item in schema["fields"]}
        with (data / entry["path"]).open(encoding="utf-8", newline="") as content:
            rows = {
                row["id"]: row
                for row in csv.DictReader(content)
                if "published" not in fields or row["published"] <= as_of
            }
        tables[entry["name"]] = Table(fields, rows)
    return tables


def compare(before: Mapping[str, Table], after: Mapping[str, Table]) -> RowChanges:
    """Return what changed in the rows, table by table.

    Parameters
    ----------
    before, after : mapping of str to Table
        Tables by name, as `read_tables` gives them.
    """
    changes = RowChanges()
    for name in sorted({*before, *after} - {_REGISTER}):
        empty = Table({}, {})
        _compare(changes, name, before.get(name, empty), after.get(name, empty))
    return changes


def _compare(changes: RowChanges, name: str, before: Table, after: Table) -> None:
    known = {before.key(row): row for row in before.rows.values()}
    for row_id, row in after.rows.items():
        was = before.rows.get(row_id)
        if was == row:
            continue
        earlier = was or known.get(after.key(row))
        changes.add("revised rows" if earlier else "new rows", name, row_id, earlier, row)
    for row_id, row in before.rows.items():
        if row_id not in after.rows:
            changes.add("removed rows", name, row_id, row, None)


def write_mixed(
    into: Path,
    before: Path,
    after: Path,
    seen: Mapping[str, Table],
    changes: RowChanges,
    kinds: Collection[str],
) -> None:
    """Write a data package with the rows seen before and only some kinds of change.

    Parameters
    ----------
    into : pathlib.Path
        Folder to be made.
    before, after : pathlib.Path
        The two data packages; the later one's schemas are used.
    seen : mapping of str to Table
        The tables as they were seen before.
    changes : RowChanges
        What changed.
    kinds : collection of str
        The kinds of change to take over.
    """
    for folder in (before, after):
        shutil.copytree(folder / "schemas", into / "schemas", dirs_exist_ok=True)
        shutil.copytree(folder / "tables", into / "tables", dirs_exist_ok=True)
    package = _package(after)
    names = {entry["name"] for entry in package["resources"]}
    package["resources"] += [e for e in _package(before)["resources"] if e["name"] not in names]
    for entry in package["resources"]:
        name = entry["name"]
        if name == _REGISTER:
            _union(into / entry["path"], before / entry["path"], after / entry["path"])
        elif name in seen:
            rows = dict(seen[name].rows)
            for kind in kinds:
                rows |= {key: row for key, (_, row) in changes.found[kind].get(name, {}).items()
                         if row is not None}  # fmt: skip
            if "removed rows" in kinds:
                for row_id in changes.found["removed rows"].get(name, {}):
                    del rows[row_id]
            _write(into / entry["path"], into / entry["schema"], rows)
        entry.pop("hash", None)  # the mixture is nobody's table
        entry.pop("bytes", None)
    (into / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")


def _write(path: Path, schema: Path, rows: Mapping[str, Row]) -> None:
    fields = [item["name"] for item in json.loads(schema.read_text("utf-8"))["fields"]]
    text = io.StringIO()
    writer = csv.DictWriter(text, fields, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.values())
    path.write_text(text.getvalue(), encoding="utf-8")


def _union(path: Path, before: Path, after: Path) -> None:
    rows: dict[str, Row] = {}
    fields: list[str] = []
    for source in (before, after):
        with source.open(encoding="utf-8", newline="") as content:
            reader = csv.DictReader(content)
            fields = list(reader.fieldnames or [])
            rows |= {row["id"]: row for row in reader}
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fields, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())


def _package(data: Path) -> dict[str, Any]:
    package: dict[str, Any] = json.loads((data / "datapackage.json").read_text("utf-8"))
    return package
