"""What was checked, what was found, and what could not be checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Check:
    """One kind of check.

    Parameters
    ----------
    name : str
        What must be true, as a sentence.
    looked_at : str
        What was looked at, with its number.
    failures : list of str
        What is not true, a line each.
    not_checked : list of str
        What this check cannot see.
    """

    name: str
    looked_at: str = ""
    failures: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)


@dataclass
class Report:
    """All checks of one edition, and the mutation run if there was one."""

    edition: str
    checks: list[Check]
    mutations: dict[str, Any] | None = None

    @property
    def failures(self) -> list[str]:
        """Every failure, with the check it belongs to."""
        return [f"{check.name}: {line}" for check in self.checks for line in check.failures]

    def as_json(self) -> dict[str, Any]:
        """Return what is published as `verification.json`."""
        return {
            "edition": self.edition,
            "passed": not self.failures,
            "checks": [
                {"check": c.name, "looked_at": c.looked_at, "failures": c.failures}
                for c in self.checks
            ],
            "not_checked": [line for check in self.checks for line in check.not_checked],
            "mutations": self.mutations,
        }
