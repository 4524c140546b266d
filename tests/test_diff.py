"""What changed and why: the cause is found by running, and a flipped verdict cannot be missed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mini import commit, months, with_own_code, write_brief
from support import armsbrief

from armsbrief import causes, corners, paths, rows
from armsbrief.changes import Cause, Change, as_markdown, compare, record, since
from armsbrief.corners import Corner, Outcome
from armsbrief.errors import ArmsbriefError
from armsbrief.sides import Side, resolve

PEAK = """
months = load("months", as_of)
fact("peak.value", float(months["value"].max()), unit="attacks", label="most", rows=months)
fact("covered.value", int(months["month"].nunique()), unit="months", label="months", rows=months)
first = months[months["month"] == "2024-01"]
fact("first.value", float(first["value"].iloc[0]), unit="attacks", label="first", rows=first)
"""
CLAIMS = {
    "peak": ("The peak", 30.0),
    "covered": ("Months covered", 5.0),
    "first": ("The first", 5.0),
}
OLD = months(2024, 1, 12, 10, "2025-01-05")
NEW = [*months(2025, 1, 10, 10, "2025-11-01"), ("restated", "all", "2024-03", 40.0, "2025-11-01")]


def said(root: Path, *words: str) -> str:
    ran = armsbrief("diff", *words, root=root)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def by_claim(content: str) -> dict[str, dict[str, Any]]:
    return {entry["claim"]: entry for entry in json.loads(content)["changes"]}


# A new vintage: one revised past value, ten new months, one flipped verdict.


@pytest.fixture(scope="module")
def vintage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A brief whose committed state has the old vintage and whose files have the new one."""
    root = tmp_path_factory.mktemp("vintage")
    for seen, as_of in ((OLD, "2025-02-01"), ([*OLD, *NEW], "2025-12-01")):
        write_brief(root, rows=seen, claims=CLAIMS, code=PEAK, parameters={"as_of": as_of})
        if seen is OLD:
            commit(root)
    return root


@pytest.fixture(scope="module")
def vintage_found(vintage: Path) -> str:
    return said(vintage, "git:HEAD", "now", "--json")


def test_a_new_vintage_flips_one_verdict_and_says_so_first(vintage_found: str) -> None:
    found = json.loads(vintage_found)
    assert found["flipped"] == ["peak"]
    assert [entry["claim"] for entry in found["changes"]] == ["peak", "covered"]
    assert found["unchanged"] == ["first"]


def test_the_verdict_flipped_because_of_the_one_revised_row(vintage_found: str) -> None:
    peak = by_claim(vintage_found)["peak"]
    assert (peak["before"]["verdict"], peak["after"]["verdict"]) == ("not-supported", "supported")
    assert peak["causes"] == [
        {
            "factors": ["revised rows"],
            "moves": ["verdict", "value", "sentence"],
            "rows": {"revised rows": {"months": ["restated"]}},
            "details": ["restated: value was 10, is 40.0"],
        }
    ]


def test_the_other_claim_moved_because_of_the_ten_new_months(vintage_found: str) -> None:
    covered = by_claim(vintage_found)["covered"]
    assert (covered["before"]["value"], covered["after"]["value"]) == ("12 months", "22 months")
    assert [cause["factors"] for cause in covered["causes"]] == [["new rows"]]
    ids = [f"all-2025-{month:02}" for month in range(1, 11)]
    assert covered["causes"][0]["rows"] == {"new rows": {"months": ids}}


def test_the_terminal_shows_the_flip_in_a_box_before_everything_else(
    vintage: Path, vintage_found: str
) -> None:
    text = said(vintage, "git:HEAD", "now")
    assert text.index("1 of 3 verdicts is different") < text.index("VERDICT CHANGED: The peak")
    assert text.index("VERDICT CHANGED: The peak") < text.index("Also changed")
    assert "Not supported as worded  →  Supported" in text
    assert "value was 10, is 40.0" in text


def test_markdown_has_the_flip_under_a_heading_of_its_own(
    vintage: Path, vintage_found: str
) -> None:
    text = said(vintage, "git:HEAD", "now", "--markdown")
    assert text.index("## Verdict changed") < text.index("## Other changes")
    assert "- Verdict: **Not supported as worded → Supported**" in text
    assert "- Why: New rows: 10 of months (all-2025-01, all-2025-02, all-2025-03, …)." in text


