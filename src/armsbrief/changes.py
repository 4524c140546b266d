"""What differs between two states of the claims, and how it is said; a flipped verdict first.

Of each earlier edition a short record is kept in `editions/<name>.json`, as
outputs are kept in notebooks, so that the page of changes needs no second
build. It holds the claims as they were, and why each moved since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from armsbrief import words
from armsbrief.errors import LedgerError

ASPECTS = ("verdict", "value", "sentence", "robustness")
_KEPT = ("title", "verdict", "sentence", "robustness", "as_of")
_NAMED = 3  # ids of rows named in a text; the JSON has them all
_WORDS = {"robustness": "how sure it is"}


@dataclass(frozen=True)
class Cause:
    """What moved a claim: one factor alone, or several that do it only together."""

    factors: tuple[str, ...]
    moves: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Sequence[str]]]
    details: tuple[str, ...] = ()

    def in_words(self, named: int = _NAMED) -> str:
        """Say what the cause is and what it moves."""
        what = " and ".join(self._named(factor, named) for factor in self.factors)
        if not self.factors:
            return f"Cause not found by running: {'; '.join(self.details)}."
        how = "Only together" if len(self.factors) > 1 else "Alone"
        moved = _listing([_WORDS.get(aspect, f"the {aspect}") for aspect in self.moves])
        shown = self.details[:named]
        more = len(self.details) - len(shown) if named else 0
        details = "; ".join([*shown, *([f"{more} more"] if more else [])])
        return f"{_capital(what)}. {how}, this changes {moved}." + (f" {details}." * bool(details))

    def _named(self, factor: str, named: int) -> str:
        tables = self.rows.get(factor)
        if tables is None:
            return factor
        kind = factor.removesuffix(" rows")
        return f"{kind} rows: " + "; ".join(
            f"{len(ids)} of {table}{_examples(ids, named)}" for table, ids in tables.items()
        )


@dataclass(frozen=True)
class Change:
    """One claim on two sides, and why it moved."""

    claim: str
    title: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    causes: tuple[Cause, ...] = ()

    @property
    def flipped(self) -> bool:
        """Whether the verdict is another."""
        return "verdict" in self.moves

    @property
    def moved(self) -> bool:
        """Whether anything that a reader sees is another."""
        return bool(self.moves)

    @property
    def moves(self) -> list[str]:
        """What is another: verdict, value, sentence, robustness."""
        then, now = self.before or {}, self.after or {}
        return [aspect for aspect in ASPECTS if then.get(aspect) != now.get(aspect)]

    def because(self, causes: Sequence[Cause]) -> Change:
        """Return the same with its causes."""
        return replace(self, causes=tuple(causes))


def record(ledger: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a ledger what a comparison needs."""
    claims = ledger["claims"].items()
    return {"claims": {name: _state(claim, ledger["facts"]) for name, claim in claims}}


