"""Drawings for a screen: a third of the bytes, and colours that follow the reader's scheme."""

from __future__ import annotations

import re

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
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_HIDDEN = re.compile(r'<(path|text|line)\b[^>]* display="none"[^>]*?(?:/>|>[^<]*</\1>)')
_EMPTY = re.compile(r"<g[^>]*></g>")
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
    return head.replace("<svg", f'<svg class="{kind}"', 1) + _lean(drawing[opening.end() :])


def _lean(parts: str) -> str:
    parts = _HIDDEN.sub("", parts)
    parts = _UNSEEN.sub(_keep_painted, parts)
    parts = _SILENT.sub("", parts)
    parts = _NUMBER.sub(lambda match: f"{float(match.group()):.2f}".rstrip("0").rstrip("."), parts)
    parts = _COLOUR.sub(_themed, parts)
    before = ""
    while before != parts:
        before, parts = parts, _EMPTY.sub("", parts)
    return parts


def _keep_painted(match: re.Match[str]) -> str:
    """Keep a background that is filled: it is seen."""
    return match.group() if re.search(r' (?:fill|stroke)="(?!none)', match.group()) else ""


def _themed(match: re.Match[str]) -> str:
    colour = SCREEN_COLOURS.get(match.group(2))
    return f'{match.group(1)}="{colour}"' if colour else match.group()
