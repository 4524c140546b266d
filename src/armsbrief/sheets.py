"""Read the tables that people keep, CSV or Excel, and write templates for them.

Every cell comes back as text, as a CSV file of ours would hold it. A formula
counts as the value that Excel last stored for it; nothing is ever evaluated.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from armsbrief.errors import DataError

_SIZE = 20 * 2**20  # bytes of a file that a person filled in
_UNPACKED = 200 * 2**20
_SEPARATORS = ",;\t"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # Excel's “Unicode text”
_OTHERS = {  # by what a file begins with
    b"\xd0\xcf\x11\xe0": "an Excel file of before 2007 (.xls)",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"<": "a web page",
}
_SAVE = "open it in Excel or LibreOffice, save it as .xlsx, and give that file"
_LIST = 255  # characters that Excel takes for a list of choices


@dataclass(frozen=True)
class Sheet:
    """Column names, and rows with the number that the person sees beside them."""

    columns: list[str]
    rows: list[tuple[int, list[str]]]
    problems: list[str]
    others: tuple[str, ...] = ()


def read(path: Path) -> Sheet:
    """Read a file of rows; the first row holds the names of the columns.

    Raises
    ------
    DataError
        If it is no file that we can read.
    """
    try:
        if path.stat().st_size > _SIZE:
            raise DataError(
                f"{path.name}: {path.stat().st_size:,} bytes; expected at most {_SIZE:,}"
            )
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}; expected a CSV or Excel (.xlsx) file",
            f"ls {path.parent}  (shows what is there)",
        ) from error
    _require_table(path.name, content)
    excel = content.startswith(b"PK\x03\x04")
    found = _read_excel(path) if excel else _read_csv(path.name, content)
    if not found.rows and not found.problems:
        others = f" in its first sheet (there are also: {', '.join(found.others)})" * bool(
            found.others
        )
        raise DataError(
            f"{path.name}: no rows under the names of the columns{others}; expected some",
            "put the rows into the first sheet, the names of the columns above them",
        )
    return found


def _require_table(name: str, content: bytes) -> None:
    for start, what in _OTHERS.items():
        if content.lstrip().startswith(start):
            raise DataError(f"{name} is {what}; expected a CSV or Excel (.xlsx) file", _SAVE)


def _read_csv(name: str, content: bytes) -> Sheet:
    try:
        text = content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{name}, row {row}: a character that is not UTF-8; expected a CSV file in UTF-8",
            "in Excel: save as “CSV UTF-8”, or save as .xlsx and use that file",
        ) from error
    if "\0" in text:
        raise DataError(f"{name}: no text; expected a CSV or Excel (.xlsx) file", _SAVE)
    first = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    lines = [
        [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator)
    ]
    if first.strip() == f"sep={separator}":  # Excel writes it for itself
        lines[0] = []
    return _sheet(list(enumerate(lines, start=1)), [])


def _read_excel(path: Path) -> Sheet:
    import openpyxl  # slow to import, and only needed here

    try:
        with zipfile.ZipFile(path) as parts:
            if sum(part.file_size for part in parts.infolist()) > _UNPACKED:
                raise DataError(f"{path.name}: unpacks to more than {_UNPACKED:,} bytes")
        books = [openpyxl.load_workbook(path, data_only=values) for values in (False, True)]
        written, stored = (book.worksheets[0] for book in books)
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError) as error:
        raise DataError(
            f"{path.name} is no Excel file that can be read ({error})", _SAVE
        ) from error
    problems: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    for row in written.iter_rows():
        cells = []
        for cell in row:
            value = stored[cell.coordinate].value
            if cell.data_type == "f" and value is None:
                problems.append(
                    f"cell {cell.coordinate}: a formula without a stored value; expected a value "
                    "(in Excel: copy, then paste as values)"
                )
            cells.append(_text(value))
        rows.append((len(rows) + 1, cells))
    return replace(_sheet(rows, problems), others=tuple(books[0].sheetnames[1:]))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _sheet(lines: Sequence[tuple[int, list[str]]], problems: list[str]) -> Sheet:
    filled = [(number, cells) for number, cells in lines if any(cells)]
    if not filled:
        return Sheet([], [], problems)
    columns = filled[0][1]
    while columns and not columns[-1]:
        columns.pop()
    rows = []
    for number, cells in filled[1:]:
        if any(cells[len(columns) :]):
            problems.append(
                f"row {number}: more cells than the {len(columns)} columns have names; "
                "expected a name in row 1 for each"
            )
        padded = cells + [""] * len(columns)
        rows.append((number, padded[: len(columns)]))
    return Sheet(columns, rows, problems)


def write_template(path: Path, fields: Sequence[Mapping[str, Any]], title: str) -> None:
    """Write an empty table: for Excel with lists of choices and a sheet that explains them.

    Parameters
    ----------
    path : pathlib.Path
        Ends in .csv or .xlsx.
    fields : sequence of mapping
        Fields as in a Table Schema.
    title : str
        What the table holds.
    """
    names = [field["name"] for field in fields]
    if path.suffix.lower() == ".csv":
        path.write_text(",".join(names) + "\n", encoding="utf-8-sig")
        return
    import openpyxl
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "rows"
    sheet.append(names)
    for number, field in enumerate(fields, start=1):
        letter = get_column_letter(number)
        sheet[f"{letter}1"].font = Font(bold=True)
        sheet.column_dimensions[letter].width = max(12, len(field["name"]) + 2)
        choices = ",".join(map(str, field.get("constraints", {}).get("enum", [])))
        if choices and len(choices) < _LIST and '"' not in choices:
            listed = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True)
            sheet.add_data_validation(listed)
            listed.add(f"{letter}2:{letter}1000")
    sheet.freeze_panes = "A2"
    explained = book.create_sheet("explanations")
    explained.append([title])
    explained.append(["column", "what", "kind", "needed", "allowed"])
    for field in fields:
        explained.append(_explained(field))
    book.save(path)


def _explained(field: Mapping[str, Any]) -> list[str]:
    limits = field.get("constraints", {})
    what = ". ".join(filter(None, (field.get("title"), field.get("description"))))
    kind = {"date": "date, as YYYY-MM-DD", "boolean": "true or false"}.get(
        field["type"], field["type"]
    )
    allowed = ", ".join(map(str, limits.get("enum", []))) or str(limits.get("minimum", ""))
    return [field["name"], what, kind, "yes" if limits.get("required") else "no", allowed]
