"""The bibliography, made from the table of sources."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from urllib.parse import quote

from armsbrief import paths

GRADES = {
    "primary": "primary text read",
    "issuer-summary": "issuer's own page",
    "quoting-outlet": "outlet quoting the primary text",
    "anonymous-source": "single outlet on unnamed sources",
    "op-ed": "the op-ed under review",
}
_KNOWN_TO = {"year-end": len("2025"), "month-end": len("2025-12")}  # late on purpose otherwise
_SPECIAL = str.maketrans({"{": "(", "}": ")", "\\": "/", "%": r"\%", "&": r"\&", "#": r"\#",
                          "_": r"\_", "~": "-", "^": ""})  # fmt: skip


def bibliography() -> str:
    """Return all sources as BibTeX, in the order of the table."""
    return "\n".join(_entry(row) for row in sources().values())


def sources() -> dict[str, dict[str, str]]:
    """Return every source by its id; what is not known is empty."""
    with (paths.DATA / "tables" / "sources.csv").open(encoding="utf-8", newline="") as table:
        return {row["id"]: row for row in csv.DictReader(table)}


def dated(row: Mapping[str, str]) -> str:
    """Return when a source was published, no finer than is known; empty if nothing is."""
    known = _KNOWN_TO.get(row["published_basis"], len(row["published"]))
    return row["published"][:known]


def _entry(row: dict[str, str]) -> str:
    fields = {
        "title": f"{{{row['title'].translate(_SPECIAL)}}}",
        "howpublished": f"{{{row['publisher'].translate(_SPECIAL)}}}",
        "year": dated(row) or "undated",
        "url": quote(row["url"], safe=":/?&=#%+,;@~!*()'-._"),
        "note": GRADES[row["grade"]],
    }
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items() if value]
    return "\n".join([f"@misc{{{row['id']},", *lines, "}", ""])
