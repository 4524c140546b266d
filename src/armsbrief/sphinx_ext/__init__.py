"""The Sphinx extension: pages refer to facts and verdicts, and a broken reference is an error.

`armsbrief build` hands the ledger over in `ARMSBRIEF_LEDGER`. Without it, as in
a plain `jupyter-book build .`, the ledger is put together from the outputs
stored in the notebooks.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from armsbrief import __version__
from armsbrief.sphinx_ext import directives, nodes, review, roles
from armsbrief.sphinx_ext.fonts import add_fonts
from armsbrief.sphinx_ext.source import attach_ledger


def setup(app: Sphinx) -> dict[str, Any]:
    """Register roles, directives and nodes."""
    app.connect("builder-inited", attach_ledger)
    app.connect("build-finished", add_fonts)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.add_html_theme("armsbrief_print", str(Path(__file__).parent / "themes" / "print"))
    nodes.register(app)
    roles.register(app)
    directives.register(app)
    review.register(app)
    return {
        "version": __version__,
        "env_version": _code_version(),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def drop_thebe(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Leave out the live-code script of the theme: we do not use it, and it names another site."""
    for key in ("script_files", "css_files"):
        files = context.get(key, [])
        context[key] = [file for file in files if "thebe" not in _said_by(file)]


def _said_by(file: Any) -> str:
    attributes = getattr(file, "attributes", {})
    return f"{getattr(file, 'filename', file)} {attributes.get('body', '')}".lower()


def _code_version() -> int:
    """Number the code that makes the pages, so that pages of older code are read anew."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:6], "big")
