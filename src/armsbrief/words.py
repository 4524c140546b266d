"""The words for verdicts and choices: one place, for page, PDF and terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from armsbrief import failures, units
from armsbrief.rules import Verdict

VERDICT: dict[Verdict, str] = {
    "supported": "Supported",
    "supported-with-correction": "Supported, with a correction",
    "partly-supported": "Supported in part",
    "not-supported": "Not supported as worded",
    "cannot-be-verified": "Cannot be verified",
}
GRADE = {
    "primary": ("primary text", "primary texts"),
    "issuer-summary": ("issuer’s own page", "issuers’ own pages"),
    "quoting-outlet": ("outlet quoting the primary text", "outlets quoting the primary text"),
    "anonymous-source": ("outlet on unnamed sources", "outlets on unnamed sources"),
    "op-ed": ("the op-ed itself", "the op-ed itself"),
}
_OTHERWISE = (
    "Some claims of this edition read otherwise when it was published: data of an earlier date "
    "came later, and are in it. What it said then is kept on the page of changes of the newest."
)
_COMPLETE = ("USD bn", "USD m", "USD", "EUR", "EUR m", "percent", "km", "year", "date", "text")


def otherwise(book: Mapping[str, Any]) -> str:
    """Warn of an edition that was built again and is not what was published; empty if it is."""
    return _OTHERWISE if book.get("said_otherwise") else ""


def edition_line(book: Mapping[str, Any]) -> str:
    """Name the edition on paper, with that warning."""
    return " ".join(filter(None, (f"Edition {book['edition']}", otherwise(book))))


def robustness(claim: Mapping[str, Any]) -> str:
    """Say under how many specifications the verdict holds, and name those under which it fails."""
    found = claim["robustness"]
    if found is None:
        return "The verdict rests on one reading only: no other specification is defensible."
    if found["of"] == 1:
        return "There is one defensible way to compute it."
    text = f"This holds in {found['holds']} of {found['of']} defensible ways to compute it."
    if found["holds"] == found["of"]:
        return text
    return f"{text} It fails {failures.in_words(claim['specifications'], claim['dimensions'])}."


def asked(claim: Mapping[str, Any]) -> str:
    """Say whose claim it is."""
    return "Put to the test by us" if claim["own"] else "The op-ed says"


def how_sure(claim: Mapping[str, Any]) -> str:
    """Say on paper how sure a finding is, up to the receipt of its rule."""
    return f"{robustness(claim)} {break_even(claim, named=False)} The rule: "


def break_even(claim: Mapping[str, Any], named: bool = True) -> str:
    """Say where the verdict would flip; on paper its receipt says which value it is."""
    found = claim["break_even"]
    if found is None:
        return "No single number decides this claim, so there is no break-even point."
    what = f", {found['of']}," if named else ""
    today = f"Today’s value{what} is {_number(found['today'], found['unit'])}."
    if not found["today"]:
        return f"{today} Nought cannot be scaled; any other value is judged anew."
    flips = [
        f"{side} {_number(found[side]['value'], found['unit'])} the verdict would be "
        f"“{VERDICT[found[side]['verdict']].lower()}”"
        for side in ("below", "above")
        if found[side]
    ]
    said = " and ".join(flips) or "nothing within a hundredfold would change the verdict"
    return f"{today} {said[0].upper()}{said[1:]}."


def _number(value: float, unit: str) -> str:
    """Write a threshold with enough decimals to tell it from its neighbours."""
    whole = value == int(value) and unit not in (*_COMPLETE, "ratio")
    digits = 0 if whole or abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    return units.display(value, unit, digits)


def freshness(claim: Mapping[str, Any]) -> str:
    """Say when the data last changed, when the next are due, and when anybody last looked."""
    known = f"Data published up to {day(claim['as_of'])}"
    if claim["next_due"] is None:
        text = f"{known}; no regular update is expected."
    elif claim["stale"]:
        due = day(claim["next_due"])
        text = f"{known}; the series longest overdue was due by {due}."
    else:
        text = f"{known}; the next are due by {day(claim['next_due'])}."
    return f"{text} {_checked(claim['last_checked'])}".rstrip()


def _checked(check: Mapping[str, Any] | None) -> str:
    """Say that the sources were asked; that is not the same as that they had news."""
    if check is None:
        return ""
    if check["newer"]:
        return (f"Last checked on {day(check['on'])}: something newer is there and not yet in this "
                f"brief ({', '.join(check['newer'])}).")  # fmt: skip
    return f"Last checked on {day(check['on'])}: its fetched sources had nothing newer."


def graded(ids: Sequence[str], known: Mapping[str, Mapping[str, str]]) -> str:
    """Count sources by how near they are to the primary text."""
    grades = Counter(known[source]["grade"] for source in ids)
    parts = [f"{grades[g]} {GRADE[g][grades[g] > 1]}" for g in GRADE if g in grades]
    return f"{len(ids)} source{'s' if len(ids) > 1 else ''} ({', '.join(parts)})"


def estimate(claim: Mapping[str, Any]) -> str:
    """Write our value so that it can stand alone, with its unit."""
    shown, unit = claim["estimate_display"], claim["unit"]
    if shown is None:
        return "—"
    if claim["estimate"] is None or isinstance(claim["estimate"], bool | str):
        return str(shown)
    return with_unit(shown, unit)


def with_unit(shown: str, unit: str | None) -> str:
    """Add the unit to a displayed number whose form does not say it."""
    if unit is None or unit in _COMPLETE:
        return shown
    return f"×{shown}" if unit == "ratio" else f"{shown} {unit}"


def day(text: str | None) -> str:
    """Write a date as the reader sees it."""
    return units.display(text, "date", 0)


def in_short(claims: Collection[Mapping[str, Any]]) -> str:
    """Say what the brief finds, for whoever sees no more than a card."""
    count = Counter(claim["verdict"] for claim in claims)
    found = "; ".join(f"{count[v]} {said.lower()}" for v, said in VERDICT.items() if count[v])
    return f"{len(claims)} claims on the weapons, checked: {found}."
