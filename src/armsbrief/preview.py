"""Execute the notebooks on the data of a draft: which facts and verdicts would move?

Both sides run with today's knowledge date, in copies of the brief, so that only
the data differ and nothing is written into the repository.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from armsbrief import changes, paths
from armsbrief.errors import NotebookError

_CONTENT = ("book", "notebooks", "editions", "_config.yml", "_toc.yml", "requirements.txt")


@dataclass(frozen=True)
class Moved:
    """What differs: claims as in `changes`, and facts as (id, before, after); labels of facts."""

    claims: list[changes.Change]
    facts: list[tuple[str, str, str]]
    labels: dict[str, str]


def compare(root: Path, as_of: str, say: Callable[[str], None]) -> Moved:
    """Return what moves when the data of a draft replace those of the brief.

    Parameters
    ----------
    root : pathlib.Path
        Root of the draft: a folder with the new `data/`.
    as_of : str
        Knowledge date of both sides, YYYY-MM-DD.
    say : callable
        Told what happens.

    Raises
    ------
    NotebookError
        If a notebook fails on the new data: they must not be published then.
    """
    old = root / "old"
    shutil.copytree(paths.DATA, old / "data")
    kept = paths.CACHE / "executed"
    if kept.exists():
        shutil.copytree(kept, old / "_build" / "cache" / "executed")
    say("Executing the notebooks on the data as they are")
    before = _executed(old, as_of)
    (root / "_build").mkdir(exist_ok=True)
    (old / "_build" / "cache").rename(root / "_build" / "cache")
    say("Executing the notebooks on the new data")
    after = _executed(root, as_of)
    then, now = before["facts"], after["facts"]
    facts = [
        (name, then.get(name, "—"), now.get(name, "—"))
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]
    labels = {**before["labels"], **after["labels"]}
    return Moved(changes.compare(before["record"], after["record"]), facts, labels)


def _executed(root: Path, as_of: str) -> dict[str, Any]:
    for name in _CONTENT:
        original = paths.ROOT / name
        if original.is_dir():
            shutil.copytree(original, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif original.exists():
            shutil.copy(original, root / name)
    out = root / "preview.json"
    ran = subprocess.run(
        [sys.executable, "-m", "armsbrief.preview", as_of, str(out)], cwd=root, text=True,
        capture_output=True, env={**os.environ, "ARMSBRIEF_ROOT": str(root)}, check=False,
    )  # fmt: skip
    if ran.returncode:
        lines = "\n  ".join(ran.stderr.strip().splitlines()[-12:])
        raise NotebookError(
            f"a notebook fails on these data:\n  {lines}\n  Nothing was changed.",
            "report this: a notebook should cope with every valid table",
        )
    content: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return content


def main(as_of: str, out: str) -> None:
    """Judge the brief at the root; write its record and its facts."""
    from armsbrief import build, editions

    wanted = {**editions.default().parameters, "as_of": as_of}
    build.check_data()
    _, ledger = build.judge("preview", wanted, os.cpu_count() or 1, lambda text: None)
    facts = {name: fact["display"] for name, fact in ledger["facts"].items()}
    labels = {name: fact["label"] for name, fact in ledger["facts"].items()}
    found = {"record": changes.record(ledger), "facts": facts, "labels": labels}
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    from armsbrief.errors import ArmsbriefError

    try:
        main(*sys.argv[1:])
    except ArmsbriefError as error:
        sys.exit(str(error))
