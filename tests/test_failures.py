"""What fails is named by what it has in common, so that a reader can say when a claim is weak."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from armsbrief.failures import grouped, in_words

DIMENSIONS = ["series", "window"]
TRACKERS, WINDOWS = (
    ("PICSS", "PIPS", "CRSS", "GTI"),
    ("one year", "two years", "three years", "four"),
)


def table(fails: Any) -> list[dict[str, Any]]:
    """Every tracker with every window; `fails` says which do not hold."""
    return [{"series": s, "window": w, "holds": not fails(s, w)}
            for s, w in product(TRACKERS, WINDOWS)]  # fmt: skip


def test_few_failures_are_named_one_by_one() -> None:
    rows = table(lambda s, w: (s, w) in {("PIPS", "one year"), ("GTI", "two years")})
    assert in_words(rows, DIMENSIONS) == "for “PIPS, one year”; “GTI, two years”"


def test_one_choice_that_all_failures_share_is_all_that_is_said() -> None:
    rows = table(lambda s, w: w == "two years")
    assert in_words(rows, DIMENSIONS) == "only for two years (all 4)"


def test_failures_of_two_kinds_are_named_by_the_choices_that_matter() -> None:
    rows = table(lambda s, w: w == "two years" or s == "PIPS")
    assert in_words(rows, DIMENSIONS) == "for two years (all 4); PIPS (all 4)"


def test_what_shares_no_choice_is_counted_by_series() -> None:
    lone = {("PICSS", "one year"), ("CRSS", "three years")}
    rows = table(lambda s, w: s == "PIPS" or (s, w) in lone)
    assert in_words(rows, DIMENSIONS) == "for PIPS (all 4); and 2 others: PICSS (1), CRSS (1)"


def test_a_choice_that_was_not_made_is_not_named() -> None:
    rows = [{"series": "PIPS", "window": "—", "holds": False},
            {"series": "GTI", "window": "one year", "holds": True}]  # fmt: skip
    assert in_words(rows, DIMENSIONS) == "for “PIPS”"


@given(st.sets(st.tuples(st.sampled_from(TRACKERS), st.sampled_from(WINDOWS))))
def test_every_failure_is_counted_once_in_a_group_or_among_the_others(
    failing: set[tuple[str, str]],
) -> None:
    rows = table(lambda s, w: (s, w) in failing)
    groups, rest = grouped(rows, DIMENSIONS)
    inside = set[int]().union(*(group.failing for group in groups))
    assert len(inside) + rest == len(failing)
    assert all(not rows[number]["holds"] for number in inside)
