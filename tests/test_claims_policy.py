"""The diplomatic record, the cost of the asks and the recommendations: data decide."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from armsbrief import ledger, paths, rules
from armsbrief.claims import read_claims, read_recommendations

CLAIM = "forums-no-progress"
ASKS = [
    "diplomatic-offensive",
    "trace-mechanism",
    "neutralise-night-vision",
    "assistance",
    "arms-control-in-kabul",
    "functional-engagement",
]
THERE, NOTHING = "raised there", "without progress"


@pytest.fixture(scope="module")
def records() -> dict[str, dict[str, Any]]:
    """What the three notebooks recorded."""
    return ledger.collect(paths.NOTEBOOKS / f"{n}.ipynb" for n in ("forums", "cost", "deadlines"))


@pytest.fixture(scope="module")
def rule() -> rules.Rule:
    """The rule of the claim, with its real settings."""
    entry = read_claims(paths.BOOK / "claims.yml")[CLAIM].rule
    return rules.make(entry.name, entry.settings)


def specified(there: list[float], nothing: list[float]) -> list[dict[str, Any]]:
    """Specifications of both parts with these estimates."""
    both = [(THERE, value) for value in there] + [(NOTHING, value) for value in nothing]
    return [{"part": part, "estimate": value} for part, value in both]


@pytest.mark.parametrize(
    ("there", "nothing", "verdict"),
    [
        ([1, 1, 1], [1, 1, 1], "supported"),
        ([1, 1, 0], [1, 1, 1], "supported-with-correction"),
        ([0, 0, 1], [1, 1, 1], "partly-supported"),
        ([0, 0, 0], [0.5, 0.5, 1], "not-supported"),
        ([0], [], "cannot-be-verified"),
    ],
)
def test_each_verdict_follows_from_some_record(
    rule: rules.Rule, there: list[float], nothing: list[float], verdict: str
) -> None:
    assert rule.claim({"estimate": 100.0}, specified(there, nothing)) == verdict


def moved(rows: list[dict[str, Any]], part: str, estimate: float) -> list[dict[str, Any]]:
    """The recorded specifications, with another estimate in one part."""
    return [{**row, "estimate": estimate} if row["part"] == part else row for row in rows]


def test_texts_of_sco_and_oic_on_the_weapons_would_improve_the_verdict(
    rule: rules.Rule, records: dict[str, dict[str, Any]]
) -> None:
    rows = records["specifications"][CLAIM]["rows"]
    today = rule.claim({}, rows)
    raised = rule.claim({}, moved(rows, THERE, 1.0))
    assert rules.VERDICTS.index(raised) < rules.VERDICTS.index(today)


def test_steps_agreed_in_half_of_the_cases_would_worsen_the_verdict(
    rule: rules.Rule, records: dict[str, dict[str, Any]]
) -> None:
    rows = records["specifications"][CLAIM]["rows"]
    today = rule.claim({}, rows)
    agreed = rule.claim({}, moved(rows, NOTHING, 0.5))
    assert rules.VERDICTS.index(agreed) > rules.VERDICTS.index(today)


def test_without_any_record_nothing_is_judged(rule: rules.Rule) -> None:
    assert rule.claim({"estimate": None}, []) == "cannot-be-verified"


def test_each_cost_is_an_interval_around_its_middle(records: dict[str, dict[str, Any]]) -> None:
    facts = records["facts"]
    names = [name.removesuffix("-mid") for name in facts if name.endswith("-mid")]
    assert len(names) >= 6
    for name in names:
        low, mid, high = (facts[f"{name}-{end}"]["value"] for end in ("low", "mid", "high"))
        assert 0 < low < mid < high, name


def test_what_is_not_favoured_is_dearer_at_its_lower_end_than_tracing_at_its_upper(
    records: dict[str, dict[str, Any]],
) -> None:
    facts = records["facts"]
    limit, named = facts["cost.trace-high"]["value"], facts["cost.not-favoured"]["value"]
    words = {
        "buy-back": "buy-back",
        "retrieval": "retrieval",
        "collection": "collection",
        "denial": "denying",
    }
    for name, word in words.items():
        assert (facts[f"cost.{name}-low"]["value"] > limit) is (word in named), name


def test_days_left_are_counted_from_the_knowledge_date(records: dict[str, dict[str, Any]]) -> None:
    facts = records["facts"]
    seat, team = (date.fromisoformat(facts[f"deadlines.{name}"]["value"])
                  for name in ("council-seat", "monitoring-team"))  # fmt: skip
    days = [
        facts[f"deadlines.{name}-days"]["value"] for name in ("council-seat", "monitoring-team")
    ]
    assert days[1] - days[0] == (team - seat).days


def test_there_are_six_asks_each_with_precedents() -> None:
    asks = read_recommendations(paths.BOOK / "recommendations.yml")
    assert list(asks) == ASKS
    assert all(ask.precedents and ask.claims for ask in asks.values())


@pytest.mark.parametrize("name", ASKS)
def test_each_first_step_has_a_computed_date(name: str, records: dict[str, dict[str, Any]]) -> None:
    step = read_recommendations(paths.BOOK / "recommendations.yml")[name].first_step
    used = re.findall(r"\{fact\}`([^`]+)`", step)
    assert any(records["facts"][fact]["unit"] == "date" for fact in used)


@pytest.mark.parametrize("name", ASKS)
def test_each_ask_refers_only_to_facts_that_exist(
    name: str, records: dict[str, dict[str, Any]]
) -> None:
    ask = read_recommendations(paths.BOOK / "recommendations.yml")[name]
    texts = [value for value in ask.model_dump().values() if isinstance(value, str)]
    for text in [*texts, *ask.precedents]:
        assert "{fact}" not in ledger.substituted(text, records["facts"], name)
