"""The book's entries (claims, recommendations, letters), checked as they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from armsbrief.errors import LedgerError
from armsbrief.rules import VERDICTS, Verdict


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleEntry(_Entry):
    """Which rule judges a claim, from which facts, with which settings."""

    name: str
    inputs: dict[str, str]
    settings: dict[str, Any] = Field(default_factory=dict)


class Claim(_Entry):
    """One quantitative assertion of the op-ed, and how it is judged."""

    title: str
    page: str
    found_as: str
    says: str
    own: bool = False  # a question of ours, which the op-ed does not raise
    rule: RuleEntry
    sentences: dict[Verdict, str]
    counter_evidence: list[str] = Field(min_length=1)
    limits: list[str] = Field(default_factory=list)

    def model_post_init(self, context: Any) -> None:
        """Require a sentence for every verdict that data might produce."""
        if missing := set(VERDICTS) - set(self.sentences):
            raise ValueError(f"no sentence for the verdict {', '.join(sorted(missing))}")


class Recommendation(_Entry):
    """One ask: to whom, by which instrument, with which first step, resting on which claims."""

    title: str
    asks: str
    addressee: str
    instrument: str
    owner: str
    first_step: str
    claims: list[str] = Field(min_length=1)
    precedents: list[str] = Field(default_factory=list)
    obstacle: str
    indicator: str
    drop_if: str


class LetterEntry(_Entry):
    """One letter: to whom, what it asks, what it says first, and the claims that it rests on."""

    to: str
    through: str = ""
    greeting: str
    subject: str
    recommendation: str
    rests_on: list[str] = Field(min_length=1)
    caveat: str
    ask: str
    evidence: list[str] = Field(min_length=1)
    first_step: str
    owner: str
    chart: str = ""


_Model = TypeVar("_Model", bound=_Entry)


def read_claims(path: Path) -> dict[str, Claim]:
    """Read all claims, in the order of the file."""
    return _read(path, Claim)


def read_recommendations(path: Path) -> dict[str, Recommendation]:
    """Read all recommendations, in the order of the file."""
    return _read(path, Recommendation)


def read_letters(path: Path) -> dict[str, LetterEntry]:
    """Read all letters, in the order of the file."""
    return _read(path, LetterEntry)


def _read(path: Path, model: type[_Model]) -> dict[str, _Model]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise LedgerError(f"{path.name}: cannot be read: {error}.") from error
    entries = {}
    for name, entry in content.items():
        try:
            entries[name] = model.model_validate(entry)
        except ValidationError as error:
            lines = [f"{'.'.join(map(str, e['loc'])) or 'entry'}: {e['msg']}"
                     for e in error.errors()]  # fmt: skip
            raise LedgerError("\n  ".join([f"{path.name}, entry {name!r}:", *lines])) from error
    return entries
