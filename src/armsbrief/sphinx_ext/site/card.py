"""The picture that goes with a link to the brief: the claims, counted by verdict."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from html import escape

from sphinx.application import Sphinx

from armsbrief import paths, words
from armsbrief.charts import FONT, INK, QUIET
from armsbrief.drawing import font_ready
from armsbrief.sphinx_ext.site.files import write
from armsbrief.sphinx_ext.site.metadata import CARD
from armsbrief.sphinx_ext.source import of as ledger_of

_WIDTH, _HEIGHT, _BAR = 1200, 630, 560
_COLOURS = ("#1d6b3a", "#3d6410", "#7a4f00", "#a32626", "#4c5966")


def write_card(app: Sphinx) -> None:
    """Draw the card and put it into the site."""
    write(app, CARD, _drawn(_svg(app)))


def _drawn(svg: str) -> bytes:
    import vl_convert

    kept = paths.CACHE / "cards" / f"{hashlib.sha256(svg.encode()).hexdigest()[:24]}.png"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        font_ready()
        temporary = kept.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(vl_convert.svg_to_png(svg, scale=1))
        temporary.replace(kept)
    return kept.read_bytes()


def _svg(app: Sphinx) -> str:
    book = ledger_of(app.env)
    count = Counter(claim["verdict"] for claim in book["claims"].values())
    first, _, second = app.config.project.partition(", ")
    told = f"{count.total()} claims of an op-ed, checked. Edition {book['edition']}"
    lines = [
        _text(80, 110, 52, INK, first + ("," if second else ""), bold=True),
        _text(80, 172, 52, INK, second, bold=True),
        _text(80, 232, 28, QUIET, told),
    ]
    for row, (verdict, said) in enumerate(words.VERDICT.items()):
        top, many = 290 + row * 62, count[verdict]
        width = round(_BAR * many / max(count.values()))
        lines += [
            _text(80, top + 27, 28, INK, said),
            f'<rect x="500" y="{top}" width="{width}" height="36" fill="{_COLOURS[row]}"/>',
            _text(512 + width, top + 28, 28, INK, str(many), bold=True),
        ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}"><rect width="{_WIDTH}" height="{_HEIGHT}" '
        f'fill="#fbfaf7"/>{"".join(lines)}</svg>'
    )


def _text(x: int, y: int, size: int, colour: str, said: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" font-family="{FONT}" font-size="{size}" fill="{colour}"{weight}>'
        f"{escape(said)}</text>"
    )
