"""The files that go out beside the pages: letters, tables and data of the kit, and the manifest."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from armsbrief import manifest
from armsbrief.errors import ArmsbriefError
from armsbrief.spreadsheet import is_formula
from armsbrief.verify import pdf
from armsbrief.verify.published import Published, squeezed
from armsbrief.verify.report import Check

IN_KIT = "every number in the letters and downloads is the ledger's"
_PICTURE = ".png"


def check_kit(edition: Published) -> Check:
    """Look in every file of the kit for the display form of the facts that it says it uses."""
    check = Check(IN_KIT)
    listed = edition.folder / "kit" / "manifest.json"
    if not listed.is_file():
        check.looked_at = "no kit in this edition"
        check.not_checked.append("letters and other files of the kit: this edition has none")
        return check
    files, read = _listed(listed), readable(listed)
    for name, facts in read.items():
        path = listed.parent / name
        if path.is_file():
            check.failures += wrong(edition, text_of(path), name, facts)
        else:
            check.failures.append(f"kit/{name}: listed and not there")
    check.looked_at = f"{sum(map(len, read.values()))} numbers in {len(read)} files"
    check.not_checked.append(
        f"{len(files) - len(read)} pictures of the kit: the drawing and the text beside each "
        "are read, not its pixels"
    )
    return check


def _listed(path: Path) -> dict[str, list[str]]:
    content = json.loads(path.read_text("utf-8"))
    files = content.get("files", content)
    entries = files.items() if isinstance(files, dict) else ((f["path"], f) for f in files)
    return {name: list(e["facts"] if isinstance(e, dict) else e) for name, e in entries}


def readable(listed: Path) -> dict[str, list[str]]:
    """Return from a kit's manifest the files that have a text, with the facts that they use."""
    return {name: facts for name, facts in _listed(listed).items() if not name.endswith(_PICTURE)}


def wrong(edition: Published, said: str, name: str, facts: list[str]) -> Iterator[str]:
    """Yield what is wrong with the text of a file that is to show these facts."""
    text = squeezed(said)
    for fact in facts:
        if fact not in edition.facts:
            yield f"kit/{name}: uses {fact!r}, which the ledger has not"
        elif squeezed(edition.facts[fact]["display"]) not in text:
            yield f"kit/{name}: does not show {fact} as {edition.facts[fact]['display']!r}"


def text_of(path: Path) -> str:
    """Return what a reader of a file sees: of Word files, PDFs, web pages and plain text."""
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as archive:
            return _bare(archive.read("word/document.xml").decode("utf-8"))
    if path.suffix == ".pdf":
        return " ".join(pdf.text_of(path))
    text = path.read_text("utf-8")
    return _bare(text) if path.suffix in (".html", ".htm") else text


def _bare(markup: str) -> str:
    from html import unescape

    ends = re.sub(r"</w:p>|<w:tab/>|<w:br/>|</p>|<br/?>", " ", markup)
    return unescape(re.sub(r"<[^>]*>", "", ends))


def check_csv(edition: Published) -> Check:
    """Look for cells that a spreadsheet would run as a formula."""
    check = Check("no table that can be downloaded holds a formula")
    found = sorted(p for part in ("html", "kit") for p in (edition.folder / part).rglob("*.csv"))
    for path in found:
        for line, cells in enumerate(csv.reader(io.StringIO(path.read_text("utf-8"))), start=1):
            for cell in cells:
                if is_formula(cell):
                    where = path.relative_to(edition.folder)
                    check.failures.append(f"{where}, line {line}: {cell[:80]!r}")
    check.looked_at = f"{len(found)} CSV files"
    return check


def check_manifest(edition: Published) -> Check:
    """Compare every file with the hash that was written when it was published."""
    check = Check("every file has the hash of its manifest")
    counts = []
    for folder in (edition.folder / "html", edition.folder):
        try:
            number, problems = manifest.check(folder)
        except ArmsbriefError as error:
            number, problems = 0, [error.message]
        counts.append(number)
        check.failures += problems
    check.looked_at = f"{counts[1]:,} files"
    return check
