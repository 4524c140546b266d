"""What a notebook uses: load rows, record facts, charts and specifications.

Each record is one output of a cell, in a MIME type of our own beside the text
that a person reads. The build reads the records out of the executed notebook:
there are no side files, and the cell that shows a number is the one that made
it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
from IPython.display import display

from armsbrief import drawing, units
from armsbrief.charts import drawn
from armsbrief.data import load, number, one
from armsbrief.errors import NotebookError
from armsbrief.parameters import Counter, Date, FieldSet, Month, Ratio, Restated, Year
from armsbrief.records import CHART, FACT, SPECIFICATIONS, TABLE

__all__ = [
    "Counter",
    "Date",
    "FieldSet",
    "Month",
    "Ratio",
    "Restated",
    "Year",
    "alt",
    "asserted",
    "chart",
    "fact",
    "load",
    "number",
    "one",
    "pd",
    "specifications",
    "table",
]

_ID = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$")
_SIGNIFICANT = 12  # digits kept of a float: the rest differs between processors


def fact(
    fact_id: str,
    value: units.Value,
    *,
    unit: str,
    label: str,
    rows: pd.DataFrame | Sequence[pd.DataFrame],
    digits: int = 0,
    how: str = "read from the table",
    stated: Mapping[str, Any] | None = None,
) -> None:
    """Record one named value, with the rows it came from.

    Parameters
    ----------
    fact_id : str
        `<question>.<name>`, in lower case with hyphens.
    value : int, float, str, bool or None
        Built-in types only. None means that the rows do not tell.
    unit : str
        Unit of the value, as in the tables (`USD bn`, `weapons`, `ratio` …).
    label : str
        What the value is, in words.
    rows : pandas.DataFrame or sequence of them
        The rows used, as `load` gave them. Sources and dates follow from them.
    digits : int
        Decimals shown to the reader.
    how : str
        The formula in words.
    stated : mapping, optional
        For an assertion: its qualifier and resolution (see `asserted`).

    Raises
    ------
    NotebookError
        If the id is malformed, the value is not of a built-in type, or the
        rows do not come from `load`.
    """
    if not _ID.match(fact_id):
        raise NotebookError(f"fact {fact_id!r}: expected an id such as 'equipment-value.left'.")
    frames = [rows] if isinstance(rows, pd.DataFrame) else list(rows)
    value = _builtin(fact_id, value)
    record = {
        "id": fact_id,
        "value": value,
        "display": units.display(value, unit, digits),
        "unit": unit,
        "digits": digits,
        "label": label,
        "how": how,
        **_trail(fact_id, frames),
        **({"stated": dict(stated)} if stated else {}),
    }
    _show(FACT, record, f"{fact_id} = {record['display']}   [{label}; {how}]")


def asserted(claim_id: str, *, as_of: str, digits: int = 0, part: str = "") -> units.Value:
    """Record what the op-ed asserts, with how it hedges and how finely it is stated.

    Parameters
    ----------
    claim_id : str
        The claim; its row in the table `assertions` has this id, or
        `<claim>.<part>`.
    as_of : str
        Knowledge date, YYYY-MM-DD.
    digits : int
        Decimals shown.
    part : str
        For a claim that asserts several numbers.

    Returns
    -------
    float or None
        The asserted value.
    """
    row = one(load("assertions", as_of), f"{claim_id}.{part}" if part else claim_id)
    name = f"{claim_id}.asserted" + (f"-{part}" if part else "")
    value, step = number(row), number(row, "resolution")
    stated = {
        "qualifier": None if row.empty else _scalar(row["qualifier"].iloc[0]),
        "resolution": step,
    }
    unit = "text" if row.empty or value is None else str(row["unit"].iloc[0])
    fact(name, value, unit=unit, label="asserted by the op-ed", rows=row, digits=digits,
         how="read from the op-ed", stated=stated)  # fmt: skip
    return value


def _builtin(where: str, value: Any) -> units.Value:
    """Let only built-in types through: NumPy's print blank when a page formats them."""
    if value is None or type(value) in (int, bool, str):
        return value  # type: ignore[no-any-return]  # narrowed by the line above
    if type(value) is float:
        return float(f"{value:.{_SIGNIFICANT}g}")
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise NotebookError(
        f"fact {where!r}: the value {value!r} is of type {kind}; expected int, float, str, bool "
        "or None.",
        "wrap it in int(…) or float(…) in the notebook",
    )


