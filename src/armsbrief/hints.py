"""What a person probably meant by a cell, or by a row, that a table does not take."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from itertools import groupby
from typing import Any

_DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
         "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%d-%b-%Y", "%d-%b-%y")  # fmt: skip
_SERIAL = re.compile(r"[2-6]\d{4}")  # 1954 to 2091, as Excel counts days
_EXCEL = date(1899, 12, 30)
_TRUTH = {"yes": "true", "y": "true", "1": "true", "no": "false", "n": "false", "0": "false"}
_NO_DIGITS = re.compile(r"[\s'’%$€£]|^(PKR|Rs|USD)\.?", re.IGNORECASE)
_THOUSANDS = re.compile(r"-?\d{1,3}([,.]\d{3})+")
_NOTHING = re.compile(r"(row \d+), column '(\w+)': nothing found; expected a value")
_PROBLEM = re.compile(r"(row \d+), column '(\w+)': '(.*)' found; expected")
_MANY = 4  # so many empty cells, and the row is probably none


def western(text: str) -> str:
    """Return a text with the digits of any script as 0 to 9."""
    return "".join(str(int(letter)) if letter.isdecimal() else letter for letter in text)


def days_meant(text: str) -> list[str]:
    """Return the days that a text may stand for, as YYYY-MM-DD."""
    found = []
    for pattern in _DAYS:
        with suppress(ValueError):
            found.append(datetime.strptime(text, pattern).date().isoformat())
    if _SERIAL.fullmatch(text):
        found.append((_EXCEL + timedelta(days=int(text))).isoformat())
    return sorted(set(found), reverse=True)


def number_meant(text: str) -> list[str]:
    """Return the number that a text probably stands for, in digits alone."""
    bare = _NO_DIGITS.sub("", text)
    if _THOUSANDS.fullmatch(bare):
        return [re.sub("[,.]", "", bare)]
    if re.fullmatch(r"-?\d+[.,]0+", bare):
        return [re.split("[.,]", bare)[0]]
    bare = bare.replace(",", ".")
    return [bare] if re.fullmatch(r"-?\d+(\.\d+)?", bare) and bare != text else []


def with_hint(problem: str, fields: Mapping[str, Mapping[str, Any]]) -> str:
    """Add to a problem how the cell is written, and what was probably meant."""
    found = _PROBLEM.match(problem)
    if not found or found[2] not in fields:
        return problem
    field, cell = fields[found[2]], found[3]
    if field["type"] == "date" and "expected a date" in problem:
        problem += ", written as 2026-11-25"
    if meant := _meant(field, cell):
        problem += f". Did you mean {' or '.join(map(repr, meant))}?"
    return problem


def _meant(field: Mapping[str, Any], cell: str) -> list[str]:
    if allowed := [str(word) for word in field.get("constraints", {}).get("enum", [])]:
        return get_close_matches(cell, allowed, 1)
    if field["type"] == "date":
        return days_meant(cell)
    if field["type"] == "boolean":
        return [_TRUTH[cell.lower()]] if cell.lower() in _TRUTH else []
    return number_meant(cell) if field["type"] in ("integer", "number") else []


def gathered(problems: Sequence[str]) -> list[str]:
    """Say in one line of a row all in which nothing stands; it may be no row of figures at all."""
    said: list[str] = []
    for row, group in groupby(problems, lambda text: (_NOTHING.fullmatch(text) or text)[1]):
        lines = list(group)
        columns = [found[2] for line in lines if (found := _NOTHING.fullmatch(line))]
        if len(columns) < 2:
            said += lines
            continue
        line = f"{row}: nothing found in {', '.join(columns)}; expected a value in each"
        if len(columns) >= _MANY:
            line += ". If it is a total or a remark, delete the row"
        said.append(line)
    return said
