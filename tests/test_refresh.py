"""New data come in whole, the past stays as it was known, and the advocate is told what moved."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pandas as pd
import pytest
from faults import cut, status, table, text
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from services import Answer, Server, answering, events
from small import CALM, SECRETS, TODAY, command, rows_of, settings
from support import Brief, copied

from armsbrief import data, paths, revisions, staging
from armsbrief.data import load
from armsbrief.errors import ArmsbriefError, DataError, FetchError, NotebookError
from armsbrief.refresh import Outcome, refresh
from armsbrief.revisions import Rules, newest, revise
from armsbrief.sources import settings as settings_module
from armsbrief.sources.ged import Version
from armsbrief.sources.settings import Settings
from armsbrief.sources.ucdp import _COUNTRY_YEAR
from armsbrief.staging import state
from armsbrief.telling import in_words

EVENTS = "ucdp_events_monthly"
TOKEN = {name: SECRETS[name] for name in SECRETS if "UCDP" in name}


def totals(root: Path, as_of: str) -> dict[str, int]:
    """Deaths by year as they were known on a day."""
    with paths.at(root):
        rows = load(EVENTS, as_of)
    by_year = rows.groupby(rows["month"].str[:4])["deaths_best"].sum()
    return {str(year): int(n) for year, n in by_year.items()}


def best(rows: list[dict[str, Any]], year: str) -> int:
    return sum(row["best"] for row in rows
               if row["country_id"] == "770" and row["date_start"].startswith(year))  # fmt: skip


def fresh(root: Path, server: Server, *names: str, **options: Any) -> Any:
    with paths.at(root):
        return refresh(names, settings(server, root), quick=True, **options)


# What comes


def test_a_refresh_says_what_came_and_what_to_type_next(server: Server, root: Path) -> None:
    ran = command(root, settings(server, root), "refresh", "--quick")
    assert ran.code == 0, ran.complained
    assert "UCDP events, version 26.1 → table ucdp_events_monthly: 34 rows new" in ran.said
    assert "UCDP events, version 26.0.7" in ran.said
    assert "World Bank population, version 2026-07-01" in ran.said
    assert "\nNext: armsbrief build --begin 2026-08-20 --store\n" in ran.said


def test_what_came_is_a_valid_package_with_hashes_sources_and_a_snapshot(
    server: Server, root: Path
) -> None:
    fresh(root, server)
    with paths.at(root):
        for entry in data.package()["resources"]:
            load(entry["name"], str(TODAY))
    known = {row["id"] for row in rows_of(root, "sources")}
    assert {"ucdp-ged-261", "ucdp-ged-candidate-26-0-7", "ucdp-ovcy-261"} <= known
    manifest = json.loads(
        (root / "data/snapshots/ucdp-ged/2026-08-20/manifest.json").read_text("utf-8")
    )
    assert manifest["source"] in known
    assert [len(file["sha256"]) for file in manifest["files"]] == [64, 64, 64]
    assert manifest["licence"] == "CC BY 4.0"


def test_the_same_answer_again_is_nothing_newer_and_changes_only_the_day_of_the_check(
    server: Server, root: Path
) -> None:
    fresh(root, server)
    before = state(root / "data")
    ran = command(root, settings(server, root), "refresh", "--quick")
    assert ran.said.count("checked, nothing newer") == 4
    assert state(root / "data") == before
    checked = json.loads((root / "data/snapshots/ucdp-ged/checked.json").read_text("utf-8"))
    assert checked == {"checked": str(TODAY), "newest": "26.0.7"}


def test_a_file_that_we_have_is_not_sent_again(server: Server, root: Path) -> None:
    server.world.headers = {"ETag": '"v1"'}
    fresh(root, server, "ucdp-ged")
    server.asked.clear()
    assert not fresh(root, server, "ucdp-ged").came
    sent = [h.get("If-None-Match") for path, h in server.asked if path.endswith("ged261-csv.zip")]
    assert sent == ['"v1"']


def test_every_request_says_who_asks(server: Server, root: Path) -> None:
    fresh(root, server)
    assert server.asked
    assert all(headers["User-Agent"].startswith("armsbrief/") for _, headers in server.asked)


# Answers that are unusual and right


def utf8_mark(body: bytes) -> bytes:
    return b"\xef\xbb\xbf" + body


def tags(body: bytes) -> bytes:
    header, rest = body.split(b"\n", 1)
    return header + b"\n" + b"," * header.count(b",") + b"\n" + rest


GED = "/downloads/ged/ged261"
RIGHT = {
    "a byte-order mark": text(utf8_mark),
    "Windows line ends": text(lambda body: body.replace(b"\n", b"\r\n")),
    "a row of tags": text(tags),
    "shuffled rows": table(lambda rows: rows[::-1], ""),
    "an extra column": table(lambda rows: [{**row, "new": "x"} for row in rows], ""),
    "columns in another order": table(lambda rows: [dict(reversed(row.items())) for row in rows], ""),
    "a type in capitals": lambda answer: replace(answer, type="Application/ZIP; charset=binary"),
    "no type": lambda answer: replace(answer, type=""),
    "one gzip around it": lambda answer: replace(
        answer, body=gzip.compress(answer.body), headers={**answer.headers, "Content-Encoding": "gzip"}
    ),
    "a redirect on the same host": lambda answer: Answer(b"", "", 301, {"Location": "/moved"}),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_an_answer_that_is_unusual_and_right_gives_the_same_table(
    server: Server, root: Path, tmp_path: Path, case: str
) -> None:
    expected = Path(shutil.copytree(root, tmp_path / "expected"))
    fresh(expected, server, "ucdp-ged")
    moved = server.world.files()[f"{GED}-csv.zip"]
    world_answer = server.world.answer
    server.world.answer = lambda path, query, base: (  # type: ignore[method-assign]
        moved if path == "/moved" else world_answer(path, query, base)
    )
    moved.headers["Last-Modified"] = "Wed, 10 Jun 2026 08:00:00 GMT"
    server.fault = (GED, RIGHT[case])
    fresh(root, server, "ucdp-ged")
    assert rows_of(root, EVENTS) == rows_of(expected, EVENTS)


class Once:
    """A fault that happens the first time only."""

    def __init__(self, fault: Any) -> None:
        self.fault, self.times = fault, 0

    def __call__(self, answer: Answer) -> Answer:
        self.times += 1
        return self.fault(answer) if self.times == 1 else answer


@pytest.mark.parametrize(
    "fault",
    [status(429, Retry_After="0"), status(503), status(500), lambda a: replace(a, write=cut)],
    ids=["429", "503", "500", "cut"],
)
def test_what_goes_wrong_once_is_tried_again(server: Server, root: Path, fault: Any) -> None:
    once = Once(fault)
    server.fault = (GED, once)
    assert fresh(root, server, "ucdp-ged").came
    assert once.times == 2


def test_a_server_that_asks_for_a_pause_gets_it(
    server: Server, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("armsbrief.sources.fetch.time.sleep", slept.append)
    server.fault = (GED, Once(status(429, Retry_After="37")))
    with paths.at(root):
        refresh(["ucdp-ged"], settings(server, root, replace(CALM, longest_wait=60)), quick=True)
    assert slept == [37]


def test_a_download_that_was_cut_goes_on_where_it_stopped(server: Server, root: Path) -> None:
    server.world.headers = {"ETag": '"v1"'}
    server.fault = (GED, Once(lambda answer: replace(answer, write=cut)))
    fresh(root, server, "ucdp-ged")
    ranges = [h.get("Range") for path, h in server.asked if path.startswith(GED)]
    half = len(server.world.files()[f"{GED}-csv.zip"].body) // 2
    assert ranges == [None, f"bytes={half}-"]


def test_a_download_that_was_cut_starts_anew_if_the_file_is_another_by_then(
    server: Server, root: Path
) -> None:
    server.world.headers = {"ETag": '"v1"'}

    def cut_and_changed(answer: Answer) -> Answer:
        server.world.headers = {"ETag": '"v2"'}
        return replace(answer, write=cut)

    server.fault = (GED, Once(cut_and_changed))
    fresh(root, server, "ucdp-ged")
    manifest = next((root / "data/snapshots/ucdp-ged").glob("*/manifest.json"))
    assert json.loads(manifest.read_text("utf-8"))["files"][0]["etag"] == '"v2"'


def test_with_a_token_the_service_gives_the_same_table_as_the_files(
    server: Server, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("armsbrief.sources.ged.PAGE", 20)
    other = Path(shutil.copytree(root, tmp_path / "other"))
    fresh(other, server, "ucdp-ged")
    given = settings(server, root, **TOKEN)
    with paths.at(root):
        refresh(["ucdp-ged"], given, quick=True)
    counts = [
        [{**row, "published": "", "source_id": ""} for row in rows_of(where, EVENTS)]
        for where in (root, other)
    ]
    assert counts[0] == counts[1]
    pages = [path for path, _ in server.asked if path.startswith("/api/gedevents/26.1?")]
    assert len(pages) > 3
    assert all("token" not in path for path, _ in server.asked)


def test_pages_that_come_in_another_order_make_the_same_whole(
    server: Server, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("armsbrief.sources.ged.PAGE", 20)
    right = server.world.answer

    def shuffled(path: str, query: dict[str, str], base: str) -> Answer:
        first = right(path, {**query, "page": "0"}, base)
        if "/gedevents/" in path and first.status == 200:
            pages = json.loads(first.body)["TotalPages"]
            return right(path, {**query, "page": str(pages - 1 - int(query["page"]))}, base)
        return right(path, query, base)

    server.world.answer = shuffled  # type: ignore[method-assign]
    with paths.at(root):
        refresh(["ucdp-ged"], settings(server, root, **TOKEN), quick=True)
    assert totals(root, str(TODAY))["2025"] == best(server.world.ged, "2025")


@pytest.mark.parametrize("instead", ["0", "99"], ids=["one page twice", "an empty page"])
def test_a_page_that_is_missing_is_noticed(
    server: Server, root: Path, monkeypatch: pytest.MonkeyPatch, instead: str
) -> None:
    monkeypatch.setattr("armsbrief.sources.ged.PAGE", 20)
    right = server.world.answer
    server.world.answer = lambda path, query, base: right(  # type: ignore[method-assign]
        path, {**query, "page": instead if query.get("page") == "2" else query["page"]}, base
    )
    with paths.at(root), pytest.raises(FetchError, match="where 144 were announced"):
        refresh(["ucdp-ged"], settings(server, root, **TOKEN), quick=True)


def test_pages_of_the_world_bank_make_a_whole(server: Server, root: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(root, tmp_path / "other"))
    fresh(other, server, "worldbank-population")
    server.world.page = 20
    fresh(root, server, "worldbank-population")
    assert rows_of(root, "population") == rows_of(other, "population")


def test_when_the_service_of_hdx_refuses_the_files_are_taken(server: Server, root: Path) -> None:
    server.fault = ("/hapi/", status(406, "Blocked due to bot activity."))
    given = settings(server, root, ARMSBRIEF_HDX_APP="brief:someone@example.org")
    ran = command(root, given, "refresh", "--quick", "hdx-conflict")
    assert ran.code == 0, ran.complained
    assert "HTTP 406" in ran.said
    assert "Taking the files instead" in ran.said
    assert rows_of(root, "acled_monthly")


def test_the_service_of_hdx_gives_the_same_counts_as_its_files(
    server: Server, root: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(root, tmp_path / "other"))
    given = settings(server, root, ARMSBRIEF_HDX_APP="brief:someone@example.org")
    with paths.at(root):
        refresh(["hdx-conflict"], given, quick=True)
    fresh(other, server, "hdx-conflict")
    assert [row["id"] for row in rows_of(root, "acled_monthly")] == [
        row["id"] for row in rows_of(other, "acled_monthly")
    ]


def test_of_acled_only_counts_are_kept(server: Server, root: Path) -> None:
    secrets = {name: SECRETS[name] for name in SECRETS if "ACLED" in name}
    ran = command(root, settings(server, root, **secrets), "refresh", "--quick", "acled")
    assert ran.code == 0, ran.complained
    rows = rows_of(root, "acled_monthly")
    assert sum(int(row["events"]) for row in rows) == 60
    kept = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    for trace in (b"PAK17", b"Amber Band", b"one-day-token"):
        assert trace not in kept


def test_without_an_account_acled_says_what_it_needs(server: Server, root: Path) -> None:
    ran = command(root, settings(server, root), "refresh", "acled")
    assert ran.code == 1
    assert "Expected ARMSBRIEF_ACLED_USER and ARMSBRIEF_ACLED_PASSWORD" in ran.complained


# Secrets


@pytest.mark.parametrize("echo", [False, True], ids=["in order", "a server that echoes"])
def test_secrets_stand_in_no_file_no_message_and_no_address(
    server: Server, root: Path, echo: bool
) -> None:
    if echo:
        everything = " ".join(SECRETS.values())
        server.fault = ("/", status(403, f"You sent {everything}"))
    sources = ("ucdp-ged", "hdx-conflict", "acled")
    ran = [
        command(root, settings(server, root, **SECRETS), "refresh", "--quick", s) for s in sources
    ]
    said = "".join(r.said + r.complained for r in ran)
    assert ("•••" in said) is echo
    kept = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    for secret in [*SECRETS.values(), "one-day-token"]:
        assert secret not in said
        assert secret.encode() not in kept
        assert all(secret not in path for path, _ in server.asked)
    assert all(secret not in repr(settings(server, root, **SECRETS)) for secret in SECRETS.values())


@pytest.mark.parametrize(
    "base",
    [
        "http://ucdp.uu.se",
        "file:///etc",
        "ftp://ucdp.uu.se",
        "https://",
        "https://me:pass@ucdp.uu.se",
    ],
)
def test_an_address_that_is_not_safe_is_refused_before_anything_is_sent(base: str) -> None:
    with pytest.raises(ArmsbriefError, match=r"the address of ucdp.*expected https://") as caught:
        Settings({"ucdp": base})
    assert "pass" not in str(caught.value).split("\n")[0].replace("without user or password", "")


def test_secrets_and_addresses_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARMSBRIEF_UCDP_TOKEN", SECRETS["ARMSBRIEF_UCDP_TOKEN"])
    monkeypatch.setenv("ARMSBRIEF_BASE_UCDP_API", "http://127.0.0.1:1/api")
    given = Settings.from_environment()
    assert given.secret("ARMSBRIEF_UCDP_TOKEN") == SECRETS["ARMSBRIEF_UCDP_TOKEN"]
    assert given.bases["ucdp-api"] == "http://127.0.0.1:1/api"
    assert given.bases["hdx"] == "https://data.humdata.org"


def test_every_variable_is_in_the_readme() -> None:
    readme = (paths.ROOT / "README.md").read_text("utf-8")
    assert [name for name in settings_module.SECRETS if name not in readme] == []


def test_a_download_can_show_how_far_it_is(
    server: Server, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fresh(root, server, "ucdp-country-year", bar=True).came
    assert capsys.readouterr().out == "", "progress belongs on the other channel"


# What was known when


def test_a_revised_value_stands_beside_the_old_one_and_each_day_sees_its_own(
    server: Server, root: Path
) -> None:
    before = totals(root, str(TODAY))
    row = next(r for r in server.world.ged if r["country_id"] == "770")
    row["best"] += 3
    outcome = fresh(root, server, "ucdp-ged")
    assert sum(len(revised.changed) for news in outcome.news for _, revised in news.releases) == 1
    assert totals(root, "2026-06-09") == before
    assert totals(root, "2026-06-10")["2022"] == before["2022"] + 3
    same = [r for r in rows_of(root, EVENTS) if r["id"].endswith(".2026-06-10")]
    assert [r["source_id"] for r in same] == ["ucdp-ged-261"]


def test_a_value_that_a_new_version_does_not_have_any_more_counts_nought(
    server: Server, root: Path
) -> None:
    lone = events(1, range(2023, 2024))[1] | {
        "date_start": "2023-05-01",
        "side_b": "Lone Band",
        "best": 7,
    }
    server.world.ged.append(lone)
    fresh(root, server, "ucdp-ged")
    with_it = totals(root, str(TODAY))["2023"]
    server.world.ged.remove(lone)
    server.world.headers = {"Last-Modified": "Mon, 03 Aug 2026 08:00:00 GMT"}
    outcome = fresh(root, server, "ucdp-ged")
    assert next(len(r.gone) for news in outcome.news for _, r in news.releases) == 1
    assert totals(root, str(TODAY))["2023"] == with_it - 7
    assert totals(root, "2026-08-02")["2023"] == with_it


def test_candidates_add_up_by_id_and_the_later_one_wins(server: Server, root: Path) -> None:
    late = {**server.world.half_year[1], "best": 50, "high": 51, "low": 49}
    server.world.july.append(late)
    fresh(root, server, "ucdp-ged")
    old = best(server.world.half_year, "2026")
    expected = old + best(server.world.july, "2026") - server.world.half_year[1]["best"]
    assert totals(root, "2026-08-14")["2026"] == old
    assert totals(root, "2026-08-15")["2026"] == expected


def test_the_yearly_release_replaces_the_candidates_of_its_year(server: Server, root: Path) -> None:
    fresh(root, server, "ucdp-ged")
    final = [*server.world.ged, *server.world.half_year[:-4], *events(9700, range(2026, 2027))]
    server.world.ged = final
    made = server.world.files()[f"{GED}-csv.zip"]
    made.headers["Last-Modified"] = "Thu, 10 Jun 2027 08:00:00 GMT"
    right = server.world.answer
    server.world.answer = lambda path, query, base: (  # type: ignore[method-assign]
        made if path == "/downloads/ged/ged271-csv.zip" else right(path, query, base)
    )
    later = replace(settings(server, root), today=TODAY.replace(year=2027))
    with paths.at(root):
        refresh(["ucdp-ged"], later, quick=True, accepted=["rows-lost", "history", "magnitude"])
    assert totals(root, "2027-06-10")["2026"] == best(final, "2026")
    assert totals(root, "2026-08-20")["2026"] == best(
        [*server.world.half_year, *server.world.july], "2026"
    )


def test_versions_sort_as_numbers() -> None:
    labels = ["26.0.10", "26.0.9", "26.1", "26.01.26.06", "25.1"]
    ordered = sorted(labels, key=lambda label: Version(label).until)
    assert ordered == ["25.1", "26.1", "26.01.26.06", "26.0.9", "26.0.10"]
    with pytest.raises(DataError, match="expected such as"):
        _ = Version("final").until


def test_what_a_check_refuses_can_be_accepted_by_name_and_the_snapshot_says_so(
    server: Server, root: Path
) -> None:
    for row in server.world.ged:
        row["side_b"] = "New Band"
    with pytest.raises(DataError, match="figures are gone") as caught:
        fresh(root, server, "ucdp-ged")
    assert "--accept rows-lost" in str(caught.value)
    accepted = ["rows-lost", "history"]
    assert fresh(root, server, "ucdp-ged", accepted=accepted).came
    manifest = next((root / "data/snapshots/ucdp-ged").glob("*/manifest.json"))
    assert json.loads(manifest.read_text("utf-8"))["accepted"] == sorted(accepted)
    assert totals(root, str(TODAY))["2023"] == best(server.world.ged, "2023")


def test_an_unknown_source_or_check_is_refused_with_those_that_there_are(
    server: Server, root: Path
) -> None:
    assert (
        "there are: ucdp-ged" in command(root, settings(server, root), "refresh", "ucdp").complained
    )
    ran = command(root, settings(server, root), "refresh", "--accept", "all")
    assert "there are: rows-lost, history, magnitude" in ran.complained


def test_when_one_of_several_sources_fails_none_is_published_and_the_way_on_is_said(
    server: Server, root: Path
) -> None:
    server.fault = ("/v2/", status(500))
    before = state(root / "data")
    ran = command(root, settings(server, root), "refresh", "--quick")
    assert ran.code == 1
    assert state(root / "data") == before
    assert "Without this source: armsbrief refresh ucdp-ged ucdp-country-year hdx-conflict" in (
        ran.complained
    )


# Which verdicts move


@pytest.fixture(scope="module")
def moved(brief: Brief, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, str, bool]:
    """A dry run of a version in which Iran lost more people than Pakistan, all else equal."""
    root = copied(tmp_path_factory.mktemp("moved") / "copy", memory_of=brief.root)
    raw = [{raw: row[name] for raw, name in _COUNTRY_YEAR.items()}
           for row in rows_of(root, "ucdp_country_year")]  # fmt: skip
    for row in raw:
        if (row["country_cy"], row["year_cy"]) == ("Iran", "2023"):
            row |= {name: "90000" for name in row if "total_deaths" in name}
    server = Server()
    server.world.years = raw
    day = date.fromisoformat(brief.ledger["parameters"]["as_of"])
    given = replace(settings(server, root), today=day)
    before = state(root)
    with answering(server), paths.at(root):
        outcome = refresh(
            ["ucdp-country-year"], given, dry_run=True, accepted=["history", "magnitude"]
        )
    return outcome, "\n".join(in_words(outcome)), state(root) == before


def test_a_dry_run_shows_which_verdicts_and_facts_would_move(
    moved: tuple[Outcome, str, bool],
) -> None:
    outcome, said, _ = moved
    assert outcome.moved
    assert {change.claim for change in outcome.moved.claims if change.flipped} == {"pakistan-brunt"}
    facts = {name: (was, is_now) for name, was, is_now in outcome.moved.facts}
    assert facts["pakistan-brunt.total-neighbour"][1].startswith("90,")
    assert {name.split(".")[0] for name in facts} == {"pakistan-brunt"}
    assert "0 rows new, 1 revised" in said
    assert "  Iran 2023: state_based_best was 40, is 90000; " in said
    label = outcome.moved.labels["pakistan-brunt.total-neighbour"]
    assert said.index("VERDICT MOVED") < said.index(f"\n  {label}: 516 → 90,")


def test_a_dry_run_leaves_the_brief_as_it_is(moved: tuple[Outcome, str, bool]) -> None:
    assert moved[2]
    assert "Dry run: nothing was written." in moved[1]


def test_data_on_which_a_notebook_fails_are_not_published(
    server: Server, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This small brief has no book, so judging it fails."""
    before = state(root / "data")
    with paths.at(root), pytest.raises(NotebookError, match=r"fails[\s\S]*Nothing was changed"):
        refresh(["worldbank-population"], settings(server, root))
    assert state(root / "data") == before


