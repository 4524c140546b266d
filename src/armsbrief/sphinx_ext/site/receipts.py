"""Receipts: the trail of every number, as pages, as pieces for a dialog, as rows to download."""

from __future__ import annotations

import csv
import hashlib
import json
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from armsbrief import paths, words
from armsbrief.references import dated
from armsbrief.sphinx_ext.addresses import FEW_SOURCES, anchor, receipt, receipts_of
from armsbrief.sphinx_ext.site.files import write_csv, write_data
from armsbrief.sphinx_ext.source import of as ledger_of
from armsbrief.sphinx_ext.source import sources_of

Row = dict[str, str]
_ON_PAGE, _IN_DIALOG = 3, 25  # rows; the CSV has all of them
_LONGEST = 280  # letters of a row shown
# Columns that a receipt shows in another place, or that only keep the books.
_ELSEWHERE = {"id", "source_id", "published", "published_basis", "also", "status"}


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Return one page for each notebook that computes facts."""
    for notebook, receipts in _by_notebook(app).items():
        title = _notebook_title(app, notebook)
        context = {
            "own_title": f"Receipts: {title}",
            "own_description": f"Value, formula, rows and sources of {len(receipts)} numbers.",
            "notebook": notebook,
            "notebook_page": _page(notebook),
            "receipts": receipts,
            "listed": list(_listed(app, notebook)),
            "limit": _ON_PAGE,
        }
        yield receipts_of(notebook), context, "receipts.html"


def _listed(app: Sphinx, notebook: str) -> Iterator[dict[str, Any]]:
    """Yield what a notebook gives that has more sources than its page cites; tables cite none."""
    ledger, sources = ledger_of(app.env), sources_of(app.env)
    facts = ledger["facts"]
    places = {
        name: facts[claim["facts"][0]]["notebook"] for name, claim in ledger["claims"].items()
    }
    tables = {f"table-{name}": table for name, table in ledger["tables"].items()}
    for name, record in {**ledger["claims"], **ledger["charts"], **tables}.items():
        many = name in tables or len(record["sources"]) > FEW_SOURCES
        if many and record["sources"] and record.get("notebook", places.get(name)) == notebook:
            yield {
                "anchor": anchor("sources", name),
                "title": record["title"],
                "sources": [sources[source] for source in record["sources"]],
            }


def write_pieces(app: Sphinx) -> None:
    """Write for every number what a dialog shows of it, and its rows as CSV."""
    for receipts in _by_notebook(app).values():
        for found in receipts:
            told = {"r": found, "root": "", "limit": _IN_DIALOG, "in_page": False}
            html = app.builder.templates.render("receipt.html", told)
            write_data(app, f"book/receipts/{found['id']}.js", html)
            if found["rows"]:
                write_csv(app, f"book/receipts/{found['id']}.csv", *_whole(found["found"]))


@cache
def _by_notebook(app: Sphinx) -> dict[str, list[dict[str, Any]]]:
    """Put all receipts together, once a build: pages and pieces show the same."""
    made: dict[str, list[dict[str, Any]]] = {}
    facts = ledger_of(app.env)["facts"]
    for name, fact in sorted(facts.items()):
        made.setdefault(fact["notebook"], []).append(_receipt(app, name, fact))
    return made


def _receipt(app: Sphinx, name: str, fact: Mapping[str, Any]) -> dict[str, Any]:
    ledger, sources = ledger_of(app.env), sources_of(app.env)
    found = [(table, rows(table)[row]) for table, ids in fact["rows"].items() for row in ids]
    return {
        "id": name,
        "anchor": anchor("fact", name),
        "address": receipt(name, fact["notebook"]),
        "display": fact["display"],
        "label": fact["label"],
        "unit": "" if fact["unit"] in ("text", "date", "year") else fact["unit"],
        "full": "not known" if fact["value"] is None else str(fact["value"]),
        "rounding": rounding(fact),
        "how": fact["how"],
        "notebook": fact["notebook"],
        "notebook_page": f"{_page(fact['notebook'])}#cell-{fact['cell']}",
        "cell": fact["cell"],
        "parameters": ", ".join(f"{key} = {value}" for key, value in ledger["parameters"].items()),
        "known": words.day(fact["as_of"]) if fact["as_of"] else "",
        "sources": [{**sources[s], "published": dated(sources[s])} for s in fact["sources"]],
        "hashes": [entry for table in fact["rows"] for entry in _hashes(table)],
        "tables": ", ".join(fact["rows"]),
        "count": len(found),
        "found": found,
        "rows": [
            {**_shown(table, row["id"]), **_origin(row, sources)}
            for table, row in found[:_IN_DIALOG]
        ],
        "citation": f"“{fact['label']}: {fact['display']}”, in {app.config.project}, "
        f"edition {ledger['edition']}, receipt {name}.",
    }


def rounding(fact: Mapping[str, Any]) -> str:
    """Say how the displayed form was rounded."""
    if not isinstance(fact["value"], float):
        return ""
    digits = fact["digits"]
    return f"shown to {digits} decimal{'' if digits == 1 else 's'}" if digits else "shown whole"


@cache
def _shown(table: str, name: str) -> dict[str, str]:
    """Say what stands in a row, which many numbers may rest on."""
    row = rows(table)[name]
    told = [f"{key}: {value}" for key, value in row.items() if value and key not in _ELSEWHERE]
    return {"id": name, "says": textwrap.shorten("; ".join(told), _LONGEST, placeholder=" …")}


def _origin(row: Row, sources: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    source = sources.get(row.get("source_id", ""), {})
    return {
        "publisher": source.get("publisher", ""),
        "url": source.get("url", ""),
        "published": row.get("published", ""),
    }


def _whole(found: list[tuple[str, Row]]) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of a CSV; rows of several tables share their columns."""
    columns = list(dict.fromkeys(key for _, row in found for key in row))
    cells = [[table, *(row.get(key, "") for key in columns)] for table, row in found]
    return ["table", *columns], cells


@cache
def rows(table: str) -> dict[str, Row]:
    """Return the rows of a table by their id, as text."""
    with _file(table).open(encoding="utf-8", newline="") as content:
        return {row["id"]: row for row in csv.DictReader(content)}


@cache
def _hashes(table: str) -> list[dict[str, str]]:
    """Return the hash of a table, and of the snapshots it was derived from."""
    digest = hashlib.sha256(_file(table).read_bytes()).hexdigest()
    found = [{"what": f"table {table}", "sha256": digest}]
    for path in sorted((paths.DATA / "snapshots").glob("*/*/manifest.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if table in manifest["derived"]:
            what = f"snapshot {manifest['source']} of {path.parent.name}"
            found.append({"what": what, "sha256": manifest["sha256"]})
    return found


def _file(table: str) -> Path:
    return paths.DATA / "tables" / f"{table}.csv"


def _page(notebook: str) -> str:
    return f"{notebook.removesuffix('.ipynb')}.html"


def _notebook_title(app: Sphinx, notebook: str) -> str:
    titles = app.env.titles
    page = notebook.removesuffix(".ipynb")
    return str(titles[page].astext()) if page in titles else notebook
