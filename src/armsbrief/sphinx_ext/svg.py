"""Drawings for a screen: a third of the bytes, and colours that follow the reader's scheme."""

from __future__ import annotations

import hashlib
import re
from collections import Counter

from armsbrief.charts import SCREEN_COLOURS

_OPENING = re.compile(r"<svg\b[^>]*>")
# Inside one image, roles and labels of the parts have no meaning; the style sheet sets the font.
_SILENT = re.compile(
    r' (?:aria-\w+|role|class|pointer-events|font-family|xmlns:xlink|version)="[^"]*"'
    r'| opacity="1"| font-size="12px"| stroke-width="1"| y2="0"| x2="0"'
)
_UNSEEN = re.compile(
    r'<path(?: class="(?:background|foreground)")[^>]*?(?:/>|></path>)|<g></g>|<g>\s*</g>'
)
_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_HIDDEN = re.compile(r'<(path|text|line)\b[^>]* display="none"[^>]*?(?:/>|>[^<]*</\1>)')
_EMPTY = re.compile(r"<g[^>]*></g>")
_PLACED = re.compile(
    r'<(?P<tag>path|line) transform="translate\((?P<x>[-\d.]+),(?P<y>[-\d.]+)\)"(?P<look>[^>]*?)'
    r"(?:/>|></(?P=tag)>)"
)
_OFTEN = 4  # places from which a reference is shorter
_COLOUR = re.compile(r'(fill|stroke)="(#[0-9a-f]{6}|white)"')


def for_screen(drawing: str, kind: str) -> str:
    """Return a drawing for a page that has our style sheet.

    Parameters
    ----------
    drawing : str
        An SVG as `charts.drawn` returns it.
    kind : str
        Its class: `broad` or `narrow`.
    """
    opening = _OPENING.match(drawing)
    if opening is None:
        raise ValueError("no SVG to show")
    head = re.sub(r' (?:class|version|xmlns:xlink|xmlns)="[^"]*"', "", opening.group())
    parts = _shared(_lean(drawing[opening.end() :]), kind)
    return head.replace("<svg", f'<svg class="{kind}"', 1) + parts


def _lean(parts: str) -> str:
    parts = _HIDDEN.sub("", parts)
    parts = _UNSEEN.sub(_keep_painted, parts)
    parts = _SILENT.sub("", parts)
    parts = _TAG.sub(lambda tag: _NUMBER.sub(_nearest, tag.group()), parts)  # places, not texts
    parts = _COLOUR.sub(_themed, parts)
    before = ""
    while before != parts:
        before, parts = parts, _EMPTY.sub("", parts)
    return parts


def _nearest(place: re.Match[str]) -> str:
    """Round a place to the tenth of a pixel."""
    return f"{float(place.group()):.1f}".removesuffix(".0")


def _keep_painted(match: re.Match[str]) -> str:
    """Keep a background that is filled: it is seen."""
    return match.group() if re.search(r' (?:fill|stroke)="(?!none)', match.group()) else ""


def _themed(match: re.Match[str]) -> str:
    colour = SCREEN_COLOURS.get(match.group(2))
    return f'{match.group(1)}="{colour}"' if colour else match.group()


def _shared(parts: str, kind: str) -> str:
    """Draw a mark that stands in many places once, and refer to it from there."""
    count = Counter(match.group("tag", "look") for match in _PLACED.finditer(parts))
    own = kind[0] + hashlib.sha256(parts.encode()).hexdigest()[:5]
    often = [mark for mark, times in count.items() if times >= _OFTEN]
    names = {mark: f"{own}{number}" for number, mark in enumerate(often)}

    def referred(match: re.Match[str]) -> str:
        name = names.get(match.group("tag", "look"))
        x, y = match.group("x", "y")
        return f'<use href="#{name}" x="{x}" y="{y}"/>' if name else match.group()

    marks = "".join(f'<{tag} id="{name}"{look}/>' for (tag, look), name in names.items())
    placed = _PLACED.sub(referred, parts)
    return f"<defs>{marks}</defs>{placed}" if marks else placed
