"""Nodes of our own: a drawn chart, and links that lead from a number to its receipt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from armsbrief.rules import Verdict
from armsbrief.sphinx_ext import narrow, source, svg
from armsbrief.sphinx_ext.addresses import anchor, receipt
from armsbrief.words import VERDICT

__all__ = [
    "Drawing",
    "Number",
    "Wide",
    "anchor",
    "badge",
    "drawing",
    "number",
    "reference",
    "register",
]


class Drawing(nodes.General, nodes.Element):
    """An SVG, drawn at build and set inline; on a screen also a narrow one, for phones."""


class Number(nodes.Inline, nodes.TextElement):
    """A displayed number that leads to its receipt."""


class Wide(nodes.General, nodes.Element):
    """What may be wider than a phone: it scrolls by itself, by keyboard too, and not the page."""


def _visit_wide(translator: Any, node: Wide) -> None:
    if translator.builder.name != "singlehtml":
        label = escape(node["label"])
        translator.body.append(f'<div class="wide" tabindex="0" role="group" aria-label="{label}">')


def _depart_wide(translator: Any, node: Wide) -> None:
    if translator.builder.name != "singlehtml":
        translator.body.append("</div>")


def _visit_drawing(translator: Any, node: Drawing) -> None:
    if translator.builder.name == "singlehtml":
        drawings = node["svg"]
    else:
        drawings = svg.for_screen(node["svg"], "broad") + svg.for_screen(node["narrow"], "narrow")
    translator.body.append(f'<div class="drawing">{_single_line(drawings)}</div>')
    raise nodes.SkipNode


def _visit_number(translator: Any, node: Number) -> None:
    root = "../" * translator.builder.current_docname.count("/")
    address = receipt(node["fact"], node["notebook"])
    translator.body.append(
        f'<a class="receipt-link fact" data-fact="{node["fact"]}" href="{root}{address}">'
    )


def _depart_number(translator: Any, node: Number) -> None:
    translator.body.append("</a>")


def _resolve_number(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Turn a reference to a fact into a link; a heading has taken its text before."""
    if node["reftype"] != "fact":
        return None
    return Number("", node.astext(), fact=node["reftarget"], notebook=node["notebook"])


def _single_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)


def _skip(translator: Any, node: Drawing) -> None:
    raise nodes.SkipNode


def register(app: Sphinx) -> None:
    """Tell Sphinx how to write our nodes."""
    app.add_node(Drawing, html=(_visit_drawing, None), text=(_skip, None), latex=(_skip, None))
    app.add_node(Wide, html=(_visit_wide, _depart_wide))
    app.add_node(Number, html=(_visit_number, _depart_number))
    app.connect("missing-reference", _resolve_number)


def drawing(chart: Mapping[str, Any]) -> Drawing:
    """Return a chart as it is drawn: broad, and narrow for phones."""
    return Drawing("", svg=chart["svg"], narrow=narrow.drawn(chart))


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
    return addnodes.pending_xref(
        "", text, refdomain="", reftype="fact", reftarget=fact_id, refexplicit=True,
        refwarn=True, refdoc=env.docname, notebook=fact["notebook"],
    )  # fmt: skip


def badge(verdict: Verdict) -> nodes.inline:
    """Return a verdict in words; its colour only repeats them."""
    return nodes.inline("", VERDICT[verdict], classes=["verdict", f"verdict-{verdict}"])
