"""The reader tries to break a claim: every specification, to choose from and to read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from sphinx.application import Sphinx

from armsbrief import units, words
from armsbrief.sphinx_ext.site.files import write_csv, write_data
from armsbrief.sphinx_ext.source import of as ledger_of

_WIDTH = 1000  # of the strip that shows all estimates
Claim = Mapping[str, Any]


def _folder(name: str) -> str:
    return f"book/specifications/{name}"


def offered(claim: Claim) -> bool:
    """Tell whether there is anything to choose."""
    return len(claim["specifications"]) > 1


def form(name: str, claim: Claim, root: str) -> str:
    """Return the form, and the way to the whole table for a reader without a script."""
    first = _first(claim)
    selects = "".join(
        _select(dimension, claim, first, number)
        for number, dimension in enumerate(claim["dimensions"])
    )
    count = len(claim["specifications"])
    return (
        f'<form class="try scripted" id="try" hidden data-source="{_folder(name)}.js">'
        "<h3>Try to break it</h3>"
        "<p>Make each choice as you would defend it. The result was computed at build, like all "
        "others.</p>"
        f'<div class="choices">{selects}</div>'
        f'<output class="outcome" aria-live="polite">{_outcome(claim, first)}</output>'
        f'<svg class="strip" viewBox="0 0 {_WIDTH} 40" preserveAspectRatio="none" '
        'aria-hidden="true"></svg>'
        '<p class="source">One line for each way to compute it, low to high; those in the upper '
        "row hold, those in the lower do not. The long line is your choice. "
        "* changes other choices too.</p>"
        '<p class="actions"><button type="button" class="action copy">Copy a link to this choice'
        "</button></p></form>"
        f'<p><a href="{root}{_folder(name)}.html">All {count} ways to compute it</a>, with what '
        f'each gives (<a download href="{root}{_folder(name)}.csv">CSV</a>).</p>'
    )


def _outcome(claim: Claim, row: Mapping[str, Any]) -> str:
    shown = escape(estimate(row["estimate"], claim["unit"]))
    holds = "holds" if row["holds"] else "does not hold"
    verdict = words.VERDICT[claim["verdict"]].lower()
    return f"<b>{shown}</b>: the verdict “{verdict}” <b>{holds}</b> for this choice."


def _first(claim: Claim) -> Mapping[str, Any]:
    """Return the specification that gives the estimate of the claim, or else the first."""
    rows = claim["specifications"]
    return next((row for row in rows if row["estimate"] == claim["estimate"]), rows[0])


def _options(claim: Claim, dimension: str) -> list[str]:
    return list(dict.fromkeys(str(row[dimension]) for row in claim["specifications"]))


def _select(dimension: str, claim: Claim, first: Mapping[str, Any], number: int) -> str:
    chosen = str(first[dimension])
    options = "".join(
        f'<option value="{index}" data-words="{escape(option)}"'
        f"{' selected' if option == chosen else ''}>{escape(option)}</option>"
        for index, option in enumerate(_options(claim, dimension))
    )
    words_ = escape(dimension[0].upper() + dimension[1:])
    return (
        f'<label for="try-{number}">{words_}'
        f'<select id="try-{number}" name="{escape(dimension)}">{options}</select></label>'
    )


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Return one page for each claim, with all its specifications."""
    for name, claim in _claims(app):
        head, cells = table(claim)
        yield (
            _folder(name),
            {
                "own_title": f"All ways to compute it: {claim['title']}",
                "own_description": words.robustness(claim),
                "intro": words.robustness(claim),
                "back": f"{claim['page']}.html",
                "back_words": "Back to the finding",
                "csv": f"{name}.csv",
                "columns": head,
                "cells": cells,
            },
            "table.html",
        )


def write_grids(app: Sphinx) -> None:
    """Write the computed grid of every claim: for our script and for a spreadsheet."""
    for name, claim in _claims(app):
        write_data(app, f"{_folder(name)}.js", _grid(claim))
        head = [*claim["dimensions"], "estimate", "holds"]
        rows = ([row[key] for key in head] for row in claim["specifications"])
        write_csv(app, f"{_folder(name)}.csv", head, rows)


def _claims(app: Sphinx) -> Iterator[tuple[str, Claim]]:
    for name, claim in ledger_of(app.env)["claims"].items():
        if offered(claim):
            yield name, claim


def table(claim: Claim) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of all specifications."""
    head = [name[0].upper() + name[1:] for name in claim["dimensions"]]
    cells = [
        [
            *(str(row[key]) for key in claim["dimensions"]),
            estimate(row["estimate"], claim["unit"]),
            "holds" if row["holds"] else "does not hold",
        ]
        for row in claim["specifications"]
    ]
    return [*head, "Estimate", "The verdict"], cells


def _grid(claim: Claim) -> dict[str, Any]:
    places = _places([row["estimate"] for row in claim["specifications"]])
    options = [_options(claim, dimension) for dimension in claim["dimensions"]]
    rows = [
        {
            "choices": [
                known.index(str(row[dimension]))
                for dimension, known in zip(claim["dimensions"], options, strict=True)
            ],
            "estimate": estimate(row["estimate"], claim["unit"]),
            "holds": row["holds"],
            "at": place,
        }
        for row, place in zip(claim["specifications"], places, strict=True)
    ]
    return {"verdict": words.VERDICT[claim["verdict"]].lower(), "rows": rows}


def estimate(value: Any, unit: str | None) -> str:
    """Write an estimate as the reader sees it, with its unit."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return units.display(value, unit or "text", 0)
    digits = 2 if isinstance(value, float) and value != int(value) else 0
    shown = units.display(value, unit or "text", digits)
    return words.with_unit(shown, unit)


def _places(estimates: Sequence[Any]) -> list[int]:
    """Return where each estimate stands on the strip, by size; equal steps for equal factors."""
    numbers = [float(value) for value in estimates if isinstance(value, int | float)]
    if not numbers or min(numbers) == max(numbers):
        return [_WIDTH // 2 for _ in estimates]
    scale = math.log if min(numbers) > 0 else float
    low, high = scale(min(numbers)), scale(max(numbers))
    return [
        round(5 + (scale(float(value)) - low) / (high - low) * (_WIDTH - 10))
        if isinstance(value, int | float)
        else 5
        for value in estimates
    ]
