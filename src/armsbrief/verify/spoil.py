"""What all trial edits share: a number changed by one, and the edition made again beside it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from armsbrief.errors import ArmsbriefError
from armsbrief.verify import remade
from armsbrief.verify.published import Published


def other(text: str) -> str:
    """Change the last digit of a text by one; a text without a digit gets one."""
    for place in range(len(text) - 1, -1, -1):
        if text[place] in "0123456789":
            return text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
    return text + " 9"


@cache
def again(folder: Path) -> remade.Remade:
    """Make an edition again, once; it must be the one that is edited.

    Raises
    ------
    ArmsbriefError
        If it is not: then every edit would seem to be noticed.
    """
    private = Path(tempfile.mkdtemp(prefix="armsbrief-"))
    atexit.register(shutil.rmtree, private, ignore_errors=True)
    found = Published(folder)
    made = remade.Remade(found, private, use_cache=True)
    for check in (remade.check_site, remade.check_rest):
        if wrong := check(found, made).failures:
            raise ArmsbriefError(f"{folder}: wrong before it is edited: {wrong[0]}")
    return made