# The rule of revisions, on its own

HOW = Rules(["place", "year"], "year", zero=True, part=None)
COLUMNS = ["id", "place", "year", "n", "published", "source_id"]


def release(day: str, figures: dict[tuple[str, str], int]) -> pd.DataFrame:
    rows = [(f"{p}-{y}", p, y, str(n), day, f"s-{day}") for (p, y), n in figures.items()]
    return pd.DataFrame(rows, columns=COLUMNS, dtype=str)


FIGURES = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["2019", "2020", "2021"])),
    st.integers(1, 3),
    min_size=1,
)


@given(st.lists(FIGURES, min_size=1, max_size=5))
def test_after_any_releases_each_day_sees_exactly_the_newest_one(versions: list[Any]) -> None:
    rows = pd.DataFrame(columns=COLUMNS, dtype=str)
    days = [f"2022-01-0{n}" for n in range(1, len(versions) + 1)]
    for day, figures in zip(days, versions, strict=True):
        grown = revise(rows, release(day, figures), ("2019", "2021"), HOW).rows
        assert set(map(tuple, rows.to_numpy())) <= set(map(tuple, grown.to_numpy()))
        rows = grown
        assert rows["id"].is_unique
    for day, figures in zip(days, versions, strict=True):
        seen = newest(rows[rows["published"] <= day], HOW.key)
        known = {(r.place, r.year): int(r.n) for r in seen.itertuples() if r.n != "0"}
        assert known == figures


