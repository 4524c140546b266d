"""What differs between two editions, claim by claim; a flipped verdict comes first.

Of each earlier edition a short record is kept in `editions/<name>.json`, as
outputs are kept in notebooks, so that the page of changes needs no second
build.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from armsbrief import words
from armsbrief.errors import LedgerError

_KEPT = ("title", "verdict", "sentence", "robustness", "as_of")


@dataclass(frozen=True)
class Change:
    """One claim in two editions."""

    claim: str
    title: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def flipped(self) -> bool:
        """Whether the verdict is another."""
        return bool(self._of("verdict")[0] != self._of("verdict")[1])

    @property
    def moved(self) -> bool:
        """Whether anything that a reader sees is another."""
        return any(self._of(key)[0] != self._of(key)[1] for key in ("verdict", "value", "sentence"))

    def _of(self, key: str) -> tuple[Any, Any]:
        return (self.before or {}).get(key), (self.after or {}).get(key)


def record(ledger: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a ledger what a comparison needs."""
    return {
        "edition": ledger["edition"],
        "parameters": ledger["parameters"],
        "claims": {
            name: {**{key: claim[key] for key in _KEPT}, "value": words.estimate(claim)}
            for name, claim in ledger["claims"].items()
        },
    }


def write(ledger: Mapping[str, Any], path: Path) -> None:
    """Keep the record of an edition."""
    text = json.dumps(record(ledger), indent=1, ensure_ascii=False, sort_keys=True)
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
    return content


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return all claims of two records, flipped verdicts first, then what else moved."""
    then, now = before["claims"], after["claims"]
    changes = [
        Change(name, (now.get(name) or then[name])["title"], then.get(name), now.get(name))
        for name in dict.fromkeys([*now, *then])
    ]
    return sorted(changes, key=lambda change: (not change.flipped, not change.moved))


def cells(change: Change) -> tuple[str, str, str, str, str]:
    """Return title, verdicts and values before and after, as text."""
    sides = (change.before, change.after)
    verdicts = [words.VERDICT[side["verdict"]] if side else "no such claim" for side in sides]
    values = [side["value"] if side else "—" for side in sides]
    return change.title, verdicts[0], verdicts[1], values[0], values[1]


def as_markdown(changes: list[Change], before: str, after: str) -> str:
    """Return the comparison as a Markdown table with what each claim says now."""
    head = ["Claim", f"Verdict {before}", f"Verdict {after}", f"Value {before}", f"Value {after}"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for change in changes:
        if change.moved:
            row = [text.replace("|", "\\|") for text in cells(change)]
            row[0] = f"**{row[0]}**" if change.flipped else row[0]
            lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)
