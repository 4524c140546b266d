"""Edits of what was published, and of the rules: each is tried against the check of its kind."""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lxml import html

from armsbrief import ledger, manifest, paths, words
from armsbrief.claims import read_claims
from armsbrief.errors import ArmsbriefError
from armsbrief.verify import beside, inputs, pages, paper, pdf, placed, tables
from armsbrief.verify.published import TOKEN, Published
from armsbrief.verify.report import Check
from armsbrief.verify.spoil import again, other

_FACT, _LEDGER, _SETTING = "a number on a page", "a fact in the ledger", "a setting of a rule"
_VERDICT, _TYPED = "a verdict on a page", "a digit typed into a page"
_PAPER, _KNOWN = "a number in the PDF", "another number of the PDF in its place"
_SHOWN = "a verdict in the PDF"
_BESIDE, _FILE, _SPOILT = "a number beside the facts of a page", "a published file", "a byte more"
_BESIDE_PAGES = (beside.KIT, beside.ONE_PAGE, beside.TABLE, beside.DATA)


@dataclass(frozen=True)
class Edit:
    """One edit of one published thing, or of one setting.

    Parameters
    ----------
    table : str
        The file, or the claim.
    kind : str
        What is edited.
    place : int or str
        Which of its kind.
    """

    table: str
    kind: str
    place: int | str

    @property
    def where(self) -> str:
        """Name it as a person would."""
        return f"{self.table}, {self.place}: {self.kind}"

    def caught_by(self, found: Published) -> str:
        """Make the edit in a copy and name the check that notices it; empty if none does."""
        tried = {
            _FACT: _edit_page, _VERDICT: _edit_page, _TYPED: _edit_page, _LEDGER: _edit_ledger,
            _BESIDE: _edit_text, _SETTING: _edit_setting, _PAPER: _edit_paper, _KNOWN: _edit_paper,
            _SHOWN: _edit_verdict,
            _FILE: _edit_file, **dict.fromkeys(_BESIDE_PAGES, _edit_beside),
        }  # fmt: skip
        return tried[self.kind](self, found)


def possible(found: Published) -> list[Edit]:
    """Return every edit that can be tried on an edition."""
    edits = [Edit("ledger.json", _LEDGER, name) for name in found.facts]
    for page, tree in found.pages.items():
        edits += [Edit(page, _FACT, n) for n in range(len(pages.with_class(tree, "fact")))]
        edits += [Edit(page, _VERDICT, n) for n in range(len(pages.with_class(tree, "verdict")))]
        if not page.startswith("notebooks/"):
            edits += [Edit(page, _TYPED, n) for n in range(len(_paragraphs(tree)))]
            edits += [Edit(page, _BESIDE, n) for n in range(len(_beside(tree)))]
    edits += [Edit("claims.yml", _SETTING, place) for place in _settings()]
    in_pdf = range(len(_numbers(found.folder)))
    edits += [Edit("brief.pdf", kind, n) for kind in (_PAPER, _KNOWN) for n in in_pdf]
    edits += [Edit("brief.pdf", _SHOWN, n) for n in range(len(_verdicts(found.folder)))]
    edits += [Edit(name, kind, n) for kind, name, n in beside.possible(found)]
    listed = json.loads((found.folder / manifest.NAME).read_text("utf-8"))["files"]
    return edits + [Edit(name, _FILE, _SPOILT) for name in listed]


def _edit_beside(edit: Edit, found: Published) -> str:
    return beside.caught_by((edit.kind, edit.table, int(edit.place)), found)


def _edit_page(edit: Edit, found: Published) -> str:
    tree = copy.deepcopy(found.pages[edit.table])
    place = int(edit.place)
    if edit.kind == _FACT:
        element = pages.with_class(tree, "fact")[place]
        text = "".join(element.itertext())
        for child in list(element):
            element.remove(child)
        element.text = other(text)
        return _noticed(found, edit.table, tree, pages.check_numbers)
    if edit.kind == _VERDICT:
        element = pages.with_class(tree, "verdict")[place]
        kinds = [c for c in element.get("class").split() if c.startswith("verdict-")]
        new = "verdict-supported" if "verdict-supported" not in kinds else "verdict-not-supported"
        element.set("class", f"verdict {new}")
        return _noticed(found, edit.table, tree, pages.check_verdicts)
    element = _paragraphs(tree)[place]
    element.text = (element.text or "") + " 9,417 weapons "
    return _noticed(found, edit.table, tree, pages.check_strays)


