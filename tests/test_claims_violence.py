"""The claims on violence: every verdict can come out, and data decide which."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from armsbrief import breaks, data, ledger, notebook, paths, rules
from armsbrief.claims import read_claims
from armsbrief.errors import DataError
from armsbrief.series import Window, per_month

CLAIMS = read_claims(paths.BOOK / "claims.yml")
NOTEBOOKS = ["places", "attack-frequency", "cause", "tactics", "neighbours"]
MINE = [
    "resurgence-places",
    "attack-frequency",
    "arms-caused-rise",
    "tactical-sophistication",
    "pakistan-brunt",
]
NAMED = "percent of attacks in the places named"
TRIBAL = "growth in the former tribal areas"
SETTLED = "growth in settled KP"
BALOCHISTAN = "growth in Balochistan"
TIMING = "percent of tests in which the date stands out"
APART = "a date shared with no rival"
INCIDENTS = "dated incidents"
COUNTS = "national counts of night or sniper attacks"


@pytest.fixture(scope="module")
def records():
    return ledger.collect([paths.NOTEBOOKS / f"{name}.ipynb" for name in NOTEBOOKS])


def rule_of(claim):
    return rules.make(CLAIMS[claim].rule.name, CLAIMS[claim].rule.settings)


def inputs_of(claim, records):
    return {key: records["facts"][fact]["value"] for key, fact in CLAIMS[claim].rule.inputs.items()}


def rows_of(claim, records):
    return records["specifications"][claim]["rows"]


def verdict(claim, records, **changed):
    inputs = {**inputs_of(claim, records), **changed}
    return rule_of(claim).claim(inputs, rows_of(claim, records))


@pytest.mark.parametrize("claim", MINE)
def test_a_claim_has_counter_evidence_a_chart_and_a_page(claim, records):
    assert CLAIMS[claim].counter_evidence
    assert any(chart.startswith(f"{claim}.") for chart in records["charts"])
    assert (paths.ROOT / f"{CLAIMS[claim].page}.md").exists()


# Where attacks rose

PLACES = {NAMED: 95, TRIBAL: 2.5, SETTLED: 2.4, BALOCHISTAN: 2.8, "estimate": 1.04}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "supported"),
        ({SETTLED: 5.2, "estimate": 0.48}, "supported-with-correction"),
        ({BALOCHISTAN: 1.0}, "partly-supported"),
        ({NAMED: 40, TRIBAL: 1.0, SETTLED: 0.9, BALOCHISTAN: 1.1}, "not-supported"),
        ({TRIBAL: None}, "cannot-be-verified"),
    ],
)
def test_the_places_give_each_verdict(changed, expected):
    assert rule_of("resurgence-places").one({**PLACES, **changed}) == expected


def test_more_attacks_in_the_tribal_areas_would_lift_the_correction(records):
    assert verdict("resurgence-places", records, estimate=1.2) == "supported"


def test_attacks_elsewhere_would_leave_the_op_ed_right_in_part_only(records):
    assert verdict("resurgence-places", records, **{NAMED: 60}) == "partly-supported"


# More frequent attacks


def ratios(high, low):
    return [{"estimate": 2.0}] * high + [{"estimate": 0.8}] * low


@pytest.mark.parametrize(
    ("claim", "rows", "expected"),
    [
        (claim, rows, expected)
        for claim, (rows, expected) in product(
            ["attack-frequency", "pakistan-brunt"],
            [
                (ratios(95, 5), "supported"),
                (ratios(80, 20), "supported-with-correction"),
                (ratios(60, 40), "partly-supported"),
                (ratios(30, 70), "not-supported"),
                (ratios(5, 0), "cannot-be-verified"),
            ],
        )
    ],
)
def test_the_share_of_comparisons_gives_each_verdict(claim, rows, expected):
    assert rule_of(claim).claim({"estimate": 2.0}, rows) == expected


def test_there_are_at_least_a_hundred_ways_to_compare_the_frequency(records):
    assert len(rows_of("attack-frequency", records)) >= 100


@pytest.mark.parametrize("claim", ["attack-frequency", "pakistan-brunt"])
def test_smaller_counts_after_would_change_the_verdict(claim, records):
    halved = [{**row, "estimate": row["estimate"] / 4} for row in rows_of(claim, records)]
    found = rule_of(claim).claim(inputs_of(claim, records), halved)
    assert found != verdict(claim, records)


# The arms explain the rise


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "supported"),
        ({APART: False}, "supported-with-correction"),
        ({TIMING: 0}, "partly-supported"),
        ({TIMING: 0, "estimate": 3}, "not-supported"),
        ({"estimate": None}, "cannot-be-verified"),
    ],
)
def test_a_count_by_origin_and_the_timing_give_each_verdict(changed, expected):
    inputs = {"estimate": 40, TIMING: 80, APART: True, **changed}
    assert rule_of("arms-caused-rise").one(inputs) == expected


def test_a_public_count_by_origin_would_end_the_silence(records):
    assert verdict("arms-caused-rise", records) == "cannot-be-verified"
    assert verdict("arms-caused-rise", records, estimate=60) != "cannot-be-verified"


def months(first, counts):
    index = pd.period_range(first, periods=len(counts), freq="M")
    return pd.Series(np.asarray(counts, dtype=float), index=index)


def noisy(levels, seed=7):
    """Poisson counts around levels, always the same."""
    return np.random.default_rng(seed).poisson(levels)


STEP = months("2018-01", noisy([20] * 30 + [45] * 30))
FLAT = months("2018-01", noisy([20] * 60))
BREAK = pd.Period("2020-07", "M")


def test_a_step_in_the_data_is_found_where_it_is():
    found = breaks.change_points(STEP, strictness=2.0, shortest=4)
    assert len(found) == 1
    assert abs((found[0] - BREAK).n) <= 1


def test_a_level_series_has_no_change_point():
    assert breaks.change_points(FLAT, strictness=4.0, shortest=4) == []


def test_a_break_stands_out_among_all_dates_only_if_the_data_break_there():
    gains = breaks.profile(STEP, edge=4, slope=False, memory=False)
    assert breaks.rank(gains, BREAK) <= 0.1
    assert breaks.rank(gains, pd.Period("2018-09", "M")) > 0.1


def test_a_date_outside_the_series_is_not_ranked():
    gains = breaks.profile(STEP, edge=4, slope=False, memory=False)
    assert breaks.rank(gains, pd.Period("2018-02", "M")) is None


@pytest.mark.parametrize("slope", [False, True])
@pytest.mark.parametrize("memory", [False, True])
def test_fitting_all_months_at_once_gives_what_statsmodels_gives_one_by_one(slope, memory):
    gains = breaks.profile(STEP, edge=3, slope=slope, memory=memory)
    alpha = breaks.dispersion(STEP, memory)

    def corrected(at):
        fitted = breaks.fit(STEP, at, alpha, slope, memory)
        n, k = fitted.nobs, len(fitted.params) + 1
        return -2 * fitted.llf + 2 * k + 2 * k * (k + 1) / (n - k - 1)

    without = corrected([])
    each = [without - corrected([month]) for month in gains.index]
    assert gains.to_numpy() == pytest.approx(each, abs=1e-7)
    if alpha > 1e-4:  # the least that is looked for
        assert breaks.diagnose(breaks.fit(STEP, [], alpha, False, memory)).dispersion == (
            pytest.approx(1, abs=1e-4)
        )


def test_a_window_adds_up_only_what_fills_it_without_a_gap():
    rows = pd.DataFrame({
        "about_start": ["2020-01-01", "2020-02-01", "2020-03-01"],
        "about_end": ["2020-01-31", "2020-02-29", "2020-03-31"],
        "value": [1.0, 2.0, 4.0],
    })  # fmt: skip
    window = Window("", "2020-01-01", "2020-02-29")
    assert window.total(rows) == 3
    assert window.total(rows.drop(1)) is None
    assert per_month(rows, window) == 1.5


def test_a_series_too_short_for_its_edges_has_an_empty_profile():
    assert breaks.profile(STEP.iloc[:6], edge=4, slope=False, memory=False).empty


def test_the_step_is_estimated_at_its_size():
    fitted = breaks.fit(STEP, [BREAK], breaks.dispersion(FLAT, False), slope=False, memory=False)
    low, high = np.exp(fitted.conf_int().loc["step1"])
    assert low < 45 / 20 < high


def test_memory_left_in_the_errors_is_noticed():
    wave = months("2015-01", noisy(30 + 20 * np.sin(np.arange(72) / 4)))
    alpha = breaks.dispersion(wave, memory=False)
    assert breaks.diagnose(breaks.fit(wave, [], alpha, False, False)).ljung_box_p < 0.05


def test_a_gap_forbids_the_count_of_the_month_before():
    gap = FLAT.drop(FLAT.index[10])
    assert not breaks.is_gapless(gap)
    with pytest.raises(DataError, match="months are missing"):
        breaks.design(gap, [], slope=False, memory=True)


def test_an_event_can_tell_from_the_first_full_month_after_it():
    assert str(breaks.first_full_month("2022-11-28")) == "2022-12"


# More sophisticated tactics


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "supported"),
        ({COUNTS: 0}, "supported-with-correction"),
        ({"estimate": 30}, "partly-supported"),
        ({"estimate": 30, INCIDENTS: 1}, "not-supported"),
        ({"estimate": None}, "cannot-be-verified"),
    ],
)
def test_incidents_and_indicators_give_each_verdict(changed, expected):
    inputs = {"estimate": 70, INCIDENTS: 9, COUNTS: 1, **changed}
    assert rule_of("tactical-sophistication").one(inputs) == expected


def test_more_rising_indicators_would_change_the_verdict(records):
    found = verdict("tactical-sophistication", records, estimate=80)
    assert found == "supported-with-correction"


# Pakistan bears the brunt


def test_a_second_country_as_hard_hit_would_change_the_verdict(records):
    """Divide every comparison as if the highest other country had five times the deaths."""
    rows = [{**row, "estimate": row["estimate"] / 5} for row in rows_of("pakistan-brunt", records)]
    found = rule_of("pakistan-brunt").claim(inputs_of("pakistan-brunt", records), rows)
    assert found == "not-supported"


# The notebooks themselves, on tables in which a few rows were changed


@pytest.fixture
def judged(monkeypatch):
    """Run the cells of a notebook on changed tables and judge a claim by what they record."""

    def judge(name, claim, **edits):
        facts, specified = {}, []

        def load(table, as_of):
            frame = edits.get(table, lambda rows: rows)(data.load(table, as_of))
            frame.attrs["table"] = table
            return frame

        def fact(fact_id, value, **_):
            facts[fact_id] = value

        def specifications(_, table, **__):
            specified.extend(table.to_dict(orient="records"))

        monkeypatch.setattr(notebook, "load", load)
        monkeypatch.setattr(notebook, "fact", fact)
        monkeypatch.setattr(notebook, "specifications", specifications)
        for quiet in ("chart", "table"):
            monkeypatch.setattr(notebook, quiet, lambda *_, **__: None)
        cells = json.loads((paths.NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        exec(compile(code, name, "exec"), {})  # noqa: S102 - our own notebook
        inputs = {key: facts[fact_id] for key, fact_id in CLAIMS[claim].rule.inputs.items()}
        return rule_of(claim).claim(inputs, specified)

    return judge


def scaled(by, **where):
    """Multiply the values of the rows that match."""

    def edit(frame):
        rows = pd.Series(True, index=frame.index)
        for column, wanted in where.items():
            rows &= frame[column].isin(wanted)
        assert rows.any()
        frame.loc[rows, "value"] *= by
        return frame

    return edit


def test_fewer_attacks_in_settled_kp_would_lift_the_correction(judged):
    fewer = scaled(0.45, tracker=["PICSS"], metric=["attacks"], place=["KP-settled"], year=[2024])
    found = judged("places", "resurgence-places", violence_annual=fewer)
    assert found == "supported"


def test_far_fewer_attacks_after_the_withdrawal_would_refute_the_rise_in_frequency(judged):
    fewer = scaled(0.1, year=[2022, 2023, 2024, 2025])
    found = judged(
        "attack-frequency",
        "attack-frequency",
        violence_annual=fewer,
        choices=lambda frame: frame[~frame["id"].str.contains(r"break\.[23]|restated\.2")],
    )
    assert found == "not-supported"


def test_a_count_by_origin_in_the_tables_would_be_read(judged):
    def with_origin(frame):
        wanted = (frame["tracker"] == "PICSS") & (frame["metric"] == "attacks")
        wanted &= (frame["place"] == "Pakistan") & frame["year"].isin([2021, 2024])
        rows = frame[wanted & (frame["part"] == "year")].drop_duplicates("year")
        part = rows["year"].map({2021: 5.0, 2024: 400.0}).astype(float)
        named = rows.assign(id=rows["id"] + "-o", metric="attacks-with-arms-left", value=part)
        return pd.concat([frame, named], ignore_index=True)

    found = judged(
        "cause",
        "arms-caused-rise",
        violence_annual=with_origin,
        ucdp_events_monthly=lambda frame: frame[:0],
        violence_monthly=lambda frame: frame[frame["month"].between("2021-04", "2023-08")],
    )
    assert found == "partly-supported"


def test_more_rockets_mortars_and_night_sights_would_change_the_verdict(judged):
    def more(frame):
        named = frame["metric"].str.startswith("events-note-mentions") & (frame["year"] == 2024)
        assert named.any()
        frame.loc[named, "value"] += 100
        return frame

    found = judged("tactics", "tactical-sophistication", violence_annual=more)
    assert found == "supported-with-correction"


def test_a_neighbour_as_hard_hit_would_refute_the_brunt(judged):
    def worse(frame):
        columns = [name for name in frame.columns if name.endswith(("_best", "_low", "_high"))]
        rows = frame["iso3"].isin(["IRN", "IND"])
        frame.loc[rows, columns] = (frame.loc[rows, columns] + 20) * 30
        return frame

    found = judged("neighbours", "pakistan-brunt", ucdp_country_year=worse)
    assert found == "not-supported"
