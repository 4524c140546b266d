"""Files beside the pages: data that a script reads, tables that a person downloads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from armsbrief.spreadsheet import harmless


def write(app: Sphinx, address: str, content: str | bytes) -> None:
    """Put a file into the site, at an address from its root."""
    path = Path(app.outdir) / address
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def write_data(app: Sphinx, address: str, value: Any) -> None:
    """Write what our script reads, as a script: a browser fetches no JSON over file://."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    write(app, address, f"armsbrief({json.dumps(address)},{text});\n")


def write_csv(
    app: Sphinx, address: str, head: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write a table for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    write(app, address, text.getvalue())
