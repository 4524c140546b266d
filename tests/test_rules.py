"""Every verdict that a rule can give, some data give it, and no verdict jumps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armsbrief import paths
from armsbrief.claims import Claim, read_claims
from armsbrief.errors import LedgerError
from armsbrief.rules import (
    RULES,
    VERDICTS,
    Criteria,
    Meaning,
    Parts,
    PointValue,
    Share,
    Threshold,
    make,
)

SUPPORTED, CORRECTED, IN_PART, NOT, UNKNOWN = VERDICTS
CLAIMS = read_claims(paths.CLAIMS)
BY_MERIT = {verdict: rank for rank, verdict in enumerate(VERDICTS)}


def specifications(*estimates: float, **choices: str) -> list[dict[str, Any]]:
    return [{"estimate": estimate, **choices} for estimate in estimates]


POINT = PointValue(within=0.1, wide=0.25)
STATED = {"asserted": 7.2, "resolution": 0.1, "qualifier": "exactly"}


@pytest.mark.parametrize(
    ("estimate", "verdict"),
    [
        (7.2, SUPPORTED),
        (7.16, SUPPORTED),
        (7.24, SUPPORTED),
        (7.14, CORRECTED),
        (7.9, CORRECTED),
        (6.5, CORRECTED),
        (8.5, IN_PART),
        (5.6, IN_PART),
        (9.1, NOT),
        (0.0, NOT),
        (None, UNKNOWN),
    ],
)
def test_an_asserted_number_is_judged_by_how_far_ours_is_from_it(
    estimate: float | None, verdict: str
) -> None:
    assert POINT.one({**STATED, "estimate": estimate}) == verdict


def test_over_a_number_is_supported_above_it_and_needs_a_correction_at_it() -> None:
    over = {**STATED, "qualifier": "over"}
    assert POINT.one({**over, "estimate": 7.3}) == SUPPORTED
    assert POINT.one({**over, "estimate": 7.2}) == CORRECTED
    assert POINT.one({**over, "estimate": 7.12}) == CORRECTED
    assert POINT.one({**over, "estimate": 20}) == NOT


def test_nothing_asserted_cannot_be_verified() -> None:
    assert POINT.one({**STATED, "asserted": None, "estimate": 7.2}) == UNKNOWN


MEANING = Meaning(within=0.05, wide=0.15)


@pytest.mark.parametrize(
    ("estimate", "attributed", "verdict"),
    [
        (100, True, SUPPORTED),
        (100, False, CORRECTED),
        (96, None, CORRECTED),
        (90, True, IN_PART),
        (50, True, NOT),
        (None, True, UNKNOWN),
    ],
)
def test_a_number_must_be_that_of_the_named_quantity_and_of_the_named_author(
    estimate: float | None, attributed: bool | None, verdict: str
) -> None:
    assert MEANING.one({"asserted": 100, "estimate": estimate, "attributed": attributed}) == verdict


SHARE = Share(threshold=1.25, nearly_all=0.9, most=0.75, some=0.5, at_least=20)


@pytest.mark.parametrize(
    ("holding", "of", "verdict"),
    [
        (20, 20, SUPPORTED),
        (18, 20, SUPPORTED),
        (17, 20, CORRECTED),
        (15, 20, CORRECTED),
        (14, 20, IN_PART),
        (10, 20, IN_PART),
        (9, 20, NOT),
        (0, 20, NOT),
        (19, 19, UNKNOWN),
        (0, 0, UNKNOWN),
    ],
)
def test_the_share_of_specifications_that_hold_decides(holding: int, of: int, verdict: str) -> None:
    rows = specifications(*[1.25] * holding, *[1.24] * (of - holding))
    assert SHARE.claim({"estimate": 1.0}, rows) == verdict


PARTS = Parts(parts=("each", "all"), threshold=1.1, nearly_all=0.9, most=0.6, at_least=10)


def parts(each: int, every: int, of: int = 10) -> list[dict[str, Any]]:
    return [
        *specifications(*[1.2] * each, *[1.0] * (of - each), part="each"),
        *specifications(*[1.2] * every, *[1.0] * (of - every), part="all"),
    ]


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        (parts(9, 10), SUPPORTED),
        (parts(8, 10), CORRECTED),
        (parts(6, 6), CORRECTED),
        (parts(0, 10), IN_PART),
        (parts(6, 5), IN_PART),
        (parts(5, 5), NOT),
        (parts(9, 9, of=9), UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_a_claim_of_parts_needs_all_of_them(rows: list[dict[str, Any]], verdict: str) -> None:
    assert PARTS.claim({"estimate": 1.0}, rows) == verdict


CRITERIA = Criteria(must={"named": 1, "sites": 2}, should={"traced": 10})


@pytest.mark.parametrize(
    ("inputs", "verdict"),
    [
        ({"named": True, "sites": 2, "traced": 10}, SUPPORTED),
        ({"named": True, "sites": 2, "traced": 9}, CORRECTED),
        ({"named": True, "sites": 2, "traced": None}, CORRECTED),
        ({"named": False, "sites": 2, "traced": 10}, IN_PART),
        ({"named": False, "sites": 0, "traced": 10}, NOT),
        ({"named": None, "sites": 2, "traced": 10}, UNKNOWN),
    ],
)
def test_criteria_are_passed_one_by_one(inputs: dict[str, Any], verdict: str) -> None:
    assert CRITERIA.one(inputs) == verdict


THRESHOLD = Threshold(supported=0.9, corrected=0.6, in_part=0.3)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (0.9, SUPPORTED),
        (0.89, CORRECTED),
        (0.6, CORRECTED),
        (0.3, IN_PART),
        (0.29, NOT),
        (None, UNKNOWN),
    ],
)
def test_one_value_is_held_against_three_minima(value: float | None, verdict: str) -> None:
    assert THRESHOLD.one({"estimate": value}) == verdict


def test_every_rule_is_tested_here() -> None:
    tested = {PointValue, Meaning, Share, Parts, Criteria, Threshold}
    assert set(RULES.values()) == tested


def test_every_rule_says_its_numbers_in_its_tolerance() -> None:
    assert "10%" in POINT.tolerance
    assert "25%" in POINT.tolerance
    assert "5%" in MEANING.tolerance
    assert "1.25" in SHARE.tolerance
    assert "75%" in SHARE.tolerance
    assert "60%" in PARTS.tolerance
    assert "sites at least 2" in CRITERIA.tolerance
    assert "0.6" in THRESHOLD.tolerance


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("point-valeu", {}, "rule 'point-valeu' is unknown; there are: point-value"),
        ("point-value", {"within": 0.1}, "rule 'point-value': .*missing.*wide"),
        ("point-value", {"within": 0.1, "wide": 1, "x": 1}, "unexpected keyword argument 'x'"),
    ],
)
def test_an_unknown_rule_or_setting_is_named(
    name: str, given: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(LedgerError, match=said):
        make(name, given)


# The six claims with the settings that they have.

COUNT = {"asserted": 316270.0, "resolution": 10.0, "qualifier": "about"}
WORTH = {"asserted": 512.0, "resolution": 1.0, "qualifier": "exactly"}
OVER = {"asserted": 7.2, "resolution": 0.1, "qualifier": "over"}
EXPORTED = {"asserted": 316270.0}
NO_ROWS: list[dict[str, Any]] = []


def of_twenty(holding: int) -> list[dict[str, Any]]:
    return specifications(*[2.0] * holding, *[1.0] * (20 - holding))


def two_parts(each: int, every: int, of: int = 20) -> list[dict[str, Any]]:
    rows = parts(each, every, of)
    names = {"each": "deaths per attack", "all": "deaths in all"}
    return [{**row, "part": names[row["part"]]} for row in rows]


EACH_VERDICT = {
    "equipment-value": [
        ({**OVER, "estimate": 7.5}, NO_ROWS),
        ({**OVER, "estimate": 7.12}, NO_ROWS),
        ({**OVER, "estimate": 6.0}, NO_ROWS),
        ({**OVER, "estimate": 1.0}, NO_ROWS),
        ({**OVER, "estimate": None}, NO_ROWS),
    ],
    "small-arms-count": [
        ({**COUNT, "estimate": 316270}, NO_ROWS),
        ({**COUNT, "estimate": 316260}, NO_ROWS),
        ({**COUNT, "estimate": 250000}, NO_ROWS),
        ({**COUNT, "estimate": 600000}, NO_ROWS),
        ({**COUNT, "estimate": None}, NO_ROWS),
    ],
    "small-arms-value": [
        ({**WORTH, "estimate": 511.8}, NO_ROWS),
        ({**WORTH, "estimate": 500.0}, NO_ROWS),
        ({**WORTH, "estimate": 400.0}, NO_ROWS),
        ({**WORTH, "estimate": 100.0}, NO_ROWS),
        ({**WORTH, "estimate": None}, NO_ROWS),
    ],
    "small-arms-exported": [
        ({**EXPORTED, "estimate": 316260, "attributed": True}, NO_ROWS),
        ({**EXPORTED, "estimate": 316260, "attributed": False}, NO_ROWS),
        ({**EXPORTED, "estimate": 350000, "attributed": True}, NO_ROWS),
        ({**EXPORTED, "estimate": 427300, "attributed": True}, NO_ROWS),
        ({**EXPORTED, "estimate": None, "attributed": False}, NO_ROWS),
    ],
    "resurgence": [
        ({"estimate": 2.0}, of_twenty(20)),
        ({"estimate": 2.0}, of_twenty(16)),
        ({"estimate": 2.0}, of_twenty(11)),
        ({"estimate": 1.0}, of_twenty(5)),
        ({"estimate": None}, NO_ROWS),
    ],
    "attack-lethality": [
        ({"estimate": 2.0}, two_parts(20, 20)),
        ({"estimate": 2.0}, two_parts(14, 20)),
        ({"estimate": 2.0}, two_parts(5, 20)),
        ({"estimate": 1.0}, two_parts(5, 5)),
        ({"estimate": None}, NO_ROWS),
    ],
}


@pytest.mark.parametrize("name", EACH_VERDICT)
def test_each_claim_can_get_each_of_the_five_verdicts_under_its_own_settings(name: str) -> None:
    claim = CLAIMS[name]
    rule = make(claim.rule.name, claim.rule.settings)
    given = [rule.claim(inputs, rows) for inputs, rows in EACH_VERDICT[name]]
    assert given == list(VERDICTS)


@pytest.mark.parametrize("name", EACH_VERDICT)
def test_each_claim_has_a_sentence_of_its_own_for_each_verdict(name: str) -> None:
    sentences = CLAIMS[name].sentences
    assert set(sentences) == set(VERDICTS)
    assert len(set(sentences.values())) == len(VERDICTS)


def test_a_claim_without_a_sentence_for_some_verdict_is_refused() -> None:
    entry = CLAIMS["equipment-value"].model_dump()
    del entry["sentences"]["not-supported"]
    with pytest.raises(ValueError, match="no sentence for the verdict not-supported"):
        Claim.model_validate(entry)


# What holds for any data.

numbers = st.floats(0.01, 1e6, allow_nan=False)
sizes = st.floats(0.0, 0.5, allow_nan=False)


@given(numbers, sizes, sizes, sizes, sizes, st.sampled_from(["exactly", "about", "at-least"]),
       st.sampled_from([0.1, 1, 10]), st.booleans())  # fmt: skip
def test_a_value_further_off_on_the_same_side_never_gets_a_better_verdict(
    asserted: float, within: float, more: float, near: float, further: float, qualifier: str,
    step: float, below: bool,
) -> None:  # fmt: skip
    asserted = max(round(asserted / step), 1) * step  # as stated: a multiple of its own step
    rule = PointValue(within=within, wide=within + more)
    side = -1 if below else 1
    stated = {"asserted": asserted, "resolution": step, "qualifier": qualifier}
    nearer, farther = (
        rule.one({**stated, "estimate": asserted * (1 + side * off)})
        for off in sorted((near, further))
    )
    assert BY_MERIT[nearer] <= BY_MERIT[farther]


@given(numbers, sizes, sizes, sizes, sizes, st.booleans(), st.booleans())
def test_the_same_holds_for_the_named_quantity(
    asserted: float,
    within: float,
    more: float,
    near: float,
    further: float,
    attributed: bool,
    below: bool,
) -> None:
    rule = Meaning(within=within, wide=within + more)
    side = -1 if below else 1
    nearer, farther = (
        rule.one({"asserted": asserted, "attributed": attributed,
                  "estimate": asserted * (1 + side * off)})
        for off in sorted((near, further))
    )  # fmt: skip
    assert BY_MERIT[nearer] <= BY_MERIT[farther]


ratios = st.lists(st.floats(0.1, 10), min_size=1, max_size=60)


@given(ratios, st.floats(1, 3))
def test_larger_ratios_never_make_a_worse_verdict(estimates: list[float], factor: float) -> None:
    larger = [estimate * factor for estimate in estimates]
    for rule in (SHARE, Share(threshold=1, nearly_all=1, most=0.5, some=0.1, at_least=1)):
        before = rule.claim({"estimate": 1}, specifications(*estimates))
        after = rule.claim({"estimate": 1}, specifications(*larger))
        assert BY_MERIT[after] <= BY_MERIT[before]


@given(ratios, ratios, st.floats(1, 3))
def test_larger_ratios_in_every_part_never_make_a_worse_verdict(
    each: list[float], every: list[float], factor: float
) -> None:
    rule = Parts(parts=("each", "all"), threshold=1.1, nearly_all=0.9, most=0.6, at_least=1)
    rows = [*specifications(*each, part="each"), *specifications(*every, part="all")]
    larger = [{**row, "estimate": row["estimate"] * factor} for row in rows]
    assert (
        BY_MERIT[rule.claim({"estimate": 1}, larger)] <= BY_MERIT[rule.claim({"estimate": 1}, rows)]
    )


@given(ratios)
def test_a_verdict_of_shares_does_not_depend_on_the_order_of_specifications(
    estimates: list[float],
) -> None:
    rows = specifications(*estimates)
    assert SHARE.claim({"estimate": 1}, rows) == SHARE.claim({"estimate": 1}, rows[::-1])


@given(st.lists(st.floats(0.1, 10), min_size=20, max_size=60))
def test_robustness_counts_each_specification_once_and_agrees_with_the_verdict(
    estimates: list[float],
) -> None:
    rows = specifications(*estimates)
    verdict = SHARE.claim({"estimate": 1}, rows)
    holding = SHARE.holds({"estimate": 1}, rows, verdict)
    assert len(holding) == len(rows)
    assert sum(holding) / len(rows) >= 0.5 or verdict == NOT
