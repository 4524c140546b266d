"""Rules: what the facts of a claim say of it. Verdicts are computed here and nowhere else.

A rule is a small class with settings from `book/claims.yml`. `one` judges one
set of values; `claim` judges the claim from all its specifications.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from armsbrief.errors import LedgerError

Verdict = Literal[
    "supported",
    "supported-with-correction",
    "partly-supported",
    "not-supported",
    "cannot-be-verified",
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Inputs = Mapping[str, Any]
Specification = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """What every rule offers."""

    inputs: ClassVar[tuple[str, ...]]

    @property
    def tolerance(self) -> str:
        """The tolerance in words, with its numbers."""
        raise NotImplementedError

    def one(self, inputs: Inputs) -> Verdict:
        """Judge one set of values; a value of None is not known."""
        raise NotImplementedError

    def claim(self, inputs: Inputs, specifications: Sequence[Specification]) -> Verdict:
        """Judge the claim. Unless a rule says otherwise, its main values decide."""
        return self.one(inputs)

    def holds(
        self, inputs: Inputs, specifications: Sequence[Specification], verdict: Verdict
    ) -> list[bool]:
        """Tell, for each specification, whether it gives this verdict."""
        return [self.one({**inputs, "estimate": row["estimate"]}) == verdict
                for row in specifications]  # fmt: skip


def _per_cent(share: float) -> str:
    return f"{share * 100:g}%"


@dataclass(frozen=True)
class PointValue(Rule):
    """An asserted number against ours.

    Supported when ours, rounded as the assertion was, is the asserted number
    (or, after 'over', is above it and within `tolerance`); with a correction
    when it is within `tolerance`; in part when within `wide`.
    """

    inputs = ("asserted", "estimate", "resolution", "qualifier")
    within: float
    wide: float

    @property
    def tolerance(self) -> str:
        """The tolerance in words, with its numbers."""
        return (
            f"as stated: equal when rounded as the op-ed rounds; corrected: within "
            f"{_per_cent(self.within)}; in part: within {_per_cent(self.wide)}"
        )

    def one(self, inputs: Inputs) -> Verdict:
        """Judge one estimate."""
        asserted, estimate = inputs["asserted"], inputs["estimate"]
        if asserted is None or estimate is None:
            return "cannot-be-verified"
        off = abs(estimate - asserted) / abs(asserted)
        if off <= self.within and self._as_stated(inputs):
            return "supported"
        if off <= self.within:
            return "supported-with-correction"
        return "partly-supported" if off <= self.wide else "not-supported"

    @staticmethod
    def _as_stated(inputs: Inputs) -> bool:
        asserted, estimate = inputs["asserted"], inputs["estimate"]
        if inputs["qualifier"] == "over":
            return bool(estimate > asserted)
        step = inputs["resolution"]
        return math.isclose(math.floor(estimate / step + 0.5) * step, asserted, rel_tol=1e-9)


@dataclass(frozen=True)
class Meaning(Rule):
    """A number that is real may still be the number of something else.

    `estimate` is the value of the quantity that the op-ed names. Supported
    when it is the asserted number and the named author printed it; with a
    correction when only the author is unconfirmed; in part when it is within
    `wide`; otherwise not.
    """

    inputs = ("asserted", "estimate", "attributed")
    within: float
    wide: float

    @property
    def tolerance(self) -> str:
        """The tolerance in words, with its numbers."""
        return (
            f"same quantity: within {_per_cent(self.within)}; "
            f"in part: within {_per_cent(self.wide)}; the named author must print the number"
        )

    def one(self, inputs: Inputs) -> Verdict:
        """Judge one estimate of the named quantity."""
        asserted, estimate = inputs["asserted"], inputs["estimate"]
        if asserted is None or estimate is None:
            return "cannot-be-verified"
        off = abs(estimate - asserted) / abs(asserted)
        if off <= self.within:
            return "supported" if inputs["attributed"] else "supported-with-correction"
        return "partly-supported" if off <= self.wide else "not-supported"


@dataclass(frozen=True)
class Share(Rule):
    """A comparison that holds under some specifications and not under others.

    A specification holds when its estimate (a ratio, after to before) is at
    least `threshold`. The share that holds decides.
    """

    inputs = ("estimate",)
    threshold: float
    nearly_all: float
    most: float
    some: float
    at_least: int

    @property
    def tolerance(self) -> str:
        """The tolerance in words, with its numbers."""
        return (
            f"a specification holds from a ratio of {self.threshold:g}; supported from "
            f"{_per_cent(self.nearly_all)} of them, corrected from {_per_cent(self.most)}, "
            f"in part from {_per_cent(self.some)}; at least {self.at_least} are needed"
        )

    def one(self, inputs: Inputs) -> Verdict:
        """Judge one ratio."""
        if inputs["estimate"] is None:
            return "cannot-be-verified"
        return "supported" if inputs["estimate"] >= self.threshold else "not-supported"

    def claim(self, inputs: Inputs, specifications: Sequence[Specification]) -> Verdict:
        """Judge by the share of specifications that hold."""
        if len(specifications) < self.at_least:
            return "cannot-be-verified"
        share = sum(self.passes(specifications)) / len(specifications)
        if share >= self.nearly_all:
            return "supported"
        if share >= self.most:
            return "supported-with-correction"
        return "partly-supported" if share >= self.some else "not-supported"

    def passes(self, specifications: Sequence[Specification]) -> list[bool]:
        """Tell, for each specification, whether its ratio reaches the threshold."""
        return [self.one(row) == "supported" for row in specifications]

    def holds(
        self, inputs: Inputs, specifications: Sequence[Specification], verdict: Verdict
    ) -> list[bool]:
        """Count the specifications that agree with the direction of the verdict."""
        against = verdict == "not-supported"
        return [passed is not against for passed in self.passes(specifications)]


@dataclass(frozen=True)
class Parts(Rule):
    """A claim of several parts, each with specifications of its own.

    Each part is judged by the share of its specifications that hold. All
    parts nearly always: supported. All parts mostly: with a correction. At
    least one part mostly: in part. No part: not supported.
    """

    inputs = ("estimate",)
    parts: tuple[str, ...]
    threshold: float
    nearly_all: float
    most: float
    at_least: int

    @property
    def tolerance(self) -> str:
        """The tolerance in words, with its numbers."""
        return (
            f"a specification holds from a ratio of {self.threshold:g}; a part holds from "
            f"{_per_cent(self.most)} of its specifications, firmly from "
            f"{_per_cent(self.nearly_all)}; at least {self.at_least} are needed for each part"
        )

    def one(self, inputs: Inputs) -> Verdict:
        """Judge one ratio."""
        if inputs["estimate"] is None:
            return "cannot-be-verified"
        return "supported" if inputs["estimate"] >= self.threshold else "not-supported"

    def shares(self, specifications: Sequence[Specification]) -> dict[str, float | None]:
        """Return, for each part, the share that holds; None where there are too few."""
        found: dict[str, float | None] = {}
        for part in self.parts:
            rows = [row for row in specifications if row["part"] == part]
            held = sum(self.one(row) == "supported" for row in rows)
            found[part] = held / len(rows) if len(rows) >= self.at_least else None
        return found

    def claim(self, inputs: Inputs, specifications: Sequence[Specification]) -> Verdict:
        """Judge by the shares of all parts."""
        shares = list(self.shares(specifications).values())
        known = [share for share in shares if share is not None]
        if len(known) < len(shares):
            return "cannot-be-verified"
        if min(known) >= self.nearly_all:
            return "supported"
        if min(known) >= self.most:
            return "supported-with-correction"
        return "partly-supported" if max(known) >= self.most else "not-supported"

    def holds(
        self, inputs: Inputs, specifications: Sequence[Specification], verdict: Verdict
    ) -> list[bool]:
        """Count the specifications that agree with what was found of their part."""
        shares = self.shares(specifications)
        found = {part: share is not None and share >= self.most for part, share in shares.items()}
        return [(self.one(row) == "supported") is found[row["part"]] for row in specifications]


@dataclass(frozen=True)
class Criteria(Rule):
    """A claim that must pass several tests, each a value that reaches its minimum.

    `must` are the tests without which the claim falls; `should` those without
    which it needs a correction. A yes counts as one, a no as nothing. When a
    value that the claim must have is not known, the claim cannot be verified.
    """

    inputs = ()
    must: Mapping[str, float]
    should: Mapping[str, float] = field(default_factory=dict)

    @property
    def tolerance(self) -> str:
        """The tolerance in words, with its numbers."""
        needs = "; ".join(f"{name} at least {least:g}" for name, least in self.must.items())
        wants = "; ".join(f"{name} at least {least:g}" for name, least in self.should.items())
        return f"needs {needs}" + (f"; without a correction only with {wants}" if wants else "")

    def one(self, inputs: Inputs) -> Verdict:
        """Judge one set of values."""
        if any(inputs[name] is None for name in self.must):
            return "cannot-be-verified"
        passed = [inputs[name] >= least for name, least in self.must.items()]
        if not all(passed):
            return "partly-supported" if any(passed) else "not-supported"
        wanted = [inputs[name] is not None and inputs[name] >= least
                  for name, least in self.should.items()]  # fmt: skip
        return "supported" if all(wanted) else "supported-with-correction"


@dataclass(frozen=True)
class Threshold(Rule):
    """One value against three descending minima."""

    inputs = ("estimate",)
    supported: float
    corrected: float
    in_part: float

    @property
    def tolerance(self) -> str:
        """The tolerance in words, with its numbers."""
        return (
            f"supported from {self.supported:g}, corrected from {self.corrected:g}, "
            f"in part from {self.in_part:g}"
        )

    def one(self, inputs: Inputs) -> Verdict:
        """Judge one value."""
        value = inputs["estimate"]
        if value is None:
            return "cannot-be-verified"
        if value >= self.supported:
            return "supported"
        if value >= self.corrected:
            return "supported-with-correction"
        return "partly-supported" if value >= self.in_part else "not-supported"


RULES: dict[str, type[Rule]] = {
    "point-value": PointValue,
    "meaning": Meaning,
    "share": Share,
    "parts": Parts,
    "criteria": Criteria,
    "threshold": Threshold,
}


def make(name: str, settings: Mapping[str, Any]) -> Rule:
    """Return the rule of that name with these settings.

    Raises
    ------
    LedgerError
        If the rule or a setting is unknown, or a setting is missing.
    """
    if name not in RULES:
        raise LedgerError(f"rule {name!r} is unknown; there are: {', '.join(RULES)}.")
    values = {key: tuple(value) if isinstance(value, list) else value
              for key, value in settings.items()}  # fmt: skip
    try:
        return RULES[name](**values)
    except TypeError as error:
        raise LedgerError(f"rule {name!r}: {error}.") from error
