"""Pages for a reviewer: the verification, and a walk through the claims in random order."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.nodes import Node
from sphinx.application import Sphinx

from armsbrief import data, paths
from armsbrief.sphinx_ext import source
from armsbrief.sphinx_ext.directives import _LedgerDirective, grid, notebook_link
from armsbrief.sphinx_ext.nodes import badge, number
from armsbrief.sphinx_ext.site.figures import html_table

_SCRIPTS = Path(__file__).parent
_PUBLISHED = Path("book") / "review"
_BEGIN, _END = "<!-- verification -->", "<!-- /verification -->"
_ROWS = 12
_NOT_SHOWN = ("also", "published_basis", "note", "quote", "status")


def register(app: Sphinx) -> None:
    """Tell Sphinx about the directives and their scripts."""
    app.add_directive("verification", Verification)
    app.add_directive("compare-files", CompareFiles)
    app.add_directive("walk", Walk)
    app.connect("build-finished", _copy_scripts, priority=950)


def _copy_scripts(app: Sphinx, error: Exception | None) -> None:
    """Put the scripts beside the pages: files, as a strict content policy wants them."""
    if error is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir) / _PUBLISHED
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(_SCRIPTS.glob("*.js")):
        shutil.copyfile(path, folder / path.name)


def _script(name: str) -> Node:
    return _html(f'<script src="review/{name}" defer></script>')


def _html(text: str) -> Node:
    return nodes.raw("", text, format="html")


class Verification(_LedgerDirective):
    """`{verification}`: the place where `armsbrief verify` puts its result."""

    def content_nodes(self) -> list[Node]:
        waiting = "<p>This edition has not been verified yet: <code>armsbrief verify</code>.</p>"
        return [_html(f'<div class="verification">{_BEGIN}{waiting}{_END}</div>')]


class CompareFiles(_LedgerDirective):
    """`{compare-files}`: a button that compares the files of the site with its manifest."""

    def content_nodes(self) -> list[Node]:
        files = ('<div class="verification">'
                 '<button type="button" class="action" id="check-files" hidden>Compare all files'
                 '</button><p id="files-checked" role="status"></p>'
                 '<ul id="files-wrong"></ul></div>')  # fmt: skip
        return [_html(files), _script("files.js")]


class Walk(_LedgerDirective):
    """`{walk}`: each claim with its rows and its rule; what we find is folded away."""

    def content_nodes(self) -> list[Node]:
        ledger = source.of(self.env)
        claims = [self._claim(name, claim) for name, claim in ledger["claims"].items()]
        opening = nodes.raw(
            "", f'<div id="walk" data-edition="{ledger["edition"]}">', format="html"
        )
        return [opening, *[n for part in claims for n in part],
                nodes.raw("", "</div>", format="html"), _script("walk.js")]  # fmt: skip

    def _claim(self, name: str, claim: Mapping[str, Any]) -> list[Node]:
        says = self.paragraph(claim["says_source"])
        says.insert(0, nodes.strong("", f"{claim['title']}. "))
        rule = nodes.paragraph("", f"The rule: {claim['tolerance']}.")
        ours = nodes.paragraph("", "", badge(claim["verdict"]), nodes.Text(". "))
        ours += self.paragraph(claim["sentence_source"]).children
        return [
            _html(f'<section class="walk-claim" data-claim="{name}">'),
            *(says, *self._inputs(claim), rule),
            _html('<details class="ours"><summary>What we find</summary>'),
            *(ours, *self._numbers(claim)),
            _html("</details></section>"),
        ]

    def _numbers(self, claim: Mapping[str, Any]) -> list[Node]:
        shown: list[list[Node | str]] = [
            [self.facts[fact]["label"], number(fact, self.facts[fact], self.env)]
            for fact in self._deciding(claim)
        ]
        return [grid(["Number", "Value"], shown)] if shown else []

    def _deciding(self, claim: Mapping[str, Any]) -> list[str]:
        return list(dict.fromkeys(claim["inputs"].values()))  # one number may stand in two places

    def _inputs(self, claim: Mapping[str, Any]) -> list[Node]:
        """Return for each number that the rule takes its formula and its rows."""
        made: list[Node] = []
        for fact in self._deciding(claim):
            record = self.facts[fact]
            line = nodes.paragraph("", f"Work out: {record['label']} ({record['how']}). ")
            line += notebook_link(self, record["notebook"])
            made.append(line)
            for table, ids in record["rows"].items():
                made += self._rows(table, ids, f"{claim['title']}: {record['label']}")
        return made

    def _rows(self, table: str, ids: Sequence[str], of: str) -> list[Node]:
        known = _table(table)
        rows = [known[row] for row in ids[:_ROWS] if row in known]
        if not rows:
            return []
        columns = [c for c in rows[0] if c not in _NOT_SHOWN and any(row[c] for row in rows)]
        cells = [[row[column] for column in columns] for row in rows]
        rest = len(ids) - len(rows)
        more = f"{rest} more rows of the table {table} stand in its file." if rest else ""
        label = escape(f"Rows of {table} for {of}")
        box = _html(
            f'<div class="wide walk-rows generated" data-table="{table}" role="region" '
            f'tabindex="0" aria-label="{label}">{html_table(columns, cells)}</div>'
        )
        return [box, *([nodes.paragraph("", more, classes=["generated"])] if more else [])]


@cache
def _table(name: str) -> dict[str, dict[str, str]]:
    path = paths.DATA / data.resource(name)["path"]
    with path.open(encoding="utf-8", newline="") as content:
        return {row["id"]: row for row in csv.DictReader(content)}
