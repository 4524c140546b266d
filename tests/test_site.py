"""The site as its readers meet it: a phone, a dark room, a keyboard, no script, a file system."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal
from urllib.parse import quote_plus

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, expect
from support import Brief

from armsbrief import paths
from armsbrief.references import sources
from armsbrief.sphinx_ext.site import metadata, search, whole
from armsbrief.sphinx_ext.site.files import write

sys.path.insert(0, str(paths.ROOT / "benchmarks"))
import lighthouse

AXE = paths.ROOT / "tests" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
# Colours are all that differs between the schemes.
SCHEMES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {}, "dark": {"runOnly": ["color-contrast"]},
}  # fmt: skip
FRONT, HEAVY = lighthouse.PAGES
BUDGET = 300_000  # bytes of the first view
# What a template repeats is looked at a few times, not hundreds: axe takes seconds otherwise.
REPEATED = """() => document.querySelectorAll(
    'tbody tr:nth-child(n+6), .receipt:nth-of-type(n+6), p.number:nth-of-type(n+6), ' +
    '.citation:nth-of-type(n+6), .rows li:nth-child(n+3), .drawing svg > *'
).forEach(repeated => repeated.remove())"""
# The walk shows one claim by chance.
ALL_CLAIMS = "document.querySelectorAll('.walk-claim').forEach(claim => { claim.hidden = false })"
SMALL = 360  # CSS pixels
CUT = """drawings => drawings.flatMap(drawing => {
    const room = drawing.getBoundingClientRect();
    return [...drawing.querySelectorAll('text')].filter(text => {
        const box = text.getBoundingClientRect();
        return box.width && (box.left < room.left - 1 || box.right > room.right + 1
            || box.top < room.top - 1 || box.bottom > room.bottom + 1);
    }).map(text => text.textContent);
})"""


OVERLAPPING = """drawings => drawings.flatMap(drawing => {
    const seen = text => text.textContent.trim() && text.getAttribute('opacity') !== '0';
    const texts = [...drawing.querySelectorAll('text')].filter(seen);
    const boxes = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
    const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5;
    return boxes.flatMap(([one, at], i) => boxes.slice(i + 1)
        .filter(([, there]) => over(at, there)).map(([other]) => `${one} on ${other}`));
})"""


@dataclass
class Visited:
    """What a page asked for, complained of and broke."""

    asked: list[str] = field(default_factory=list)
    bytes: int = 0
    errors: list[str] = field(default_factory=list)
    violations: dict[str, list[str]] = field(default_factory=dict)


def pages(brief: Brief) -> list[str]:
    return sorted(str(path.relative_to(brief.html)) for path in brief.html.rglob("*.html"))


@cache
def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


@pytest.fixture(scope="module")
def visits(browser: Browser, site: str, brief: Brief) -> dict[str, Visited]:
    """Every page, with axe-core's opinion of it in the light and in the dark."""
    context = browser.new_context(viewport={"width": SMALL, "height": 740}, reduced_motion="reduce")
    page = context.new_page()
    # Each page counts as the first that a reader sees.
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    found = {name: _visit(page, f"{site}/{name}") for name in pages(brief)}
    context.close()
    return found


