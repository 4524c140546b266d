"""How far the deciding value would have to move for a verdict to flip."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from armsbrief.rules import Verdict

_FURTHEST = 100.0
_STEPS = 400
_PRECISION = 1e-9


def break_even(
    judge: Callable[[float], Verdict], today: float, through: Iterable[float] = ()
) -> dict[str, Any]:
    """Move the deciding value down and up until the verdict changes.

    The value is multiplied by factors up to 100 and down to a hundredth, first
    in steps of about one per cent, then by bisection.

    Parameters
    ----------
    judge : callable
        Maps a factor on the deciding value to the verdict.
    today : float
        The deciding value now.
    through : iterable of float
        Values that must be tried, such as the asserted one: the range in which
        a number counts as equal to it may be narrower than a step.

    Returns
    -------
    dict
        `today`; `below` and `above`, each None where nothing flips within a
        factor of a hundred, or `{"value", "verdict"}`: the value at which the
        verdict changes, and to what.
    """
    extra = [value / today for value in through if today]
    return {
        "today": today,
        "below": _flip(judge, today, 1 / _FURTHEST, extra),
        "above": _flip(judge, today, _FURTHEST, extra),
    }


def _flip(
    judge: Callable[[float], Verdict], today: float, end: float, extra: Iterable[float]
) -> dict[str, Any] | None:
    here, start = 1.0, judge(1.0)
    steps = [end ** (step / _STEPS) for step in range(1, _STEPS + 1)]
    between = [factor for factor in extra if min(1.0, end) < factor < max(1.0, end)]
    for there in sorted([*steps, *between], reverse=end < 1):
        if judge(there) != start:
            edge = _bisect(judge, here, there)
            return {"value": float(f"{today * edge:.6g}"), "verdict": judge(edge)}
        here = there
    return None


def _bisect(judge: Callable[[float], Verdict], same: float, other: float) -> float:
    """Narrow the flip down between a factor that keeps the verdict and one that does not."""
    kept = judge(same)
    while abs(other - same) > _PRECISION * abs(same):
        middle = (same + other) / 2
        if judge(middle) == kept:
            same = middle
        else:
            other = middle
    return other
