"""The PDF: its text must say what the ledger says, and no number that nothing accounts for."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from armsbrief import manifest, onepage
from armsbrief.verify.published import DIGIT, TOKEN, Published
from armsbrief.verify.report import Check

_SAID = ("says", "sentence", "counter_evidence", "limits")
_ASKED = ("asks", "first_step", "indicator")
_RECEIPT = re.compile(r"(?<=\S)r\d+\b")  # a number's receipt stands raised behind it
_BETWEEN = re.compile(r"[\s\u00ad\u2010-]+")


def check_pdf(edition: Published) -> Check:
    """Look for every text of the ledger in the PDF, and in the ledger for every number of it."""
    check = Check("the PDF says what the ledger says")
    pages = text_of(edition.folder / "brief.pdf")
    check.failures += wrong_texts(edition, pages)
    check.looked_at = f"{len(_expected(edition))} texts and all numbers on {len(pages)} pages"
    check.not_checked.append("how the PDF looks: its text is read, not its picture")
    return check


def check_one_page(edition: Published) -> Check:
    """Look in the PDFs of one page for each finding, the ledger's hash and foreign numbers."""
    check = Check("the PDFs of one page say what the ledger says")
    digest = manifest.digest(edition.folder / "ledger.json")
    known = _tokens(edition, 1)
    found_as = [(f"claims.{name}.found_as", claim["found_as"])
                for name, claim in edition.ledger["claims"].items()]  # fmt: skip
    for name in onepage.SIZES:
        path = edition.folder / name
        if not path.is_file():
            check.failures.append(f"{name}: not there")
            continue
        text = "\n".join(text_of(path))
        joined = _joined(text)
        for where, said in [*found_as, ("the hash", digest)]:
            if _joined(said) not in joined:
                check.failures.append(f"{name}: does not say {where} of the ledger: {said!r}")
        foreign = sorted({t for t in TOKEN.findall(text.replace(digest, "")) if t not in known})
        check.failures += [f"{name}: {token} is no number we know of" for token in foreign]
    check.looked_at = f"{len(found_as)} texts and all numbers in {len(onepage.SIZES)} files"
    return check


def wrong_texts(edition: Published, pages: list[str]) -> list[str]:
    """Return what the text of a PDF lacks of the ledger, and the numbers that it has beyond."""
    found = []
    whole = "".join(map(_joined, pages))
    for where, text in _expected(edition):
        if _joined(text) not in whole:
            found.append(f"brief.pdf: does not say {where} of the ledger: {text!r}")
    known = _tokens(edition, len(pages))
    for number, page in enumerate(pages, start=1):
        foreign = sorted({t for t in TOKEN.findall(page) if t not in known})
        found += [f"brief.pdf, page {number}: {token} is no number we know of"
                           for token in foreign]  # fmt: skip
    _, _, listed = "\n".join(pages).rpartition("\nSources\n")
    labels = [int(label) for label in _LABEL.findall(listed)]
    if labels != list(range(1, len(labels) + 1)):
        found.append("brief.pdf: the list of sources is not numbered one after the other")
    return found


def text_of(pdf: Path) -> list[str]:
    """Return the text of each page of a PDF, without the marks of receipts."""
    from pypdf import PdfReader

    # A font with a sign beyond the first plane, such as an emoji, is read with noughts between.
    texts = [page.extract_text().replace("\0", "") for page in PdfReader(pdf).pages]
    return [_RECEIPT.sub("", text) for text in texts]


_LABEL = re.compile(r"(?m)^\[(\d+)\] (?=\S)")


def _joined(text: str) -> str:
    """Drop what a line break may change: spaces and hyphens; and the form of quotation marks."""
    text = unicodedata.normalize("NFKC", text).translate(str.maketrans("“”‘’", "\"\"''"))
    return _BETWEEN.sub("", text.replace("...", "…"))


def _expected(edition: Published) -> list[tuple[str, str]]:
    found: list[tuple[str, Any]] = []
    for kind, keys in (("claims", _SAID), ("recommendations", _ASKED)):
        for name, entry in edition.ledger[kind].items():
            found += [(f"{kind}.{name}.{key}", entry[key]) for key in keys]
    texts = [(where, text) for where, value in found
             for text in ([value] if isinstance(value, str) else value)]  # fmt: skip
    return [(where, text) for where, text in texts if DIGIT.search(text)]


def _tokens(edition: Published, pages: int) -> set[str]:
    """Return every number that may stand on paper: the ledger's, the sources', plain counts."""
    counted = max(pages, len(edition.facts), len(edition.sources))
    return edition.tokens | {str(n) for n in range(counted + 1)} | edition.plotted
