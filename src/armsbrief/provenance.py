"""What a ledger was made of: code, rules and tables, each by its hash.

Two ledgers whose hashes agree in all but one of these differ because of that
one, and nothing needs to be run again to know it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from armsbrief import paths

_RULES = ("claims.yml", "recommendations.yml")


def code_folder(root: Path) -> Path:
    """Return the folder whose package runs a brief: its own `src`, or the one installed."""
    own = root / "src"
    return own if (own / "armsbrief").is_dir() else Path(__file__).resolve().parents[1]


def code_files(root: Path) -> dict[str, str]:
    """Return the hash of every module, and of the code of every notebook, by its path."""
    source = code_folder(root)
    found = {
        f"src/{path.relative_to(source).as_posix()}": _hash(path.read_bytes())
        for path in sorted((source / "armsbrief").rglob("*.py"))
    }
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_bytes())["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        found[f"notebooks/{path.name}"] = _hash(json.dumps(code).encode())
    return found


def rules_hash(root: Path) -> str:
    """Return a hash of the rules, their settings and the sentences."""
    return _hash(b"\0".join((root / "book" / name).read_bytes() for name in _RULES))


def table_hashes(root: Path) -> dict[str, str]:
    """Return the hash of every table by its file's name."""
    tables = sorted((root / "data" / "tables").glob("*.csv"))
    return {path.stem: _hash(path.read_bytes()) for path in tables}


def made_of(root: Path | None = None) -> dict[str, object]:
    """Return the hashes of what a ledger of this tree is made of."""
    root = root or paths.ROOT
    code = _hash(json.dumps(code_files(root), sort_keys=True).encode())
    return {"code": code, "rules": rules_hash(root), "tables": table_hashes(root)}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
