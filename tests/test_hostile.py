"""Hostile text: whatever stands in a table is shown as text, or refused; nothing of it runs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document
from hostile import COLUMNS, FORMULAS, KEYS, MARK, PAYLOADS, inject
from lxml import etree
from playwright.sync_api import Browser
from support import Brief, armsbrief, built, copied, read_table, served, write_table

from armsbrief import data, editions, parameters, validation
from armsbrief.errors import ArmsbriefError
from armsbrief.kit.letters import Letter, Run
from armsbrief.kit.word import word
from armsbrief.spreadsheet import is_formula
from armsbrief.verify.pdf import text_of


@pytest.fixture(scope="module")
def hostile(brief: Brief, tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """The brief with a payload in every free text of every table that is typed by hand."""
    root = copied(tmp_path_factory.mktemp("hostile") / "copy", memory_of=brief.root)
    inject(root)
    return built(root)


@pytest.fixture(scope="module")
def address(hostile: Brief) -> Iterator[str]:
    with served(hostile.html) as found:
        yield found


def test_there_are_many_payloads_in_many_columns() -> None:
    assert len(PAYLOADS) >= 60
    assert len(COLUMNS) >= 10


TYPED = [entry["name"] for entry in data.tables() if not entry.get("hash")]


@pytest.mark.parametrize("table", TYPED)
def test_every_column_refuses_a_payload_or_is_among_those_that_are_tried_with_all(
    own_data: Path, table: str
) -> None:
    head, row = read_table(own_data, table)[:2]
    taken = []
    for place, column in enumerate(head):
        write_table(own_data, table, [head, [*row[:place], PAYLOADS[0], *row[place + 1 :]]])
        if not validation.check_table(table):
            taken.append((table, column))
    assert set(taken) == {pair for pair in COLUMNS + KEYS if pair[0] == table}


def test_nothing_runs_in_a_browser(browser: Browser, address: str, hostile: Brief) -> None:
    """A payload that ran would leave a trace: a mark on the window, a dialog, a request."""
    context = browser.new_context()
    page = context.new_page()
    traces: list[str] = []
    page.on("dialog", lambda dialog: (traces.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: (
        None if request.url.startswith((address, "data:")) else traces.append(request.url)))  # fmt: skip
    shown = 0
    for path in sorted(hostile.html.rglob("*.html")):
        page.goto(f"{address}/{path.relative_to(hostile.html).as_posix()}", wait_until="load")
        if page.evaluate(f"window.{MARK} !== undefined || document.title.includes('{MARK}!')"):
            traces.append(path.name)
        shown += page.evaluate(f"document.body.textContent.split('{MARK}').length - 1")
    context.close()
    assert traces == []
    assert shown > len(PAYLOADS), "the payloads did not even reach the pages"


def test_the_pdf_shows_them_as_text_and_holds_no_script(hostile: Brief) -> None:
    raw = hostile.pdf.read_bytes()
    assert not any(key in raw for key in (b"/JavaScript", b"/JS ", b"/Launch", b"/OpenAction"))
    assert MARK in " ".join(text_of(hostile.pdf))


def test_linked_data_stays_data(hostile: Brief) -> None:
    from lxml import html

    for path in hostile.html.rglob("*.html"):
        for script in html.document_fromstring(path.read_bytes()).xpath(
            "//script[@type='application/ld+json']"
        ):
            assert isinstance(json.loads(script.text), dict | list), path


def test_no_table_for_download_holds_a_formula(hostile: Brief) -> None:
    found = [
        f"{path.name}: {cell}"
        for path in hostile.html.rglob("*.csv")
        for cells in csv.reader(io.StringIO(path.read_text("utf-8")))
        for cell in cells
        if is_formula(cell)
    ]
    assert found == []


def test_a_letter_holds_them_as_text_alone() -> None:
    """Whatever stands in it, the markup of a letter is that of a letter with harmless words."""
    wild = PAYLOADS + FORMULAS
    made = [_letter(texts) for texts in ([f"word {n}" for n in range(len(wild))], wild)]
    assert _markup(made[0]) == _markup(made[1])
    shown = [paragraph.text for paragraph in Document(io.BytesIO(made[1])).paragraphs]
    assert set(wild) <= set(shown)
    assert wild[0] == shown[0], "the subject"


_SPACE = "{http://www.w3.org/XML/1998/namespace}space"  # of texts that end with one


def _letter(texts: list[str]) -> bytes:
    return word(Letter(
        name="x", subject=texts[0], to=texts[1], through=texts[2], greeting=texts[3],
        sections=tuple((text, ((Run(text),),), True) for text in texts), chart=None,
        rests_on=tuple((text, text, text) for text in texts), edition="x", as_of="2025-04-17",
        claims=(),
    ))  # fmt: skip


def _markup(letter: bytes) -> list[str]:
    """Return every element and attribute of every part, without the texts."""
    with zipfile.ZipFile(io.BytesIO(letter)) as archive:
        parts = {name: archive.read(name) for name in sorted(archive.namelist())}
    return [
        f"{name} {element.tag} {sorted(set(element.attrib) - {_SPACE})}"
        for name, content in parts.items()
        if name.endswith((".xml", ".rels"))
        for element in etree.fromstring(content).iter()
    ]


REFUSED = [
    ("equipment", "value", text)
    for text in ("NaN", "nan", "inf", "-inf", "Infinity", "1e999", "-1e999", "0x10", "1_000", "٣",
                 "1,5", "--1", "=1+1", "1;2", "${1}", "{{7*7}}", "1e", "None")
] + [
    ("equipment", column, text)
    for column in ("note", "reported_by")
    for text in ("a\u202eb", "a\u2066b", "a\u200fb", "a\x00b", "a\x07b", "a\x1b[31mb", "a\u200bb",
                 "a\ufeffb", "a\u2028b", "x" * 25_000)
] + [
    ("equipment", column, text)
    for column in ("note", "reported_by")
    for text in (*FORMULAS, "\tpwned", "-1+1", "+1-1", "=", "@")
] + [
    ("equipment", column, text)
    for column in ("id", "category", "unit", "about_start", "published", "source_id")
    for text in ("<script>", "../../etc/passwd", "{{7*7}}", "$(id)", "'; DROP TABLE x", "=1+1")
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "text"), REFUSED)
def test_a_cell_that_cannot_be_is_refused_with_the_reason(
    own_data: Path, table: str, column: str, text: str
) -> None:
    rows = read_table(own_data, table)
    rows[1][rows[0].index(column)] = text
    write_table(own_data, table, rows)
    problems = validation.check_table(table)
    assert problems
    assert all(table in line for line in problems)


BAD_PARAMETERS = [
    "as_of=2025-04-17; rm -rf /", "as_of=$(id)", "as_of=`id`", "as_of=__import__('os').system('id')",
    "as_of=2025-04-17\n2", "as_of={{7*7}}", "as_of=<script>", "as_of=2025-02-30", "as_of=", "as_of=9",
    "as_of=../../etc/passwd", "as_of=2025-04-17'", 'as_of=2025-04-17"', "as_of=NaN", "as_of=inf",
    "__class__=1", "as_of.__class__=1", "../x=1", "=1", "as_of", "x=1", "AS_OF=2025-04-17",
    "as_of=٢٠٢٥-٠٤-١٧", "as_of=2025-04-17\u202e", "as_of=" + "9" * 100_000, "as_of=\\x00",
]  # fmt: skip


@pytest.mark.parametrize("pair", BAD_PARAMETERS)
def test_a_hostile_parameter_is_refused_with_what_is_allowed(pair: str) -> None:
    from armsbrief import paths
    from armsbrief.cli import _pairs

    declared = {p: parameters.declared(p) for p in [paths.NOTEBOOKS / "surplus.ipynb"]}
    with pytest.raises(ArmsbriefError, match=r"expected|allowed"):
        parameters.assign(_pairs((pair,)), declared)


BAD_NAMES = [
    "../../etc/passwd", "..", ".", "/etc/passwd", "a/b", "a\\b", "$(id)", "`id`", "a;b", "a b", "a\nb",
    "-x", "<script>", "{{7*7}}", "a\x00b", "\u202ea", "x" * 5000, "", "~", "*", "a'b", 'a"b',
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_hostile_edition_name_is_refused(name: str) -> None:
    with pytest.raises(ArmsbriefError, match="was asked for"):
        editions.read(name)


BAD_EDITIONS = [
    "name: ../../x\nparameters: {}\nnote: x", "name: !!python/object/apply:os.system ['id']",
    "name: a\nparameters: {as_of: [1]}\nnote: x", "name: a\nparameters: {}\nnote: x\nrun: id",
    "name: a\nparameters: {as_of: .nan}", "[1, 2]", "a: &a [*a]", "\x00", "name: {{7*7}}",
    "name: a\nparameters: !!python/name:os.system\nnote: x",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_EDITIONS)
def test_a_hostile_edition_file_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from armsbrief import paths

    (tmp_path / "editions").mkdir()
    (tmp_path / "editions" / "a.yml").write_text(text)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "EDITIONS", tmp_path / "editions")
    with pytest.raises(ArmsbriefError):
        editions.read("a")


def test_the_command_line_ends_with_a_message_not_a_traceback(brief: Brief) -> None:
    for words in (["build", "--edition", "../../etc/passwd"], ["build", "-p", "as_of=$(id)"],
                  ["verify", "--manifest", "/nonexistent"], ["verify", "--edition", "$(id)"]):  # fmt: skip
        ran = armsbrief(*words, root=brief.root)
        assert ran.returncode != 0
        assert "Traceback" not in ran.stderr, ran.stderr
