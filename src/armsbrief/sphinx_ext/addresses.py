"""Where things stand on the site: names that links, scripts and readers may rely on."""

from __future__ import annotations

from pathlib import PurePosixPath

FEW_SOURCES = 8  # more are counted where they are used, and listed with the receipts


def anchor(kind: str, name: str) -> str:
    """Return the anchor of a fact's receipt or a claim: dots are legal ids but awkward in CSS."""
    return f"{kind}-{name.replace('.', '--')}"


def receipts_of(notebook: str) -> str:
    """Return the page with the receipts of a notebook's numbers."""
    return f"book/receipts/{PurePosixPath(notebook).stem}"


def receipt(fact_id: str, notebook: str) -> str:
    """Return where the receipt of a number stands, from the root of the site."""
    return f"{receipts_of(notebook)}.html#{anchor('fact', fact_id)}"


def sources_of(record: str, notebook: str) -> str:
    """Return where the many sources of a claim or a chart are listed, from the root of the site."""
    return f"{receipts_of(notebook)}.html#{anchor('sources', record)}"
