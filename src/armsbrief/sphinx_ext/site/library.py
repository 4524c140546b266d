"""The drawing library that live charts share; made once, then kept."""

from __future__ import annotations

import os

from sphinx.application import Sphinx

from armsbrief import paths
from armsbrief.sphinx_ext.site.files import write


def write_library(app: Sphinx) -> None:
    """Put the library beside the style sheet; a page asks for it when a reader touches a chart."""
    write(app, "_static/vega.js", _bundle())


def _bundle() -> bytes:
    import vl_convert

    kept = paths.CACHE / "library" / f"vega-{vl_convert.__version__}.js"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_suffix(f".{os.getpid()}")
        script = vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;")
        temporary.write_text(script, encoding="utf-8")
        temporary.replace(kept)
    return kept.read_bytes()
