"""A small brief with made-up data: what a refresh changes, and nothing else."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import shutil
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
from services import Server, country_years, events, people

from armsbrief import cli, paths
from armsbrief.sources.checks import Release
from armsbrief.sources.settings import Limits, Settings
from armsbrief.sources.ucdp import derive_country_year, derive_events_monthly
from armsbrief.sources.worldbank import derive_long

TODAY = date(2026, 8, 20)
SECRETS = {
    "ARMSBRIEF_UCDP_TOKEN": "token-9f3a77",
    "ARMSBRIEF_HDX_APP": "brief:someone-4411@example.org",
    "ARMSBRIEF_ACLED_USER": "someone-5512@example.org",
    "ARMSBRIEF_ACLED_PASSWORD": "pass-word-6613",
}
CALM = Limits(connect=5, read=20, total=60, retries=1, backoff=0.01, longest_wait=0.5, size=2**21)
SHORT = replace(CALM, read=0.2, total=0.7)
TYPED = "equipment"


def small_brief(root: Path) -> Path:
    """Make a brief whose derived tables hold last year's versions."""
    (root / "data" / "tables").mkdir(parents=True)
    shutil.copytree(paths.DATA / "schemas", root / "data" / "schemas")
    package = json.loads(paths.PACKAGE.read_text("utf-8"))
    derived = {
        "ucdp_events_monthly": derive_events_monthly(
            pd.DataFrame([row for row in events(1000, range(2022, 2025)) if row["country_id"] == "770"]
            ).assign(adm_1=lambda f: f["adm_1"].replace("", None)),
            Release("25.1", date(2025, 6, 30), "ucdp-ged-251"),
        ),
        "ucdp_country_year": derive_country_year(
            pd.DataFrame(country_years(2024)), Release("25.1", date(2025, 6, 30), "ucdp-ovcy-251")
        ),
        "population": derive_long(
            pd.DataFrame([
                {"iso3": r["countryiso3code"], "country": r["country"]["value"],
                 "year": int(r["date"]), "population": r["value"]}
                for r in people(2023) if r["countryiso3code"] not in ("", "WLD")
            ]),
            Release("2024-06-28", date(2024, 6, 28), "worldbank-population"),
        ),
    }  # fmt: skip
    equipment = pd.read_csv(paths.DATA / "tables" / "equipment.csv", dtype=str,
                            keep_default_na=False).head(4).assign(also="")  # fmt: skip
    known = pd.read_csv(paths.DATA / "tables" / "sources.csv", dtype=str, keep_default_na=False)
    used = {*equipment["source_id"], "worldbank-population"}
    sources = known[known["id"].isin(used)]
    made = [known[known["id"] == "ucdp-ged-221"].assign(id=name)
            for name in ("ucdp-ged-251", "ucdp-ovcy-251")]  # fmt: skip
    tables = {"sources": pd.concat([sources, *made]), TYPED: equipment, **derived}
    package["resources"] = [r for r in package["resources"] if r["name"] in tables]
    for entry in package["resources"]:
        content = tables[entry["name"]].to_csv(index=False).encode()
        (root / "data" / entry["path"]).write_bytes(content)
        if entry["name"] in derived:
            entry |= {
                "hash": "sha256:" + hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
            }
    (root / "data" / "datapackage.json").write_text(
        json.dumps(package, indent=2, ensure_ascii=False) + "\n", "utf-8"
    )
    (root / "_toc.yml").write_text("format: jb-book\n")
    return root


def settings(server: Server, root: Path, limits: Limits = CALM, **secrets: str) -> Settings:
    return Settings(server.bases, secrets, limits, TODAY, root / "_build" / "downloads")


class Ran:
    """What a command did: exit code, and what it said on both channels."""

    def __init__(self, code: int, said: str, complained: str) -> None:
        self.code, self.said, self.complained = code, said, complained


def command(root: Path, given: Settings, *words: str, called: str = "armsbrief") -> Ran:
    """Run the command line in this process, in a brief, with settings of one's own."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        paths.at(root),
        mock.patch.object(Settings, "from_environment", return_value=given),
        mock.patch.object(sys, "argv", [called, *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


def rows_of(root: Path, table: str) -> list[dict[str, Any]]:
    with (root / "data" / "tables" / f"{table}.csv").open(encoding="utf-8", newline="") as content:
        return list(csv.DictReader(content))
