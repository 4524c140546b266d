"""What was left, what was recovered, who controls it: the verdicts follow the tables.

The cells of the notebooks run here as they stand, on tables in which a few rows were changed. Only
drawing is left out, and the specifications: the rules of these claims judge by the main values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

from armsbrief import data, notebook, paths, rules, series
from armsbrief.claims import read_claims

TODAY = "2026-11-23"
NOTEBOOK_OF = {
    "equipment-nato-standard": "composition",
    "unprecedented-surplus": "surplus",
    "recovered-rifles": "recoveries",
    "recovered-night-vision": "recoveries",
    "recovered-ied-components": "recoveries",
    "recovered-anti-armour": "recoveries",
    "smuggled-across-border": "recoveries",
    "traceability": "recoveries",
    "taliban-weak-control": "control",
    "border-porous": "control",
}
CLAIMS = read_claims(paths.BOOK / "claims.yml")

Edit = Callable[[pd.DataFrame], pd.DataFrame]
Judge = Callable[..., str]


def rule_of(claim: str) -> rules.Rule:
    """The rule of a claim, with its real settings."""
    entry = CLAIMS[claim].rule
    return rules.make(entry.name, entry.settings)


def code_of(name: str) -> str:
    """The code of a notebook, as one text."""
    cells = json.loads((paths.NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Tables as they are, read once."""
    return {}


@pytest.fixture
def verdict(monkeypatch: pytest.MonkeyPatch, tables: dict[str, pd.DataFrame]) -> Judge:
    """Judge a claim on the tables as they are, but for some edits."""

    def judge(claim: str, **edits: Edit) -> str:
        facts: dict[str, Any] = {}

        def load(name: str, as_of: str) -> pd.DataFrame:
            if name not in tables:
                tables[name] = data.load(name, TODAY)
            frame = tables[name].copy()
            if name in edits:
                frame = edits[name](frame)
            frame.attrs["table"] = name
            return frame

        def fact(name: str, value: Any, **_: Any) -> None:
            facts[name] = value

        monkeypatch.setattr(notebook, "load", load)
        monkeypatch.setattr(notebook, "fact", fact)
        monkeypatch.setattr(series, "specified", lambda *_: pd.DataFrame())
        for quiet in ("chart", "table", "specifications"):
            monkeypatch.setattr(notebook, quiet, lambda *_, **__: None)
        exec(compile(code_of(NOTEBOOK_OF[claim]), NOTEBOOK_OF[claim], "exec"), {})  # noqa: S102 - our own notebook
        inputs = {key: facts[name] for key, name in CLAIMS[claim].rule.inputs.items()}
        return rule_of(claim).claim(inputs, [])

    return judge


def put(row: str, **values: Any) -> Edit:
    """Change some columns of one row."""

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        assert (frame["id"] == row).any(), f"there is no row {row}"
        for column, value in values.items():
            frame.loc[frame["id"] == row, column] = value
        return frame

    return edit


def without(column: str, *values: Any) -> Edit:
    """Leave out the rows with these values."""
    return lambda frame: frame[~frame[column].isin(values)]


def also(like: str, **values: Any) -> Edit:
    """Add a row like one that is there."""

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        row = frame[frame["id"] == like].assign(id=f"{like}-more", **values)
        return pd.concat([frame, row], ignore_index=True)

    return edit


def both(*edits: Edit) -> Edit:
    """Make several edits, one after the other."""

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        for one in edits:
            frame = one(frame)
        return frame

    return edit


