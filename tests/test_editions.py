"""Editions: what each begins with."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from armsbrief import editions, parameters, paths, provenance
from armsbrief.errors import ArmsbriefError


@pytest.fixture
def own_editions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("EDITIONS", "NOTEBOOKS"):
        copy = tmp_path / name.lower()
        shutil.copytree(getattr(paths, name), copy, ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.setattr(paths, name, copy)
    return tmp_path


def test_the_op_eds_day_and_a_later_edition_ship() -> None:
    assert editions.names()[0] == "2025-04-17"
    assert editions.read("2025-04-17").parameters == {"as_of": "2025-04-17"}
    assert editions.default().name > "2025-04-17"


def test_a_new_edition_begins_with_the_parameters_of_the_newest(own_editions: Path) -> None:
    before = editions.default()
    made = editions.begin("2031-05-06")
    assert editions.default() == made
    assert made.parameters == {**before.parameters, "as_of": "2031-05-06"}
    assert before.name in made.note


def test_the_notebooks_own_default_follows_and_their_code_counts_as_the_same(
    own_editions: Path,
) -> None:
    before = provenance.code_files(own_editions)
    editions.begin("2031-05-06")
    for path in paths.NOTEBOOKS.glob("*.ipynb"):
        known_on = parameters.declared(path).get("as_of")
        assert known_on is None or known_on.default == "2031-05-06", path.name
    assert provenance.code_files(own_editions) == before


@pytest.mark.parametrize("day", ["2020-01-01", "2025-04-17", "tomorrow", "2031-02-30"])
def test_an_edition_that_is_not_later_or_no_day_is_refused(own_editions: Path, day: str) -> None:
    there = sorted(paths.EDITIONS.iterdir())
    with pytest.raises(ArmsbriefError, match=r"expected a later day|a date that exists"):
        editions.begin(day)
    assert sorted(paths.EDITIONS.iterdir()) == there


def test_a_day_that_has_not_come_is_refused_with_today() -> None:
    today = date(2026, 11, 26)
    editions.require_known("2026-11-26", today)
    with pytest.raises(ArmsbriefError, match="2026-11-27 cannot begin: today is 2026-11-26"):
        editions.require_known("2026-11-27", today)
