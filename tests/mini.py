"""A brief as small as can be, written by the tests that compare two states of one."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import yaml

from armsbrief import paths
from armsbrief.rules import VERDICTS

Row = tuple[str, str, str, float, str]  # id, series, month, value, published
FIELDS = ("id", "series", "month", "value", "published", "source_id")
SOURCES = "id,title,publisher,published,published_basis,url,kind,grade\n" + (
    "s1,Months,Us,2020-01-01,stated,https://example.org,dataset,primary\n"
)


def months(year: int, first: int, last: int, value: float, published: str) -> list[Row]:
    """Return one row of the series for each month."""
    return [(f"all-{year}-{month:02}", "all", f"{year}-{month:02}", value, published)
            for month in range(first, last + 1)]  # fmt: skip


def claim(name: str, title: str, minimum: float) -> dict[str, Any]:
    """Return the entry of a claim that a minimum decides."""
    return {
        "title": title,
        "page": f"book/findings/{name}",
        "says": "So it says.",
        "rule": {
            "name": "threshold",
            "inputs": {"estimate": f"{name}.value"},
            "settings": {"supported": minimum, "corrected": minimum, "in_part": minimum},
        },
        "sentences": {v: f"{v}: {{fact}}`{name}.value`." for v in VERDICTS},
        "found_as": f"{{fact}}`{name}.value`",
        "counter_evidence": ["Little."],
    }


def write_brief(
    root: Path,
    *,
    rows: Sequence[Row],
    claims: Mapping[str, tuple[str, float]],
    code: str,
    parameters: Mapping[str, Any],
    parameters_cell: str = "",
) -> None:
    """Write the brief, or write it anew over an older state."""
    for folder in ("book", "data/tables", "data/schemas", "notebooks", "editions"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "_toc.yml").write_text("format: jb-book\nroot: index\nparts: []\n")
    entries = {name: claim(name, *entry) for name, entry in claims.items()}
    (root / "book" / "claims.yml").write_text(yaml.safe_dump(entries, sort_keys=False))
    (root / "book" / "recommendations.yml").write_text("{}\n")
    edition = {"name": "now", "parameters": dict(parameters), "note": "A test."}
    (root / "editions" / "now.yml").write_text(yaml.safe_dump(edition))
    _write_data(root / "data", rows)
    cells = [
        nbformat.v4.new_code_cell("from armsbrief.notebook import Ratio, fact, load", id="imports"),
        nbformat.v4.new_code_cell(
            f'as_of: str = "2030-01-01"  # knowledge date\n{parameters_cell}'.strip(),
            id="parameters", metadata={"tags": ["parameters"]},
        ),
        nbformat.v4.new_code_cell(code, id="facts"),
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    (root / "notebooks" / "mini.ipynb").write_text(nbformat.writes(notebook))


def _write_data(data: Path, rows: Sequence[Row]) -> None:
    (data / "tables" / "sources.csv").write_text(SOURCES)
    with (data / "tables" / "months.csv").open("w", newline="") as content:
        writer = csv.writer(content, lineterminator="\n")
        writer.writerows([FIELDS, *((*row, "s1") for row in rows)])
    schemas = {
        "sources": {name: "string" for name in SOURCES.splitlines()[0].split(",")},
        "months": {name: "number" if name == "value" else "string" for name in FIELDS},
    }
    resources = []
    for name, fields in schemas.items():
        schema = {"fields": [{"name": key, "type": kind} for key, kind in fields.items()],
                  "primaryKey": "id"}  # fmt: skip
        (data / "schemas" / f"{name}.json").write_text(json.dumps(schema))
        resources.append({"name": name, "path": f"tables/{name}.csv", "type": "table",
                          "schema": f"schemas/{name}.json", "armsbrief": {"kind": "typed"}})  # fmt: skip
    (data / "datapackage.json").write_text(json.dumps({"name": "mini", "resources": resources}))


def with_own_code(root: Path) -> Path:
    """Give the brief its own copy of the package; return it."""
    own = root / "src" / "armsbrief"
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(str(paths.__file__)).parent, own, ignore=leave)
    return own


def commit(root: Path) -> None:
    """Commit everything, in a repository made for it."""
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "A state"]):
        subprocess.run(
            ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *words],
            cwd=root, check=True, capture_output=True,
        )  # fmt: skip
