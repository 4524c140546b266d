"""From one long page to a tagged PDF: the answer first, numbered receipts, WeasyPrint."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from lxml import html as markup
from lxml.html import HtmlElement as Element

from armsbrief.drawing import FONT_FOLDER
from armsbrief.errors import LedgerError

_SHORTEST_RUN = 3
_VARIANT = "pdf/ua-1"


def make_pdf(page: Path, out: Path) -> Path:
    """Set the single page of the brief as a tagged PDF.

    Raises
    ------
    LedgerError
        If the page lacks its contents, or a number leads to no receipt.
    """
    save(laid_out(finished(page.read_text(encoding="utf-8")), page), out)
    return out


def laid_out(html: str, base: Path, style: str = "") -> Any:
    """Lay HTML out on tagged pages, in our own fonts.

    Parameters
    ----------
    html : str
        The page.
    base : pathlib.Path
        Addresses in the page are relative to this file.
    style : str
        A style sheet beside those that the page names.
    """
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    fonts = FontConfiguration()
    css = weasyprint.CSS(string=_fonts() + style, font_config=fonts)
    page = weasyprint.HTML(string=html, base_url=str(base))
    return page.render(stylesheets=[css], font_config=fonts, pdf_variant=_VARIANT)


def as_pdf(document: Any, **options: Any) -> bytes:
    """Return laid out pages as a PDF that passes the rules of accessibility."""
    made: bytes = document.write_pdf(pdf_variant=_VARIANT, **options)
    return made


def save(document: Any, out: Path) -> None:
    """Write laid out pages as such a PDF."""
    out.write_bytes(as_pdf(document))


def finished(html: str) -> str:
    """Return the page as it goes to print.

    Names in drawings come out in small letters; a browser's parser, and that of
    WeasyPrint, gives them their case again.
    """
    root = markup.document_fromstring(html, markup.HTMLParser(remove_comments=True))
    _name_drawings(root)
    _answer_first(root)
    _anchor_in_headings(root)
    _number_receipts(root)
    for receipt in _of_class(root, "receipt"):
        _shorten_citations(receipt)
    return f"<!DOCTYPE html>{markup.tostring(root, encoding='unicode')}"


def _of_class(root: Element, name: str) -> list[Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]


def _name_drawings(root: Element) -> None:
    """Give every drawing the text alternative where WeasyPrint looks for it: in its title."""
    for drawing in root.iter("svg"):
        title = drawing.find("title")
        if title is not None and drawing.get("aria-label"):
            title.text = drawing.get("aria-label")


def _answer_first(root: Element) -> None:
    """Put the contents after the front page: the reader came for the answer."""
    contents, chapters = _of_class(root, "contents"), _of_class(root, "toctree-wrapper")
    if not contents or not chapters:
        raise LedgerError("the page for print has no contents.")
    chapters[0].addprevious(contents[0])


def _anchor_in_headings(root: Element) -> None:
    """Put the anchor of a page into its heading: before it, it may stay on the page before."""
    for around in list(root.iter()):
        for anchor, section in list(pairwise(around)):
            heading = section.find("h2")
            if anchor.get("id", "").startswith("document-") and heading is not None:
                around.remove(anchor)
                anchor.tail = None
                heading.insert(0, anchor)


def _number_receipts(root: Element) -> None:
    """Number the receipts that the page leads to, drop the others, and mark every link to one.

    A mark starts with a letter, so that a number copied with its mark is not
    another number.
    """
    used = _reached(root)
    numbers: dict[str, str] = {}
    for receipt in _of_class(root, "receipt"):
        name = receipt.get("id", "")
        if name in used:
            numbers[name] = f"r{len(numbers) + 1}"
            receipt.insert(0, _element("span", "receipt-number", numbers[name]))
        else:
            receipt.getparent().remove(receipt)
    for link in _links(root):
        name = _target(link)
        if name not in numbers:
            raise LedgerError(f"on paper a number leads to the receipt {name!r}; there is none.")
        link.append(_element("span", "mark", numbers[name]))


def _reached(root: Element) -> set[str]:
    """Return the receipts that the text leads to, and those that these lead to."""
    receipts = _of_class(root, "receipt")
    onward = {r.get("id", ""): {_target(link) for link in _links(r)} for r in receipts}
    inside = {link for receipt in receipts for link in _links(receipt)}
    found = {_target(link) for link in _links(root) if link not in inside}
    fresh = set(found)
    while fresh:
        fresh = set[str]().union(*(onward.get(name, set()) for name in fresh)) - found
        found |= fresh
    return found


def _target(link: Element) -> str:
    return str(link.get("href", "")).removeprefix("#")


def _links(root: Element) -> Iterator[Element]:
    for element in root.iter("a"):
        if {"fact", "to-receipt"} & set(element.get("class", "").split()):
            yield element


def _element(tag: str, name: str, text: str) -> Element:
    made = markup.Element(tag, {"class": name})
    made.text = text
    return made


def _shorten_citations(receipt: Element) -> None:
    """Write a run of citations, 4, 5, 6, 7, as 4–7: both ends stay links."""
    for around in [element for element in receipt.iter() if _cited(element)]:
        children = list(around)
        run: list[Element] = []
        for child, following in [*pairwise(children), (children[-1], None)]:
            run.append(child)
            if following is None or not _next_to(child, following):
                _close(around, run)
                run = []


def _cited(element: Element) -> bool:
    """Tell whether an element holds citations: links whose text is a number."""
    links = [c for c in element if c.tag == "a" and re.fullmatch(r"\d+", "".join(c.itertext()))]
    return len(links) >= _SHORTEST_RUN


def _next_to(one: Element, other: Element) -> bool:
    said, then = "".join(one.itertext()), "".join(other.itertext())
    return said.isdecimal() and then.isdecimal() and int(then) == int(said) + 1


def _close(around: Element, run: list[Element]) -> None:
    """Keep the ends of a run."""
    if len(run) < _SHORTEST_RUN:
        return
    run[0].tail = "–"
    for middle in run[1:-1]:
        around.remove(middle)


def _fonts() -> str:
    faces = {("normal", 400): "Regular", ("italic", 400): "Italic", ("normal", 700): "Bold",
             ("italic", 700): "BoldItalic"}  # fmt: skip
    return "\n".join(
        f"@font-face {{ font-family: Lato; font-style: {style}; font-weight: {weight}; "
        f"src: url({(FONT_FOLDER / f'Lato-{name}.ttf').as_uri()}) }}"
        for (style, weight), name in faces.items()
    )
