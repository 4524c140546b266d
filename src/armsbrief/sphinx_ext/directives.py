"""Directives: the board of verdicts, a finding with all its parts, receipts, recommendations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from docutils import nodes
from docutils.nodes import Node
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.util.docutils import SphinxDirective

from armsbrief import changes, words
from armsbrief.errors import ArmsbriefError
from armsbrief.sphinx_ext import source
from armsbrief.sphinx_ext.addresses import FEW_SOURCES, receipt, sources_of
from armsbrief.sphinx_ext.nodes import Wide, anchor, badge, drawing, number, reference
from armsbrief.sphinx_ext.site import board, cite, figures, trial
from armsbrief.sphinx_ext.text import with_numbers

_LONG = 60  # letters of a cell that a column of a phone has no room for


class _LedgerDirective(SphinxDirective):
    """A directive whose failure is an error of the page, not a gap in it."""

    def run(self) -> list[Node]:
        try:
            return self.content_nodes()
        except ArmsbriefError as error:
            raise self.error(str(error)) from error

    def content_nodes(self) -> list[Node]:
        raise NotImplementedError

    @property
    def facts(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = source.of(self.env)["facts"]
        return found

    def paragraph(self, text: str, *classes: str) -> nodes.paragraph:
        """Return a paragraph whose numbers are linked."""
        return nodes.paragraph(
            "", "", *with_numbers(text, self.facts, self.env), classes=list(classes)
        )

    def bullets(self, texts: Iterable[str]) -> nodes.bullet_list:
        """Return a list whose numbers are linked."""
        items = [nodes.list_item("", self.paragraph(text)) for text in texts]
        return nodes.bullet_list("", *items)

    def label(self, target: nodes.Element, name: str, title: str) -> None:
        """Make a node the target of a label."""
        target["ids"].append(name)
        domain = cast(StandardDomain, self.env.get_domain("std"))
        domain.anonlabels[name] = (self.env.docname, name)
        domain.labels[name] = (self.env.docname, name, title)

    def attributed(self, ids: Sequence[str], record: str, notebook: str) -> list[Node]:
        """Return the citations, or their number by grade where there are too many to read.

        These are listed on the site with the receipts of the notebook.
        """
        if not ids:
            return [nodes.Text("No source was public by then")]
        if len(ids) <= FEW_SOURCES:
            return [nodes.Text("Sources: "), *self.cited(ids)]
        counted = words.graded(ids, source.sources_of(self.env))
        listed = nodes.Text("listed in the receipts")
        if source.on_paper(self.env):
            return [nodes.Text(f"{counted}, "), listed]
        address = source.root(self.env) + sources_of(record, notebook)
        return [nodes.Text(f"{counted}, "), nodes.reference("", "", listed, refuri=address)]

    def cited(self, ids: Sequence[str]) -> list[Node]:
        """Return numbered citations of the sources."""
        parsed, messages = self.parse_inline("{cite}`" + ",".join(ids) + "`")
        return [*parsed, *messages]


def grid(head: Sequence[str], rows: Sequence[Sequence[Node | str]], *classes: str) -> nodes.table:
    """Return a table with a head; its first column names the row."""
    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec(colwidth=100 // len(head)) for _ in head]
    group += nodes.thead("", _row(head))
    group += nodes.tbody("", *[_row(row) for row in rows])
    return nodes.table("", group, classes=list(classes))


def _row(cells: Sequence[Node | str]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        content = nodes.Text(cell) if isinstance(cell, str) else cell
        row += nodes.entry("", nodes.paragraph("", "", content))
    return row


def headed(title: str, *content: Node, names: str = "") -> nodes.section:
    """Return a section with a heading."""
    section = nodes.section("", nodes.title("", title), *content)
    section["names"] = [names or title.lower()]
    return section


class Board(_LedgerDirective):
    """`{board}`: all claims with what is asserted, what we find in a few words, and the verdict."""

    def content_nodes(self) -> list[Node]:
        rows = [
            [
                self._link(name, claim),
                self._asserted(claim["asserted_fact"]),
                nodes.inline("", "", *with_numbers(claim["found_as_source"], self.facts, self.env)),
                badge(claim["verdict"]),
            ]
            for name, claim in source.of(self.env)["claims"].items()
        ]
        table = grid(["The op-ed’s claim", "It says", "We find", "Verdict"], rows, "board")
        if source.on_paper(self.env):
            return [table]
        return [html(self._filter()), table]

    def _filter(self) -> str:
        """Return buttons that show the claims of one verdict; without a script all are shown."""
        count = Counter(claim["verdict"] for claim in source.of(self.env)["claims"].values())
        buttons = [board.button("all", "All", count.total())]
        buttons += [board.button(v, text, count[v]) for v, text in words.VERDICT.items()]
        return board.fieldset(buttons)

    def _asserted(self, fact_id: str | None) -> Node | str:
        """Return the asserted number, which leads to its receipt."""
        if fact_id is None:
            return nodes.inline("", "—", classes=["nothing"])
        return number(fact_id, self.facts[fact_id], self.env)

    def _link(self, name: str, claim: Mapping[str, Any]) -> Node:
        text = nodes.inline("", claim["title"])
        return reference(anchor("claim", name), text, [], self.env.docname)


class Finding(_LedgerDirective):
    """`{finding} claim-id`: what is claimed, what we find, how sure, what speaks against it."""

    required_arguments = 1

    def content_nodes(self) -> list[Node]:
        name = self.arguments[0]
        claim = source.entry(self.env, "claims", name)
        head = nodes.container("", *self._head(claim), classes=["finding-head"])
        self.label(head, anchor("claim", name), claim["title"])
        return [head, *self._charts(name), *self._sections(name, claim)]

    def _head(self, claim: Mapping[str, Any]) -> list[Node]:
        verdict = nodes.paragraph("", "", badge(claim["verdict"]), classes=["verdict-line"])
        says = self.paragraph(claim["says_source"], "op-ed-says")
        says.insert(0, nodes.strong("", f"{words.asked(claim)}: "))
        finds = self.paragraph(claim["sentence_source"], "we-find")
        finds.insert(0, nodes.strong("", "We find: "))
        return [verdict, says, finds, *self._overdue(claim)]

    def _overdue(self, claim: Mapping[str, Any]) -> list[Node]:
        """Mark a claim whose data should have changed by now, where nobody can miss it."""
        if not claim["stale"]:
            return []
        mark = nodes.strong("", "Data overdue. ")
        return [
            nodes.paragraph("", "", mark, nodes.Text(words.freshness(claim)), classes=["overdue"])
        ]

    def _charts(self, name: str) -> list[Node]:
        charts = source.of(self.env)["charts"]
        return [figure(self, key, chart) for key, chart in charts.items() if _of(key, name)]

    def _sections(self, name: str, claim: Mapping[str, Any]) -> list[Node]:
        tables = source.of(self.env)["tables"]
        shown = [titled_grid(table) for key, table in tables.items() if _of(key, name)]
        limits = [*claim["limits_source"], f"The rule: {claim['tolerance']}."]
        sections = [
            headed("How sure", self.paragraph(words.robustness(claim)), *self._trial(name, claim)),
            headed("What would change it", self.paragraph(words.break_even(claim))),
            headed("The best evidence against", self.bullets(claim["counter_evidence_source"])),
            *([headed("Where sources disagree", *shown)] if shown else []),
            headed("Limits", self.bullets(limits)),
            headed("Evidence", self._evidence(name, claim), self._numbers(claim)),
        ]
        for section in sections:
            self.state.document.note_implicit_target(section, section)
        return [*sections]

    def _trial(self, name: str, claim: Mapping[str, Any]) -> list[Node]:
        if not trial.offered(claim):
            return []
        return [html(trial.form(name, claim, source.root(self.env)))]

    def _evidence(self, name: str, claim: Mapping[str, Any]) -> nodes.paragraph:
        facts = [self.facts[fact] for fact in claim["facts"]]
        line = nodes.paragraph("", words.freshness(claim) + " Computed in ")
        for index, notebook in enumerate(sorted({fact["notebook"] for fact in facts})):
            line += nodes.Text(", " if index else "")
            line += notebook_link(self, notebook)
        line += nodes.Text(". ")
        line += self.attributed(claim["sources"], name, facts[0]["notebook"])
        line += nodes.Text(".")
        return line

    def _numbers(self, claim: Mapping[str, Any]) -> Node:
        rows: list[list[Node | str]] = [
            [self.facts[fact]["label"], number(fact, self.facts[fact], self.env)]
            for fact in claim["facts"]
        ]
        return grid(["Number", "Value"], rows, "numbers")


def _of(key: str, claim: str) -> bool:
    return key.split(".")[0] == claim


def figure(directive: _LedgerDirective, key: str, chart: Mapping[str, Any]) -> Node:
    """Return a chart with title, finding, drawing and source line."""
    caption = nodes.paragraph("", "", nodes.strong("", chart["title"]), nodes.Text(" "))
    caption += nodes.inline("", chart["finding"])
    below = nodes.paragraph("", chart["note"] + " " if chart["note"] else "", classes=["source"])
    below += directive.attributed(chart["sources"], key, chart["notebook"])
    below += nodes.Text(f". Data known on {words.day(chart['as_of'])}.")
    box = nodes.container("", caption, drawing(chart), below, classes=["chart"])
    if not source.on_paper(directive.env):
        box += html(figures.tools(key, chart, source.root(directive.env)))
    box["ids"].append(anchor("chart", key))
    return box


def html(text: str) -> nodes.raw:
    """Return what only the site has: forms, buttons, tables to open."""
    return nodes.raw("", text, format="html")


def titled_grid(table: Mapping[str, Any]) -> Wide:
    """Return a recorded table with its title."""
    longest = max((len(str(cell)) for row in table["cells"] for cell in row), default=0)
    made = grid(table["columns"], table["cells"], *(["wordy"] if longest > _LONG else []))
    made.insert(0, nodes.title("", table["title"]))
    return Wide("", made, label=table["title"])


def notebook_link(directive: _LedgerDirective, notebook: str) -> Node:
    """Return a link to the page of a notebook; plain text where that page is not published."""
    docname = notebook.removesuffix(".ipynb")
    if docname not in directive.env.found_docs:
        return nodes.literal("", notebook)
    parsed, messages = directive.parse_inline(f"{{doc}}`{notebook} </{docname}>`")
    return nodes.inline("", "", *parsed, *messages)


class Chart(_LedgerDirective):
    """`{chart} chart-id`: one chart of a notebook."""

    required_arguments = 1

    def content_nodes(self) -> list[Node]:
        key = self.arguments[0]
        return [figure(self, key, source.entry(self.env, "charts", key))]


class WhenKnown(_LedgerDirective):
    """`{when-known}`: text that stands only if every number in it was public by then."""

    has_content = True

    def content_nodes(self) -> list[Node]:
        named = re.findall(r"\{fact\}`([^`]+)`", "\n".join(self.content))
        if any(source.entry(self.env, "facts", name)["value"] is None for name in named):
            said = "Some numbers that belong on this page were not public on the knowledge date."
            again = self.env.temp_data.get("armsbrief_not_known")
            self.env.temp_data["armsbrief_not_known"] = True
            return [] if again else [nodes.paragraph("", said)]
        return list(self.parse_content_to_nodes())


class ShownTable(_LedgerDirective):
    """`{shown-table} table-id`: one recorded table of a notebook."""

    required_arguments = 1

    def content_nodes(self) -> list[Node]:
        return [titled_grid(source.entry(self.env, "tables", self.arguments[0]))]


class Recommendations(_LedgerDirective):
    """`{recommendations}`: every ask, with the claims it rests on and what they are worth."""

    option_spec: ClassVar = {}
    _FIELDS = (
        ("addressee", "To"),
        ("instrument", "By"),
        ("owner", "Who acts"),
        ("first_step", "First step"),
        ("obstacle", "Obstacle"),
        ("indicator", "It works if"),
        ("drop_if", "Drop it if"),
    )

    def content_nodes(self) -> list[Node]:
        return [
            self._section(name, entry)
            for name, entry in source.of(self.env)["recommendations"].items()
        ]

    def _section(self, name: str, entry: Mapping[str, Any]) -> Node:
        fields = nodes.field_list()
        for key, title in self._FIELDS:
            body = self.paragraph(entry["source"][key])
            fields += nodes.field("", nodes.field_name("", title), nodes.field_body("", body))
        section = headed(
            entry["title"], self.paragraph(entry["source"]["asks"]), self._rests(entry), fields
        )
        if entry["precedents"]:
            section += nodes.rubric("", "Precedents")
            section += self.bullets(entry["source"]["precedents"])
        self.label(section, anchor("recommendation", name), entry["title"])
        return section

    def _rests(self, entry: Mapping[str, Any]) -> Node:
        claims = source.of(self.env)["claims"]
        line = nodes.paragraph("", "Rests on: ")
        for index, name in enumerate(entry["claims"]):
            line += nodes.Text("; " if index else "")
            title = nodes.inline("", claims[name]["title"])
            line += reference(anchor("claim", name), title, [], self.env.docname)
            line += [nodes.Text(": "), badge(claims[name]["verdict"])]
        line += nodes.Text(".")
        if weak := entry["weak_claims"]:
            named = "; ".join(claims[name]["title"] for name in weak)
            line += nodes.strong(
                "", f" The evidence does not bear out: {named}. Weigh it accordingly."
            )
        return line


class Asks(_LedgerDirective):
    """`{asks}`: the recommendations in one line each."""

    def content_nodes(self) -> list[Node]:
        items = []
        for name, entry in source.of(self.env)["recommendations"].items():
            title = nodes.strong("", entry["title"])
            line = self.paragraph(". " + entry["source"]["asks"])
            line.insert(0, reference(anchor("recommendation", name), title, [], self.env.docname))
            items.append(nodes.list_item("", line))
        return [nodes.enumerated_list("", *items, enumtype="arabic", suffix=".")]


class Changes(_LedgerDirective):
    """`{changes} edition`: what differs between an earlier edition and this one, and why.

    Without an edition it is the one before this one, under a heading of its own, unless
    that is the first: the page compares with the first anyhow.
    """

    optional_arguments = 1

    def content_nodes(self) -> list[Node]:
        if self.arguments:
            return self._since(self.arguments[0])
        name = self._before()
        return [*self._opening(), *self._since(name)] if name else []

    def _opening(self) -> list[Node]:
        return [
            nodes.rubric("", "Since the edition before this one"),
            nodes.paragraph("", "What that edition said when it was published, against this one. "
                            "Data that came later can be of an earlier day: they are in this "
                            "edition only."),
        ]  # fmt: skip

    def _since(self, name: str) -> list[Node]:
        found = self.found(name)
        then = f"the edition of {words.day(name)}"
        others = [change for change in found if change.moved and not change.flipped]
        return [
            nodes.paragraph("", changes.summary(found, then, "this one"), classes=["generated"]),
            *[self._flipped(change) for change in found if change.flipped],
            *(self.others(others) if others else []),
        ]

    def others(self, moved: list[changes.Change]) -> list[Node]:
        """Show the changes that leave the verdict as it was."""
        rows = [self._cells(change) for change in moved]
        said = nodes.paragraph("", "The other changes leave the verdict as it was. ")
        said += [nodes.literal("", "armsbrief diff"), nodes.Text(" names every row.")]
        table = grid(["Claim", "Value", "Holds in", "Why"], rows, "changes")
        return [said, Wide("", table, label="Changes that leave the verdict as it was")]

    def _flipped(self, change: changes.Change) -> Node:
        *_, holds = changes.arrows(change)
        head = nodes.paragraph("", "", nodes.strong("", "Verdict changed: "))
        head += [self._link(change), nodes.Text(": "), *self._verdicts(change)]
        box = nodes.container("", head, classes=["flipped-verdict"])
        value, said = nodes.Text("Value: "), nodes.Text(f". Holds in: {holds}.")
        box += nodes.paragraph("", "", value, *self._value(change), said)
        box += self.sentences(change)
        box += [nodes.paragraph("", f"Why: {text}") for text in changes.why(change)]
        return box

    def sentences(self, change: changes.Change) -> list[Node]:
        """Return what was said then and is said now, where it is not the same."""
        if "sentence" not in change.moves:
            return []
        then, now = change.before, source.of(self.env)["claims"].get(change.claim)
        told = [nodes.paragraph("", f"Said then: {then['sentence']}")] if then else []
        return [*told, *([self.paragraph(f"Says now: {now['sentence_source']}")] if now else [])]

    def _value(self, change: changes.Change) -> list[Node]:
        """Return the value then, as text, and now, as a number with its receipt."""
        claim = source.of(self.env)["claims"].get(change.claim, {})
        if not (fact := claim.get("estimate_fact")):
            return [nodes.Text(changes.arrows(change)[1])]
        then, unit = changes.value_around(change, self.facts[fact]["display"])
        return [nodes.Text(then), number(fact, self.facts[fact], self.env), nodes.Text(unit)]

    def _link(self, change: changes.Change) -> Node:
        text = nodes.inline("", change.title)
        if change.after is None:
            return text
        return reference(anchor("claim", change.claim), text, [], self.env.docname)

    def _verdicts(self, change: changes.Change) -> list[Node]:
        """Return both verdicts; the old one plain, for it is no verdict of this ledger."""
        _, then, *_rest = changes.cells(change)
        now = badge(change.after["verdict"]) if change.after else nodes.Text("no such claim")
        return [nodes.inline("", then, classes=["verdict-then"]), nodes.Text(" → "), now]

    def _before(self) -> str:
        folder = Path(self.env.srcdir) / "editions"
        this = source.of(self.env)["edition"]
        earlier = sorted(path.stem for path in folder.glob("*.json") if path.stem < this)
        return earlier[-1] if len(earlier) > 1 else ""

    def found(self, name: str) -> list[changes.Change]:
        """Compare the earlier edition with this one, claim by claim."""
        path = Path(self.env.srcdir) / "editions" / f"{name}.json"
        self.env.note_dependency(str(path))
        return changes.since(changes.read(path), source.of(self.env))

    def _cells(self, change: changes.Change) -> list[Node | str]:
        *_, holds = changes.arrows(change)
        value = nodes.inline("", "", *self._value(change))
        return [self._link(change), value, holds, " ".join(changes.why(change, named=0))]


class CiteThis(_LedgerDirective):
    """`{cite-this}`: how to cite this edition, in words and as BibTeX."""

    def content_nodes(self) -> list[Node]:
        return [html(cite.block(self.config, source.of(self.env)))]


class Receipts(_LedgerDirective):
    """`{receipts}`: every number in a line, and the way to its whole receipt."""

    def content_nodes(self) -> list[Node]:
        by_notebook: dict[str, list[str]] = {}
        for name, fact in sorted(self.facts.items()):
            by_notebook.setdefault(fact["notebook"], []).append(name)
        return [self._list(notebook, names) for notebook, names in by_notebook.items()]

    def _list(self, notebook: str, names: list[str]) -> Node:
        section = headed(notebook)
        section += [self._line(name, self.facts[name]) for name in names]
        self.state.document.note_implicit_target(section, section)
        return section

    def _line(self, name: str, fact: Mapping[str, Any]) -> Node:
        line = nodes.paragraph("", classes=["number"], ids=[anchor("fact", name)])
        line += nodes.strong("", fact["display"])
        line += nodes.Text(f" — {fact['label']}. ")
        address = source.root(self.env) + receipt(name, fact["notebook"])
        line += nodes.reference("", f"Receipt, cell {fact['cell']}", refuri=address, internal=True)
        return line


def register(app: Sphinx) -> None:
    """Tell Sphinx about our directives."""
    app.add_directive("board", Board)
    app.add_directive("finding", Finding)
    app.add_directive("chart", Chart)
    app.add_directive("shown-table", ShownTable)
    app.add_directive("when-known", WhenKnown)
    app.add_directive("recommendations", Recommendations)
    app.add_directive("asks", Asks)
    app.add_directive("receipts", Receipts)
    app.add_directive("changes", Changes)
    app.add_directive("cite-this", CiteThis)
