"""What a notebook reads, observed while it runs.

The build names a file in `ARMSBRIEF_TRACE`; every table that is loaded is
noted there with its hash, and every module of ours that is in use.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "ARMSBRIEF_TRACE"


def note_table(name: str, digest: str) -> None:
    """Note that a table was read, with the hash of what was read."""
    if path := os.environ.get(VARIABLE):
        modules = sorted(name for name in sys.modules if name.split(".")[0] == "armsbrief")
        lines = [f"table\t{name}\t{digest}", *(f"module\t{module}\t" for module in modules)]
        with Path(path).open("a", encoding="utf-8") as trace:
            trace.write("\n".join(lines) + "\n")


def read(path: Path) -> tuple[dict[str, str], set[str]]:
    """Return the tables with their hashes, and the modules, that a run noted."""
    tables, modules = {}, set()
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        kind, name, digest = line.split("\t")
        if kind == "table":
            tables[name] = digest
        else:
            modules.add(name)
    return tables, modules
