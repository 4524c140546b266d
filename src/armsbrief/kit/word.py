"""A letter as a Word file: real headings and lists, a language, a text alternative, fixed bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from armsbrief.charts import INK, picture
from armsbrief.kit.letters import OPENING, Letter, Run

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say
SENDER, DAY, SIGNATURE = "[name and office of the sender]", "[day of sending]", "[signature]"
_LANGUAGE, _FONT = "en-GB", "Calibri"


def word(letter: Letter) -> bytes:
    """Return the letter as a .docx file; the same letter gives the same bytes."""
    document = Document()
    _prepare(document, letter)
    document.add_heading(letter.subject, level=0)
    _line(document, "To: ", letter.to)
    if letter.through:
        _line(document, "Through: ", letter.through)
    _line(document, "From: ", SENDER)
    _line(document, "Date: ", DAY)
    document.add_paragraph(letter.greeting)
    document.add_paragraph(OPENING)
    for heading, texts, as_list in letter.sections:
        document.add_heading(heading, level=1)
        for text in texts:
            _fill(document.add_paragraph(style="List Bullet" if as_list else None), text)
    if letter.chart:
        _chart(document, letter.chart)
    _rests(document, letter.rests_on)
    document.add_paragraph(closing(letter))
    document.add_paragraph(SIGNATURE)
    content = io.BytesIO()
    document.save(content)
    return _settled(content.getvalue())


def closing(letter: Letter) -> str:
    """Say where every number of the letter can be checked."""
    return (
        "Every number in this letter stands with its source and its computation in the brief "
        f"“Weapons left in Afghanistan, violence in Pakistan”, edition {letter.edition}."
    )


def _prepare(document: Any, letter: Letter) -> None:
    """Set page, type, language and properties."""
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2.2)
    for name in ("Normal", "Title", "Heading 1", "List Bullet"):
        style = document.styles[name]
        style.font.name = _FONT
        style.font.color.rgb = RGBColor.from_string(INK.lstrip("#").upper())
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in [key for key in fonts.attrib if key.endswith("Theme")]:
            del fonts.attrib[theme]  # a theme's font would win over the one named
    document.styles["Normal"].font.size = Pt(11)
    document.styles["Normal"].paragraph_format.space_after = Pt(6)
    document.styles["Title"].font.size = Pt(20)
    document.styles["Heading 1"].font.size = Pt(13)
    document.styles["Heading 1"].paragraph_format.space_before = Pt(12)
    _speak(document)
    properties = document.core_properties
    properties.title, properties.author, properties.language = (
        letter.subject,
        "armsbrief",
        _LANGUAGE,
    )
    properties.subject = f"Letter to: {letter.to}"
    properties.comments, properties.keywords = "", f"edition {letter.edition}"
    properties.created = properties.modified = datetime.fromisoformat(letter.as_of)
    properties.last_modified_by, properties.revision = "armsbrief", 1


def _speak(document: Any) -> None:
    """Give the language to the defaults, so that a screen reader speaks the text as English."""
    defaults = document.styles.element.find(qn("w:docDefaults"))
    run = defaults.find(qn("w:rPrDefault")).find(qn("w:rPr"))
    for old in run.findall(qn("w:lang")):
        run.remove(old)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), _LANGUAGE)
    run.append(language)


def _line(document: Any, label: str, text: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.add_run(label).bold = True
    paragraph.add_run(text)


def _fill(paragraph: Any, runs: Sequence[Run]) -> None:
    for run in runs:
        paragraph.add_run(run.text).bold = run.bold or None  # None: as the paragraph is


def _chart(document: Any, chart: Any) -> None:
    caption = document.add_paragraph()
    caption.add_run(chart["title"] + ". ").bold = True
    caption.add_run(chart["finding"])
    caption.paragraph_format.keep_with_next = True
    shape = document.add_picture(io.BytesIO(picture(chart["svg"], 2)), width=Cm(15))
    shape._inline.docPr.set("descr", chart["alt"])
    shape._inline.docPr.set("name", chart["title"])


def _rests(document: Any, rows: Sequence[Sequence[str]]) -> None:
    document.add_heading("What this letter rests on", level=1)
    table = document.add_table(rows=1, cols=3, style="Light Grid Accent 1")
    for cell, text in zip(table.rows[0].cells, ("Claim", "Verdict", "Holds in"), strict=True):
        cell.text = text
    marker = OxmlElement("w:tblHeader")  # repeated on every page, and read out as the head
    marker.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(marker)
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.add_paragraph()


def _settled(content: bytes) -> bytes:
    """Write the parts in a fixed order, without the time of writing."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as parts,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as settled,
    ):
        names = sorted(parts.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        for name in names:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            settled.writestr(entry, parts.read(name))
    return out.getvalue()
