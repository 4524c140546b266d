"""Charts for a phone: drawn anew, narrow, with names above their bars instead of beside them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from armsbrief import charts

WIDTH = 328  # CSS pixels: a phone of 360 without its margins
_ROW, _BAR, _ABOVE = 44, 12, 8
_HIGHER, _KINDS = 18, [16, 46]  # a row of several kinds of marks: more of it, and where they stand
_ROOM = 78  # for the numbers that stand to the right of bars
_LEFT = 10  # for half a label of the axis
_LINE, _MARK = 50, 4  # letters that fit the legend in one row; letters that a mark takes
Specification = dict[str, Any]


def drawn(chart: Mapping[str, Any]) -> str:
    """Return the narrow drawing of a chart, which several pages show."""
    text = json.dumps(narrowed(chart["specification"]), sort_keys=True)
    return _drawn(text, chart["title"], chart["alt"])


@cache
def _drawn(text: str, title: str, alt_text: str) -> str:
    return charts.draw(json.loads(text), title, alt_text)


def narrowed(specification: Mapping[str, Any]) -> Specification:
    """Return a specification that fits a phone."""
    made = copy.deepcopy(dict(specification))
    made["config"]["axisX"] = {"labelOverlap": "greedy", "labelSeparation": 6}
    if "hconcat" in made:
        return _stacked(made)
    if "facet" in made:
        return _facets(made)
    # Only the width must fit: what stands above and below the bars would take their room.
    made |= {"width": WIDTH, "autosize": {"type": "fit-x", "contains": "padding"}}
    _names_above(made, made["datasets"])
    _legend_in_rows(made)
    return made


def _stacked(made: Specification) -> Specification:
    """Put side by side what stands one over the other on a phone."""
    made["vconcat"] = made.pop("hconcat")
    for view in made["vconcat"]:
        view["width"] = WIDTH - 2 * _ROOM
        for layer in view.get("layer", [view]):
            if y := _y(layer):
                y["axis"] = {**(y.get("axis") or {}), "labels": True}
    return made


def _facets(made: Specification) -> Specification:
    made["spec"]["width"] = WIDTH - _ROOM
    row = made["facet"].get("row")
    if row:
        row["header"] = {**(row.get("header") or {}), "labelOrient": "top", "labelAnchor": "start"}
    return made


def _names_above(made: Specification, datasets: Mapping[str, list[dict[str, Any]]]) -> None:
    """Set the names of bars above them, where there is room for whole names."""
    layers = made.get("layer", [made])
    named = [layer for layer in layers if _y(layer).get("type") in ("nominal", "ordinal")]
    if not named:
        return
    field = _y(named[0])["field"]
    names = {row[field] for rows in datasets.values() for row in rows if field in row}
    kinds = [layer["encoding"]["yOffset"] for layer in named if "yOffset" in layer["encoding"]]
    for kind in kinds:
        kind["scale"] = {**kind.get("scale", {}), "range": _KINDS}
    higher = _HIGHER if kinds else 0
    made |= {
        "height": (_ROW + higher) * len(names),
        "padding": {"right": _ROOM, "top": 2, "left": _LEFT, "bottom": 2},
    }
    made["config"]["axisX"]["titleAnchor"] = "start"
    for layer in named:
        if _y(layer).get("axis", {}) is not None:
            _y(layer)["axis"] = {
                **_y(layer).get("axis", {}), "labelAlign": "left", "labelBaseline": "bottom",
                "labelPadding": 0, "labelOffset": -_ABOVE - higher // 2, "labelLimit": WIDTH,
                "ticks": False, "domain": False, "zindex": 1,
            }  # fmt: skip
        mark = layer["mark"] = {**_mark(layer)}
        if mark["type"] == "bar":
            mark["height"] = _BAR


def _legend_in_rows(made: Specification) -> None:
    """Set the entries of a legend one under the other where they do not fit side by side."""
    for layer in made.get("layer", [made]):
        field = layer.get("encoding", {}).get("color", {}).get("field")
        names = {
            str(row[field]) for rows in made["datasets"].values() for row in rows if field in row
        }
        if sum(map(len, names)) + _MARK * len(names) > _LINE:
            made["config"]["legend"]["columns"] = 1
            _in_one_column(layer["encoding"])


def _in_one_column(encoding: Specification) -> None:
    """Take back the columns that a legend asks for itself."""
    for channel in encoding.values():
        if isinstance(channel, dict) and channel.get("legend"):
            channel["legend"] = {**channel["legend"], "columns": 1}


def _y(layer: Specification) -> Specification:
    found: Specification = layer.get("encoding", {}).get("y", {})
    return found


def _mark(layer: Specification) -> Specification:
    mark = layer["mark"]
    return {"type": mark} if isinstance(mark, str) else mark
