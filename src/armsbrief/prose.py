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

# Roles that show what the ledger or the table of sources says, not what stands between the ticks.
_ROLE = re.compile(r"\{(fact|verdict|finding|how-many|cite[\w:]*)\}`[^`]*`")
_TARGET = re.compile(r"\{(doc|ref)\}`([^`<]*<)?[^`<]*`")
_ADDRESS = re.compile(r"\]\([^)]*\)|<https?://[^>]*>|^\([\w-]+\)=$")
# One word after a directive or an option is an id; several are a title that a reader sees.
_OPENING = re.compile(r"^\s*(```+|:::+)\{[\w-]+\}\s*\S*\s*$|^:[\w-]+:\s*\S*\s*$")
_SETTINGS = re.compile(r"^(\s*)settings:")
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
    names = allowed(book / "allowed.yml")
    found = []
    for path in sorted([*book.rglob("*.md"), *book.rglob("*.yml")]):
        if path.name in _NOT_PROSE:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        is_entry = path.suffix == ".yml"
        settings = _lines_of_settings(lines) if is_entry else set()
        for number, line in enumerate(lines, start=1):
            prose = _without_names(line, names, is_entry)
            if number not in settings and re.search(r"\d", prose):
                found.append(Typed(path, number, line.strip()))
    return found


def _lines_of_settings(lines: list[str]) -> set[int]:
    """Number the lines of a rule's settings: they are code, and the number is the rule's."""
    found, inside = set(), -1
    for number, line in enumerate(lines, start=1):
        indent = len(line) - len(line.lstrip())
        if inside >= 0 and line.strip() and indent <= inside:
            inside = -1
        if match := _SETTINGS.match(line):
            inside = len(match.group(1))
        if inside >= 0:
            found.add(number)
    return found


def allowed(path: Path) -> list[str]:
    """Return the digits that are names, longest first; each must come with a reason."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    for entry in entries:
        if not entry.get("text") or not entry.get("reason"):
            raise ProseError(f"{path.name}: {entry!r} needs a text and a reason.")
    return sorted((entry["text"] for entry in entries), key=len, reverse=True)


def _without_names(line: str, allowed: list[str], is_entry: bool) -> str:
    if is_entry:
        line = _KEY.sub("", line)
    elif _OPENING.match(line):
        return ""
    line = _ADDRESS.sub("", _TARGET.sub(r"\2", _ROLE.sub("", line)))
    for text in allowed:
        line = re.sub(rf"(?<![\w]){re.escape(text)}(?!\w)", "", line)
    return line
