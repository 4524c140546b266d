"""Bad data end in a message that says where and what; nothing is written over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import armsbrief, copied, edit_cell

from armsbrief import data, paths
from armsbrief.build import check_data
from armsbrief.data import load, number, one
from armsbrief.errors import DataError
from armsbrief.validation import check_table, ensure_valid

LEFT = "dod-2022-total-left"


def table(root: Path, name: str) -> Path:
    return root / "data" / "tables" / f"{name}.csv"


def drop_column(root: Path) -> None:
    frame = pd.read_csv(table(root, "definitions"), dtype="string", keep_default_na=False)
    frame.drop(columns="tracker").to_csv(table(root, "definitions"), index=False)


def repeat_row(root: Path) -> None:
    text = table(root, "equipment").read_text("utf-8")
    row = next(line for line in text.splitlines() if line.startswith(LEFT))
    table(root, "equipment").write_text(text + row + "\n", encoding="utf-8")


def break_encoding(root: Path) -> None:
    content = table(root, "equipment").read_bytes().replace(b"Pentagon", b"Pent\xffagon")
    content = content.replace(LEFT.encode(), b"dod-2022-total-\xe4left", 1)
    table(root, "equipment").write_bytes(content)


def add_cell(root: Path) -> None:
    text = table(root, "equipment").read_text("utf-8")
    table(root, "equipment").write_text(text.replace(f"{LEFT},", f"{LEFT},total,", 1), "utf-8")


def empty_row(root: Path) -> None:
    text = table(root, "equipment").read_text("utf-8")
    table(root, "equipment").write_text(text.replace("\n", "\n\n", 1), "utf-8")


def cell(name: str, row: str, column: str, value: str) -> Callable[[Path], object]:
    return lambda root: edit_cell(root, name, row, column, value)


MONTH = "acled-balochistan-2020-01-baloch-separatists-events-1"
BAD = {
    "a missing column": (drop_column, "definitions", ["row 1", "column 'tracker'", "expected a column"]),
    "text in a number": (
        cell("equipment", LEFT, "value", "seven"),
        "equipment", ["row 3", "column 'value'", "'seven' found", "expected a number"],
    ),
    "a number that is none": (
        cell("equipment", LEFT, "value", "NaN"),
        "equipment", ["row 3", "column 'value'", "'NaN' found", "expected a finite number"],
    ),
    "an infinite number": (
        cell("equipment", LEFT, "value", "INF"),
        "equipment", ["row 3", "column 'value'", "'INF' found", "expected a finite number"],
    ),
    "a negative sum": (
        cell("equipment", LEFT, "value", "-7.12"),
        "equipment", ["row 3", "column 'value'", "'-7.12' found", "of at least 0"],
    ),
    "a negative count": (
        cell("violence_monthly", MONTH, "value", "-1"),
        "violence_monthly", ["row 2", "column 'value'", "'-1' found", "of at least 0"],
    ),
    "a date that is none": (
        cell("equipment", LEFT, "published", "2022-02-30"),
        "equipment", ["row 3", "column 'published'", "'2022-02-30' found", "expected a date"],
    ),
    "a unit out of the allowed set": (
        cell("equipment", LEFT, "unit", "USD tn"),
        "equipment", ["row 3", "column 'unit'", "'USD tn' found", "expected one of: USD bn, USD m"],
    ),
    "an empty cell": (
        cell("equipment", LEFT, "unit", ""),
        "equipment", ["row 3", "column 'unit'", "nothing found", "expected a value"],
    ),
    "a duplicated key": (
        repeat_row, "equipment", ["column 'id'", f"'{LEFT}' found", "expected a value used once"],
    ),
    "an unknown source": (
        cell("equipment", LEFT, "source_id", "eq9999"),
        "equipment", ["row 3", "column 'source_id'", "'eq9999' found", "an id of the table sources"],
    ),
    "a hash that does not hold": (
        cell("population", "abw-2000", "population", "1"),
        "population", ["has hash sha256:", "datapackage.json declares sha256:", "restore it"],
    ),
    "bytes that are not UTF-8": (
        break_encoding, "equipment", ["row 3", "byte 0xe4 found", "expected UTF-8 text"],
    ),
    "a cell too many": (add_cell, "equipment", ["row 3", "no cell beyond the last column"]),
    "an empty row": (empty_row, "equipment", ["row 2", "expected no empty row"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_is_named_with_row_column_value_and_what_was_expected(
    own_data: Path, case: str
) -> None:
    spoil, name, parts = BAD[case]
    spoil(own_data)
    with pytest.raises(DataError) as caught:
        ensure_valid(name)
    said = str(caught.value)
    assert f"table {name!r} is not valid" in said
    for part in parts:
        assert part in said
    assert said.count("\n") == 2, f"one problem, one line, and what to do next:\n{said}"
    assert f"correct tables/{name}.csv" in said


def test_a_fall_in_per_cent_may_be_negative(own_data: Path) -> None:
    rows = load("violence_annual", "2026-11-23")
    assert (rows[rows["unit"] == "percent"]["value"] < 0).any()
    assert check_table("violence_annual") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{not JSON", "datapackage.json: cannot be read as JSON"),
        ("{}", "datapackage.json or a schema in it is incomplete"),
        ("[]", "datapackage.json or a schema in it is incomplete"),
        ('{"resources": [{"name": "x"}]}', "each with a name, a path and a schema"),
    ],
)
def test_a_descriptor_that_is_none_is_named(own_data: Path, content: str, said: str) -> None:
    paths.PACKAGE.write_text(content)
    with pytest.raises(DataError, match=said):
        check_data()


def test_a_table_that_is_not_there_is_named(own_data: Path) -> None:
    table(own_data, "equipment").unlink()
    with pytest.raises(
        DataError, match=r"table 'equipment': equipment.csv cannot be read: No such"
    ):
        load("equipment", "2026-11-23")


def test_a_table_that_nobody_describes_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(DataError, match=r"there is no table 'equipement'; there are: sources,"):
        load("equipement", "2026-11-23")


def test_a_table_that_passed_is_checked_again_when_it_changes(own_data: Path) -> None:
    ensure_valid("equipment")
    edit_cell(own_data, "equipment", LEFT, "value", "seven")
    with pytest.raises(DataError):
        ensure_valid("equipment")


def test_it_is_checked_again_when_a_source_is_gone(own_data: Path) -> None:
    ensure_valid("equipment")
    path = table(own_data, "sources")
    kept = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("eq009,")]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"'eq009' found; expected an id of the table sources"):
        ensure_valid("equipment")


def hashes(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*")) if path.is_file()}  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A brief with results of an earlier build."""
    root = copied(tmp_path_factory.mktemp("bad") / "copy")
    for name in ("html/index.html", "brief.pdf", "ledger.json"):
        (root / "_build" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "_build" / name).write_text("published before")
    return root


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("value", "seven", "equipment, row 3, column 'value': 'seven' found; expected a number"),
        (
            "source_id",
            "eq9999",
            "equipment, row 3, column 'source_id': 'eq9999' found; expected an id",
        ),
    ],
)
def test_the_build_ends_there_and_nothing_is_written_over(
    published: Path, column: str, value: str, said: str
) -> None:
    path = table(published, "equipment")
    good = path.read_bytes()
    edit_cell(published, "equipment", LEFT, column, value)
    before = hashes(published)
    ran = armsbrief("build", root=published)
    after = {
        name: h for name, h in hashes(published).items() if not name.startswith("_build/cache")
    }
    path.write_bytes(good)
    assert ran.returncode == 1
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Executing" not in ran.stdout
    assert after == {name: h for name, h in before.items() if not name.startswith("_build/cache")}