def _edit_text(edit: Edit, found: Published) -> str:
    """Change a number that is no fact, wherever it stands on a page, its head and charts too."""
    tree = found.pages[edit.table]
    text, start, end = _beside(tree)[int(edit.place)]
    as_it_was = text.text
    for check in (checks := _reading(text)):
        _before(found, edit.table, check)
    text.set(as_it_was[:start] + other(as_it_was[start:end]) + as_it_was[end:])
    try:
        return _noticed(found, edit.table, tree, *checks) or _made_otherwise(found, edit.table)
    finally:
        text.set(as_it_was)


def _reading(text: _Text) -> tuple[Callable[[Published], Check], ...]:
    """Return the checks that read this part of a page."""
    around = {text.element.tag, *(element.tag for element in text.element.iterancestors())}
    if "head" in around or "script" in around:
        return (pages.check_metadata,)
    if "svg" in around:
        return (pages.check_charts,)
    if "table" in around:
        return (tables.check_tables,)
    return (pages.check_strays, pages.check_numbers, pages.check_verdicts)


def _made_otherwise(found: Published, page: str) -> str:
    """Compare the edited page with the one that is made again from the ledger."""
    same = _made(found.folder, page) == html.tostring(found.pages[page])
    return "" if same else "the page made again"


@lru_cache(2)
def _made(folder: Path, page: str) -> bytes:
    made: bytes = html.tostring(html.document_fromstring((again(folder).site / page).read_bytes()))
    return made


def prepare(found: Published) -> None:
    """Read and make once what many edits are compared with, before there are many processes."""
    _paper(found.folder)
    _numbers(found.folder)
    _verdicts(found.folder)
    made = again(found.folder)
    _ = made.kit, made.one_page


def _noticed(found: Published, page: str, tree: Any, *checks: Callable[[Published], Check]) -> str:
    """Name the first check that says of the edited page what it does not say of the page."""
    edited = _with_page(found, page, tree)
    for check in checks:
        made = check(edited)
        if made.failures != _before(found, page, check):
            return made.name
    return ""


@cache
def _before(found: Published, page: str, check: Callable[[Published], Check]) -> list[str]:
    """Return what a check says of a page alone as it was published."""
    return check(_with_page(found, page)).failures


@dataclass(frozen=True)
class _Text:
    """A text of a page: what an element holds first, what follows it, or an attribute."""

    element: Any
    name: str

    @property
    def text(self) -> str:
        """What it says."""
        if self.name in ("text", "tail"):
            return str(getattr(self.element, self.name) or "")
        return str(self.element.get(self.name))

    def set(self, text: str) -> None:
        """Let it say something else."""
        if self.name in ("text", "tail"):
            setattr(self.element, self.name, text)
        else:
            self.element.set(self.name, text)


@lru_cache(2)
def _beside(tree: Any) -> list[tuple[_Text, int, int]]:
    """Return every number of a page that a reader or a machine sees and that is no fact."""
    texts = [
        _Text(meta, "content")
        for meta in tree.xpath("//head/meta[@content]")
        if (meta.get("name") or meta.get("property") or "").startswith(pages.DESCRIBED)
    ]
    texts += [
        _Text(e, "text") for e in tree.xpath("//head/title | //script[contains(@type, 'ld+json')]")
    ]
    for main in tree.xpath(pages.MAIN)[:1]:
        texts += [_Text(e, part) for e in main.iter("*") for part in ("text", "tail")
                  if part == "tail" or e.tag not in ("script", "style")]  # fmt: skip
    facts = {id(e) for fact in pages.with_class(tree, "fact") for e in fact.iter()}
    return [(text, found.start(), found.end()) for text in texts
            if not (id(text.element) in facts and text.name == "text")
            for found in TOKEN.finditer(text.text)]  # fmt: skip


def _with_page(found: Published, page: str, tree: Any = None) -> Published:
    """Return the edition as if this page, perhaps edited, were all of its site."""
    made = replace(found)
    for name in ("ledger", "facts", "sources", "names", "in_texts", "tables"):
        vars(made)[name] = getattr(found, name)
    vars(made)["pages"] = {page: found.pages[page] if tree is None else tree}
    return made


def _paragraphs(tree: Any) -> list[Any]:
    mains = tree.xpath(pages.MAIN)[:1]
    return [p for main in mains for p in main.iter("p") if not pages.is_generated(p)]


def _edit_ledger(edit: Edit, found: Published) -> str:
    edited = copy.deepcopy(found.ledger)
    fact = edited["facts"][str(edit.place)]
    if isinstance(fact["value"], int | float) and not isinstance(fact["value"], bool):
        fact["value"] = fact["value"] * 10 + 1
    else:
        fact["display"] = other(fact["display"])
    made = replace(found)
    vars(made)["ledger"] = edited
    check = inputs.check_ledger(made, found.ledger)
    return check.name if check.failures else ""


