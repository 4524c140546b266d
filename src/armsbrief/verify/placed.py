"""What may stand in the PDF in one place only: the head of a finding, how sure it is, verdicts.

Words of one claim are wrong behind another, though they are words of the ledger.
So they are looked for with what tells whose they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from armsbrief import words
from armsbrief.rules import Verdict
from armsbrief.verify.cover import Cover, is_long, joined

SIGN: dict[Verdict, str] = {
    "supported": "●", "supported-with-correction": "◐", "partly-supported": "◒",
    "not-supported": "○", "cannot-be-verified": "?",
}  # fmt: skip  # as the style sheet for print sets them
_BY_WORDS = {joined(said): verdict for verdict, said in words.VERDICT.items()}
# The longest first, for one is how another begins; between words a line may break.
_ANY = "|".join(said.replace(" ", r"\s*") for said in sorted(words.VERDICT.values(), reverse=True))
SHOWN = re.compile(rf"(?P<sign>[{''.join(SIGN.values())}]\s*)?(?P<said>{_ANY})")

Claims = Mapping[str, Mapping[str, Any]]


def heads(claims: Claims) -> dict[str, str]:
    """Return how the finding of each claim begins; what it says tells whose head it is."""
    found = {}
    for name, claim in claims.items():
        overdue = f"Data overdue. {words.freshness(claim)}" if claim["stale"] else ""
        found[name] = (f"{words.VERDICT[claim['verdict']]} {words.asked(claim)}: {claim['says']} "
                       f"We find: {claim['sentence']} {overdue}")  # fmt: skip
    return found


def how_sure(claims: Claims) -> dict[str, str]:
    """Return the words on how sure each finding is; behind them stands the mark of its receipt."""
    return {name: f"{words.how_sure(claim)}receipt" for name, claim in claims.items()}


def apart(claims: Claims) -> Iterator[str]:
    """Yield what may not stand in the PDF by itself."""
    for claim in claims.values():
        yield from (words.robustness(claim), words.break_even(claim), words.how_sure(claim))
        yield words.break_even(claim, named=False)
        if claim["stale"]:
            yield from (words.freshness(claim), f"Data overdue. {words.freshness(claim)}")


def verdict(shown: re.Match[str]) -> Verdict:
    """Return the verdict that a match of `SHOWN` says in words."""
    return _BY_WORDS[joined(shown["said"])]


def telling(texts: Iterable[str]) -> frozenset[str]:
    """Return, joined, those that name a verdict and say enough to tell what it is of."""
    found = {joined(text) for text in texts}
    return frozenset(t for t in found if SHOWN.search(t) and is_long(SHOWN.sub("", t)))


def wrong_verdicts(text: str, known: Iterable[str]) -> Iterator[str]:
    """Yield each verdict that is not the one of its place.

    Parameters
    ----------
    text : str
        The text of the PDF, joined.
    known : iterable of str
        As `telling` returns it.
    """
    for shown in SHOWN.finditer(text):
        if shown["sign"] and shown["sign"] != SIGN[verdict(shown)]:
            yield f"brief.pdf: {shown['sign']} stands before {shown['said']!r}"
    cover = Cover(SHOWN.sub(r"\g<said>", text))
    for right in known:
        cover.find_all(right)
    for shown in SHOWN.finditer(cover.text):
        if not cover.has(*shown.span()):
            before = cover.text[max(0, shown.start() - 40) : shown.start()]
            yield f"brief.pdf: not the verdict of its place: …{before}{shown['said']}"
