"""The data package as a whole: what other tools and a careful reader may rely on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import frictionless
import pandas as pd
import pytest

from armsbrief import data, paths
from armsbrief.references import bibliography, sources

TABLES = {entry["name"]: entry for entry in data.package()["resources"]}
FIGURES = [name for name, entry in TABLES.items()
           if any(field["name"] == "source_id" for field in entry["schema"]["fields"])]  # fmt: skip


@cache
def rows(name: str) -> pd.DataFrame:
    return pd.read_csv(paths.DATA / TABLES[name]["path"], dtype="string", keep_default_na=False)


def cited(name: str) -> Iterator[tuple[str, str]]:
    """Yield each row's id with each source that it names."""
    frame = rows(name)
    also = frame["also"] if "also" in frame.columns else pd.Series([""] * len(frame))
    for row_id, source, more in zip(frame["id"], frame["source_id"], also, strict=True):
        for each in [source, *filter(None, more.split(";"))]:
            yield row_id, each.strip()


def test_frictionless_finds_nothing_to_complain_about() -> None:
    report = frictionless.Package(str(paths.PACKAGE)).validate()
    problems = report.flatten(["name", "rowNumber", "fieldName", "type", "note"])
    assert problems == []


@pytest.mark.parametrize("name", TABLES)
def test_every_column_has_a_type_and_a_title_or_description(name: str) -> None:
    for field in TABLES[name]["schema"]["fields"]:
        assert field["type"] in data._DTYPES, field["name"]
        assert field.get("title") or field.get("description"), field["name"]


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_key_a_licence_and_a_kind(name: str) -> None:
    entry = TABLES[name]
    assert entry["schema"]["primaryKey"] in ("id", ["id"])
    assert entry["licenses"]
    assert entry["armsbrief"]["kind"] in ("typed", "derived")


@pytest.mark.parametrize("name", FIGURES)
def test_every_source_that_a_row_names_exists(name: str) -> None:
    known = set(rows("sources")["id"])
    assert [(row, source) for row, source in cited(name) if source not in known] == []


def test_every_source_is_used() -> None:
    used = {source for name in FIGURES for _, source in cited(name)}
    assert sorted(set(rows("sources")["id"]) - used) == []


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_was_published_before_what_it_is_about_began(name: str) -> None:
    frame = rows(name)
    assert (frame["published"] != "").all()
    if "about_start" in frame.columns:
        early = frame[frame["published"] < frame["about_start"]]
        assert list(early["id"]) == []
        backwards = frame[frame["about_end"] < frame["about_start"]]
        assert list(backwards["id"]) == []


@pytest.mark.parametrize("name", FIGURES)
def test_figures_refer_to_sources_by_a_foreign_key(name: str) -> None:
    keys = TABLES[name]["schema"]["foreignKeys"]
    assert {"resource": "sources", "fields": "id"} in [
        {**key["reference"], "fields": "".join(key["reference"]["fields"])} for key in keys
    ]


def test_the_bibliography_is_that_of_the_table_of_sources() -> None:
    """A plain `jupyter-book build .` reads the file; `armsbrief build` makes it anew."""
    stored = (paths.BOOK / "references.bib").read_text(encoding="utf-8")
    assert stored == bibliography(), "book/references.bib is out of date. Next: make store"


def test_every_source_has_an_entry_of_its_own_in_the_bibliography() -> None:
    text = bibliography()
    assert text.count("@misc{") == len(sources())
    for name in sources():
        assert f"@misc{{{name},\n" in text


DERIVED = {name for name, entry in TABLES.items() if entry["armsbrief"]["kind"] == "derived"}
MANIFESTS = sorted((paths.DATA / "snapshots").glob("*/*/manifest.json"))


def test_derived_tables_declare_a_hash_and_it_holds() -> None:
    assert {"ucdp_country_year", "ucdp_events_monthly", "population"} <= DERIVED
    for name in DERIVED:
        assert TABLES[name]["hash"].startswith("sha256:")
        data_path = paths.DATA / TABLES[name]["path"]
        assert data_path.exists()
        data.load(name, "2026-11-23")


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.parent.name)
def test_a_snapshot_names_its_licence_its_hash_and_the_tables_derived_from_it(path: object) -> None:
    manifest = json.loads(path.read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    assert manifest["licence"]
    assert manifest["citation"]
    assert len(manifest["sha256"]) == 64
    assert manifest["source"] in sources()
    assert manifest["derived"]
    assert set(manifest["derived"]) <= DERIVED


def test_every_derived_table_has_a_snapshot() -> None:
    derived = {
        name for path in MANIFESTS for name in json.loads(path.read_text("utf-8"))["derived"]
    }
    assert derived == DERIVED


def test_the_codebook_has_a_chapter_for_every_table() -> None:
    codebook = (paths.DATA / "README.md").read_text(encoding="utf-8")
    assert [name for name in TABLES if f"## {name}" not in codebook] == []


def test_every_asserted_number_has_its_unit_hedge_and_step_and_is_not_nought() -> None:
    """A rule compares at the step that was stated, and measures distance relative to the number."""
    said = rows("assertions")
    numbers = said[said["value"] != ""]
    assert len(numbers) >= 4
    assert (numbers[["unit", "qualifier", "resolution"]] != "").all(axis=None)
    assert (numbers["value"].astype(float) > 0).all()
    assert (numbers["resolution"].astype(float) > 0).all()
