"""Executed notebooks, kept for as long as nothing that they depend on changes.

A run is kept under the code and parameters of its notebook and the locked
environment. Beside it stand the tables and modules that it was seen to use,
with their hashes: only if all of them are unchanged, and the kept file is
whole, is it used again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from armsbrief import data, paths, trace
from armsbrief.errors import DataError


def find(notebook: Path, parameters: Mapping[str, Any]) -> bytes | None:
    """Return the executed notebook of an earlier run, if nothing has changed since.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook as it is now.
    parameters : mapping
        Its parameters.
    """
    for described in sorted(_folder(notebook, parameters).glob("*.json")):
        kept = described.with_suffix(".ipynb")
        try:
            entry = json.loads(described.read_bytes())
            content = kept.read_bytes()
            if entry["content"] == _hash(content) and _unchanged(entry):
                return content
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue  # being written, or damaged: run again and replace it
    return None


def keep(notebook: Path, parameters: Mapping[str, Any], executed: Path, seen: Path) -> None:
    """Keep an executed notebook with what it was seen to use.

    Parameters
    ----------
    notebook, parameters
        As for `find`.
    executed : pathlib.Path
        The notebook with its outputs.
    seen : pathlib.Path
        The trace that its run left.
    """
    tables, modules = trace.read(seen)
    content = executed.read_bytes()
    entry = {
        "tables": tables,
        "modules": {name: _module_hash(name) for name in sorted(modules)},
        "content": _hash(content),
    }
    folder = _folder(notebook, parameters)
    name = _hash(json.dumps(entry, sort_keys=True).encode())[:24]
    _write(folder / f"{name}.ipynb", content)
    _write(folder / f"{name}.json", json.dumps(entry).encode())


def _folder(notebook: Path, parameters: Mapping[str, Any]) -> Path:
    cells = json.loads(notebook.read_bytes())["cells"]
    code = [(cell["cell_type"], cell["id"], "".join(cell["source"])) for cell in cells]
    decides = [notebook.name, code, sorted(parameters.items()), sys.version, _environment()]
    return paths.CACHE / "executed" / _hash(json.dumps(decides).encode())[:32]


def _environment() -> str:
    lock = paths.ROOT / "requirements.txt"
    return _hash(lock.read_bytes()) if lock.exists() else ""


def _unchanged(entry: Mapping[str, Any]) -> bool:
    try:
        tables: Iterable[bool] = (
            data.fingerprint(name) == digest for name, digest in entry["tables"].items()
        )
        return all(tables) and all(
            _module_hash(name) == digest for name, digest in entry["modules"].items()
        )
    except DataError:
        return False  # a table is gone: the run will say so


def _module_hash(name: str) -> str:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        return ""
    return _hash(Path(found.origin).read_bytes())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
