"""Where things are: the only module that builds paths into the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from armsbrief.errors import ArmsbriefError


def _find_root() -> Path:
    """Return the folder with `_toc.yml` and `data/`: this one, one above, or the package's."""
    if given := os.environ.get("ARMSBRIEF_ROOT"):
        return Path(given).resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / "_toc.yml").is_file() and (folder / "data" / "datapackage.json").is_file():
            return folder
    raise ArmsbriefError(
        f"no brief found: neither {here} nor a folder above it holds _toc.yml and data/.",
        "cd to the clone of the repository",
    )


ROOT = _find_root()
BOOK = ROOT / "book"
CLAIMS = BOOK / "claims.yml"
RECOMMENDATIONS = BOOK / "recommendations.yml"
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data"
PACKAGE = DATA / "datapackage.json"
EDITIONS = ROOT / "editions"
BUILD = ROOT / "_build"
CACHE = BUILD / "cache"


@contextmanager
def at(root: Path) -> Iterator[None]:
    """Have every path of this module point into another brief for a while."""
    from armsbrief import data

    here = globals()
    before = {name: here[name] for name in here if name.isupper()}
    here.update({name: root / path.relative_to(ROOT) for name, path in before.items()})
    data.package.cache_clear()
    try:
        yield
    finally:
        here.update(before)
        data.package.cache_clear()
