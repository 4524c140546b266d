"""Notebooks run as they should, or end with a message that says where."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
import psutil
import pytest
from support import CASES

from armsbrief import durations, execute, ledger, paths, warm
from armsbrief.errors import NotebookError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")


def run(case: str, tmp_path: Path, timeout: int = 60, **parameters: str) -> Path:
    out = tmp_path / f"{case}.ipynb"
    execute.run_one(CASES / f"{case}.ipynb", parameters, out, timeout)
    return out


def test_a_failing_cell_is_named_with_its_notebook_and_traceback(tmp_path: Path) -> None:
    with pytest.raises(NotebookError) as caught:
        run("fails", tmp_path)
    said = str(caught.value)
    assert said.startswith("fails.ipynb, code cell 2: ZeroDivisionError: division by zero")
    assert "return part / whole" in said
    assert list(tmp_path.glob("*.ipynb")) == []


def test_a_warning_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(
        NotebookError, match=r"warns.ipynb, cell 2 warns: .*the tracker was restated"
    ):
        run("warns", tmp_path)
    assert list(tmp_path.glob("*.ipynb")) == []


def test_a_cell_that_never_ends_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match=r"never-ends.ipynb: a cell did not end within 1 s"):
        run("never-ends", tmp_path, timeout=1)


def test_a_numpy_scalar_in_a_fact_ends_in_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(NotebookError) as caught:
        run("numpy-scalar", tmp_path)
    said = str(caught.value)
    assert "numpy-scalar.ipynb, code cell 2: NotebookError: fact 'stock.mean'" in said
    assert "is of type numpy.float64; expected int, float, str, bool or None" in said
    assert "wrap it in int(…) or float(…)" in said


def test_the_first_failure_stops_the_run_of_many(tmp_path: Path) -> None:
    jobs: dict[Path, dict[str, str]] = {CASES / f"{name}.ipynb": {} for name in ("warns", "fails")}
    with pytest.raises(NotebookError, match=r"warns.ipynb, cell 2 warns"):
        execute.run_all(jobs, tmp_path / "out", 1)
    assert list((tmp_path / "out").glob("*.ipynb")) == []


def test_the_first_failure_ends_what_is_running(tmp_path: Path) -> None:
    """Also a notebook that would run for an hour, and nothing of it is left."""
    jobs: dict[Path, dict[str, str]] = {
        CASES / f"{name}.ipynb": {} for name in ("never-ends", "fails")
    }
    start, told = time.monotonic(), []
    with pytest.raises(NotebookError, match=r"fails.ipynb, code cell 2: ZeroDivisionError"):
        execute.run_all(jobs, tmp_path / "out", 2, told.append)
    assert time.monotonic() - start < 60
    assert told == []
    assert list((tmp_path / "out").glob("*")) == []
    until = time.monotonic() + 10
    while any("ipykernel" in " ".join(child.cmdline()) for child in _descendants()):
        assert time.monotonic() < until
        time.sleep(0.05)


def _descendants() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if p.status() != "zombie"]


def test_a_kernel_that_dies_is_named_with_its_notebook(tmp_path: Path) -> None:
    dies = nbformat.read(CASES / "fails.ipynb", as_version=4)
    [code, *_] = [cell for cell in dies.cells if cell.cell_type == "code"]
    code.source = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    nbformat.write(dies, tmp_path / "dies.ipynb")
    with warm.serving(), pytest.raises(NotebookError, match=r"dies.ipynb: its kernel died"):
        execute.run_one(tmp_path / "dies.ipynb", {}, tmp_path / "out.ipynb")
    assert not (tmp_path / "out.ipynb").exists()


def test_no_kernel_says_that_others_could_listen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    execute.run_all({CASES / "stock.ipynb": {}}, tmp_path / "out", 1)
    assert "TCP" not in capfd.readouterr().err


def test_the_longest_notebook_starts_first(tmp_path: Path) -> None:
    short, long, new = (Path(f"{name}.ipynb") for name in ("short", "long", "new"))
    durations.keep({short: 1.0})
    durations.keep({long: 9.0})
    assert sorted([short, long, new], key=durations.longest_first) == [new, long, short]
    (tmp_path / "cache" / "durations.json").write_text("[")
    kept_order = sorted([short, long], key=durations.longest_first)
    assert kept_order == [short, long], "a damaged memory costs the order and nothing else"


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folders = [tmp_path_factory.mktemp("run") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "CACHE", folders[0] / "cache")
        return [run("stock", folder, as_of="2026-01-01") for folder in folders]


def test_two_runs_of_the_same_give_the_same_bytes(two_runs: list[Path]) -> None:
    first, second = two_runs
    assert first.read_bytes() == second.read_bytes()


def test_what_is_injected_stands_in_the_executed_notebook(two_runs: list[Path]) -> None:
    cells = nbformat.read(two_runs[0], as_version=4).cells
    injected = [c for c in cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert len(injected) == 1
    assert 'as_of = "2026-01-01"' in injected[0].source


def test_storing_keeps_outputs_and_leaves_the_injected_cell_out(
    two_runs: list[Path], tmp_path: Path
) -> None:
    stored = tmp_path / "stock.ipynb"
    execute.store(two_runs[0], stored)
    original = nbformat.read(CASES / "stock.ipynb", as_version=4)
    kept = nbformat.read(stored, as_version=4)
    assert [(c.id, c.source) for c in kept.cells] == [(c.id, c.source) for c in original.cells]
    code = [c for c in kept.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    assert all(c.outputs for c in code if c.id in ("asserted", "left", "specifications", "chart"))
    nbformat.validate(kept)


def test_what_was_stored_is_what_these_tests_are_about(
    two_runs: list[Path], tmp_path: Path
) -> None:
    """The outputs in the case notebook are those of a run."""
    stored = tmp_path / "stock.ipynb"
    execute.store(two_runs[0], stored)
    assert ledger.collect([stored])["facts"] == ledger.collect([CASES / "stock.ipynb"])["facts"]
