"""`pytest --nbval notebooks`: it passes on what is stored, and fails on what is not true any more."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import copied, edit_cell

NOTEBOOK = "equipment-value.ipynb"


def nbval(root: Path, *words: str) -> dict[str, list[str]]:
    """Run nbval on a folder's notebooks; return the failing checks of each."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "-q", "-rfE",
         "--no-header", "--rootdir", str(root), *words, str(root / "notebooks")],
        cwd=root, text=True, capture_output=True, check=False,
        env={**os.environ, "ARMSBRIEF_ROOT": str(root)},
    )  # fmt: skip
    assert re.search(r"\d+ passed", ran.stdout), ran.stdout + ran.stderr
    failed: dict[str, list[str]] = {}
    for name, check in re.findall(
        r"^(?:FAILED|ERROR) notebooks/([\w-]+)\.ipynb::(.*)$", ran.stdout, re.M
    ):
        failed.setdefault(name, []).append(check)
    return failed


def changed(root: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Add a copy of the notebook that differs in one thing; its name is the case."""
    content = json.loads((root / "notebooks" / NOTEBOOK).read_text("utf-8"))
    change({cell["id"]: cell for cell in content["cells"]} | {"all": content["cells"]})
    (root / "notebooks" / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")


def edit_stored_number(cells: dict[str, Any]) -> None:
    for output in cells["estimate"]["outputs"]:
        record = output["data"]["application/vnd.armsbrief.fact+json"]
        if record["id"] == "equipment-value.left":
            record["value"] = 7.13


def change_code(cells: dict[str, Any]) -> None:
    source = cells["estimate"]["source"]
    cells["estimate"]["source"] = [
        line.replace("number(deciding)", "number(deciding) + 0.01") for line in source
    ]


def never_run(cells: dict[str, Any]) -> None:
    for cell in cells["all"]:
        if cell["cell_type"] == "code":
            cell["execution_count"], cell["outputs"] = None, []


def lose_an_output(cells: dict[str, Any]) -> None:
    cells["estimate"]["outputs"] = []


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A brief with one notebook."""
    made = copied(tmp_path_factory.mktemp("nbval") / "copy")
    for path in (made / "notebooks").glob("*.ipynb"):
        if path.name != NOTEBOOK:
            path.unlink()
    return made


@pytest.fixture(scope="module")
def failed(root: Path) -> dict[str, list[str]]:
    """The notebook as it is, and beside it copies with one thing changed."""
    changed(root, "edited-number", edit_stored_number)
    changed(root, "changed-code", change_code)
    found = nbval(root)
    for name in ("edited-number", "changed-code"):
        (root / "notebooks" / f"{name}.ipynb").unlink()
    return found


def test_it_passes_on_what_is_stored(failed: dict[str, list[str]]) -> None:
    assert "equipment-value" not in failed


def test_it_fails_when_a_stored_number_is_edited(failed: dict[str, list[str]]) -> None:
    assert len(failed["edited-number"]) == 1


def test_it_fails_when_code_yields_something_else(failed: dict[str, list[str]]) -> None:
    assert failed["changed-code"]


def test_it_fails_when_a_data_cell_changes(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "copy"
    shutil.copytree(root, other)
    edit_cell(other, "equipment", "dod-2022-total-left", "value", "7.50")
    assert nbval(other)["equipment-value"]


@pytest.mark.parametrize("case", [never_run, lose_an_output])
def test_it_fails_for_a_notebook_that_was_not_run_or_lost_an_output(
    root: Path, tmp_path: Path, case: Callable[[dict[str, Any]], None]
) -> None:
    """nbval itself passes such a notebook: it has nothing to compare."""
    other = tmp_path / "copy"
    shutil.copytree(root, other)
    changed(other, "incomplete", case)
    check = "every code cell was executed and kept its output"
    failed = nbval(other, "-k", "executed")
    assert failed == {"incomplete": [failed["incomplete"][0]]}
    assert failed["incomplete"][0].startswith(check)
