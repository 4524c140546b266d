"""Directives for paper: the same content where nobody can click, with receipts at the end.

They replace those of the site when the pages are made for print. A number, a
chart and a robustness statement each link to a receipt; `armsbrief.paper`
numbers the receipts once the whole page is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from docutils import nodes
from docutils.nodes import Node
from sphinx.application import Sphinx

from armsbrief import changes, words
from armsbrief.sphinx_ext import directives, source
from armsbrief.sphinx_ext.directives import headed
from armsbrief.sphinx_ext.nodes import Drawing, anchor

_FEW_SOURCES = 8
_FEW_ROWS = 2
_OTHER_GROUPS = {
    "cost": "What the asks would cost",
    "deadlines": "Dates of the asks",
    "precedents": "Precedents of the asks",
    "targets": "Targets of the asks",
    "timeline": "Timeline",
}


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
        flips = words.break_even(claim, named=False)
        line = self.paragraph(f"{words.robustness(claim)} {flips} The rule: ")
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
    """`{changes} edition`: the verdicts that changed, and the other claims by name."""

    def others(self, moved: list[changes.Change]) -> list[Node]:
        """Name the claims with another value or wording."""
        names = "; ".join(change.title for change in moved)
        return [nodes.paragraph("", f"Another value or wording: {names}.")]

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
        book = source.of(self.env)
        order = [*book["claims"], *_OTHER_GROUPS]
        facts = sorted(self.facts, key=lambda name: order.index(name.split(".")[0]))
        made: list[Node] = []
        for group, names in groupby(facts, key=lambda name: name.split(".")[0]):
            claim = book["claims"].get(group)
            made.append(nodes.rubric("", claim["title"] if claim else _OTHER_GROUPS[group]))
            if claim:
                made.append(self._sure(group, claim))
            drawn = [(key, chart) for key, chart in book["charts"].items() if _of(key, group)]
            made += [self._drawn(*one) for one in (drawn[:1] if claim else drawn)]
            made += [self._receipt(name, self.facts[name]) for name in names]
        return made

    def _sure(self, name: str, claim: Mapping[str, Any]) -> Node:
        choices = " × ".join(claim["dimensions"]) or "one reading"
        said = f"The rule: {claim['tolerance']}. Choices: {choices}"
        return self._entry("sure", name, "How sure", said, claim["sources"])

    def _drawn(self, key: str, chart: Mapping[str, Any]) -> Node:
        said = f"{_rows(chart['rows'])}; {_place(chart)}"
        return self._entry("drawn", key, f"Chart: {chart['title']}", said, chart["sources"])

    def _receipt(self, name: str, fact: Mapping[str, Any]) -> Node:
        said = f"{fact['label']}{_in_full(fact)}: {_quoted(fact['how'])}; {_rows(fact['rows'])}; "
        known = f"; known {words.day(fact['as_of'])}" if fact["as_of"] else ""
        return self._entry("fact", name, fact["display"], said + _place(fact) + known,
                           fact["sources"])  # fmt: skip

    def _entry(self, kind: str, name: str, head: str, said: str, sources: Sequence[str]) -> Node:
        line = nodes.paragraph("", "", nodes.strong("", head), nodes.Text(f" {said}."))
        line += self._sources(anchor(kind, name), sources)
        box = nodes.container("", line, classes=["receipt"])
        box["ids"].append(anchor(kind, name))
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


def _rows(rows: Mapping[str, Sequence[str]]) -> str:
    """Name the rows where they are few, and count them where they are many."""
    parts = [
        f"{table} ({', '.join(ids)})" if len(ids) <= _FEW_ROWS else f"{len(ids)} rows of {table}"
        for table, ids in rows.items()
    ]
    return ", ".join(parts) or "no rows"


def _in_full(fact: Mapping[str, Any]) -> str:
    """Give the full value and its unit, where the display form rounds."""
    value = fact["value"]
    full = f"{value:.12g}" if isinstance(value, float) else str(value)
    if value is None or isinstance(value, bool | str) or full in fact["display"].replace(",", ""):
        return ""
    return f", in full {full} {fact['unit']}"


def _quoted(how: str) -> str:
    """Write the name of a parameter as words are quoted."""
    return re.sub(r"`([^`]+)`", r"“\1”", how)


def _place(record: Mapping[str, Any]) -> str:
    return f"{record['notebook'].removeprefix('notebooks/')}, cell {record['cell']}"


def replace_directives(app: Sphinx) -> None:
    """Put the directives for paper in the place of those of the site."""
    if app.builder.name != "singlehtml":
        return
    app.add_directive("finding", Finding, override=True)
    app.add_directive("chart", Chart, override=True)
    app.add_directive("receipts", Receipts, override=True)
    app.add_directive("changes", Changes, override=True)
