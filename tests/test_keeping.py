"""What an edition said when it was published is kept, whatever comes to light of its day later."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mini import Row, commit, months, write_brief

from armsbrief import build, editions, keeping, paths, words

FIRST, SECOND = "2025-02-01", "2025-12-01"
CODE = """
months = load("months", as_of)
fact("peak.value", float(months["value"].max()), unit="attacks", label="most", rows=months)
"""
OLD = months(2024, 1, 12, 10, "2025-01-05")
# It was public before the first edition, which did not have it.
LATE: list[Row] = [("restated", "all", "2024-03", 40.0, "2025-01-20")]
STORE = (
    "from armsbrief import build, execute, paths; import sys;"
    "made, _ = build.judge(sys.argv[1], {'as_of': sys.argv[1]}, 1, print);"
    "[execute.store(path, paths.NOTEBOOKS / path.name) for path in made]"
)


def stored(root: Path, day: str) -> None:
    """Execute the notebooks of an edition and keep their outputs."""
    environment = {**os.environ, "ARMSBRIEF_ROOT": str(root)}
    subprocess.run([sys.executable, "-c", STORE, day], cwd=root, env=environment, check=True,
                   capture_output=True)  # fmt: skip


def record(root: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / "editions" / f"{FIRST}.json").read_text("utf-8"))
    return content


@pytest.fixture(scope="module")
def succeeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A brief whose first edition was published; then a late figure came, and a second began."""
    root = tmp_path_factory.mktemp("succeeded")
    claims = {"peak": ("The peak", 30.0)}
    write_brief(root, rows=OLD, claims=claims, code=CODE, parameters={"as_of": FIRST})
    text = (root / "editions" / "now.yml").read_text("utf-8").replace("now", FIRST)
    (root / "editions" / "now.yml").unlink()
    (root / "editions" / f"{FIRST}.yml").write_text(text, "utf-8")
    stored(root, FIRST)
    commit(root)
    given: dict[str, Any] = {"claims": claims, "code": CODE, "parameters": {"as_of": FIRST}}
    stored_outputs = (root / "notebooks" / "mini.ipynb").read_bytes()
    write_brief(root, rows=[*OLD, *LATE], **given)
    (root / "editions" / "now.yml").unlink()
    (root / "notebooks" / "mini.ipynb").write_bytes(stored_outputs)
    with paths.at(root):
        keeping.freeze(FIRST)
        editions.begin(SECOND)
        stored(root, SECOND)
        keeping.keep(lambda text: None)
    return root


def test_the_record_has_the_verdict_that_was_published(succeeded: Path) -> None:
    peak = record(succeeded)["claims"]["peak"]
    assert (peak["verdict"], peak["value"]) == ("not-supported", "10 attacks")


def test_the_cause_is_the_late_row_found_by_running_what_was_committed(succeeded: Path) -> None:
    explained = record(succeeded)["explained"]["peak"]
    assert explained["after"]["verdict"] == "supported"
    assert [cause["factors"] for cause in explained["causes"]] == [["revised rows"]]
    assert explained["causes"][0]["rows"] == {"revised rows": {"months": ["restated"]}}


@pytest.mark.parametrize("git", ["committed", "absent"])
def test_the_next_store_forgets_neither_verdict_nor_cause(
    succeeded: Path, tmp_path: Path, git: str
) -> None:
    root = Path(shutil.copytree(succeeded, tmp_path / "copy"))
    before = record(root)
    if git == "committed":
        commit(root)
    else:
        shutil.rmtree(root / ".git")
    with paths.at(root):
        keeping.keep(lambda text: None)
    assert record(root) == before


def judged(root: Path, day: str) -> dict[str, Any]:
    with paths.at(root):
        _, made = build.judge(day, {"as_of": day}, 1, lambda text: None)
    return made


def test_an_edition_built_again_says_which_claims_read_otherwise_then(succeeded: Path) -> None:
    assert judged(succeeded, FIRST)["said_otherwise"] == ["peak"]


def test_the_newest_edition_reads_as_it_does(succeeded: Path) -> None:
    assert judged(succeeded, SECOND)["said_otherwise"] == []


def test_pages_and_paper_warn_of_an_edition_that_read_otherwise() -> None:
    assert words.edition_line({"edition": FIRST, "said_otherwise": []}) == f"Edition {FIRST}"
    line = words.edition_line({"edition": FIRST, "said_otherwise": ["peak"]})
    assert line.startswith(f"Edition {FIRST} Some claims of this edition read otherwise")
