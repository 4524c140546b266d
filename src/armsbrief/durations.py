"""How long each notebook took last, so that the longest starts first and no core waits for it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from armsbrief import paths


def _known() -> dict[str, float]:
    with suppress(OSError, ValueError):  # none yet, or damaged: only the order depends on it
        known: dict[str, float] = json.loads(_place().read_bytes())
        return known if isinstance(known, dict) else {}
    return {}


def _place() -> Path:
    return paths.CACHE / "durations.json"


def longest_first(notebook: Path) -> float:
    """Return what to sort notebooks by; one that nobody has seen run comes first."""
    return -_known().get(notebook.name, float("inf"))


def keep(seconds: Mapping[Path, float]) -> None:
    """Remember how long notebooks took, in seconds."""
    known = _known() | {path.name: round(took, 3) for path, took in seconds.items()}
    _place().parent.mkdir(parents=True, exist_ok=True)
    temporary = _place().with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(known), encoding="utf-8")
    temporary.replace(_place())
