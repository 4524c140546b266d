"""A list of every published file with its hash, by which a downloaded copy can be checked alone.

Nothing of the repository is needed to check: this module reads the folder and
no more. The same list is read by the page `verification.html` in a browser.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from armsbrief.errors import ArmsbriefError

NAME = "manifest.json"
_ALGORITHM = "sha256"


def write(folder: Path, parts: Iterable[str] | None = None) -> Path:
    """Write the manifest of a folder.

    Parameters
    ----------
    folder : pathlib.Path
        The folder; the manifest is put at its top and does not list itself.
    parts : iterable of str, optional
        The files and folders directly in it that belong to the edition. If none
        are given all do, so that a check notices a file that was added.

    Returns
    -------
    pathlib.Path
        The manifest.
    """
    named = None if parts is None else sorted(parts)
    files = {path: digest(folder / path) for path in _listed(folder, named)}
    content = {"algorithm": _ALGORITHM, "parts": named, "files": files}
    path = folder / NAME
    temporary = path.with_name(f".{NAME}.{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    temporary.replace(path)
    return path


def check(folder: Path) -> tuple[int, list[str]]:
    """Compare a folder with its manifest.

    Returns
    -------
    tuple of int and list of str
        How many files were compared; a line for each that is changed, missing
        or not listed.

    Raises
    ------
    ArmsbriefError
        If there is no manifest, or it is not one of ours.
    """
    files, parts = _read(folder)
    found = set(_listed(folder, parts))
    problems = [f"{path}: missing" for path in sorted(files.keys() - found)]
    problems += [f"{path}: not in the manifest" for path in sorted(found - files.keys())]
    for path in sorted(files.keys() & found):
        if (now := digest(folder / path)) != files[path]:
            problems.append(f"{path}: hash {now} found; the manifest says {files[path]}")
    return len(files), problems


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, _ALGORITHM).hexdigest()


def _read(folder: Path) -> tuple[dict[str, str], list[str] | None]:
    path = folder / NAME
    try:
        content = json.loads(path.read_text("utf-8"))
        files, parts = dict(content["files"]), content["parts"]
        named = [] if parts is None else list(parts)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArmsbriefError(
            f"{path}: no manifest can be read ({error}); expected the folder of a published "
            "edition, with html/, brief.pdf and ledger.json.",
            "armsbrief verify --manifest FOLDER",
        ) from error
    if outside := [name for name in [*files, *named] if _leaves(name)]:
        raise ArmsbriefError(f"{path}: lists {outside[0]!r}, which lies outside the folder.")
    return files, None if parts is None else named


def _leaves(name: str) -> bool:
    return not isinstance(name, str) or name.startswith("/") or ".." in Path(name).parts


def _listed(folder: Path, parts: Iterable[str] | None) -> list[str]:
    """Return all files of these parts, as paths with forward slashes; symbolic links too."""
    found: list[str] = []
    for part in os.listdir(folder) if parts is None else parts:
        if (folder / part).is_dir():
            found += (os.path.join(above, name) for above, _, names in os.walk(folder / part)
                      for name in names)  # fmt: skip
        else:
            found.append(str(folder / part))
    names = (os.path.relpath(path, folder).replace(os.sep, "/") for path in found
             if os.path.isfile(path))  # fmt: skip
    return sorted(name for name in names if name != NAME)
