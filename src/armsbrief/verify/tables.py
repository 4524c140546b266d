"""The tables of the site: each must be, from head to last cell, one that the ledger gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from armsbrief import changes, paths, words
from armsbrief.sphinx_ext.site import figures, receipts, trial
from armsbrief.verify.cover import joined
from armsbrief.verify.published import DIGIT, Published
from armsbrief.verify.report import Check

Element = Any  # of lxml, which is not checked here


def check_tables(edition: Published) -> Check:
    """Compare every table that holds a digit, as one text, with all those that the ledger gives."""
    check = Check("every table on every page is the ledger's")
    known, seen = {_flat(head, rows) for head, rows in _known(edition)}, 0
    for page, tree in edition.pages.items():
        for table in _of(page, tree):
            seen += 1
            if _flat(*_read(table)) not in known and not _is_of_data(table):
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


def _flat(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as one text in which cells and rows stay apart."""
    return "\n".join("\t".join(map(joined, row)) for row in (head, *rows))


def _known(edition: Published) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
    book = edition.ledger
    yield from ((table["columns"], table["cells"]) for table in book["tables"].values())
    yield from map(figures.data, book["charts"].values())
    yield _board(book)
    for claim in book["claims"].values():
        yield from (_numbers(book, names) for names in (claim["facts"], claim["inputs"].values()))
        yield trial.table(claim)
    for path in paths.EDITIONS.glob("*.json"):
        yield _changes(book, changes.since(changes.read(path), book))


def _numbers(book: Mapping[str, Any], names: Iterable[str]) -> tuple[Sequence[str], list[Any]]:
    facts = [book["facts"][name] for name in dict.fromkeys(names)]
    return ("Number", "Value"), [(fact["label"], fact["display"]) for fact in facts]


def _board(book: Mapping[str, Any]) -> tuple[Sequence[str], list[Any]]:
    rows = [(claim["title"], claim["asserted_display"] or "—", claim["found_as"],
             words.VERDICT[claim["verdict"]]) for claim in book["claims"].values()]  # fmt: skip
    return ("The op-ed’s claim", "It says", "We find", "Verdict"), rows


def _changes(book: Mapping[str, Any], found: Iterable[changes.Change]
             ) -> tuple[Sequence[str], list[Any]]:  # fmt: skip
    moved = [change for change in found if change.moved and not change.flipped]
    rows = [(change.title, *changes.arrows(change)[1:], " ".join(changes.why(change, named=0)))
            for change in moved]  # fmt: skip
    return ("Claim", "Value", "Holds in", "Why"), rows


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
