"""What tests call: a copy of the brief, its command line, an edited cell."""

from __future__ import annotations

import contextlib
import csv
import functools
import http.server
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from armsbrief import paths

CASES = Path(__file__).parent / "notebooks" / "cases"
CONTENT = ("book", "notebooks", "data", "editions", "_config.yml", "_toc.yml", "index.md")
# A shell lets its jobs in the background ignore interrupts, and so what they start: the tests too.
INTERRUPTIBLE = ("env", "--default-signal=INT")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; give its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@dataclass(frozen=True)
class Brief:
    """One build: where its source is, where its results are, what it said."""

    root: Path
    out: Path
    said: str

    @property
    def html(self) -> Path:
        return self.out / "html"

    @property
    def pdf(self) -> Path:
        return self.out / "brief.pdf"

    @functools.cached_property
    def ledger(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.out / "ledger.json").read_text("utf-8"))
        return content


def copied(to: Path, memory_of: Path | None = None) -> Path:
    """Copy what a brief is made of, and nothing that was built from it.

    The copy may take over another's memory of which tables are valid and of
    which notebooks have not changed.
    """
    to.mkdir(parents=True, exist_ok=True)
    for name in CONTENT:
        original = paths.ROOT / name
        if original.is_dir():
            leave = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(original, to / name, ignore=leave)
        else:
            shutil.copy(original, to / name)
    if memory_of:
        shutil.copytree(memory_of / "_build" / "cache", to / "_build" / "cache")
    return to


def armsbrief(*words: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a brief, as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "armsbrief", *words], cwd=root, text=True, capture_output=True,
        env={**os.environ, "ARMSBRIEF_ROOT": str(root)}, check=False,
    )  # fmt: skip


def built(root: Path, *words: str, out: Path | None = None) -> Brief:
    """Build a brief, or fail with what the build said."""
    ran = armsbrief("build", *words, *(["--out", str(out)] if out else []), root=root)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return Brief(root, out or root / "_build", ran.stdout)


@functools.cache
def pages_of(pdf: Path) -> list[str]:
    """Return the text of each page of a PDF, with one space between words; slow, so once."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(pdf).pages]


def says(text: str, sentence: str) -> bool:
    """Tell whether a sentence is in a text, whatever marks stand behind its numbers."""
    letters = map(re.escape, sentence.replace(" ", "").replace("'", "’"))
    return bool(re.search(r"(?:r\d+)?".join(letters), text.replace(" ", "")))


def built_plainly(root: Path) -> Brief:
    """Build a brief as any Jupyter Book is built."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", "."]
    ran = subprocess.run(command, cwd=root, text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "WARNING" not in ran.stderr, ran.stderr
    return Brief(root, root / "_build", ran.stdout)


def edit_cell(root: Path, table: str, row: str, column: str, value: str) -> int:
    """Change one cell of a table; return the line of the file that it stands on."""
    rows = read_table(root, table)
    number = next(n for n, cells in enumerate(rows) if cells[0] == row)
    rows[number][rows[0].index(column)] = value
    write_table(root, table, rows)
    return number + 1


def read_table(root: Path, table: str) -> list[list[str]]:
    """Return the rows of a table, the head first."""
    with _table(root, table).open(encoding="utf-8", newline="") as content:
        return list(csv.reader(content))


def write_table(root: Path, table: str, rows: Iterable[Sequence[str]]) -> None:
    """Write the rows of a table, the head first."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    _table(root, table).write_text(text.getvalue(), encoding="utf-8")


def _table(root: Path, table: str) -> Path:
    return root / "data" / "tables" / f"{table}.csv"