def _edit_paper(edit: Edit, found: Published) -> str:
    """Change the last digit of a number, or put another number of the PDF in its place."""
    place, token, number = _numbers(found.folder)[int(edit.place)]
    others = _numbers(found.folder)
    if edit.kind == _KNOWN:
        _, new, _ = others[(int(edit.place) * 7919 + 1) % len(others)]
        new = other(token) if new == token else new
    else:
        new = other(token)
    return _on_paper(found, number, place, place + len(token), new)


def _edit_verdict(edit: Edit, found: Published) -> str:
    """Put another verdict in the place of one, with its sign where the other has one."""
    number, shown = _verdicts(found.folder)[int(edit.place)]
    kinds = list(words.VERDICT)
    new = kinds[(kinds.index(placed.verdict(shown)) + 1) % len(kinds)]
    sign = f"{placed.SIGN[new]} " if shown["sign"] else ""
    return _on_paper(found, number, *shown.span(), f"{sign}{words.VERDICT[new]}")


def _on_paper(found: Published, number: int, start: int, end: int, new: str) -> str:
    """Put a text in the place of another on a page of the PDF."""
    read = _paper(found.folder)
    text = read.pages[number]
    edited = [*read.pages[:number], text[:start] + new + text[end:], *read.pages[number + 1 :]]
    wrong = paper.wrong_texts(found, replace(read, pages=tuple(edited)))
    return "the PDF says what the ledger says" if wrong else ""


@cache
def _paper(folder: Path) -> pdf.Paper:
    """Read the PDF, which must be right as it is: or else every edit would seem to be noticed."""
    read = pdf.read(folder / "brief.pdf")
    if wrong := paper.wrong_texts(Published(folder), read):
        raise ArmsbriefError(f"{folder}: the PDF is wrong before it is edited: {wrong[0]}")
    return read


@cache
def _numbers(folder: Path) -> list[tuple[int, str, int]]:
    """Return every number of the PDF: its place, itself, its page."""
    return [(m.start(), m.group(), n) for n, text in enumerate(_paper(folder).pages)
            for m in TOKEN.finditer(text)]  # fmt: skip


@cache
def _verdicts(folder: Path) -> list[tuple[int, re.Match[str]]]:
    """Return every verdict of the PDF with its page."""
    return [(n, shown) for n, text in enumerate(_paper(folder).pages)
            for shown in placed.SHOWN.finditer(text)]  # fmt: skip


def _edit_file(edit: Edit, found: Published) -> str:
    """Add a byte to a file, in a folder that holds it and the manifest alone."""
    listed = json.loads((found.folder / manifest.NAME).read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="armsbrief-") as private:
        path = Path(private) / edit.table
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((found.folder / edit.table).read_bytes() + b" ")
        alone = {**listed, "files": {edit.table: listed["files"][edit.table]}}
        (Path(private) / manifest.NAME).write_text(json.dumps(alone), "utf-8")
        return "manifest" if manifest.check(Path(private))[1] else ""


def _settings() -> Iterator[str]:
    for name, claim in read_claims(paths.CLAIMS).items():
        yield from (f"{name}.{key}" for key, value in claim.rule.settings.items()
                    if isinstance(value, int | float) and not isinstance(value, bool))  # fmt: skip


def _edit_setting(edit: Edit, found: Published) -> str:
    """Judge a claim again with a setting half as large again; its rule is shown in words."""
    name, _, key = str(edit.place).partition(".")
    claim = read_claims(paths.CLAIMS)[name]
    settings = {**claim.rule.settings, key: claim.rule.settings[key] * 1.5}
    changed = claim.model_copy(
        update={"rule": claim.rule.model_copy(update={"settings": settings})}
    )
    kept = found.ledger["claims"][name]
    rows = [{k: v for k, v in row.items() if k != "holds"} for row in kept["specifications"]]
    recorded = {"rows": rows, "dimensions": kept["dimensions"], "sources": [], "as_of": None}
    records = {"facts": found.facts, "specifications": {name: recorded} if rows else {}}
    try:
        judged = ledger.judge(name, changed, records, found.ledger["parameters"]["as_of"])
    except (ArmsbriefError, ValueError):
        return "rules refuse the setting"
    shown = ("verdict", "sentence", "tolerance", "robustness", "break_even")
    moved = [key for key in shown if judged[key] != kept[key]]
    return f"shown: {moved[0]}" if moved else ""
