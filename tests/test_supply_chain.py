"""What we build with is what we locked, and nothing that publishes may do more than it must."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from armsbrief import paths

REPOSITORY = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-audit.txt"])
def test_every_package_is_locked_by_version_and_hash(name: str) -> None:
    text = (REPOSITORY / name).read_text("utf-8")
    packages = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.M), flags=re.I)
    assert len(packages) > 20
    for package in packages:
        assert re.match(r"[\w.\[\],-]+==[^\s;]+", package), package
        assert "--hash=sha256:" in package, package


def test_there_is_a_workflow() -> None:
    assert WORKFLOWS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit(path: Path) -> None:
    for line in path.read_text("utf-8").splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d", line), line


# Every right to write that any job has; all others may read at most.
WRITES = {
    ("publish.yml", "deploy"): {"pages", "id-token"},
    ("refresh.yml", "propose"): {"contents", "pull-requests"},
}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_only_the_last_job_may_publish(path: Path) -> None:
    flow = yaml.safe_load(path.read_text("utf-8"))
    assert set(flow["permissions"].items()) <= {("contents", "read")}
    assert "pull_request_target" not in path.read_text("utf-8")
    for name, job in flow["jobs"].items():
        writes = {key for key, value in job.get("permissions", {}).items() if value == "write"}
        assert writes == WRITES.get((path.name, name), set())
        assert not any("${{ github.event" in step.get("run", "") for step in job["steps"])


def test_no_code_of_ours_starts_a_shell_or_reads_python_objects() -> None:
    for path in (paths.ROOT / "src").rglob("*.py"):
        text = path.read_text("utf-8")
        assert "shell=True" not in text, path
        assert not re.search(
            r"yaml\.(load|unsafe_load|full_load)\(|pickle\.loads?\(|os\.system", text
        ), path
