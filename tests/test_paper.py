"""From a long page to print: receipts are numbered as they are reached, citations are short."""

from __future__ import annotations

import re

import pytest
import tinyhtml5

from armsbrief.errors import LedgerError
from armsbrief.paper import finished

PAGE = """<html><body><nav class="contents"><h2>Contents</h2></nav><h1>Title</h1>
<svg viewBox="0 0 1 1" role="img" aria-label="Two bars."><title>Bars</title></svg>
<p>There were <a class="fact" href="#fact-left">316,260</a> and
<a class="fact" href="#fact-{second}">7.12</a>.</p>
<div class="toctree-wrapper"><span id="document-receipts"></span><section id="receipts">
<h2>Receipts</h2>
<div class="receipt" id="fact-unused"><p>Unused.</p></div>
<div class="receipt" id="fact-value"><p>Value [<a>3</a>, <a>4</a>, <a>5</a>, <a>9</a>]. Sources as in
<a class="to-receipt" href="#fact-onward">receipt</a>.</p></div>
<div class="receipt" id="fact-left"><p>Left [<a>1</a>, <a>2</a>].</p></div>
<div class="receipt" id="fact-onward"><p>Onward.</p></div>
</section></div></body></html>"""


@pytest.fixture(scope="module")
def page() -> str:
    return finished(PAGE.format(second="value"))


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_the_contents_come_after_the_answer(page: str) -> None:
    assert page.index("<h1>") < page.index("Contents") < page.index("toctree-wrapper")


def test_an_entry_of_the_contents_leads_to_the_heading_itself(page: str) -> None:
    assert '<h2>Receipts<span id="document-receipts"></span></h2>' in page


def test_a_number_bears_the_mark_of_its_receipt_behind_it(page: str) -> None:
    assert "There were 316,260r2 and 7.12r1." in plain(page)
    assert "r1Value" in plain(page)
    assert "r2Left" in plain(page)


def test_a_receipt_to_which_nothing_leads_is_left_out(page: str) -> None:
    assert "Unused" not in page
    assert "r3Onward" in plain(page)


def test_a_run_of_citations_is_shortened_and_a_pair_is_not(page: str) -> None:
    assert "Value [3–5, 9]" in plain(page)
    assert "Left [1, 2]" in plain(page)


def test_a_drawing_keeps_its_case_and_is_named_by_its_description(page: str) -> None:
    drawing = tinyhtml5.parse(page).find(".//{*}svg")  # as WeasyPrint reads it
    assert drawing.get("viewBox") == "0 0 1 1"
    assert "<title>Two bars.</title>" in page


def test_a_number_without_a_receipt_stops_the_build() -> None:
    with pytest.raises(LedgerError, match="receipt 'fact-lost'; there is none"):
        finished(PAGE.format(second="lost"))
