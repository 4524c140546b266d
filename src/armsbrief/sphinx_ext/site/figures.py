"""What stands under a chart: its data as a table and as CSV, and the way to make it live."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from sphinx.application import Sphinx

from armsbrief import charts
from armsbrief.sphinx_ext.site.files import write_csv, write_data
from armsbrief.sphinx_ext.source import of as ledger_of

Chart = Mapping[str, Any]
_ON_PAGE = 32  # rows; a longer table has a page of its own
_SOME = 3  # a data set of fewer rows only labels the others
_MIDNIGHT = "T00:00:00"
_SIGNIFICANT = 10  # digits of a float in a table; the rest differs between processors


def _address(key: str) -> str:
    return f"book/charts/{key}"


def tools(key: str, chart: Chart, root: str) -> str:
    """Return what a reader can do with a chart, for the place under it."""
    head, rows = data(chart)
    csv = f'<a download href="{root}{_address(key)}.csv">Data as CSV</a>'
    live = (
        f'<button type="button" class="tool scripted" hidden data-chart="{_address(key)}.js">'
        "Make the chart live</button>"
    )
    if len(rows) > _ON_PAGE:
        table = f'<a href="{root}{_address(key)}.html">Data as a table ({len(rows)} rows)</a>'
        return f'<div class="chart-tools">{table}{csv}{live}</div>'
    table = (
        '<details class="data"><summary>Data as a table</summary>'
        f'<div class="wide" tabindex="0" role="group" aria-label="Data: {escape(chart["title"])}">'
        f"{html_table(head, rows)}</div></details>"
    )
    return f'<div class="chart-tools">{csv}{live}{table}</div>'


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of plain cells: as docutils nodes, thousands of them would take seconds."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def data(chart: Chart) -> tuple[list[str], list[list[str]]]:
    """Return the data that a chart shows, without what only labels it: head and rows."""
    sets = list(chart["specification"]["datasets"].values())
    shown = [rows for rows in sets if len(rows) > _SOME] or [max(sets, key=len)]
    head = list(dict.fromkeys(key for rows in shown for row in rows for key in row))
    return head, [[cell(row.get(key)) for key in head] for rows in shown for row in rows]


def cell(value: Any) -> str:
    """Write a value of a chart as a cell of its table."""
    if isinstance(value, float):
        return f"{value:.{_SIGNIFICANT}g}"
    return "" if value is None else str(value).removesuffix(_MIDNIGHT)


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Return a page for each chart with more data than its own page should carry."""
    for key, chart in ledger_of(app.env)["charts"].items():
        head, rows = data(chart)
        if len(rows) > _ON_PAGE:
            yield (
                _address(key),
                {
                    "own_title": f"Data of the chart: {chart['title']}",
                    "own_description": chart["finding"],
                    "intro": chart["finding"],
                    "back": f"{_address(key)}.csv",
                    "back_words": "The same as CSV",
                    "csv": f"{key}.csv",
                    "columns": head,
                    "cells": rows,
                },
                "table.html",
            )


def write_charts(app: Sphinx) -> None:
    """Write the data of every chart, and its specification for when it comes alive."""
    for key, chart in ledger_of(app.env)["charts"].items():
        write_csv(app, f"{_address(key)}.csv", *data(chart))
        write_data(app, f"{_address(key)}.js", live(chart["specification"]))


def live(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification with tooltips, zoom and highlights, in the colours of the page."""
    made: dict[str, Any] = _themed(copy.deepcopy(dict(specification)))
    made["config"].setdefault("mark", {})["tooltip"] = {"content": "encoding"}
    if "layer" in made or "mark" in made:
        _zoom(made)
        _highlight(made)
    return made


def _themed(value: Any) -> Any:
    """Name our colours as the style sheet does; the page puts its own in."""
    if isinstance(value, dict):
        return {key: _themed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_themed(part) for part in value]
    return charts.SCREEN_COLOURS.get(value, value) if isinstance(value, str) else value


def _layers(specification: dict[str, Any]) -> list[dict[str, Any]]:
    return list(specification.get("layer", [specification]))


def _channel(layer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = layer.get("encoding", {}).get(name, {})
    return found if isinstance(found, dict) else {}


def _zoom(specification: dict[str, Any]) -> None:
    """Let the reader zoom and move where both axes are continuous."""
    for layer in _layers(specification):
        kinds = {_channel(layer, axis).get("type") for axis in ("x", "y")}
        if kinds <= {"quantitative", "temporal"}:
            zoom = {"name": "zoom", "select": "interval", "bind": "scales"}
            layer["params"] = [*layer.get("params", []), zoom]
            return


def _highlight(specification: dict[str, Any]) -> None:
    """Let a click on the legend pick one series out."""
    coloured = [layer for layer in _layers(specification)
                if _channel(layer, "color").get("type") == "nominal"
                and _channel(layer, "color").get("legend", {}) is not None
                and "opacity" not in layer["encoding"]]  # fmt: skip
    if not coloured:
        return
    field = coloured[0]["encoding"]["color"]["field"]
    pick = {"name": "pick", "select": {"type": "point", "fields": [field]}, "bind": "legend"}
    coloured[0]["params"] = [*coloured[0].get("params", []), pick]
    for layer in coloured:
        layer["encoding"]["opacity"] = {"condition": {"param": "pick", "value": 1}, "value": 0.15}
