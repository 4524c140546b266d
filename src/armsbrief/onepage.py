"""The brief on one page, for the hand of an official: A4 and Letter, from the ledger alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from armsbrief import ledger, paper, paths, words
from armsbrief.errors import LedgerError

SIZES = {"one-page.pdf": "A4", "one-page-letter.pdf": "Letter"}
_POINTS = (9.4, 8.8, 8.2, 7.6, 7.0, 6.4)
_LEAD = re.compile(r"\*\*(?P<name>[^*]+)\.\*\*\s+(?P<text>.+?)(?:\n\n|\Z)", re.DOTALL)
_FINDING = re.compile(r"\{finding\}`([^`]+)`")
_VERDICT = re.compile(r"\{verdict\}`([^`]+)`")
_BY = re.compile(r"\{fact\}`(deadlines\.[^`]+)`")


def make(book: Path, folder: Path) -> list[Path]:
    """Set the page in each size.

    Parameters
    ----------
    book : pathlib.Path
        The ledger.
    folder : pathlib.Path
        Where the PDFs go.

    Raises
    ------
    LedgerError
        If the page does not fit at the smallest size of type that can be read.
    """
    content = content_of(ledger.read(book), sha256(book.read_bytes()).hexdigest())
    made = [folder / name for name in SIZES]
    for out in made:
        paper.save(fitted(content, SIZES[out.name]), out)
    return made


def fitted(content: Mapping[str, Any], size: str) -> Any:
    """Lay the page out in the largest type in which it stays one page.

    Raises
    ------
    LedgerError
        If it does not, even in the smallest.
    """
    template = _template()
    for points in _POINTS:
        document = paper.laid_out(template.render(content, size=size, points=points), paths.BOOK)
        if len(document.pages) == 1:
            return document
    raise LedgerError(
        f"the text does not fit on one page of {size} even at {points} points; "
        "shorten `found_as` in claims.yml or the titles in recommendations.yml."
    )


def _template() -> Any:
    loader = PackageLoader("armsbrief", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(
        "onepage.html"
    )


def content_of(book: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """Return what the page says: paragraphs of the front page, the board, the asks."""
    claims = list(book["claims"].values())
    counted = Counter(claim["verdict"] for claim in claims)
    return {
        "edition": book["edition"],
        "as_of": words.day(book["parameters"]["as_of"]),
        "digest": digest,
        "front": front(book),
        "claims": claims,
        "counted": [(name, counted[name]) for name in words.VERDICT],
        "verdicts": words.VERDICT,
        "asks": [
            _ask(name, entry, book["facts"]) for name, entry in book["recommendations"].items()
        ],
    }


def front(book: Mapping[str, Any]) -> dict[str, str]:
    """Return the paragraphs of the front page by the words they begin with, numbers filled in."""
    text = (paths.BOOK / "index.md").read_text(encoding="utf-8")
    return {match["name"]: _plain(match["text"], book) for match in _LEAD.finditer(text)}


def _plain(text: str, book: Mapping[str, Any]) -> str:
    claims = book["claims"]
    found = _FINDING.sub(lambda match: str(claims[match[1]]["sentence"]), text)
    found = _VERDICT.sub(lambda match: words.VERDICT[claims[match[1]]["verdict"]], found)
    items = ledger.substituted(found, book["facts"], "index.md").split("\n- ")
    return "\n".join(" ".join(item.split()) for item in items)


def _ask(name: str, entry: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
    """Return an ask in one line: what, who acts, and the day of the first step if there is one."""
    day = _BY.search(entry["source"]["first_step"])
    where = f"recommendations.yml, {name}.first_step"
    when = str(ledger.lookup(facts, day[1], where)["display"]) if day else "—"
    owner = entry["owner"].partition(";")[0].rstrip(".")
    return {"title": entry["title"], "owner": owner, "by": when}
