"""The pages as a reader gets them: every number, every verdict, every other digit, the metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml.etree import XPath
from lxml.html import fragment_fromstring

from armsbrief.verify.cover import joined
from armsbrief.verify.published import DIGIT, Published, squeezed
from armsbrief.verify.report import Check
from armsbrief.words import VERDICT

Element = Any  # of lxml, which is not checked here

# A block is the smallest piece of a page that is read as one text.
_BLOCKS = ("p", "li", "td", "th", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption",
           "caption", "summary", "blockquote", "label", "option", "pre")  # fmt: skip
# Numbers and verdicts are compared one by one, drawings as drawings; a citation names its source,
# and what is marked as generated (a count, a receipt, this verification) is no prose.
_APART = (
    "fact", "verdict", "headerlink", "drawing", "citation", "citation-reference",
    "caption-number",
)  # fmt: skip
_NOT_READ = (
    "script",
    "style",
    "table",
    "svg",
    "cite",
    "template",
    "input",
    "textarea",
    "select",
    "button",
    "footer",
    "nav",
)
_GENERATED = ("receipt", "bibtex", "bibliography", "citation", "verification", "generated")
DESCRIBED = ("description", "og:title", "og:desc", "twitter:", "citation")  # beginnings of names
MAIN = "//main | //article | //*[@role='main']"
_CUT = "…"
_ANCHOR = re.compile(r"#fact-(.+)$")
_LABEL = re.compile(r"\[[^\[\]]*\d[^\[\]]*\]")
# Keys of linked data that are no measurements: scales, positions, dates of publication.
_SCALE = ("ratingValue", "bestRating", "worstRating", "position", "version", "datePublished",
          "dateModified", "url", "@id", "@context", "contentUrl", "citation", "license",
          "sha256", "contentSize", "temporalCoverage")  # fmt: skip


_WITH_CLASS = XPath(
    ".//*[@class and contains(concat(' ', normalize-space(@class), ' '), concat(' ', $name, ' '))]"
)


def check_numbers(edition: Published) -> Check:
    """Compare every number element with the ledger's display form."""
    check = Check("every number on every page is the ledger's")
    seen = 0
    for page, tree in edition.pages.items():
        for element in with_class(tree, "fact"):
            seen += 1
            check.failures += _wrong_number(edition, page, element)
        for element in _receipts(tree):
            seen += 1
            check.failures += _wrong_receipt(edition, page, element)
        for element in with_class(tree, "number"):
            seen += 1
            check.failures += _wrong_line(edition, page, element)
    check.looked_at = f"{seen:,} numbers on {len(edition.pages)} pages"
    return check


def _wrong_number(edition: Published, page: str, element: Element) -> Iterator[str]:
    fact, shown = _fact_of(element), squeezed(_text(element))
    if fact is None:
        yield f"{page}: {shown!r} is marked as a number and names no fact"
    elif fact not in edition.facts:
        yield f"{page}: {shown!r} names the fact {fact!r}, which the ledger has not"
    elif shown != squeezed(edition.facts[fact]["display"]):
        yield f"{page}: {fact} shows {shown!r}; the ledger has {edition.facts[fact]['display']!r}"


def _fact_of(element: Element) -> str | None:
    """Return the id that a number names, or else the one that its link leads to."""
    if named := element.get("data-fact"):
        return str(named)
    links = [element, *element.iterancestors("a"), *element.iterdescendants("a")]
    for link in links:
        if found := _ANCHOR.search(link.get("href", "")):
            return found.group(1).replace("--", ".")
    return None


def _receipts(tree: Element) -> Iterator[Element]:
    yield from (e for e in with_class(tree, "receipt") if e.get("id", "").startswith("fact-"))


def _wrong_receipt(edition: Published, page: str, element: Element) -> Iterator[str]:
    """A receipt must show the display form and the full value of its fact."""
    name = element.get("id", "").removeprefix("fact-").replace("--", ".")
    fact, text = edition.facts.get(name), squeezed(_text(element))
    if fact is None:
        yield f"{page}: there is a receipt of {name!r}, which the ledger has not"
        return
    for wanted in (fact["display"], fact["label"], fact["how"]):
        if squeezed(wanted) not in text:
            yield f"{page}: the receipt of {name} does not say {wanted!r}"
    value = fact["value"]
    if isinstance(value, int | float) and not isinstance(value, bool) and repr(value) not in text:
        yield f"{page}: the receipt of {name} does not give its full value {value!r}"


