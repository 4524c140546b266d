"""What we build with is what we locked, and nothing that publishes may do more than it must."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

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


def script(name: str) -> ModuleType:
    """One of the scripts that `make` runs."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SOUND = {"name": "a", "version": "1", "vulns": []}
FLAWED = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "says", "status"),
    [
        (None, "nothing was checked", 0),
        ([UNKNOWN], "none of the 1 packages is known to the service; nothing was checked", 0),
        ([SOUND, UNKNOWN], "1 of 2 packages were checked; none is known. 1 are unknown", 0),
        ([SOUND], "1 of 1 packages were checked; none is known.", 0),
        ([SOUND, FLAWED], "b 2: CVE-1, mended in 3", 1),
    ],
)
def test_the_audit_says_what_it_checked_and_fails_on_a_known_flaw(
    packages: list[dict[str, object]] | None, says: str, status: int
) -> None:
    found = None if packages is None else {"dependencies": packages}
    lines, ends_with = script("audit").told(found)
    assert says in "\n".join(lines)
    assert ends_with == status


def test_a_program_that_gives_no_answer_was_not_asked(tmp_path: Path) -> None:
    program = tmp_path / "pip-audit"
    program.write_text("#!/bin/sh\necho 'no network' >&2; exit 1\n")
    program.chmod(0o755)
    assert script("audit").asked(program) is None


def test_every_edition_is_laid_out_with_its_bill_of_materials(tmp_path: Path) -> None:
    build, place = tmp_path / "_build", tmp_path / "pages"
    (build / "editions" / "x" / "html").mkdir(parents=True)
    (build / "editions" / "x" / "html" / "index.html").write_text("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "BUILD", build)
        with pytest.raises(FileNotFoundError, match=r"sbom\.json"):
            script("lay_out_pages").lay_out(build / "editions" / "x", place)
        for name in ("sbom.json", "licences.md"):
            (build / name).write_text("made")
        script("lay_out_pages").lay_out(build / "editions" / "x", place)
    listed = json.loads((place / "manifest.json").read_text("utf-8"))
    assert {"index.html", "sbom.json", "licences.md"} <= set(listed["files"])
