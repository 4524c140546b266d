"""Directives for paper: the same content where nobody can click, with receipts at the end.

They replace those of the site when the pages are made for print. A number, a
chart and a robustness statement each link to a receipt; `armsbrief.paper`
numbers the receipts once the whole page is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from docutils import nodes
from docutils.nodes import Node
from sphinx.application import Sphinx

from armsbrief import changes, trail, words
from armsbrief.sphinx_ext import directives, source
from armsbrief.sphinx_ext.directives import headed
from armsbrief.sphinx_ext.nodes import Drawing, anchor

_FEW_SOURCES = 8


def to_receipt(kind: str, name: str, text: str = "receipt") -> nodes.reference:
    """Return a link to a receipt; its number is put behind the text later."""
    return nodes.reference("", text, refuri=f"#{anchor(kind, name)}", classes=["to-receipt"])


def figure(directive: directives._LedgerDirective, key: str, chart: Mapping[str, Any]) -> Node:
    """Return a chart with its words beside it: title, finding, note, date and sources."""
    title = nodes.paragraph("", "", nodes.strong("", chart["title"]), classes=["chart-title"])
    finding = nodes.paragraph("", chart["finding"])
    note = f"{chart['note']} " if chart["note"] else ""
    below = nodes.paragraph("", f"{note}Data known on {words.day(chart['as_of'])}; ",
                            classes=["source"])  # fmt: skip
    if 0 < len(chart["sources"]) <= _FEW_SOURCES:
        below += [nodes.Text("sources: "), *directive.cited(chart["sources"]), nodes.Text("; ")]
    below += [to_receipt("drawn", key), nodes.Text(".")]
    beside = nodes.container("", title, finding, below, classes=["chart-words"])
    box = nodes.container("", beside, Drawing("", svg=chart["svg"]), classes=["chart"])
    box["ids"].append(anchor("chart", key))
    return box


class Finding(directives.Finding):
    """`{finding} claim-id`: the whole finding in less than a page."""

    def content_nodes(self) -> list[Node]:
        name = self.arguments[0]
        claim = source.entry(self.env, "claims", name)
        head = nodes.container("", *self._head(claim), classes=["finding-head"])
        self.label(head, anchor("claim", name), claim["title"])
        charts = source.of(self.env)["charts"]
        shown = [figure(self, key, chart) for key, chart in charts.items() if _of(key, name)]
        parts = [
            headed("How sure", self._sure(name, claim)),
            headed("Evidence against", self.bullets(claim["counter_evidence_source"])),
            headed("Sources disagree", self._disagree(name)),
            headed("Limits", self.bullets(claim["limits_source"])),
        ]
        if not claim["stale"]:  # otherwise the head says it
            parts.append(headed("Data", nodes.paragraph("", words.freshness(claim))))
        for part in parts:
            part["classes"].append("part")
            self.state.document.note_implicit_target(part, part)
        return [head, *shown[:1], *parts]

    def _sure(self, name: str, claim: Mapping[str, Any]) -> Node:
        line = self.paragraph(words.how_sure(claim))
        line += [to_receipt("sure", name), nodes.Text(".")]
        return line

    def _disagree(self, name: str) -> Node:
        """Say what each source counts, by its table in the appendix."""
        line = nodes.paragraph()
        for key, table in source.of(self.env)["tables"].items():
            if _of(key, name):
                line += nodes.Text("; " if line.children else "")
                line += nodes.reference(
                    "", table["title"], refuri=f"#{anchor('table', key)}", classes=["to-page"]
                )
        if not line.children:
            return nodes.paragraph("", "No two sources could be set side by side.")
        line += nodes.Text(".")
        return line


def _of(key: str, claim: str) -> bool:
    return key.split(".")[0] == claim


class Chart(directives.Chart):
    """`{chart} chart-id`: one chart of a notebook."""

    def content_nodes(self) -> list[Node]:
        key = self.arguments[0]
        return [figure(self, key, source.entry(self.env, "charts", key))]


class Changes(directives.Changes):
    """`{changes} edition`: the verdicts that changed; the other claims are counted before them."""

    def others(self, moved: list[changes.Change]) -> list[Node]:
        """Return nothing: the site has the table."""
        return []

    def sentences(self, change: changes.Change) -> list[Node]:
        """Return nothing: the finding says what is said now, the site what was said then."""
        return []


class Receipts(directives.Receipts):
    """`{receipts}`: tables in which sources disagree, then a numbered receipt of every number."""

    def content_nodes(self) -> list[Node]:
        self._listed: dict[tuple[str, ...], str] = {}
        tables = headed("Where sources disagree", *self._tables(), names="disagree")
        receipts = headed("The receipts", *self._groups(), names="the receipts")
        for section in (tables, receipts):
            self.state.document.note_implicit_target(section, section)
        return [tables, receipts]

    def _tables(self) -> Iterable[Node]:
        claims = source.of(self.env)["claims"]
        for key, table in source.of(self.env)["tables"].items():
            if claim := claims.get(key.split(".")[0]):
                title = f"{claim['title']}: {table['title']}"
                made = directives.titled_grid({**table, "title": title})
                made.children[0]["ids"].append(anchor("table", key))  # type: ignore[index]  # a table
                yield made

    def _groups(self) -> list[Node]:
        made: list[Node] = []
        for title, receipts in trail.groups(source.of(self.env)):
            made += [nodes.rubric("", title), *map(self._entry, receipts)]
        return made

    def _entry(self, receipt: trail.Receipt) -> Node:
        line = nodes.paragraph("", "", nodes.strong("", receipt.head))
        line += nodes.Text(f" {receipt.said}.")
        line += self._sources(receipt.anchor, receipt.sources)
        box = nodes.container("", line, classes=["receipt"])
        box["ids"].append(receipt.anchor)
        return box

    def _sources(self, place: str, sources: Sequence[str]) -> list[Node]:
        """Cite the sources; a long list stands once, and is pointed to after that."""
        if not sources:
            return []
        first = self._listed.setdefault(tuple(sources), place)
        if first == place or len(sources) <= _FEW_SOURCES:
            return [nodes.Text(" "), *self.cited(sources)]
        again = nodes.reference("", "receipt", refuri=f"#{first}", classes=["to-receipt"])
        return [nodes.Text(" Sources as in "), again, nodes.Text(".")]


def replace_directives(app: Sphinx) -> None:
    """Put the directives for paper in the place of those of the site."""
    if app.builder.name != "singlehtml":
        return
    app.add_directive("finding", Finding, override=True)
    app.add_directive("chart", Chart, override=True)
    app.add_directive("receipts", Receipts, override=True)
    app.add_directive("changes", Changes, override=True)
