"""Executed notebooks are kept for as long as nothing changes, and a damaged one is run again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import CASES

from armsbrief import cache, execute, paths

NOTEBOOK = CASES / "stock.ipynb"
GIVEN = {"as_of": "2026-01-01"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """The folder of one kept run, and what was kept."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "CACHE", folder / "cache")
        execute.run_all({NOTEBOOK: GIVEN}, folder / "out", 1)
    return folder / "cache", (folder / "out" / NOTEBOOK.name).read_bytes()


@pytest.fixture
def here(
    kept: tuple[Path, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, bytes]:
    subprocess.run(["cp", "-r", str(kept[0]), str(tmp_path / "cache")], check=True)
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    (entry,) = (tmp_path / "cache" / "executed").rglob("*.ipynb")
    return entry, kept[1]


def test_a_kept_run_is_used_again(here: tuple[Path, bytes]) -> None:
    assert cache.find(NOTEBOOK, GIVEN) == here[1]
    assert cache.find(NOTEBOOK, {"as_of": "2026-01-02"}) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: entry.write_bytes(entry.read_bytes()[:-100]),
        lambda entry: entry.write_bytes(entry.read_bytes().replace(b"7.12", b"7.13")),
        lambda entry: entry.unlink(),
        lambda entry: entry.with_suffix(".json").write_text("{"),
        lambda entry: entry.with_suffix(".json").write_text("[]"),
        lambda entry: entry.with_suffix(".json").write_text('{"content": "0"}'),
    ],
)
def test_a_damaged_entry_is_noticed(
    here: tuple[Path, bytes], damage: Callable[[Path], object]
) -> None:
    damage(here[0])
    assert cache.find(NOTEBOOK, GIVEN) is None


def test_what_is_damaged_is_run_again_and_replaced(
    here: tuple[Path, bytes], tmp_path: Path
) -> None:
    entry, content = here
    entry.write_bytes(b"half")
    told: list[Path] = []
    execute.run_all({NOTEBOOK: GIVEN}, tmp_path / "out", 1, told.append)
    assert told == [NOTEBOOK]
    assert (tmp_path / "out" / NOTEBOOK.name).read_bytes() == content
    assert cache.find(NOTEBOOK, GIVEN) == content


def test_two_builds_at_once_do_no_harm_to_each_other(tmp_path: Path) -> None:
    """Two processes run the same notebook into one cache; both get the same, and so does a third."""
    code = (
        "import sys; from pathlib import Path; from armsbrief import execute, paths; "
        "paths.CACHE = Path(sys.argv[1]); "
        "execute.run_all({Path(sys.argv[2]): {'as_of': '2026-01-01'}}, Path(sys.argv[3]), 1)"
    )
    env = {**os.environ, "ARMSBRIEF_ROOT": str(paths.ROOT)}
    builds = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "cache"), str(NOTEBOOK),
                          str(tmp_path / name)], env=env)
        for name in ("one", "two")
    ]  # fmt: skip
    assert [build.wait() for build in builds] == [0, 0]
    one, two = ((tmp_path / name / NOTEBOOK.name).read_bytes() for name in ("one", "two"))
    assert one == two
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "CACHE", tmp_path / "cache")
        assert cache.find(NOTEBOOK, GIVEN) == one
    assert not [p for p in (tmp_path / "cache").rglob(".*") if p.is_file()], "no half-written file"
