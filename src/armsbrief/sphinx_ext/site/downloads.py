"""What a reader can take away whole; the publisher puts the papers into the site."""

from __future__ import annotations

import os
from typing import NamedTuple

from armsbrief.sphinx_ext.source import VARIABLE


class Download(NamedTuple):
    """A file at the top of the site, and the words that lead to it."""

    name: str
    words: str


PAPERS = (
    Download("brief.pdf", "The brief as a PDF"),
    Download("one-page.pdf", "The brief on one page (A4)"),
    Download("one-page-letter.pdf", "The brief on one page (US Letter)"),
)
_MADE_HERE = (
    Download("ledger.json", "Every fact and verdict (JSON)"),
    Download("ro-crate-metadata.json", "Description of the whole (RO-Crate)"),
    Download("feed.xml", "Feed of editions (Atom)"),
)


def offered() -> tuple[Download, ...]:
    """Return the downloads of this build: a plain `jupyter-book build .` makes no paper."""
    return (*PAPERS, *_MADE_HERE) if os.environ.get(VARIABLE) else _MADE_HERE
