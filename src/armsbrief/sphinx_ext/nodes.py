"""Nodes of our own: a drawn chart, and links that lead from a number to its receipt."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from armsbrief.rules import Verdict
from armsbrief.sphinx_ext import source
from armsbrief.words import VERDICT


class Drawing(nodes.General, nodes.Element):
    """An SVG, drawn at build and set inline."""


def _visit_drawing(translator: Any, node: Drawing) -> None:
    translator.body.append(f'<div class="drawing">{_single_line(node["svg"])}</div>')
    raise nodes.SkipNode


def _single_line(svg: str) -> str:
    return re.sub(r"\s*\n\s*", " ", svg)


def _skip(translator: Any, node: Drawing) -> None:
    raise nodes.SkipNode


def register(app: Sphinx) -> None:
    """Tell Sphinx how to write our nodes."""
    app.add_node(Drawing, html=(_visit_drawing, None), text=(_skip, None), latex=(_skip, None))


def anchor(kind: str, name: str) -> str:
    """Return the anchor of a fact's receipt or a claim: dots are legal ids but awkward in CSS."""
    return f"{kind}-{name.replace('.', '--')}"


def reference(label: str, content: nodes.Element, classes: list[str], docname: str) -> nodes.Node:
    """Return a link to a label that some page defines; Sphinx refuses it when none does."""
    link = addnodes.pending_xref(
        "", content, refdomain="std", reftype="ref", reftarget=label, refexplicit=True,
        refwarn=True, refdoc=docname,
    )  # fmt: skip
    # Sphinx makes the text of the link anew, without the classes of what was in it.
    link["classes"] += [*classes, *content.get("classes", [])]
    return link


def number(fact_id: str, fact: Any, env: BuildEnvironment) -> nodes.Node:
    """Return a displayed number, linked to its receipt where receipts are published."""
    if source.on_paper(env):
        place = f"#{anchor('fact', fact_id)}"
        return nodes.reference("", fact["display"], refuri=place, classes=["fact"])
    text = nodes.inline("", fact["display"], classes=["fact"])
    return reference(anchor("fact", fact_id), text, ["receipt-link"], env.docname)


def badge(verdict: Verdict) -> nodes.inline:
    """Return a verdict in words; its colour only repeats them."""
    return nodes.inline("", VERDICT[verdict], classes=["verdict", f"verdict-{verdict}"])
