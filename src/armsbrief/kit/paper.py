"""A letter as a tagged PDF, and a chart as a snippet for other people's pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from armsbrief import words
from armsbrief.charts import described
from armsbrief.kit.letters import OPENING, Letter, Run
from armsbrief.kit.word import DAY, SENDER, SIGNATURE, closing
from armsbrief.paper import as_pdf, laid_out

_STYLE = Path(__file__).with_name("letter.css")
_BOX = (
    "margin:1em 0;max-width:42em;font-family:Lato,Arial,sans-serif;"
    "color:#1f2933;background:#fff;padding:1em;border:1px solid #d9e0e6"
)


def pdf(letter: Letter) -> bytes:
    """Return the letter as PDF/UA; the same letter gives the same bytes."""
    page = laid_out(html(letter), _STYLE, _STYLE.read_text("utf-8"))
    return as_pdf(page, pdf_identifier=f"{letter.name} {letter.edition}".encode())


def html(letter: Letter) -> str:
    """Return the letter as the page that the PDF is set from."""
    through = f"<p><strong>Through:</strong> {escape(letter.through)}</p>" if letter.through else ""
    sections = "".join(_section(*section) for section in letter.sections)
    return f"""<!DOCTYPE html>
<html lang="en-GB"><head><meta charset="utf-8"><title>{escape(letter.subject)}</title>
<meta name="author" content="armsbrief">
<meta name="description" content="Letter to: {escape(letter.to)}">
<meta name="dcterms.created" content="{letter.as_of}">
<meta name="dcterms.modified" content="{letter.as_of}"></head><body>
<h1>{escape(letter.subject)}</h1>
<p><strong>To:</strong> {escape(letter.to)}</p>{through}
<p><strong>From:</strong> {SENDER}</p>
<p><strong>Date:</strong> {DAY}</p>
<p class="greeting">{escape(letter.greeting)}</p>
<p>{escape(OPENING)}</p>
{sections}{_figure(letter.chart) if letter.chart else ""}
<h2>What this letter rests on</h2>{_table(letter.rests_on)}
<p>{escape(closing(letter))}</p>
<p>{SIGNATURE}</p></body></html>"""


def _section(heading: str, texts: Sequence[Sequence[Run]], as_list: bool) -> str:
    if as_list:
        body = "<ul>" + "".join(f"<li>{_inline(text)}</li>" for text in texts) + "</ul>"
    else:
        body = "".join(f"<p>{_inline(text)}</p>" for text in texts)
    return f"<h2>{escape(heading)}</h2>{body}"


def _inline(runs: Sequence[Run]) -> str:
    return "".join(map(_set, runs))


def _set(run: Run) -> str:
    if run.fact:
        return f'<span class="fact" data-fact="{escape(run.fact)}">{escape(run.text)}</span>'
    return f"<strong>{escape(run.text)}</strong>" if run.bold else escape(run.text)


def _figure(chart: Mapping[str, Any]) -> str:
    caption = f"<strong>{escape(chart['title'])}.</strong> {escape(chart['finding'])}"
    return f"<figure>{described(chart['svg'])}<figcaption>{caption}</figcaption></figure>"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{text}</th>' for text in ("Claim", "Verdict", "Holds in"))
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def snippet(key: str, chart: Mapping[str, Any], claim: Mapping[str, Any], ledger: Mapping[str, Any],
            sources: Mapping[str, Mapping[str, str]]) -> str:  # fmt: skip
    """Return a chart to be pasted into another page: no script, nothing loaded from elsewhere."""
    name = key.replace(".", "--")
    svg = re.sub(r'(id="|url\(#|href="#)(?=[\w-])', rf"\g<1>{name}-", chart["svg"])
    names = sorted({sources[source]["publisher"] for source in chart["sources"]})
    shown = "; ".join(names[:6]) + (" and others" if len(names) > 6 else "")
    note = f" {escape(chart['note'])}" if chart["note"] else ""
    verdict = words.VERDICT[claim["verdict"]].lower()
    return f"""<figure lang="en" style="{_BOX}">
<figcaption><strong>{escape(chart["title"])}</strong> {escape(chart["finding"])}</figcaption>
{svg.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)}
<p style="font-size:.85em;margin:.5em 0 0">{note} On the claim “{escape(claim["title"])}”, the
brief finds: {verdict}. Sources: {escape(shown)}. Data known on {words.day(chart["as_of"])}.
From “Weapons left in Afghanistan, violence in Pakistan”, edition {escape(ledger["edition"])},
page {escape(claim["page"])}. CC BY 4.0.</p>
</figure>
"""
