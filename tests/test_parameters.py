"""A parameter is checked before anything runs, and a wrong one is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import CASES, armsbrief, copied

from armsbrief import paths
from armsbrief.cli import _pairs
from armsbrief.errors import ParameterError
from armsbrief.parameters import TYPES, assign, check, declared

EQUIPMENT = paths.NOTEBOOKS / "equipment-value.ipynb"


def test_a_notebook_declares_its_parameters_with_type_default_and_explanation() -> None:
    found = declared(EQUIPMENT)
    assert found["counter"].type_name == "Counter"
    assert found["counter"].default == "dod"
    assert "Pentagon" in found["counter"].help
    assert found["as_of"].type_name == "Date"


@pytest.mark.parametrize(
    "name", ["equipment-value", "small-arms", "resurgence", "attack-lethality"]
)
def test_every_default_is_itself_allowed(name: str) -> None:
    for parameter in declared(paths.NOTEBOOKS / f"{name}.ipynb").values():
        check(parameter.name, parameter.type_name, parameter.default)


def test_a_parameter_without_a_type_or_an_explanation_is_refused() -> None:
    with pytest.raises(
        ParameterError, match=r"untyped-parameter.ipynb: parameter 'threshold'.*comment"
    ):
        declared(CASES / "untyped-parameter.ipynb")


def test_an_unknown_name_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(ParameterError, match=r"'asof': no notebook declares it.*as_of, counter"):
        assign({"asof": "2025-04-17"}, {EQUIPMENT: declared(EQUIPMENT)})


def test_each_notebook_gets_only_the_parameters_that_it_declares() -> None:
    small = paths.NOTEBOOKS / "small-arms.ipynb"
    notebooks = {path: declared(path) for path in (EQUIPMENT, small)}
    assigned = assign({"as_of": "2025-04-17", "counter": "sigar"}, notebooks)
    assert assigned[EQUIPMENT] == {"as_of": "2025-04-17", "counter": "sigar"}
    assert assigned[small] == {"as_of": "2025-04-17"}


@pytest.mark.parametrize(
    ("type_name", "value", "allowed"),
    [
        ("Date", "2025-02-30", "a date that exists, as YYYY-MM-DD"),
        ("Date", "17 April 2025", "a date that exists"),
        ("Date", "20250417", "a date that exists"),
        ("Date", "2025-4-17", "a date that exists"),
        ("Date", "", "a date that exists"),
        ("Month", "2025-13", "a month, as YYYY-MM"),
        ("Month", "٢٠٢٥-04", "a month, as YYYY-MM"),
        ("Year", "1900", "a whole year from 1989 to 2100"),
        ("Year", "2021.5", "a whole year"),
        ("Ratio", "a quarter", "a number above 0"),
        ("Ratio", "0", "a number above 0"),
        ("Ratio", "nan", "a number above 0"),
        ("Ratio", "inf", "a number above 0"),
        ("Counter", "DoD", "one of: dod, sigar"),
        ("Restated", "newest", "one of: latest, first"),
        ("bool", "maybe", "true or false"),
        ("int", "1.5", "a whole number"),
        ("float", "nan", "a number"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(
    type_name: str, value: str, allowed: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        check("threshold", type_name, value)
    assert "'threshold'" in str(caught.value)
    assert f"{value!r} was given" in str(caught.value)
    assert allowed in str(caught.value)


@pytest.mark.parametrize(("given", "means"), [("false", False), ("true", True), ("0", False)])
def test_false_on_the_command_line_means_false(given: str, means: bool) -> None:
    assert check("flag", "bool", _pairs((f"flag={given}",))["flag"]) is means


def test_numbers_on_the_command_line_become_numbers() -> None:
    assert check("marked", "Ratio", "1.5") == 1.5
    assert check("first", "Year", "2021") == 2021


def test_a_date_that_yaml_has_read_as_one_is_text_again() -> None:
    assert check("as_of", "Date", date(2025, 4, 17)) == "2025-04-17"


def test_a_value_may_hold_an_equals_sign_but_a_pair_needs_one() -> None:
    assert _pairs(("note=a=b",)) == {"note": "a=b"}
    for text in ("as_of", "=2025-04-17"):
        with pytest.raises(ParameterError, match="expected key=value"):
            _pairs((text,))


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"\A\d{4}-\d{2}-\d{2}\Z"),
        st.dates().map(str),
        st.dates().map(lambda d: f"{d}\n"),
    )
)
def test_any_text_is_either_a_date_as_python_reads_it_or_refused_by_name(text: str) -> None:
    try:
        accepted = check("as_of", "Date", text)
    except ParameterError as error:
        assert "'as_of'" in str(error)
        assert repr(text) in str(error)
    else:
        assert accepted == text
        assert date.fromisoformat(text).isoformat() == text


@given(st.text(), st.sampled_from(sorted(set(TYPES) - {"str"})))
def test_no_text_at_all_ends_in_anything_but_a_value_or_a_message(text: str, name: str) -> None:
    try:
        check("threshold", name, text)
    except ParameterError as error:
        assert "'threshold'" in str(error)


@pytest.fixture(scope="module")
def with_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A brief in which something was published before."""
    root = copied(tmp_path_factory.mktemp("parameters") / "copy")
    (root / "_build" / "html").mkdir(parents=True)
    (root / "_build" / "html" / "index.html").write_text("published before")
    (root / "_build" / "ledger.json").write_text("{}")
    return root


def published(root: Path) -> dict[str, bytes]:
    """All files of `_build` but the memory of which tables were found valid."""
    build = root / "_build"
    return {str(path.relative_to(build)): path.read_bytes() for path in build.rglob("*")
            if path.is_file() and "cache" not in path.parts}  # fmt: skip


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("as_of=2025-02-30", "parameter 'as_of': '2025-02-30' was given; allowed is a date"),
        (
            "counter=nobody",
            "parameter 'counter': 'nobody' was given; allowed is one of: dod, sigar",
        ),
        ("marked=very", "parameter 'marked': 'very' was given; allowed is a number"),
        ("colour=blue", "parameter 'colour': no notebook declares it; allowed is one of: "),
        ("as_of", "-p 'as_of': expected key=value"),
    ],
)
def test_a_wrong_parameter_ends_the_build_with_one_message_before_anything_runs(
    with_results: Path, pair: str, said: str
) -> None:
    before = published(with_results)
    ran = armsbrief("build", "-p", pair, root=with_results)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"armsbrief: {said}")
    assert "Traceback" not in ran.stderr
    assert "Executing" not in ran.stdout
    assert published(with_results) == before


def test_an_unknown_edition_is_named_with_those_that_there_are(with_results: Path) -> None:
    ran = armsbrief("build", "--edition", "1999-01-01", root=with_results)
    assert ran.returncode == 1
    assert "edition '1999-01-01' was asked for; there are: 2025-04-17" in ran.stderr
