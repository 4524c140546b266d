"""What is finished, a line for each run, so that an interrupted sweep goes on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from armsbrief.errors import SweepError


class Journal:
    """A file to which finished runs are added; each line stands for itself.

    Parameters
    ----------
    path : pathlib.Path
        Made if need be. A last line without its end, of a sweep that was
        killed while it wrote, is dropped.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: dict[str, dict[str, Any]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = path.read_bytes() if path.exists() else b""
            end = whole.rfind(b"\n") + 1
            if end < len(whole):
                os.truncate(path, end)
        except OSError as error:
            raise _failed(path, error) from error
        for line in whole[:end].splitlines():
            try:
                entry = json.loads(line)
                self.done.setdefault(entry["key"], entry["result"])
            except (ValueError, KeyError, TypeError):
                continue  # a damaged line is a run that is run again

    def add(self, key: str, result: Mapping[str, Any]) -> None:
        """Keep a finished run; one that is kept already is not kept twice.

        Raises
        ------
        SweepError
            If it cannot be written, as on a full disk.
        """
        if key in self.done:
            return
        line = json.dumps({"key": key, "result": result}) + "\n"
        try:
            with self.path.open("a", encoding="utf-8") as journal:
                journal.write(line)
                journal.flush()
                os.fsync(journal.fileno())
        except OSError as error:
            raise _failed(self.path, error) from error
        self.done[key] = dict(result)


def _failed(path: Path, error: OSError) -> SweepError:
    return SweepError(
        f"{path}: cannot be written: {error.strerror}. What was finished before is kept there.",
        "make room, then the same command again: it goes on where it stopped",
    )
