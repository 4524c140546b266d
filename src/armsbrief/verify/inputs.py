"""What an edition is made from: tables, sources, prose, and the notebooks run again."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from armsbrief import data, paths, prose, secret
from armsbrief.errors import ArmsbriefError, ProseError
from armsbrief.validation import check_table
from armsbrief.verify.published import Published
from armsbrief.verify.report import Check

_TOLERANCE = 1e-9  # relative; facts keep twelve digits, processors differ beyond
_SHOWN = 120  # letters
_PRIMARY = ("primary", "op-ed")
_ADDRESS = ("http://", "https://")


def check_tables() -> Check:
    """Check hash, schema and numbers of every table, whatever an earlier run remembers."""
    check = Check("every table has its hash and keeps its schema")
    names = [entry["name"] for entry in data.package()["resources"]]
    for name in names:
        check.failures += check_table(name)
    kept, absent = _snapshots()
    check.looked_at = f"{len(names)} tables"
    if absent:
        check.not_checked.append(
            f"{absent} of {kept + absent} snapshots are not shipped as raw files: their tables "
            "carry the hash, the raw file has to be fetched to compare it"
        )
    return check


def _snapshots() -> tuple[int, int]:
    """Count the snapshots whose raw file is there, and those whose is not."""
    kept = absent = 0
    for path in (paths.DATA / "snapshots").glob("*/*/manifest.json"):
        name = json.loads(path.read_text("utf-8")).get("file", "")
        kept, absent = (kept + 1, absent) if (path.parent / name).is_file() else (kept, absent + 1)
    return kept, absent


def check_prose() -> Check:
    """Look for digits typed into the text of the book."""
    pages = len([*paths.BOOK.rglob("*.md"), *paths.BOOK.rglob("*.yml")])
    check = Check("no digit is typed into the text", f"{pages} pages and entries")
    try:
        prose.check(paths.BOOK)
    except ProseError as error:
        check.failures += str(error).splitlines()[1:]
    return check


def check_sources(edition: Published) -> Check:
    """Follow every number to its sources, and every source to its address and its page."""
    check = Check("every number leads to its sources")
    cited = {s for kind in ("facts", "claims", "charts", "tables")
             for record in edition.ledger[kind].values() for s in record["sources"]}  # fmt: skip
    for name, fact in edition.facts.items():
        if fact["value"] is not None and any(fact["rows"].values()) and not fact["sources"]:
            check.failures.append(f"{name} has rows and no source")
    linked = _addresses(edition)
    for source in sorted(cited):
        known = edition.sources.get(source)
        if known is None:
            check.failures.append(f"{source} is cited and not in the table of sources")
        elif known["url"].startswith(_ADDRESS) and _plain(known["url"]) not in linked:
            check.failures.append(f"{source}: no page links to {known['url']}")
    check.looked_at = f"{len(edition.facts)} numbers, {len(cited)} sources behind them"
    check.not_checked += _unread(edition, cited)
    return check


def _addresses(edition: Published) -> set[str]:
    return {
        _plain(link) for tree in edition.pages.values() for link in tree.xpath("//a[@href]/@href")
    }


def _plain(address: str) -> str:
    """Return an address in the one form in which two spellings of it are equal."""
    from urllib.parse import quote, unquote

    return quote(unquote(address), safe="").casefold()


def _unread(edition: Published, cited: set[str]) -> Iterator[str]:
    grades = [edition.sources[s]["grade"] for s in cited if s in edition.sources]
    second = sum(grade not in _PRIMARY for grade in grades)
    idle = len(edition.sources.keys() - cited)
    yield (f"{second} of {len(grades)} cited sources quote or sum up a primary document: whether "
           "they do so rightly, no program can tell")  # fmt: skip
    yield f"{idle} of {len(edition.sources)} listed sources are behind no number of this edition"
    yield "whether an address still answers and says the same today: nothing was fetched"


def check_stored() -> Check:
    """Run every notebook again and let nbval compare each output with the stored one."""
    notebooks = sorted(paths.NOTEBOOKS.glob("*.ipynb"))
    check = Check("every stored notebook gives its stored outputs again (nbval)")
    workers = min(os.cpu_count() or 1, len(notebooks))
    with ThreadPoolExecutor(workers) as pool:
        parts = [notebooks[start::workers] for start in range(workers)]
        results = [result for part in pool.map(_nbval, parts) for result in part]
    check.failures += [line for line in results if line]
    check.looked_at = f"{len(results)} cells of {len(notebooks)} notebooks"
    return check


def _nbval(notebooks: Sequence[Path]) -> list[str]:
    """Return one line for each cell: empty if it gives what is stored."""
    with tempfile.TemporaryDirectory(prefix="armsbrief-") as private:
        results = Path(private) / "results.xml"
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider",
             "--override-ini", "junit_family=xunit2", "--override-ini", "addopts=",
             f"--junitxml={results}", f"--rootdir={paths.ROOT}", *map(str, notebooks)],
            cwd=paths.ROOT, text=True, capture_output=True, check=False,
            env={**secret.without(os.environ), "JUPYTER_DEFAULT_PROVISIONER_NAME": "armsbrief-warm",
                 "ARMSBRIEF_ROOT": str(paths.ROOT)},
        )  # fmt: skip
        if ran.returncode not in (0, 1) or not results.is_file():
            raise ArmsbriefError(f"nbval did not run:\n{(ran.stdout + ran.stderr)[-2000:]}")
        return [_outcome(case) for case in ET.parse(results).iter("testcase")]  # noqa: S314  # ours


def _outcome(case: ET.Element) -> str:
    wrong = [part for part in case if part.tag in ("failure", "error", "skipped")]
    if not wrong:
        return ""
    first = (wrong[0].get("message") or wrong[0].text or wrong[0].tag).strip().splitlines()
    where = (case.get("classname") or "").rpartition(".")[2] or "notebook"
    return f"{where}, {case.get('name')}: {first[0][:200]}"


def check_ledger(edition: Published, fresh: Mapping[str, Any]) -> Check:
    """Compare the published ledger with that of a new run, each fact with its tolerance."""
    check = Check("a new run gives the same facts, verdicts and ledger")
    old, new = edition.ledger, json.loads(json.dumps(fresh))
    check.failures += _differences("", old, new)
    check.looked_at = f"{len(new['facts'])} facts, {len(new['claims'])} verdicts"
    return check


def _differences(where: str, old: Any, new: Any) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = [
            f"{where}{key}: published, and not in a new run" for key in old.keys() - new.keys()
        ]
        found += [
            f"{where}{key}: in a new run, and not published" for key in new.keys() - old.keys()
        ]
        for key in old.keys() & new.keys():
            found += _differences(f"{where}{key}.", old[key], new[key])
        return sorted(found)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [line for n, pair in enumerate(zip(old, new, strict=True))
                for line in _differences(f"{where}{n}.", *pair)]  # fmt: skip
    if old == new or _near(old, new):
        return []
    return [
        f"{where.rstrip('.')}: {str(old)[:120]!r} is published; a new run gives {str(new)[:120]!r}"
    ]


def _near(old: Any, new: Any) -> bool:
    return (
        isinstance(old, float) and isinstance(new, float | int)
        and math.isclose(old, new, rel_tol=_TOLERANCE)
    )  # fmt: skip