def _wrong_line(edition: Published, page: str, element: Element) -> Iterator[str]:
    """A line of the list of receipts must show the display form, the label and the cell."""
    name = element.get("id", "").removeprefix("fact-").replace("--", ".")
    fact = edition.facts.get(name, {"display": "", "label": "", "cell": ""})
    wanted = f"{fact['display']} — {fact['label']}. Receipt, cell {fact['cell']}"
    if squeezed(_text(element)).rstrip("¶#") != squeezed(wanted):
        yield f"{page}: {_text(element)!r} is the line of {name}, which is {wanted!r}"


def check_verdicts(edition: Published) -> Check:
    """Compare every verdict shown with its class, and each finding's with the ledger."""
    check = Check("every verdict on every page is the ledger's")
    seen, found = 0, set()
    claims = edition.ledger["claims"]
    for page, tree in edition.pages.items():
        for element in with_class(tree, "verdict"):
            seen += 1
            kinds = [c[8:] for c in element.get("class").split() if c.startswith("verdict-")]
            words = squeezed(_text(element))
            if not any(VERDICT.get(kind) == words for kind in kinds):
                check.failures.append(f"{page}: a verdict of class {kinds} reads {words!r}")
        for head in tree.xpath("//*[starts-with(@id, 'claim-')]"):
            name = head.get("id").removeprefix("claim-")
            shown = [e.get("class") for e in with_class(head, "verdict")]
            if name in claims and shown:
                found.add(name)
                verdict = claims[name]["verdict"]
                if f"verdict-{verdict}" not in shown[0].split():
                    check.failures.append(
                        f"{page}: {name} is shown as {shown[0]!r}; the ledger has {verdict!r}"
                    )
        for element in with_class(tree, "generated"):
            seen += 1
            check.failures += _wrong_count(edition, page, element)
    check.failures += [
        f"no page shows the verdict of {name}" for name in claims if name not in found
    ]
    check.looked_at = f"{seen} verdicts of {len(claims)} claims"
    return check


def _wrong_count(edition: Published, page: str, element: Element) -> Iterator[str]:
    """Count again what a page says of how many claims there are of a kind."""
    verdicts = [claim["verdict"] for claim in edition.ledger["claims"].values()]
    for kind in [c[6:] for c in element.get("class").split() if c.startswith("count-")]:
        number = len(verdicts) if kind == "claims" else verdicts.count(kind)
        if _text(element).strip() != str(number):
            yield f"{page}: {_text(element)!r} is shown as the count of {kind}; it is {number}"


def check_strays(edition: Published) -> Check:
    """Find digits on pages that nothing accounts for."""
    check = Check("no digit on a page without a fact, a source or a name behind it")
    seen = notebooks = 0
    for page, tree in edition.pages.items():
        if page.startswith("notebooks/"):
            notebooks += 1
            continue
        for text in _texts(tree):
            seen += 1
            if left := edition.unexplained(text):
                check.failures.append(f"{page}: …{left}…")
    check.looked_at = f"{seen:,} texts on {len(edition.pages) - notebooks} pages"
    check.not_checked.append(
        f"{notebooks} notebook pages are compared by the facts that they show, not word by word"
    )
    return check


def _texts(tree: Element) -> Iterator[str]:
    """Yield the text of every block without its numbers, verdicts, drawings and citations.

    Tables are compared as tables.
    """
    for main in tree.xpath(MAIN)[:1]:
        blocks: list[list[str]] = []
        _read(main, [], blocks)
        for parts in blocks:
            text = _LABEL.sub("", "".join(parts))
            if DIGIT.search(text):
                yield text


def _read(element: Element, parts: list[str], blocks: list[list[str]]) -> None:
    """Add the text of an element to its block's, and each block in it as one of its own."""
    parts.append(element.text or "")
    for inner in element:
        if not isinstance(inner.tag, str) or _is_apart(inner):
            parts.append(" ")
        elif inner.tag in _BLOCKS:
            parts.append(" ")
            blocks.append([])
            _read(inner, blocks[-1], blocks)
        else:
            _read(inner, parts, blocks)
        parts.append(inner.tail or "")


def is_generated(element: Element) -> bool:
    """Tell whether an element lies in a place that is no prose, or is marked as generated."""
    return any(_is_apart(part) for part in (element, *element.iterancestors()))


