"""The PDF: readable on paper, with a screen reader, and without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pdfua.model import Severity
from pdfua.validator import Validator
from pypdf import PdfReader
from support import Brief, pages_of, says

from armsbrief.verify.pdf import flat
from armsbrief.words import VERDICT


@pytest.fixture(scope="module")
def pdf(brief: Brief) -> PdfReader:
    return PdfReader(brief.pdf)


@pytest.fixture(scope="module")
def text(brief: Brief) -> str:
    return " ".join(pages_of(brief.pdf))


def test_it_is_tagged_and_names_its_language_its_title_and_its_author(pdf: PdfReader) -> None:
    root: Any = pdf.trailer["/Root"]
    assert bool(root["/MarkInfo"]["/Marked"])
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Weapons left in Afghanistan, violence in Pakistan"
    assert pdf.metadata.author


def test_every_page_has_its_number(brief: Brief) -> None:
    pages = pages_of(brief.pdf)
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in page


def test_it_has_bookmarks_and_contents(pdf: PdfReader, text: str, brief: Brief) -> None:
    marked = [entry.title for entry in flat(pdf.outline)]
    assert marked[0].strip() == "Weapons left in Afghanistan, violence in Pakistan"
    for page in (brief.root / "book" / "findings").glob("*.md"):
        heading = page.read_text("utf-8").splitlines()[0].removeprefix("# ")
        assert heading in marked
    assert {"Limits", "Sources"} <= set(marked)
    assert re.search(r"Contents .*Limits \.{5,} \d+", text)


def test_the_answer_stands_on_the_first_page_with_the_verdicts(brief: Brief) -> None:
    first = pages_of(brief.pdf)[0]
    assert "The answer." in first
    assert "Supported, with a correction" in first


def links(pdf: PdfReader) -> Iterator[Any]:
    for page in pdf.pages:
        for found in page.get("/Annots", []):
            annotation = found.get_object()
            if annotation["/Subtype"] == "/Link":
                yield annotation


def test_links_inside_lead_to_places_that_exist(pdf: PdfReader) -> None:
    names = set(pdf.named_destinations)
    inside = [str(link["/Dest"]) for link in links(pdf) if "/Dest" in link]
    assert len(inside) > 100
    assert set(inside) <= names


def test_sources_are_numbered_and_linked_to_their_address(pdf: PdfReader, text: str) -> None:
    addresses = [link["/A"]["/URI"] for link in links(pdf) if "/URI" in link.get("/A", {})]
    assert any(str(address).startswith("https://") for address in addresses)
    assert not [address for address in addresses if str(address).startswith("file:")]
    assert re.search(r"\[1\]", text)


def elements(node: Any, kind: str) -> Iterator[Any]:
    """Yield the parts of the structure that are of a kind."""
    if node.get("/S") == kind:
        yield node
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        if hasattr(found := child.get_object() if hasattr(child, "get_object") else child, "get"):
            yield from elements(found, kind)


def test_charts_are_drawn_not_photographed_and_have_a_text_alternative(
    pdf: PdfReader, brief: Brief
) -> None:
    assert sum(len(page.images) for page in pdf.pages) == 0
    figures = list(elements(pdf.trailer["/Root"]["/StructTreeRoot"], "/Figure"))
    alternatives = {figure["/Alt"] for figure in figures}
    # Paper shows the first chart of each claim; the others stand on the site.
    first_of: dict[str, str] = {}
    for name, chart in brief.ledger["charts"].items():
        first_of.setdefault(name.split(".")[0], chart["alt"])
    for claim in brief.ledger["claims"]:
        assert first_of[claim] in alternatives


def test_every_verdict_every_estimate_and_every_sentence_is_in_it(text: str, brief: Brief) -> None:
    for claim in brief.ledger["claims"].values():
        assert VERDICT[claim["verdict"]] in text
        assert says(text, claim["found_as"])
        assert says(text, claim["sentence"])
        assert says(text, claim["says"])


def page_of(pdf: PdfReader, title: str) -> int:
    """Return the page, from 1, to which a bookmark leads."""
    marked = {entry.title: entry for entry in flat(pdf.outline)}
    number = pdf.get_destination_page_number(marked[title])
    assert number is not None
    return number + 1


def test_the_brief_takes_at_most_twenty_pages_and_the_receipts_follow(pdf: PdfReader) -> None:
    assert 12 <= page_of(pdf, "Receipts") - 1 <= 20
    assert page_of(pdf, "Receipts") <= page_of(pdf, "Sources")
    assert max(page_of(pdf, title) for title in ("Limits", "The cost")) < page_of(pdf, "Receipts")


def test_it_is_light(brief: Brief) -> None:
    assert brief.pdf.stat().st_size < 2_000_000


def test_every_number_leads_to_a_receipt_that_repeats_it(pdf: PdfReader, brief: Brief) -> None:
    places = {str(link["/Dest"]) for link in links(pdf) if "/Dest" in link}
    facts = {name: place for name in brief.ledger["facts"]
             if (place := f"fact-{name.replace('.', '--')}") in places}  # fmt: skip
    assert len(facts) > 250
    receipts = " ".join(pages_of(brief.pdf)[page_of(pdf, "Receipts") - 1 :])
    for name in facts:
        fact = brief.ledger["facts"][name]
        assert says(receipts, f"{fact['display']} {fact['label']}"), name


def test_every_finding_leads_to_its_rule_and_its_chart_to_its_rows(
    pdf: PdfReader, text: str, brief: Brief
) -> None:
    places = {str(link["/Dest"]) for link in links(pdf) if "/Dest" in link}
    for name, claim in brief.ledger["claims"].items():
        assert f"sure-{name}" in places
        assert says(text, f"The rule: {claim['tolerance']}")
        assert any(place.startswith(f"drawn-{name}--") for place in places)


def test_a_checker_of_accessible_pdf_finds_no_error(brief: Brief) -> None:
    report = Validator().validate(str(brief.pdf))
    assert [found for found in report.findings if found.severity >= Severity.ERROR] == []


def test_no_font_is_left_to_the_reader(pdf: PdfReader) -> None:
    for page in pdf.pages:
        for font in page["/Resources"].get("/Font", {}).values():  # type: ignore[union-attr,attr-defined]
            described = font.get_object()
            inner = (
                described["/DescendantFonts"][0].get_object()
                if "/DescendantFonts" in described
                else described
            )
            assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(
                inner["/FontDescriptor"].get_object()
            )
