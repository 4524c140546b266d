"""The PDFs: they say what the ledger says, and every number of theirs stands in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from armsbrief import manifest, onepage, words
from armsbrief.sphinx_ext.addresses import anchor
from armsbrief.verify import pdf, placed
from armsbrief.verify.appendix import AS_IN, Receipts, Sources
from armsbrief.verify.cover import Cover, joined
from armsbrief.verify.pdf import Flow, Paper
from armsbrief.verify.published import Published
from armsbrief.verify.report import Check

_SAID = ("says", "sentence", "counter_evidence", "limits")
_ASKED = ("asks", "first_step", "indicator")
ONE_PAGE, ON_ONE_PAGE = tuple(onepage.SIZES), "the PDFs of one page say what the ledger says"
_FOOT = re.compile(r"\n(?P<above>[^\n]*)\nEdition (?P<edition>\S+) (?P<page>\d+) / (?P<of>\d+)\s*$")
_BULLET = re.compile(
    r"^(?:•|(\d{1,2})\.) ?$", re.MULTILINE
)  # set apart from what they stand before
_DOTS = r"[….]{2,}(\d+)"


def check_pdf(edition: Published) -> Check:
    """Look for every text of the ledger in the PDF, and in the ledger for every number of it."""
    check = Check("the PDF says what the ledger says")
    paper = pdf.read(edition.folder / "brief.pdf")
    check.failures += [*wrong_texts(edition, paper), *_unlike_copy(edition, "brief.pdf")]
    digits = sum(map(str.isdigit, "".join(paper.pages)))
    check.looked_at = (
        f"{len(_expected(edition))} texts and all {digits:,} digits on {len(paper.pages)} pages"
    )
    check.not_checked.append("how the PDF looks: its text is read, not its picture")
    return check


def _unlike_copy(edition: Published, name: str) -> Iterator[str]:
    """Compare a PDF, which is read, with the copy that readers get from the site."""
    copy = edition.folder / "html" / name
    if not copy.is_file():
        yield f"html/{name}: not there"
    elif copy.read_bytes() != (edition.folder / name).read_bytes():
        yield f"html/{name}: not the {name} of this edition"


def wrong_texts(edition: Published, paper: Paper) -> list[str]:
    """Return what the text of a PDF lacks of the ledger, and each number that is not in its place.

    The number before a mark must be the fact of the receipt with that number; every
    other digit must stand within a text, a drawing, a table, a receipt or a
    source of the ledger.
    """
    bodies, wrong = _bodies(edition, paper)
    flow = Flow(bodies)
    cover = Cover(flow.text)
    sources = Sources(cover, edition.sources)
    receipts = Receipts(flow, cover, edition, sources, frozenset().union(*paper.links))
    wrong += sources.wrong + receipts.wrong
    wrong += _wrong_marks(edition, paper, flow, cover, receipts)
    wrong += _wrong_contents(paper, cover)
    wrong += placed.wrong_verdicts(flow.text, edition.with_verdicts)
    for key, table in edition.ledger["tables"].items():
        _explain_table(edition, cover, key, table)
    for chart in edition.ledger["charts"].values():
        _explain_chart(cover, chart, sources)
    cover.explain(edition.on_paper)
    for line in _places_of_tables(edition, flow):
        cover.find(joined(line))
    cover.find(joined(f"EVIDENCE\n{words.edition_line(edition.ledger)}\nA small raised r"))
    wrong += [f"brief.pdf, page {flow.page(place)}: no number we know of in its place: …{text}…"
              for place, text in cover.left()]  # fmt: skip
    wrong += [f"brief.pdf: does not say {where} of the ledger: {text!r}"
              for where, text in _expected(edition) if joined(text) not in flow.text]  # fmt: skip
    return wrong


def _bodies(edition: Published, paper: Paper) -> tuple[list[str], list[str]]:
    """Return the pages without running heads, feet and bullets, and what is wrong with these."""
    bodies, wrong = [], []
    title = paper.contents[0][0] if paper.contents else ""
    for number, page in enumerate(paper.pages, start=1):
        foot = _FOOT.search(page)
        stands = foot and (foot["edition"], foot["page"], foot["of"])
        if stands != (edition.ledger["edition"], str(number), str(len(paper.pages))):
            wrong.append(f"brief.pdf, page {number}: its foot says {stands}")
        above = foot["above"] if foot and not foot["above"].startswith(title) else ""
        body = (page[: foot.start()] if foot else page) + f"\n{above}"
        counted = [int(m[1]) for m in _BULLET.finditer(body) if m[1]]
        if counted != list(range(1, len(counted) + 1)):
            wrong.append(f"brief.pdf, page {number}: a list is numbered {counted}")
        bodies.append(_BULLET.sub("", body))
    return bodies, wrong


def _wrong_marks(
    edition: Published, paper: Paper, flow: Flow, cover: Cover, receipts: Receipts
) -> Iterator[str]:
    """Compare what stands before each mark with its receipt, and the link with both.

    Before the mark of a fact stands its number, before that of a claim how sure we are of it.
    """
    led = [set[str]() for _ in paper.pages]
    shown = {anchor("fact", name): joined(fact["display"]) for name, fact in edition.facts.items()}
    shown |= {anchor("sure", name): joined(text) for name, text in edition.how_sure.items()}
    for mark in flow.marks:
        name = receipts.anchors.get(mark.number, "")
        led[mark.page - 1].add(name)
        wanted = shown.get(name, "receipt")
        if flow.text.endswith(AS_IN, 0, mark.place):
            continue  # compared with the receipt that it stands in
        if not name or not flow.text.endswith(wanted, 0, mark.place):
            before = flow.text[max(0, mark.place - 20) : mark.place]
            yield (f"brief.pdf, page {mark.page}: r{mark.number} stands behind …{before}; its "
                   f"receipt is of {name or 'nothing'}, which is {wanted!r}")  # fmt: skip
        else:
            cover.take(mark.place - len(wanted), mark.place)
    for number, (found, links) in enumerate(zip(led, paper.links, strict=False), start=1):
        if found != links:
            yield f"brief.pdf, page {number}: marks and links differ: {sorted(found ^ links)}"


def _wrong_contents(paper: Paper, cover: Cover) -> Iterator[str]:
    """Compare the page that the contents name with the page on which the heading stands."""
    for title, page in paper.contents:
        for found in re.finditer(re.escape(joined(title)) + _DOTS, cover.text):
            cover.take(*found.span())
            if found[1] != str(page):
                yield f"brief.pdf: {title!r} is on page {page}; the contents say {found[1]}"


def _explain_table(edition: Published, cover: Cover, key: str, table: Mapping[str, Any]) -> None:
    """Account for a table row by row, from its title on; a head may stand again on a new page."""
    claim = edition.ledger["claims"].get(key.split(".")[0])
    head = joined("".join(table["columns"]))
    title = joined(f"{claim['title']}: {table['title']}") if claim else joined(table["title"])
    end = cover.find(title + head)
    for row in table["cells"]:
        cells = joined("".join(row))
        for lines in (cells, head + cells):
            if end >= 0 and cover.text.startswith(lines, end):
                cover.take(end, end + len(lines))
                end += len(lines)
                break


def _explain_chart(cover: Cover, chart: Mapping[str, Any], sources: Sources) -> None:
    """Account for the texts of a drawing, in their order, and for the words beside it."""
    drawn = etree.fromstring(chart["svg"].encode())
    cover.find(joined("".join("".join(t.itertext()) for t in drawn.iter("{*}text"))))
    note = f"{chart['note']} " if chart["note"] else ""
    beside = (
        f"{chart['title']} {chart['finding']} {note}Data known on {words.day(chart['as_of'])}; "
    )
    end = cover.find(joined(beside))
    if end >= 0 and cover.text.startswith("sources:", end):
        place = end + len("sources:")
        cover.take(place, max(place, sources.cited(cover.text, place, chart["sources"])))


def _places_of_tables(edition: Published, flow: Flow) -> Iterator[str]:
    """Yield for each claim the line that names its tables and the pages that they stand on."""
    for name, claim in edition.ledger["claims"].items():
        parts = []
        for key, table in edition.ledger["tables"].items():
            if key.split(".")[0] == name:
                place = flow.text.find(joined(f"{claim['title']}: {table['title']}"))
                parts.append(f"{table['title']} (page {flow.page(place)})")
        if parts:
            yield "; ".join(parts) + "."


def check_one_page(edition: Published) -> Check:
    """Look in the PDFs of one page for each finding and the ledger's hash."""
    check = Check(ON_ONE_PAGE)
    for name in ONE_PAGE:
        path = edition.folder / name
        if path.is_file():
            check.failures += wrong_on_one_page(edition, name, "\n".join(pdf.read(path).pages))
            check.failures += _unlike_copy(edition, name)
        else:
            check.failures.append(f"{name}: not there")
    check.looked_at = f"{len(edition.ledger['claims'])} texts in {len(ONE_PAGE)} files"
    return check


def wrong_on_one_page(edition: Published, name: str, said: str) -> list[str]:
    """Return the texts of the ledger that a PDF of one page does not say."""
    digest, text = manifest.digest(edition.folder / "ledger.json"), joined(said)
    texts = [(f"claims.{claim}.found_as", entry["found_as"])
             for claim, entry in edition.ledger["claims"].items()]  # fmt: skip
    return [
        f"{name}: does not say {where} of the ledger: {expected!r}"
        for where, expected in [*texts, ("the hash", digest)] if joined(expected) not in text
    ]  # fmt: skip


def _expected(edition: Published) -> list[tuple[str, str]]:
    found: list[tuple[str, Any]] = []
    for kind, keys in (("claims", _SAID), ("recommendations", _ASKED)):
        for name, entry in edition.ledger[kind].items():
            found += [(f"{kind}.{name}.{key}", entry[key]) for key in keys]
    texts = [(where, text) for where, value in found
             for text in ([value] if isinstance(value, str) else value)]  # fmt: skip
    texts += [(f"the head of claims.{name}", text) for name, text in edition.heads.items()]
    return texts + [(f"how sure claims.{name} is", t) for name, t in edition.how_sure.items()]
