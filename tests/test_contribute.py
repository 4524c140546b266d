"""Rows of one's own: a person who is no programmer adds them, and every mistake is pointed at."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from services import Server
from small import Ran, command, rows_of, settings, small_brief
from support import Brief, copied

from armsbrief import contribute, data, paths, sheets
from armsbrief.errors import DataError
from armsbrief.preview import Moved
from armsbrief.staging import state

GOOD: dict[str, Any] = {
    "category": "rifles", "measure": "supplied", "quantity": "count", "value": 1200,
    "unit": "weapons", "qualifier": "about", "about_start": "2019-01-01",
    "about_end": "2019-12-31", "reported_by": "A ministry", "data_line": "dod",
    "published": "2020-02-03", "note": "Made up.",
}  # fmt: skip
SOURCE = ["--publisher", "The Ministry", "--title", "A report", "--url", "https://example.org/r",
          "--date", "2020-02-03"]  # fmt: skip


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_brief(tmp_path_factory.mktemp("small") / "brief")


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "brief"))


def as_csv(path: Path, rows: list[dict[str, Any]], separator: str = ",") -> Path:
    lines = [separator.join(rows[0])]
    lines += [separator.join(str(cell) for cell in row.values()) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def as_excel(path: Path, rows: list[dict[str, Any]]) -> Path:
    book = openpyxl.Workbook()
    book.worksheets[0].append(list(rows[0]))
    for row in rows:
        book.worksheets[0].append(list(row.values()))
    book.save(path)
    return path


def add(root: Path, path: Path, *words: str, table: str = "equipment") -> Ran:
    server = Server()
    try:
        given = settings(server, root)
        return command(root, given, "refresh", "--quick", "--table", table, str(path), *words)
    finally:
        server.server_close()


@pytest.mark.parametrize("write", [as_csv, as_excel], ids=["CSV", "Excel"])
def test_good_rows_are_added_with_an_id_and_a_source(
    root: Path, tmp_path: Path, write: Callable[..., Path]
) -> None:
    before = (root / "data/tables/equipment.csv").read_text("utf-8")
    name = "rows.csv" if write is as_csv else "rows.xlsx"
    ran = add(root, write(tmp_path / name, [GOOD, {**GOOD, "value": 7}]), *SOURCE)
    assert ran.code == 0, ran.complained
    assert f"{name}, your rows → table equipment: 2 rows new" in ran.said
    after = (root / "data/tables/equipment.csv").read_text("utf-8")
    assert after.startswith(before), "what stood there still stands there, byte for byte"
    added = rows_of(root, "equipment")[-2:]
    assert [row["value"] for row in added] == ["1200", "7"]
    assert len({row["id"] for row in added}) == 2
    (source,) = {row["source_id"] for row in added}
    known = {row["id"]: row for row in rows_of(root, "sources")}
    assert known[source]["publisher"] == "The Ministry"
    assert known[source]["url"] == "https://example.org/r"
    with paths.at(root):
        assert len(data.load("equipment", "2020-02-03")) >= 2


def test_the_source_may_stand_in_the_file_and_one_that_is_known_is_used_again(
    root: Path, tmp_path: Path
) -> None:
    known = rows_of(root, "sources")
    told = {"source_publisher": "x", "source_title": "y", "source_url": known[0]["url"]}
    ran = add(root, as_csv(tmp_path / "rows.csv", [{**GOOD, **told}]))
    assert ran.code == 0, ran.complained
    assert rows_of(root, "sources") == known
    assert rows_of(root, "equipment")[-1]["source_id"] == known[0]["id"]


def test_titles_of_columns_will_do_and_so_do_semicolons_and_spaces(
    root: Path, tmp_path: Path
) -> None:
    row = {"About start" if k == "about_start" else k.title(): v for k, v in GOOD.items()}
    ran = add(root, as_csv(tmp_path / "rows.csv", [row], ";"), *SOURCE)
    assert ran.code == 0, ran.complained


def test_dates_numbers_and_formulas_of_excel_become_what_they_show() -> None:
    assert sheets._text(datetime(2020, 2, 3)) == "2020-02-03"
    assert sheets._text(date(2020, 2, 3)) == "2020-02-03"
    assert sheets._text(1200.0) == "1200"
    assert sheets._text(0.1) == "0.1"
    assert sheets._text(True) == "true"
    assert sheets._text(None) == ""


MISTAKES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a word for a number": ({"value": "many"}, ["row 2, column 'value': 'many' found; expected a number"]),
    "a number with a comma": ({"value": "7.5 billion"}, ["row 2, column 'value'", "expected a number"]),
    "a negative number": ({"value": -1}, ["row 2, column 'value': '-1' found", "of at least 0"]),
    "a day in another order": ({"about_start": "31/12/2019"},
                               ["column 'about_start': '31/12/2019' found", "written as 2026-11-25"]),
    "a unit with a slip": ({"unit": "weapon"}, ["column 'unit': 'weapon' found", "Did you mean 'weapons'?"]),
    "nothing where something is needed": ({"category": ""}, ["column 'category': nothing found"]),
    "a day to come": ({"published": "2031-01-01"}, ["'2031-01-01' found; expected no later than"]),
    "a formula": ({"note": '=HYPERLINK("x")'}, ["column 'note'", "not what a spreadsheet would run"]),
    "a command": ({"note": "@SUM(1)"}, ["column 'note'", "not what a spreadsheet would run"]),
}  # fmt: skip


def refused(ran: Ran, root: Path, before: dict[str, str]) -> str:
    assert ran.code == 1, ran.said
    assert "cannot be added to the table" in ran.complained
    assert "Nothing was changed." in ran.complained
    assert "\n  Next: " in ran.complained
    assert state(root / "data") == before
    return ran.complained


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_by_row_and_column_in_plain_words(
    root: Path, tmp_path: Path, case: str
) -> None:
    change, parts = MISTAKES[case]
    before = state(root / "data")
    said = refused(
        add(root, as_csv(tmp_path / "rows.csv", [{**GOOD, **change}]), *SOURCE), root, before
    )
    for part in parts:
        assert part in said, said


def test_all_mistakes_are_named_not_only_the_first(root: Path, tmp_path: Path) -> None:
    rows = [{**GOOD, "value": "many"}, GOOD, {**GOOD, "unit": "weapon", "about_end": "never"}]
    before = state(root / "data")
    said = refused(add(root, as_csv(tmp_path / "rows.csv", rows), *SOURCE), root, before)
    assert "row 2, column 'value'" in said
    assert "row 4, column 'unit'" in said
    assert "row 4, column 'about_end'" in said
    assert "row 3" not in said


def test_a_column_with_a_slip_gets_a_suggestion_and_a_missing_one_is_named(
    root: Path, tmp_path: Path
) -> None:
    row = {"Valeu" if k == "value" else k: v for k, v in GOOD.items() if k != "category"}
    before = state(root / "data")
    said = refused(add(root, as_csv(tmp_path / "rows.csv", [row]), *SOURCE), root, before)
    assert "'Valeu' found; expected one of" in said
    assert "Did you mean 'value'?" in said
    assert "no column 'category'; expected one" in said


def test_rows_without_a_source_are_refused_with_what_is_missing(root: Path, tmp_path: Path) -> None:
    before = state(root / "data")
    said = refused(add(root, as_csv(tmp_path / "rows.csv", [GOOD]), *SOURCE[:4]), root, before)
    assert "row 2: no source; expected also --url" in said


def test_a_row_that_stands_there_already_is_refused(root: Path, tmp_path: Path) -> None:
    path = as_csv(tmp_path / "rows.csv", [GOOD])
    assert add(root, path, *SOURCE).code == 0
    before = state(root / "data")
    assert "row 2: stands in the table already, as" in refused(
        add(root, path, *SOURCE), root, before
    )
    twice = as_csv(tmp_path / "rows.csv", [{**GOOD, "value": 9}] * 2)
    assert "as 'row 2 of the file'" in refused(add(root, twice, *SOURCE), root, before)


def test_a_dry_run_checks_and_writes_nothing(root: Path, tmp_path: Path) -> None:
    before = state(root)
    ran = add(root, as_csv(tmp_path / "rows.csv", [GOOD]), *SOURCE, "--dry-run")
    assert ran.code == 0, ran.complained
    assert "1 row new" in ran.said
    assert state(root) == before


def test_a_formula_of_excel_counts_as_its_stored_value_or_is_refused(
    root: Path, tmp_path: Path
) -> None:
    path = as_excel(tmp_path / "rows.xlsx", [{**GOOD, "value": "=600*2"}])
    before = state(root / "data")
    said = refused(add(root, path, *SOURCE), root, before)
    assert "cell D2: a formula without a stored value" in said


def latin(path: Path) -> None:
    path.write_bytes("category,note\nrifles,Caf\xe9\n".encode("latin-1"))


def picture(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\0\0")


def broken_excel(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + b"x" * 100)


def word(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "x")


def nothing(path: Path) -> None:
    path.write_text("")


UNREADABLE = {
    "no UTF-8": (latin, "expected a CSV file in UTF-8"),
    "a picture": (picture, "UTF-8|no text"),
    "a damaged Excel file": (broken_excel, "no Excel file that can be read"),
    "a Word file": (word, "no Excel file that can be read"),
    "an empty file": (nothing, "no rows"),
    "no file": (lambda path: None, "cannot be read"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_is_no_table_is_refused(root: Path, tmp_path: Path, case: str) -> None:
    make, said = UNREADABLE[case]
    make(tmp_path / "rows.xlsx")
    before = state(root / "data")
    with paths.at(root), pytest.raises(DataError, match=said):
        contribute.contribute("equipment", tmp_path / "rows.xlsx", {}, quick=True)
    assert state(root / "data") == before


def test_a_table_that_code_derives_takes_no_rows_by_hand(root: Path, tmp_path: Path) -> None:
    ran = add(root, as_csv(tmp_path / "rows.csv", [GOOD]), table="population")
    assert ran.code == 1
    assert "expected one that people fill" in ran.complained


@given(st.binary(max_size=300))
def test_whatever_the_file_holds_it_is_read_or_refused_in_words(content: bytes) -> None:
    try:
        sheets._read_csv("rows.csv", content)
    except DataError as error:
        assert "rows.csv" in str(error)


# Templates

FILLED = [name for name, entry in ((e["name"], e) for e in data.package()["resources"])
          if entry["armsbrief"]["kind"] == "typed"]  # fmt: skip


@pytest.mark.parametrize("table", FILLED)
def test_each_table_that_people_fill_has_a_template_that_explains_every_column(
    tmp_path: Path, table: str
) -> None:
    path = contribute.write_template(table, tmp_path / f"{table}.xlsx")
    book = openpyxl.load_workbook(path)
    columns = [cell.value for cell in book["rows"][1]]
    explained = [row[0].value for row in book["explanations"].iter_rows(min_row=3)]
    assert columns == explained
    wanted = {field["name"] for field in data.resource(table)["schema"]["fields"]}
    assert wanted - {"id", "source_id"} <= set(columns)


def test_a_template_filled_in_is_accepted(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "equipment.xlsx"
    with paths.at(root):
        contribute.write_template("equipment", path)
    book = openpyxl.load_workbook(path)
    told = {"source_publisher": "p", "source_title": "t", "source_url": "https://example.org/t"}
    filled = {**GOOD, **told, "published": datetime(2020, 2, 3)}
    book["rows"].append([filled.get(cell.value) for cell in book["rows"][1]])
    book.save(path)
    ran = add(root, path)
    assert ran.code == 0, ran.complained
    assert rows_of(root, "equipment")[-1]["published"] == "2020-02-03"


def test_a_template_can_be_csv_and_is_never_written_over_anything(
    root: Path, tmp_path: Path
) -> None:
    server = Server()
    server.server_close()
    path = tmp_path / "new.csv"
    ran = command(root, settings(server, root), "refresh", "--template", "equipment", str(path))
    assert ran.code == 0, ran.complained
    assert "category" in path.read_text("utf-8-sig")
    ran = command(root, settings(server, root), "refresh", "--template", "equipment", str(path))
    assert ran.code == 1
    assert "is not written over" in ran.complained
    ran = command(root, settings(server, root), "refresh", "--table", "equipment")
    assert "0 files were given; expected one" in ran.complained


# Which verdicts move


@pytest.fixture(scope="module")
def moved(brief: Brief, tmp_path_factory: pytest.TempPathFactory) -> tuple[Moved, bool]:
    """A dry run of a figure that takes the rise away, and whether the brief stayed as it was."""
    root = copied(tmp_path_factory.mktemp("moved") / "copy", memory_of=brief.root)
    row = {
        "tracker": "PICSS", "place": "Pakistan", "actor": "all", "metric": "attacks",
        "event_type": "all", "year": 2022, "part": "year", "value": 1, "unit": "attacks",
        "qualifier": "exactly", "about_start": "2022-01-01", "about_end": "2022-12-31",
        "published": "2026-11-20",
    }  # fmt: skip
    path = as_csv(root.parent / "rows.csv", [row])
    source = {"publisher": "PICSS", "title": "t", "url": "https://example.org/t", "day": None}
    before = state(root)
    with paths.at(root):
        outcome = contribute.contribute(
            "violence_annual", path, source, today=date(2026, 11, 23), dry_run=True
        )
    assert outcome.moved
    return outcome.moved, state(root) == before


def test_a_dry_run_shows_which_verdicts_and_facts_would_move(moved: tuple[Moved, bool]) -> None:
    flipped = {change.claim for change in moved[0].claims if change.flipped}
    facts = {name: (was, is_now) for name, was, is_now in moved[0].facts}
    assert "attack-frequency" in flipped
    assert facts["attack-frequency.after"][1] == "0.1 attacks a month"
    assert "equipment-value.estimate" not in facts


def test_a_dry_run_leaves_the_brief_as_it_is(moved: tuple[Moved, bool]) -> None:
    assert moved[1]
