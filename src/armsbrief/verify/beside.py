"""Edits of the files beside the pages: letters, tables and data to download, PDFs of one page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from armsbrief import manifest
from armsbrief.verify import files, paper, remade
from armsbrief.verify.published import TOKEN, Published
from armsbrief.verify.spoil import again, other

KIT, ONE_PAGE = "a number in a letter or another file of the kit", "a number in a PDF of one page"
TABLE, DATA = "a number in a table to download", "a number in a file for machines"
_MOST = 20  # numbers tried in one file for machines: the largest have tens of thousands
_DATA = {".js", ".json", ".txt", ".xml"}
_LAST = re.compile(r"\d(?=\D*$)")

Place = tuple[str, str, int]  # kind, file in the edition, which of its numbers or lines


def possible(found: Published) -> Iterator[Place]:
    """Yield every edit that can be tried: what, where, and which."""
    for name in _kit(found):
        yield from ((KIT, name, n) for n in range(len(_numbers(found.folder / name))))
    for name in paper.ONE_PAGE:
        yield from ((ONE_PAGE, name, n) for n in range(len(_numbers(found.folder / name))))
    for path in sorted((found.folder / "html").rglob("*")):
        name = path.relative_to(found.folder).as_posix()
        if path.suffix == ".csv":
            yield from ((TABLE, name, line) for line in _lines(path))
        elif path.suffix in _DATA and path.name != manifest.NAME:
            count = len(_numbers(path))
            yield from ((DATA, name, n) for n in range(0, count, max(1, -(-count // _MOST))))


def caught_by(place: Place, found: Published) -> str:
    """Make an edit in memory and name the check that notices it; empty if none does."""
    kind, name, number = place
    path = found.folder / name
    text = _text(path)
    edited = _with_line(text, number) if kind == TABLE else _with_number(text, path, number)
    if kind == KIT:
        return _noticed_in_kit(found, name, edited)
    if kind == ONE_PAGE:
        wrong = paper.wrong_on_one_page(found, name, edited)
        same = edited == _text(again(found.folder).work / name)
        return paper.ON_ONE_PAGE if wrong else "" if same else remade.REST
    made = again(found.folder).site / Path(name).relative_to("html")
    return "" if edited == made.read_text("utf-8") else remade.SITE


def _noticed_in_kit(found: Published, name: str, edited: str) -> str:
    kept = Path(name).relative_to("kit").as_posix()
    if list(files.wrong(found, edited, kept, _kit(found)[name])):
        return files.IN_KIT
    return "" if edited == _text(again(found.folder).kit / kept) else remade.REST


def _kit(found: Published) -> dict[str, list[str]]:
    """Return the files of the kit that can be read, each with the facts that it says it uses."""
    listed = found.folder / "kit" / manifest.NAME
    if not listed.is_file():
        return {}
    return {f"kit/{name}": facts for name, facts in files.readable(listed).items()}


@cache
def _text(path: Path) -> str:
    return files.text_of(path)


@cache
def _numbers(path: Path) -> list[tuple[int, int]]:
    return [found.span() for found in TOKEN.finditer(_text(path))]


def _with_number(text: str, path: Path, number: int) -> str:
    start, end = _numbers(path)[number]
    return text[:start] + other(text[start:end]) + text[end:]


def _lines(path: Path) -> list[int]:
    """Return the lines that have a digit."""
    lines = path.read_text("utf-8").splitlines()
    return [number for number, line in enumerate(lines) if _LAST.search(line)]


def _with_line(text: str, number: int) -> str:
    """Change the last digit of a line."""
    lines = text.splitlines(keepends=True)
    lines[number] = _LAST.sub(lambda digit: str((int(digit[0]) + 1) % 10), lines[number])
    return "".join(lines)