def _is_apart(element: Element) -> bool:
    classes = element.get("class", "").split()
    return (
        element.tag in _NOT_READ
        or any(c in _APART or c in _GENERATED for c in classes)
        or element.get("role") in ("doc-bibliography", "doc-biblioentry", "doc-biblioref")
    )


def check_notebooks(edition: Published) -> Check:
    """Look on the page of every notebook for the facts that it records."""
    check = Check("every notebook page shows the facts of the ledger")
    texts = {
        page.removesuffix(".html"): squeezed(_text(tree))
        for page, tree in edition.pages.items()
        if page.startswith("notebooks/")
    }
    for name, fact in edition.facts.items():
        page = fact["notebook"].removesuffix(".ipynb")
        if squeezed(f"{name} = {fact['display']} [{fact['label']}") not in texts.get(page, ""):
            check.failures.append(f"{page}.html: does not show {name} = {fact['display']!r}")
    check.looked_at = f"{len(edition.facts)} facts on {len(texts)} pages"
    return check


def check_charts(edition: Published) -> Check:
    """Compare the texts drawn in every chart with those of the ledger's drawing."""
    check = Check("every chart says what the notebook drew")
    charts = {f"chart-{k.replace('.', '--')}": v for k, v in edition.ledger["charts"].items()}
    seen = 0
    for page, tree in edition.pages.items():
        for box in tree.xpath("//*[starts-with(@id, 'chart-')]"):
            chart = charts.get(box.get("id"))
            if chart is None:
                continue
            seen += 1
            wanted = _drawn(fragment_fromstring(chart["svg"]))
            for drawing in box.iterdescendants("svg"):
                # For phones it is drawn anew, with other ticks.
                if "narrow" not in drawing.get("class", "").split() and _drawn(drawing) != wanted:
                    check.failures.append(f"{page}: {box.get('id')} shows other texts")
    check.looked_at = f"{seen} charts"
    check.not_checked.append(
        "whether a mark stands at the right height: only texts are compared; of drawings for "
        "phones only that they are drawn the same again"
    )
    return check


def _drawn(drawing: Element) -> list[str]:
    """Return the texts of a drawing in their order."""
    texts = [_text(text) for text in drawing.iter("text", "title", "desc")]
    return [*texts, drawing.get("aria-label", "")]


def check_metadata(edition: Published) -> Check:
    """Compare the digits in linked data, descriptions and cards with what the ledger says."""
    check = Check("every number in the metadata is the ledger's")
    seen = 0
    for page, tree in edition.pages.items():
        for where, text in () if page.startswith("notebooks/") else _metadata(tree):
            seen += 1
            if left := _unexplained(edition, text):
                check.failures.append(f"{page}: {where}: …{left}…")
    check.looked_at = f"{seen:,} texts of linked data, descriptions and cards"
    return check


def _unexplained(edition: Published, text: str) -> str:
    """Return what stands around a digit that nothing accounts for; a sentence may be cut short."""
    if text.endswith(_CUT):
        begun = joined(text.removesuffix(_CUT))
        sentences = (joined(claim["sentence"]) for claim in edition.ledger["claims"].values())
        if any(sentence.startswith(begun) for sentence in sentences):
            return ""
    return edition.unexplained(text)


def _metadata(tree: Element) -> Iterator[tuple[str, str]]:
    for script in tree.xpath("//script[@type='application/ld+json']"):
        yield from (("JSON-LD", text) for text in _measured(json.loads(script.text or "null")))
    for meta in tree.xpath("//meta[@content]"):
        name = meta.get("name") or meta.get("property") or ""
        if name.startswith(DESCRIBED):
            yield name, meta.get("content")
    yield from (("title", _text(title)) for title in tree.xpath("//head/title"))


def _measured(content: Any) -> Iterator[str]:
    """Yield every text and number of linked data but scales, addresses and dates."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if key not in _SCALE:
                yield from _measured(value)
    elif isinstance(content, list):
        for value in content:
            yield from _measured(value)
    elif isinstance(content, str | int | float) and not isinstance(content, bool):
        yield str(content)


def with_class(tree: Element, name: str) -> list[Element]:
    """Return the elements of a page that have a class."""
    found: list[Element] = _WITH_CLASS(tree, name=name)
    return found


def _text(element: Element) -> str:
    return "".join(element.itertext())
