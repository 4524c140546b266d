"""What the readers of public data sets promise. Every row here is made up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armsbrief.errors import DataError
from armsbrief.sources.ucdp import (
    NO_GROUP,
    armed_group,
    derive_country_year,
    derive_events_monthly,
    read_ged,
)
from armsbrief.sources.worldbank import derive_population, read_population

DEATHS = ["best", "low", "high", "deaths_civilians"]


def event(number: int = 1, **changes: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "id": number,
        "active_year": True,
        "type_of_violence": 1,
        "side_a": "Government of Ruritania",
        "side_b": "Red Band",
        "adm_1": "North",
        "date_start": "2020-03-04 00:00:00.000",
        "best": 5,
        "low": 4,
        "high": 7,
        "deaths_civilians": 1,
    }
    return plain | changes


def events(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def country_year(**changes: object) -> pd.DataFrame:
    families = [
        "sb_total_deaths",
        "ns_total_deaths",
        "os_total_deaths",
        "cumulative_total_deaths_in_orgvio",
    ]
    deaths: dict[str, object] = {
        f"{family}_{bound}_cy": 3 for family in families for bound in ("best", "low", "high")
    }
    plain = {
        "country_id_cy": 770,
        "country_cy": "Ruritania",
        "region_cy": "Asia",
        "year_cy": 2020,
        **deaths,
    }
    return pd.DataFrame([plain | changes])


def population(**changes: object) -> pd.DataFrame:
    plain: dict[str, object] = {
        "Country Name": "Ruritania",
        "Country Code": "RUR",
        "Series Code": "SP.POP.TOTL",
        "2001 [YR2001]": 12,
        "2000 [YR2000]": 10,
    }
    return pd.DataFrame([plain | changes])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["North", "South", None]),
            st.sampled_from(["Red Band", "Blue Band", "Civilians"]),
            st.sampled_from([1, 2, 3]),
            st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2021-12-31").date()),
            *[st.integers(0, 1000)] * 4,
        ),
        min_size=1,
        max_size=30,
    )
)
def test_grouping_loses_no_event_and_no_death(drawn: list[tuple[object, ...]]) -> None:
    names = ["adm_1", "side_b", "type_of_violence", "date_start", *DEATHS]
    raw = events(*[event(i, **dict(zip(names, row, strict=True))) for i, row in enumerate(drawn)])
    table = derive_events_monthly(raw)
    assert table["events"].sum() == len(raw)
    for before, after in zip(
        DEATHS, ["deaths_best", "deaths_low", "deaths_high", "deaths_civilians"], strict=True
    ):
        assert table[after].sum() == raw[before].sum()
    assert table["id"].is_unique


def test_an_event_counts_in_the_month_it_starts_even_if_it_ends_later() -> None:
    table = derive_events_monthly(events(event(date_start="2020-03-31", date_end="2020-05-02")))
    assert table["month"].tolist() == ["2020-03"]


def test_an_event_without_a_province_is_kept_and_says_so() -> None:
    assert derive_events_monthly(events(event(adm_1=None)))["province"].item() == "not recorded"


def test_former_tribal_areas_stay_apart_from_the_settled_province() -> None:
    raw = events(
        event(1, adm_1="Federally Administered Tribal Areas"),
        event(2, adm_1="Khyber Pakhtunkwa province"),
    )
    assert set(derive_events_monthly(raw)["province"]) == {"ex-FATA", "KP-settled"}


@pytest.mark.parametrize(
    ("side_a", "side_b", "kind", "expected"),
    [
        ("Government of Ruritania", "Red Band", 1, "Red Band"),
        ("Red Band", "Civilians", 3, "Red Band"),
        ("Red Band", "Blue Band", 2, "Red Band / Blue Band"),
        ("Government of Ruritania", "Government of Graustark", 1, NO_GROUP),
        ("Government of Ruritania", "Civilians", 3, NO_GROUP),
    ],
)
def test_the_armed_group_is_neither_government_nor_civilians(
    side_a: str, side_b: str, kind: int, expected: str
) -> None:
    assert armed_group(side_a, side_b, kind) == expected


def test_a_best_estimate_below_the_low_one_is_accepted_as_published() -> None:
    assert derive_events_monthly(events(event(best=2, low=3, high=1)))["deaths_best"].item() == 2


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (events(event(best=-1)), "best are negative"),
        (events(event(low="many")), "low are not numbers.*many"),
        (events(event(1), event(1)), "share a key"),
        (events(event(date_start="2031-01-01")), "was published on 2022-06-30"),
        (events(event(type_of_violence=9)), "unknown type of violence 9"),
        (events(event()).drop(columns="side_b"), "lacks the column.* side_b"),
    ],
)
def test_a_wrong_event_file_is_refused_in_plain_words(raw: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        derive_events_monthly(raw)


HEADER = "id,active_year,gwnoa,side_b\n"


@pytest.mark.parametrize("flag", ["1", "true", "True"])
def test_active_year_is_read_alike_in_old_and_new_releases(tmp_path: Path, flag: str) -> None:
    path = tmp_path / "ged.csv"
    path.write_text(HEADER + f"1,{flag},770,Red Band\n", encoding="utf-8")
    assert read_ged(path)["active_year"].tolist() == [True]


def test_an_unknown_active_year_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ged.csv"
    path.write_text(HEADER + "1,perhaps,770,Red Band\n", encoding="utf-8")
    with pytest.raises(DataError, match="'perhaps'"):
        read_ged(path)


def test_hxl_tags_byte_order_marks_and_line_breaks_do_not_disturb_reading(tmp_path: Path) -> None:
    path = tmp_path / "ged.csv"
    rows = ',,#group,\n1,0,2;200;900,"Red\nBand"\n2,1,770,Blue Band\n'
    path.write_text("\ufeff" + HEADER + rows, encoding="utf-8")
    raw = read_ged(path)
    assert raw["gwnoa"].tolist() == ["2;200;900", "770"]
    assert raw["side_b"].tolist() == ["Red\nBand", "Blue Band"]


def test_a_hash_sign_inside_the_first_event_is_not_taken_for_a_tag(tmp_path: Path) -> None:
    path = tmp_path / "ged.csv"
    path.write_text(HEADER + "1,1,770,Brigade #1\n", encoding="utf-8")
    assert len(read_ged(path)) == 1


def test_a_missing_file_is_reported_as_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_ged(tmp_path / "nothing.csv")


def test_country_years_carry_the_release_and_the_iso_code_of_the_region() -> None:
    row = derive_country_year(country_year()).iloc[0]
    assert (row["id"], row["iso3"], row["published"]) == ("770-2020", "PAK", "2025-06-30")


def test_a_country_outside_the_region_has_no_iso_code() -> None:
    assert derive_country_year(country_year(country_id_cy=2))["iso3"].isna().all()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (country_year(year_cy=2031), "holds an event of 2031-12-31"),
        (country_year(os_total_deaths_low_cy=-2), "negative"),
        (pd.concat([country_year(), country_year()]), "770, 2020"),
    ],
)
def test_a_wrong_country_year_file_is_refused(raw: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        derive_country_year(raw)


def test_population_comes_back_long_and_in_order() -> None:
    table = derive_population(population())
    assert table[["id", "population"]].to_numpy().tolist() == [["rur-2000", 10], ["rur-2001", 12]]


def test_aggregates_and_gaps_are_left_out_of_the_population() -> None:
    raw = pd.concat([population(), population(**{"Country Code": "WLD"})])
    assert set(derive_population(raw)["iso3"]) == {"RUR"}
    assert derive_population(population(**{"2000 [YR2000]": ".."}))["year"].tolist() == [2001]


def test_the_footer_of_an_export_is_not_a_country(tmp_path: Path) -> None:
    path = tmp_path / "population.csv"
    path.write_text(
        "Country Name,Country Code,Series Code,2000 [YR2000]\n"
        "Ruritania,RUR,SP.POP.TOTL,10\n,,,\nLast Updated: 01/01/2024,,,\n",
        encoding="utf-8",
    )
    assert len(read_population(path)) == 1


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (population(**{"Series Code": "SP.DYN"}), "series SP.DYN"),
        (population(**{"2000 [YR2000]": -4}), "negative"),
        (population().drop(columns=["2000 [YR2000]", "2001 [YR2001]"]), "columns for years"),
    ],
)
def test_a_wrong_population_file_is_refused(raw: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        derive_population(raw)
