"""The words for verdicts and choices: one place, for page, PDF and terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from armsbrief import units
from armsbrief.rules import Verdict

VERDICT: dict[Verdict, str] = {
    "supported": "Supported",
    "supported-with-correction": "Supported, with a correction",
    "partly-supported": "Supported in part",
    "not-supported": "Not supported as worded",
    "cannot-be-verified": "Cannot be verified",
}
GRADE = {
    "primary": "primary texts",
    "issuer-summary": "issuers’ own pages",
    "quoting-outlet": "outlets quoting the primary text",
    "anonymous-source": "outlets on unnamed sources",
    "op-ed": "the op-ed itself",
}
_NAMED = 8


def robustness(claim: Mapping[str, Any]) -> str:
    """Say under how many specifications the verdict holds, and name those under which it fails."""
    found = claim["robustness"]
    if found is None:
        return "The verdict rests on one reading only: no other specification is defensible."
    text = f"This holds in {found['holds']} of {found['of']} defensible ways to compute it."
    failing = [row for row in claim["specifications"] if not row["holds"]]
    if not failing:
        return text
    named = "; ".join(_named(row) for row in failing[:_NAMED])
    more = len(failing) - _NAMED
    return f"{text} It fails with: {named}" + (f"; and {more} more." if more > 0 else ".")


def _named(row: Mapping[str, Any]) -> str:
    choices = [str(value) for key, value in row.items() if key not in ("estimate", "holds")]
    return ", ".join(choices)


def break_even(claim: Mapping[str, Any]) -> str:
    """Say where the verdict would flip."""
    found = claim["break_even"]
    if found is None:
        return "No single number decides this claim, so there is no break-even point."
    today = _number(found["today"], found["unit"])
    flips = [
        f"{side} {_number(found[side]['value'], found['unit'])} it would be "
        f"“{VERDICT[found[side]['verdict']].lower()}”"
        for side in ("below", "above")
        if found[side]
    ]
    if not flips:
        return f"Today’s value is {today}. Nothing within a hundredfold would change the verdict."
    return f"Today’s value is {today}; {' and '.join(flips)}."


def _number(value: float, unit: str) -> str:
    """Write a threshold with enough decimals to tell it from its neighbours."""
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    return units.display(value, unit, digits)


def day(text: str | None) -> str:
    """Write a date as the reader sees it."""
    return units.display(text, "date", 0)
