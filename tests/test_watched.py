"""A page is made anew when what it looked up in the ledger changed, and only then.

It is read anew for what its text says, and only written anew for what stands around it.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from armsbrief.sphinx_ext import watched

LEDGER: dict[str, Any] = {
    "edition": "2026",
    "facts": {"a.x": {"value": 1, "display": "one", "rows": {"t": ["r"]}}, "b.y": {"value": 2}},
    "claims": {"a": {"verdict": "supported", "facts": ["a.x"]}},
}

Use = Callable[[Any], object]


def app_with(ledger: dict[str, Any], folder: Path, used: dict[str, Any] | None = None) -> Any:
    env = SimpleNamespace(temp_data={}, found_docs={"page", "other"}, armsbrief_read=used or {})
    app: Any = SimpleNamespace(env=env, doctreedir=str(folder))
    app.book = watched.watch(app, "ledger", ledger)
    return app


def remade(use: Use, change: Callable[[dict[str, Any]], object], folder: Path) -> list[str]:
    """Read a page that makes this use of the ledger, change it, and ask what is out of date."""
    app = app_with(LEDGER, folder)
    app.env.temp_data["docname"] = "page"
    use(app.book)
    ledger = copy.deepcopy(LEDGER)
    change(ledger)
    kept = pickle.loads(pickle.dumps(app.env.armsbrief_read))  # noqa: S301  # as Sphinx keeps it
    later = app_with(ledger, folder, kept)
    return watched.to_read(later, later.env)


def set_value(ledger: dict[str, Any]) -> None:
    ledger["facts"]["a.x"]["value"] = 3


def add_fact(ledger: dict[str, Any]) -> None:
    ledger["facts"]["c.z"] = {"value": 9}


def drop_fact(ledger: dict[str, Any]) -> None:
    del ledger["facts"]["a.x"]


def set_row(ledger: dict[str, Any]) -> None:
    ledger["facts"]["a.x"]["rows"]["t"].append("s")


@pytest.mark.parametrize(
    ("use", "change"),
    [
        (lambda book: book["facts"]["a.x"]["value"], set_value),
        (lambda book: book["facts"]["a.x"]["value"], drop_fact),
        (lambda book: book["facts"]["a.x"].get("value"), set_value),
        (lambda book: book["facts"]["a.x"]["rows"]["t"], set_row),
        (lambda book: list(book["facts"]), add_fact),
        (lambda book: len(book["facts"]), add_fact),
        (lambda book: "c.z" in book["facts"], add_fact),
        (lambda book: book["facts"].get("c.z"), add_fact),
        (lambda book: [f["value"] for f in book["facts"].values()], set_value),
        (lambda book: {**book["facts"]["a.x"]}, set_value),
        (lambda book: dict(book["facts"]["a.x"].items()), set_value),
        (lambda book: json.dumps(book), set_value),
        (lambda book: pickle.dumps(book["facts"]), set_value),
        (lambda book: copy.deepcopy(book), add_fact),
        (lambda book: book["edition"], lambda ledger: ledger.update(edition="2027")),
    ],
)
def test_what_was_used_and_changed_makes_the_page_anew(
    use: Use, change: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    assert remade(use, change, tmp_path) == ["page"]


@pytest.mark.parametrize(
    ("use", "change"),
    [
        (lambda book: book["facts"]["b.y"]["value"], set_value),
        (lambda book: book["facts"]["a.x"]["display"], set_value),
        (lambda book: book["facts"]["a.x"]["value"], add_fact),
        (lambda book: book["claims"].items(), set_value),
        (lambda book: book["facts"], set_value),
        (lambda book: list(book["facts"].values()), set_value),
        (lambda book: json.dumps(book), lambda ledger: None),
    ],
)
def test_what_was_not_used_or_did_not_change_does_not(
    use: Use, change: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    """Also entries that were passed by on the way to another."""
    assert remade(use, change, tmp_path) == []


def written(use: Use, change: Callable[[dict[str, Any]], object], folder: Path) -> Any:
    """Write a page that makes this use of the ledger, and come back when that has changed."""
    app = app_with(LEDGER, folder)
    watched.begin(app, None, "other")
    use(app.book)
    watched.finish(app, None)
    ledger = copy.deepcopy(LEDGER)
    change(ledger)
    return app_with(ledger, folder)


def value(book: Any) -> object:
    return book["facts"]["a.x"]["value"]


def test_what_is_used_in_writing_a_page_has_it_written_anew_and_not_read(tmp_path: Path) -> None:
    later = written(value, set_value, tmp_path)
    assert watched.to_read(later, later.env) == []
    assert watched.to_write(later, later.env) == ["other"]


def test_what_is_used_in_writing_and_did_not_change_leaves_the_page(tmp_path: Path) -> None:
    later = written(value, add_fact, tmp_path)
    watched.to_read(later, later.env)
    assert watched.to_write(later, later.env) == []


def test_a_page_that_was_written_anew_is_current(tmp_path: Path) -> None:
    later = written(value, set_value, tmp_path)
    watched.to_read(later, later.env)
    watched.begin(later, None, "other")
    value(later.book)
    assert watched.to_write(later, later.env) == []


def test_what_is_used_between_pages_is_noted_for_none(tmp_path: Path) -> None:
    app = app_with(LEDGER, tmp_path)
    watched.begin(app, None, "other")
    watched.leave(app)
    value(app.book)
    watched.turn_to(app, "book/receipts/made-every-time")
    value(app.book)
    watched.finish(app, None)
    later = app_with({"facts": {"a.x": {"value": 3}}}, tmp_path)
    assert watched.to_read(later, later.env) == watched.to_write(later, later.env) == []


def test_what_is_used_for_no_page_makes_none_anew(tmp_path: Path) -> None:
    app = app_with(LEDGER, tmp_path)
    assert json.loads(json.dumps(app.book)) == LEDGER
    assert app.env.armsbrief_read == {}


def test_a_page_that_is_read_anew_starts_with_nothing_used(tmp_path: Path) -> None:
    app = app_with(LEDGER, tmp_path)
    app.env.temp_data["docname"] = "page"
    _ = app.book["facts"]["a.x"]["value"]
    watched.forget(app, app.env, "page")
    assert app.env.armsbrief_read == {}


def test_an_entry_that_is_not_there_is_a_key_error_as_ever(tmp_path: Path) -> None:
    app = app_with(LEDGER, tmp_path)
    with pytest.raises(KeyError):
        app.book["facts"]["nothing"]
