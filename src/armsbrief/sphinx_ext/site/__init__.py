"""The site: a theme of our own, and what a page needs that is no page itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from armsbrief.sphinx_ext.site import (
    beside,
    card,
    figures,
    layout,
    library,
    metadata,
    notebooks,
    receipts,
    search,
    trial,
    whole,
)
from armsbrief.sphinx_ext.source import watch_no_more

_AFTER_PAGES = (library.write_library, card.write_card, whole.write_sitemap, whole.write_crate)
_MADE_ANEW = ("book/receipts", "book/charts", "book/specifications", "data")
_OWN_STATIC = {"site.css", "site.js", "first.js", "favicon.svg", "fonts", "vega.js", "card.png"}


def register(app: Sphinx) -> None:
    """Tell Sphinx about the theme and what goes around the pages."""
    app.add_html_theme("armsbrief_site", str(layout.THEME))
    app.connect("config-inited", metadata.set_base)
    app.connect("builder-inited", _prepare, priority=900)
    app.connect("doctree-resolved", _without_thebe, priority=900)
    app.connect("env-updated", layout.draw_map, priority=100)
    app.connect("env-updated", _never_idle)
    app.connect("env-before-read-docs", _begin_files, priority=900)
    app.connect("doctree-resolved", _begin_pages)
    app.connect("html-page-context", layout.describe, priority=900)
    app.connect("build-finished", _finish, priority=900)
    notebooks.register(app)


def _prepare(app: Sphinx) -> None:
    """Start with no files of an earlier build, and without Sphinx's search: ours knows claims."""
    if app.builder.name != "html":
        return
    app.builder.search = False  # type: ignore[attr-defined]  # of builders of HTML only
    for name in _MADE_ANEW:
        shutil.rmtree(Path(app.outdir) / name, ignore_errors=True)


def _never_idle(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write one page always: where no page is out of date Sphinx stops, and makes none of ours."""
    return [app.config.root_doc] if app.builder.name == "html" else []


def _without_thebe(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Take out the scripts for live code that Jupyter Book adds: we do not use them."""
    for node in list(doctree.findall(nodes.raw)):
        if "thebe" in node.astext() or "kernelName" in node.astext():
            node.parent.remove(node)


def _write_pages(app: Sphinx) -> None:
    """Write the pages that follow from the ledger, as Sphinx writes those of extensions."""
    builder: Any = app.builder  # of HTML
    for pages in (receipts.pages, trial.pages, figures.pages, search.pages):
        for name, context, template in pages(app):
            builder.handle_page(name, context, template)


# What needs only the ledger, and what needs to know the pages of the book as well.
_FROM_THE_LEDGER = (
    watch_no_more, receipts.write_pieces, trial.write_grids, figures.write_charts,
    whole.write_ledger, whole.write_twins, whole.write_feed,
)  # fmt: skip
_FROM_THE_PAGES = (watch_no_more, _write_pages, search.write_index)


def _begin_files(app: Sphinx, *_: Any) -> None:
    if app.builder.name == "html":
        beside.begin(app, _FROM_THE_LEDGER)


def _begin_pages(app: Sphinx, *_: Any) -> None:
    """Begin when the first page of the book is written: templates and styles are there by then."""
    if app.builder.name == "html" and not app.__dict__.get("armsbrief_pages"):
        app.__dict__["armsbrief_pages"] = True
        beside.begin(app, _FROM_THE_PAGES)


def _finish(app: Sphinx, error: Exception | None) -> None:
    beside.finish(app, error)
    if error is not None or app.builder.name != "html":
        return
    for write in _AFTER_PAGES:
        write(app)
    _without_static_of_others(Path(app.outdir) / "_static")


def _without_static_of_others(folder: Path) -> None:
    """Delete what extensions put beside our style sheet and no page of ours asks for."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.relative_to(folder).parts[0] in _OWN_STATIC:
            continue
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
