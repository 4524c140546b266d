"""The brief's own font, cut down to the letters it needs and served with the site."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sphinx.application import Sphinx

from armsbrief import paths
from armsbrief.drawing import FONT_FOLDER

FACES = ("Regular", "Italic", "Bold")
# Latin with its accents, and the punctuation and arrows that the brief uses.
_LETTERS = [*range(0x20, 0x180), *range(0x2010, 0x2040), 0x20AC, 0x2192, 0x2212, 0x00D7]


def add_fonts(app: Sphinx, error: Exception | None) -> None:
    """Put the fonts beside the style sheet of an HTML site."""
    if error is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir) / "_static" / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    for face in FACES:
        (folder / f"Lato-{face}.woff2").write_bytes(subset(face))


def subset(face: str) -> bytes:
    """Return one face as WOFF2 with the letters that the brief needs; made once, then kept."""
    original = FONT_FOLDER / f"Lato-{face}.ttf"
    key = hashlib.sha256(original.read_bytes() + repr(_LETTERS).encode()).hexdigest()[:16]
    kept = paths.CACHE / "fonts" / f"Lato-{face}-{key}.woff2"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_suffix(f".{os.getpid()}")
        _cut(original, temporary)
        temporary.replace(kept)
    return kept.read_bytes()


def _cut(original: Path, out: Path) -> None:
    from fontTools import subset as tool

    options = tool.Options(flavor="woff2", layout_features=["kern", "liga", "tnum", "lnum"])
    options.recalc_timestamp = False  # the same bytes from the same font
    font = tool.load_font(str(original), options)
    cutter = tool.Subsetter(options)
    cutter.populate(unicodes=_LETTERS)
    cutter.subset(font)
    tool.save_font(font, str(out), options)
