"""A sweep runs each thing once, loses nothing, and says what is wrong."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastparquet
import psutil
import pytest
from support import CASES, INTERRUPTIBLE, armsbrief, copied

from armsbrief.sweeps import tidy
from armsbrief.sweeps.journal import Journal

# While it is held, two runs get through, whichever come first; the others wait.
HELD = """import pathlib, time

def taken(leave):
    try:
        leave.unlink()
    except FileNotFoundError:
        return False
    return True

root = pathlib.Path("..")
while (root / "held").exists() and not any(taken(root / name) for name in ("leave-1", "leave-2")):
    time.sleep(0.02)
"""
TWO_DAYS = "cross:\n  as_of: [2025-04-17, 2026-11-23]\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A brief with two small notebooks, one that waits while it is held, and some that go wrong."""
    made = copied(tmp_path_factory.mktemp("sweep") / "copy")
    for path in (made / "notebooks").glob("*.ipynb"):
        if path.stem not in ("equipment-value", "surplus"):
            path.unlink()
    notebook = json.loads((CASES / "stock.ipynb").read_text("utf-8"))
    added("held", HELD, notebook, made)
    added("ends", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", notebook, made)
    added("fells", "import os; os.kill(int(os.environ['JPY_PARENT_PID']), 9)", notebook, made)
    added("never", "while True: pass", notebook, made)
    return made


def added(name: str, code: str, like: dict[str, Any], root: Path) -> None:
    """Add a notebook that declares `as_of` and runs this code."""
    content = json.loads(json.dumps(like))
    start = [cell for cell in content["cells"] if cell["cell_type"] == "code"][:2]
    start[0]["source"] = ["from armsbrief.notebook import Date, Year"]
    start[1]["source"] = ['as_of: Date = "2026-11-23"  # knowledge date\n', "first: Year = 2020  # year"]  # fmt: skip
    start[1]["metadata"]["tags"] = ["parameters"]
    last = {**start[0], "id": "last", "source": [code], "metadata": {}}
    content["cells"] = [{**cell, "outputs": [], "execution_count": None} for cell in (*start, last)]
    (root / "notebooks" / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")


def sweep(root: Path, grid: str, out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    out.mkdir(exist_ok=True)
    (out / "grid.yml").write_text(grid, encoding="utf-8")
    return armsbrief("sweep", str(out / "grid.yml"), "--out", str(out), *words, root=root)


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "sweep.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def journal(out: Path) -> list[str]:
    lines = (out / "journal.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["key"] for line in lines]


@pytest.fixture(scope="module")
def done(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep over two days and two assumptions that only one notebook declares."""
    out = tmp_path_factory.mktemp("done")
    grid = TWO_DAYS + "sets: [{as_of: 2026-11-23}, {as_of: 2025-04-17}]\nnotebooks: [equipment-value, surplus]\n"  # fmt: skip
    ran = sweep(root, grid, out)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return out


def test_the_table_has_facts_verdicts_parameters_and_durations(done: Path) -> None:
    found = rows(done)
    assert {row["kind"] for row in found} == {"fact", "claim"}
    assert {row["as_of"] for row in found} == {"2025-04-17", "2026-11-23"}
    left = [row for row in found if row["id"] == "equipment-value.left"]
    assert [(row["set"], row["value"], row["unit"]) for row in left] == [
        ("1", "7.12", "USD bn"), ("2", "7.12", "USD bn"),
    ]  # fmt: skip
    assert all(float(row["duration"]) > 0 for row in left)
    verdicts = {row["id"]: row["verdict"] for row in found if row["kind"] == "claim"}
    assert verdicts["equipment-value"] == "supported-with-correction"


def test_a_combination_written_twice_is_run_and_shown_once(done: Path) -> None:
    assert len(journal(done)) == len(set(journal(done))) == 4
    keys = [(row["set"], row["kind"], row["id"]) for row in rows(done)]
    assert len(keys) == len(set(keys))


def test_parquet_says_the_same_as_csv(done: Path) -> None:
    frame = fastparquet.ParquetFile(done / "sweep.parquet").to_pandas()
    plain = rows(done)
    assert list(frame.columns) == list(plain[0])
    assert len(frame) == len(plain)
    for name in ("set", "value", "duration"):
        assert frame[name].dtype.kind in "if"
        assert [f"{v:g}" for v in frame[name].dropna()] == [
            f"{float(row[name]):g}" for row in plain if row[name]
        ]
    for name in ("as_of", "id", "verdict", "text"):
        assert [v or "" for v in frame[name]] == [row[name] for row in plain]


def test_what_is_finished_is_not_run_again(root: Path, done: Path, tmp_path: Path) -> None:
    shutil.copytree(done, tmp_path / "out")
    before = (tmp_path / "out" / "journal.jsonl").read_bytes()
    table = (tmp_path / "out" / "sweep.csv").read_bytes()
    ran = sweep(root, (done / "grid.yml").read_text("utf-8"), tmp_path / "out")
    assert ran.returncode == 0
    assert ".ipynb" not in ran.stdout
    assert (tmp_path / "out" / "journal.jsonl").read_bytes() == before
    assert (tmp_path / "out" / "sweep.csv").read_bytes() == table


def test_a_notebook_that_does_not_declare_a_parameter_runs_once_for_all_its_values(
    root: Path, tmp_path: Path
) -> None:
    grid = "cross: {as_of: [2026-11-23], first: [2019, 2020, 2021]}\nnotebooks: [surplus, held]\n"
    ran = sweep(root, grid, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("surplus.ipynb") == 1
    assert ran.stdout.count("held.ipynb") == 3
    assert {row["set"] for row in rows(tmp_path) if "surplus" in row["notebook"]} == {"1", "2", "3"}


# What a person is told.


@pytest.mark.parametrize(
    ("grid", "words", "said"),
    [
        ("cross: {as_off: [2025-04-17]}", (), "parameter 'as_off': no notebook declares it"),
        ("cross: {as_of: [yesterday]}", (), "'yesterday' was given; allowed is a date"),
        ("cross: {}", (), "the grid is empty"),
        ("", (), "the grid is empty"),
        ("cross: {as_of: []}", (), "the grid is empty"),
        ("crossed: {as_of: [2025-04-17]}", (), "cannot be read as a grid"),
        ("cross: [", (), "cannot be read as a grid"),
        (TWO_DAYS + "notebooks: [nothing]", (), "notebooks nothing are in the grid; there are:"),
        (
            TWO_DAYS,
            ("--scheduler", "tcp://127.0.0.1:1"),
            "no scheduler answers at tcp://127.0.0.1:1",
        ),
        (TWO_DAYS + "notebooks: [ends]", (), "ends.ipynb: its kernel died"),
        (
            TWO_DAYS + "notebooks: [never]",
            ("--timeout", "1"),
            "never.ipynb: a cell did not end within 1 s",
        ),
    ],
)
def test_what_is_wrong_is_said_and_earlier_results_stay(
    root: Path, done: Path, tmp_path: Path, grid: str, words: tuple[str, ...], said: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(done, out)
    ran = sweep(root, grid, out, *words)
    assert ran.returncode == 1
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    for name in ("journal.jsonl", "sweep.csv", "sweep.parquet"):
        assert (out / name).read_bytes() == (done / name).read_bytes()


def test_a_run_that_fails_does_not_cost_the_others(root: Path, tmp_path: Path) -> None:
    ran = sweep(root, TWO_DAYS + "notebooks: [ends, surplus]", tmp_path)
    assert ran.returncode == 1
    assert "2 of 4 runs failed" in ran.stderr
    assert "with as_of=2025-04-17" in ran.stderr
    assert len(journal(tmp_path)) == 2
    assert not (tmp_path / "sweep.csv").exists()


def test_a_disk_that_is_full_is_said_and_what_was_finished_stays(done: Path, tmp_path: Path) -> None:  # fmt: skip
    shutil.copytree(done, tmp_path / "out")
    code = (
        "import resource, sys; from pathlib import Path; from armsbrief.sweeps import journal, tidy\n"
        "from armsbrief.errors import SweepError\n"
        "out = Path(sys.argv[1]); size = (out / 'journal.jsonl').stat().st_size\n"
        "kept = journal.Journal(out / 'journal.jsonl')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, size + 10))\n"
        "for act in (lambda: kept.add('new', {'x': 'y' * 99}),\n"
        "            lambda: tidy.write([{'set': 1, 'id': 'z' * size * 2}], [], out / 'sweep')):\n"
        "    try: act()\n"
        "    except SweepError as error: print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], text=True,
                         capture_output=True, check=True)  # fmt: skip
    assert ran.stdout.count("cannot be written") == 2
    for name in ("sweep.csv", "sweep.parquet"):
        assert (tmp_path / "out" / name).read_bytes() == (done / name).read_bytes()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in done.iterdir())  # fmt: skip
    assert list(Journal(tmp_path / "out" / "journal.jsonl").done) == journal(done)


def test_the_half_line_of_a_killed_sweep_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path).add("one", {"x": 1})
    with path.open("a") as file:
        file.write('{"key": "two", "res')
    again = Journal(path)
    again.add("three", {"x": 3})
    again.add("three", {"x": 4})
    assert Journal(path).done == {"one": {"x": 1}, "three": {"x": 3}}


def test_a_damaged_line_is_a_run_that_is_run_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('nonsense\n[]\n{"key": "one", "result": {}}\n')
    assert Journal(path).done == {"one": {}}


# What happens on the way.


@contextmanager
def running(root: Path, out: Path, grid: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    out.mkdir(exist_ok=True)
    (out / "grid.yml").write_text(grid, encoding="utf-8")
    process = subprocess.Popen(
        [*INTERRUPTIBLE, sys.executable, "-u", "-m", "armsbrief", "sweep", str(out / "grid.yml"),
         "--out", str(out), *words], cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "ARMSBRIEF_ROOT": str(root)}, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


SIX = "cross: {first: [2019, 2020, 2021, 2022, 2023, 2024]}\nnotebooks: [held]\n"


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def held(root: Path) -> Iterator[Path]:
    """While this file is there, two of the six runs get through and four wait."""
    files = [root / name for name in ("leave-1", "leave-2", "held")]
    for file in files:
        file.touch()
    yield files[-1]
    for file in files:
        file.unlink(missing_ok=True)


def lines(out: Path) -> int:
    path = out / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize("by", ["kill -INT", "Ctrl+C in a terminal"])
def test_an_interrupted_sweep_goes_on_where_it_stopped(
    root: Path, tmp_path: Path, held: Path, by: str
) -> None:
    """A terminal interrupts all processes of its group, workers too."""
    with running(root, tmp_path, SIX, "--jobs", "1") as process:
        wait_for(lambda: lines(tmp_path) == 2)
        to = os.killpg if by.startswith("Ctrl") else os.kill
        to(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.startswith("armsbrief: interrupted: 2 runs are kept."), said
    assert "Traceback" not in said
    before = journal(tmp_path)
    held.unlink()
    ran = sweep(root, SIX, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert journal(tmp_path)[:2] == before
    assert ran.stdout.count("held.ipynb") == 4


def test_a_worker_that_is_killed_costs_no_result_and_no_row_twice(
    root: Path, tmp_path: Path, held: Path
) -> None:
    with running(root, tmp_path, SIX, "--jobs", "2") as process:
        wait_for(lambda: lines(tmp_path) == 2)
        workers = [child for child in psutil.Process(process.pid).children()
                   if child.cmdline() == psutil.Process(process.pid).cmdline()]  # fmt: skip
        workers[0].kill()
        held.unlink()
        _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert len(journal(tmp_path)) == len(set(journal(tmp_path))) == 6


def test_a_kernel_that_is_killed_costs_no_result(root: Path, tmp_path: Path, held: Path) -> None:
    with running(root, tmp_path, SIX, "--jobs", "2") as process:
        wait_for(lambda: lines(tmp_path) == 2 and len(kernels(process)) == 2)
        for kernel in kernels(process):
            kernel.kill()
        held.unlink()
        _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert len(journal(tmp_path)) == len(set(journal(tmp_path))) == 6


def kernels(sweep: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the kernels: the server's children."""
    below = psutil.Process(sweep.pid).children(recursive=True)
    servers = [child for child in below if "armsbrief.warm.server" in " ".join(child.cmdline())]
    return [child for child in servers if child.ppid() != sweep.pid]


def test_a_notebook_that_takes_its_worker_along_is_not_tried_for_ever(
    root: Path, tmp_path: Path
) -> None:
    ran = sweep(root, TWO_DAYS + "notebooks: [fells]", tmp_path)
    assert ran.returncode == 1
    assert "workers were killed 3 times" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_is_killed_leaves_no_worker_behind(root: Path, tmp_path: Path, held: Path) -> None:
    with running(root, tmp_path, SIX, "--jobs", "2") as process:
        wait_for(lambda: lines(tmp_path) == 2 and len(kernels(process)) == 2)
        below = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        _, left = psutil.wait_procs(below, timeout=30)
    assert [child.cmdline() for child in left] == []
    held.unlink()


@pytest.fixture(scope="module")
def cluster(root: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, as a person starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    dask = [str(Path(sys.executable).with_name("dask"))]
    env = {**os.environ, "ARMSBRIEF_ROOT": str(root),
           "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env, "cwd": root}
    start = [*dask, "scheduler", "--host", address, "--no-dashboard"]
    processes = [subprocess.Popen(start, **quiet)]  # type: ignore[call-overload]
    processes += [
        subprocess.Popen([*dask, "worker", address, "--nthreads", "1", "--no-dashboard"], **quiet)  # type: ignore[call-overload]
        for _ in range(2)
    ]
    yield address, processes
    for process in reversed(processes):
        process.terminate()
        process.wait(30)


def test_a_cluster_gives_the_same_table_and_a_killed_worker_costs_nothing(
    root: Path, tmp_path: Path, held: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    """Whichever of its processes ends first."""
    address, (_, worker, _) = cluster
    with running(root, tmp_path / "there", SIX, "--scheduler", address) as process:
        wait_for(lambda: lines(tmp_path / "there") == 2)
        for child in reversed(psutil.Process(worker.pid).children(recursive=True)):
            child.kill()
            time.sleep(0.2)
        worker.kill()
        held.unlink()
        _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    there = journal(tmp_path / "there")
    assert len(there) == len(set(there)) == 6
    assert sweep(root, SIX, tmp_path / "here").returncode == 0
    drop = {"duration"}
    here, far = ([{k: v for k, v in row.items() if k not in drop} for row in rows(tmp_path / name)]
                 for name in ("here", "there"))  # fmt: skip
    assert here == far


def test_a_notebook_that_takes_a_cluster_s_workers_along_is_named(
    root: Path, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    grid = "cross: {as_of: [2026-11-23]}\nnotebooks: [fells]\n"
    ran = sweep(root, grid, tmp_path, "--scheduler", cluster[0])
    assert ran.returncode == 1
    assert "1 of 1 runs failed:\nfells.ipynb: Attempted to run task" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_worker_with_other_data_is_refused(
    root: Path, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    other = tmp_path / "copy"
    shutil.copytree(root, other, ignore=shutil.ignore_patterns("_build"))
    table = other / "data" / "tables" / "equipment.csv"
    table.write_text(table.read_text("utf-8").replace("7.12", "7.13"), encoding="utf-8")
    ran = sweep(other, TWO_DAYS + "notebooks: [surplus]", tmp_path / "out", "--scheduler", cluster[0])  # fmt: skip
    assert ran.returncode == 1
    assert "has other tables, notebooks or code" in ran.stderr


def test_a_column_of_numbers_stays_one_and_mixed_values_become_text(tmp_path: Path) -> None:
    table = [{"set": 1, "p": 1, "id": "a"}, {"set": 2, "p": 2.5}, {"set": 3, "p": None}]
    tidy.write(table, ["p"], tmp_path / "t")
    frame = fastparquet.ParquetFile(tmp_path / "t.parquet").to_pandas()
    assert frame["p"].tolist()[:2] == [1.0, 2.5]
    assert frame["set"].dtype == "int64"
