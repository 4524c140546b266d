"""What machines are told of a page: cards, canonical address, linked data."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sphinx.application import Sphinx
from sphinx.config import Config

from armsbrief import unchanged, words
from armsbrief.rules import Verdict
from armsbrief.sphinx_ext.source import of as ledger_of
from armsbrief.sphinx_ext.source import sources_of

BASE = unchanged.ADDRESS
CARD = "_static/card.png"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
AUTHOR = {"@type": "Organization", "name": "armsbrief"}
# On schema.org's scale from 1 to 5; what cannot be verified has no place on it.
_RATING: dict[Verdict, int] = {
    "supported": 5, "supported-with-correction": 4, "partly-supported": 3, "not-supported": 1,
}  # fmt: skip


class Described(NamedTuple):
    """A page, as its head describes it."""

    page: str
    title: str
    description: str
    root: str  # the way from the page to the top of the site


def set_base(app: Sphinx, config: Config) -> None:
    """Take the published address from the environment, where it is given there."""
    if given := os.environ.get(BASE):
        config.html_baseurl = given.rstrip("/") + "/"


def address(app: Sphinx, page: str) -> str:
    """Return the published address of a page, or its place in the site where none is known."""
    name = "" if page == "index" and app.config.html_baseurl else f"{page}.html"
    return f"{app.config.html_baseurl}{name}"


def own_address(app: Sphinx, page: str) -> str:
    """Return the address of a page for the page itself: relative where no other is known."""
    found = address(app, page)
    return found if app.config.html_baseurl else found.rpartition("/")[2]


def head(app: Sphinx, described: Described) -> dict[str, Any]:
    """Return links, cards and linked data for the head of a page."""
    name, claim = claim_on(app, described.page)
    data: Any = ""
    if claim is not None:
        data = claim_review(app, claim)
    elif described.page == "index":
        data = report(app, described)
    return {
        "links": list(_links(app, described, name)),
        "cards": list(_cards(app, described)),
        "linked_data": data and json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
    }


def claim_on(app: Sphinx, page: str) -> tuple[str, Mapping[str, Any] | None]:
    """Return name and record of the claim that a page is the finding of."""
    claims = ledger_of(app.env)["claims"]
    found = ((name, claim) for name, claim in claims.items() if claim["page"] == page)
    return next(found, ("", None))


def _links(app: Sphinx, described: Described, claim: str) -> Iterator[dict[str, str]]:
    page, root = described.page, described.root
    if app.config.html_baseurl:
        yield {"rel": "canonical", "href": address(app, page)}
    if claim:
        twin = {"rel": "alternate", "type": "application/json", "title": "This finding as data"}
        yield {**twin, "href": f"{root}{page}.json"}
    feed = {"rel": "alternate", "type": "application/atom+xml", "title": "Editions"}
    yield {**feed, "href": f"{root}feed.xml"}
    yield {"rel": "license", "href": LICENCE}


def _cards(app: Sphinx, described: Described) -> Iterator[tuple[str, str]]:
    """Return Open Graph and Twitter properties; those that must be absolute need a base."""
    yield "og:type", "article"
    yield "og:site_name", app.config.project
    yield "og:title", described.title
    yield "og:description", described.description
    yield "twitter:card", "summary_large_image"
    if base := app.config.html_baseurl:
        yield "og:url", address(app, described.page)
        yield "og:image", base + CARD
        yield "og:image:alt", "The claims of the op-ed, counted by verdict"


def claim_review(app: Sphinx, claim: Mapping[str, Any]) -> dict[str, Any]:
    """Return schema.org's ClaimReview of one claim."""
    ledger, sources = ledger_of(app.env), sources_of(app.env)
    rating: dict[str, Any] = {"@type": "Rating", "alternateName": words.VERDICT[claim["verdict"]]}
    if value := _RATING.get(claim["verdict"]):
        rating |= {"ratingValue": value, "bestRating": 5, "worstRating": 1}
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "url": own_address(app, claim["page"]),
        "name": claim["title"],
        "claimReviewed": claim["says"],
        "reviewBody": claim["sentence"],
        "datePublished": ledger["parameters"]["as_of"],
        "author": AUTHOR,
        "license": LICENCE,
        "reviewRating": rating,
        "itemReviewed": _ours(app, claim) if claim["own"] else _claim(sources),
        "citation": [url for source in claim["sources"] if (url := sources[source]["url"])],
    }  # fmt: skip


def _ours(app: Sphinx, claim: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same of what we asked ourselves: nobody else may seem to have said it."""
    day = ledger_of(app.env)["parameters"]["as_of"]
    here = {"@type": "Report", "url": own_address(app, claim["page"]), "name": app.config.project}
    return {"@type": "Claim", "author": AUTHOR, "datePublished": day, "appearance": here}


def _claim(sources: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return who made a claim, when and where: the table names the author after the publisher."""
    opinion = next(source for source in sources.values() if source["grade"] == "op-ed")
    publisher, _, author = opinion["publisher"].removesuffix(")").partition(" (")
    published = {"@type": "Organization", "name": publisher}
    by = {"@type": "Person", "name": author} if author else published
    return {
        "@type": "Claim",
        "datePublished": opinion["published"],
        "author": by,
        "appearance": {
            "@type": "OpinionNewsArticle", "url": opinion["url"], "headline": opinion["title"],
            "datePublished": opinion["published"], "author": by, "publisher": published,
        },
    }  # fmt: skip


def report(app: Sphinx, described: Described) -> dict[str, Any]:
    """Return schema.org's Report and Dataset of the whole brief."""
    ledger = ledger_of(app.env)
    common = {
        "description": described.description, "license": LICENCE, "author": AUTHOR,
        "datePublished": ledger["parameters"]["as_of"], "version": ledger["edition"],
        "inLanguage": "en",
    }  # fmt: skip
    parts = [
        {"@type": "ClaimReview", "name": claim["title"], "url": address(app, claim["page"])}
        for claim in ledger["claims"].values()
    ]
    base = app.config.html_baseurl
    files = {"ledger.json": "application/json", "data/datapackage.json": "application/json"}
    dataset = {
        "@type": "Dataset", "@id": "#data", "name": f"Data of: {app.config.project}", **common,
        "distribution": [
            {"@type": "DataDownload", "contentUrl": base + name, "encodingFormat": kind}
            for name, kind in files.items()
        ],
    }  # fmt: skip
    report = {
        "@type": "Report", "@id": "#brief", "name": app.config.project, **common,
        "url": address(app, "index"), "hasPart": parts, "isBasedOn": {"@id": "#data"},
    }  # fmt: skip
    return {"@context": "https://schema.org", "@graph": [report, dataset]}
