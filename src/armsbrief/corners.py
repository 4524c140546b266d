"""One corner of a comparison: the code of one side, the rows of another, judged afresh.

It runs in a process of its own, because it is other code than ours.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from armsbrief import changes, ledger, paths, provenance
from armsbrief.execute import place_whole

_RUN = (
    "import json, os, sys; from armsbrief.build import judge; "
    "judge('corner', json.loads(sys.argv[1]), os.cpu_count() or 1, lambda text: None)"
)
_LOST = 3  # lines of what a failed run said that are worth keeping


@dataclass(frozen=True)
class Corner:
    """What is run: code and rules of a tree each, a folder of data, parameters."""

    code: Path
    rules: Path
    data: Path
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """The claims as they come out, or why there are none."""

    claims: Mapping[str, Any]
    problem: str = ""


def run(corner: Corner) -> Outcome:
    """Execute and judge a corner; one that was run before is not run again."""
    kept = paths.CACHE / "corners" / f"{_key(corner)}.json"
    if kept.exists():
        return Outcome(json.loads(kept.read_text("utf-8")))
    with tempfile.TemporaryDirectory(prefix="armsbrief-") as folder:
        outcome = _run(corner, Path(folder).resolve())
    if not outcome.problem:
        kept.parent.mkdir(parents=True, exist_ok=True)
        place_whole(json.dumps(outcome.claims).encode(), kept)
    return outcome


def _run(corner: Corner, root: Path) -> Outcome:
    _assemble(corner, root)
    source = provenance.code_folder(corner.code)
    environment = {**os.environ, "ARMSBRIEF_ROOT": str(root), "PYTHONPATH": str(source)}
    ran = subprocess.run(
        [sys.executable, "-c", _RUN, json.dumps(dict(corner.parameters))],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        said = [line for line in ran.stderr.strip().splitlines() if line.strip()]
        return Outcome({}, " ".join(said[-_LOST:]) or f"it ended with {ran.returncode}")
    made = ledger.read(root / "_build" / "work" / "corner" / "ledger.json")
    return Outcome(changes.record(made)["claims"])


def _assemble(corner: Corner, root: Path) -> None:
    """Link the parts into one tree; earlier runs of the same code are shared."""
    for name in ("_toc.yml", "_config.yml", "index.md", "editions", "notebooks"):
        _link(root / name, corner.code / name)
    _link(root / "requirements.txt", paths.ROOT / "requirements.txt")  # what is installed
    _link(root / "book", corner.rules / "book")
    _link(root / "data", corner.data)
    memory = paths.CACHE
    modules = _modules(corner.code)
    if modules != _modules(paths.ROOT):
        memory = paths.CACHE / "other-code" / _hash(modules)[:16]
    memory.mkdir(parents=True, exist_ok=True)
    _link(root / "_build" / "cache", memory)


def _modules(root: Path) -> dict[str, str]:
    return {k: v for k, v in provenance.code_files(root).items() if k.startswith("src/")}


def _link(place: Path, target: Path) -> None:
    if target.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target.resolve())


def _key(corner: Corner) -> str:
    lock = paths.ROOT / "requirements.txt"
    tables = {
        path.relative_to(corner.data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(corner.data.rglob("*"))
        if path.suffix in (".csv", ".json") and "snapshots" not in path.parts
    }
    return _hash(
        [
            provenance.code_files(corner.code), provenance.rules_hash(corner.rules), tables,
            sorted(corner.parameters.items()), sys.version,
            lock.read_text("utf-8") if lock.exists() else "",
            provenance.code_files(paths.ROOT)["src/armsbrief/changes.py"],
        ]
    )[:32]  # fmt: skip


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
