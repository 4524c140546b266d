"""Where the pages of one build get the ledger from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from armsbrief import editions, ledger
from armsbrief.errors import ArmsbriefError
from armsbrief.references import sources
from armsbrief.sphinx_ext.watched import watch

VARIABLE = "ARMSBRIEF_LEDGER"


def attach_ledger(app: Sphinx) -> None:
    """Read or make the ledger, once a build, and keep it with the application."""
    given = os.environ.get(VARIABLE)
    if given:
        book = ledger.read(Path(given))
    else:
        source = Path(app.srcdir)
        notebooks = sorted((source / "notebooks").glob("*.ipynb"))
        edition = editions.default()
        book = ledger.compile_ledger(notebooks, source / "book", edition.name, edition.parameters)
    app.armsbrief_ledger = watch(app, "ledger", book)  # type: ignore[attr-defined]  # ours
    app.armsbrief_sources = watch(app, "sources", sources())  # type: ignore[attr-defined]  # ours


def watch_no_more(app: Sphinx) -> None:
    """Hand the ledger out as it is, to what is made anew in every build: noting takes time."""
    now = app.__dict__["armsbrief_now"]
    app.__dict__.update(armsbrief_ledger=now["ledger"], armsbrief_sources=now["sources"])


def of(env: BuildEnvironment) -> Mapping[str, Any]:
    """Return the ledger; what the current page looks up in it is noted."""
    found: Mapping[str, Any] = env.app.armsbrief_ledger  # type: ignore[attr-defined]  # ours
    return found


def on_paper(env: BuildEnvironment) -> bool:
    """Tell whether the pages are for print, which leaves the trail of each number to the site."""
    return bool(env.app.builder.name == "singlehtml")


def root(env: BuildEnvironment) -> str:
    """Return the way from the current page to the root of the site."""
    return "../" * env.docname.count("/")


def sources_of(env: BuildEnvironment) -> Mapping[str, Mapping[str, str]]:
    """Return the table of sources by id."""
    found: Mapping[str, Mapping[str, str]] = env.app.armsbrief_sources  # type: ignore[attr-defined]  # ours
    return found


def entry(env: BuildEnvironment, kind: str, name: str) -> Mapping[str, Any]:
    """Return one fact, claim, chart, table or recommendation.

    Raises
    ------
    ArmsbriefError
        If the ledger has none of that id.
    """
    found = of(env)[kind]
    if name not in found:
        first = name.split(".")[0]
        near = [known for known in found if known.split(".")[0] == first] or list(found)
        raise ArmsbriefError(
            f"there is no entry {name!r} among the {kind} of the ledger; "
            f"there are: {', '.join(near)}."
        )
    record: Mapping[str, Any] = found[name]
    return record
