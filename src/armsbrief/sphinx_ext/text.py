"""Texts of the entries as nodes, with their numbers linked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from docutils import nodes
from sphinx.environment import BuildEnvironment

from armsbrief.ledger import lookup
from armsbrief.sphinx_ext.nodes import number

_REFERENCE = re.compile(r"\{fact\}`([^`]+)`")


def with_numbers(text: str, facts: Mapping[str, Any], env: BuildEnvironment) -> list[nodes.Node]:
    """Split a text at its {fact} references; each becomes a number linked to its receipt."""
    parts: list[nodes.Node] = []
    for index, piece in enumerate(_REFERENCE.split(text)):
        if index % 2:
            parts.append(number(piece, lookup(facts, piece, env.docname), env))
        elif piece:
            parts.append(nodes.Text(piece))
    return parts
