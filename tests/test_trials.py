"""Corrupted rows on trial: many at once give what one at a time would, and nothing is tried twice."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook
from support import Brief

from armsbrief import data, paths, references
from armsbrief.errors import ArmsbriefError, NotebookError
from armsbrief.verify import corruptions, edits, mutations, rerun, trials
from armsbrief.verify.corruptions import KINDS, Corruption, Linked, applied, possible, read
from armsbrief.verify.cover import Known
from armsbrief.verify.published import Published
from armsbrief.verify.trials import Outcome, Trials

Chosen = Sequence[Corruption]


@pytest.fixture(scope="module")
def edition(brief: Brief) -> Published:
    return Published(brief.root / "_build" / "editions" / brief.ledger["edition"])


@pytest.fixture(scope="module")
def weapons(edition: Published) -> Trials:
    return Trials(edition, ["weapons"])


def spread(span: Chosen) -> list[Corruption]:
    return list(span[:: max(1, len(span) // 4)])


@given(st.lists(st.booleans(), max_size=40))
def test_a_search_finds_all_that_is_noticed_and_nothing_else(noticed: list[bool]) -> None:
    rows = [Corruption("t", str(n), "k") for n in range(len(noticed))]

    def notices(chosen: Chosen) -> str:
        return "seen" if any(noticed[int(one.row)] for one in chosen) else ""

    found = dict(trials._searched(rows, notices))
    assert found == {row: "seen" for row, is_seen in zip(rows, noticed, strict=True) if is_seen}


def test_where_nobody_notices_one_question_is_enough() -> None:
    asked: list[int] = []

    def notices(chosen: Chosen) -> str:
        asked.append(len(chosen))
        return ""

    assert list(trials._searched([Corruption("t", str(n), "k") for n in range(99)], notices)) == []
    assert asked == [99]


def test_many_at_once_give_what_one_at_a_time_gives(weapons: Trials) -> None:
    spans = [spread(span) for span in weapons.spans(possible("weapons"))]
    together = [outcome for span in spans for outcome in weapons.outcomes(span)]
    alone = [outcome for span in spans for one in span for outcome in weapons.outcomes([one])]
    assert together == alone
    assert {bool(outcome.caught_by) for outcome in together} == {True, False}


def test_rows_tried_at_once_are_different_rows_of_one_table(weapons: Trials) -> None:
    for span in weapons.spans([*possible("weapons"), *possible("border")]):
        assert len({(one.table, one.kind) for one in span}) == 1
        assert len({one.row for one in span}) == len(span)


def test_a_run_ends_at_the_first_record_that_moves(weapons: Trials) -> None:
    [path] = [p for p in weapons._readers["weapons"] if p.name == "small-arms.ipynb"]
    before, given = weapons._before[path], weapons._given[path]
    assert rerun.difference(path, given, before) == ""
    first = next(iter(before))
    assert rerun.difference(path, given, {**before, first: {}}) == f"shown: {first.split()[0]}"
    assert rerun.difference(path, given, {**before, "facts gone": {}}) == "shown: facts"
    fact = next(key for key in before if isinstance(before[key].get("value"), float))
    finer = {**before, fact: {**before[fact], "value": before[fact]["value"] + 1e-9}}
    assert "full value" in rerun.difference(path, given, finer)


def test_a_notebook_that_warns_fails_as_it_would_in_a_build(tmp_path: Path) -> None:
    path = tmp_path / "one.ipynb"
    cell = new_code_cell("import warnings; warnings.warn('of zero')")
    path.write_text(nbformat.writes(new_notebook(cells=[cell])), encoding="utf-8")
    with pytest.raises(NotebookError, match=r"one\.ipynb warns: of zero"):
        rerun.records(path, {})
    assert rerun.difference(path, {}, {}) == "notebook fails (NotebookError)"


def test_an_edition_of_other_numbers_is_refused(edition: Published) -> None:
    edited = Published(edition.folder)
    facts = {**edition.facts}
    name = next(n for n in facts if facts[n]["notebook"].endswith("small-arms.ipynb"))
    facts[name] = {**facts[name], "display": "another"}
    vars(edited)["ledger"], vars(edited)["facts"] = edition.ledger, facts
    with pytest.raises(ArmsbriefError, match=f"another {name}"):
        Trials(edited, ["weapons"])


def test_the_data_are_as_they_were_when_a_corruption_is_over(tmp_path: Path) -> None:
    linked, before = Linked(tmp_path), data.fingerprint("sources")
    known = references.sources()
    with linked.holding("sources", "id,title\n"):
        assert references.sources() == {}
    assert (references.sources(), data.fingerprint("sources")) == (known, before)
    assert (tmp_path / "tables" / "sources.csv").resolve() == paths.DATA / "tables" / "sources.csv"


@pytest.mark.parametrize("kind", KINDS)
def test_a_corruption_changes_its_row_and_no_other(kind: str) -> None:
    tables = [entry["name"] for entry in data.tables()]
    one = next(c for name in tables for c in possible(name) if c.kind == kind)
    rows = list(csv.DictReader(io.StringIO(applied([one]))))
    key = next(iter(rows[0]))
    kept = [row for row in read(one.table) if row[key] != one.row]
    assert [row for row in rows if row[key] != one.row] == kept
    assert [row for row in rows if row[key] == one.row] != [corruptions.row_of(one)]


def test_each_number_of_people_machines_or_money_can_be_corrupted() -> None:
    """Columns of numbers that are no dates and no codes: a new one must be added to the list."""
    for entry in data.tables():
        numbers = {
            f["name"] for f in entry["schema"]["fields"] if f["type"] in ("number", "integer")
        }
        numbers -= {"year", "country_id"}
        assert not numbers or numbers & set(corruptions._NUMBERS), entry["name"]


def test_what_an_interrupted_run_has_tried_is_not_tried_again(
    edition: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    settings = [edits.Edit("claims.yml", edits._SETTING, name) for name in edits._settings()]
    first = list(mutations._outcomes(edition, settings, lambda text: None, 1))
    assert len(first) == len(settings)

    def again(*given: object) -> list[Outcome]:
        raise AssertionError("tried again")

    monkeypatch.setattr(mutations, "_try", again)
    assert list(mutations._outcomes(edition, settings, lambda text: None, 1)) == first


_KNOWN = ["1abababababab", "1ababababababab", "babab1babababab", "aaaaaaaaaaaa1"]


@given(st.lists(st.sampled_from([*_KNOWN, "ab", "1", "b", "aaaa"]), max_size=12), st.data())
def test_a_text_is_searched_the_same_whatever_was_searched_before(
    parts: list[str], drawn: st.DataObject
) -> None:
    before, kept = "".join(parts), Known(_KNOWN)
    kept.places(before)
    start, end = sorted(drawn.draw(st.tuples(*[st.integers(0, len(before))] * 2)))
    after = before[:start] + drawn.draw(st.sampled_from(["", "1", "a", *_KNOWN])) + before[end:]
    assert list(kept.places(after)) == list(Known(_KNOWN).places(after))
