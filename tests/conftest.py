"""What the tests share: copies of the brief, builds that several tests look at, a browser."""

from __future__ import annotations

import csv
import functools
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from armsbrief import data, paths

collect_ignore_glob = ["notebooks/*"]  # nbval would run the cases, most of which must fail

CASES = Path(__file__).parent / "notebooks" / "cases"
CONTENT = ("book", "notebooks", "data", "editions", "_config.yml", "_toc.yml", "index.md")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

settings.register_profile("brief", deadline=None, max_examples=60)
settings.load_profile("brief")


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


def copied(to: Path) -> Path:
    """Copy what a brief is made of, and nothing that was built from it."""
    to.mkdir(parents=True, exist_ok=True)
    for name in CONTENT:
        original = paths.ROOT / name
        if original.is_dir():
            leave = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(original, to / name, ignore=leave)
        else:
            shutil.copy(original, to / name)
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


def edit_cell(root: Path, table: str, row: str, column: str, value: str) -> int:
    """Change one cell of a table; return the line of the file that it stands on."""
    path = root / "data" / "tables" / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as content:
        rows = list(csv.reader(content))
    number = next(n for n, cells in enumerate(rows) if cells[0] == row)
    rows[number][rows[0].index(column)] = value
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return number + 1


@pytest.fixture(scope="session")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """The default edition, built from a copy of this repository."""
    return built(copied(tmp_path_factory.mktemp("brief") / "copy"))


@pytest.fixture(scope="session")
def costlier(brief: Brief, tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """The same, where the Pentagon's 7.12 billion is 7.50 in the table."""
    root = copied(tmp_path_factory.mktemp("costlier") / "copy")
    shutil.copytree(brief.root / "_build" / "cache", root / "_build" / "cache")
    edit_cell(root, "equipment", "dod-2022-total-left", "value", "7.50")
    return built(root)


@pytest.fixture(scope="session")
def back_then(brief: Brief, tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """The brief as it could have stood on the day of the op-ed."""
    return built(brief.root, "-p", "as_of=2025-04-17", out=tmp_path_factory.mktemp("then") / "out")


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the data that a test may spoil; code in this process reads it."""
    shutil.copytree(paths.DATA, tmp_path / "data")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "DATA", tmp_path / "data")
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "data" / "datapackage.json")
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    data.package.cache_clear()
    yield tmp_path
    data.package.cache_clear()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or else the one that Playwright brought."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def site(brief: Brief) -> Iterator[str]:
    """The address at which the built site is served."""
    handler = functools.partial(_Quiet, directory=str(brief.html))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: Any) -> None:
        """Say nothing."""