def nothing(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out every row."""
    return frame[:0]


# Each verdict of each rule can come out.

BY_CRITERIA = [claim for claim in NOTEBOOK_OF if CLAIMS[claim].rule.name == "criteria"]


def inputs_for(claim: str, wanted: str) -> Mapping[str, Any]:
    """Values that just reach, or just miss, the minima of a claim's tests."""
    settings = CLAIMS[claim].rule.settings
    must, should = settings["must"], settings["should"]
    reached = {**must, **should}
    missed = {name: least / 2 for name, least in reached.items()}
    first = next(iter(must))
    return {
        "supported": reached,
        "supported-with-correction": {**missed, **must},
        "partly-supported": {**missed, first: must[first]},
        "not-supported": missed,
        "cannot-be-verified": {**reached, first: None},
    }[wanted]


@pytest.mark.parametrize("claim", BY_CRITERIA)
@pytest.mark.parametrize("wanted", rules.VERDICTS)
def test_each_verdict_follows_from_some_values(claim: str, wanted: str) -> None:
    assert rule_of(claim).claim(inputs_for(claim, wanted), []) == wanted


@pytest.mark.parametrize(
    ("share", "wanted"),
    [
        (80.0, "supported"),
        (60.0, "supported-with-correction"),
        (30.0, "partly-supported"),
        (3.0, "not-supported"),
        (None, "cannot-be-verified"),
    ],
)
def test_the_share_that_can_be_traced_decides(share: float | None, wanted: str) -> None:
    assert rule_of("traceability").claim({"estimate": share}, []) == wanted


# What was left.


def test_kit_left_by_western_forces_themselves_would_bear_the_ownership_out(verdict: Judge) -> None:
    claim = "equipment-nato-standard"
    assert verdict(claim) == "partly-supported"
    theirs = put("mckenzie-2021-mraps-disabled-count", value=50_000.0)
    assert verdict(claim, equipment=theirs) == "supported-with-correction"


def test_without_ak_rifles_there_would_be_no_correction(verdict: Judge) -> None:
    theirs = put("mckenzie-2021-mraps-disabled-count", value=50_000.0)
    few = put("sigar-2014-ak47-excess", value=100.0)
    assert verdict("equipment-nato-standard", equipment=theirs, weapons=few) == "supported"


def test_vehicles_of_little_value_would_leave_most_of_the_stock_unexplained(
    verdict: Judge,
) -> None:
    cheap = put("leadig-2022-vehicles-left-value", value=0.4)
    assert verdict("equipment-nato-standard", equipment=cheap) == "not-supported"


def test_without_the_parts_nothing_can_be_said_of_the_whole(verdict: Judge) -> None:
    gone = without("id", "leadig-2022-vehicles-left-value")
    assert verdict("equipment-nato-standard", equipment=gone) == "cannot-be-verified"


def test_the_surplus_can_be_compared_once_an_earlier_loss_has_a_value(verdict: Judge) -> None:
    claim = "unprecedented-surplus"
    assert verdict(claim) == "cannot-be-verified"
    valued = also("albania-1997-weapons", unit="USD m", value=100.0)
    assert verdict(claim, losses=valued) == "partly-supported"
    dear = also("albania-1997-weapons", unit="USD m", value=9000.0)
    assert verdict(claim, losses=dear) == "not-supported"


def test_a_smaller_albanian_loss_would_make_the_surplus_the_largest(verdict: Judge) -> None:
    smaller = both(
        also("albania-1997-weapons", unit="USD m", value=100.0),
        put("albania-1997-weapons", value=300_000.0),
    )
    assert verdict("unprecedented-surplus", losses=smaller) == "supported-with-correction"
    wider = both(smaller, also("iraq-2005-weapons", country="Libya"))
    assert verdict("unprecedented-surplus", losses=wider) == "supported"


# What was recovered.


def test_rifles_stand_on_the_matches_in_us_records(verdict: Judge) -> None:
    claim = "recovered-rifles"
    assert verdict(claim) == "supported"
    one_match = put("jaffar-express-2025-03-11", us_pattern_traced=pd.NA)
    assert verdict(claim, recoveries=one_match) == "supported-with-correction"
    no_match = both(one_match, put("peshawar-display-2024-05", us_pattern_traced=pd.NA))
    assert verdict(claim, recoveries=no_match) == "partly-supported"


def test_rifles_that_nobody_reports_are_not_supported(verdict: Judge) -> None:
    border_only = without("event_type", "post-operation", "display")
    assert verdict("recovered-rifles", recoveries=border_only) == "not-supported"
    assert verdict("recovered-rifles", recoveries=nothing) == "cannot-be-verified"


def test_barrels_reported_as_rifles_count_for_nothing(verdict: Judge) -> None:
    believed = put("torkham-2024-10-11-media", us_pattern_rifles=9000)
    claim = "smuggled-across-border"
    assert verdict(claim, recoveries=believed) == verdict(claim) == "supported-with-correction"


def test_night_vision_needs_a_match_of_the_devices_themselves(verdict: Judge) -> None:
    claim = "recovered-night-vision"
    assert verdict(claim) == "supported-with-correction"
    verified = put("peshawar-display-2024-05", trap=pd.NA)
    assert verdict(claim, recoveries=verified) == "supported"


def test_night_vision_that_is_only_reported_does_not_count(verdict: Judge) -> None:
    claim = "recovered-night-vision"
    border_only = without("event_type", "post-operation", "display")
    assert verdict(claim, recoveries=border_only) == "partly-supported"

    def only_reported(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(evidence_grade="reported-only")

    assert verdict(claim, recoveries=only_reported) == "not-supported"
    assert verdict(claim, recoveries=nothing) == "cannot-be-verified"


def test_bomb_components_are_judged_once_they_are_traced(verdict: Judge) -> None:
    claim, display = "recovered-ied-components", "peshawar-display-2025-11-21"
    assert verdict(claim) == "cannot-be-verified"
    traced = put(display, evidence_grade="traced", trap=pd.NA)
    assert verdict(claim, recoveries=traced) == "supported-with-correction"
    again = both(traced, also(display))
    assert verdict(claim, recoveries=again) == "supported"


def test_bomb_components_traced_to_no_advanced_make_weaken_the_claim(verdict: Judge) -> None:
    claim, display = "recovered-ied-components", "peshawar-display-2025-11-21"
    plain = put(display, evidence_grade="traced")  # its caution stays
    assert verdict(claim, recoveries=plain) == "partly-supported"
    alone = both(plain, without("id", "south-waziristan-2022-01-23"))
    assert verdict(claim, recoveries=alone) == "not-supported"


def test_one_launcher_of_nato_forces_would_lift_the_verdict(verdict: Judge) -> None:
    claim, row = "recovered-anti-armour", "mastung-2024-08"
    assert verdict(claim) == "not-supported"
    named = put(row, items="AT4 launcher, explosives")
    assert verdict(claim, recoveries=named) == "partly-supported"
    traced = both(named, put(row, evidence_grade="traced"))
    assert verdict(claim, recoveries=traced) == "supported-with-correction"
    assert verdict(claim, recoveries=both(traced, also(row))) == "supported"
    assert verdict(claim, recoveries=nothing) == "cannot-be-verified"


def test_smuggling_needs_seizures_and_the_survey(verdict: Judge) -> None:
    claim = "smuggled-across-border"
    silent = without("speaker_kind", "researcher")
    assert verdict(claim, statements=silent) == "partly-supported"
    no_border = without("event_type", "border-seizure")
    assert verdict(claim, statements=silent, recoveries=no_border) == "not-supported"
    assert verdict(claim, recoveries=nothing) == "cannot-be-verified"


def test_smuggling_on_a_large_scale_would_need_no_correction(verdict: Judge) -> None:
    many = put("ghulam-khan-2025-01-08", us_pattern_rifles=10_000)
    assert verdict("smuggled-across-border", recoveries=many) == "supported"


def filled_in(share: float) -> Edit:
    """Give this share of the accounts every field."""

    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        fields = [column for column in frame.columns if column.startswith("has_")]
        some = frame.index[: round(len(frame) * share)]
        frame.loc[some, fields] = True
        return frame

    return edit


@pytest.mark.parametrize(
    ("share", "wanted"),
    [
        (0.0, "not-supported"),
        (0.4, "partly-supported"),
        (0.65, "supported-with-correction"),
        (1.0, "supported"),
    ],
)
def test_fuller_accounts_could_be_traced(verdict: Judge, share: float, wanted: str) -> None:
    assert verdict("traceability", recoveries=filled_in(share)) == wanted


def test_without_recoveries_there_is_nothing_to_trace(verdict: Judge) -> None:
    assert verdict("traceability", recoveries=nothing) == "cannot-be-verified"


# Who controls it, and the border.


def test_newer_evidence_of_weak_control_would_support_it(verdict: Judge) -> None:
    claim = "taliban-weak-control"
    assert verdict(claim) == "partly-supported"
    newer = put("taliban-weak-control-for-3", about_end="2026-06-30")
    assert verdict(claim, statements=newer) == "supported"
    kept_little = put("un-2023-commanders-share", value=2.0)
    assert verdict(claim, statements=newer, equipment=kept_little) == "supported-with-correction"


def test_weapons_that_were_registered_would_refute_weak_control(verdict: Judge) -> None:
    claim = "taliban-weak-control"
    registered = put("sas-2023-registered-share", value=95.0)
    assert verdict(claim, equipment=registered) == "not-supported"
    unknown = without("id", "sas-2023-registered-share")
    assert verdict(claim, equipment=unknown) == "cannot-be-verified"


def test_the_border_is_porous_only_while_seizures_follow_the_fence(verdict: Judge) -> None:
    claim = "border-porous"
    assert verdict(claim) == "supported"
    none_since = without("event_type", "border-seizure")
    assert verdict(claim, recoveries=none_since) == "partly-supported"
    assert verdict(claim, border=without("item", "length")) == "cannot-be-verified"


def test_a_short_border_without_seizures_would_bear_nothing_out(verdict: Judge) -> None:
    def short(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(value=frame["value"].where(frame["item"] != "length", 240.0))

    none_since = without("event_type", "border-seizure")
    assert verdict("border-porous", border=short, recoveries=none_since) == "not-supported"


def test_few_unofficial_crossings_would_need_a_correction(verdict: Judge) -> None:
    few = put("crossings-illegal-2017", value=12.0)
    assert verdict("border-porous", border=few) == "supported-with-correction"
