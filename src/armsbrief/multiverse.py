"""Specifications: the choices that data list, and the curve that shows what they give."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import pandas as pd

from armsbrief.charts import ACCENT, FOURTH, QUIET, SECOND, THIRD
from armsbrief.errors import DataError


@dataclass(frozen=True)
class Option:
    """One choice: in words, and as the notebook reads it."""

    name: str
    key: str


def options(choices: pd.DataFrame, claim_id: str, dimension: str) -> list[Option]:
    """Return the choices that the table `choices` lists for one dimension of a claim.

    Raises
    ------
    DataError
        If it lists none.
    """
    rows = choices[(choices["claim_id"] == claim_id) & (choices["dimension"] == dimension)]
    if rows.empty:
        raise DataError(f"table 'choices' lists nothing for {claim_id!r}, dimension {dimension!r}.")
    return [Option(str(o), str(k)) for o, k in zip(rows["option"], rows["key"], strict=True)]


def curve(
    results: pd.DataFrame, threshold: float, title: str, shape: str | None = None
) -> alt.LayerChart:
    """Return a specification curve: all estimates in order, with the threshold.

    Parameters
    ----------
    results : pandas.DataFrame
        One row per specification, with `estimate`.
    threshold : float
        The value from which a specification holds.
    title : str
        What the estimates are.
    shape : str, optional
        A column whose values are told apart by shape and colour.
    """
    # Rounded and stable: equal estimates stand in the order given, on every processor.
    rounded = [float(f"{value:.9g}") for value in results["estimate"]]
    ranked = results.assign(estimate=rounded).sort_values("estimate", kind="stable")
    ranked = ranked.assign(rank=range(1, len(ranked) + 1))
    seen = [value for value in (*rounded, 1.0, threshold) if value > 0]
    room = alt.Scale(type="log", domain=[min(seen) * 0.75, max(seen) * 1.15], nice=False)
    base = alt.Chart(ranked).encode(
        x=alt.X("rank:Q", title="ways to compute it, in order", axis=alt.Axis(tickCount=6)),
        y=alt.Y("estimate:Q", title=title, scale=room, axis=alt.Axis(tickCount=6)),
    )
    dots = base.mark_point(size=26, filled=True)
    if shape:
        kinds = list(dict.fromkeys(results[shape]))
        dots = dots.encode(
            shape=alt.Shape(f"{shape}:N", scale=alt.Scale(domain=kinds), legend=alt.Legend()),
            color=alt.Color(f"{shape}:N", legend=alt.Legend(),
                            scale=alt.Scale(domain=kinds, range=[ACCENT, SECOND, THIRD, FOURTH])),
        )  # fmt: skip
    lines = pd.DataFrame({"value": [1.0, threshold], "label": ["no change", "holds from here"]})
    lines = lines.drop_duplicates("value", keep="last")
    rule = alt.Chart(lines).encode(y=alt.Y("value:Q"))
    words = rule.mark_text(align="right", x="width", baseline="bottom", dy=-2, color=QUIET)
    below = rule.mark_text(align="right", x="width", baseline="top", dy=3, color=QUIET)
    return alt.layer(
        rule.mark_rule(strokeDash=[4, 3], color=QUIET),
        words.encode(text=alt.Text("label:N")).transform_filter(f"datum.value == {threshold!r}"),
        below.encode(text=alt.Text("label:N")).transform_filter(f"datum.value != {threshold!r}"),
        dots,
    ).properties(height=220)
