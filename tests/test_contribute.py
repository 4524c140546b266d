"""Rows of one's own: a person who is no programmer adds them, and every mistake is pointed at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from services import Server
from small import Ran, command, rows_of, settings

from armsbrief import contribute, data, paths, sheets
from armsbrief.errors import DataError
from armsbrief.staging import state

GOOD: dict[str, Any] = {
    "category": "rifles", "measure": "supplied", "quantity": "count", "value": 1200,
    "unit": "weapons", "qualifier": "about", "about_start": "2019-01-01",
    "about_end": "2019-12-31", "reported_by": "A ministry", "data_line": "dod",
    "published": "2020-02-03", "note": "Made up.",
}  # fmt: skip
SOURCE = ["--publisher", "The Ministry", "--title", "A report", "--url", "https://example.org/r",
          "--date", "2020-02-03"]  # fmt: skip


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
                               ["column 'about_start': '31/12/2019' found", "written as 2026-11-25",
                                "Did you mean '2019-12-31'?"]),
    "a day of two readings": ({"about_start": "3/4/2019"},
                              ["Did you mean '2019-04-03' or '2019-03-04'?"]),
    "a day in words": ({"about_start": "5 March 2019"}, ["Did you mean '2019-03-05'?"]),
    "a day as Excel counts": ({"about_start": "43529"}, ["Did you mean '2019-03-05'?"]),
    "thousands with a space": ({"value": "1 200"}, ["expected a number. Did you mean '1200'?"]),
    "per cent": ({"value": "12%"}, ["expected a number. Did you mean '12'?"]),
    "a span that ends before it begins": ({"about_start": "2019-02-01", "about_end": "2019-01-01"},
                                          ["about_start '2019-02-01' is after about_end"]),
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
    assert "'Valeu' found; expected one of the names below. Did you mean 'value'?" in said
    assert said.count("The names are: ") == 1
    assert "no column 'category', 'value'; expected one for each" in said


def test_a_column_of_remarks_is_told_apart_and_sent_to_the_notes(
    root: Path, tmp_path: Path
) -> None:
    before = state(root / "data")
    path = as_csv(tmp_path / "rows.csv", [{**GOOD, "asked whom": "Ali"}])
    said = refused(add(root, path, *SOURCE), root, before)
    assert "'asked whom' found; expected one of the names below. Delete the column, or" in said
    assert "Did you mean" not in said


def test_a_title_above_the_names_of_the_columns_is_the_one_thing_said(
    root: Path, tmp_path: Path
) -> None:
    path = as_excel(tmp_path / "rows.xlsx", [GOOD])
    book = openpyxl.load_workbook(path)
    book.worksheets[0].insert_rows(1)
    book.worksheets[0]["A1"] = "Rifles, by year"
    book.worksheets[0].merge_cells("A1:E1")
    book.save(path)
    before = state(root / "data")
    ran = add(root, path, *SOURCE)
    assert (ran.code, state(root / "data")) == (1, before)
    assert "the names of the columns stand in row 2; expected them in row 1" in ran.complained
    assert "delete the rows above them" in ran.complained
    assert len(ran.complained.splitlines()) == 2


def test_a_row_of_totals_is_one_line_that_says_so(root: Path, tmp_path: Path) -> None:
    total = {**dict.fromkeys(GOOD, ""), "value": 2400}
    before = state(root / "data")
    said = refused(add(root, as_csv(tmp_path / "rows.csv", [GOOD, total]), *SOURCE), root, before)
    assert "row 3: nothing found in category, measure" in said
    assert "If it is a total or a remark, delete the row" in said
    assert said.count("row 3") == 1


def test_an_address_that_is_none_is_named_where_it_stands(root: Path, tmp_path: Path) -> None:
    before = state(root / "data")
    words = [*SOURCE[:4], "--url", "example.org/r", *SOURCE[6:]]
    said = refused(add(root, as_csv(tmp_path / "rows.csv", [GOOD]), *words), root, before)
    assert "'example.org/r' found; expected an address that begins with https://" in said


def utf_16(path: Path) -> None:
    path.write_bytes(path.read_text("utf-8").replace(",", "\t").encode("utf-16"))


def with_separator_named(path: Path) -> None:
    path.write_text("sep=;\n" + path.read_text("utf-8").replace(",", ";"), "utf-8")


def in_urdu_digits(path: Path) -> None:
    path.write_text(path.read_text("utf-8").replace("1200", "۱۲۰۰"), "utf-8")


@pytest.mark.parametrize("saved", [utf_16, with_separator_named, in_urdu_digits])
def test_what_a_spreadsheet_makes_of_a_table_is_understood(
    root: Path, tmp_path: Path, saved: Callable[[Path], None]
) -> None:
    path = as_csv(tmp_path / "rows.csv", [GOOD])
    saved(path)
    ran = add(root, path, *SOURCE)
    assert ran.code == 0, ran.complained
    assert rows_of(root, "equipment")[-1]["value"] == "1200"


@pytest.mark.parametrize(
    ("cell", "meant"),
    [("TRUE", "true"), ("False", "false"), ("maybe", "maybe")],
)
def test_truths_are_taken_in_any_case(cell: str, meant: str) -> None:
    entry = data.resource("recoveries")
    assert contribute._normal({"has_make": cell}, entry) == {"has_make": meant}
    assert contribute._normal({"place": cell}, entry) == {"place": cell}


def test_names_in_other_scripts_are_kept_and_have_ids(root: Path, tmp_path: Path) -> None:
    row = {**GOOD, "note": "پېښور، ۲ رائفلیں"}
    words = ["--publisher", "روزنامہ جنگ", *SOURCE[2:]]
    ran = add(root, as_csv(tmp_path / "rows.csv", [row]), *words)
    assert ran.code == 0, ran.complained
    assert rows_of(root, "equipment")[-1]["note"] == row["note"]
    assert rows_of(root, "sources")[-1]["id"] == "source-2020-02-03"


def test_rows_in_another_sheet_are_asked_for_in_the_first(tmp_path: Path) -> None:
    path = as_excel(tmp_path / "rows.xlsx", [GOOD])
    book = openpyxl.load_workbook(path)
    book.create_sheet("Read me", 0)
    book.save(path)
    with pytest.raises(DataError, match=r"first sheet \(there are also: Sheet\)"):
        sheets.read(path)


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


def old_excel(path: Path) -> None:
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512))


def pdf(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3")


def web_page(path: Path) -> None:
    path.write_text("<html><table><tr><td>category</td></tr></table></html>")


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
    "a picture": (picture, "is a picture; expected a CSV or Excel"),
    "an Excel file of before 2007": (old_excel, r"before 2007 \(.xls\)(.|\n)*save it as .xlsx"),
    "a PDF": (pdf, "is a PDF"),
    "a web page": (web_page, "is a web page"),
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


def test_a_table_with_a_slip_in_its_name_gets_the_nearest_template(
    root: Path, tmp_path: Path
) -> None:
    ran = add(root, as_csv(tmp_path / "rows.csv", [GOOD]), table="equipmnt")
    assert ran.code == 1
    assert "there is no table 'equipmnt'; people fill: " in ran.complained
    assert "Next: armsbrief refresh --template equipment" in ran.complained


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


@pytest.mark.parametrize(
    ("words", "said"),
    [(["rows.xlsx"], "rows.xlsx was given, and no table"),
     (["--publisher", "The Ministry"], "a source of one's own was given, and no table")],
)  # fmt: skip
def test_a_file_or_a_source_without_a_table_does_not_start_a_download(
    server: Server, root: Path, words: list[str], said: str
) -> None:
    ran = command(root, settings(server, root), "refresh", *words)
    assert ran.code == 1
    assert said in ran.complained
    assert "Next: armsbrief refresh --table NAME" in ran.complained
    assert not server.asked