def test_the_files_are_left_as_they_were(vintage: Path, vintage_found: str) -> None:
    command = ["git", "status", "--porcelain"]
    ran = subprocess.run(command, cwd=vintage, capture_output=True, text=True, check=True)
    changed = {line[3:] for line in ran.stdout.splitlines()}
    assert changed <= {"_build/", "data/tables/months.csv", "editions/now.yml"}


# Code, rule, parameter, and two that do it only together.

METHOD = """
from armsbrief.series import SCALE
months = load("months", as_of)
def told(claim, value):
    fact(f"{claim}.value", float(value), unit="attacks", digits=1, label=claim, rows=months)
told("by-code", SCALE)
told("by-rule", 20)
told("by-parameter", level)
told("together", level * SCALE)
told("same", 1)
"""


@pytest.fixture(scope="module")
def method(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The changes between a commit and files that differ in code, rule and parameter."""
    root = tmp_path_factory.mktemp("method")
    module = with_own_code(root) / "series.py"
    original = module.read_text("utf-8")
    for scale, minimum, level in ((1, 10.0, 1.0), (2, 50.0, 3.0)):
        names = {
            "by-code": 1.5,
            "by-rule": minimum,
            "by-parameter": 2.0,
            "together": 5.0,
            "same": 1.0,
        }
        write_brief(
            root, rows=OLD, code=METHOD, parameters={"as_of": "2025-02-01", "level": level},
            parameters_cell="level: Ratio = 1.0  # how much",
            claims={name: (name, least) for name, least in names.items()},
        )  # fmt: skip
        module.write_text(f"{original}\nSCALE = {scale}\n", encoding="utf-8")
        if scale == 1:
            commit(root)
    return by_claim(said(root, "git:HEAD", "now", "--json"))


@pytest.mark.parametrize(
    ("name", "factors", "detail"),
    [
        ("by-code", ["changed code"], "files: src/armsbrief/series.py"),
        ("by-rule", ["changed rules"], "rule.settings.supported was 10.0, is 50.0"),
        ("by-parameter", ["parameter level"], "level was 1.0, is 3.0"),
    ],
)
def test_a_changed_method_or_parameter_is_named_with_what_it_was_and_is(
    method: dict[str, dict[str, Any]], name: str, factors: list[str], detail: str
) -> None:
    causes_found = method[name]["causes"]
    assert [cause["factors"] for cause in causes_found] == [factors]
    assert "verdict" in causes_found[0]["moves"]
    assert detail in causes_found[0]["details"][0]


def test_two_factors_that_flip_a_verdict_only_together_are_said_to(
    method: dict[str, dict[str, Any]],
) -> None:
    first, *rest = method["together"]["causes"]
    assert first["factors"] == ["changed code", "parameter level"]
    assert first["moves"] == ["verdict"]
    assert [cause["factors"] for cause in rest] == [["changed code"], ["parameter level"]]
    assert all("verdict" not in cause["moves"] for cause in rest)


def test_a_claim_that_nothing_touches_is_not_listed(method: dict[str, dict[str, Any]]) -> None:
    assert "same" not in method


# Where running is not possible.


def test_code_that_does_not_run_on_the_old_rows_is_joined_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fake(chosen: tuple[str, ...]) -> Outcome:
        outcomes = {
            (): {"x": {"verdict": "supported"}},
            ("new rows",): {"x": {"verdict": "supported"}},
            ("changed code", "new rows"): {"x": {"verdict": "not-supported"}},
        }
        return Outcome(outcomes[chosen]) if chosen in outcomes else Outcome({}, "KeyError")

    class Factors:
        names = ("changed code", "new rows")
        rows = rows.RowChanges()
        trees = given = (None, None)

        def corner(self, chosen: list[str]) -> tuple[str, ...]:
            return tuple(sorted(chosen))

    monkeypatch.setattr(corners, "run", fake)
    monkeypatch.setattr(causes, "_detail", lambda *given: "")
    runs = causes._Runs(Factors(), lambda text: None, {})  # type: ignore[arg-type]
    change = Change("x", "X", {"verdict": "supported"}, {"verdict": "not-supported"})
    found = causes._explained(change, runs).causes
    assert [cause.factors for cause in found] == [("changed code", "new rows")]


def ledger(code: str, as_of: str, verdict: str) -> dict[str, Any]:
    judged = {"title": "X", "verdict": verdict, "sentence": verdict, "robustness": None,
              "as_of": as_of, "facts": [], "estimate_display": None, "unit": None, "estimate": None}  # fmt: skip
    return {
        "parameters": {"as_of": as_of}, "facts": {}, "claims": {"x": judged},
        "made_of": {"code": code, "rules": "r", "tables": {"t": "h"}},
    }  # fmt: skip


def side(code: str, as_of: str, verdict: str) -> Side:
    return Side(f"{code} {as_of}", {"as_of": as_of}, None, ledger(code, as_of, verdict))


def test_of_ledgers_that_differ_in_one_thing_that_thing_is_the_cause() -> None:
    found = causes.explain(
        side("a", "2025-01-01", "supported"), side("b", "2025-01-01", "not-supported")
    )
    assert found[0].causes == (
        Cause(("changed code",), ("verdict", "sentence"), {}, ("nothing else differs",)),
    )


def test_of_ledgers_that_differ_in_two_things_none_is_blamed() -> None:
    found = causes.explain(
        side("a", "2025-01-01", "supported"), side("b", "2025-02-01", "not-supported")
    )
    assert found[0].causes[0].factors == ()
    assert "differ in: changed code, parameter as_of" in found[0].causes[0].in_words()


def test_what_is_no_side_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ArmsbriefError, match=r"is no edition \(2025-04-17(.|\n)*armsbrief diff"):
        resolve("yesterday", tmp_path)
    with pytest.raises(ArmsbriefError, match=r"git has no revision 'no-such'"):
        resolve("git:no-such", tmp_path)


# Rows.


def test_a_restated_month_is_a_revision_and_a_later_month_is_new(tmp_path: Path) -> None:
    common = {"claims": CLAIMS, "code": PEAK, "parameters": {"as_of": "2025-12-01"}}
    write_brief(tmp_path, rows=[*OLD, *NEW], **common)  # type: ignore[arg-type]
    before, after = (
        rows.read_tables(tmp_path / "data", day) for day in ("2025-02-01", "2025-12-01")
    )
    found = rows.compare(before, after).found
    assert list(found["revised rows"]["months"]) == ["restated"]
    assert len(found["new rows"]["months"]) == 10
    assert not found["removed rows"]
    back = rows.compare(after, before)
    assert back.kinds() == ["removed rows"]


def test_a_row_whose_figure_was_overwritten_is_a_revision() -> None:
    fields = {"id": "string", "month": "string", "value": "number"}
    one, other = ({"t": rows.Table(fields, {"a": {"id": "a", "month": "2024-01", "value": v}})}
                  for v in ("1", "2"))  # fmt: skip
    assert rows.compare(one, other).found["revised rows"]["t"]["a"][1]["value"] == "2"  # type: ignore[index]


# What is kept, and the page made of it.


def state(verdict: str) -> dict[str, Any]:
    return {"title": "X", "verdict": verdict, "value": "—", "sentence": verdict, "robustness": None,
            "rows": {}}  # fmt: skip


def test_a_kept_cause_is_given_only_where_the_claim_reads_as_it_did_then() -> None:
    flipped = compare({"x": state("supported")}, {"x": state("not-supported")})[0]
    cause = Cause(("new rows",), ("verdict",), {"new rows": {"t": ["a"]}})
    kept = json.loads(json.dumps(record("then", "now", [flipped.because([cause])])))
    same, other = (ledger("a", "2026-01-01", v) for v in ("not-supported", "partly-supported"))
    assert since(kept, same)[0].causes == (cause,)
    assert since(kept, other)[0].causes == ()
    assert "Not traced for this build" in as_markdown(since(kept, other), "then", "now")


def test_every_change_on_the_page_has_its_cause() -> None:
    """The record of each older edition is kept by `armsbrief build --store`; is it up to date?"""
    for path in sorted(paths.EDITIONS.glob("*.json")):
        kept = json.loads(path.read_text("utf-8"))
        for entry in kept["changes"]:
            change = Change(entry["claim"], entry["title"], entry["before"], entry["after"])
            assert entry["causes"] or not change.moved, entry["claim"]
            assert all(cause["factors"] for cause in entry["causes"])


def test_a_corner_is_found_again_by_what_it_is_made_of(tmp_path: Path) -> None:
    common = {"claims": CLAIMS, "code": PEAK, "parameters": {"as_of": "2025-12-01"}}
    write_brief(tmp_path, rows=OLD, **common)  # type: ignore[arg-type]
    corner = Corner(tmp_path, tmp_path, tmp_path / "data", {"as_of": "2025-12-01"})
    key = corners._key(corner)
    write_brief(tmp_path, rows=[*OLD, *NEW], **common)  # type: ignore[arg-type]
    assert corners._key(corner) != key
