"""Change `data/` as a whole or not at all.

A draft is a complete copy of `data/`. It is changed, checked, and put in the
place of the old folder by one step of the operating system: both names are
exchanged. Killed at any moment, `data/` is the old one or the new one.

Where a file system cannot exchange folders, a journal is written first; the
next command finishes what it says.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from armsbrief import paths
from armsbrief.errors import DataError

_AT_FDCWD, _EXCHANGE = -100, 2


def _folder() -> Path:
    return paths.BUILD / "refresh"


def _journal() -> Path:
    return _folder() / "journal.json"


@contextmanager
def exclusive(say: Callable[[str], None]) -> Iterator[None]:
    """Let one process at a time change `data/`; another one waits and says so."""
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    lock = FileLock(paths.BUILD / "refresh.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("Another refresh is running in this folder. Waiting until it ends.")
        lock.acquire()
    try:
        recover()
        yield
    finally:
        lock.release()


def finish() -> None:
    """Finish what a killed refresh had decided, if there is anything."""
    if _journal().exists():
        with exclusive(lambda text: None):
            pass


def recover() -> None:
    """Finish what a killed refresh had decided, and clear away what it had not."""
    if _journal().exists():
        _roll_forward()
    for left in _folder().glob("draft-*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def draft(dry_run: bool = False) -> Iterator[Path]:
    """Copy what a brief is made of; yield the root of the copy, whose `data/` may be changed.

    Parameters
    ----------
    dry_run : bool
        Whether the copy stands outside of the repository.
    """
    if not dry_run:
        _folder().mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="draft-", dir=None if dry_run else _folder()))
    try:
        shutil.copytree(paths.DATA, root / "data")
        yield root
    finally:
        if not _journal().exists():  # else the draft is still needed to finish
            shutil.rmtree(root, ignore_errors=True)


@contextmanager
def changing(
    say: Callable[[str], None], dry_run: bool = False
) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Yield the root of a draft, and what publishes it; a dry run leaves no trace.

    Parameters
    ----------
    say : callable
        Told if another process has to end first.
    dry_run : bool
        Whether the draft will only be looked at.
    """
    with nullcontext() if dry_run else exclusive(say), draft(dry_run) as root:
        before = state(root / "data")
        yield root, partial(publish, root, before)


def state(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def publish(root: Path, before: dict[str, str]) -> None:
    """Put the data of a draft in the place of `data/`.

    Parameters
    ----------
    root : pathlib.Path
        Root of the draft.
    before : dict of str to str
        `state` of `data/` when the draft was made.

    Raises
    ------
    DataError
        If someone changed `data/` meanwhile: their change would be lost.
    """
    if state(paths.DATA) != before:
        raise DataError(
            "data/ was edited while the refresh ran. Nothing was changed, your edit is kept.",
            "run the same command again",
        )
    _sync(root / "data")
    if not _exchange(root / "data", paths.DATA):
        _write_journal(root)
        _roll_forward()


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders swap names in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    arguments = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE)
    return rename is not None and rename(*arguments) == 0


def _sync(folder: Path) -> None:
    """Have the system write all of it to the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as content:
                os.fsync(content.fileno())


def _write_journal(root: Path) -> None:
    """Decide: from here on the change is made, if need be by the next command."""
    entry = {"draft": root.name, "files": state(root / "data")}
    temporary = _journal().with_suffix(".tmp")
    temporary.write_text(json.dumps(entry), encoding="utf-8")
    temporary.replace(_journal())


def _roll_forward() -> None:
    entry = json.loads(_journal().read_text(encoding="utf-8"))
    source = _folder() / entry["draft"] / "data"
    for name in entry["files"]:
        target = paths.DATA / name
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.new")  # the draft may be on another disk
        shutil.copy(source / name, beside)
        beside.replace(target)
    _journal().unlink()
