"""No digit in the text of the book without a fact behind it.

Pages may not carry a number of their own: every number is a {fact}. What is
no measurement, such as the number of a resolution or the name of a rifle,
stands in an allow-list with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from armsbrief.errors import ProseError

_ROLE = re.compile(r"\{[a-z-]+\}`[^`]*`")
_ADDRESS = re.compile(r"\]\([^)]*\)|<https?://[^>]*>|^\([\w-]+\)=$")
_OPENING = re.compile(r"^\s*(```+|:::+)\{[\w-]+\}.*$|^:[\w-]+:.*$")
# Structured settings of claims.yml are code: the number is the rule's, not a statement.
_SETTING = re.compile(
    r"^\s*(within|wide|threshold|nearly_all|most|some|at_least):\s[\d.]+\s*(#.*)?$"
)
_KEY = re.compile(r"^\s*[\w.-]+:(\s|$)")
_NOT_PROSE = ("references.bib", "allowed.yml")


@dataclass(frozen=True)
class Typed:
    """A digit that somebody typed."""

    path: Path
    line: int
    text: str


def check(book: Path) -> None:
    """Refuse digits typed into the pages of the book and the texts of its entries.

    Raises
    ------
    ProseError
        Naming file and line of each.
    """
    if found := typed_digits(book):
        lines = [f"{t.path.relative_to(book.parent)}:{t.line}: {t.text}" for t in found]
        raise ProseError(
            "\n  ".join(["a digit was typed where a fact belongs:", *lines]),
            "refer to it as {fact}`id`, or, if it is a name, list it in book/allowed.yml",
        )


def typed_digits(book: Path) -> list[Typed]:
    """Find the digits in prose that no role produces and no entry allows."""
    allowed = _allowed(book / "allowed.yml")
    found = []
    for path in sorted([*book.rglob("*.md"), *book.rglob("*.yml")]):
        if path.name in _NOT_PROSE:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(r"\d", _without_names(line, allowed, path.suffix == ".yml")):
                found.append(Typed(path, number, line.strip()))
    return found


def _allowed(path: Path) -> list[str]:
    """Return the allowed texts, longest first; each must come with a reason."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    for entry in entries:
        if not entry.get("text") or not entry.get("reason"):
            raise ProseError(f"{path.name}: {entry!r} needs a text and a reason.")
    return sorted((entry["text"] for entry in entries), key=len, reverse=True)


def _without_names(line: str, allowed: list[str], is_entry: bool) -> str:
    if is_entry:
        line = "" if _SETTING.match(line) else _KEY.sub("", line)
    elif _OPENING.match(line):
        return ""
    line = _ADDRESS.sub("", _ROLE.sub("", line))
    for text in allowed:
        line = re.sub(rf"(?<![\w]){re.escape(text)}(?!\w)", "", line)
    return line
