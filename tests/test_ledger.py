"""The ledger: put together from executed notebooks, refused where something does not resolve."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from support import CASES, Brief

from armsbrief.errors import LedgerError
from armsbrief.ledger import collect, compile_ledger, read
from armsbrief.rules import VERDICTS

STOCK = CASES / "stock.ipynb"
CLAIM: dict[str, Any] = {
    "title": "What was left",
    "page": "book/findings/equipment-value",
    "found_as": "{fact}`equipment-value.left` in the inventory",
    "says": "Over {fact}`equipment-value.asserted` was left.",
    "rule": {
        "name": "point-value",
        "inputs": {"asserted": "equipment-value.asserted", "estimate": "equipment-value.left"},
        "settings": {"within": 0.1, "wide": 0.25},
    },
    "sentences": {v: f"{v}: {{fact}}`equipment-value.left` was left." for v in VERDICTS},
    "counter_evidence": ["Whose it was is another question."],
}
ASK = {
    "title": "Trace", "asks": "Trace it.", "addressee": "All", "instrument": "Forms",
    "owner": "Us", "first_step": "One form", "claims": ["equipment-value"], "obstacle": "None",
    "indicator": "Answers", "drop_if": "None come",
}  # fmt: skip
Compile = Callable[..., dict[str, Any]]


@pytest.fixture
def compiled(tmp_path: Path) -> Compile:
    """Compile notebooks with one claim and one ask; both may be changed first."""

    def compile_them(
        *notebooks: Path, claim: dict[str, Any] | None = None, name: str = "equipment-value",
        ask: dict[str, Any] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        (tmp_path / "claims.yml").write_text(yaml.safe_dump({name: {**CLAIM, **(claim or {})}}))
        asks = yaml.safe_dump({"trace": {**ASK, **(ask or {})}})
        (tmp_path / "recommendations.yml").write_text(asks)
        used = notebooks or (STOCK,)
        return compile_ledger(used, tmp_path, "test", {"as_of": "2026-01-01"})

    return compile_them


def changed(path: Path, to: Path, change: Callable[[Any], None]) -> Path:
    """Write a notebook that differs from another."""
    content = nbformat.read(path, as_version=4)
    change(content)
    made = to / path.name
    made.write_text(nbformat.writes(content), encoding="utf-8")
    return made


def without(cell: str) -> Callable[[Any], None]:
    def drop(content: Any) -> None:
        content.cells = [c for c in content.cells if c.id != cell]

    return drop


def test_facts_charts_and_tables_are_read_out_of_the_outputs() -> None:
    found = collect([STOCK])
    left = found["facts"]["equipment-value.left"]
    assert (left["value"], left["display"], left["unit"]) == (7.12, "$7.12 billion", "USD bn")
    assert (left["notebook"], left["cell"]) == ("notebooks/stock.ipynb", "left")
    assert found["charts"]["equipment-value.bar"]["svg"].startswith("<svg")
    assert found["tables"]["equipment-value.rows"]["cells"] == [["dod-2022-total-left"]]
    assert len(found["specifications"]["equipment-value"]["rows"]) == 2


def test_a_claim_is_judged_by_its_rule_and_its_sentence_follows_the_verdict(
    compiled: Compile,
) -> None:
    claim = compiled()["claims"]["equipment-value"]
    assert claim["verdict"] == "supported-with-correction"
    assert claim["sentence"] == "supported-with-correction: $7.12 billion was left."
    assert claim["says"] == "Over $7.2 billion was left."
    assert claim["robustness"] == {"holds": 1, "of": 2}
    assert claim["break_even"]["above"] == {"value": 7.2, "verdict": "supported"}
    assert claim["facts"] == ["equipment-value.asserted", "equipment-value.left"]


def test_other_settings_give_another_verdict(compiled: Compile) -> None:
    strict = {**CLAIM["rule"], "settings": {"within": 0.001, "wide": 0.002}}
    claim = compiled(claim={"rule": strict})["claims"]["equipment-value"]
    assert claim["verdict"] == "not-supported"
    assert claim["sentence"].startswith("not-supported:")


def test_a_fact_recorded_in_two_notebooks_is_refused_with_both_names(compiled: Compile) -> None:
    with pytest.raises(LedgerError) as caught:
        compiled(STOCK, CASES / "stock-again.ipynb")
    said = str(caught.value)
    assert "fact 'equipment-value.left' is recorded twice" in said
    assert "in notebooks/stock-again.ipynb and in notebooks/stock.ipynb" in said


def test_a_deleted_fact_cell_ends_in_one_error_that_names_who_misses_it(
    compiled: Compile, tmp_path: Path
) -> None:
    shorter = changed(STOCK, tmp_path, without("left"))
    with pytest.raises(LedgerError) as caught:
        compiled(shorter)
    assert str(caught.value) == (
        "claims.yml, equipment-value.rule.inputs.estimate: there is no fact 'equipment-value.left'; "
        "of that notebook or claim there are: equipment-value.asserted."
    )


def test_a_fact_that_only_a_sentence_misses_is_an_error_too(compiled: Compile) -> None:
    sentences = {**CLAIM["sentences"], "supported-with-correction": "{fact}`equipment-value.lfet`."}
    with pytest.raises(LedgerError, match=r"equipment-value.sentences: there is no fact .*lfet"):
        compiled(claim={"sentences": sentences})


def test_a_renamed_claim_ends_in_one_error_that_names_what_rests_on_it(compiled: Compile) -> None:
    with pytest.raises(LedgerError, match=r"trace: there is no claim 'equipment-value'"):
        compiled(name="equipment-worth")


def test_an_ask_may_not_refer_to_an_unknown_fact(compiled: Compile) -> None:
    with pytest.raises(
        LedgerError, match=r"recommendations.yml, trace.obstacle: there is no fact 'a.b'"
    ):
        compiled(ask={"obstacle": "Only {fact}`a.b` of them."})


def test_an_ask_that_rests_on_a_weak_claim_says_so(compiled: Compile) -> None:
    strict = {**CLAIM["rule"], "settings": {"within": 0.001, "wide": 0.002}}
    weak = compiled(claim={"rule": strict})["recommendations"]["trace"]["weak_claims"]
    assert weak == ["equipment-value"]
    assert compiled()["recommendations"]["trace"]["weak_claims"] == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"verdict": "supported"}, "entry 'equipment-value':\n.*verdict: Extra inputs are not permitted"),
        ({"title": None}, "title: Input should be a valid string"),
        ({"counter_evidence": []}, "counter_evidence: List should have at least 1 item"),
        ({"sentences": {"supported": "Yes."}}, "no sentence for the verdict cannot-be-verified"),
        ({"rule": {**CLAIM["rule"], "name": "guess"}}, "rule 'guess' is unknown"),
        ({"rule": {**CLAIM["rule"], "inputs": {"asserted": "equipment-value.asserted"}}},
         "rule 'point-value' needs the input estimate"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named(compiled: Compile, entry: dict[str, Any], said: str) -> None:
    with pytest.raises(LedgerError, match=said):
        compiled(claim=entry)


def test_entries_that_are_no_yaml_are_named(tmp_path: Path) -> None:
    (tmp_path / "claims.yml").write_text("claims: [")
    with pytest.raises(LedgerError, match=r"claims.yml: cannot be read"):
        compile_ledger([STOCK], tmp_path, "test", {"as_of": "2026-01-01"})


def test_a_notebook_that_was_never_executed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"fails.ipynb: code cell 1 was never executed"):
        collect([CASES / "fails.ipynb"])


def test_a_notebook_that_ended_with_an_error_is_refused(tmp_path: Path) -> None:
    def fail(content: Any) -> None:
        content.cells[-1].outputs = [
            nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
        ]

    with pytest.raises(LedgerError, match=r"stock.ipynb: code cell 7 ended with an error"):
        collect([changed(STOCK, tmp_path, fail)])


def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "half.ipynb").write_text('{"cells": [')
    with pytest.raises(LedgerError, match=r"half.ipynb: is no notebook that can be read"):
        collect([tmp_path / "half.ipynb"])


def test_a_ledger_that_is_not_there_is_named_with_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"no ledger can be read(.|\n)*Next: make brief"):
        read(tmp_path / "ledger.json")


# The ledger of the brief itself, in the shape that tools outside the project rely on.

FACT = {"value", "display", "unit", "sources", "notebook", "cell", "as_of"}
JUDGED = {
    "asserted", "estimate", "unit", "verdict", "tolerance", "robustness", "break_even", "facts",
    "sources", "counter_evidence", "as_of", "stale",
}  # fmt: skip


def test_the_ledger_has_the_shape_that_the_design_promises(brief: Brief) -> None:
    ledger = brief.ledger
    assert {"edition", "parameters", "facts", "claims", "recommendations"} <= set(ledger)
    assert ledger["parameters"]["as_of"] == ledger["edition"]
    for fact in ledger["facts"].values():
        assert set(fact) >= FACT
        assert isinstance(fact["value"], int | float | str | bool | None)
        assert isinstance(fact["display"], str)
    for claim in ledger["claims"].values():
        assert set(claim) >= JUDGED
        assert claim["verdict"] in VERDICTS
        assert claim["counter_evidence"]
        assert isinstance(claim["stale"], bool)
        assert claim["robustness"] is None or set(claim["robustness"]) == {"holds", "of"}
        assert set(claim["facts"]) <= set(ledger["facts"])
    for ask in ledger["recommendations"].values():
        assert set(ask["claims"]) <= set(ledger["claims"])


def test_every_claim_has_a_chart_a_table_of_what_sources_say_and_a_date(brief: Brief) -> None:
    shown = {
        kind: {key.split(".")[0] for key in brief.ledger[kind]} for kind in ("charts", "tables")
    }
    for name, claim in brief.ledger["claims"].items():
        assert name in shown["charts"]
        assert name in shown["tables"]
        assert claim["found_as"]
        assert claim["as_of"]


def test_every_fact_names_a_cell_that_exists_and_rows_that_exist(brief: Brief) -> None:
    cells: dict[str, set[str]] = {}
    for path in (brief.root / "notebooks").glob("*.ipynb"):
        content = json.loads(path.read_text("utf-8"))
        cells[f"notebooks/{path.name}"] = {cell["id"] for cell in content["cells"]}
    tables = brief.root / "data" / "tables"
    for name, fact in brief.ledger["facts"].items():
        assert fact["cell"] in cells[fact["notebook"]], name
        for table, rows in fact["rows"].items():
            assert rows == [] or (tables / f"{table}.csv").exists(), name


def test_the_ledger_holds_no_not_a_number(brief: Brief) -> None:
    text = (brief.out / "ledger.json").read_text("utf-8")
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the ledger"))


def test_the_known_verdicts_of_the_six_claims(brief: Brief) -> None:
    found = {name: claim["verdict"] for name, claim in brief.ledger["claims"].items()}
    assert found["equipment-value"] == "supported-with-correction"
    assert found["small-arms-count"] == "supported-with-correction"
    assert found["small-arms-value"] == "supported"
    assert found["small-arms-exported"] == "not-supported"
    assert found["resurgence"] == "supported"
    assert found["attack-lethality"] == "partly-supported"


def test_the_count_flips_where_it_rounds_to_the_op_eds_number(brief: Brief) -> None:
    flips = brief.ledger["claims"]["small-arms-count"]["break_even"]
    assert flips["above"] == {"value": 316265.0, "verdict": "supported"}
