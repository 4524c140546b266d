"""How far a long piece of work is: a bar for a person who watches, plain lines for a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[str], None]


@contextmanager
def shown(
    what: str, total: int, done: int = 0, say: Callable[[str], None] | None = None
) -> Iterator[Advance]:
    """Show progress while the work lasts.

    Parameters
    ----------
    what : str
        The work.
    total, done : int
        How many parts it has, and how many were finished before.
    say : callable, optional
        Where plain lines go; to standard output if none is given.

    Yields
    ------
    callable
        To be called with the name of each part that is finished.
    """
    if not sys.stdout.isatty():
        yield lambda name: (say or print)(f"  {name}")
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn(), TextColumn("{task.fields[name]}"))  # fmt: skip
    # No thread of its own: processes are forked meanwhile.
    with Progress(*columns, transient=True, auto_refresh=False) as bar:
        task = bar.add_task(what, total=total, completed=done, name="")
        yield lambda name: bar.update(task, advance=1, name=name, refresh=True)
