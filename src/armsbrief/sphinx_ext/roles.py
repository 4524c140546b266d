"""Roles: how a sentence refers to a number or a verdict."""

from __future__ import annotations

from docutils import nodes
from docutils.nodes import Node, system_message
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

from armsbrief.errors import ArmsbriefError
from armsbrief.sphinx_ext import source
from armsbrief.sphinx_ext.nodes import anchor, badge, number, reference
from armsbrief.sphinx_ext.text import with_numbers

Result = tuple[list[Node], list[system_message]]


class _LedgerRole(SphinxRole):
    """A role whose failure is an error of the page, not a blank in it."""

    def run(self) -> Result:
        try:
            return [self.node()], []
        except ArmsbriefError as error:
            message = self.inliner.reporter.error(str(error), line=self.lineno)
            return [nodes.problematic(self.rawtext, self.rawtext)], [message]

    def node(self) -> Node:
        raise NotImplementedError


class FactRole(_LedgerRole):
    """`{fact}`: the display form of a fact, linked to its receipt."""

    def node(self) -> Node:
        return number(self.text, source.entry(self.env, "facts", self.text), self.env)


class VerdictRole(_LedgerRole):
    """`{verdict}`: the verdict of a claim in words, linked to its finding."""

    def node(self) -> Node:
        claim = source.entry(self.env, "claims", self.text)
        return reference(anchor("claim", self.text), badge(claim["verdict"]), [], self.env.docname)


class FindingRole(_LedgerRole):
    """`{finding}`: the sentence of a claim that its verdict chooses."""

    def node(self) -> Node:
        claim = source.entry(self.env, "claims", self.text)
        facts = source.of(self.env)["facts"]
        return nodes.inline("", "", *with_numbers(claim["sentence_source"], facts, self.env))


class HowManyRole(_LedgerRole):
    """`{how-many}`: how many claims there are, or how many have a given verdict."""

    def node(self) -> Node:
        claims = source.of(self.env)["claims"].values()
        counted = [c for c in claims if self.text in ("claims", c["verdict"])]
        return nodes.inline("", str(len(counted)), classes=["generated", f"count-{self.text}"])


def register(app: Sphinx) -> None:
    """Tell Sphinx about our roles."""
    app.add_role("fact", FactRole())
    app.add_role("verdict", VerdictRole())
    app.add_role("finding", FindingRole())
    app.add_role("how-many", HowManyRole())
