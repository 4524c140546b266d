"""The brief on one page: one page in either size, nothing outside it, no number of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pdfua.model import Severity
from pdfua.validator import Validator
from pypdf import PdfReader
from support import Brief, pages_of

from armsbrief import onepage
from armsbrief.errors import LedgerError
from armsbrief.words import VERDICT, day

NAMES = list(onepage.SIZES)


@pytest.fixture(params=NAMES)
def pdf(brief: Brief, request: pytest.FixtureRequest) -> Path:
    return brief.out / str(request.param)


@pytest.fixture
def text(pdf: Path) -> str:
    return pages_of(pdf)[0]


def test_it_is_one_page_of_its_size_and_light(pdf: Path) -> None:
    (page,) = PdfReader(pdf).pages
    width, height = {"one-page.pdf": (595, 842), "one-page-letter.pdf": (612, 792)}[pdf.name]
    assert (round(page.mediabox.width), round(page.mediabox.height)) == (width, height)
    assert pdf.stat().st_size < 200_000
    assert not page.images


def test_a_checker_of_accessible_pdf_finds_no_error(pdf: Path) -> None:
    report = Validator().validate(str(pdf))
    assert [found for found in report.findings if found.severity >= Severity.ERROR] == []


def test_it_holds_question_caveat_answer_verdicts_and_asks(text: str, brief: Brief) -> None:
    for lead in ("The question.", "What to keep in mind first.", "The answer."):
        assert lead in text
    squeezed = text.replace(" ", "")
    for claim in brief.ledger["claims"].values():
        for said in (claim["title"], VERDICT[claim["verdict"]], claim["found_as"]):
            assert said.replace(" ", "") in squeezed
    for entry in brief.ledger["recommendations"].values():
        assert entry["title"].replace(" ", "") in squeezed
        assert entry["owner"].partition(";")[0].rstrip(".").replace(" ", "") in squeezed


def test_it_says_where_to_check(text: str, brief: Brief) -> None:
    assert brief.ledger["edition"] in text
    digest = onepage.sha256((brief.out / "ledger.json").read_bytes()).hexdigest()
    assert digest in text.replace(" ", "")


def test_every_number_on_it_is_one_of_the_ledger(text: str, brief: Brief) -> None:
    book = brief.ledger
    digest = onepage.sha256((brief.out / "ledger.json").read_bytes()).hexdigest()
    known = [claim["found_as"] for claim in book["claims"].values()]
    known += [claim["sentence"] for claim in book["claims"].values()]
    known += [fact["display"] for fact in book["facts"].values()]
    known += [digest, "SHA-256", book["edition"], day(book["parameters"]["as_of"])]
    left = text.replace(" ", "")
    for said in sorted(known, key=len, reverse=True):
        left = left.replace(said.replace(" ", ""), "")
    for name, words in VERDICT.items():
        count = sum(claim["verdict"] == name for claim in book["claims"].values())
        left = left.replace(f"{words}:{count}".replace(" ", ""), "", 1)
    assert not re.search(r"\d", left), left


def boxes(box: Any) -> Iterator[Any]:
    if hasattr(box, "text"):
        yield box
    for child in getattr(box, "children", ()):
        yield from boxes(child)


@pytest.mark.parametrize("size", onepage.SIZES.values())
def test_no_text_runs_out_of_the_page(size: str, brief: Brief) -> None:
    document = onepage.fitted(onepage.content_of(brief.ledger, "0" * 64), size)
    page = document.pages[0]
    found = list(boxes(page._page_box))
    assert len(found) > 100
    for box in found:
        right, bottom = box.position_x + box.width, box.position_y + box.height
        assert 0 <= box.position_x <= right <= page.width, box.text
        assert 0 <= box.position_y <= bottom <= page.height, box.text


def test_a_text_that_no_type_can_fit_is_refused(brief: Brief) -> None:
    content = onepage.content_of(brief.ledger, "0" * 64)
    content["front"] = {**content["front"], "The answer": "Too long. " * 2000}
    with pytest.raises(LedgerError, match="does not fit on one page of A4"):
        onepage.fitted(content, "A4")


def test_each_ask_has_the_day_of_its_first_step_where_one_is_known(brief: Brief) -> None:
    asks = onepage.content_of(brief.ledger, "0" * 64)["asks"]
    days = {fact["display"] for name, fact in brief.ledger["facts"].items() if "deadlines" in name}
    assert len(asks) == 6
    assert {ask["by"] for ask in asks} <= days
    book = {**brief.ledger, "recommendations": {"trace": {
        "title": "Trace", "owner": "Us.", "source": {"first_step": "Not known then."}}}}  # fmt: skip
    assert onepage.content_of(book, "0" * 64)["asks"][0]["by"] == "—"
