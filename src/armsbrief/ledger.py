"""The ledger: all facts, claims and verdicts of one build, as one JSON file.

Facts come out of the outputs of executed notebooks; verdicts out of rules.
Nothing is typed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from armsbrief import editions, freshness, rules
from armsbrief.break_even import break_even
from armsbrief.claims import Claim, Recommendation, read_claims, read_recommendations
from armsbrief.errors import LedgerError
from armsbrief.records import CHART, FACT, SPECIFICATIONS, TABLE

_NO_SPECIFICATIONS: dict[str, Any] = {"dimensions": [], "rows": [], "sources": [], "as_of": None}
_REFERENCE = re.compile(r"\{fact\}`([^`]+)`")
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z{])")
_NOT_THEN = "What this rests on was not public on the knowledge date."

Ledger = dict[str, Any]


def compile_ledger(
    notebooks: Iterable[Path], book: Path, edition: str, parameters: Mapping[str, Any]
) -> Ledger:
    """Put the ledger together from executed notebooks and the entries of the book.

    Parameters
    ----------
    notebooks : iterable of pathlib.Path
        Executed notebooks.
    book : pathlib.Path
        Folder with `claims.yml` and `recommendations.yml`.
    edition : str
        Name of the edition.
    parameters : mapping
        Parameters of the build, for the record.

    Raises
    ------
    LedgerError
        If a notebook was not executed, two notebooks record the same id, or an
        entry refers to a fact, claim or notebook that does not exist.
    """
    records = collect(notebooks)
    claims = read_claims(book / "claims.yml")
    as_of = parameters["as_of"]
    # The newest edition tells of every check; an earlier one of none that came after it.
    until = None if edition == editions.names()[-1] else as_of
    judged = {name: judge(name, claim, records, as_of, until) for name, claim in claims.items()}
    recommendations = read_recommendations(book / "recommendations.yml")
    return {
        "edition": edition,
        "parameters": dict(parameters),
        "facts": records["facts"],
        "claims": judged,
        "recommendations": {
            name: _recommend(name, entry, judged, records["facts"])
            for name, entry in recommendations.items()
        },
        "charts": records["charts"],
        "tables": records["tables"],
    }


def collect(notebooks: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Read facts, charts and specifications out of the outputs of executed notebooks."""
    found = _nothing()
    for path in sorted(notebooks):
        _take_all(found, _executed_cells(path), path.name)
    return found


