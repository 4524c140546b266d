"""Hold a release against what we knew: is it a revision, or is something wrong with it?

Each check has a name. Whoever has looked, and found that the source did mean
it, can accept that one by name.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

import pandas as pd

from armsbrief.errors import DataError
from armsbrief.revisions import Rules, covered

CHECKS = {
    "rows-lost": "figures that the last version had are gone",
    "history": "figures of the past changed by more than a revision does",
    "magnitude": "totals are ten times, or a tenth of, what they were",
}
LOST = 0.05  # share of figures
REWRITTEN = 0.25  # share of the total that moves from one figure to another
JUMP = 10.0
_RECENT = 12  # periods that a new period is compared with
_FEW = 10  # a mean below which a jump says nothing


def require_plausible(
    what: str,
    rows: pd.DataFrame,
    derived: pd.DataFrame,
    covers: tuple[str, str],
    how: Rules,
    columns: list[str],
    accepted: Collection[str] = (),
) -> None:
    """Raise unless a release looks like a later version of what we know.

    Parameters
    ----------
    what : str
        Name for messages.
    rows, derived : pandas.DataFrame
        The table so far and the table of the release, both as text.
    covers : tuple of str
        First and last period of which the release is the whole.
    how : Rules
        How the table is revised.
    columns : list of str
        The columns that count something.
    accepted : collection of str
        Names of checks not to make.

    Raises
    ------
    DataError
        Naming everything that is not plausible, with both values.
    """
    before = covered(rows, derived, covers, how)
    if before.empty:
        return
    found = [
        (name, words)
        for name, words in [
            *_lost(before, derived, how),
            *_rewritten(before, derived, how, columns),
            *_jumped(before, derived, how, columns),
        ]
        if name not in accepted
    ]
    if found:
        lines = [f"{what} is not like the version before:", *(w for _, w in found)]
        names = " ".join(f"--accept {name}" for name in dict.fromkeys(n for n, _ in found))
        raise DataError(
            "\n  ".join([*lines, "Expected a revision. Nothing was changed."]),
            f"look at the source; if it means this, run the same command with {names}",
        )


def _lost(before: pd.DataFrame, derived: pd.DataFrame, how: Rules) -> Iterator[tuple[str, str]]:
    keys = pd.MultiIndex.from_frame(derived[how.key])
    gone = before[~pd.MultiIndex.from_frame(before[how.key]).isin(keys)]
    if len(gone) > LOST * len(before):
        first = ", ".join(gone[how.key].iloc[0])
        yield (
            "rows-lost",
            f"{len(gone):,} of {len(before):,} figures are gone ({first} is one; "
            f"up to {LOST:.0%} may go)",
        )


def _rewritten(
    before: pd.DataFrame, derived: pd.DataFrame, how: Rules, columns: list[str]
) -> Iterator[tuple[str, str]]:
    then, now = (rows.set_index(how.key)[columns].astype(float) for rows in (before, derived))
    now = now.reindex(then.index)
    kept = now.notna().all(axis=1)
    moved = (now - then)[kept].abs().sum() / then[kept].sum().clip(lower=1)
    worst = str(moved.idxmax())
    if moved[worst] > REWRITTEN:
        yield (
            "history",
            f"{worst}: figures of the past moved by {moved[worst]:.0%} of their total "
            f"(up to {REWRITTEN:.0%} may move)",
        )


def _jumped(
    before: pd.DataFrame, derived: pd.DataFrame, how: Rules, columns: list[str]
) -> Iterator[tuple[str, str]]:
    for column in columns:
        then, now = (
            rows.assign(n=rows[column].astype(float)).groupby(how.period)["n"].sum()
            for rows in (before, derived)
        )
        shared = then.index.intersection(now.index)
        yield from _jump(column, "in the same time", then[shared].sum(), now[shared].sum())
        for period, total in now[now.index > then.index.max()].items():
            usual = then.iloc[-_RECENT:].mean()
            yield from _jump(column, f"in {period}, where a usual total is", usual, total)


def _jump(column: str, where: str, then: float, now: float) -> Iterator[tuple[str, str]]:
    if then < _FEW or 1 / JUMP < now / then < JUMP:
        return
    power = math.log10(now / then) if now else 0.0
    unit = (
        " Has the unit changed, from single ones to thousands or back?"
        if abs(power) > 2.5 and abs(power - round(power)) < 0.05
        else ""
    )
    yield "magnitude", f"{column}: {now:,.0f} {where}, {then:,.0f} before.{unit}"
