"""The edition made again from its ledger: every file of the site and the kit must be the same.

The other checks read what was published and know nothing of how it was made.
This one knows nothing of what it says: it makes it again and compares.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from unittest import mock

from armsbrief import drawing, execute, kit, ledger, manifest, onepage, parameters, paths, publish
from armsbrief.sphinx_ext.site.metadata import BASE
from armsbrief.verify import files, page
from armsbrief.verify.published import Published
from armsbrief.verify.report import Check

SITE = "the site made again from its ledger has the same files"
REST = "the kit and the one-page PDFs made again say the same"
# Not made here: PDFs are read, the rest is written after a build, or is no part of what is read.
_LATER = ("brief.pdf", *onepage.SIZES, manifest.NAME, str(page.RESULT), ".buildinfo")


class Remade:
    """An edition in the making.

    Parameters
    ----------
    edition : Published
        What is made again.
    folder : pathlib.Path
        Where; an empty folder.
    use_cache : bool
        Whether notebooks may be taken from earlier runs.
    """

    def __init__(self, edition: Published, folder: Path, *, use_cache: bool = False) -> None:
        self._edition, self.work, self._use_cache = edition, folder, use_cache

    @cached_property
    def executed(self) -> list[Path]:
        """The notebooks, executed anew with the parameters of the edition."""
        declared = {p: parameters.declared(p) for p in sorted(paths.NOTEBOOKS.glob("*.ipynb"))}
        jobs = parameters.assign(self._edition.ledger["parameters"], declared)
        out, workers = self.work / "executed", os.cpu_count() or 1
        return execute.run_all(jobs, out, workers, use_cache=self._use_cache)

    @cached_property
    def site(self) -> Path:
        """The site, from the published ledger."""
        book = self.work / "ledger.json"
        shutil.copyfile(self._edition.folder / "ledger.json", book)
        publish.stage(self.executed, self.work / "source")
        with drawing.serving(self._use_cache), mock.patch.dict(os.environ, self._address()):
            as_of = self._edition.ledger["parameters"]["as_of"]
            [site] = publish.publish(self.work, book, as_of, with_paper=False)
        return site

    def _address(self) -> dict[str, str]:
        """Return the address for which the edition was built, as the environment gives it."""
        found = self._edition.pages["index.html"].xpath("//link[@rel='canonical']/@href")
        return {BASE: found[0]} if found else {}

    @cached_property
    def kit(self) -> Path:
        """The kit, from the published ledger."""
        made = kit.compiled(ledger.read(self._edition.folder / "ledger.json"), self._edition.folder)
        for name, content in made.content.items():
            target = self.work / "kit" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return self.work / "kit"

    @cached_property
    def one_page(self) -> list[Path]:
        """The PDFs of one page, from the published ledger."""
        return onepage.make(self._edition.folder / "ledger.json", self.work)


def check_site(edition: Published, remade: Remade) -> Check:
    """Compare every file of the site with the one that its ledger gives now."""
    check = Check(SITE)
    made, published = remade.site, edition.folder / "html"
    names = _names(made) | _names(published)
    check.failures += _differences(made, published, names)
    check.looked_at = f"{len(names):,} files"
    return check


def check_rest(edition: Published, remade: Remade) -> Check:
    """Compare the kit and the PDFs of one page with those that the ledger gives now."""
    check = Check(REST)
    pairs = [(path, edition.folder / path.name) for path in remade.one_page]
    if (edition.folder / "kit").is_dir():
        names = _names(remade.kit) | _names(edition.folder / "kit")
        pairs += [(remade.kit / name, edition.folder / "kit" / name) for name in sorted(names)]
    for made, published in pairs:
        if _said(made) != _said(published):
            check.failures.append(f"{published.relative_to(edition.folder)}: not what it was made")
    check.looked_at = f"{len(pairs)} files"
    return check


def _names(folder: Path) -> set[str]:
    found = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return {name for name in found if name not in _LATER}


def _differences(made: Path, published: Path, names: set[str]) -> Iterator[str]:
    for name in sorted(names):
        if not (published / name).is_file():
            yield f"html/{name}: not there"
        elif not (made / name).is_file():
            yield f"html/{name}: not made by a build"
        elif not same(name, (made / name).read_bytes(), (published / name).read_bytes()):
            yield f"html/{name}: not what its ledger gives"


def same(name: str, made: bytes, published: bytes) -> bool:
    """Tell whether a file is the one that was made, but for the verification in it."""
    if name == page.PAGE.as_posix():
        return page.unfilled(made.decode()) == page.unfilled(published.decode())
    return made == published


def _said(path: Path) -> str | bytes:
    """Return what a file says: its text where it has one, for other machines set it otherwise."""
    if not path.is_file():
        return b""
    if path.suffix in (".docx", ".pdf"):
        return files.text_of(path)
    if path.suffix == ".png" or path.name == manifest.NAME:
        return b"a picture, or a list of hashes"
    return path.read_bytes()
