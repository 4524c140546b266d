"""One look for all charts, and the same bytes for the same chart on every machine."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import font_lato

FONT_FOLDER = Path(font_lato.__path__[0]) / "files"
FONT = "Lato"
INK, QUIET, GRID = "#1f2933", "#52606d", "#d9e0e6"
# Dark enough on white and light enough on near-black; told apart without colour vision.
ACCENT, SECOND, THIRD, FOURTH, FIFTH = "#0b6e99", "#b3541e", "#5b7f2b", "#7b4fa3", "#8a6d00"
PALETTE = [ACCENT, SECOND, THIRD, FOURTH, FIFTH, QUIET]
WIDTH = 560


def _config() -> dict[str, Any]:
    label = {"labelColor": QUIET, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12}
    axis = {**label, "gridColor": GRID, "domainColor": GRID, "tickColor": GRID}
    return {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {**axis, "titleFontWeight": "normal"},
        "axisY": {"domain": False, "ticks": False},
        "legend": {**label, "orient": "top", "title": None},
        "header": {"labelColor": INK, "labelFontSize": 12, "title": None},
        "range": {"category": PALETTE},
        "text": {"color": INK, "fontSize": 12, "font": FONT},
        "bar": {"color": ACCENT},
        "line": {"color": ACCENT, "strokeWidth": 2},
        "point": {"color": ACCENT, "filled": True, "size": 50},
        "rule": {"color": QUIET},
    }


@cache
def _font_ready() -> None:
    """Give the drawing engine our font, so that text is as wide on every machine."""
    import vl_convert

    vl_convert.register_font_directory(str(FONT_FOLDER))


def drawn(figure: alt.TopLevelMixin, title: str, alt_text: str) -> tuple[str, dict[str, Any]]:
    """Draw a chart.

    Returns
    -------
    tuple of str and dict
        The SVG, with a title and a description for screen readers, and the
        Vega-Lite specification that it was drawn from.
    """
    import vl_convert

    _font_ready()
    specification = json.loads(figure.to_json(validate=True))
    specification["config"] = _config()
    specification["description"] = alt_text
    specification.setdefault("width", WIDTH)
    svg = vl_convert.vegalite_to_svg(specification, vl_version=_version(specification))
    return _accessible(svg, title, alt_text), specification


def font_faces() -> str:
    """Return the rules that give WeasyPrint the brief's own font."""
    faces = {("normal", 400): "Regular", ("italic", 400): "Italic", ("normal", 700): "Bold",
             ("italic", 700): "BoldItalic"}  # fmt: skip
    return "\n".join(
        f"@font-face {{ font-family: Lato; font-style: {style}; font-weight: {weight}; "
        f"src: url({(FONT_FOLDER / f'Lato-{name}.ttf').as_uri()}) }}"
        for (style, weight), name in faces.items()
    )


def picture(svg: str, scale: float) -> bytes:
    """Return a drawing as PNG on white; the same bytes on every machine with the same engine."""
    import vl_convert

    _font_ready()
    made: bytes = vl_convert.svg_to_png(svg, scale=scale)
    return made


def described(svg: str) -> str:
    """Give a drawing its text alternative where WeasyPrint looks for it: in its title."""
    pattern = re.compile(r'(<svg role="img" aria-label="([^"]*)"[^>]*>)<title>[^<]*</title>')
    return pattern.sub(r"\1<title>\2</title>", svg)


def _version(specification: dict[str, Any]) -> str:
    match = re.search(r"/v(\d+)\.(\d+)", specification["$schema"])
    if match is None:
        raise ValueError(f"no Vega-Lite version in {specification['$schema']!r}")
    return ".".join(match.groups())


def _accessible(svg: str, title: str, alt_text: str) -> str:
    """Make one image of the SVG for a screen reader: its parts have no meaning alone."""
    opening = re.match(r"<svg\b[^>]*>", svg)
    if opening is None:
        raise ValueError("the drawing engine returned no SVG")
    tag = opening.group().replace("<svg", f'<svg role="img" aria-label="{_escape(alt_text)}"', 1)
    return f"{tag}<title>{_escape(title)}</title>{svg[opening.end() :]}"


def _escape(text: str) -> str:
    for plain, coded in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(plain, coded)
    return text
