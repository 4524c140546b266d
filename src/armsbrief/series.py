"""Series of one tracker out of the violence tables, and ratios of windows of them.

Trackers count different things, so nothing here mixes two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import pandas as pd

from armsbrief.errors import DataError
from armsbrief.parameters import Restated

_USABLE = ("as-printed", "implied", "approximate", "corrected")
_FIRST_CHOICE = {"as-printed": 0, "corrected": 0, "approximate": 1, "implied": 2}


def pick(
    frame: pd.DataFrame,
    *,
    tracker: str,
    metric: str,
    place: str = "Pakistan",
    actor: str = "all",
    event_type: str = "all",
    restated: Restated = "latest",
) -> pd.DataFrame:
    """Return one row for each year or month of one series.

    Seen values go before implied ones. Of several printed values the latest
    or the first published is taken.

    Parameters
    ----------
    frame : pandas.DataFrame
        `violence_annual` or `violence_monthly`, as `load` gave it.
    tracker, metric, place, actor, event_type : str
        The series; only full years of the annual table count.
    restated : {"latest", "first"}
        Which of several published values to take.

    Returns
    -------
    pandas.DataFrame
        Rows of `frame`, sorted by `about_start`.
    """
    series = {
        "tracker": tracker,
        "metric": metric,
        "place": place,
        "actor": actor,
        "event_type": event_type,
        **({"part": "year"} if "part" in frame.columns else {}),
    }
    wanted = frame["status"].isin(_USABLE).to_numpy(bool) & frame["value"].notna().to_numpy(bool)
    for column, value in series.items():
        wanted &= (frame[column] == value).to_numpy(bool, na_value=False)
    rows = frame[wanted]
    # From here on in plain Python: pandas takes ten times as long for so few rows.
    names = ("id", "published", "about_start", "status")
    found = sorted(zip(*(rows[name] for name in names), range(len(rows)), strict=True))
    found.sort(key=lambda row: row[1], reverse=restated == "latest")
    found.sort(key=lambda row: (row[2], _FIRST_CHOICE[row[3]]))
    chosen: dict[str, int] = {}
    for _, _, start, _, number in found:
        chosen.setdefault(start, number)
    return rows.iloc[list(chosen.values())]


@dataclass(frozen=True)
class Window:
    """A stretch of time, first and last day, with a name for the reader."""

    name: str
    start: str
    end: str

    def within(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that lie wholly in the window."""
        return rows[(rows["about_start"] >= self.start) & (rows["about_end"] <= self.end)]

    def total(self, rows: pd.DataFrame) -> float | None:
        """Add up the values in the window; None unless the rows fill it without a gap."""
        spans = zip(rows["about_start"].tolist(), rows["about_end"].tolist(), strict=True)
        inside = {place: _days(*span) for place, span in enumerate(spans)
                  if self.start <= span[0] and span[1] <= self.end}  # fmt: skip
        if sum(inside.values()) != _days(self.start, self.end):
            return None
        return float(rows["value"].iloc[list(inside)].sum())


def _days(first: str, last: str) -> int:
    return _number(last) - _number(first) + 1


@cache
def _number(day: str) -> int:
    """Number the days: pandas takes a hundred times as long for a few dates."""
    return date.fromisoformat(day).toordinal()


def years(*numbers: int) -> Window:
    """Return the window of one calendar year, or of several that follow each other."""
    first, last = min(numbers), max(numbers)
    if sorted(numbers) != list(range(first, last + 1)):
        raise DataError(f"years {numbers} do not follow each other.")
    name = str(first) if first == last else f"{first}–{last}"
    return Window(name, f"{first}-01-01", f"{last}-12-31")


def months_to(month: str, count: int) -> Window:
    """Return the window of `count` months that ends with a month (YYYY-MM)."""
    end = pd.Period(month, "M")
    start = end - (count - 1)
    return Window(f"{count} months to {end.strftime('%B %Y')}",
                  str(start.start_time.date()), str(end.end_time.date()))  # fmt: skip


def per_month(rows: pd.DataFrame, window: Window) -> float | None:
    """Return the mean of a count per month in a window; None unless it is covered."""
    total = window.total(rows)
    if total is None:
        return None
    first, last = (date.fromisoformat(day) for day in (window.start, window.end))
    length = (last.year - first.year) * 12 + last.month - first.month + 1
    return total / length


def ratio(after: float | None, before: float | None) -> float | None:
    """Return after ÷ before; None where one is missing or nothing came before."""
    return after / before if after is not None and before else None


def specified(
    choices: Iterable[dict[str, Any]], estimate: Callable[[dict[str, Any]], float | None]
) -> pd.DataFrame:
    """Compute an estimate for each combination of choices that the data allow.

    Parameters
    ----------
    choices : iterable of dict
        Named choices; values that are not text are shown by their `name`.
    estimate : callable
        Gives the estimate, or None where the data do not reach.

    Returns
    -------
    pandas.DataFrame
        One row for each estimate: the choices in words, and `estimate`.
    """
    found = []
    for choice in choices:
        value = estimate(choice)
        if value is not None:
            shown = {key: getattr(item, "name", item) for key, item in choice.items()}
            found.append({**shown, "estimate": value})
    return pd.DataFrame(found)


def used(rows: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows of several picks of one table, each once."""
    joined = pd.concat(list(rows)).drop_duplicates("id")
    joined.attrs["table"] = rows[0].attrs["table"]
    return joined
