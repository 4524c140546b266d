"""Check a table against its schema, its hash and its sources, and say in plain words what is wrong.

The checking is Frictionless's. A table that passed is not checked again until
its content, its schema or the list of sources changes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from armsbrief import data, paths
from armsbrief.errors import DataError
from armsbrief.spreadsheet import is_formula

_WORDS = {
    "type-error": "expected {type}",
    "constraint-error": "expected {constraint}",
    "primary-key": "expected an id used once ({note})",
    "unique-error": "expected a value used once ({note})",
    "foreign-key": "expected an id of the table {reference}",
    "missing-cell": "expected a cell for every column",
    "extra-cell": "expected no cell beyond the last column",
    "blank-row": "expected no empty row",
}
_CONSTRAINTS = {
    "required": "a value",
    "minimum": "at least {limit}",
    "maximum": "at most {limit}",
    "pattern": "text that matches {limit}",
    "enum": "one of: {limit}",
}
_TYPES = {
    "integer": "a whole number",
    "boolean": "true or false",
    "uri": "an address that begins with https://",
}
_SHAPE = ("blank-row", "missing-cell", "extra-cell")
_SHOWN = 20
# Python reads more as a number, such as 1_000 and digits of other scripts; other tools do not.
_PLAIN = re.compile(r"([-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?)?")
_LONGEST = 20_000  # letters in one line of a table
# They turn the direction of writing, or are seen by nobody.
_TURNING = frozenset("\u061c\u200b\u200e\u200f\u2028\u2029\u2060\ufeff") | frozenset(
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
)


def ensure_valid(name: str) -> None:
    """Raise unless the table is valid.

    Raises
    ------
    DataError
        Naming table, row, column, value and what was expected.
    """
    passed = _passed_marker(name)
    if passed.exists():
        return
    if problems := check_table(name):
        raise DataError(
            "\n  ".join([f"table {name!r} is not valid:", *problems[:_SHOWN]]),
            f"correct {data.resource(name)['path']} in data/, then: make brief",
        )
    passed.parent.mkdir(parents=True, exist_ok=True)
    temporary = passed.with_suffix(f".{os.getpid()}")
    temporary.write_text("valid\n")
    temporary.replace(passed)


def _passed_marker(name: str) -> Path:
    """Return the file whose existence says that exactly this content passed."""
    entry = data.resource(name)
    digest = hashlib.sha256(json.dumps(entry, sort_keys=True).encode())
    for path in sorted({entry["path"], data.resource("sources")["path"]}):
        digest.update(data.file_bytes(paths.DATA / path, name))
    return paths.CACHE / "valid" / f"{name}-{digest.hexdigest()[:32]}"


def check_table(name: str) -> list[str]:
    """Return what is wrong with one table, a line for each problem; empty if nothing is."""
    entry = data.resource(name)
    raw = data.file_bytes(paths.DATA / entry["path"], name)
    if problem := _check_hash(entry, raw) or _check_encoding(entry, raw):
        return [problem]
    if problems := _check_text(entry, raw):
        return problems
    return (
        _check_header(entry, raw)
        or _check_formulas(entry, raw)
        or _check_schema(entry)
        or _check_numbers(entry)
    )


def _check_hash(entry: dict[str, Any], raw: bytes) -> str | None:
    """A hash is declared for tables that no person edits; if there is one, it must hold."""
    found = "sha256:" + hashlib.sha256(raw).hexdigest()
    if entry.get("hash") in (None, found):
        return None
    return (
        f"{entry['name']}: the file has hash {found}, datapackage.json declares {entry['hash']}. "
        "This table is derived by code: restore it from version control, or derive it again"
    )


def _check_encoding(entry: dict[str, Any], raw: bytes) -> str | None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        value = raw[error.start : error.start + 1].hex()
        return f"{entry['name']}, row {row}: byte 0x{value} found; expected UTF-8 text"
    return None


def _check_text(entry: dict[str, Any], raw: bytes) -> list[str]:
    """Find what no reader could see, or could not see the end of.

    Control characters, and marks that turn the direction of writing, can make a
    cell look like another; a cell of many thousand letters belongs in no table.
    """
    text = raw.decode("utf-8")
    found = []
    for line, content in enumerate(text.split("\n"), start=1):
        for letter in sorted({c for c in content if _is_hidden(c)}):
            shown = f"U+{ord(letter):04X} ({unicodedata.name(letter, 'control character')})"
            found.append(f"{entry['name']}, line {line}: {shown} found; expected visible text")
        if len(content) > _LONGEST:
            found.append(f"{entry['name']}, line {line}: {len(content):,} letters found; expected "
                         f"at most {_LONGEST:,} in a line")  # fmt: skip
    return found


def _is_hidden(letter: str) -> bool:
    return letter in _TURNING or (unicodedata.category(letter) == "Cc" and letter not in "\t\r")


def _check_header(entry: dict[str, Any], raw: bytes) -> list[str]:
    """Compare the columns by name: a missing one would make nonsense of every cell after it."""
    found = next(csv.reader(io.StringIO(raw.decode("utf-8"))), [])
    wanted = [field["name"] for field in entry["schema"]["fields"]]
    where = f"{entry['name']}, row 1"
    problems = [f"{where}, column {name!r}: not found; expected a column of this name"
                for name in wanted if name not in found]  # fmt: skip
    problems += [f"{where}, column {name!r}: found; expected no column beyond the schema"
                 for name in found if name not in wanted]  # fmt: skip
    if not problems and found != wanted:
        problems = [f"{where}: columns {', '.join(found)} found; expected {', '.join(wanted)}"]
    return problems


def _check_formulas(entry: dict[str, Any], raw: bytes) -> list[str]:
    """Find text that a spreadsheet would run: tables are offered for download as they are."""
    rows = csv.DictReader(io.StringIO(raw.decode("utf-8")))
    types = {field["name"]: field["type"] for field in entry["schema"]["fields"]}
    return [
        f"{entry['name']}, row {rows.line_num}, column {column!r}: {cell!r} found; expected text "
        "that does not begin as a formula does, with = + - or @"
        for row in rows
        for column, cell in row.items()
        if types.get(column) == "string" and cell and is_formula(cell)
    ]


def _check_schema(entry: dict[str, Any]) -> list[str]:
    import frictionless  # takes a second to import, so only when there is something to check

    names = {entry["name"]}
    names |= {key["reference"]["resource"] for key in entry["schema"].get("foreignKeys", [])} - {""}
    resources = []
    for name in sorted(names):
        wanted = ("name", "path", "schema", "profile", "format", "mediatype", "encoding")
        described = data.resource(name)
        resources.append({key: described[key] for key in wanted if key in described})
    package = frictionless.Package.from_descriptor(
        {"name": "check", "resources": resources}, basepath=str(paths.DATA)
    )
    report = package.get_resource(entry["name"]).validate()
    errors = _telling([error for task in report.tasks for error in task.errors])
    messages = [_plain(entry, error) for error in errors]
    messages += [f"{entry['name']}: {error.message}" for error in report.errors]
    return messages


def _telling(errors: list[Any]) -> list[Any]:
    """Drop what only follows from another error.

    In a row with a cell too many or too few every cell after it is wrong; an
    id that is taken breaks uniqueness and primary key at once.
    """
    misshapen = {_row(error) for error in errors if error.type in _SHAPE}
    taken = {_row(error) for error in errors if error.type == "unique-error"}
    kept = [error for error in errors if error.type in _SHAPE or _row(error) not in misshapen]
    return [error for error in kept if error.type != "primary-key" or _row(error) not in taken]


def _row(error: Any) -> int | None:
    """Return the line of the file; None where an error is about the whole of it."""
    row: int | None = getattr(error, "row_number", None)
    return row


def _check_numbers(entry: dict[str, Any]) -> list[str]:
    """Find numbers that Table Schema allows and no count or sum of money can be.

    These are NaN and infinities anywhere, and a negative `value` in any unit
    but per cent, where it is a fall.
    """
    numeric = [f["name"] for f in entry["schema"]["fields"] if f["type"] in ("number", "integer")]
    found = []
    with (paths.DATA / entry["path"]).open(encoding="utf-8", newline="") as table:
        rows = csv.DictReader(table)
        for row in rows:
            for column in numeric:
                cell = row[column]
                number = float(cell or 0) if _PLAIN.fullmatch(cell) else math.nan
                may_fall = column != "value" or row.get("unit") == "percent"
                if not math.isfinite(number) or (number < 0 and not may_fall):
                    found.append(
                        f"{entry['name']}, row {rows.line_num}, column {column!r}: {cell!r} found; "
                        f"expected a finite number{'' if may_fall else ' of at least 0'}"
                    )
    return found


def _plain(entry: dict[str, Any], error: Any) -> str:
    """Turn one Frictionless error into a line that names row, column, value and expectation."""
    row = _row(error)
    column = getattr(error, "field_name", None)
    column = column or ", ".join(getattr(error, "field_names", None) or [])
    where = [entry["name"]]
    where += [f"row {row}"] if row else []
    where += [f"column {column!r}"] if column else []
    cell = _cell(error)
    value = f"{cell!r} found" if cell not in (None, "") else "nothing found"
    return f"{', '.join(where)}: {value}; {_expectation(entry, error, column)}"


def _cell(error: Any) -> str | None:
    """Return the cell that is wrong; for a row whose key is taken, its first."""
    cell: str | None = getattr(error, "cell", None)
    if cell is None and getattr(error, "field_cells", None):
        cell = ", ".join(error.field_cells)
    if cell is None and error.type == "primary-key":
        cell = error.cells[0]
    return cell


def _expectation(entry: dict[str, Any], error: Any, column: str | None) -> str:
    fields = {field["name"]: field for field in entry["schema"]["fields"]}
    field = fields.get(column or "", {})
    references = [key["reference"]["resource"] for key in entry["schema"].get("foreignKeys", [])]
    if error.type not in _WORDS:
        return f"expected what the schema says ({error.note})"
    return _WORDS[error.type].format(
        type=_type(field),
        constraint=_constraint(field, error),
        reference=" or ".join(references) or "itself",
        note=error.note,
    )


def _type(field: Mapping[str, Any]) -> str:
    """Say in words what kind of value a column takes."""
    kind = field.get("type", "value of another type")
    return _TYPES.get(field.get("format", "")) or _TYPES.get(kind) or f"a {kind}"


def _constraint(field: Mapping[str, Any], error: Any) -> str:
    """Say in words which constraint of a column a cell breaks."""
    for name, words in _CONSTRAINTS.items():
        if f'constraint "{name}"' in error.note:
            limit = field["constraints"][name]
            listed = ", ".join(map(str, limit)) if isinstance(limit, list) else limit
            return words.format(limit=listed)
    return f"what the schema says ({error.note})"
