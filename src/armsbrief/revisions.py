"""What was known when: revised values stand beside the old ones, each with its date.

A table that is derived from releases has a *revision key* in its descriptor:
the columns that say what a figure is about. A later release that gives another
figure for the same key adds a row; none is written over. Whoever asks as of a
day gets, for each key, the newest row published by then.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from armsbrief.errors import DataError

_STAMP = ("id", "published", "source_id")
_CODES = ("country_id", "iso3")  # the name beside them says more
_FIGURES = 3
_DATED = re.compile(r"\.\d{4}-\d{2}-\d{2}(\.\d+)?$")


@dataclass(frozen=True)
class Rules:
    """How a table is revised; stands under `armsbrief` in its descriptor.

    Attributes
    ----------
    key : list of str
        The columns that say what a figure is about.
    period : str
        The one of them that is a time.
    zero : bool
        Whether a key that a later release does not have any more counts nought.
    part : str or None
        The one of them that tells apart what different sources give.
    """

    key: list[str]
    period: str
    zero: bool
    part: str | None


@dataclass(frozen=True)
class Revised:
    """A table after a release: all its rows, and which came with it."""

    rows: pd.DataFrame
    new: pd.DataFrame
    changed: pd.DataFrame
    gone: pd.DataFrame

    @property
    def count(self) -> int:
        """Return how many rows came."""
        return len(self.new) + len(self.changed) + len(self.gone)


def rules(descriptor: Mapping[str, Any]) -> Rules | None:
    """Return how a table is revised; None for one whose figures stand side by side."""
    ours = descriptor.get("armsbrief", {})
    if "revision_key" not in ours:
        return None
    return Rules(
        ours["revision_key"], ours["period"], ours.get("absent_means_zero", False), ours.get("part")
    )


def newest(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return the newest row of each key, in the order of the table."""
    ordered = rows.sort_values("published", kind="stable")
    kept = ordered.drop_duplicates(key, keep="last").index
    return rows.loc[kept.sort_values()]


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a frame as its CSV file would give it, cell by cell as text."""
    return read_text(rows.to_csv(index=False))


def read_text(content: str) -> pd.DataFrame:
    """Read CSV text with every cell as text."""
    return pd.read_csv(io.StringIO(content), dtype=str, keep_default_na=False)


def covered(rows: pd.DataFrame, derived: pd.DataFrame, covers: tuple[str, str], how: Rules
            ) -> pd.DataFrame:  # fmt: skip
    """Return the newest rows that a release replaces as a whole."""
    known = newest(rows, how.key)
    known = known[known[how.period].between(*covers)]
    return known if how.part is None else known[known[how.part].isin(derived[how.part])]


def revise(
    rows: pd.DataFrame, derived: pd.DataFrame, covers: tuple[str, str], how: Rules
) -> Revised:
    """Add to a table what a release says that was not known on its day.

    Parameters
    ----------
    rows, derived : pandas.DataFrame
        The table so far and the table of the release, both as text.
    covers : tuple of str
        First and last period of which the release is the whole.
    how : Rules
        How the table is revised.

    Raises
    ------
    DataError
        If the release has other columns than the table.
    """
    if list(rows.columns) != list(derived.columns):
        raise DataError(
            f"the release has the columns {', '.join(derived.columns)}; expected "
            f"{', '.join(rows.columns)}"
        )
    published = derived["published"].iloc[0]
    before = newest(rows[rows["published"] <= published], how.key)
    values = [name for name in rows.columns if name not in (*_STAMP, *how.key)]
    both = derived.merge(before[[*how.key, *values]], "left", how.key, suffixes=("", " before"),
                         indicator=True)  # fmt: skip
    unknown = (both["_merge"] == "left_only").to_numpy()
    differs = pd.concat([both[v] != both[f"{v} before"] for v in values], axis=1).any(axis=1)
    new = derived[unknown]
    changed = derived[~unknown & differs.to_numpy()]
    gone = _gone(before, derived, covers, how, values) if how.zero else derived.iloc[:0]
    added = _with_free_ids(pd.concat([new, changed, gone]), set(rows["id"]))
    return Revised(_ordered(pd.concat([rows, added]), how.key), new, changed, gone)


def differences(revised: Revised, how: Rules, most: int) -> list[str]:
    """Say of the first revised rows what they are about, and each figure before and after."""
    found = []
    for _, row in revised.changed.head(most).iterrows():
        same = (revised.rows[how.key] == row[how.key]).all(axis=1)
        was = newest(revised.rows[same & (revised.rows["published"] < row["published"])], how.key)
        figures = [
            f"{name} was {before}, is {row[name]}"
            for name in row.index.difference([*_STAMP, *how.key], sort=False)
            for before in was[name]
            if before != row[name]
        ]
        about = " ".join(row["country" if name in _CODES else name] for name in how.key)
        found.append(f"{about}: {_some(figures)}")
    return found


def _some(figures: list[str]) -> str:
    more = len(figures) - _FIGURES
    return "; ".join([*figures[:_FIGURES], *([f"{more} figures more"] if more > 0 else [])])


def _gone(
    before: pd.DataFrame, derived: pd.DataFrame, covers: tuple[str, str], how: Rules,
    values: list[str],
) -> pd.DataFrame:  # fmt: skip
    """Return rows of noughts for what the release does not have any more."""
    mine = covered(before, derived, covers, how)
    absent = ~pd.MultiIndex.from_frame(mine[how.key]).isin(
        pd.MultiIndex.from_frame(derived[how.key])
    )
    lost = mine[absent & (mine[values] != "0").any(axis=1)]
    stamp = {name: derived[name].iloc[0] for name in ("published", "source_id")}
    return lost.assign(**dict.fromkeys(values, "0"), **stamp)


def _with_free_ids(added: pd.DataFrame, taken: set[str]) -> pd.DataFrame:
    """Give a row whose id is taken one with its day of publication in it."""
    ids = []
    for row_id, day in zip(added["id"], added["published"], strict=True):
        bare = _DATED.sub("", row_id)
        choices = [row_id, f"{bare}.{day}", *(f"{bare}.{day}.{n}" for n in range(2, 1000))]
        ids.append(next(choice for choice in choices if choice not in taken))
        taken.add(ids[-1])
    return added.assign(id=ids)


def _ordered(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    def comparable(column: pd.Series) -> pd.Series:
        numbers = pd.to_numeric(column, errors="coerce")
        return column if numbers.isna().any() else numbers

    return rows.sort_values([*key, "published"], key=comparable, kind="stable", ignore_index=True)
