"""One look for all charts, and the same bytes for the same chart on every machine."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from armsbrief import drawing

if TYPE_CHECKING:  # the site draws from specifications, which needs no Altair
    import altair as alt

FONT = "Lato"
INK, QUIET, GRID = "#1f2933", "#52606d", "#d9e0e6"
# Dark enough on white and light enough on near-black; told apart without colour vision.
ACCENT, SECOND, THIRD, FOURTH, FIFTH = "#0b6e99", "#b3541e", "#5b7f2b", "#7b4fa3", "#8a6d00"
PALETTE = [ACCENT, SECOND, THIRD, FOURTH, FIFTH, QUIET]
WIDTH = 560
_SIGNIFICANT = 9  # digits kept of a number in a chart
# What the style sheet of the site calls our colours, so that they follow the reader's scheme.
SCREEN_COLOURS = {
    INK: "var(--chart-ink)", QUIET: "var(--chart-quiet)", GRID: "var(--chart-grid)",
    ACCENT: "var(--chart-1)", SECOND: "var(--chart-2)", THIRD: "var(--chart-3)",
    FOURTH: "var(--chart-4)", FIFTH: "var(--chart-5)", "white": "var(--chart-ground)",
}  # fmt: skip


def _config() -> dict[str, Any]:
    label = {"labelColor": QUIET, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12}
    axis = {**label, "gridColor": GRID, "domainColor": GRID, "tickColor": GRID}
    return {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {**axis, "titleFontWeight": "normal"},
        "axisY": {"domain": False, "ticks": False, "labelPadding": 7},  # more than half a point
        "legend": {**label, "orient": "top", "title": None},
        "header": {"labelColor": INK, "labelFontSize": 12, "title": None},
        "range": {"category": PALETTE},
        "text": {"color": INK, "fontSize": 12, "font": FONT},
        "bar": {"color": ACCENT},
        "line": {"color": ACCENT, "strokeWidth": 2},
        "point": {"color": ACCENT, "filled": True, "size": 50},
        "rule": {"color": QUIET},
    }


def drawn(figure: alt.TopLevelMixin, title: str, alt_text: str) -> tuple[str, dict[str, Any]]:
    """Draw a chart.

    Returns
    -------
    tuple of str and dict
        The SVG, with a title and a description for screen readers, and the
        Vega-Lite specification that it was drawn from.
    """
    specification = _named(_rounded(json.loads(figure.to_json(validate=True))))
    specification["config"] = _config()
    specification["description"] = alt_text
    specification.setdefault("width", WIDTH)
    return draw(specification, title, alt_text), specification


def draw(specification: dict[str, Any], title: str, alt_text: str) -> str:
    """Draw a specification as an SVG with a title and a description for screen readers."""
    return _accessible(drawing.svg(specification), title, alt_text)


def picture(svg: str, scale: float) -> bytes:
    """Return a drawing as PNG on white; the same bytes on every machine with the same engine."""
    import vl_convert

    drawing.font_ready()
    made: bytes = vl_convert.svg_to_png(svg, scale=scale)
    return made


def described(svg: str) -> str:
    """Give a drawing its text alternative where WeasyPrint looks for it: in its title."""
    pattern = re.compile(r'(<svg role="img" aria-label="([^"]*)"[^>]*>)<title>[^<]*</title>')
    return pattern.sub(r"\1<title>\2</title>", svg)


def _rounded(part: Any) -> Any:
    """Keep of each number what every processor agrees on, so that all draw the same bytes."""
    if isinstance(part, dict):
        return {key: _rounded(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_rounded(value) for value in part]
    return float(f"{part:.{_SIGNIFICANT}g}") if isinstance(part, float) else part


def _named(specification: dict[str, Any]) -> dict[str, Any]:
    """Name tables by what is kept of them: Altair's names tell of the digits dropped as well."""
    text = json.dumps(specification)
    for name, rows in specification.get("datasets", {}).items():
        digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
        text = text.replace(name, f"data-{digest[:32]}")
    named: dict[str, Any] = json.loads(text)
    return named


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
