"""The tables of the site: each must be, from head to last cell, one that the ledger gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from armsbrief.sphinx_ext.site import receipts
from armsbrief.verify.cover import joined
from armsbrief.verify.given import flat
from armsbrief.verify.published import DIGIT, Published
from armsbrief.verify.report import Check

Element = Any  # of lxml, which is not checked here


def check_tables(edition: Published) -> Check:
    """Compare every table that holds a digit, as one text, with all those that the ledger gives."""
    check = Check("every table on every page is the ledger's")
    seen = 0
    for page, tree in edition.pages.items():
        for table in _of(page, tree):
            seen += 1
            if flat(*_read(table)) not in edition.tables and not _is_of_data(table):
                title = "".join(table.xpath("string(caption)")).strip()
                check.failures.append(f"{page}: a table is not the ledger's: {title or 'untitled'}")
    check.looked_at = f"{seen} tables"
    return check


def _of(page: str, tree: Element) -> Iterator[Element]:
    """Yield the tables of a page; those of notebooks and of this verification have other checks."""
    if not page.startswith("notebooks/"):
        for table in tree.xpath("//main//table"):
            around = {c for e in table.iterancestors() for c in e.get("class", "").split()}
            if "verification" not in around and DIGIT.search("".join(table.itertext())):
                yield table


def _read(table: Element) -> tuple[list[str], list[list[str]]]:
    head, *rows = [["".join(cell.itertext()).strip() for cell in row.xpath("./td | ./th")]
                   for row in table.iter("tr")]  # fmt: skip
    return head, rows


def _is_of_data(table: Element) -> bool:
    """Tell whether a table shows rows of a table of data, each cell as it stands there."""
    names = table.xpath("ancestor::*/@data-table")
    if not names:
        return False
    kept, (head, rows) = receipts.rows(names[0]), _read(table)
    return all(
        joined(cell) == joined(kept.get(row[head.index("id")], {}).get(column, "?"))
        for row in rows
        for column, cell in zip(head, row, strict=True)
    )
