"""Which entries of the ledger each page used, so that it is made anew when one of them changes.

Pages get the ledger as `Watched`: an ordinary dict that notes what is looked up
in it, by page, with a hash of what was found. At the next build a page is out of
date if looking the same things up would give something else: it is read anew if
that was looked up in its text, and only written anew if it was in what stands
around the text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

Way = tuple[str, ...]  # how an entry's field is reached; "*" and "?" ask for keys and presence
Ways = dict[Way, str]  # with a hash of what was found there
_DEPTH = 3  # a kind of entries, an entry, a field of it
_KEPT = "armsbrief-used.json"
_MISSING = object()


class Watched(dict[str, Any]):
    """A part of the ledger that notes what is looked up in it.

    Parameters
    ----------
    content : mapping
        The part.
    way : tuple of str
        How it was reached.
    note : callable
        Told every way that is gone to its end, with what is there.
    """

    def __init__(self, content: Mapping[str, Any], way: Way, note: Callable[[Way, Any], None]):
        super().__init__(content)
        self._way, self._note = way, note

    def __getitem__(self, key: str) -> Any:
        way = (*self._way, key)
        found = super().get(key, _MISSING)
        if isinstance(found, dict) and len(way) < _DEPTH:
            return Watched(found, way, self._note)
        self._note(way, found)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        there = super().__contains__(key)
        self._note(("?", *self._way, str(key)), there)
        return there

    def __iter__(self) -> Iterator[str]:
        keys = list(super().__iter__())
        self._note(("*", *self._way), keys)
        return iter(keys)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __reduce__(self) -> Any:
        return dict, (list(self.items()),)

    def keys(self) -> Any:
        """Return the keys, in order."""
        return list(self)

    def values(self) -> Any:
        """Return what stands under each key."""
        return [self[key] for key in self]

    def items(self) -> Any:
        """Return keys with what stands under them."""
        return [(key, self[key]) for key in self]

    def get(self, key: str, default: Any = None) -> Any:
        """Return what stands under a key, or the default."""
        if key not in self:
            return default
        return self[key]


def watch(app: Sphinx, kind: str, content: Mapping[str, Any]) -> Watched:
    """Return content that notes for the page at work what is looked up in it.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        Of the build.
    kind : str
        A name for the content, the same in every build.
    content : mapping
        What to look things up in.
    """
    app.__dict__.setdefault("armsbrief_now", {})[kind] = content
    return Watched(content, (), partial(_note, app, kind))


def _note(app: Sphinx, kind: str, way: Way, found: Any) -> None:
    used = _page_used(app)
    if used is not None and (whole := (kind, *way)) not in used:
        used[whole] = _hash(found)


def _page_used(app: Sphinx) -> Ways | None:
    """Return the notes of the page that is read or written; none before, between and after."""
    if reading := app.env.temp_data.get("docname", "") if app.env else "":
        return _read(app.env).setdefault(reading, {})
    if writing := app.__dict__.get("armsbrief_page", ""):
        return _written(app).setdefault(writing, {})
    return None


def _read(env: BuildEnvironment) -> dict[str, Ways]:
    """Return what each page used when it was read."""
    used: dict[str, Ways] = env.__dict__.setdefault("armsbrief_read", {})
    return used


def _written(app: Sphinx) -> dict[str, Ways]:
    """Return what each page used when it was written."""
    used: dict[str, Ways] = app.__dict__.setdefault("armsbrief_written", {})
    return used


def _hash(found: Any) -> str:
    if found is _MISSING:
        return "missing"
    return hashlib.sha256(json.dumps(found, default=str).encode()).hexdigest()[:16]


def _now(content: Mapping[str, Any], way: Way) -> Any:
    """Go a way again."""
    ask, keys = (way[0], way[1:]) if way[:1] in (("*",), ("?",)) else ("", way)
    *before, last = keys or ("",)
    for key in before:
        content = content.get(key, {})
        if not isinstance(content, dict):
            return _MISSING
    if ask == "?":
        return last in content
    found = content.get(last, _MISSING) if keys else content
    return list(found) if ask == "*" and isinstance(found, dict) else found


def to_read(app: Sphinx, env: BuildEnvironment, *_: Any) -> list[str]:
    """Return the pages whose text would look up something else now than when it was read."""
    kept = _kept(app)
    for page, ways in kept["read"].items():
        _read(env).setdefault(page, {}).update(ways)
    _written(app).update(kept["written"])
    return _outdated(app, _read(env))


def to_write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return the pages around whose text something else would stand now than when written."""
    return _outdated(app, _written(app))


def _outdated(app: Sphinx, used: Mapping[str, Ways]) -> list[str]:
    now: Mapping[str, Mapping[str, Any]] = app.__dict__["armsbrief_now"]
    same: dict[Way, str] = {}

    def is_current(whole: Way, was: str) -> bool:
        if whole not in same:
            kind, *way = whole
            same[whole] = _hash(_now(now.get(kind, {}), tuple(way)))
        return same[whole] == was

    return [
        page for page, ways in used.items()
        if page in app.env.found_docs and not all(is_current(*noted) for noted in ways.items())
    ]  # fmt: skip


def forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """Forget what a page used, before it is read anew."""
    _read(env).pop(page, None)


def merge(app: Sphinx, env: BuildEnvironment, pages: set[str], other: BuildEnvironment) -> None:
    """Take over what another process noted."""
    _read(env).update({page: _read(other)[page] for page in pages if page in _read(other)})


def turn_to(app: Sphinx, page: str, *_: Any) -> None:
    """Know which page is written: those that Sphinx did not find are made anew every time."""
    app.__dict__["armsbrief_page"] = page if page in app.env.found_docs else ""


def begin(app: Sphinx, tree: Any, page: str) -> None:
    """Know for which page references are resolved, the first step of writing it."""
    turn_to(app, page)
    _written(app).pop(page, None)


def leave(app: Sphinx) -> tuple[()]:
    """Know that no page of the book is at work any more."""
    app.__dict__["armsbrief_page"] = ""
    return ()


def finish(app: Sphinx, error: Exception | None) -> None:
    """Keep what was used in writing: Sphinx has put its own memory away by then."""
    leave(app)
    if error is None:
        kept = {"read": _plain(_read(app.env)), "written": _plain(_written(app))}
        Path(app.doctreedir, _KEPT).write_text(json.dumps(kept), encoding="utf-8")


def _plain(used: Mapping[str, Ways]) -> dict[str, list[list[str]]]:
    return {page: [[*way, was] for way, was in ways.items()] for page, ways in used.items()}


def _kept(app: Sphinx) -> dict[str, dict[str, Ways]]:
    path = Path(app.doctreedir, _KEPT)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        when: {page: {tuple(way): was for *way, was in ways} for page, ways in used.items()}
        for when, used in ({"read": {}, "written": {}} | kept).items()
    }


def register(app: Sphinx) -> None:
    """Tell Sphinx when to ask."""
    app.connect("env-get-outdated", to_read)
    app.connect("env-updated", to_write)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("doctree-resolved", begin, priority=0)
    app.connect("html-page-context", turn_to, priority=0)
    app.connect("html-collect-pages", leave, priority=0)
    app.connect("build-finished", finish, priority=0)
