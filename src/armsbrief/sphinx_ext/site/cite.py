"""How to cite an edition of the brief."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from sphinx.config import Config


def block(config: Config, ledger: Mapping[str, Any]) -> str:
    """Return the citation in words and as BibTeX, with a button to copy it."""
    return (
        f'<div class="cite"><p>{escape(in_words(config, ledger))}</p>'
        f'<pre id="bibtex" tabindex="0" aria-label="BibTeX">{escape(bibtex(config, ledger))}</pre>'
        '<p class="actions"><button type="button" class="action scripted" hidden '
        'data-copies="#bibtex">Copy BibTeX</button></p></div>'
    )


def in_words(config: Config, ledger: Mapping[str, Any]) -> str:
    """Return the citation as a sentence."""
    year = ledger["parameters"]["as_of"][:4]
    return (
        f"{config.author} ({year}): {config.project}. Policy brief with executable evidence, "
        f"edition {ledger['edition']}. {config.html_baseurl}".strip()
    )


def bibtex(config: Config, ledger: Mapping[str, Any]) -> str:
    """Return the citation as BibTeX."""
    edition = ledger["edition"]
    fields = {
        "author": f"{{{config.author}}}",
        "title": f"{{{config.project}}}",
        "note": f"Policy brief with executable evidence, edition {edition}",
        "year": ledger["parameters"]["as_of"][:4],
        "url": config.html_baseurl,
    }
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items() if value]
    return "\n".join([f"@techreport{{armsbrief-{edition},", *lines, "}"])