@given(FIGURES)
def test_the_same_release_again_adds_nothing(figures: Any) -> None:
    rows = pd.DataFrame(columns=COLUMNS, dtype=str)
    once = revise(rows, release("2022-01-01", figures), ("2019", "2021"), HOW).rows
    again = revise(once, release("2022-01-02", figures), ("2019", "2021"), HOW)
    assert again.count == 0
    assert again.rows.to_csv() == once.to_csv()


def test_a_release_with_other_columns_is_refused() -> None:
    rows = release("2022-01-01", {("a", "2019"): 1})
    with pytest.raises(DataError, match="has the columns"):
        revise(rows, rows.drop(columns="n"), ("2019", "2021"), HOW)


def test_every_derived_table_says_how_it_is_revised() -> None:
    for entry in data.package()["resources"]:
        if entry["armsbrief"]["kind"] == "derived":
            how = revisions.rules(entry)
            assert how
            with (paths.DATA / entry["path"]).open(encoding="utf-8") as rows:
                assert set(how.key) <= set(rows.readline().strip().split(","))


# All or nothing


def test_a_dry_run_says_what_would_change_and_writes_nothing(server: Server, root: Path) -> None:
    before = state(root)
    ran = command(root, settings(server, root), "refresh", "--quick", "--dry-run")
    assert ran.code == 0, ran.complained
    assert "34 rows new" in ran.said
    assert "Dry run: nothing was written." in ran.said
    assert state(root) == before


