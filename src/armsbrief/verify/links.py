"""The links within the site: every one must lead to a file, and to a place in it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from armsbrief.verify.published import Published
from armsbrief.verify.report import Check

_LEADING = "//@href | //@src"


def check_links(edition: Published) -> Check:
    """Follow every link within the site to its file and to its anchor."""
    check = Check("every link within the site leads somewhere")
    site, seen = edition.folder / "html", 0

    @cache
    def places(page: str) -> frozenset[str]:
        found = edition.pages[page].xpath("//@id") if page in edition.pages else ()
        return frozenset(map(str, found))

    for page, tree in edition.pages.items():
        for address, name, anchor in _within(page, tree):
            seen += 1
            if not (site / name).is_file():
                check.failures.append(f"{page}: {address} leads to no file")
            elif anchor and name.endswith(".html") and anchor not in places(name):
                check.failures.append(f"{page}: {address} leads to no place in {name}")
    check.looked_at = f"{seen:,} links"
    return check


def _within(page: str, tree: Any) -> Iterator[tuple[str, str, str]]:
    """Yield each different link of a page to the site: as written, its file, its anchor."""
    for address in dict.fromkeys(map(str, tree.xpath(_LEADING))):
        parts = urlsplit(address)
        if not parts.scheme and not parts.netloc:
            name = unquote(parts.path) or posixpath.basename(page)
            name += "index.html" if name.endswith("/") else ""
            within = posixpath.normpath(posixpath.join("/", posixpath.dirname(page), name))
            yield address, within.lstrip("/"), unquote(parts.fragment)
