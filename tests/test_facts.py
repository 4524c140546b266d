"""What a notebook may record, and what ends in one clear error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armsbrief import drawing, notebook
from armsbrief.data import load
from armsbrief.errors import NotebookError
from armsbrief.notebook import alt, asserted, chart, fact, one, specifications, table

TODAY = "2026-11-23"


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the notebook would have shown, instead of showing it."""
    shown: list[dict[str, Any]] = []

    def show(mime: str, record: Any, text: str, more: Mapping[str, str] | None = None) -> None:
        shown.append({"mime": mime, **record})

    monkeypatch.setattr(notebook, "_show", show)
    return shown


@pytest.fixture(scope="module")
def equipment() -> pd.DataFrame:
    return load("equipment", TODAY)


def test_a_fact_carries_its_rows_its_sources_and_the_newest_date(
    equipment: pd.DataFrame, recorded: list[dict[str, Any]]
) -> None:
    rows = [one(equipment, "dod-2022-total-supplied"), one(equipment, "dod-2022-total-left")]
    fact("stock.share", 38.28, unit="percent", digits=1, rows=rows, label="share", how="a ÷ b")
    (record,) = recorded
    assert record["display"] == "38.3%"
    assert record["rows"] == {"equipment": ["dod-2022-total-left", "dod-2022-total-supplied"]}
    assert record["sources"] == sorted({frame["source_id"].iloc[0] for frame in rows})
    assert record["as_of"] == max(frame["published"].iloc[0] for frame in rows)


def test_a_fact_without_rows_yet_is_not_known_and_has_no_date(
    equipment: pd.DataFrame, recorded: list[dict[str, Any]]
) -> None:
    fact("stock.left", None, unit="USD bn", rows=equipment[:0], label="left")
    assert recorded[0]["display"] == "not known"
    assert recorded[0]["as_of"] is None
    assert recorded[0]["sources"] == []


@pytest.mark.parametrize(
    "value",
    [np.float64(7.12), np.int64(7), np.bool_(True), pd.NA, pd.Timestamp("2021-08-15"), [7], 7j],
    ids=lambda value: type(value).__name__,
)
def test_only_built_in_values_are_facts(equipment: pd.DataFrame, value: Any) -> None:
    with pytest.raises(NotebookError) as caught:
        fact("stock.left", value, unit="USD bn", rows=equipment, label="left")
    assert "fact 'stock.left': the value" in str(caught.value)
    assert "expected int, float, str, bool or None" in str(caught.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_no_fact(equipment: pd.DataFrame, value: float) -> None:
    with pytest.raises(NotebookError, match="the number is not finite"):
        fact("stock.left", value, unit="USD bn", rows=equipment, label="left")


@pytest.mark.parametrize(
    "fact_id",
    ["left", "Stock.left", "stock.", ".left", "stock.left value", "stock..left", "stock.-x", ""],
)
def test_a_malformed_id_is_refused_with_an_example(equipment: pd.DataFrame, fact_id: str) -> None:
    with pytest.raises(NotebookError, match=r"expected an id such as 'equipment-value.left'"):
        fact(fact_id, 1, unit="weapons", rows=equipment, label="left")


def test_rows_that_do_not_come_from_a_table_are_refused(equipment: pd.DataFrame) -> None:
    typed = pd.DataFrame({"id": ["a"], "source_id": ["eq001"], "published": ["2025-01-01"]})
    with pytest.raises(NotebookError, match=r"fact 'stock.left': its rows lack a table name"):
        fact("stock.left", 1, unit="weapons", rows=typed, label="left")


def test_aggregated_rows_are_refused_for_they_have_lost_their_sources(
    equipment: pd.DataFrame,
) -> None:
    summed = equipment.groupby("category", as_index=False)[["value"]].sum()
    with pytest.raises(
        NotebookError, match=r"lack id, published, source_id; pass rows as load\(\) gave"
    ):
        fact("stock.left", 1, unit="weapons", rows=summed, label="left")


@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_two_processors_that_differ_in_the_last_bit_record_the_same_number(value: float) -> None:
    kept = notebook._builtin("stock.left", value)
    assert isinstance(kept, float)
    assert math.isclose(kept, value, rel_tol=1e-11)
    assert notebook._builtin("stock.left", kept) == kept


def test_an_assertion_is_a_fact_with_its_hedge_and_its_step(recorded: list[dict[str, Any]]) -> None:
    assert asserted("equipment-value", as_of=TODAY, digits=1) == 7.2
    assert recorded[0]["stated"] == {"qualifier": "over", "resolution": 0.1}
    assert recorded[0]["display"] == "$7.2 billion"


def test_before_the_op_ed_nothing_is_asserted(recorded: list[dict[str, Any]]) -> None:
    assert asserted("equipment-value", as_of="2025-04-16") is None
    assert recorded[0]["display"] == "not known"


def test_a_chart_needs_a_text_alternative(equipment: pd.DataFrame) -> None:
    figure = alt.Chart(equipment[["value"]]).mark_bar()
    with pytest.raises(NotebookError, match=r"chart 'stock.bars': expected .* an alt_text"):
        chart("stock.bars", figure, title="Bars", finding="", alt_text=" ", rows=equipment)


def test_a_sweep_leaves_charts_out_and_nothing_else(
    equipment: pd.DataFrame, recorded: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def record() -> list[str]:
        recorded.clear()
        figure = alt.Chart(equipment[["value"]]).mark_bar()
        chart("stock.bars", figure, title="Bars", finding="", alt_text="Bars.", rows=equipment)
        fact("stock.left", 1, unit="weapons", rows=equipment, label="left")
        return [shown["id"] for shown in recorded]

    assert record() == ["stock.bars", "stock.left"]
    monkeypatch.setenv(drawing.VARIABLE, drawing.OFF)
    assert record() == ["stock.left"]


def test_a_table_holds_text_only(equipment: pd.DataFrame) -> None:
    with pytest.raises(NotebookError, match=r"table 'stock.rows': expected .* text in every cell"):
        table("stock.rows", equipment[["id", "value"]], title="Rows", rows=equipment)


def test_two_specifications_with_the_same_choices_are_refused(equipment: pd.DataFrame) -> None:
    twice = pd.DataFrame({"tracker": ["A", "A"], "estimate": [1.0, 2.0]})
    with pytest.raises(NotebookError, match="choices that differ from row to row"):
        specifications("stock", twice, rows=[equipment])
    with pytest.raises(NotebookError, match="expected a column 'estimate'"):
        specifications("stock", twice[["tracker"]], rows=[equipment])
