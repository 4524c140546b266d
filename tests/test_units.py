"""How a value becomes text, and that nothing is lost or added on the way."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armsbrief.errors import NotebookError
from armsbrief.units import display


@pytest.mark.parametrize(
    ("value", "unit", "digits", "shown"),
    [
        (7.12, "USD bn", 2, "$7.12 billion"),
        (511.8, "USD m", 1, "$511.8 million"),
        (1618, "USD", 0, "$1,618"),
        (12, "EUR", 0, "€12"),
        (316260, "weapons", 0, "316,260"),
        (-22, "percent", 0, "−22%"),
        (45.25, "percent", 1, "45.3%"),
        (2611, "km", 0, "2,611 km"),
        (2021, "year", 0, "2021"),
        ("2025-04-07", "date", 0, "7 April 2025"),
        ("2025-03", "month", 0, "March 2025"),
        ("as printed", "text", 0, "as printed"),
        (True, "yes/no", 0, "yes"),
        (False, "yes/no", 0, "no"),
        (None, "USD bn", 2, "not known"),
    ],
)
def test_each_unit_has_its_form(value: object, unit: str, digits: int, shown: str) -> None:
    assert display(value, unit, digits) == shown  # type: ignore[arg-type]


def test_a_negative_sum_has_its_sign_before_the_currency() -> None:
    assert display(-1.5, "USD bn", 1) == "−$1.5 billion"
    assert display(-3, "EUR m", 0) == "−€3 million"


@pytest.mark.parametrize("value", [-0.0, -0.001, 0.004])
def test_nought_has_no_sign(value: float) -> None:
    assert display(value, "percent", 2) == "0.00%"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.5, "1"), (1.5, "2"), (2.5, "3"), (-0.5, "−1"), (-2.5, "−3")]
)
def test_halves_are_rounded_away_from_nought(value: float, shown: str) -> None:
    assert display(value, "ratio", 0) == shown


def test_halves_are_those_of_the_decimal_form_not_the_binary_one() -> None:
    assert display(2.675, "ratio", 2) == "2.68"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_cannot_be_shown(value: float) -> None:
    with pytest.raises(NotebookError, match=r"USD bn cannot be shown: the number is not finite"):
        display(value, "USD bn", 1)


@given(
    st.one_of(
        st.integers(-(10**15), 10**15),
        st.floats(-1e15, 1e15, allow_nan=False, allow_infinity=False),
    ),
    st.sampled_from(
        ["USD bn", "USD m", "USD", "EUR", "EUR m", "percent", "km", "weapons", "ratio"]
    ),
    st.integers(0, 6),
)
def test_what_is_shown_is_the_value_to_within_half_of_the_last_place(
    value: float, unit: str, digits: int
) -> None:
    shown = display(value, unit, digits)
    number = "".join(c for c in shown.replace("−", "-") if c in "-.0123456789")
    assert abs(Decimal(number) - Decimal(repr(value))) <= Decimal(1).scaleb(-digits) / 2
    decimals = number.partition(".")[2]
    assert len(decimals) == digits
