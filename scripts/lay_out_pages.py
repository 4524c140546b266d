"""Lay out what a host of static pages serves: the newest edition, and each at its own address.

`_build/pages/` gets the site of the newest edition at its top, and every
edition's at `editions/<name>/`, each with its PDF, ledger and kit beside the
pages, with the bill of materials and the licences of the packages, and with a
manifest that lists all of that.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from armsbrief import editions, manifest, paths

_BESIDE = ("brief.pdf", "ledger.json", "kit")
_OF_ALL = ("sbom.json", "licences.md")  # made by `make pages` before: what every edition rests on


def lay_out(edition: Path, place: Path) -> None:
    """Copy one built edition to its address."""
    shutil.copytree(edition / "html", place, dirs_exist_ok=True)
    for name in _BESIDE:
        source = edition / name
        if source.is_dir():
            shutil.copytree(source, place / name, dirs_exist_ok=True)
        elif source.is_file():
            shutil.copyfile(source, place / name)
    for name in _OF_ALL:
        shutil.copyfile(paths.BUILD / name, place / name)
    manifest.write(place)


def main() -> None:
    """Lay out every edition that is built; the newest must be."""
    pages = paths.BUILD / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    lay_out(paths.BUILD / "editions" / editions.default().name, pages)
    for name in editions.names():
        built = paths.BUILD / "editions" / name
        lay_out(built, pages / "editions" / name)
    print(f"{len(editions.names())} editions in {pages}")


if __name__ == "__main__":
    main()
