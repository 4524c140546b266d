"""The Sphinx extension: pages refer to facts and verdicts, and a broken reference is an error.

`armsbrief build` hands the ledger over in `ARMSBRIEF_LEDGER`. Without it, as in
a plain `jupyter-book build .`, the ledger is put together from the outputs
stored in the notebooks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from armsbrief import __version__
from armsbrief.sphinx_ext import directives, nodes, roles
from armsbrief.sphinx_ext.fonts import add_fonts
from armsbrief.sphinx_ext.source import attach_ledger


def setup(app: Sphinx) -> dict[str, Any]:
    """Register roles, directives and nodes."""
    app.connect("builder-inited", attach_ledger)
    app.connect("build-finished", add_fonts)
    app.add_html_theme("armsbrief_print", str(Path(__file__).parent / "themes" / "print"))
    nodes.register(app)
    roles.register(app)
    directives.register(app)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
