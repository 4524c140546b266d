"""Letters: what they say with a ledger, and when they are withheld."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from armsbrief import words
from armsbrief.claims import LetterEntry
from armsbrief.errors import LedgerError
from armsbrief.ledger import lookup

_REFERENCE = re.compile(r"\{(fact|finding)\}`([^`]+)`")
OPENING = (
    "An op-ed says that weapons left in Afghanistan have reached militants in Pakistan. We tested "
    "its claims against public data. This letter says what holds, what does not, and what we ask."
)
WEAK = ("not-supported", "cannot-be-verified")


@dataclass(frozen=True)
class Run:
    """A stretch of text; a number has the id of its fact, the name of a claim is set in bold."""

    text: str
    fact: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Letter:
    """A letter with its numbers in place, ready to be set."""

    name: str
    to: str
    through: str
    greeting: str
    subject: str
    sections: tuple[tuple[str, tuple[tuple[Run, ...], ...], bool], ...]  # heading, texts, as list
    rests_on: tuple[tuple[str, str, str], ...]  # title, verdict, how sure
    chart: Mapping[str, Any] | None
    edition: str
    as_of: str
    claims: tuple[str, ...]

    @property
    def facts(self) -> list[str]:
        """The facts whose numbers stand in the letter."""
        runs = (run for _, texts, _ in self.sections for text in texts for run in text)
        return sorted({run.fact for run in runs if run.fact})


def why_withheld(name: str, entry: LetterEntry, ledger: Mapping[str, Any]) -> list[str]:
    """Say why a letter must not be sent; nothing if it may.

    Raises
    ------
    LedgerError
        If it refers to a claim, fact or recommendation that there is not.
    """
    if entry.recommendation not in ledger["recommendations"]:
        raise LedgerError(
            f"letters.yml, {name}: there is no recommendation {entry.recommendation!r}."
        )
    reasons = []
    for claim in (_claim(name, ledger, claim) for claim in entry.rests_on):
        if claim["verdict"] in WEAK:
            reasons.append(
                f"it rests on “{claim['title']}”, which is now "
                f"“{words.VERDICT[claim['verdict']].lower()}”: {claim['sentence']}"
            )
    for fact_id in sorted(_facts_named(entry)):
        fact = lookup(ledger["facts"], fact_id, f"letters.yml, {name}")
        if fact["value"] is None:
            reasons.append(f"it needs a number that is not known: {fact['label']} ({fact_id})")
    return reasons


def _facts_named(entry: LetterEntry) -> set[str]:
    texts = [entry.caveat, entry.ask, entry.first_step, entry.owner, *entry.evidence]
    return {
        key for text in texts for kind, key in _REFERENCE.findall(text) if kind == "fact"
    }  # fmt: skip


def _claim(name: str, ledger: Mapping[str, Any], claim: str) -> Mapping[str, Any]:
    if claim not in ledger["claims"]:
        raise LedgerError(f"letters.yml, {name}: there is no claim {claim!r}.")
    found: Mapping[str, Any] = ledger["claims"][claim]
    return found


def written(name: str, entry: LetterEntry, ledger: Mapping[str, Any]) -> Letter:
    """Return a letter with every reference replaced by what the ledger says.

    Raises
    ------
    LedgerError
        If it refers to a claim, fact or chart that there is not.
    """
    if entry.chart and entry.chart not in ledger["charts"]:
        raise LedgerError(f"letters.yml, {name}: there is no chart {entry.chart!r}.")
    claims = [_claim(name, ledger, claim) for claim in entry.rests_on]
    against = tuple(tuple(_of_claim(claim, claim["counter_evidence_source"][0], name, ledger))
                    for claim in claims)  # fmt: skip

    def made(*texts: str) -> tuple[tuple[Run, ...], ...]:
        return tuple(tuple(_runs(text, name, ledger)) for text in texts)

    return Letter(
        name, entry.to, entry.through, entry.greeting, entry.subject,
        (
            ("What to keep in mind first", made(entry.caveat), False),
            ("What we ask", made(entry.ask), False),
            ("What the evidence says", made(*entry.evidence), True),
            ("The best evidence against", against, True),
            ("The first step, and who takes it", made(entry.first_step, entry.owner), False),
        ),
        tuple((claim["title"], words.VERDICT[claim["verdict"]], _how_sure(claim))
              for claim in claims),
        ledger["charts"][entry.chart] if entry.chart else None,
        ledger["edition"], ledger["parameters"]["as_of"],
        tuple(sorted({*entry.rests_on, *_findings_named(entry)})),
    )  # fmt: skip


def _findings_named(entry: LetterEntry) -> set[str]:
    return {key for text in entry.evidence for kind, key in _REFERENCE.findall(text)
            if kind == "finding"}  # fmt: skip


def _how_sure(claim: Mapping[str, Any]) -> str:
    found = claim["robustness"]
    return f"{found['holds']} of {found['of']} ways to compute it" if found else "one reading only"


def _runs(text: str, name: str, ledger: Mapping[str, Any]) -> Iterator[Run]:
    """Split a text at its references; a finding brings the numbers of its sentence along."""
    pieces = _REFERENCE.split(text)
    for index in range(0, len(pieces), 3):
        if pieces[index]:
            yield Run(pieces[index])
        if index + 2 < len(pieces):
            kind, key = pieces[index + 1 : index + 3]
            if kind == "finding":
                claim = _claim(name, ledger, key)
                yield from _of_claim(claim, claim["sentence_source"], name, ledger)
            else:
                fact = lookup(ledger["facts"], key, f"letters.yml, {name}")
                yield Run(fact["display"], key)


def _of_claim(
    claim: Mapping[str, Any], said: str, name: str, ledger: Mapping[str, Any]
) -> Iterator[Run]:
    """Say something of a claim after its name, which labels it and asserts nothing."""
    yield Run(f"{claim['title']}: ", bold=True)
    yield from _runs(said, name, ledger)
