"""A picture card for each claim: what the op-ed says, what we find, how sure; no number typed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

from armsbrief import words
from armsbrief.charts import INK, QUIET
from armsbrief.drawing import FONT_FOLDER
from armsbrief.rules import Verdict

WIDTH, HEIGHT, MARGIN = 1200, 630, 64
# Dark enough for white text on them; the words say the same.
_COLOURS: dict[Verdict, str] = {
    "supported": "#2f6b2f",
    "supported-with-correction": "#0b5f83",
    "partly-supported": "#7a5a00",
    "not-supported": "#9b2c1f",
    "cannot-be-verified": "#4a5560",
}
_BLOCKS = (
    ("says", 27, "Regular", QUIET),
    ("finds", 34, "Bold", INK),
    ("against", 24, "Regular", QUIET),
)
_SMALLEST, _LINE, _GAP, _TOP, _BOTTOM = 0.5, 1.32, 26, 150, 84


def alternative(claim: Mapping[str, Any], edition: str) -> str:
    """Return the card in words, for those who cannot see it."""
    return " ".join(
        [f"{claim['title']}: {words.VERDICT[claim['verdict']].lower()}.", *_texts(claim).values(),
         f"Weapons left in Afghanistan, violence in Pakistan; edition {edition}."]
    )  # fmt: skip


def _texts(claim: Mapping[str, Any]) -> dict[str, str]:
    found = claim["robustness"]
    sure = (f"This verdict holds in {found['holds']} of {found['of']} ways to compute it." if found
            else "Rests on one reading only.")  # fmt: skip
    return {
        "says": f"{'Our question' if claim['own'] else 'The op-ed says'}: {claim['says']}",
        "finds": claim["sentence"],
        "against": f"{sure} Against it: {claim['counter_evidence'][0]}",
    }


def card(claim: Mapping[str, Any], edition: str) -> str:
    """Return the card as SVG; type shrinks until everything is on it, nothing is cut off."""
    lines = _laid_out(_texts(claim))
    verdict, title = words.VERDICT[claim["verdict"]], claim["title"]
    badge = measure(verdict, 30, "Bold") + 48
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" \
viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alternative(claim, edition))}" \
font-family="Lato, Arial, sans-serif">
<title>{escape(title)}</title>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>
<rect width="16" height="{HEIGHT}" fill="{_COLOURS[claim["verdict"]]}"/>
<text x="{MARGIN}" y="82" font-size="38" font-weight="700" fill="{INK}" \
{_fitted(title, 38, "Bold", WIDTH - 2 * MARGIN - badge - 30)}>{escape(title)}</text>
<rect x="{WIDTH - MARGIN - badge:.0f}" y="44" width="{badge:.0f}" height="54" rx="27" \
fill="{_COLOURS[claim["verdict"]]}"/>
<text x="{WIDTH - MARGIN - badge / 2:.0f}" y="81" font-size="30" font-weight="700" fill="#ffffff" \
text-anchor="middle">{escape(verdict)}</text>
{lines}
<text x="{MARGIN}" y="{HEIGHT - 36}" font-size="20" fill="{QUIET}">Weapons left in Afghanistan, \
violence in Pakistan: a brief whose numbers can be checked. Edition {escape(edition)}.</text>
</svg>
"""


def _fitted(text: str, size: float, face: str, room: float) -> str:
    """Squeeze a line that would run into its neighbour."""
    if measure(text, size, face) <= room:
        return ""
    return f'textLength="{room:.0f}" lengthAdjust="spacingAndGlyphs"'


def _laid_out(texts: Mapping[str, str]) -> str:
    scale = 1.0
    while _height(texts, scale) > HEIGHT - _TOP - _BOTTOM and scale > _SMALLEST:
        scale -= 0.02
    room = HEIGHT - _TOP - _BOTTOM - _height(texts, scale)
    drawn, y = [], _TOP + max(room, 0) / 3
    for name, size, face, colour in _BLOCKS:
        weight = "700" if face == "Bold" else "400"
        for line in wrapped(texts[name], size * scale, face):
            y += size * scale * _LINE
            drawn.append(
                f'<text x="{MARGIN}" y="{y - size * scale * 0.3:.1f}" font-weight="{weight}" '
                f'font-size="{size * scale:.1f}" fill="{colour}">{escape(line)}</text>'
            )
        y += _GAP
    return "\n".join(drawn)


def _height(texts: Mapping[str, str], scale: float) -> float:
    sizes = ((texts[name], size * scale, face) for name, size, face, _ in _BLOCKS)
    return sum(len(wrapped(*block)) * block[1] * _LINE for block in sizes) + 2 * _GAP


def wrapped(text: str, size: float, face: str) -> list[str]:
    """Break a text into lines that fit between the margins."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure(longer, size, face) <= WIDTH - 2 * MARGIN:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def measure(text: str, size: float, face: str) -> float:
    """Return the width of a text in pixels."""
    widths, fallback, per_em = _metrics(face)
    return sum(widths.get(ord(letter), fallback) for letter in text) * size / per_em


@cache
def _metrics(face: str) -> tuple[dict[int, int], int, int]:
    from fontTools.ttLib import TTFont

    with TTFont(FONT_FOLDER / f"Lato-{face}.ttf") as font:
        advance = font["hmtx"].metrics
        widths = {code: advance[glyph][0] for code, glyph in font.getBestCmap().items()}
        return widths, max(widths.values()), font["head"].unitsPerEm
