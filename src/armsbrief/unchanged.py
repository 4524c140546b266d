"""Know, without importing anything heavy, that a build would make what is already there.

A finished build leaves a *mark*: the hash of every file it was made from and of
every file it made. The next one with the same request compares. Anything else
than equality, on either side, means: build.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from armsbrief import paths

_TEXT = ("book", "_config.yml", "_toc.yml", "index.md")
_RUN = ("notebooks", "data", "editions", "requirements.txt")
ADDRESS = "ARMSBRIEF_BASE_URL"  # where the site will stand: cards, feed and sitemap name it
_PASSED_OVER = {"__pycache__", ".ipynb_checkpoints"}


def inputs() -> dict[str, str]:
    """Return hashes of all that decides what a build makes, besides what is asked of it.

    One is of what notebooks run on, one of the text around what they find.
    """
    run = fingerprint([*(paths.ROOT / name for name in _RUN), Path(__file__).parent])
    text = files(paths.ROOT / name for name in _TEXT)
    return {"run": run, "text": _digest([text, os.environ.get(ADDRESS, "")])}


def fingerprint(places: Iterable[Path]) -> str:
    """Return one hash of files and folders, and of the Python and the packages that use them."""
    return _digest([files(places), sys.version, _installed()])


def files(places: Iterable[Path]) -> str:
    """Return one hash of files and folders, wherever they are."""
    return _digest(_hashes(places))


def find(request: Sequence[Any]) -> Path | None:
    """Return the folder with the results of this request, if building would change nothing.

    Parameters
    ----------
    request : sequence
        What was asked for: edition, parameters, folder.
    """
    with suppress(OSError, ValueError, KeyError, TypeError):  # no mark, or a damaged one: build
        mark = json.loads(_place(request).read_bytes())
        if mark["inputs"] == inputs() and mark["outputs"] == _outputs(mark):
            return Path(mark["folder"])
    return None


def is_only_text(request: Sequence[Any], now: Mapping[str, str]) -> bool:
    """Tell whether nothing that notebooks run on has changed since this was last built.

    Parameters
    ----------
    request : sequence
        As for `find`.
    now : mapping
        The hashes of the inputs.
    """
    with suppress(OSError, ValueError, KeyError, TypeError):  # no mark, or a damaged one
        return bool(json.loads(_place(request).read_bytes())["inputs"]["run"] == now["run"])
    return False


def keep(
    request: Sequence[Any], before: dict[str, str], folder: Path, made: Iterable[Path]
) -> None:
    """Leave the mark of a finished build.

    Parameters
    ----------
    request : sequence
        As for `find`.
    before : dict
        The hashes of the inputs, taken when the build began.
    folder : pathlib.Path
        Where a person is told to look.
    made : iterable of pathlib.Path
        All files and folders that the build put in place.
    """
    made = list(made)
    mark = {"inputs": before, "outputs": files(made), "folder": str(folder),
            "made": [str(path) for path in made]}  # fmt: skip
    _write(mark, _place(request))


@contextmanager
def renewed() -> Iterator[None]:
    """Let the marks of builds that are whole hold after what is done to them here."""
    marks = {path: json.loads(path.read_bytes()) for path in paths.CACHE.glob("marks/*.json")}
    whole = {path: mark for path, mark in marks.items() if mark["outputs"] == _outputs(mark)}
    yield
    for path, mark in whole.items():
        _write({**mark, "outputs": _outputs(mark)}, path)


def _outputs(mark: Mapping[str, Any]) -> str:
    return files([Path(path) for path in mark["made"]])


def _write(mark: Mapping[str, Any], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(mark), encoding="utf-8")
    temporary.replace(place)


def _place(request: Sequence[Any]) -> Path:
    return paths.CACHE / "marks" / f"{_digest([str(paths.ROOT), *request])[:32]}.json"


def _installed() -> list[str]:
    """Return names and versions of the installed packages."""
    packages = os.listdir(sysconfig.get_path("purelib"))
    return sorted(name for name in packages if name.endswith((".dist-info", ".pth")))


def _hashes(places: Iterable[Path]) -> list[tuple[str, str]]:
    return [(os.path.relpath(path, place.parent), _hash(path))
            for place in places for path in _files(str(place))]  # fmt: skip


def _files(place: str) -> Iterator[str]:
    if not os.path.isdir(place):
        yield place
        return
    for folder, inside, names in os.walk(place):
        inside[:] = sorted(name for name in inside if name not in _PASSED_OVER)
        yield from (os.path.join(folder, name) for name in sorted(names))


def _hash(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()
