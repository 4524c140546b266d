"""Check a table against its schema, its hash and its sources, and say in plain words what is wrong.

The checking is Frictionless's. A table that passed is not checked again until
its content, its schema or the list of sources changes.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from armsbrief import data, paths
from armsbrief.errors import DataError

_WORDS = {
    "type-error": "expected {type}",
    "constraint-error": "expected {constraint}",
    "primary-key": "expected an id used once",
    "unique-error": "expected a value used once",
    "foreign-key": "expected an id of the table {reference}",
    "missing-label": "expected a column of this name",
    "incorrect-label": "expected the columns of the schema in their order",
    "extra-label": "expected no column beyond the schema",
    "missing-cell": "expected a cell for every column",
    "extra-cell": "expected no cell beyond the last column",
    "blank-row": "expected no empty row",
}
_SHOWN = 20


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
        digest.update(_bytes(paths.DATA / path, name))
    return paths.CACHE / "valid" / f"{name}-{digest.hexdigest()[:32]}"


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"table {name!r}: {path.name} cannot be read: {error.strerror}.") from error


def check_table(name: str) -> list[str]:
    """Return what is wrong with one table, a line for each problem; empty if nothing is."""
    entry = data.resource(name)
    raw = _bytes(paths.DATA / entry["path"], name)
    if problem := _check_hash(entry, raw) or _check_encoding(entry, raw):
        return [problem]
    return _check_schema(entry)


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
    messages = [_plain(entry, error) for task in report.tasks for error in task.errors]
    return messages + [f"{entry['name']}: {error.message}" for error in report.errors]


def _plain(entry: dict[str, Any], error: Any) -> str:
    """Turn one Frictionless error into a line that names row, column, value and expectation."""
    row = getattr(error, "row_number", None)
    column = getattr(error, "field_name", None) or getattr(error, "label", None)
    column = column or ", ".join(getattr(error, "field_names", None) or [])
    cells = getattr(error, "cells", None)
    cell = getattr(error, "cell", None)
    if cell is None and getattr(error, "field_cells", None):
        cell = ", ".join(error.field_cells)
    where = [entry["name"]]
    where += [f"row {row}"] if row else []
    where += [f"column {column!r}"] if column else []
    if cell is None and cells and error.type == "primary-key":
        cell = cells[0]
    value = f"{cell!r} found; " if cell not in (None, "") else "nothing found; "
    return f"{', '.join(where)}: {value}{_expectation(entry, error, column)} ({error.note})"


def _expectation(entry: dict[str, Any], error: Any, column: str | None) -> str:
    fields = {field["name"]: field for field in entry["schema"]["fields"]}
    field = fields.get(column or "", {})
    constraints = {k: v for k, v in field.get("constraints", {}).items() if k != "required"}
    references = [key["reference"]["resource"] for key in entry["schema"].get("foreignKeys", [])]
    template = _WORDS.get(error.type, "expected what the schema says")
    return template.format(
        type=f"{field.get('type', 'another type')}",
        constraint=json.dumps(constraints, ensure_ascii=False) if constraints else "a value",
        reference=" or ".join(references) or "itself",
    )
