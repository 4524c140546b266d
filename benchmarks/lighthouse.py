"""Lighthouse's view of the site: a phone on a slow line, simulated; no compression.

    .venv/bin/python benchmarks/lighthouse.py [FOLDER] [PAGE …]

Prints, for each page, the four scores, the largest contentful paint and the bytes.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tests" / "browser"
PROGRAM = TOOLS / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PAGES = ("index.html", "book/findings/pakistan-brunt.html")  # the front page, the heaviest finding
_FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"


@dataclass(frozen=True)
class Seen:
    """What Lighthouse says of one page; scores of 100, seconds, bytes over the line."""

    page: str
    scores: dict[str, int]
    largest_paint: float
    total_bytes: int
    complaints: list[str]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine as it is."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        """Say nothing."""


def look(address: str, page: str, categories: Sequence[str] = CATEGORIES) -> Seen:
    """Run Lighthouse on one page.

    Raises
    ------
    RuntimeError
        If Lighthouse is not installed or fails; ends with what it said.
    """
    if not PROGRAM.exists():
        raise RuntimeError("Lighthouse is not installed.\n  Next: make test")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))  # fmt: skip
    command = ["node", str(PROGRAM), f"{address}/{page}", "--output=json", "--quiet",
               f"--only-categories={','.join(categories)}", f"--chrome-flags={_FLAGS}"]  # fmt: skip
    environment = {**os.environ, "CHROME_PATH": browser}
    ran = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=180
    )
    if ran.returncode:
        raise RuntimeError(f"Lighthouse failed on {page}:\n{ran.stderr[-2000:]}")
    return _seen(page, json.loads(ran.stdout))


def _seen(page: str, report: dict) -> Seen:
    audits = report["audits"]
    scores = {name: round(part["score"] * 100) for name, part in report["categories"].items()}
    weighed = {
        ref["id"] for part in report["categories"].values() for ref in part["auditRefs"] if ref["weight"]
    }  # fmt: skip
    bad = [audit["title"] for name, audit in audits.items()
           if name in weighed and audit["score"] is not None and audit["score"] < 0.9]  # fmt: skip
    paint = audits.get("largest-contentful-paint", {}).get("numericValue", 0) / 1000
    size = audits.get("total-byte-weight", {}).get("numericValue", 0)
    return Seen(page, scores, round(paint, 2), int(size), bad)


def measure(folder: Path, pages: Sequence[str] = PAGES) -> list[dict]:
    """Look at pages of a built site, one after the other."""
    with served(folder) as address:
        return [asdict(look(address, page)) for page in pages]


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "_build" / "html"
    for found in measure(folder, sys.argv[2:] or PAGES):
        print(json.dumps(found, indent=1))
