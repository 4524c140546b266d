"""The site in a real browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser, Page
from support import Brief

READABLE = 360  # CSS pixels: a small phone


@dataclass
class Opened:
    """What a page did when it was opened on a phone."""

    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    overflow: int = 0


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": READABLE, "height": 740})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def opened(phone: Page, site: str, brief: Brief) -> dict[str, Opened]:
    """Every page of the site, opened once."""
    found = {}
    for path in sorted(brief.html.rglob("*.html")):
        name = str(path.relative_to(brief.html))
        if name.startswith("_static/"):
            continue  # templates of the theme, no pages
        found[name] = _open(phone, site, name)
    return found


def _open(phone: Page, site: str, name: str) -> Opened:
    seen = Opened()
    said = lambda message: message.type == "error" and seen.errors.append(message.text)  # noqa: E731
    broke = lambda error: seen.errors.append(str(error))  # noqa: E731

    def asked(request: object) -> None:
        url = str(request.url)  # type: ignore[attr-defined]
        if not url.startswith((site, "data:", "blob:")):
            seen.elsewhere.append(url)

    def answered(response: object) -> None:
        if response.url.startswith(site) and response.status >= 400:  # type: ignore[attr-defined]
            seen.failed.append(f"{response.status} {response.url}")  # type: ignore[attr-defined]

    listeners = {"console": said, "pageerror": broke, "request": asked, "response": answered}
    for event, listener in listeners.items():
        phone.on(event, listener)  # type: ignore[call-overload]
    phone.goto(f"{site}/{name}", wait_until="load")
    seen.overflow = phone.evaluate(
        "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
    )
    for event, listener in listeners.items():
        phone.remove_listener(event, listener)
    return seen


def test_every_page_opens_without_an_error(opened: dict[str, Opened]) -> None:
    assert {name: page.errors for name, page in opened.items() if page.errors} == {}


def test_no_page_asks_its_own_site_for_what_is_not_there(opened: dict[str, Opened]) -> None:
    assert {name: page.failed for name, page in opened.items() if page.failed} == {}


def test_no_page_asks_any_other_site_for_anything(opened: dict[str, Opened]) -> None:
    assert {name: page.elsewhere for name, page in opened.items() if page.elsewhere} == {}


def test_the_brief_and_its_findings_fit_a_small_phone(opened: dict[str, Opened]) -> None:
    wanted = [name for name in opened if name == "index.html" or name.startswith("book/")]
    assert any("findings" in name for name in wanted)
    assert {name: opened[name].overflow for name in wanted if opened[name].overflow > 0} == {}


def test_a_reader_sees_question_answer_and_verdicts_without_a_script(
    browser: Browser, site: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/index.html")
    text = page.inner_text("article.bd-article")
    assert "The question." in text
    assert "The answer." in text
    assert "Supported, with a correction" in text
    context.close()


# What stands in the pages.


@cache
def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


@cache
def anchors(path: Path) -> dict[str, Tag]:
    """Return what a link into a page can lead to."""
    return {str(tag["id"]): tag for tag in parsed(path).select("[id]")}


def test_every_number_on_the_first_page_is_the_ledgers(brief: Brief) -> None:
    numbers = parsed(brief.html / "index.html").select("a.fact")
    assert len(numbers) >= 5
    for number in numbers:
        anchor = str(number["href"]).partition("#fact-")[2]
        fact = brief.ledger["facts"][anchor.replace("--", ".")]
        assert number.get_text(strip=True) == fact["display"]


def test_every_digit_on_the_first_page_is_in_such_a_number_or_in_the_board(brief: Brief) -> None:
    """Or counted by the build, or in a name that the allow-list gives a reason for."""
    page = BeautifulSoup((brief.html / "index.html").read_text("utf-8"), "lxml")
    main = page.select_one("article.bd-article")
    assert main is not None
    for known in main.select("a.fact, table.board, .toctree-wrapper, script, style"):
        known.decompose()
    named = ("Resolution 2816", "1988 Committee", "AK-47")
    verdicts = Counter(claim["verdict"] for claim in brief.ledger["claims"].values())
    counted = {str(n) for n in (verdicts.total(), *verdicts.values(), 0)}
    for text in main.stripped_strings:
        for name in named:
            text = text.replace(name, "")
        digits = [word for word in text.split() if any(c.isdigit() for c in word)]
        assert all(word.strip(".,;:()") in counted for word in digits), text


def links(brief: Brief) -> Iterator[tuple[Path, str]]:
    for page in sorted(brief.html.rglob("*.html")):
        for link in parsed(page).select("article.bd-article a[href]"):
            yield page, str(link["href"])


def test_every_link_inside_the_site_leads_to_a_place_that_exists(brief: Brief) -> None:
    broken = []
    for page, link in links(brief):
        if ":" in link.partition("#")[0].partition("/")[0]:
            continue
        address, target = urldefrag(urljoin(page.as_uri(), link))
        path = Path(unquote(address.removeprefix("file://")))
        if not path.exists() or (
            target and path.suffix == ".html" and unquote(target) not in anchors(path)
        ):
            broken.append((str(page.relative_to(brief.html)), link))
    assert broken == []


def test_every_number_has_a_receipt_with_its_value_and_its_notebook(brief: Brief) -> None:
    for name, fact in brief.ledger["facts"].items():
        page = brief.html / "book" / "receipts" / f"{Path(fact['notebook']).stem}.html"
        text = anchors(page)[f"fact-{name.replace('.', '--')}"].get_text(" ", strip=True)
        assert fact["display"] in text
        assert fact["label"].replace("'", "’") in text.replace("'", "’")
        assert f"cell {fact['cell']}" in text


def test_a_drawing_on_a_page_says_what_the_notebook_drew(brief: Brief) -> None:
    """The drawing is made lean for a screen; what it says, numbers above all, stays as it was."""
    for path in (brief.html / "book").rglob("*.html"):
        for box in parsed(path).select(".chart[id]"):
            key = str(box["id"]).removeprefix("chart-").replace("--", ".")
            drawn = BeautifulSoup(brief.ledger["charts"][key]["svg"], "lxml")
            shown = box.select_one("svg.broad")
            assert shown is not None
            said, says = (
                Counter(text.get_text() for text in svg.select("text")) for svg in (drawn, shown)
            )
            assert says <= said, f"{key}: {says - said}"


def test_every_chart_has_a_text_alternative(brief: Brief) -> None:
    drawings = [svg for page in (brief.html / "book").rglob("*.html")
                for svg in parsed(page).select(".drawing svg")]  # fmt: skip
    assert drawings
    for svg in drawings:
        assert svg["role"] == "img"
        assert str(svg["aria-label"]).strip()
