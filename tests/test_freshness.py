"""Last changed, next due, last checked: three days that a reader must not confuse."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from support import Brief

from armsbrief import freshness, words
from armsbrief.errors import DataError

CLAIM: dict[str, Any] = {"as_of": "2025-06-30", "next_due": "2026-06-30", "stale": False,
                         "last_checked": None}  # fmt: skip


def checked(data: Path, source: str, **note: str) -> None:
    path = data / "data" / "snapshots" / source / "checked.json"
    path.write_text(json.dumps(note))


def test_a_source_that_was_asked_and_had_nothing_newer_is_checked_not_changed(
    own_data: Path,
) -> None:
    checked(own_data, "worldbank-population", checked="2026-12-01", newest="2024-06-28")
    found = freshness.of_checks({"population", "equipment"}, None)
    assert found == {"on": "2026-12-01", "newer": []}
    assert freshness.next_due("population", "2026-12-01") == "2025-06-28"
    assert freshness.of_tables({"population"}, "2026-12-01") == ("2025-06-28", True)


def test_a_newer_vintage_that_is_not_in_the_brief_is_said(own_data: Path) -> None:
    checked(own_data, "ucdp-country-year", checked="2026-12-01", newest="26.1")
    found = freshness.of_checks({"ucdp_country_year"}, None)
    assert found == {"on": "2026-12-01", "newer": ["ucdp-country-year"]}


def test_of_two_sources_the_earlier_check_counts_and_both_are_needed(own_data: Path) -> None:
    tables = {"population", "ucdp_country_year"}
    checked(own_data, "worldbank-population", checked="2026-12-01", newest="2024-06-28")
    assert freshness.of_checks(tables, None) is None
    checked(own_data, "ucdp-country-year", checked="2026-11-30", newest="2026-11-23")
    assert freshness.of_checks(tables, None) == {"on": "2026-11-30", "newer": []}


@given(day=st.dates(date(1900, 1, 1), date(2100, 12, 31)), months=st.integers(0, 600))
def test_months_later_is_the_day_that_pandas_gives(day: date, months: int) -> None:
    expected = (pd.Timestamp(day) + pd.DateOffset(months=months)).date()
    assert freshness.later(day, months) == expected


def test_an_earlier_edition_sees_no_later_check(own_data: Path) -> None:
    checked(own_data, "worldbank-population", checked="2026-12-01", newest="2024-06-28")
    assert freshness.of_checks({"population"}, "2025-04-17") is None


def test_tables_that_nobody_fetches_have_no_check(own_data: Path) -> None:
    assert freshness.of_checks({"equipment"}, None) is None


@pytest.mark.parametrize("note", [{"checked": "soon", "newest": "1"}, {"checked": "2026-12-01"}])
def test_a_malformed_note_is_refused_with_its_source(own_data: Path, note: dict[str, str]) -> None:
    checked(own_data, "ucdp-ged", **note)
    with pytest.raises(DataError, match=r"ucdp-ged/checked.json: (.|\n)*armsbrief refresh"):
        freshness.of_checks({"ucdp_events_monthly"}, None)


def test_the_words_keep_changed_due_and_checked_apart() -> None:
    said = words.freshness(CLAIM)
    assert said == "Data published up to 30 June 2025; the next are due by 30 June 2026."
    late = {**CLAIM, "stale": True, "last_checked": {"on": "2026-12-01", "newer": []}}
    assert words.freshness(late) == (
        "Data published up to 30 June 2025; the series longest overdue was due by 30 June 2026. "
        "Last checked on 1 December 2026: its fetched sources had nothing newer."
    )
    newer = {**CLAIM, "last_checked": {"on": "2026-12-01", "newer": ["ucdp-ged"]}}
    assert words.freshness(newer).endswith("not yet in this brief (ucdp-ged).")


def test_an_overdue_claim_is_marked_on_its_page_in_the_ledger_and_in_the_terminal(
    brief: Brief,
) -> None:
    stale = {name for name, claim in brief.ledger["claims"].items() if claim["stale"]}
    assert stale
    marked = set()
    for name, claim in brief.ledger["claims"].items():
        page = BeautifulSoup((brief.html / f"{claim['page']}.html").read_text("utf-8"), "lxml")
        if page.select(".finding-head .overdue"):
            marked.add(name)
    assert marked == stale
    lines = {line.split("│")[1].strip(): line for line in brief.said.splitlines() if "│" in line}
    assert {name for name, line in lines.items() if "overdue" in line} == stale
