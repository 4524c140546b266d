"""Measure execution, builds, rebuilds and sweeps side by side, in one run: `make bench`.

Machines are noisy, so only the ratios inside one run mean something. Execution and builds are
measured `--repeat` times, in turns, and the median counts; what takes minutes is measured once.
Everything happens in a copy of the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import lighthouse
import psutil
import yaml
from rich.console import Console
from rich.table import Table

from armsbrief import paths

CORES = os.cpu_count() or 1
BIN = Path(sys.executable).parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
PAPERMILL = (
    "import sys, papermill; "
    "papermill.execute_notebook(sys.argv[1], None, cwd=sys.argv[2], progress_bar=False)"
)
# As the command line does: kernels get ready while the rest is imported.
EXECUTE = """
import os, sys
from pathlib import Path
from armsbrief import warm
with warm.serving():
    from armsbrief import execute
    jobs = {Path(path): {} for path in sys.argv[2:]}
    execute.run_all(jobs, Path(sys.argv[1]), os.cpu_count(), use_cache=False)
"""
SITE = """
from armsbrief import warm
with warm.serving():
    from armsbrief.build import build
    build(with_paper=False)
"""
# With 17 notebooks about 200 runs.
DAYS = ["2025-04-17", *(f"2025-{month:02}-28" for month in (6, 9, 12)),
        *(f"2026-{month:02}-28" for month in range(1, 9))]  # fmt: skip


@dataclass
class Bench:
    """One copy of the repository, and what was measured in it."""

    root: Path
    seconds: dict[str, list[float]] = field(default_factory=dict)
    megabytes: dict[str, list[float]] = field(default_factory=dict)
    seen: list[dict] = field(default_factory=list)  # by Lighthouse

    @property
    def notebooks(self) -> list[Path]:
        """All notebooks."""
        return sorted((self.root / "notebooks").glob("*.ipynb"))

    def run(self, name: str, *command: str | Path, watch: bool = False, **more: str) -> float:
        """Run a command in the copy and note how long it took, and its memory if watched."""
        env = {**os.environ, "ARMSBRIEF_ROOT": str(self.root), **more}
        start = time.perf_counter()
        with _peak() if watch else nullcontext([0.0]) as peak:
            ran = subprocess.run([*map(str, command)], cwd=self.root, env=env, text=True,
                                 capture_output=True, check=False)  # fmt: skip
        took = time.perf_counter() - start
        if ran.returncode:
            raise SystemExit(f"{name}: {' '.join(map(str, command))}\n{ran.stdout}\n{ran.stderr}")
        if watch:
            self.megabytes.setdefault(name, []).append(peak[0])
        return self.note(name, took)

    def note(self, name: str, took: float) -> float:
        """Note how long something took, in seconds."""
        self.seconds.setdefault(name, []).append(took)
        print(f"{name}: {took:.2f} s", flush=True)
        return took

    def median(self, name: str) -> float | None:
        """Return the median; None where it was not measured."""
        return statistics.median(self.seconds[name]) if name in self.seconds else None

    def fresh(self) -> None:
        """Forget every earlier build."""
        shutil.rmtree(self.root / "_build", ignore_errors=True)


@contextmanager
def _peak() -> Iterator[list[float]]:
    """Watch the memory of all child processes; proportional, as forks share most of theirs."""
    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            total = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    total += child.memory_full_info().pss
                except (psutil.Error, AttributeError):
                    continue
            peak[0] = max(peak[0], total / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def execution(bench: Bench) -> None:
    """Run all notebooks: the floor, papermill in sequence, ours."""
    with tempfile.TemporaryDirectory() as folder:
        floor(bench)
        start = time.perf_counter()
        for path in bench.notebooks:
            bench.run(
                "papermill, each notebook", sys.executable, "-c", PAPERMILL, path, path.parent
            )
        took = bench.note("papermill in sequence", time.perf_counter() - start)
        bench.note("papermill in sequence, per run", took / len(bench.notebooks))
        bench.run("execute", sys.executable, "-c", EXECUTE, folder, *bench.notebooks)


def floor(bench: Bench) -> None:
    """Run the same code in warm processes: one, and one for each core.

    Each process runs its notebooks once: what a second run finds in memory, no first run has.
    """
    with _warm(bench, 1) as ready:
        alone = _asked(ready, [[str(path) for path in bench.notebooks]])
    bench.note("floor, one process", sum(alone.values()))
    shares: list[list[str]] = [[] for _ in range(CORES)]
    for path in sorted(alone, key=lambda path: -alone[path]):
        min(shares, key=lambda share: sum(alone[p] for p in share)).append(path)
    with _warm(bench, CORES) as ready:
        start = time.perf_counter()
        _asked(ready, shares)
        bench.note("floor", time.perf_counter() - start)


@contextmanager
def _warm(bench: Bench, number: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Give processes that have imported everything, and end them."""
    env = {**os.environ, "ARMSBRIEF_ROOT": str(bench.root)}
    ready = [
        subprocess.Popen([sys.executable, Path(__file__).with_name("floor.py")], env=env, text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(number)
    ]  # fmt: skip
    try:
        for process in ready:
            process.stdout.readline()
        yield ready
    finally:
        for process in ready:
            process.communicate()


def _asked(processes: list[subprocess.Popen[str]], shares: list[list[str]]) -> dict[str, float]:
    for process, share in zip(processes, shares, strict=True):
        process.stdin.write(json.dumps(share) + "\n")
        process.stdin.flush()
    return {k: v for process in processes for k, v in json.loads(process.stdout.readline()).items()}


def nbval(bench: Bench) -> None:
    """Re-execute and compare the stored outputs: as nbval comes, and with ours."""
    pytest = (BIN / "pytest", "-q", "--nbval", "-p", "no:cacheprovider", bench.root / "notebooks")
    bench.run("nbval as it comes", *pytest, "--noconftest")
    bench.run("nbval, warm and parallel", *pytest, "-n", str(CORES), "--dist", "loadfile")


def stock(bench: Bench) -> None:
    """`jupyter-book build`, executing by itself: HTML, then PDF by a browser, as pdfhtml does."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "book"
        shutil.copytree(bench.root, source, ignore=shutil.ignore_patterns("_build"))
        config = yaml.safe_load((source / "_config.yml").read_text(encoding="utf-8"))
        config["execute"] = {"execute_notebooks": "cache", "timeout": 300}  # empty: all are run
        (source / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        root = {"ARMSBRIEF_ROOT": str(source)}
        html = bench.run("stock HTML", BIN / "jupyter-book", "build", source, **root)
        # As `pdfhtml` does; the theme of the site is not made for one page, the one for print is.
        config["sphinx"]["config"] |= {"html_theme": "armsbrief_print", "html_sidebars": {}}
        (source / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        single = bench.run("stock single page", BIN / "jupyter-book", "build", source,
                           "--builder", "singlehtml", **root)  # fmt: skip
        page = source / "_build" / "singlehtml" / "index.html"
        browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
        if browser is None:
            raise SystemExit("the stock PDF needs Chromium.\n  Next: make test installs it")
        where = (f"--user-data-dir={folder}/u", f"--print-to-pdf={folder}/stock.pdf")
        printed = bench.run("stock PDF, by a browser", browser, *FLAGS, *where, page.as_uri())
        bench.note("stock HTML and PDF", html + single + printed)


def builds(bench: Bench) -> None:
    """Build the whole, then rebuild after nothing, after one cell, after one sentence."""
    bench.fresh()
    command = (BIN / "armsbrief", "build")
    bench.run("build", *command)
    bench.run("import pandas", sys.executable, "-c", "import pandas")
    bench.run("build, nothing changed", *command)
    table = bench.root / "data" / "tables" / "equipment.csv"
    before = table.read_text(encoding="utf-8")
    for name, value, again in (
        ("site", "7.50", (sys.executable, "-c", SITE)),
        ("all", "7.51", command),
    ):
        changed = _with_cell(before, "dod-2022-total-left", "7.12", value)
        table.write_text(changed, encoding="utf-8")
        bench.run(f"{name}, one cell changed", *again)
    table.write_text(before, encoding="utf-8")
    bench.run("all, the cell as it was", *command)
    with (bench.root / "book" / "limits.md").open("a", encoding="utf-8") as page:
        page.write("\nOne sentence more.\n")
    bench.run("all, one sentence changed", *command)
    _served(bench, table, _with_cell(before, "dod-2022-total-left", "7.12", "7.52"))
    table.write_text(before, encoding="utf-8")


def _served(bench: Bench, table: Path, changed: str) -> None:
    """Save a table while `armsbrief serve` runs, and wait until the site shows it."""
    env = {**os.environ, "ARMSBRIEF_ROOT": str(bench.root), "PYTHONUNBUFFERED": "1"}
    serving = subprocess.Popen([BIN / "armsbrief", "serve", "--port", "0"], cwd=bench.root,
                               env=env, text=True, stdout=subprocess.PIPE)  # fmt: skip
    try:
        _hear(serving, "Built the site and the PDF")
        start = time.perf_counter()
        table.write_text(changed, encoding="utf-8")
        _hear(serving, "Built the site; the PDF follows")
        bench.note("site, one cell changed, served", time.perf_counter() - start)
        _hear(serving, "Built the site and the PDF")  # until then it would disturb what follows
    finally:
        serving.terminate()
        serving.communicate()


def _hear(process: subprocess.Popen[str], words: str) -> None:
    for line in process.stdout or ():
        if words in line:
            return
    raise SystemExit(f"armsbrief serve ended before it said {words!r}")


def _with_cell(text: str, row: str, old: str, new: str) -> str:
    lines = text.splitlines(keepends=True)
    changed = [line.replace(old, new, 1) if line.startswith(f"{row},") else line for line in lines]
    if changed == lines:
        raise SystemExit(f"equipment.csv: row {row!r} with {old} was expected.")
    return "".join(changed)


def sweeps(bench: Bench) -> None:
    """Sweep every notebook over days, here and on clusters of one worker and of two."""
    _sweep(bench, "sweep", DAYS)
    with _cluster(bench, 1) as address:
        _sweep(bench, "sweep, one Dask worker", DAYS[:6], "--scheduler", address)
    with _cluster(bench, 2) as address:
        _sweep(bench, "sweep, two Dask workers", DAYS[:6], "--scheduler", address)


def _sweep(bench: Bench, name: str, days: list[str], *words: str) -> None:
    grid = bench.root / "_build" / "grid.yml"
    grid.parent.mkdir(exist_ok=True)
    grid.write_text(yaml.safe_dump({"cross": {"as_of": days}}), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        took = bench.run(name, BIN / "armsbrief", "sweep", grid, "--out", folder, *words)
        runs = len((Path(folder) / "journal.jsonl").read_text("utf-8").splitlines())
    bench.note(f"{name}, per run", took / runs)


@contextmanager
def _cluster(bench: Bench, workers: int) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": bench.root,
             "env": {**os.environ, "ARMSBRIEF_ROOT": str(bench.root)}}  # fmt: skip
    commands = [["scheduler", "--host", address]] + [
        ["worker", address, "--nthreads", "1"]
    ] * workers
    started = [subprocess.Popen([BIN / "dask", *c, "--no-dashboard"], **quiet) for c in commands]
    try:
        time.sleep(8)  # until all have found each other; not measured
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def scale(bench: Bench) -> None:
    """Execute ten copies of every notebook."""
    with tempfile.TemporaryDirectory() as folder:
        many = Path(folder) / "many"
        many.mkdir()
        for path in bench.notebooks:
            for number in range(10):
                shutil.copy(path, many / f"{path.stem}-{number}.ipynb")
        out = Path(folder) / "out"
        for name, paths_ in (("once", bench.notebooks), ("ten times", sorted(many.glob("*")))):
            command = (sys.executable, "-c", EXECUTE, out, *paths_)
            bench.run(f"execute, watched, {name}", *command, watch=True)


def reading(bench: Bench) -> None:
    """Let Lighthouse look at the front page and the heaviest finding."""
    if not lighthouse.PROGRAM.exists():
        print("reading: left out, Lighthouse is not installed.\n  Next: make test installs it")
        return
    site = bench.root / "_build" / "html"
    if not site.exists():
        bench.run("build, to be read", BIN / "armsbrief", "build")
    bench.seen = lighthouse.measure(site)


PARTS: dict[str, Callable[[Bench], None]] = {
    "execution": execution, "nbval": nbval, "stock": stock, "builds": builds, "reading": reading,
    "sweeps": sweeps, "scale": scale,
}  # fmt: skip
REPEATED = ("execution", "builds")
# What Lighthouse is to find on each page: its scores, seconds and bytes.
READ = [
    ("performance", 95, "least"), ("accessibility", 100, "least"), ("best-practices", 100, "least"),
    ("seo", 100, "least"), ("largest_paint", 1.8, "most"), ("total_bytes", 300_000, "most"),
]  # fmt: skip
# What, above, below, target, whether the target is a least or a most.
TARGETS = [
    ("execute: stock jupyter-book ÷ ours", "stock HTML", "execute", 20, "least"),
    ("execute: papermill in sequence ÷ ours", "papermill in sequence", "execute", 15, "least"),
    ("execute: ours ÷ floor", "execute", "floor", 2.5, "most"),
    ("nbval: as it comes ÷ ours", "nbval as it comes", "nbval, warm and parallel", 8, "least"),
    ("whole build: stock ÷ ours", "stock HTML and PDF", "build", 6, "least"),
    ("site after one cell, served ÷ whole build", "site, one cell changed, served", "build",
     0.25, "most"),
    ("site after one cell, nothing running ÷ whole build", "site, one cell changed", "build",
     0.25, "most"),
    ("nothing changed ÷ import pandas", "build, nothing changed", "import pandas", 2, "most"),
    ("sweep: papermill ÷ ours, per run", "papermill in sequence, per run", "sweep, per run",
     15, "least"),
    ("sweep: one Dask worker ÷ two", "sweep, one Dask worker", "sweep, two Dask workers",
     1.7, "least"),
    ("ten times the notebooks: time", "execute, watched, ten times", "execute, watched, once",
     10, "most"),
    ("ten times the notebooks: memory", "memory, execute, watched, ten times",
     "memory, execute, watched, once", 1.3, "most"),
]  # fmt: skip


def main() -> None:
    """Measure, print a table, and write `_build/bench.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--repeat", type=int, default=3, help=f"how often {' and '.join(REPEATED)} are measured"
    )
    parser.add_argument("--only", nargs="+", choices=[*PARTS], default=[*PARTS], metavar="PART",
                        help=f"parts to measure, of: {', '.join(PARTS)}")  # fmt: skip
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="armsbrief-bench-") as folder:
        leave = shutil.ignore_patterns(
            "_build", ".venv", ".git", "__pycache__", ".*_cache", "node_modules"
        )
        shutil.copytree(paths.ROOT, Path(folder) / "copy", ignore=leave)
        bench = Bench(Path(folder) / "copy")
        for turn in range(given.repeat):
            for part in given.only if turn == 0 else [p for p in given.only if p in REPEATED]:
                print(f"— {part}, {turn + 1} of {given.repeat}", flush=True)
                PARTS[part](bench)
        _report(bench)


def _report(bench: Bench) -> None:
    medians = {name: bench.median(name) for name in bench.seconds}
    medians |= {f"memory, {name}": max(found) for name, found in bench.megabytes.items()}
    table = Table(title=f"{len(bench.notebooks)} notebooks, {CORES} cores: medians in seconds")
    for title in ("What", "Median", "Least", "Most", "Memory, MB"):
        table.add_column(title, justify="left" if title == "What" else "right")
    for name, seconds in bench.seconds.items():
        memory = f"{max(bench.megabytes[name]):.0f}" if name in bench.megabytes else ""
        table.add_row(name, f"{medians[name]:.2f}", f"{min(seconds):.2f}", f"{max(seconds):.2f}",
                      memory)  # fmt: skip
    verdicts = Table("What", "Found", "Target", "Met", title="Targets")
    results = [*_ratios(medians), *_read(bench.seen)]
    for result in results:
        verdicts.add_row(result["what"], f"{result['found']:,.2f}".removesuffix(".00"),
                         f"at {result['at']} {result['target']:,}",
                         "yes" if result["met"] else "no")  # fmt: skip
    console = Console(width=110)
    console.print(table)
    console.print(verdicts)
    console.print("The papermill baseline of the sweep is one run of each notebook, not 200.")
    console.print(
        "Stock is jupyter-book on the same book with execution forced, and its single page "
        "printed by a browser: what its builder pdfhtml does. Part of its HTML time is not "
        "execution."
    )
    record = {"notebooks": len(bench.notebooks), "cores": CORES, "seconds": bench.seconds,
              "medians": medians, "megabytes": bench.megabytes, "pages": bench.seen,
              "targets": results}  # fmt: skip
    paths.BUILD.mkdir(exist_ok=True)
    (paths.BUILD / "bench.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _ratios(medians: dict[str, float]) -> Iterator[dict]:
    for name, above, below, target, kind in TARGETS:
        if medians.get(above) is not None and medians.get(below) is not None:
            yield _judged(name, medians[above] / medians[below], target, kind)


def _read(seen: list[dict]) -> Iterator[dict]:
    for page in seen:
        for name, target, kind in READ:
            found = page["scores"].get(name, page.get(name))
            yield _judged(f"{page['page']}: {name.replace('_', ' ')}", found, target, kind)


def _judged(what: str, found: float, target: float, kind: str) -> dict:
    met = found >= target if kind == "least" else found <= target
    return {"what": what, "found": found, "at": kind, "target": target, "met": met}


if __name__ == "__main__":
    main()