def _trail(fact_id: str, frames: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return sources, tables, row ids and the date of the newest row of the frames."""
    for frame in frames:
        missing = {"id", "source_id", "published"} - set(frame.columns)
        if missing or "table" not in frame.attrs:
            raise NotebookError(
                f"fact {fact_id!r}: its rows lack {', '.join(sorted(missing)) or 'a table name'}; "
                "pass rows as load() gave them, filtered but not aggregated."
            )
    used: dict[str, set[str]] = {}
    sources: set[str] = set()
    days: set[str] = set()
    for frame in frames:  # lists, as pandas takes a hundred times as long for a set of few rows
        used.setdefault(frame.attrs["table"], set()).update(frame["id"].tolist())
        sources.update(frame["source_id"].tolist())
        days.update(frame["published"].tolist())
    return {
        "rows": {table: sorted(ids) for table, ids in sorted(used.items())},
        "sources": sorted(sources),
        "as_of": str(max(days)) if days else None,
    }


def chart(
    chart_id: str,
    figure: alt.TopLevelMixin,
    *,
    title: str,
    finding: str,
    alt_text: str,
    rows: pd.DataFrame | Sequence[pd.DataFrame],
    note: str = "",
) -> None:
    """Record a chart: drawn as SVG now, its specification kept beside it.

    Parameters
    ----------
    chart_id : str
        `<question>.<name>`, as for facts.
    figure : altair chart
        Without title: title and finding are set as text around it.
    title, finding : str
        What is shown; what it says.
    alt_text : str
        What a person who cannot see it needs to know, with the numbers.
    rows : pandas.DataFrame or sequence of them
        The rows shown, as `load` gave them.
    note : str
        A caveat that belongs under the chart.

    Raises
    ------
    NotebookError
        If the text alternative is missing or the id is malformed.
    """
    if not _ID.match(chart_id) or not alt_text.strip():
        raise NotebookError(f"chart {chart_id!r}: expected a well-formed id and an alt_text.")
    if drawing.is_off():
        return
    frames = [rows] if isinstance(rows, pd.DataFrame) else list(rows)
    svg, specification = drawn(figure, title, alt_text)
    record = {
        "id": chart_id,
        "title": title,
        "finding": finding,
        "alt": alt_text,
        "note": note,
        "specification": specification,
        **_trail(chart_id, frames),
    }
    _show(CHART, record, f"{title}. {finding} {alt_text}", {"image/svg+xml": svg})


def table(
    table_id: str,
    frame: pd.DataFrame,
    *,
    title: str,
    rows: pd.DataFrame | Sequence[pd.DataFrame],
) -> None:
    """Record a table to be shown on a page.

    Parameters
    ----------
    table_id : str
        `<claim>.<name>`, as for facts.
    frame : pandas.DataFrame
        Text in every cell, as the reader is to see it (`units.display` writes
        numbers).
    title : str
        What the table shows.
    rows : pandas.DataFrame or sequence of them
        The rows shown, as `load` gave them.

    Raises
    ------
    NotebookError
        If the id is malformed or a cell is no text.
    """
    cells = [[_scalar(cell) for cell in row] for row in frame.itertuples(index=False)]
    if not _ID.match(table_id) or not all(isinstance(cell, str) for row in cells for cell in row):
        raise NotebookError(
            f"table {table_id!r}: expected a well-formed id and text in every cell."
        )
    frames = [rows] if isinstance(rows, pd.DataFrame) else list(rows)
    record = {
        "id": table_id,
        "title": title,
        "columns": [str(column) for column in frame.columns],
        "cells": cells,
        **_trail(table_id, frames),
    }
    html = {"text/html": frame.to_html(index=False, border=0)}
    _show(TABLE, record, f"{title}\n{frame.to_string(index=False)}", html)


def specifications(claim_id: str, table: pd.DataFrame, *, rows: Sequence[pd.DataFrame]) -> None:
    """Record every defensible way to compute a claim, with what each gives.

    Parameters
    ----------
    claim_id : str
        The claim that they bear on.
    table : pandas.DataFrame
        One row per specification: one column per choice, and `estimate`, in
        the unit of the claim. A column `part` separates the parts of a claim
        that has several.
    rows : sequence of pandas.DataFrame
        The rows used, as `load` gave them.

    Raises
    ------
    NotebookError
        If `estimate` is missing or two specifications make the same choices.
    """
    choices = [column for column in table.columns if column != "estimate"]
    if "estimate" not in table.columns or table.duplicated(subset=choices).any():
        raise NotebookError(
            f"specifications of {claim_id!r}: expected a column 'estimate' and choices that differ "
            f"from row to row; the columns are {list(table.columns)}."
        )
    listed: list[dict[str, Any]] = [
        {str(key): _builtin(claim_id, _scalar(value)) for key, value in row.items()}
        for row in table.to_dict(orient="records")
    ]
    # JSON in notebooks is stored with sorted keys, so the order of the choices is kept apart.
    record: Mapping[str, Any] = {
        "claim": claim_id,
        "dimensions": choices,
        "rows": listed,
        **_sources(claim_id, rows),
    }
    _show(SPECIFICATIONS, record, f"{claim_id}: {len(listed)} specifications")


def _sources(claim_id: str, frames: Sequence[pd.DataFrame]) -> dict[str, Any]:
    trail = _trail(claim_id, frames)
    return {"sources": trail["sources"], "as_of": trail["as_of"]}


def _scalar(value: Any) -> Any:
    """Unwrap what pandas stores in a column; a missing value becomes None."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    return value.item() if hasattr(value, "item") else value


def _show(mime: str, record: Any, text: str, more: Mapping[str, str] | None = None) -> None:
    display({"text/plain": text, mime: record, **(more or {})}, raw=True)