def test_an_edit_made_meanwhile_is_not_lost(server: Server, root: Path) -> None:
    edited = root / "data" / "tables" / "equipment.csv"

    def editing(answer: Answer) -> Answer:
        edited.write_text(edited.read_text("utf-8") + "\n", "utf-8")
        return answer

    server.fault = ("/v2/", editing)
    with pytest.raises(DataError, match="was edited while the refresh ran"):
        fresh(root, server, "worldbank-population")
    assert edited.read_text("utf-8").endswith("\n\n")


@pytest.mark.parametrize("moved", [0, 1, 5])
def test_where_folders_cannot_be_exchanged_the_next_command_finishes_what_was_begun(
    server: Server, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    expected = Path(shutil.copytree(root, tmp_path / "expected"))
    fresh(expected, server, "worldbank-population")
    monkeypatch.setattr(staging, "_exchange", lambda one, other: False)
    really, left = Path.replace, [moved]

    def replace_some(self: Path, target: Path) -> Path:
        if root / "data" in Path(target).parents:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
        return really(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_some)
        with pytest.raises(KeyboardInterrupt):
            fresh(root, server, "worldbank-population")
    with paths.at(root):
        load("population", str(TODAY))
    assert state(root / "data") == state(expected / "data")
    assert not list((root / "_build" / "refresh").glob("*"))


def test_a_build_folder_on_another_disk_is_no_obstacle(
    server: Server, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = Path(shutil.copytree(root, tmp_path / "expected"))
    fresh(expected, server, "worldbank-population")
    really = Path.replace

    def on_one_disk(self: Path, target: Path) -> Path:
        if (root / "_build" in self.parents) != (root / "_build" in Path(target).parents):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return really(self, target)

    monkeypatch.setattr(staging, "_exchange", lambda one, other: False)
    monkeypatch.setattr(Path, "replace", on_one_disk)
    fresh(root, server, "worldbank-population")
    assert state(root / "data") == state(expected / "data")


FULL = os.strerror(errno.ENOSPC)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, FULL), shutil.Error([("a", "b", f"[Errno 28] {FULL}: 'b'")])],
    ids=["a file", "a folder"],
)
def test_on_a_full_disk_one_message_says_so(
    server: Server, root: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    before = state(root / "data")
    monkeypatch.setattr(staging.shutil, "copytree", Mock(side_effect=error))
    ran = command(root, settings(server, root), "refresh", "--quick")
    assert (ran.code, state(root / "data")) == (1, before)
    assert ran.complained.startswith("armsbrief: the disk is full. What was there before is as")
    assert "\n  Next: free some space" in ran.complained


def test_stopped_by_hand_it_says_that_nothing_is_lost(
    server: Server, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(root / "data")
    monkeypatch.setattr(staging.shutil, "copytree", Mock(side_effect=KeyboardInterrupt))
    ran = command(root, settings(server, root), "refresh", "--quick")
    assert (ran.code, state(root / "data")) == (130, before)
    assert "armsbrief: stopped. What was there before is as it was.\n  Next: the" in ran.complained


def test_without_a_network_it_asks_whether_the_machine_is_online(root: Path) -> None:
    server = Server()
    server.server_close()
    ran = command(root, settings(server, root), "refresh", "--quick", "ucdp-ged")
    assert ran.code == 1
    assert "no connection to 127.0.0.1 (is this machine online?)" in ran.complained


def test_the_next_command_works_as_it_is_printed(
    server: Server, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    ran = command(root, settings(server, root), "refresh", "--quick", called=".venv/bin/armsbrief")
    assert f"Next: .venv/bin/armsbrief build --begin {TODAY} --store" in ran.said
    ran = command(root, settings(server, root), "refresh", "wrold", called=".venv/bin/armsbrief")
    assert "Next: .venv/bin/armsbrief refresh\n" in ran.complained


def test_killed_at_random_moments_the_data_are_the_old_or_the_new_ones() -> None:
    script = paths.ROOT / "benchmarks" / "kill_refresh.py"
    ran = subprocess.run(
        [sys.executable, str(script), "17", "11"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["left alone"] == 2
    assert found.get("old", 0) + found.get("new", 0) == found["next completed"] == 15
    assert found["killed"] >= 5, "most were to be killed before they ended"
    assert "MIXED" not in found
    assert found["left over"] == 0


def test_of_two_at_once_the_second_waits_and_says_so(server: Server, root: Path) -> None:
    told = threading.Event()
    said: list[str] = []

    def listen(text: str) -> None:
        said.append(text)
        if "Another refresh" in text:
            told.set()

    (root / "_build").mkdir(exist_ok=True)
    with paths.at(root):
        first = FileLock(root / "_build" / "refresh.lock")
        first.acquire()
        second = threading.Thread(
            target=lambda: refresh(
                ["worldbank-population"], settings(server, root), listen, quick=True
            )
        )
        second.start()
        assert told.wait(20)
        assert not server.asked
        first.release()
        second.join(30)
    assert "Another refresh is running in this folder. Waiting until it ends." in said
    assert len(rows_of(root, "population")) > 0
    assert server.asked


def test_many_events_are_read_in_little_memory() -> None:
    script = paths.ROOT / "benchmarks" / "many_events.py"
    ran = subprocess.run(
        [sys.executable, str(script), "60000"], capture_output=True, text=True, check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["events"] == 60000
    assert found["megabytes"] < 400
