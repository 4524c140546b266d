"""How far the deciding value must move: at the value named the verdict flips, and not before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armsbrief.break_even import break_even
from armsbrief.rules import PointValue, Share, Verdict

POINT = PointValue(within=0.1, wide=0.25)
A_HAIR = 6e-6  # the value is given with six digits


def judge_number(asserted: float, today: float, step: float, qualifier: str = "exactly"
                 ) -> Callable[[float], Verdict]:  # fmt: skip
    stated = {"asserted": asserted, "resolution": step, "qualifier": qualifier}
    return lambda factor: POINT.one({**stated, "estimate": today * factor})


def assert_flips_exactly_there(judge: Callable[[float], Verdict], today: float,
                               found: dict[str, object]) -> None:  # fmt: skip
    """Just beyond the value the verdict is the one named; from today to just short of it, today's."""
    now = judge(1.0)
    for side, outward in (("below", -1), ("above", 1)):
        flip = found[side]
        if flip is None:
            continue
        edge = flip["value"] / today  # type: ignore[index]
        assert judge(edge * (1 + outward * A_HAIR)) == flip["verdict"] != now  # type: ignore[index]
        inside = edge * (1 - outward * A_HAIR)
        for share in (0.25, 0.5, 0.75, 1.0):
            if (inside - 1) * outward > 0:
                assert judge(1 + (inside - 1) * share) == now


def test_the_equipment_left_is_supported_from_above_the_asserted_value() -> None:
    found = break_even(judge_number(7.2, 7.12, 0.1, "over"), 7.12, [7.2])
    assert found["above"] == {"value": pytest.approx(7.2), "verdict": "supported"}
    assert found["below"] == {"value": pytest.approx(6.48), "verdict": "partly-supported"}


def test_a_range_narrower_than_a_step_is_not_stepped_over() -> None:
    """316,265 to 316,275 all round to the op-ed's number; ours is just below."""
    found = break_even(judge_number(316270, 316260, 10), 316260, [316270])
    assert found["above"] == {"value": 316265, "verdict": "supported"}


def test_where_nothing_flips_within_a_hundredfold_nothing_is_named() -> None:
    found = break_even(lambda factor: "not-supported", 5.0)
    assert found == {"today": 5.0, "below": None, "above": None}


@given(st.integers(20, 1000), st.floats(0.3, 3), st.sampled_from(["exactly", "over"]))
def test_the_verdict_flips_at_the_value_named_and_not_before(
    asserted: int, ratio: float, qualifier: str
) -> None:
    today = float(f"{asserted * ratio:.4g}")
    judge = judge_number(asserted, today, 1, qualifier)
    assert_flips_exactly_there(judge, today, break_even(judge, today, [asserted]))


in_hundredths = st.integers(50, 400).map(lambda n: n / 100)


@given(st.lists(in_hundredths, min_size=20, max_size=40), in_hundredths)
def test_so_it_does_where_the_share_of_specifications_decides(
    estimates: list[float], today: float
) -> None:
    rule = Share(threshold=1.25, nearly_all=0.9, most=0.75, some=0.5, at_least=20)

    def judge(factor: float) -> Verdict:
        return rule.claim({}, [{"estimate": estimate * factor} for estimate in estimates])

    assert_flips_exactly_there(judge, today, break_even(judge, today))