def _visit(page: Page, address: str) -> Visited:
    seen, requests = Visited(), []
    listeners: dict[str, Any] = {
        "console": lambda said: said.type == "error" and seen.errors.append(said.text),
        "pageerror": lambda error: seen.errors.append(str(error)),
        "requestfinished": lambda request: requests.append(request),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    page.goto(address, wait_until="load")
    page.locator("#scheme").wait_for()  # shown by the script, so it has run
    seen.asked = [request.url for request in requests]
    answers = [request.response() for request in requests]
    seen.bytes = sum(int(answer.headers["content-length"]) for answer in answers if answer)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate(REPEATED)
    page.evaluate(ALL_CLAIMS)
    for scheme, rules in SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        said = page.evaluate(
            "rules => axe.run(document, {resultTypes: ['violations'], ...rules})", rules
        )
        seen.violations |= {
            f"{rule['id']}, {scheme}": [node["html"][:200] for node in rule["nodes"]]
            for rule in said["violations"]
        }
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    return seen


def test_axe_finds_nothing_wrong_with_any_page_light_or_dark(visits: dict[str, Visited]) -> None:
    assert {place: seen.violations for place, seen in visits.items() if seen.violations} == {}


def test_no_page_breaks_the_policy_or_complains(visits: dict[str, Visited]) -> None:
    assert {place: seen.errors for place, seen in visits.items() if seen.errors} == {}


def test_no_page_asks_another_site_for_anything(visits: dict[str, Visited], site: str) -> None:
    asked = {url for seen in visits.values() for url in seen.asked}
    assert asked
    assert {url for url in asked if not url.startswith(f"{site}/")} == set()


def test_the_first_view_of_a_page_with_its_charts_is_light(visits: dict[str, Visited]) -> None:
    book = {place: seen.bytes for place, seen in visits.items()
            if place == FRONT or place.startswith("book/findings/")}  # fmt: skip
    assert book[HEAVY] > 50_000, "the measure measures"
    assert {place: size for place, size in book.items() if size > BUDGET} == {}


def test_the_heaviest_finding_is_the_one_that_lighthouse_looks_at(brief: Brief) -> None:
    findings = (brief.html / "book" / "findings").glob("*.html")
    assert max(findings, key=lambda path: path.stat().st_size).name == Path(HEAVY).name


def test_every_page_has_a_strict_policy_without_inline_scripts(brief: Brief) -> None:
    for name in pages(brief):
        page = parsed(brief.html / name)
        meta = page.select_one('meta[http-equiv="Content-Security-Policy"]')
        assert meta is not None, name
        policy = dict(part.strip().split(" ", 1) for part in str(meta["content"]).split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        scripts = page.select('script:not([src]):not([type="application/ld+json"])')
        assert [*scripts, *page.select("style, [style], [onclick]")] == [], name


def test_every_page_has_one_h1_a_language_a_description_and_landmarks(brief: Brief) -> None:
    for name in pages(brief):
        page = parsed(brief.html / name)
        assert len(page.select("h1")) == 1, name
        assert page.html is not None
        assert page.html["lang"] == "en"
        assert str(page.select_one("meta[name=description]")["content"]).strip(), name  # type: ignore[index]
        for landmark in ("header", "main#main", "nav#contents", "footer", "a.skip[href='#main']"):
            assert page.select(landmark), (name, landmark)


def test_the_foot_of_every_page_names_edition_date_licence_and_downloads(brief: Brief) -> None:
    for name in pages(brief):
        foot = parsed(brief.html / name).select_one("footer")
        assert foot is not None
        assert f"Edition {brief.ledger['edition']}" in foot.get_text()
        assert "CC BY 4.0" in foot.get_text()
        for link in foot.select("ul a"):
            assert (brief.html / name).parent.joinpath(str(link["href"])).exists(), link


def test_lighthouse_has_nothing_to_say_of_the_front_page_and_the_heaviest_finding(
    site: str,
) -> None:
    """Speed is measured in `make bench`: it depends on the machine."""
    for page in lighthouse.PAGES:
        seen = lighthouse.look(site, page, lighthouse.CATEGORIES[1:])
        assert (page, seen.scores, seen.complaints) == (
            page, {"accessibility": 100, "best-practices": 100, "seo": 100}, [],
        )  # fmt: skip


# Numbers.


def test_every_number_on_every_page_is_the_ledgers(brief: Brief) -> None:
    facts, seen = brief.ledger["facts"], set()
    for name in pages(brief):
        for number in parsed(brief.html / name).select(".fact"):
            fact = str(number["data-fact"])
            assert number.get_text() == facts[fact]["display"], (name, fact)
            assert number.name == "a"
            seen.add(fact)
    assert len(seen) > len(facts) / 2


def test_every_number_leads_to_a_receipt_with_everything_that_made_it(brief: Brief) -> None:
    facts = brief.ledger["facts"]
    for name, fact in facts.items():
        stem = Path(fact["notebook"]).stem
        page = parsed(brief.html / "book" / "receipts" / f"{stem}.html")
        receipt = page.find(id=f"fact-{name.replace('.', '--')}")
        assert receipt is not None, name
        text = receipt.get_text(" ", strip=True)
        rows = [row for ids in fact["rows"].values() for row in ids]
        for wanted in (fact["display"], fact["label"], fact["how"], fact["cell"], *rows[:3]):
            assert wanted in text, (name, wanted)
        assert len(re.findall(r"SHA-256 [0-9a-f]{64}", text)) >= len(fact["rows"])
        if rows:
            csv = (brief.html / "book" / "receipts" / f"{name}.csv").read_text("utf-8")
            assert all(f",{row}," in csv for row in rows)


def test_the_old_address_of_a_receipt_still_leads_to_its_number(brief: Brief) -> None:
    page = parsed(brief.html / "book" / "receipts.html")
    for name, fact in brief.ledger["facts"].items():
        line = page.find(id=f"fact-{name.replace('.', '--')}")
        assert line is not None
        assert fact["display"] in line.get_text()


def test_no_page_of_receipts_is_a_monster(brief: Brief) -> None:
    sizes = {p.name: p.stat().st_size for p in (brief.html / "book").glob("receipts*/*.html")}
    assert {name: size for name, size in sizes.items() if size > 400_000} == {}


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def with_script(page: Page, address: str) -> None:
    """Open a page and wait for its script: it comes last, and a sooner click follows the link."""
    page.goto(address, wait_until="networkidle")


@pytest.fixture(params=["http", "file"])
def address(request: pytest.FixtureRequest, site: str, brief: Brief) -> str:
    """The site, over HTTP and from a file system."""
    return site if request.param == "http" else brief.html.as_uri()


def test_a_number_opens_its_receipt_in_place_and_gives_the_focus_back(
    desk: Page, address: str, brief: Brief
) -> None:
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    with_script(desk, f"{address}/book/findings/equipment-value.html")
    number = desk.locator(".we-find a.fact").first
    name = str(number.get_attribute("data-fact"))
    assert not any("/receipts/" in url for url in asked), "fetched only when opened"
    number.focus()
    desk.keyboard.press("Enter")
    dialog = desk.get_by_role("dialog", name="Receipt of $7.12 billion")
    dialog.wait_for()
    text = dialog.inner_text()
    fact = brief.ledger["facts"][name]
    for wanted in (str(fact["value"]), fact["how"], fact["cell"], "SHA-256", "as_of", "CNN"):
        assert wanted in text
    assert dialog.get_by_role("link", name="Download rows").get_attribute("href")
    assert dialog.get_by_role("button", name="Copy citation").is_visible()
    desk.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert desk.evaluate("document.activeElement.dataset.fact") == name


def test_links_in_a_receipt_lead_where_they_say(desk: Page, site: str) -> None:
    with_script(desk, f"{site}/book/findings/equipment-value.html")
    desk.locator(".we-find a.fact").first.click()
    desk.locator("dialog a[href]").first.wait_for()
    own = [a for a in desk.locator("dialog a[href]").evaluate_all("all => all.map(a => a.href)")
           if a.startswith(site)]  # fmt: skip
    assert len(own) >= 3
    for link in own:
        assert desk.request.get(link).ok, link
        if "#" in link and "cell-" in link:
            assert f'id="{link.partition("#")[2]}"' in desk.request.get(link).text()


def test_a_citation_can_be_copied(browser: Browser, site: str) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    with_script(page, f"{site}/book/findings/equipment-value.html")
    page.locator(".we-find a.fact").first.click()
    page.get_by_role("button", name="Copy citation").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "$7.12 billion" in copied
    assert f"{site}/book/receipts/equipment-value.html#fact-equipment-value--left" in copied
    context.close()


# A reader without a script.


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": SMALL, "height": 740}
    )
    yield context.new_page()
    context.close()


def test_without_a_script_text_charts_numbers_and_sources_are_there(
    plain_page: Page, site: str
) -> None:
    plain_page.goto(f"{site}/{HEAVY}")
    assert plain_page.locator(".drawing svg.narrow").first.is_visible()
    assert plain_page.locator(".we-find a.fact").first.is_visible()
    assert not plain_page.locator(".scripted:visible").count(), "nothing that would do nothing"
    assert plain_page.get_by_role("link", name="All 276 ways to compute it").is_visible()
    plain_page.get_by_text("Data as a table", exact=True).first.click()
    assert plain_page.locator("details.data table").first.is_visible()
    plain_page.locator(".we-find a.fact").first.click()
    assert "/book/receipts/neighbours.html#fact-" in plain_page.url
    assert plain_page.locator(":target .big").is_visible()


@pytest.mark.parametrize("font", ["our font", "the font before ours arrives"])
def test_on_a_phone_no_text_of_a_drawing_is_cut_off_and_no_verdict_is_broken(
    plain_page: Page, site: str, brief: Brief, font: str
) -> None:
    if font != "our font":
        plain_page.route("**/*.woff2", lambda route: route.abort())
    cut: dict[str, list[str]] = {}
    for name in pages(brief):
        if not parsed(brief.html / name).select(".chart svg.narrow"):
            continue
        plain_page.goto(f"{site}/{name}")
        cut[name] = plain_page.locator(".chart svg.narrow").evaluate_all(CUT)
    assert len(cut) > len(brief.ledger["claims"])
    assert {name: texts for name, texts in cut.items() if texts} == {}
    plain_page.goto(f"{site}/{FRONT}")
    boxes = [v.bounding_box() for v in plain_page.locator("table.board .verdict").all()]
    assert boxes
    assert max(box["height"] for box in boxes if box) < 30, "one line"


@pytest.mark.parametrize(("width", "kind"), [(SMALL, "narrow"), (1280, "broad")])
def test_no_text_of_a_drawing_lies_on_another(
    plain_page: Page, site: str, brief: Brief, width: int, kind: str
) -> None:
    """Two numbers that touch read as a third."""
    plain_page.set_viewport_size({"width": width, "height": 740})
    found: dict[str, list[str]] = {}
    for name in pages(brief):
        if parsed(brief.html / name).select(f".chart svg.{kind}"):
            plain_page.goto(f"{site}/{name}")
            found[name] = plain_page.locator(f".chart svg.{kind}").evaluate_all(OVERLAPPING)
    assert len(found) > len(brief.ledger["claims"])
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_without_a_script_the_contents_open_on_a_phone(plain_page: Page, site: str) -> None:
    plain_page.goto(f"{site}/index.html")
    contents = plain_page.locator("#contents")
    assert not contents.is_visible()
    plain_page.get_by_role("button", name="Contents").click()
    assert contents.get_by_role("link", name="The rise in attacks").is_visible()


# Keyboard, scheme, charts, choices, board, search.


def test_the_tab_key_leads_through_a_page_and_out_of_it(desk: Page, site: str) -> None:
    desk.goto(f"{site}/{HEAVY}", wait_until="networkidle")
    count = desk.evaluate(
        """() => { const all = [...document.querySelectorAll(
        'a[href], button, input, select, summary, [tabindex="0"]')].filter(e => e.checkVisibility());
        all.forEach((e, n) => e.dataset.stop = n); return all.length; }"""
    )
    seen = []
    for _ in range(count + 2):
        desk.keyboard.press("Tab")
        seen.append(desk.evaluate("document.activeElement.dataset.stop || ''"))
    assert seen[0] == "0"
    stops = [stop for stop in seen if stop]
    assert len(set(stops)) >= count - 1, "each can be reached"
    assert "" in seen, "and none keeps the reader"


def test_the_scheme_that_a_reader_chooses_stays(desk: Page, site: str) -> None:
    desk.goto(f"{site}/index.html")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = desk.evaluate(paper)
    desk.get_by_role("button", name="Dark").click()
    dark = desk.evaluate(paper)
    assert dark != light
    desk.goto(f"{site}/{HEAVY}")
    assert desk.evaluate(paper) == dark
    desk.get_by_role("button", name="Light").click()
    assert desk.evaluate(paper) == light


def test_a_chart_comes_alive_when_touched_and_asks_for_nothing_before(
    desk: Page, address: str
) -> None:
    asked: list[str] = []
    errors: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    desk.on("console", lambda said: said.type == "error" and errors.append(said.text))
    desk.goto(f"{address}/book/findings/attack-frequency.html")
    button = desk.get_by_role("button", name="Make the chart live").first
    button.wait_for()
    assert not any("vega" in url for url in asked)
    button.click()
    desk.locator(".live svg").wait_for()
    assert any(url.endswith("_static/vega.js") for url in asked)
    desk.locator(".live svg .mark-symbol.role-mark path").nth(4).hover(force=True)
    tooltip = desk.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert "PICSS attacks" in tooltip.inner_text()
    assert errors == [], "no eval, no style in the page"


def test_a_reader_who_tries_to_break_a_claim_reads_the_computed_grid(
    desk: Page, address: str, brief: Brief
) -> None:
    claim = brief.ledger["claims"]["attack-frequency"]
    desk.goto(f"{address}/book/findings/attack-frequency.html")
    series = desk.get_by_label("Series")
    outcome = desk.locator(".try output")
    for wanted in dict.fromkeys(row["series"] for row in claim["specifications"]):
        option = series.locator(f'option[data-words="{wanted}"]')
        series.select_option(value=str(option.get_attribute("value")))
        desk.wait_for_url(lambda url, wanted=wanted: f"series={quote_plus(wanted)}&" in url)
        chosen = desk.evaluate(
            "[...document.querySelectorAll('.try select')].map(s => [s.name, s.selectedOptions[0].dataset.words])"
        )
        row = next(
            row for row in claim["specifications"] if all(str(row[k]) == v for k, v in chosen)
        )
        said = outcome.inner_text()
        assert f"{row['estimate']:.2f}" in said or f"{row['estimate']:.2f}"[:-1] in said
        assert ("does not hold" in said) == (not row["holds"])


def test_a_choice_can_be_shared_as_a_link(desk: Page, address: str) -> None:
    desk.goto(f"{address}/book/findings/attack-frequency.html")
    first = desk.locator(".try output").inner_text()
    desk.get_by_label("Window").select_option(index=3)
    desk.wait_for_url("**#try&*")
    said, shared = desk.locator(".try output").inner_text(), desk.url
    assert said != first
    desk.goto("about:blank")
    desk.goto(shared)
    expect(desk.locator(".try output")).to_have_text(said.partition(" No published")[0])


def test_every_specification_stands_in_a_table_and_a_csv(brief: Brief) -> None:
    for name, claim in brief.ledger["claims"].items():
        rows = claim["specifications"]
        if len(rows) < 2:
            continue
        folder = brief.html / "book" / "specifications"
        assert len(parsed(folder / f"{name}.html").select("tbody tr")) == len(rows)
        assert len((folder / f"{name}.csv").read_text("utf-8").splitlines()) == len(rows) + 1


def test_the_board_can_be_filtered_and_the_filter_shared(
    desk: Page, site: str, brief: Brief
) -> None:
    many = sum(claim["verdict"] == "not-supported" for claim in brief.ledger["claims"].values())
    desk.goto(f"{site}/index.html")
    rows = desk.locator("table.board tbody tr:visible")
    assert rows.count() == len(brief.ledger["claims"])
    desk.get_by_role("radio", name="Not supported as worded").check(force=True)
    assert rows.count() == many
    shared = desk.url
    desk.goto("about:blank")
    desk.goto(shared)
    desk.get_by_role("radio", name="Not supported as worded").wait_for()
    assert rows.count() == many


@pytest.mark.parametrize(
    ("asked", "kind", "title"),
    [
        ("assault rifles", "Claim", "Assault rifles recovered"),
        ("7.12", "Number", "$7.12 billion"),
        ("eurasia review", "Source", "Unchecked Arms"),
        ("how verdicts", "Page", "How verdicts are made"),
    ],
)
def test_search_finds_claims_numbers_sources_and_pages(
    desk: Page, brief: Brief, asked: str, kind: str, title: str
) -> None:
    """From a file system, so without any server."""
    desk.goto(f"{brief.html.as_uri()}/search.html")
    desk.get_by_role("searchbox").fill(asked)
    found = desk.locator(".results li").first
    found.wait_for()
    listed = desk.locator(".results li").all_inner_texts()
    assert any(title in entry and kind in entry for entry in listed), listed[:5]


def test_the_site_works_under_a_sub_path(desk: Page, brief: Brief, tmp_path: Path) -> None:
    (tmp_path / "brief").symlink_to(brief.html)
    failed: list[str] = []
    desk.on("response", lambda answer: answer.status >= 400 and failed.append(answer.url))
    with lighthouse.served(tmp_path) as address:
        desk.goto(f"{address}/brief/{HEAVY}", wait_until="networkidle")
        desk.locator(".we-find a.fact").first.click()
        desk.get_by_role("dialog").wait_for()
        desk.goto(f"{address}/brief/", wait_until="networkidle")
    assert failed == []


# Machines.

CLAIM_REVIEW = {
    "type": "object",
    "required": ["@context", "@type", "url", "claimReviewed", "author", "datePublished",
                 "reviewRating", "itemReviewed"],
    "properties": {
        "@context": {"const": "https://schema.org"},
        "@type": {"const": "ClaimReview"},
        "url": {"type": "string", "minLength": 1},
        "claimReviewed": {"type": "string", "minLength": 1},
        "datePublished": {"type": "string", "format": "date"},
        "author": {"type": "object", "required": ["@type", "name"]},
        "reviewRating": {
            "type": "object", "required": ["@type", "alternateName"],
            "properties": {"@type": {"const": "Rating"},
                           "ratingValue": {"type": "integer", "minimum": 1, "maximum": 5}},
            "dependentRequired": {"ratingValue": ["bestRating", "worstRating"]},
        },
        "itemReviewed": {
            "type": "object", "required": ["@type", "author", "datePublished", "appearance"],
            "properties": {"@type": {"const": "Claim"},
                           "appearance": {"type": "object", "required": ["@type", "url"]}},
        },
    },
}  # fmt: skip
DESCRIBED = {
    "type": "object",
    "required": ["@type", "name", "description", "license", "author", "datePublished", "version"],
    "properties": {"description": {"type": "string", "minLength": 50, "maxLength": 5000}},
}


def linked_data(page: Path) -> dict[str, Any]:
    found = parsed(page).select_one('script[type="application/ld+json"]')
    assert found is not None, page
    content: dict[str, Any] = json.loads(found.string or "")
    return content


def test_every_finding_is_a_valid_claim_review(brief: Brief) -> None:
    import jsonschema

    for claim in brief.ledger["claims"].values():
        review = linked_data(brief.html / f"{claim['page']}.html")
        jsonschema.validate(review, CLAIM_REVIEW)
        assert review["claimReviewed"] == claim["says"]
        assert review["url"] == f"{Path(claim['page']).name}.html", "read from the page itself"
        said_by = review["itemReviewed"]["author"]
        assert (said_by == metadata.AUTHOR) == claim["own"], "our own question is not the op-ed's"
        assert ("ratingValue" in review["reviewRating"]) == (
            claim["verdict"] != "cannot-be-verified"
        )


def test_the_front_page_describes_a_report_and_its_data(brief: Brief) -> None:
    import jsonschema

    graph = {node["@type"]: node for node in linked_data(brief.html / "index.html")["@graph"]}
    assert set(graph) == {"Report", "Dataset"}
    for node in graph.values():
        jsonschema.validate(node, DESCRIBED)
    for file in graph["Dataset"]["distribution"]:
        assert (brief.html / file["contentUrl"]).exists()
    assert len(graph["Report"]["hasPart"]) == len(brief.ledger["claims"])


def test_every_finding_has_a_twin_as_data(brief: Brief) -> None:
    for name, claim in brief.ledger["claims"].items():
        twin = json.loads((brief.html / f"{claim['page']}.json").read_text("utf-8"))
        assert twin["id"] == name
        assert twin["claim"] == claim
        assert set(twin["facts"]) == set(claim["facts"])
        link = parsed(brief.html / f"{claim['page']}.html").select_one(
            'link[type="application/json"]'
        )
        assert link is not None
        assert (brief.html / claim["page"]).parent.joinpath(str(link["href"])).exists()


def test_the_research_object_lists_files_that_are_there(brief: Brief) -> None:
    crate = json.loads((brief.html / "ro-crate-metadata.json").read_text("utf-8"))
    nodes = {node["@id"]: node for node in crate["@graph"]}
    assert nodes["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    parts = [part["@id"] for part in nodes["./"]["hasPart"]]
    assert len(parts) > 50
    assert all(part in nodes and (brief.html / part).is_file() for part in parts)


def test_the_ledger_in_the_site_is_the_ledger(brief: Brief) -> None:
    assert (brief.html / "ledger.json").read_bytes() == (brief.out / "ledger.json").read_bytes()
    assert (brief.html / "brief.pdf").read_bytes() == brief.pdf.read_bytes()


def test_the_feed_names_every_edition(brief: Brief) -> None:
    feed = BeautifulSoup((brief.html / "feed.xml").read_bytes(), "xml")
    names = [entry.title.get_text() for entry in feed.select("entry")]
    assert names == [f"Edition {path.stem}" for path in
                     sorted((brief.root / "editions").glob("*.yml"), reverse=True)]  # fmt: skip
    ids = [found.get_text() for found in feed.select("id")]
    assert len(set(ids)) == len(names) + 1
    assert all(found.startswith("urn:uuid:") for found in ids)


def test_every_chart_offers_its_data_and_a_specification_that_draws(brief: Brief) -> None:
    import vl_convert

    charts = brief.ledger["charts"]
    for key in charts:
        csv = (brief.html / "book" / "charts" / f"{key}.csv").read_text("utf-8")
        assert len(csv.splitlines()) >= 2
    key = max(charts, key=lambda key: len(charts[key]["svg"]))
    text = (brief.html / "book" / "charts" / f"{key}.js").read_text("utf-8")
    specification = json.loads(text[text.index(",") + 1 : text.rindex(")")])
    drawn = vl_convert.vegalite_to_svg(specification, vl_version="6.1")
    assert drawn.count("<path") > 100


def test_the_page_for_lost_readers_starts_its_links_from_the_place_of_the_site() -> None:
    """A host shows this page in the place of any that is missing, under the site's own path."""
    config = SimpleNamespace(html_baseurl="https://example.org/brief/")
    (_, _, _), (_, context, _) = search.pages(SimpleNamespace(config=config))  # type: ignore[arg-type]
    assert context["own_root"] == "/brief/"


def test_every_chart_of_a_notebook_has_a_text_alternative(brief: Brief) -> None:
    drawings = [svg for path in (brief.html / "notebooks").glob("*.html")
                for svg in parsed(path).select(".drawing svg")]  # fmt: skip
    assert len(drawings) >= len(brief.ledger["charts"])
    assert all(str(svg["aria-label"]).strip() for svg in drawings)
    assert not list((brief.html / "notebooks").glob("*.svg"))


def test_the_published_address_reaches_cards_feed_and_sitemap(brief: Brief, tmp_path: Path) -> None:
    """Without it there is no sitemap, which may hold absolute addresses only."""
    assert not (brief.html / "sitemap.xml").exists()
    base = "https://example.org/brief/"
    config = SimpleNamespace(html_baseurl="", project="A brief", author="armsbrief")
    app: Any = SimpleNamespace(config=config, outdir=str(tmp_path), armsbrief_ledger=brief.ledger,
                               armsbrief_sources=sources())  # fmt: skip
    app.env = SimpleNamespace(app=app)  # as in Sphinx
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(metadata.BASE, base.rstrip("/"))
        metadata.set_base(app, config)  # type: ignore[arg-type]
    for page in ("index", "book/limits", "404"):
        write(app, f"{page}.html", "")
    head = metadata.head(app, metadata.Described("book/limits", "Limits", "What is weak.", "../"))
    cards = dict(head["cards"])
    assert cards["og:url"] == f"{base}book/limits.html"
    assert cards["og:image"] == f"{base}_static/card.png"
    assert (brief.html / "_static" / "card.png").read_bytes().startswith(b"\x89PNG")
    assert {"rel": "canonical", "href": cards["og:url"]} in head["links"]
    whole.write_feed(app)
    whole.write_sitemap(app)
    assert (
        f'href="{base}editions/{brief.ledger["edition"]}/"' in (tmp_path / "feed.xml").read_text()
    )
    sitemap = BeautifulSoup((tmp_path / "sitemap.xml").read_bytes(), "xml")
    assert [loc.get_text() for loc in sitemap.select("loc")] == [f"{base}book/limits.html", base]
    assert f"Sitemap: {base}sitemap.xml" in (tmp_path / "robots.txt").read_text()
