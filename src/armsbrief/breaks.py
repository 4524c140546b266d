"""Breaks in a series of monthly counts: found, tested at given dates, and compared with all others.

The statistics are those of `ruptures` and `statsmodels`; here they are only put together. Counts
are modelled by a negative binomial regression with a trend and, where the months follow each
other without a gap, the count of the month before, so that what is left has no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import ruptures
from statsmodels.genmod.families import NegativeBinomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.diagnostic import acorr_ljungbox

from armsbrief.errors import DataError

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = pd.Series  # counts by month, indexed by pandas.Period, in order
_LAGS = 3  # months over which errors may still be correlated (Newey-West)
_MOST_DISPERSED, _LEAST_DISPERSED = 5.0, 1e-4
_MOST_STEPS, _CLOSE = 100, 1e-8  # of a fit, and of the deviance: the defaults of statsmodels


def stabilised(counts: Counts) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the counts on a scale on which their spread no longer grows with their size.

    Twice the square root of the count plus three eighths (Anscombe 1948,
    doi:10.1093/biomet/35.3-4.246): the spread of a Poisson count becomes one.
    """
    return np.asarray(2 * np.sqrt(counts.to_numpy(dtype=float) + 3 / 8))


def spread(counts: Counts) -> float:
    """Return the variance of the stabilised counts about their level, safe against breaks.

    From the median absolute difference of neighbouring months, which one step
    in the level does not move.
    """
    steps = np.abs(np.diff(stabilised(counts)))
    return float((np.median(steps) / (0.6745 * np.sqrt(2))) ** 2)


def change_points(counts: Counts, strictness: float, shortest: int) -> list[pd.Period]:
    """Find the months in which a new level begins (PELT, squared error).

    Parameters
    ----------
    counts : pandas.Series
        Counts of months that follow each other.
    strictness : float
        The penalty for one more break, in units of the Bayesian information
        criterion: variance × log(number of months).
    shortest : int
        Least number of months of one level.

    Returns
    -------
    list of pandas.Period
        First months of the levels after the first; the penalty decides how many.
    """
    penalty = strictness * spread(counts) * np.log(len(counts))
    search = ruptures.Pelt(model="l2", min_size=shortest, jump=1).fit(stabilised(counts))
    return [counts.index[end] for end in search.predict(pen=penalty)[:-1]]


def is_gapless(counts: Counts) -> bool:
    """Tell whether every month between the first and the last has a count."""
    return bool(len(counts) == (counts.index[-1] - counts.index[0]).n + 1)


def design(counts: Counts, breaks: Iterable[pd.Period], slope: bool, memory: bool) -> pd.DataFrame:
    """Return the explaining columns: trend, last month's count, a step (and a turn) at each break.

    Raises
    ------
    DataError
        If the month before is asked for and months are missing.
    """
    if memory and not is_gapless(counts):
        raise DataError("months are missing, so the count of the month before cannot be used.")
    columns = {**_base(counts, memory), **_steps(counts, breaks, slope)}
    return pd.DataFrame(columns, index=counts.index).iloc[1 if memory else 0 :]


def _base(counts: Counts, memory: bool) -> dict[str, Floats]:
    time = (_ordinals(counts) - _ordinals(counts)[0]).astype(float)
    columns = {"level": np.ones(len(counts)), "trend": time / 12}
    if memory:
        columns["memory"] = np.log(counts.shift(1).to_numpy(dtype=float) + 1)
    return columns


def _steps(counts: Counts, breaks: Iterable[pd.Period], slope: bool) -> dict[str, Floats]:
    months, columns = _ordinals(counts), {}
    for number, month in enumerate(breaks, start=1):
        after = (months >= month.ordinal).astype(float)
        columns[f"step{number}"] = after
        if slope:
            columns[f"turn{number}"] = after * (months - month.ordinal) / 12
    return columns


