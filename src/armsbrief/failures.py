"""What the failing specifications have in common, in words: the choices that explain them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

_GROUPS = 4
_CHOICES = 2
_LEAST = 3
_NO_CHOICE = "—"
_SAID = {"before": "start {}", "after": "end {}", "restated": "{} figures"}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Group:
    """Specifications that share one or two choices, most of which fail."""

    choices: tuple[tuple[str, str], ...]
    failing: frozenset[int]
    of: int

    def __str__(self) -> str:
        """Say what they have in common, and how many fail."""
        count = len(self.failing)
        share = f"all {count}" if count == self.of else f"{count} of {self.of}"
        said = (_said(dimension, value) for dimension, value in self.choices)
        return f"{', '.join(said)} ({share})"


def _said(dimension: str, value: object) -> str:
    return _SAID.get(dimension, "{}").format(value)


def grouped(rows: Sequence[Row], dimensions: Sequence[str]) -> tuple[list[Group], int]:
    """Find the few groups of choices that explain most failures.

    A specification that holds counts against its group, so that a group is
    named only where the choice, and not chance, makes the difference.

    Parameters
    ----------
    rows : sequence of mapping
        All specifications of a claim, each with `holds`.
    dimensions : sequence of str
        The choices that tell them apart.

    Returns
    -------
    tuple of list of Group and int
        At most four groups, the largest first, and the number of failures
        that are in none of them.
    """
    candidates = _candidates(rows, dimensions)
    left = {number for number, row in enumerate(rows) if not row["holds"]}
    found: list[Group] = []
    while candidates and len(found) < _GROUPS:
        best = max(candidates, key=lambda group: _telling(group, left))
        if _telling(best, left)[0] < _LEAST:
            break
        found.append(best)
        left -= best.failing
    return sorted(found, key=lambda group: -len(group.failing)), len(left)


def _telling(group: Group, left: set[int]) -> tuple[int, int, int]:
    """Rank a group: new failures against what holds in it; then the plainest."""
    new = len(group.failing & left)
    return new - (group.of - len(group.failing)), new, -len(group.choices)


def _candidates(rows: Sequence[Row], dimensions: Sequence[str]) -> list[Group]:
    """Return every group of one or two choices that some failure belongs to."""
    members: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for number, row in enumerate(rows):
        for size in range(1, _CHOICES + 1):
            for chosen in combinations(dimensions, size):
                choices = tuple((dimension, str(row[dimension])) for dimension in chosen)
                members.setdefault(choices, []).append(number)
    groups = (
        Group(choices, frozenset(n for n in numbers if not rows[n]["holds"]), len(numbers))
        for choices, numbers in members.items()
    )
    return [
        group
        for group in groups
        if group.failing and all(value != _NO_CHOICE for _, value in group.choices)
    ]


def in_words(rows: Sequence[Row], dimensions: Sequence[str]) -> str:
    """Name the failing specifications: one by one where they are few, else by what they share."""
    failing = [row for row in rows if not row["holds"]]
    if len(failing) > 1 and (shared := _shared_by_all(rows, dimensions)):
        return f"only for {shared}"
    if len(failing) <= _GROUPS:
        return "for " + "; ".join(_one(row, dimensions) for row in failing)
    groups, rest = grouped(rows, dimensions)
    said = [str(group) for group in groups]
    if rest:
        said.append(_others(rest, rows, dimensions, groups))
    return "for " + "; ".join(said)


def _one(row: Row, dimensions: Sequence[str]) -> str:
    """Name one specification by the choices that were made."""
    said = (_said(name, row[name]) for name in dimensions if row[name] != _NO_CHOICE)
    return f"“{', '.join(said)}”"


def _shared_by_all(rows: Sequence[Row], dimensions: Sequence[str]) -> Group | None:
    """Return the choice that all failures share, if it is rare and a third of it fails."""
    failures = sum(not row["holds"] for row in rows)
    single = [group for group in _candidates(rows, dimensions) if len(group.choices) == 1]
    found = [
        group
        for group in single
        if len(group.failing) == failures and 2 * group.of <= len(rows) and group.of <= 3 * failures
    ]
    return min(found, key=lambda group: group.of, default=None)


def _others(
    rest: int, rows: Sequence[Row], dimensions: Sequence[str], groups: Sequence[Group]
) -> str:
    """Count the failures that share no telling choice, by series."""
    named = frozenset[int]().union(*(group.failing for group in groups))
    first = "series" if "series" in dimensions else dimensions[0]
    left = [_said(first, r[first]) for n, r in enumerate(rows) if not r["holds"] and n not in named]
    listed = ", ".join(f"{name} ({count})" for name, count in Counter(left).most_common())
    return f"and {rest} others: {listed}" if groups else listed
