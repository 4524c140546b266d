"""The same bytes twice, and a build that no network can reach or be reached from."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import Brief, armsbrief, copied

from armsbrief import manifest

# All that a build must not depend on, each as different as it can be; and secrets to be kept back.
ELSEWHERE = {
    "TZ": "Pacific/Kiritimati", "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "4711",
    "ACLED_KEY": "do-not-tell", "GITHUB_TOKEN": "do-not-tell", "MY_PASSWORD": "do-not-tell",
}  # fmt: skip
PARTS = ("html", "brief.pdf", "one-page.pdf", "one-page-letter.pdf", "ledger.json", manifest.NAME)


def alone(*words: str) -> list[str]:
    """Return a command that runs others where there is no network but loopback."""
    assert os.geteuid() == 0, "a network namespace needs root; run this test as root"
    assert shutil.which("unshare"), "unshare is missing; install util-linux"
    return ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *words]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """The same brief, built from nothing, in another folder, elsewhere in the world, offline.

    It is built twice in place: the second build finds no page out of date, and
    must still give all of them.
    """
    root = copied(tmp_path_factory.mktemp("another-folder-with-a-long-name") / "büch")
    for verb in ("build", "build", "kit"):
        shutil.rmtree(root / "_build" / "cache" / "marks", ignore_errors=True)
        command = [sys.executable, "-m", "armsbrief", verb]
        ran = subprocess.run(
            alone(*command) if os.geteuid() == 0 else command,
            cwd=root, text=True, capture_output=True, check=False,
            env={**os.environ, **ELSEWHERE, "ARMSBRIEF_ROOT": str(root)},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return Brief(root, root / "_build", ran.stdout)


def hashes(out: Path, parts: tuple[str, ...] = PARTS) -> dict[str, str]:
    found = {}
    for part in parts:
        top = out / part
        for path in [top] if top.is_file() else sorted(p for p in top.rglob("*") if p.is_file()):
            name = path.relative_to(out).as_posix()
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def test_two_builds_give_the_same_bytes(brief: Brief, elsewhere: Brief) -> None:
    here, there = hashes(brief.out), hashes(elsewhere.out)
    assert here.keys() == there.keys()
    assert {name for name in here if here[name] != there[name]} == set()
    assert len(here) > 200


def test_two_kits_have_the_same_bytes(brief: Brief, elsewhere: Brief, tmp_path: Path) -> None:
    ran = armsbrief("kit", "--out", str(tmp_path / "kit"), root=brief.root)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    here, there = hashes(tmp_path, ("kit",)), hashes(elsewhere.out, ("kit",))
    assert here.keys() == there.keys()
    assert {name for name in here if here[name] != there[name]} == set()
    assert {Path(name).suffix for name in here} >= {".docx", ".pdf", ".png", ".svg", ".csv"}


def test_no_secret_of_the_user_is_in_what_was_built(elsewhere: Brief) -> None:
    for path in elsewhere.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert b"do-not-tell" not in path.read_bytes(), path


def test_the_manifest_lists_every_file_and_notices_a_byte(elsewhere: Brief, tmp_path: Path) -> None:
    number, problems = manifest.check(elsewhere.out)
    assert problems == []
    assert number == len(hashes(elsewhere.out)) - 1
    copy = tmp_path / "downloaded"
    shutil.copytree(elsewhere.out / "html", copy)
    (copy / "index.html").write_bytes((copy / "index.html").read_bytes() + b" ")
    (copy / "search.html").unlink()
    (copy / "new.html").write_text("new")
    _, problems = manifest.check(copy)
    assert [line.partition(":")[0] for line in problems] == [
        "search.html",
        "new.html",
        "index.html",
    ]
