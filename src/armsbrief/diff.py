"""`armsbrief diff`: two sides, claim by claim, with the cause of every change."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from armsbrief import causes, changes, sides
from armsbrief.changes import Change


def diff(before: str, after: str, say: causes.Say = lambda text: None) -> list[Change]:
    """Compare two editions, ledgers or revisions.

    Parameters
    ----------
    before, after : str
        As `sides.resolve` takes them.
    say : callable
        Told what happens, a line at a time.

    Raises
    ------
    ArmsbriefError
        If a side is not there or does not run.
    """
    with tempfile.TemporaryDirectory(prefix="armsbrief-") as folder:
        scratch = Path(folder)
        then = sides.resolve(before, scratch / "before")
        now = sides.resolve(after, scratch / "after")
        return causes.explain(then, now, say)


def show(console: Console, found: list[Change], before: str, after: str) -> None:
    """Print the comparison, every flipped verdict in a box of its own, above everything else."""
    console.print(changes.summary(found, before, after), highlight=False)
    for change in found:
        if change.flipped:
            console.print(_box(change))
    others = [change for change in found if change.moved and not change.flipped]
    if others:
        console.print(_table(others))


def _box(change: Change) -> Panel:
    then, now = changes.verdicts(change)
    _, value, holds = changes.cells(change)
    lines = [
        Text(f"{then}  →  {now}", style="bold reverse"),
        Text(f"Value: {value}   Holds in: {holds}"),
        *(Text(f"Why: {text}") for text in changes.why(change)),
        Text(f"Says now: {(change.after or {}).get('sentence', '—')}"),
    ]
    return Panel(Group(*lines), title=Text(f"VERDICT CHANGED: {change.title}", style="bold red"),
                 title_align="left", border_style="red")  # fmt: skip


def _table(others: list[Change]) -> Table:
    table = Table(title="Also changed, with the verdict as it was", title_justify="left",
                  show_lines=True, expand=True)  # fmt: skip
    for head, share in (("Claim", 2), ("Value", 2), ("Holds in", 2), ("Why", 6)):
        table.add_column(head, ratio=share, overflow="fold")
    for change in others:
        _, value, holds = changes.cells(change)
        reasons = " ".join(changes.why(change, named=1))
        table.add_row(*(Text(text) for text in (change.title, value, holds, reasons)))
    return table