def _ordinals(counts: Counts) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the months counted from a fixed one."""
    return np.asarray(pd.PeriodIndex(counts.index).asi8)


def dispersion(counts: Counts, memory: bool) -> float:
    """Return the negative binomial dispersion of the model without a break (Pearson, by bisection).

    It is then held fixed, so that models with a break at different dates are
    compared on the same ground.
    """
    explain = design(counts, [], False, memory)
    return _dispersion(tuple(counts.loc[explain.index]), tuple(map(tuple, explain.to_numpy())))


@cache
def _dispersion(seen: tuple[float, ...], explain: tuple[tuple[float, ...], ...]) -> float:
    """Twenty fits, so only once for the same numbers."""
    counted, columns = np.array(seen), np.array(explain)

    def excess(alpha: float) -> float:
        family = _family(alpha)
        means = _means(counted, columns[np.newaxis], family)[0]
        pearson = np.sum((counted - means) ** 2 / family.variance(means))
        return float(pearson / (len(counted) - np.linalg.matrix_rank(columns)) - 1)

    low, high = _LEAST_DISPERSED, _MOST_DISPERSED
    if excess(low) <= 0:
        return low
    for _ in range(20):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


def fit(
    counts: Counts, breaks: Sequence[pd.Period], alpha: float, slope: bool, memory: bool
) -> Any:
    """Fit the regression with breaks at these months; errors allow for correlation (Newey-West)."""
    explain = design(counts, breaks, slope, memory)
    seen = counts.loc[explain.index].to_numpy(dtype=float)
    model = GLM(seen, explain, family=_family(alpha))
    return model.fit(cov_type="HAC", cov_kwds={"maxlags": _LAGS})


def _family(alpha: float) -> Any:
    return NegativeBinomial(alpha=alpha)


def _means(seen: Floats, designs: Floats, family: Any) -> Floats:
    """Fit one regression for each design, all at once; return the fitted means.

    The same steps as `statsmodels.GLM.fit` (reweighted least squares from the same start to the
    same end), which takes milliseconds for one fit where a profile needs hundreds.

    Parameters
    ----------
    seen : numpy.ndarray
        Counts, of shape (months,).
    designs : numpy.ndarray
        Explaining columns, of shape (designs, months, columns).
    family : statsmodels family
        With the logarithm as its link.

    Returns
    -------
    numpy.ndarray
        Of shape (designs, months).
    """
    means = np.tile(family.starting_mu(seen), (len(designs), 1))
    fits = np.full(len(designs), np.inf)
    going = np.arange(len(designs))
    for _ in range(_MOST_STEPS):
        mu = means[going]
        root = np.sqrt(family.weights(mu))[..., np.newaxis]
        aim = (np.log(mu) + (seen - mu) / mu)[..., np.newaxis]
        columns = designs[going]
        slopes = np.linalg.pinv(root * columns) @ (root * aim)
        means[going] = np.exp(columns @ slopes)[..., 0]
        reached = 2 * family.loglike_obs(seen, means[going]).sum(axis=1)
        moved = np.abs(reached - fits[going]) > _CLOSE
        fits[going] = reached
        going = going[moved]
        if not len(going):
            break
    return means


def _criteria(seen: Floats, designs: Floats, alpha: float) -> Floats:
    """Return Akaike's criterion of each design, corrected for short series.

    Hurvich and Tsai 1989, doi:10.1093/biomet/76.2.297.
    """
    family = _family(alpha)
    likelihood = family.loglike_obs(seen, _means(seen, designs, family)).sum(axis=1)
    n, k = len(seen), designs.shape[2] + 1
    return np.asarray(-2 * likelihood + 2 * k + 2 * k * (k + 1) / (n - k - 1))


@dataclass(frozen=True)
class Diagnostics:
    """What is left after a model: 1 is the right dispersion; small p means memory left."""

    dispersion: float
    ljung_box_p: float
    lags: int


def diagnose(fitted: Any, lags: int = 6) -> Diagnostics:
    """Check dispersion and remaining autocorrelation of the Pearson residuals."""
    lags = min(lags, int(fitted.nobs) // 4)
    test = acorr_ljungbox(np.asarray(fitted.resid_pearson), lags=[lags])
    return Diagnostics(float(fitted.pearson_chi2 / fitted.df_resid),
                       float(test["lb_pvalue"].iloc[0]), lags)  # fmt: skip


def admissible(counts: Counts, edge: int) -> list[pd.Period]:
    """Return the months at which a break can be tested: `edge` observed months on each side."""
    return list(counts.index[edge : len(counts) - edge + 1])


def profile(counts: Counts, edge: int, slope: bool, memory: bool) -> pd.Series:
    """Return by how much a break at each admissible month improves the criterion.

    Positive values favour a break at that month over none. The series of all
    of them is the reference with which a break at any one date is compared.
    """
    alpha = dispersion(counts, memory)
    months = admissible(counts, edge + memory)
    if not months:
        return pd.Series([], index=pd.PeriodIndex([], freq="M"), dtype=float)
    plain = design(counts, [], slope, memory)
    start, shared = len(counts) - len(plain), plain.to_numpy()
    stacked = np.stack([
        np.column_stack([shared, *(c[start:] for c in _steps(counts, [month], slope).values())])
        for month in months
    ])  # fmt: skip
    seen = counts.to_numpy(dtype=float)[start:]
    gains = _criteria(seen, shared[np.newaxis], alpha) - _criteria(seen, stacked, alpha)
    return pd.Series(gains, index=pd.PeriodIndex(months, freq="M"), dtype=float)


def rank(gains: pd.Series, month: pd.Period) -> float | None:
    """Return the share of admissible months that do at least as well as this one.

    Small values mean that few other dates explain as much. None where the
    series cannot test this month.
    """
    if month not in gains.index:
        return None
    here = float(gains.to_numpy()[gains.index.get_loc(month)])
    return float((gains.to_numpy() >= here - 1e-9).mean())


def first_full_month(day: str) -> pd.Period:
    """Return the first month that begins after a day: the month from which an event can tell."""
    return pd.Period(day, "M") + 1


def monthly(values: Mapping[str, float]) -> Counts:
    """Return counts by month, in order."""
    ordered = dict(sorted(values.items()))
    return pd.Series(list(ordered.values()), index=pd.PeriodIndex(list(ordered), freq="M"),
                     dtype=float)  # fmt: skip