def recorded(cells: Iterable[Mapping[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """Read what `collect` does out of the cells of one executed notebook."""
    found = _nothing()
    _take_all(found, [cell for cell in cells if cell["cell_type"] == "code"], name)
    return found


def _nothing() -> dict[str, dict[str, Any]]:
    return {"facts": {}, "charts": {}, "tables": {}, "specifications": {}}


def _take_all(
    found: dict[str, dict[str, Any]], cells: Iterable[Mapping[str, Any]], name: str
) -> None:
    for cell in cells:
        for data in _displayed(cell):
            _take(found, data, f"notebooks/{name}", cell["id"])


def verdicts(
    claims: Mapping[str, Claim], records: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Judge the claims for which every fact is there, without their texts.

    Parameters
    ----------
    claims : mapping
        The entries of `claims.yml`.
    records : mapping
        `facts` and `specifications`, as `collect` gives them.
    """
    facts, found = records["facts"], {}
    for name, claim in claims.items():
        if not set(claim.rule.inputs.values()) <= set(facts):
            continue
        rule = rules.make(claim.rule.name, claim.rule.settings)
        inputs = _inputs(name, claim, rule, facts)
        rows = records["specifications"].get(name, _NO_SPECIFICATIONS)["rows"]
        estimate = claim.rule.inputs.get("estimate")
        found[name] = {
            "verdict": rule.claim(inputs, rows),
            "estimate": inputs.get("estimate"),
            "estimate_display": _display(facts, estimate),
            "unit": facts[estimate]["unit"] if estimate else None,
        }
    return found


def _executed_cells(path: Path) -> list[dict[str, Any]]:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise LedgerError(f"{path.name}: is no notebook that can be read: {error!r}.") from error
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, start=1):
        if cell["execution_count"] is None and "".join(cell["source"]).strip():
            raise LedgerError(
                f"{path.name}: code cell {number} was never executed.", "armsbrief build --store"
            )
        if any(output["output_type"] == "error" for output in cell["outputs"]):
            raise LedgerError(f"{path.name}: code cell {number} ended with an error.")
    return code


def _displayed(cell: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (output["data"] for output in cell["outputs"] if "data" in output)


def _take(found: dict[str, dict[str, Any]], data: Mapping[str, Any], notebook: str, cell: str
          ) -> None:  # fmt: skip
    for mime, kind, key in (
        (FACT, "facts", "id"),
        (CHART, "charts", "id"),
        (TABLE, "tables", "id"),
        (SPECIFICATIONS, "specifications", "claim"),
    ):
        if mime not in data:
            continue
        record = {**data[mime], "notebook": notebook, "cell": cell}
        if mime == CHART:
            svg = data["image/svg+xml"]
            record["svg"] = svg if isinstance(svg, str) else "".join(svg)
        name = record.pop(key)
        if name in found[kind]:
            raise LedgerError(
                f"{kind[:-1]} {name!r} is recorded twice: in {found[kind][name]['notebook']} "
                f"and in {notebook}."
            )
        found[kind][name] = record


def judge(
    name: str,
    claim: Claim,
    records: Mapping[str, Any],
    as_of: str,
    until: str | None = None,
) -> dict[str, Any]:
    """Give one claim its verdict, robustness and break-even."""
    facts = records["facts"]
    rule = rules.make(claim.rule.name, claim.rule.settings)
    inputs = _inputs(name, claim, rule, facts)
    recorded = records["specifications"].get(name, _NO_SPECIFICATIONS)
    rows = recorded["rows"]
    verdict = rule.claim(inputs, rows)
    estimate_id = claim.rule.inputs.get("estimate")
    estimate = facts[estimate_id] if estimate_id else None
    holding = rule.holds(inputs, rows, verdict)
    used = _used(name, claim, facts)
    against = _known(claim.counter_evidence, facts, f"claims.yml, {name}.counter_evidence")
    found_as = _mostly_known(claim.found_as, facts, f"claims.yml, {name}.found_as")
    limits = _known(claim.limits, facts, f"claims.yml, {name}.limits")
    tables = {table for fact in used for table in facts[fact]["rows"]}
    next_due, stale = freshness.of_tables(tables, as_of)
    return {
        "title": claim.title,
        "page": claim.page,
        "found_as": substituted(found_as, facts, f"claims.yml, {name}.found_as"),
        "says": substituted(claim.says, facts, f"claims.yml, {name}.says"),
        "own": claim.own,
        "asserted": inputs.get("asserted"),
        "asserted_display": _display(facts, claim.rule.inputs.get("asserted")),
        "asserted_fact": claim.rule.inputs.get("asserted"),
        "estimate": inputs.get("estimate"),
        "estimate_display": _display(facts, estimate_id),
        "estimate_fact": estimate_id,
        "unit": estimate["unit"] if estimate else None,
        "verdict": verdict,
        "sentence": substituted(claim.sentences[verdict], facts, f"claims.yml, {name}.sentences"),
        "rule": claim.rule.name,
        "inputs": claim.rule.inputs,
        "tolerance": _in_words(rule.tolerance, claim, facts),
        "robustness": {"holds": sum(holding), "of": len(holding)} if rows else None,
        "specifications": [{**row, "holds": held} for row, held in zip(rows, holding, strict=True)],
        "dimensions": recorded["dimensions"],
        "break_even": _break_even(rule, inputs, rows, estimate),
        "facts": used,
        "sources": sorted(
            {source for fact in used for source in facts[fact]["sources"]}
            | set(recorded["sources"])
        ),
        "counter_evidence": [substituted(text, facts, name) for text in against],
        "limits": [substituted(text, facts, name) for text in limits],
        # The same texts with their references kept, for pages that link every number.
        "found_as_source": found_as,
        "says_source": claim.says,
        "sentence_source": claim.sentences[verdict],
        "counter_evidence_source": against,
        "limits_source": limits,
        "as_of": max(
            (day for day in [*(facts[fact]["as_of"] for fact in used), recorded["as_of"]] if day),
            default=None,
        ),
        "next_due": next_due,
        "stale": stale,
        "last_checked": freshness.of_checks(tables, until),
    }


def _in_words(tolerance: str, claim: Claim, facts: Mapping[str, Any]) -> str:
    """Name the tests of a rule by what their facts are, not by what the rule calls them."""
    if claim.rule.name != "criteria":
        return tolerance
    for name, fact_id in claim.rule.inputs.items():
        tolerance = re.sub(
            rf"\b{re.escape(name)}(?= at least)", f"“{facts[fact_id]['label']}”", tolerance
        )
    return tolerance


def _display(facts: Mapping[str, Any], fact_id: str | None) -> str | None:
    return facts[fact_id]["display"] if fact_id else None


def _inputs(name: str, claim: Claim, rule: rules.Rule, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Look the inputs of the rule up among the facts; what an assertion states comes along."""
    inputs: dict[str, Any] = {}
    for key, fact_id in claim.rule.inputs.items():
        found = lookup(facts, fact_id, f"claims.yml, {name}.rule.inputs.{key}")
        inputs |= {**found.get("stated", {}), key: found["value"]}
    needed = [*rule.inputs, *getattr(rule, "must", ()), *getattr(rule, "should", ())]
    if missing := [key for key in needed if key not in inputs]:
        raise LedgerError(
            f"claims.yml, {name}: rule {claim.rule.name!r} needs the input {', '.join(missing)}."
        )
    return inputs


def _used(name: str, claim: Claim, facts: Mapping[str, Any]) -> list[str]:
    """Return the facts of a claim: the inputs of its rule, and all under its own name."""
    own = [fact_id for fact_id in facts if fact_id.split(".")[0] == name]
    return sorted({*own, *claim.rule.inputs.values()})


def _break_even(
    rule: rules.Rule,
    inputs: Mapping[str, Any],
    rows: list[dict[str, Any]],
    estimate: Mapping[str, Any] | None,
) -> dict[str, Any] | None:
    """Scale the estimate, and with it every specification's, until the verdict flips."""
    today = inputs.get("estimate")
    if estimate is None or isinstance(today, bool) or not isinstance(today, int | float):
        return None

    def judged(factor: float) -> rules.Verdict:
        scaled = [
            {**row, "estimate": None if row["estimate"] is None else row["estimate"] * factor}
            for row in rows
        ]
        return rule.claim({**inputs, "estimate": today * factor}, scaled)

    asserted = inputs.get("asserted")
    through = [] if asserted is None else [float(asserted)]
    found = break_even(judged, float(today), through)
    return {**found, "unit": estimate["unit"], "of": estimate["label"]}


def _recommend(
    name: str, entry: Recommendation, claims: Mapping[str, Any], facts: Mapping[str, Any]
) -> dict[str, Any]:
    for claim in entry.claims:
        if claim not in claims:
            raise LedgerError(f"recommendations.yml, {name}: there is no claim {claim!r}.")
    written: dict[str, Any] = entry.model_dump()
    for key, value in written.items():
        where = f"recommendations.yml, {name}.{key}"
        if isinstance(value, str):
            written[key] = _known_sentences(value, facts, where)
        elif key == "precedents":
            written[key] = _known(value, facts, where)
    content = {key: _filled(value, facts, name) for key, value in written.items()}
    content["source"] = written
    weak = ("not-supported", "cannot-be-verified")
    content["weak_claims"] = [c for c in entry.claims if claims[c]["verdict"] in weak]
    return content


def lookup(facts: Mapping[str, Any], fact_id: str, where: str) -> Mapping[str, Any]:
    """Return a fact.

    Raises
    ------
    LedgerError
        If there is none of that id; names the place that refers to it.
    """
    if fact_id not in facts:
        near = [known for known in facts if known.split(".")[0] == fact_id.split(".")[0]]
        raise LedgerError(
            f"{where}: there is no fact {fact_id!r}; of that notebook or claim there are: "
            f"{', '.join(near) or 'none'}."
        )
    found: Mapping[str, Any] = facts[fact_id]
    return found


def substituted(text: str, facts: Mapping[str, Any], where: str) -> str:
    """Replace every {fact} role of a text by the display form of the fact."""
    return _REFERENCE.sub(lambda match: str(lookup(facts, match.group(1), where)["display"]), text)


def _known(texts: Sequence[str], facts: Mapping[str, Any], where: str) -> list[str]:
    """Leave out what rests on a number that was not public on the knowledge date."""
    known = [text for text in texts if _is_known(text, facts, where)]
    return known or ([_NOT_THEN] if texts else [])


def _known_sentences(text: str, facts: Mapping[str, Any], where: str) -> str:
    """Leave such sentences out of a text."""
    known = [part for part in _SENTENCE.split(text) if _is_known(part, facts, where)]
    return " ".join(known) or _NOT_THEN


def _mostly_known(text: str, facts: Mapping[str, Any], where: str) -> str:
    """Say in place of a text that hardly any of its numbers was public."""
    values = [lookup(facts, found, where)["value"] for found in _REFERENCE.findall(text)]
    unknown = sum(value is None for value in values)
    return _NOT_THEN if 2 * unknown > len(values) else text


def _is_known(text: str, facts: Mapping[str, Any], where: str) -> bool:
    return all(
        lookup(facts, found, where)["value"] is not None for found in _REFERENCE.findall(text)
    )


def _filled(value: Any, facts: Mapping[str, Any], where: str) -> Any:
    """Fill the numbers into a text or a list of texts."""
    if isinstance(value, str):
        return substituted(value, facts, where)
    return [substituted(text, facts, where) for text in value]


def write(ledger: Mapping[str, Any], path: Path) -> None:
    """Write the ledger, readable and in a fixed order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(ledger, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> Ledger:
    """Read a ledger.

    Raises
    ------
    LedgerError
        If there is none, or it is no JSON.
    """
    try:
        content: Ledger = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LedgerError(f"{path}: no ledger can be read: {error}.", "make brief") from error
    return content
