"""How a value with a unit is written: the single place where numbers become text."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from armsbrief.errors import NotebookError

Value = int | float | str | bool | None

NOT_KNOWN = "not known"


def rounded(value: int | float, digits: int) -> str:
    """Write a number with a fixed number of decimals, thousands separated.

    Halves are rounded away from zero on the decimal form, as a reader does by
    hand, not on the binary one.
    """
    step = Decimal(1).scaleb(-digits)
    nearest = Decimal(repr(value)).quantize(step, rounding=ROUND_HALF_UP)
    return f"{nearest + 0:,}".replace("-", "−")  # + 0: nought has no sign


def _date(value: str) -> str:
    day = date.fromisoformat(value)
    return f"{day.day} {day:%B %Y}"


def _month(value: str) -> str:
    return f"{date.fromisoformat(value + '-01'):%B %Y}"


_NUMBERS: dict[str, str] = {
    "USD bn": "${} billion",
    "USD m": "${} million",
    "USD": "${}",
    "EUR": "€{}",
    "EUR m": "€{} million",
    "percent": "{}%",
    "km": "{} km",
}
_TEXTS: dict[str, Callable[[str], str]] = {"date": _date, "month": _month, "text": str}


def display(value: Value, unit: str, digits: int) -> str:
    """Write a value as the reader sees it.

    Parameters
    ----------
    value : int, float, str, bool or None
        None is written as 'not known'.
    unit : str
        Units of money, per cent, distance, dates and text have a form of their
        own; all others show the number alone.
    digits : int
        Decimals shown.

    Raises
    ------
    NotebookError
        If the number is not finite.
    """
    if value is None:
        return NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _TEXTS.get(unit, str)(value)
    if unit == "year":
        return str(value)
    if not math.isfinite(value):
        raise NotebookError(f"{value!r} {unit} cannot be shown: the number is not finite.")
    text = rounded(value, digits)
    sign = "−" if text.startswith("−") else ""
    return sign + _NUMBERS.get(unit, "{}").format(text.removeprefix("−"))
