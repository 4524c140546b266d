"""Measure execution and builds side by side, in one run: `make bench`.

Machines are noisy, so only the ratios inside one run mean something. Each
thing is measured `--repeat` times, in turns, and the median counts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from armsbrief import execute, paths, publish
from armsbrief.build import build

FLOOR = """
import json, sys, time
import IPython.display
from armsbrief.notebook import *
start = time.perf_counter()
IPython.display.display = lambda *a, **k: None
import armsbrief.notebook
armsbrief.notebook.display = lambda *a, **k: None
for path in sys.argv[1:]:
    names = {"__name__": "__main__"}
    for cell in json.load(open(path))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
print(time.perf_counter() - start)
"""
STOCK = """
import sys, papermill
papermill.execute_notebook(sys.argv[1], sys.argv[2], cwd=sys.argv[3], progress_bar=False)
"""


def notebooks() -> list[Path]:
    """Return all notebooks."""
    return sorted(paths.NOTEBOOKS.glob("*.ipynb"))


def floor(folder: Path) -> float:
    """The same cells' code, once, in one process that has everything imported."""
    command = [sys.executable, "-c", FLOOR, *map(str, notebooks())]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def papermill_in_sequence(folder: Path) -> None:
    """Each notebook with papermill and an ordinary kernel, one after the other."""
    ordinary = {k: v for k, v in os.environ.items() if k != "JUPYTER_DEFAULT_PROVISIONER_NAME"}
    for path in notebooks():
        command = [
            sys.executable,
            "-c",
            STOCK,
            str(path),
            str(folder / path.name),
            str(paths.NOTEBOOKS),
        ]
        subprocess.run(command, check=True, capture_output=True, env=ordinary)


def ours(folder: Path) -> None:
    """All notebooks as `armsbrief build --no-cache` runs them."""
    jobs = {path: {} for path in notebooks()}
    execute.run_all(jobs, folder, os.cpu_count() or 1, use_cache=False)


def ours_unchanged(folder: Path) -> None:
    """All notebooks when nothing has changed since the last run."""
    execute.run_all({path: {} for path in notebooks()}, folder, os.cpu_count() or 1)


def nbval(folder: Path) -> None:
    """All stored outputs, re-executed and compared."""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", str(paths.NOTEBOOKS)]
    subprocess.run(command, check=True, capture_output=True, cwd=paths.ROOT)


def stock_build(folder: Path) -> None:
    """`jupyter-book build`, executing by itself, on a copy."""
    publish.stage(notebooks(), folder / "source")
    for name in ("data", "editions"):
        shutil.copytree(paths.ROOT / name, folder / "source" / name, dirs_exist_ok=True)
    config = folder / "source" / "_config.yml"
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    content["execute"] = {"execute_notebooks": "force", "timeout": 300}
    config.write_text(yaml.safe_dump(content), encoding="utf-8")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", str(folder / "source")]
    environment = {**os.environ, "ARMSBRIEF_ROOT": str(folder / "source")}
    subprocess.run(command, check=True, capture_output=True, env=environment)


def whole_build(folder: Path) -> None:
    """`armsbrief build --no-cache`: site and PDF."""
    build(out=folder / "out", use_cache=False)


def whole_build_unchanged(folder: Path) -> None:
    """`armsbrief build` with nothing changed."""
    build(out=folder / "out")


MEASURED: dict[str, Callable[[Path], float | None]] = {
    "floor: the same code in one warm process": floor,
    "execute: papermill in sequence": papermill_in_sequence,
    "execute: ours": ours,
    "execute: ours, nothing changed": ours_unchanged,
    "nbval over all notebooks": nbval,
    "build: stock jupyter-book, forced (site only)": stock_build,
    "build: ours (site and PDF)": whole_build,
    "build: ours, nothing changed": whole_build_unchanged,
}
RATIOS = {
    "papermill in sequence ÷ ours": ("execute: papermill in sequence", "execute: ours"),
    "ours ÷ floor": ("execute: ours", "floor: the same code in one warm process"),
    "stock build ÷ our build": (
        "build: stock jupyter-book, forced (site only)",
        "build: ours (site and PDF)",
    ),
    "rebuild, nothing changed ÷ build": (
        "build: ours, nothing changed",
        "build: ours (site and PDF)",
    ),
}


def main() -> None:
    """Run, print a table, and write `_build/bench.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    console, seconds = Console(width=100), {name: [] for name in MEASURED}
    for turn in range(repeat):
        for name, measured in MEASURED.items():
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                own = measured(Path(folder))
                seconds[name].append(own if own is not None else time.perf_counter() - start)
            console.print(f"{turn + 1}/{repeat} {name}: {seconds[name][-1]:.2f} s")
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratios = {name: medians[above] / medians[below] for name, (above, below) in RATIOS.items()}
    _show(console, medians, ratios)
    record = {"notebooks": len(notebooks()), "cores": os.cpu_count(), "seconds": seconds,
              "medians": medians, "ratios": ratios}  # fmt: skip
    paths.BUILD.mkdir(exist_ok=True)
    (paths.BUILD / "bench.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _show(console: Console, medians: dict[str, float], ratios: dict[str, float]) -> None:
    table = Table(
        "What", "Median, s", title=f"{len(notebooks())} notebooks, {os.cpu_count()} cores"
    )
    for name, value in medians.items():
        table.add_row(name, f"{value:.2f}")
    table.add_section()
    for name, value in ratios.items():
        table.add_row(name, f"×{value:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
