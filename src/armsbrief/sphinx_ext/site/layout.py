"""What the theme's templates are told of a page: the way round, the head, the foot."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_external_toc.parsing import FileItem

from armsbrief import words
from armsbrief.sphinx_ext.site import downloads, metadata
from armsbrief.sphinx_ext.source import of as ledger_of
from armsbrief.sphinx_ext.watched import watch

# Nothing from elsewhere, no script or style in the page itself, nothing evaluated.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)
THEME = Path(__file__).parents[1] / "themes" / "site"
_FOLDED = "The notebooks"
_LONGEST = 180


def describe(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Hand the templates what they show around the text of a page."""
    if app.builder.name != "html":
        return
    _, claim = metadata.claim_on(app, page)
    title = context.get("own_title") or _title(app.env, page)
    root = context.get("own_root", "../" * page.count("/"))
    ledger = ledger_of(app.env)
    front = page == "index" and words.in_short(ledger["claims"].values())
    description = context.get("own_description") or front or _description(tree, claim)
    described = metadata.Described(page, title, description or app.config.project, root)
    context["site"] = {
        "root": root,
        "policy": POLICY,
        "version": version(),
        "title": app.config.project if page == "index" else f"{title} — {app.config.project}",
        "description": described.description,
        "kind": page.split("/")[1] if page.startswith("book/") and page.count("/") > 1 else "page",
        "above": _caption(app.env, page) if page != "index" else "",
        "parts": list(_parts(app, page, root)),
        "edition": ledger["edition"],
        "otherwise": words.otherwise(ledger),
        "known": words.day(ledger["parameters"]["as_of"]),
        "downloads": downloads.offered(),
        **metadata.head(app, described),
    }


@cache
def version() -> str:
    """Number the files of the theme, so that a browser asks for changed ones anew."""
    digest = hashlib.sha256()
    for path in sorted((THEME / "static").iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _title(env: BuildEnvironment, page: str) -> str:
    return str(env.titles[page].astext()) if page in env.titles else page


def _description(tree: nodes.document | None, claim: Mapping[str, Any] | None) -> str:
    """Say in a sentence or two what the page says."""
    if claim is not None:
        return _short(claim["sentence"])
    found = tree.findall(nodes.paragraph) if tree is not None else ()
    return _short(next((text for node in found if (text := node.astext().strip())), ""))


def _short(text: str) -> str:
    return textwrap.shorten(text, _LONGEST, placeholder=" …")


def parts(env: BuildEnvironment) -> Iterator[tuple[str, list[str]]]:
    """Return the parts of the book, in order: caption and pages."""
    for part in env.external_site_map.root.subtrees:  # type: ignore[attr-defined]  # its extension's
        pages = [str(item) for item in part.items if isinstance(item, FileItem)]
        yield part.caption or "", [page for page in pages if page in env.titles]


def _caption(env: BuildEnvironment, page: str) -> str:
    return next((caption for caption, pages in parts(env) if page in pages), "")


def draw_map(app: Sphinx, env: BuildEnvironment) -> None:
    """Put the way round together once all pages are read: a page that shows it depends on it."""
    if app.builder.name != "html":
        return
    entries = [("", _entry(app, "index", "The brief"))]
    for caption, pages in parts(env):
        entries += [(caption, _entry(app, page)) for page in pages]
    app.armsbrief_map = watch(app, "map", {"entries": entries})  # type: ignore[attr-defined]  # ours


def _entry(app: Sphinx, page: str, title: str = "") -> dict[str, Any]:
    _, claim = metadata.claim_on(app, page)
    return {
        "page": page,
        "title": title or _title(app.env, page),
        "verdict": claim and claim["verdict"],
        "verdict_words": claim and words.VERDICT[claim["verdict"]],
    }


def _parts(app: Sphinx, here: str, root: str) -> Iterator[dict[str, Any]]:
    """Return the way round as it is on one page."""
    entries = app.armsbrief_map["entries"]  # type: ignore[attr-defined]  # ours
    for caption, group in groupby(entries, key=itemgetter(0)):
        pages = [
            {**entry, "href": f"{root}{entry['page']}.html", "here": entry["page"] == here}
            for _, entry in group
        ]
        yield {
            "caption": caption,
            "folded": caption == _FOLDED,
            "here": any(page["here"] for page in pages),
            "pages": pages,
        }
