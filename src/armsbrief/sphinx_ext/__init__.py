"""The Sphinx extension: pages refer to facts and verdicts, and a broken reference is an error.

`armsbrief build` hands the ledger over in `ARMSBRIEF_LEDGER`. Without it, as in
a plain `jupyter-book build .`, the ledger is put together from the outputs
stored in the notebooks.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pybtex.plugin import find_plugin, register_plugin  # type: ignore[import-untyped]  # it has no types
from sphinx.application import Sphinx
from sphinx.config import Config

from armsbrief import __version__
from armsbrief.sphinx_ext import directives, nodes, paper, review, roles, site, watched
from armsbrief.sphinx_ext.fonts import add_fonts
from armsbrief.sphinx_ext.source import attach_ledger


def setup(app: Sphinx) -> dict[str, Any]:
    """Register roles, directives and nodes."""
    _find_backends_once()
    app.connect("config-inited", _leave_tables_unnumbered, priority=900)
    app.connect("builder-inited", attach_ledger)
    app.connect("builder-inited", paper.replace_directives)
    app.connect("build-finished", add_fonts)
    app.add_html_theme("armsbrief_print", str(Path(__file__).parent / "themes" / "print"))
    nodes.register(app)
    roles.register(app)
    watched.register(app)
    directives.register(app)
    site.register(app)
    review.register(app)
    return {
        "version": __version__,
        "env_version": _code_version(),
        "parallel_read_safe": True,
        "parallel_write_safe": False,  # what is used in writing is noted in this process
    }


def _find_backends_once() -> None:
    """Spare pybtex the search through all packages, which it repeats for each citation."""
    for name in ("docutils", "plaintext"):
        found = find_plugin("pybtex.backends", name)
        register_plugin("pybtex.backends", name, found, force=True)


def _leave_tables_unnumbered(app: Sphinx, config: Config) -> None:
    """Undo what Jupyter Book's LaTeX part insists on: a number that no text refers to is noise."""
    config["numfig"] = False


def _code_version() -> int:
    """Number the code that makes the pages, so that pages of older code are read anew."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:6], "big")
