"""The records of earlier editions: what each said when it was the newest, and why that moved.

New data can be older than the edition that did not have them yet. So an edition
is never judged again to find out what it said: that is kept when the next one
begins, and its committed state is what the causes are found from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from armsbrief import causes, changes, editions, ledger, paths, sides


def freeze(name: str) -> None:
    """Keep what an edition says, from the outputs stored in `notebooks/`.

    Raises
    ------
    LedgerError
        If a notebook there holds no outputs.
    """
    notebooks = sorted(paths.NOTEBOOKS.glob("*.ipynb"))
    said = ledger.compile_ledger(notebooks, paths.BOOK, name, editions.read(name).parameters)
    changes.write(changes.as_published(name, said), _record(name))


def keep(say: Callable[[str], None]) -> None:
    """Write the record of every earlier edition, with what moved its claims since."""
    newest = editions.default()
    for older in editions.names()[:-1]:
        say(f"Edition {older}: for the page of changes")
        kept = changes.read(_record(older)) if _record(older).exists() else {}
        with tempfile.TemporaryDirectory(prefix="armsbrief-") as folder:
            then = _then(older, kept, Path(folder))
            found = causes.explain(then, sides.resolve(newest.name, Path(folder)), say)
        told = changes.as_told(kept, found)
        changes.write({**kept, **changes.to_keep(older, newest.name, told)}, _record(older))


def said_otherwise(name: str, made: Mapping[str, Any]) -> list[str]:
    """Return the claims that an edition, built again, no longer reads as it was published.

    Data of an earlier date may have come since. Nothing is returned for an
    edition of which it was not kept what it said.
    """
    kept = changes.read(_record(name)) if _record(name).exists() else {}
    if not changes.is_published(kept):
        return []
    again = changes.as_published(name, made)
    return [change.claim for change in changes.compare(kept, again) if change.moved]


def _then(name: str, kept: dict[str, Any], scratch: Path) -> sides.Side:
    """Return an edition as it was committed, where that is still the newest that was."""
    committed = sides.committed(name, scratch) if changes.is_published(kept) else None
    return committed or sides.resolve(name, scratch)


def _record(name: str) -> Path:
    return paths.EDITIONS / f"{name}.json"