# What load gives.

DAYS = st.dates(min_value=date(2005, 1, 1)).map(str)


@given(DAYS, st.sampled_from(["equipment", "assertions", "violence_annual", "violence_monthly"]))
def test_rows_published_later_are_not_seen_and_all_others_are(as_of: str, name: str) -> None:
    seen = load(name, as_of)
    everything = load(name, "9999-12-31")
    assert (seen["published"] <= as_of).all()
    assert set(seen["id"]) == set(everything[everything["published"] <= as_of]["id"])


@given(DAYS, DAYS)
def test_what_was_known_once_is_known_later(one_day: str, other_day: str) -> None:
    earlier, later = sorted((one_day, other_day))
    assert set(load("equipment", earlier)["id"]) <= set(load("equipment", later)["id"])


def test_on_the_day_itself_a_row_is_seen_and_on_the_day_before_it_is_not() -> None:
    published = one(load("equipment", "9999-12-31"), LEFT)["published"].iloc[0]
    assert len(one(load("equipment", published), LEFT)) == 1
    assert published == "2022-04-27"
    assert len(one(load("equipment", "2022-04-26"), LEFT)) == 0


def test_a_row_that_is_not_known_gives_no_number_and_two_rows_give_an_error() -> None:
    rows = load("equipment", "9999-12-31")
    assert number(rows[:0]) is None
    assert number(one(rows, LEFT)) == 7.12
    with pytest.raises(DataError, match="one row was expected, there are 2"):
        number(rows[:2])


def test_the_frame_says_which_table_it_is_of() -> None:
    assert load("equipment", "9999-12-31").attrs == {"table": "equipment"}


def test_a_fingerprint_changes_with_the_table(own_data: Path) -> None:
    before = data.fingerprint("equipment")
    edit_cell(own_data, "equipment", LEFT, "note", "another note")
    assert data.fingerprint("equipment") != before
