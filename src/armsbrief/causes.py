"""Why a claim moved: the factors that move it alone, found by running them one at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from armsbrief import corners, provenance, rows
from armsbrief.changes import ASPECTS, Cause, Change, compare, record
from armsbrief.corners import Corner, Outcome
from armsbrief.errors import LedgerError
from armsbrief.sides import Side

CODE, RULES, DAY, PARAMETER = "changed code", "changed rules", "knowledge date", "parameter"
Say = Callable[[str], None]


class Factors:
    """All in which two sides differ, and the corner for any choice among it."""

    def __init__(self, before: Side, after: Side, scratch: Path) -> None:
        self.trees = (before.tree_or_refuse(), after.tree_or_refuse())
        self.given = (before.parameters, after.parameters)
        self._scratch = scratch
        days = [str(side.parameters["as_of"]) for side in (before, after)]
        self._later = days[1] > days[0]
        self.seen = [
            rows.read_tables(tree / "data", day) for tree, day in zip(self.trees, days, strict=True)
        ]
        self.rows = rows.compare(*self.seen)
        self.names = self._names()

    def _names(self) -> list[str]:
        old, new = self.trees
        found = []
        if provenance.code_files(old) != provenance.code_files(new):
            found.append(CODE)
        if provenance.rules_hash(old) != provenance.rules_hash(new):
            found.append(RULES)
        found += self.rows.kinds()
        then, now = self.given
        found += [
            f"{PARAMETER} {name}"
            for name in sorted({*then, *now} - {"as_of"})
            if then.get(name) != now.get(name)
        ]
        return found + ([DAY] if then["as_of"] != now["as_of"] and self._later else [])

    def corner(self, chosen: Iterable[str]) -> Corner:
        """Return the first side with the chosen factors taken from the second."""
        on = set(chosen)
        old, new = self.trees
        return Corner(
            new if CODE in on else old,
            new if RULES in on else old,
            self._data(sorted(on & set(rows.KINDS)), DAY in on),
            self._parameters(on),
        )

    def _data(self, kinds: list[str], later: bool) -> Path:
        old, new = (tree / "data" for tree in self.trees)
        if kinds == sorted(self.rows.kinds()) and kinds:
            return new
        if not kinds and not later:
            return old
        # On the later day the first side's file would show rows that were not seen on its own.
        mixed = self._scratch / "-".join(["mixed", *kinds]).replace(" ", "-")
        if not mixed.exists():
            rows.write_mixed(mixed, old, new, self.seen[0], self.rows, kinds)
        return mixed

    def _parameters(self, on: set[str]) -> dict[str, Any]:
        """Rows that came later are seen only on the later day, so they bring it along."""
        then, now = self.given
        chosen = {}
        for name in {*then, *now}:
            if name == "as_of":
                moves = on & ({DAY, *rows.KINDS} if self._later else {"removed rows"})
            else:
                moves = on & {f"{PARAMETER} {name}"}
            side = now if moves else then
            if name in side:
                chosen[name] = side[name]
        return chosen


@dataclass
class _Runs:
    """Runs of corners by what is taken from the second side; each once."""

    factors: Factors
    say: Say
    found: dict[frozenset[str], Outcome]

    def of(self, chosen: Iterable[str]) -> Outcome:
        key = frozenset(chosen)
        if key not in self.found:
            self.say("  " + (f"with {', '.join(sorted(key))} of the second" if key else "as first"))
            self.found[key] = corners.run(self.factors.corner(key))
        return self.found[key]


def explain(before: Side, after: Side, say: Say = lambda text: None) -> list[Change]:
    """Compare two sides claim by claim, and find why each claim moved.

    Raises
    ------
    LedgerError
        If one of the sides does not run as it is.
    """
    if before.tree is None or after.tree is None:
        return _by_elimination(before, after, say)
    with tempfile.TemporaryDirectory(prefix="armsbrief-") as folder:
        factors = Factors(before, after, Path(folder))
        runs = _Runs(factors, say, {})
        say(f"Running what differs one at a time: {', '.join(factors.names) or 'nothing'}")
        then, now = runs.of([]), runs.of(factors.names)
        for side, outcome in ((before, then), (after, now)):
            if outcome.problem:
                raise _broken(side, outcome)
        found = compare(vars(then), vars(now))
        return [_explained(change, runs) if change.moved else change for change in found]


def _explained(change: Change, runs: _Runs) -> Change:
    names = runs.factors.names
    alone = []
    for name in names:
        outcome = runs.of([name])
        if moves := _moved(change.claim, runs.of([]), outcome):
            alone.append(_cause(change, [name], moves, runs.factors))
    unexplained = [a for a in change.moves if not any(a in cause.moves for cause in alone)]
    headline = unexplained if not change.flipped else [a for a in unexplained if a == "verdict"]
    if headline:
        together = [n for n in names if _needed(change.claim, n, headline, runs)]
        alone.append(_cause(change, together or names, headline, runs.factors))
    return change.because(sorted(alone, key=lambda cause: "verdict" not in cause.moves))


def _needed(claim: str, name: str, aspects: list[str], runs: _Runs) -> bool:
    """Tell whether the claim reads otherwise when all but this factor is taken over."""
    names = runs.factors.names
    outcome = runs.of([other for other in names if other != name])
    moved = _moved(claim, runs.of(names), outcome)
    return bool(outcome.problem) or any(aspect in moved for aspect in aspects)


def _moved(claim: str, before: Outcome, after: Outcome) -> list[str]:
    """Name what differs in a claim; nothing, where the second did not run."""
    if after.problem:
        return []
    then, now = before.claims.get(claim, {}), after.claims.get(claim, {})
    return [aspect for aspect in ASPECTS if then.get(aspect) != now.get(aspect)]


def _cause(change: Change, names: list[str], moves: list[str], factors: Factors) -> Cause:
    listed: dict[str, dict[str, list[str]]] = {}
    details = []
    for name in names:
        if name in rows.KINDS:
            listed[name] = _rows_of(change, factors.rows.found[name])
            details += _values(listed[name], factors.rows.found[name], name)
        else:
            details.append(_detail(name, change, factors))
    return Cause(tuple(names), tuple(moves), listed, tuple(filter(None, details)))


def _rows_of(change: Change, changed: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the changed rows that the claim's facts list; else all of the tables they read."""
    used: dict[str, set[str]] = {}
    for side in (change.before, change.after):
        for table, ids in (side or {}).get("rows", {}).items():
            used.setdefault(table, set()).update(ids)
    both = {table: sorted(used.get(table, set()) & set(ids)) for table, ids in changed.items()}
    named = {table: ids for table, ids in both.items() if ids}
    # Specifications do not list their rows: then all that changed in the tables they read.
    return named or {table: sorted(ids) for table, ids in changed.items() if table in used}


