"""Pages of notebooks: cells that can be linked to, charts that are drawn in the page."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from armsbrief.sphinx_ext.nodes import drawing
from armsbrief.sphinx_ext.source import of as ledger_of

# What pandas writes into its tables, and the policy of the site refuses.
_STYLED = re.compile(r'<style[^>]*>.*?</style>| (?:style|border)="[^"]*"', flags=re.DOTALL)
_EARLY = 100  # before Sphinx collects pictures: ours are drawn inline


def register(app: Sphinx) -> None:
    """Tell Sphinx to prepare the pages of notebooks."""
    app.connect("doctree-read", _prepare, priority=_EARLY)


def _prepare(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.docname
    if app.builder.name != "html" or not page.startswith("notebooks/"):
        return
    cells = json.loads(Path(app.env.doc2path(page)).read_text(encoding="utf-8"))["cells"]
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            node["ids"].append(f"cell-{cells[node['cell_index']]['id']}")
    for code in doctree.findall(nodes.literal_block):
        code["language"] = "none"  # we colour no code, so a browser need not hold every word apart
    for raw in doctree.findall(nodes.raw):
        raw.children = [nodes.Text(_plain(raw.astext()))]
    _draw(app, doctree)


def _plain(html: str) -> str:
    """Return a table of pandas without styles, with no empty head, in a box that can scroll."""
    html = _STYLED.sub("", html).replace("<th></th>", "<td></td>")
    if "<table" not in html:
        return html
    return f'<div class="wide" tabindex="0" role="group" aria-label="Table">{html}</div>'


def _draw(app: Sphinx, doctree: nodes.document) -> None:
    """Put drawings with their text alternative where MyST-NB has set mute pictures."""
    ledger, page = ledger_of(app.env), app.env.docname
    ours = [c for c in ledger["charts"].values() if c["notebook"] == f"{page}.ipynb"]
    charts = {_name(chart["svg"]): chart for chart in ours}
    for image in list(doctree.findall(nodes.image)):
        chart: Any = charts.get(PurePosixPath(image["uri"]).stem)
        if chart is not None:
            image.replace_self(drawing(chart))


def _name(svg: str) -> str:
    """Return the name that MyST-NB gives the file of a picture: the hash of its bytes."""
    return hashlib.sha256(os.linesep.join(svg.splitlines()).encode()).hexdigest()
