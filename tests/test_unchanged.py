"""A build that would change nothing is over at once, and never when it would change something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from armsbrief import paths, unchanged

REQUEST = ["edition", [], None]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A very small brief, built."""
    for name in ("book", "notebooks", "data", "_build/html"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("book/index.md", "data/table.csv", "_toc.yml", "requirements.txt",
                 "_build/html/index.html", "_build/brief.pdf"):  # fmt: skip
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "CACHE", tmp_path / "_build" / "cache")
    made = [tmp_path / "_build" / "html", tmp_path / "_build" / "brief.pdf"]
    unchanged.keep(REQUEST, unchanged.inputs(), tmp_path / "_build", made)
    return tmp_path


def test_what_was_built_is_found_again(root: Path) -> None:
    assert unchanged.find(REQUEST) == root / "_build"


def test_another_request_is_another_build(root: Path) -> None:
    assert unchanged.find(["edition", [("as_of", "2024-01-01")], None]) is None


def test_another_published_address_is_another_build(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARMSBRIEF_BASE_URL", "https://example.org/brief/")
    assert unchanged.find(REQUEST) is None


@pytest.mark.parametrize("name", ["book/index.md", "data/table.csv", "_toc.yml", "requirements.txt"])  # fmt: skip
def test_a_changed_source_is_noticed(root: Path, name: str) -> None:
    (root / name).write_text("changed", encoding="utf-8")
    assert unchanged.find(REQUEST) is None


@pytest.mark.parametrize(("name", "is_text"), [("book/index.md", True), ("_toc.yml", True),
                                               ("data/table.csv", False)])  # fmt: skip
def test_whether_notebooks_may_run_is_known_from_what_changed(
    root: Path, name: str, is_text: bool
) -> None:
    (root / name).write_text("changed", encoding="utf-8")
    assert unchanged.is_only_text(REQUEST, unchanged.inputs()) is is_text
    assert not unchanged.is_only_text(["never built", [], None], unchanged.inputs())


def test_so_is_a_new_source_and_one_that_is_gone(root: Path) -> None:
    (root / "book" / "more.md").write_text("more", encoding="utf-8")
    assert unchanged.find(REQUEST) is None
    (root / "book" / "more.md").unlink()
    assert unchanged.find(REQUEST)
    (root / "book" / "index.md").unlink()
    assert unchanged.find(REQUEST) is None


def test_so_is_changed_code_and_another_package(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code = tmp_path_factory.mktemp("code") / "unchanged.py"
    with monkeypatch.context() as patch:
        patch.setattr(unchanged, "__file__", str(code))
        assert unchanged.find(REQUEST) is None
    monkeypatch.setattr(unchanged, "_installed", lambda: ["pandas-9.dist-info"])
    assert unchanged.find(REQUEST) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda build: (build / "brief.pdf").write_bytes(b""),
        lambda build: (build / "brief.pdf").unlink(),
        lambda build: (build / "html" / "index.html").write_text("edited"),
        lambda build: (build / "html" / "stray.html").write_text("stray"),
    ],
)
def test_a_damaged_result_is_built_again(root: Path, damage: Callable[[Path], object]) -> None:
    damage(root / "_build")
    assert unchanged.find(REQUEST) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"made": 3}', "null"])
def test_a_damaged_mark_is_no_mark(root: Path, content: str) -> None:
    (mark,) = (paths.CACHE / "marks").glob("*.json")
    mark.write_text(content, encoding="utf-8")
    assert unchanged.find(REQUEST) is None


def test_a_source_that_changed_during_the_build_is_seen_at_the_next(root: Path) -> None:
    before = unchanged.inputs()
    (root / "book" / "index.md").write_text("edited meanwhile", encoding="utf-8")
    unchanged.keep(REQUEST, before, root / "_build", [root / "_build" / "brief.pdf"])
    assert unchanged.find(REQUEST) is None


@pytest.mark.parametrize(
    ("first", "heavy"),
    [
        ("armsbrief.cli, armsbrief.unchanged, armsbrief.words",
         {"pandas", "numpy", "sphinx", "papermill", "nbformat", "altair", "yaml", "pydantic"}),
        ("armsbrief.build", {"pandas", "numpy", "altair", "papermill", "frictionless"}),
    ],
    ids=["to know that nothing changed", "to begin a build"],
)  # fmt: skip
def test_nothing_heavy_is_imported(first: str, heavy: set[str]) -> None:
    code = f"import sys, {first}; import json; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env={**os.environ, "ARMSBRIEF_ROOT": str(paths.ROOT)})  # fmt: skip
    assert heavy.isdisjoint(json.loads(ran.stdout))