def _values(listed: Mapping[str, list[str]], changed: Mapping[str, Any], kind: str) -> list[str]:
    """Say of revised rows what each figure was and is."""
    said = []
    for table, ids in listed.items() if kind == "revised rows" else ():
        for row_id in ids:
            was, now = changed[table][row_id]
            for name in now:
                if was.get(name) != now[name] and _is_number(was.get(name), now[name]):
                    said.append(f"{row_id}: {name} was {was[name]}, is {now[name]}")
    return said


def _is_number(*texts: str | None) -> bool:
    try:
        return all(text is not None and float(text) is not None for text in texts)
    except ValueError:
        return False


def _detail(name: str, change: Change, factors: Factors) -> str:
    old, new = factors.trees
    then, now = factors.given
    if name == CODE:
        a, b = provenance.code_files(old), provenance.code_files(new)
        return "files: " + ", ".join(k for k in sorted({*a, *b}) if a.get(k) != b.get(k))
    if name == RULES:
        return _rule_changes(change.claim, old, new)
    key = "as_of" if name == DAY else name.removeprefix(f"{PARAMETER} ")
    return f"{key} was {then.get(key, 'not set')}, is {now.get(key, 'not set')}"


def _rule_changes(claim: str, old: Path, new: Path) -> str:
    entries = [
        (yaml.safe_load((tree / "book" / "claims.yml").read_text("utf-8")) or {}).get(claim, {})
        for tree in (old, new)
    ]
    a, b = (_flat(entry) for entry in entries)
    return "; ".join(
        f"{key} was {a.get(key, 'not there')}, is {b.get(key, 'not there')}"
        if key.startswith("rule")
        else f"{key} is worded otherwise"
        for key in sorted({*a, *b})
        if a.get(key) != b.get(key)
    )


def _flat(entry: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(entry, dict):
        return {prefix: entry}
    return {
        key: value
        for name, part in entry.items()
        for key, value in _flat(part, f"{prefix}.{name}".lstrip(".")).items()
    }


def _by_elimination(before: Side, after: Side, say: Say) -> list[Change]:
    """Compare with a ledger that cannot be run again: where one thing differs, it is the cause."""
    say("One side is a ledger of other code or data: it is compared, not run again")
    differs = _differences(before, after)
    found = compare(_record(before), _record(after))
    if len(differs) == 1:
        return [
            c.because([Cause((differs[0],), tuple(c.moves), {}, ("nothing else differs",))])
            if c.moved else c
            for c in found
        ]  # fmt: skip
    reason = f"not run again; the two differ in: {', '.join(differs)}"
    return [c.because([Cause((), tuple(c.moves), {}, (reason,))]) if c.moved else c for c in found]


def _record(side: Side) -> Mapping[str, Any]:
    if side.ledger:
        return record(side.ledger)
    tree = side.tree_or_refuse()
    outcome = corners.run(Corner(tree, tree, tree / "data", side.parameters))
    if outcome.problem:
        raise _broken(side, outcome)
    return vars(outcome)


def _broken(side: Side, outcome: Outcome) -> LedgerError:
    return LedgerError(
        f"{side.name} does not run: {outcome.problem}",
        "git log --oneline  (names the revisions: compare with another one)",
    )


def _differences(before: Side, after: Side) -> list[str]:
    made = [side.ledger.get("made_of", {}) if side.ledger else provenance.made_of(side.tree)
            for side in (before, after)]  # fmt: skip
    if not all(made):
        return ["what each was made of: one of the ledgers does not say"]
    found = [name for key, name in (("code", CODE), ("rules", RULES), ("tables", "changed rows"))
             if made[0][key] != made[1][key]]  # fmt: skip
    then, now = before.parameters, after.parameters
    return found + [f"{PARAMETER} {name}" for name in sorted({*then, *now})
                    if then.get(name) != now.get(name)]  # fmt: skip
