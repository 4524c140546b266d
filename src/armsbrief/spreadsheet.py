"""Cells that a spreadsheet shows and does not run."""

from __future__ import annotations

import re
from typing import Any

_BEGIN = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?([eE][-+]?\d+)?%?")
# Months before and after a break, such as -12:-1|1:12: they name no function and no program.
_WINDOW = re.compile(r"-?\d+:-?\d+(\|-?\d+:-?\d+)*")


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet may run a cell with this text."""
    if not text.startswith(_BEGIN):
        return False
    return not (_NUMBER.fullmatch(text) or _WINDOW.fullmatch(text))


def harmless(value: Any) -> Any:
    """Return a cell; a text that a spreadsheet would take for a formula gets an apostrophe."""
    return f"'{value}" if isinstance(value, str) and is_formula(value) else value