def _state(claim: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    rows: dict[str, set[str]] = {}
    for fact in claim["facts"]:
        for table, ids in facts[fact]["rows"].items():
            rows.setdefault(table, set()).update(ids)
    listed = {table: sorted(ids) for table, ids in sorted(rows.items())}
    return {**{key: claim[key] for key in _KEPT}, "value": words.estimate(claim), "rows": listed}


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return all claims of two records, flipped verdicts first, then what else moved."""
    then, now = before["claims"], after["claims"]
    changes = [
        Change(name, (now.get(name) or then[name])["title"], then.get(name), now.get(name))
        for name in dict.fromkeys([*now, *then])
    ]
    return sorted(changes, key=lambda change: (not change.flipped, not change.moved))


def to_keep(edition: str, since: str, found: Sequence[Change]) -> dict[str, Any]:
    """Return the record of an edition: its claims, and why each moved until a later edition."""
    return {
        "edition": edition,
        "since": since,
        "claims": {c.claim: _brief(c.before) for c in found if c.before},
        "explained": {
            c.claim: {"after": _brief(c.after), "causes": [vars(cause) for cause in c.causes]}
            for c in found
            if c.moved
        },
    }


def as_published(edition: str, ledger: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of an edition that is about to have a successor."""
    claims = record(ledger)["claims"].items()
    return {
        "edition": edition,
        "claims": {name: _brief(state) for name, state in claims},
        "explained": {},
        "as_published": True,
    }


def is_published(kept: Mapping[str, Any]) -> bool:
    """Tell whether a record holds what an edition said, not what it would say of its day now."""
    return bool(kept.get("as_published"))


def as_told(kept: Mapping[str, Any], found: Sequence[Change]) -> list[Change]:
    """Return what moved since an edition said what it did.

    A cause is taken over where the edition, run again, says the same as it did
    then; else one that was found before, if it still explains how the claim reads.
    """
    if not is_published(kept):
        return list(found)
    told = []
    for change in found:
        said = kept["claims"].get(change.claim)
        if not _same(said, change.before):
            change = _explained_before(replace(change, before=said, causes=()), kept)
        told.append(change)
    return told


def _explained_before(change: Change, kept: Mapping[str, Any]) -> Change:
    entry = kept["explained"].get(change.claim)
    if change.moved and entry and _same(entry["after"], change.after):
        return change.because([_cause(cause) for cause in entry["causes"]])
    return change


def _brief(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if state is None else {k: v for k, v in state.items() if k != "rows"}


def write(content: Mapping[str, Any], path: Path) -> None:
    """Keep the record of an edition."""
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """Read the record of an edition.

    Raises
    ------
    LedgerError
        If there is none.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LedgerError(
            f"{path.name}: no record of that edition can be read: {error}.",
            "armsbrief build --store",
        ) from error
    if missing := {"claims", "explained"} - set(content):
        raise LedgerError(
            f"{path.name}: is no record of an edition: {', '.join(sorted(missing))} missing.",
            "armsbrief build --store",
        )
    return content


def since(kept: Mapping[str, Any], ledger: Mapping[str, Any]) -> list[Change]:
    """Return what differs between a kept edition and a ledger.

    A kept cause is given where the claim reads in the ledger as it did when the
    cause was found; elsewhere it is left out, never guessed.
    """
    now = {name: _brief(state) for name, state in record(ledger)["claims"].items()}
    return [_explained_before(change, kept) for change in compare(kept, {"claims": now})]


def _same(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    return all((one or {}).get(aspect) == (other or {}).get(aspect) for aspect in ASPECTS)


def _cause(kept: Mapping[str, Any]) -> Cause:
    return Cause(tuple(kept["factors"]), tuple(kept["moves"]), kept["rows"], tuple(kept["details"]))


def cells(change: Change) -> tuple[str, str, str, str, str]:
    """Return title, verdicts and values before and after, as text."""
    sides = (change.before, change.after)
    verdicts = [words.VERDICT[side["verdict"]] if side else "no such claim" for side in sides]
    values = [side["value"] if side else "—" for side in sides]
    return change.title, verdicts[0], verdicts[1], values[0], values[1]


def arrows(change: Change) -> tuple[str, str, str]:
    """Return verdict, value and robustness; with an arrow from old to new where it moved."""
    _, *texts = cells(change)
    texts += [_holds(side) if side else "—" for side in (change.before, change.after)]
    pairs = zip(texts[::2], texts[1::2], strict=True)
    verdict, value, holds = (a if a == b else f"{a} → {b}" for a, b in pairs)
    return verdict, value, holds


def value_around(change: Change, display: str) -> tuple[str, str]:
    """Return what stands before and behind the value of now, where it moved from another.

    Parameters
    ----------
    change : Change
        Of one claim.
    display : str
        The value of now as it is shown; it ends the text but for a unit.
    """
    then, _, unit = arrows(change)[1].rpartition(display)
    return then, unit


def _holds(side: Mapping[str, Any]) -> str:
    found = side["robustness"]
    return f"{found['holds']} of {found['of']}" if found else "one reading"


def summary(found: Sequence[Change], before: str, after: str) -> str:
    """Say in one sentence how much changed."""
    flips = sum(change.flipped for change in found)
    moved = sum(change.moved for change in found) - flips
    return (
        f"{flips or 'None'} of {len(found)} verdicts {'are' if flips > 1 else 'is'} different "
        f"between {before} and {after}; {moved or 'no'} more "
        f"{'claim has' if moved == 1 else 'claims have'} another value, wording or robustness."
    )


def as_markdown(found: Sequence[Change], before: str, after: str) -> str:
    """Return the comparison as Markdown: flipped verdicts under a heading of their own."""
    lines = [f"# {before} → {after}", "", summary(found, before, after), ""]
    flipped = [change for change in found if change.flipped]
    others = [change for change in found if change.moved and not change.flipped]
    for heading, group in (("Verdict changed", flipped), ("Other changes", others)):
        if group:
            lines += [f"## {heading}", ""]
        for change in group:
            lines += _markdown(change)
    return "\n".join(lines).rstrip()


def _markdown(change: Change) -> list[str]:
    verdict, value, holds = arrows(change)
    verdict = f"**{verdict}**" if change.flipped else verdict
    lines = [f"### {change.title}", "", f"- Verdict: {verdict}", f"- Value: {value}",
             f"- Holds in: {holds}"]  # fmt: skip
    if "sentence" in change.moves:
        lines += [f"- Said before: {(change.before or {}).get('sentence', '—')}",
                  f"- Says now: {(change.after or {}).get('sentence', '—')}"]  # fmt: skip
    return [*lines, *(f"- Why: {text}" for text in why(change)), ""]


def why(change: Change, named: int = _NAMED) -> list[str]:
    """Return the causes in words; of a move without any, that it was not traced."""
    return [cause.in_words(named) for cause in change.causes] or ["Not traced for this build."]


def as_json(found: Sequence[Change], before: str, after: str) -> str:
    """Return the comparison as JSON, with every row and both sides of every claim."""
    content = {
        "before": before,
        "after": after,
        "flipped": [change.claim for change in found if change.flipped],
        "changes": [_in_full(change) for change in found if change.moved],
        "unchanged": [change.claim for change in found if not change.moved],
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def _in_full(change: Change) -> dict[str, Any]:
    return {
        "claim": change.claim,
        "title": change.title,
        "moves": change.moves,
        "before": _brief(change.before),
        "after": _brief(change.after),
        "causes": [vars(cause) for cause in change.causes],
    }


def _examples(ids: Sequence[str], named: int) -> str:
    return f" ({', '.join(ids[:named])}{', …' * (len(ids) > named)})" if named else ""


def _listing(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
