"""What is sent out: letters, cards, snippets and a table, all of it from the ledger."""

from __future__ import annotations

import copy
import csv
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader
from support import Brief, armsbrief

from armsbrief import kit as kits
from armsbrief import paths
from armsbrief.claims import read_letters
from armsbrief.errors import LedgerError
from armsbrief.kit import cards, letters, paper
from armsbrief.kit.word import word
from armsbrief.spreadsheet import harmless
from armsbrief.words import VERDICT

ENTRIES = read_letters(paths.BOOK / "letters.yml")
ADDRESSEES = [
    "1988 Committee",
    "European Union",
    "North Atlantic",
    "Shanghai",
    "Islamic Cooperation",
    "de facto",
]


@pytest.fixture(scope="module")
def kit(brief: Brief, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kit of the default edition, written by the command line."""
    ran = armsbrief("kit", root=brief.root)
    assert ran.returncode == 0, ran.stderr
    return brief.root / "_build" / "kit"


@pytest.fixture(scope="module")
def manifest(kit: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((kit / "manifest.json").read_text("utf-8"))
    return content


def words_of(document: Path) -> str:
    content = Document(str(document))
    cells = (cell.text for table in content.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(p.text for p in content.paragraphs), *cells])


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


# Letters.


def test_every_addressee_has_a_letter_in_word_and_on_paper(kit: Path) -> None:
    addressed = [entry.to for entry in ENTRIES.values()]
    assert len(addressed) == len(ADDRESSEES)
    for who, to in zip(ADDRESSEES, addressed, strict=True):
        assert who in to
    assert "UNAMA" in ENTRIES["de-facto-authorities"].through
    for name in ENTRIES:
        assert (kit / "letters" / f"{name}.docx").stat().st_size > 5000
        assert (kit / "letters" / f"{name}.pdf").stat().st_size > 5000


@pytest.mark.parametrize("name", ENTRIES)
def test_a_letter_gives_its_caveat_before_its_ask_and_its_evidence(kit: Path, name: str) -> None:
    text = words_of(kit / "letters" / f"{name}.docx")
    order = ["What to keep in mind first", "What we ask", "What the evidence says",
             "The best evidence against", "The first step, and who takes it"]  # fmt: skip
    places = [text.index(heading) for heading in order]
    assert places == sorted(places)
    assert "{" not in text


@pytest.mark.parametrize("name", ENTRIES)
def test_every_number_of_a_letter_is_the_display_form_of_a_fact(
    brief: Brief, manifest: dict[str, Any], kit: Path, name: str
) -> None:
    facts = brief.ledger["facts"]
    for kind in ("docx", "pdf"):
        entry = next(f for f in manifest["files"] if f["path"] == f"letters/{name}.{kind}")
        path = kit / entry["path"]
        text = words_of(path) if kind == "docx" else "".join(
            page.extract_text() for page in PdfReader(path).pages
        )  # fmt: skip
        for fact in entry["facts"]:
            assert squeezed(facts[fact]["display"]) in squeezed(text), fact
    letter = letters.written(name, ENTRIES[name], brief.ledger)
    typed = [run.text for _, texts, _ in letter.sections for text in texts for run in text
             if not run.fact]  # fmt: skip
    allowed = re.sub(r"Resolution 2816|1988 Committee|AK-47", "", " ".join(typed))
    assert re.findall(r"\d", allowed) == []


@pytest.mark.parametrize("name", ENTRIES)
def test_a_letter_names_the_claim_that_it_speaks_of(brief: Brief, kit: Path, name: str) -> None:
    """A sentence such as “One half of the claim holds” says nothing without it."""
    claims = [brief.ledger["claims"][claim] for claim in ENTRIES[name].rests_on]
    begun = [p for p in Document(str(kit / "letters" / f"{name}.docx")).paragraphs if p.runs
             and p.runs[0].bold and p.style and p.style.name == "List Bullet"]  # fmt: skip
    for claim in claims:  # once with what we find or not, once with what speaks against it
        said = [p.text for p in begun if p.runs[0].text == f"{claim['title']}: "]
        assert said
        assert claim["counter_evidence"][0] in said[-1]


@pytest.mark.parametrize("name", ENTRIES)
def test_a_word_letter_has_headings_lists_a_language_and_a_described_picture(
    kit: Path, name: str
) -> None:
    document = Document(str(kit / "letters" / f"{name}.docx"))
    styles = [paragraph.style.name for paragraph in document.paragraphs if paragraph.style]
    assert styles.count("Title") == 1
    assert styles.count("Heading 1") == 6
    assert styles.count("List Bullet") >= 4
    assert document.core_properties.language == "en-GB"
    assert document.core_properties.title == ENTRIES[name].subject
    xml = document.element.xml
    described = re.findall(r'<wp:docPr [^>]*descr="([^"]+)"', xml)
    assert len(described) == len(document.inline_shapes) == 1
    assert len(described[0]) > 40
    assert 'w:val="en-GB"' in document.styles.element.xml
    assert "w:tblHeader" in xml


@pytest.mark.parametrize("name", ENTRIES)
def test_a_paper_letter_is_tagged_and_has_title_and_language(kit: Path, name: str) -> None:
    pdf = PdfReader(kit / "letters" / f"{name}.pdf")
    catalog: Any = pdf.trailer["/Root"]
    assert catalog["/Lang"] == "en-GB"
    assert catalog["/MarkInfo"]["/Marked"]
    assert (
        b'pdfuaid:part="1"' in catalog["/Metadata"].get_data()
        or b"pdfuaid" in catalog["/Metadata"].get_data()
    )
    assert pdf.metadata is not None
    assert pdf.metadata.title == ENTRIES[name].subject
    assert len(pdf.pages) <= 2


def test_no_letter_greets_a_person() -> None:
    for entry in ENTRIES.values():
        assert re.match(r"To the [A-Za-z ]+,$", entry.greeting)
        addressed = f"{entry.to} {entry.greeting} {entry.owner}"
        assert not re.search(
            r"\b(Mr|Ms|Dr|Excellency|Ambassador|Minister|Secretary-General)\b", addressed
        )


# Withheld.


def changed(ledger: dict[str, Any], claim: str, verdict: str) -> dict[str, Any]:
    content = copy.deepcopy(ledger)
    content["claims"][claim]["verdict"] = verdict
    return content


@pytest.mark.parametrize("verdict", ["not-supported", "cannot-be-verified"])
def test_a_letter_that_rests_on_a_claim_no_longer_supported_is_withheld(
    brief: Brief, tmp_path: Path, verdict: str
) -> None:
    content = changed(brief.ledger, "taliban-weak-control", verdict)
    said: list[str] = []
    made = kits.Kit()
    kits._letters(made, content, said.append)
    assert list(made.withheld) == ["de-facto-authorities"]
    assert not [path for path in made.content if "de-facto" in path]
    text = made.content["letters/WITHHELD.md"].decode()
    assert "it rests on “Weak control by the Taliban”" in text
    assert VERDICT[verdict].lower() in text  # type: ignore[index]
    assert any("withheld: de-facto-authorities" in line for line in said)


def test_a_correction_or_a_half_does_not_withhold_a_letter(brief: Brief) -> None:
    for verdict in ("supported", "supported-with-correction", "partly-supported"):
        content = changed(brief.ledger, "taliban-weak-control", verdict)
        assert letters.why_withheld("x", ENTRIES["de-facto-authorities"], content) == []


def test_a_letter_whose_date_is_not_known_is_withheld(brief: Brief) -> None:
    content = copy.deepcopy(brief.ledger)
    content["facts"]["deadlines.kabul-by"]["value"] = None
    reasons = letters.why_withheld("x", ENTRIES["de-facto-authorities"], content)
    assert len(reasons) == 1
    assert "needs a number that is not known: depot register" in reasons[0]


def test_on_the_op_eds_day_the_letter_with_unknown_deadlines_is_withheld(back_then: Brief) -> None:
    found = {name for name, entry in ENTRIES.items()
             if letters.why_withheld(name, entry, back_then.ledger)}  # fmt: skip
    assert found == {"security-council"}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("rests_on", ["no-such"], "there is no claim 'no-such'"),
        ("ask", "{fact}`no.such`", "there is no fact 'no.such'"),
        ("recommendation", "no-such", "there is no recommendation 'no-such'"),
    ],
)
def test_a_letter_that_refers_to_nothing_is_refused(
    brief: Brief, key: str, value: Any, said: str
) -> None:
    entry = ENTRIES["nato"].model_copy(update={key: value})
    with pytest.raises(LedgerError, match=said):
        letters.why_withheld("nato", entry, brief.ledger)


# Cards, snippets, the table.


def test_every_claim_has_a_card_in_two_forms_and_in_words(kit: Path, brief: Brief) -> None:
    for name, claim in brief.ledger["claims"].items():
        with Image.open(kit / "cards" / f"{name}.png") as image:
            assert image.size == (1200, 630)
        text = (kit / "cards" / f"{name}.txt").read_text("utf-8")
        svg = BeautifulSoup((kit / "cards" / f"{name}.svg").read_text("utf-8"), "lxml-xml")
        drawn = " ".join(node.get_text() for node in svg.select("text"))
        for shown in (VERDICT[claim["verdict"]], claim["sentence"], claim["counter_evidence"][0]):
            assert shown.lower() in text.lower()
            assert squeezed(shown) in squeezed(drawn)


def test_no_line_of_a_card_leaves_the_picture(kit: Path) -> None:
    for path in (kit / "cards").glob("*.svg"):
        svg = BeautifulSoup(path.read_text("utf-8"), "lxml-xml")
        for line in svg.select("text"):
            face = "Bold" if line.get("font-weight") == "700" else "Regular"
            width = cards.measure(line.get_text(), float(str(line["font-size"])), face)
            left = float(str(line["x"])) - (width / 2 if line.get("text-anchor") else 0)
            assert left >= 16
            assert line.get("textLength") or left + width <= cards.WIDTH, line.get_text()
            assert float(str(line["y"])) <= cards.HEIGHT - 30


def test_the_index_shows_every_card_with_its_text_alternative(kit: Path, brief: Brief) -> None:
    page = BeautifulSoup((kit / "index.html").read_text("utf-8"), "lxml")
    described = {str(image["src"]): str(image["alt"]) for image in page.select("img")}
    for name in brief.ledger["claims"]:
        text = (kit / "cards" / f"{name}.txt").read_text("utf-8").strip()
        assert described[f"cards/{name}.png"] == text
    for link in page.select("a"):
        assert (kit / str(link["href"])).is_file()


def test_a_chart_snippet_loads_nothing_and_runs_nothing(kit: Path, brief: Brief) -> None:
    found = sorted((kit / "charts").glob("*.html"))
    with_charts = {key.split(".")[0] for key in brief.ledger["charts"]} & set(
        brief.ledger["claims"]
    )
    assert {path.stem for path in found} == with_charts
    for path in found:
        html = path.read_text("utf-8")
        page = BeautifulSoup(html, "lxml")
        assert not page.select("script, link, iframe, img, object, embed, style")
        assert not re.search(r"https?://(?!www\.w3\.org/)|\son\w+=|url\((?!#)", html), path
        assert page.select_one("svg[aria-label]")
        assert "Sources:" in html
        assert "CC BY 4.0" in html


def test_the_table_of_claims_says_what_the_ledger_says(kit: Path, brief: Brief) -> None:
    rows = list(csv.DictReader(io.StringIO((kit / "claims.csv").read_text("utf-8-sig"))))
    assert [row["id"] for row in rows] == list(brief.ledger["claims"])
    for row in rows:
        claim = brief.ledger["claims"][row["id"]]
        assert row["verdict"] == claim["verdict"]
        assert row["sentence"] == claim["sentence"]
        assert row["estimate"] == ("" if claim["estimate"] is None else str(claim["estimate"]))


@given(st.text())
def test_no_cell_starts_a_formula(text: str) -> None:
    cell = harmless(text)
    assert not cell.startswith(("=", "@", "\t", "\r"))
    assert not cell.startswith(("+", "-")) or set(cell) <= set("+-0123456789.,eE%:|")
    assert cell.removeprefix("'") == text.removeprefix("'") or cell == text


def test_a_negative_number_stays_a_number() -> None:
    assert harmless(-5.2) == -5.2
    assert harmless("-5.2e3") == "-5.2e3"
    assert harmless("-12:-1|1:12") == "-12:-1|1:12"  # a window of months
    for text in ("-5+cmd|calc", "-5+5", "-1:1|cmd", "=1", "\t1", "@x"):
        assert harmless(text) == f"'{text}"


def test_markup_in_the_data_is_shown_as_text(brief: Brief) -> None:
    attack = '<script>x()</script>"&'
    content = copy.deepcopy(brief.ledger)
    key = "small-arms-count"
    claim = content["claims"][key]
    claim["sentence"] = claim["title"] = claim["sentence_source"] = attack
    chart = {**content["charts"]["small-arms-count.figures"], "title": attack, "finding": attack}
    content["charts"]["small-arms-exported.stock"] = chart
    letter = letters.written("nato", ENTRIES["nato"], content)
    made = [paper.html(letter), cards.card(claim, "now"),
            paper.snippet("small-arms-count.figures", chart, claim, content, kits.sources())]  # fmt: skip
    for text in made:
        assert "<script" not in text
        assert "&lt;script&gt;" in text
    assert attack in "\n".join(p.text for p in Document(io.BytesIO(word(letter))).paragraphs)


# The whole.


def test_the_manifest_names_every_file_with_its_hash(kit: Path, manifest: dict[str, Any]) -> None:
    listed = {entry["path"]: entry for entry in manifest["files"]}
    there = {path.relative_to(kit).as_posix() for path in kit.rglob("*") if path.is_file()}
    assert there == {*listed, "manifest.json"}
    for path, entry in listed.items():
        content = (kit / path).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert entry["bytes"] == len(content)


def test_every_fact_and_claim_of_the_manifest_is_in_the_ledger(
    brief: Brief, manifest: dict[str, Any]
) -> None:
    assert manifest["edition"] == brief.ledger["edition"]
    for entry in manifest["files"]:
        assert set(entry["facts"]) <= set(brief.ledger["facts"])
        assert set(entry["claims"]) <= set(brief.ledger["claims"])


def test_the_same_kit_has_the_same_bytes(
    kit: Path, brief: Brief, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Karachi")
    ran = armsbrief("kit", "--out", str(tmp_path / "again"), root=brief.root)
    assert ran.returncode == 0, ran.stderr
    for path in sorted(kit.rglob("*")):
        if path.is_file():
            again = tmp_path / "again" / path.relative_to(kit)
            assert again.read_bytes() == path.read_bytes(), path


def test_the_kit_stands_under_its_edition_too(kit: Path, brief: Brief) -> None:
    named = brief.root / "_build" / "editions" / brief.ledger["edition"] / "kit"
    assert (named / "manifest.json").read_bytes() == (kit / "manifest.json").read_bytes()


def test_a_word_file_says_no_time_of_writing(kit: Path) -> None:
    with zipfile.ZipFile(kit / "letters" / "nato.docx") as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_edition_that_was_not_built_is_refused_with_the_command(
    tmp_path: Path, brief: Brief
) -> None:
    ran = armsbrief("kit", "--edition", "2025-04-17", "--out", str(tmp_path / "x"), root=brief.root)
    assert ran.returncode == 1
    assert "edition '2025-04-17' was not built" in ran.stderr
    assert "armsbrief build --edition 2025-04-17" in ran.stderr
    assert not (tmp_path / "x").exists()


def test_a_ledger_of_other_tables_is_refused(tmp_path: Path, brief: Brief) -> None:
    content = copy.deepcopy(brief.ledger)
    content["made_of"]["tables"]["equipment"] = "other"
    (tmp_path / "ledger.json").write_text(json.dumps(content))
    with pytest.raises(LedgerError, match="from other code, rules or tables than those here now"):
        kits._current(tmp_path / "ledger.json", "now")


def test_the_one_page_brief_comes_along_where_there_is_one(brief: Brief, tmp_path: Path) -> None:
    made, said = kits.Kit(), []
    (tmp_path / "one-page.pdf").write_bytes(b"%PDF-1.7")
    kits._one_page(made, tmp_path, said.append)
    assert made.content == {"one-page.pdf": b"%PDF-1.7"}
    kits._one_page(kits.Kit(), tmp_path / "none", said.append)
    assert "without the one-page brief" in said[0]
