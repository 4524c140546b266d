"""Workflows: they parse, may do little, and run only actions whose code cannot change."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from mini import commit

from armsbrief import paths

FOLDER = paths.ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
WRITES = {"contents", "pull-requests", "pages", "id-token", "attestations"}


def content(path: Path) -> dict[Any, Any]:
    read: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in content(path)["jobs"].values() for step in job.get("steps", [])]


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_there_is_a_monthly_refresh() -> None:
    triggers = content(FOLDER / "refresh.yml")[True]  # YAML reads the key `on` as true
    minute, hour, day, month, weekday = triggers["schedule"][0]["cron"].split()
    assert minute.isdigit()
    assert hour.isdigit()
    assert day.isdigit()
    assert (month, weekday) == ("*", "*")


def test_a_workflow_parses_and_ends_in_time(workflow: Path) -> None:
    for job in content(workflow)["jobs"].values():
        assert job["steps"]
        assert job["timeout-minutes"] <= 120


def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(workflow: Path) -> None:
    lines = [line for line in workflow.read_text("utf-8").splitlines() if "uses:" in line]
    assert len(lines) == sum("uses" in step for step in steps(workflow))
    for line in lines:
        used, _, comment = line.partition("uses:")[2].partition("#")
        assert PINNED.match(used.strip()), line
        assert re.match(r"^ v\d+\.\d+\.\d+$", comment), line


def test_a_workflow_may_do_nothing_but_what_a_job_is_allowed(workflow: Path) -> None:
    assert content(workflow)["permissions"] == {}
    for name, job in content(workflow)["jobs"].items():
        assert isinstance(job["permissions"], dict), name
        for scope, right in job["permissions"].items():
            assert right in ("read", "none") or scope in WRITES, f"{name}: {scope}"


def test_the_job_that_may_write_runs_none_of_our_code() -> None:
    for job in content(FOLDER / "refresh.yml")["jobs"].values():
        commands = "\n".join(step.get("run", "") for step in job["steps"])
        writes = "write" in job["permissions"].values()
        runs_ours = re.search(r"armsbrief (?!@)(build|refresh|kit|diff)|\bmake\b|python", commands)
        assert not (writes and runs_ours)
        secrets = "secrets." in yaml.safe_dump(job["steps"])
        assert not (writes and secrets)


def test_nothing_from_outside_is_pasted_into_a_command(workflow: Path) -> None:
    for step in steps(workflow):
        assert "${{" not in step.get("run", ""), "hand it over in env"


def test_no_checkout_leaves_a_token_behind_for_our_code(workflow: Path) -> None:
    for job in content(workflow)["jobs"].values():
        if "write" in job["permissions"].values():
            continue
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_what_is_proposed_has_the_diff_as_its_text_and_is_not_published() -> None:
    text = (FOLDER / "refresh.yml").read_text("utf-8")
    assert "armsbrief diff git:HEAD" in text
    assert "--body-file" in text
    assert not re.search(r"pages|merge|--auto", text.split("jobs:")[1])


def collected(tmp_path: Path, *changed: str) -> tuple[str, list[str]]:
    """Run the step that decides what to propose, with stand-ins for the clock and our command."""
    root, tools = tmp_path / "clone", tmp_path / "tools"
    for name in ("data/tables/t.csv", "data/snapshots/s/checked.json", "editions/e.yml",
                 "notebooks/n.ipynb", "book/references.bib", ".gitignore"):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("_build\n.venv\n" if name == ".gitignore" else "old\n", "utf-8")
    commit(root)
    for name in changed:
        (root / name).write_text("new\n", "utf-8")
    calls = tmp_path / "calls"
    for path in (root / ".venv" / "bin" / "armsbrief", tools / "date"):
        path.parent.mkdir(parents=True)
        said = "2026-12-03" if path.name == "date" else "$*"
        path.write_text(f'#!/bin/sh\necho "{said}" | tee -a {calls}\n', "utf-8")
        path.chmod(0o755)
    script = next(step["run"] for step in steps(FOLDER / "refresh.yml") if "id" in step)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(tmp_path / "out")}
    subprocess.run(["bash", "-c", script], cwd=root, env=environment, check=True,
                   capture_output=True)  # fmt: skip
    return (tmp_path / "out").read_text("utf-8"), calls.read_text("utf-8").splitlines()[1:]


def test_without_any_change_nothing_is_proposed(tmp_path: Path) -> None:
    assert collected(tmp_path) == ("changed=no\n", [])


def test_a_check_that_found_nothing_newer_begins_no_edition(tmp_path: Path) -> None:
    said, calls = collected(tmp_path, "data/snapshots/s/checked.json")
    assert "title=Checked on 2026-12-03, nothing newer\n" in said
    assert "changed=yes\n" in said
    assert calls == []


def test_new_data_begin_an_edition_that_is_verified_before_it_is_proposed(tmp_path: Path) -> None:
    said, calls = collected(tmp_path, "data/tables/t.csv", "data/snapshots/s/checked.json")
    assert "title=Edition 2026-12-03\n" in said
    assert calls == [
        "build --begin 2026-12-03 --store", "verify", "kit",
        "diff git:HEAD 2026-12-03 --markdown",
    ]  # fmt: skip
    assert "diff git:HEAD" in (tmp_path / "clone" / "change.md").read_text("utf-8")
