"""What each tracker counts, as a table beside the figures in which they disagree."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from armsbrief.notebook import load, table

_COLUMNS = {
    "tracker": "Tracker",
    "counts": "Counts",
    "includes_dead_militants": "Militants who die",
    "includes_operations": "Operations",
    "caveat": "Beware",
}


def define(claim_id: str, frames: Sequence[pd.DataFrame], as_of: str) -> None:
    """Record, for one claim, what each tracker among some rows counts.

    Parameters
    ----------
    claim_id : str
        The claim; the table is `<claim>.definitions`.
    frames : sequence of pandas.DataFrame
        The rows used; those with a column `tracker` count.
    as_of : str
        Knowledge date, `YYYY-MM-DD`.
    """
    used = {tracker for rows in frames if "tracker" in rows for tracker in rows["tracker"]}
    known = load("definitions", as_of)
    known = known[known["tracker"].isin(used)]
    shown = known[[*_COLUMNS]].fillna("—").rename(columns=_COLUMNS)
    table(f"{claim_id}.definitions", shown, title="What each tracker counts", rows=known)
