"""The index that our search reads: claims, pages, numbers, sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sphinx.application import Sphinx

from armsbrief import words
from armsbrief.references import dated
from armsbrief.sphinx_ext.addresses import receipt
from armsbrief.sphinx_ext.site.files import write_data
from armsbrief.sphinx_ext.site.layout import parts
from armsbrief.sphinx_ext.source import of as ledger_of
from armsbrief.sphinx_ext.source import sources_of

Entry = dict[str, Any]


def write_index(app: Sphinx) -> None:
    """Write the index; only the search page asks for it."""
    entries = [*_claims(app), *_pages(app), *_numbers(app), *_sources(app)]
    write_data(app, "search-index.js", entries)


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Return the search page and the page for addresses that lead nowhere."""
    found = {"own_title": "Search", "own_description": "Find a claim, a number or a source."}
    yield "search", found, "search.html"
    lost = {"own_title": "No such page", "own_description": "The address leads to nothing here."}
    # A host shows this page at any depth, so its links start from where the site stands on it.
    yield "404", {**lost, "own_root": urlsplit(app.config.html_baseurl).path}, "404.html"


def _entry(kind: str, weight: int, title: str, about: str, href: str) -> Entry:
    return {"kind": kind, "weight": weight, "title": title, "about": about, "href": href}


def _claims(app: Sphinx) -> Iterator[Entry]:
    for claim in ledger_of(app.env)["claims"].values():
        about = f"{claim['says']} {claim['sentence']}"
        kind = f"Claim: {words.VERDICT[claim['verdict']].lower()}"
        yield _entry(kind, 40, claim["title"], about, f"{claim['page']}.html")


def _pages(app: Sphinx) -> Iterator[Entry]:
    claimed = {claim["page"] for claim in ledger_of(app.env)["claims"].values()}
    for caption, pages in parts(app.env):
        for name in pages:
            if name not in claimed:
                yield _entry("Page", 30, app.env.titles[name].astext(), caption, f"{name}.html")


def _numbers(app: Sphinx) -> Iterator[Entry]:
    for name, fact in ledger_of(app.env)["facts"].items():
        title = f"{fact['display']} — {fact['label']}"
        value = "" if fact["value"] is None else f"; {fact['value']}"
        about = f"{fact['how']}{value} ({name})"
        yield _entry("Number", 20, title, about, receipt(name, fact["notebook"]))


def _sources(app: Sphinx) -> Iterator[Entry]:
    for name, source in sources_of(app.env).items():
        about = f"{source['publisher']}, {dated(source) or 'undated'} ({name})"
        yield _entry("Source", 10, source["title"], about, source["url"] or "book/sources.html")
