"""`armsbrief refresh`: fetch, check, compare with what we knew, publish all of it or nothing."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from armsbrief import data, paths, preview, staging
from armsbrief.errors import ArmsbriefError, DataError
from armsbrief.revisions import Revised, Rules, as_text, differences, read_text, revise, rules
from armsbrief.sources import monthly
from armsbrief.sources.against import CHECKS, require_plausible
from armsbrief.sources.fetch import Client
from armsbrief.sources.registry import SOURCES
from armsbrief.sources.request import NOTHING_CHANGED, Received
from armsbrief.sources.settings import Settings
from armsbrief.sources.vintage import Source, Vintage
from armsbrief.validation import check_table

Report = Callable[[str], None]
_SHOWN = 20
_REVISED = 10


@dataclass(frozen=True)
class News:
    """What came for one table: for each release, the rows that came with it."""

    title: str
    table: str
    releases: list[tuple[str, Revised]]
    how: Rules | None = None

    def span(self, rows: pd.DataFrame) -> str:
        """Say from when to when rows are, if the table says what its time is."""
        if self.how is None or rows.empty:
            return ""
        first, last = rows[self.how.period].min(), rows[self.how.period].max()
        return f" ({first})" if first == last else f" ({first} to {last})"

    def revisions(self, revised: Revised) -> list[str]:
        """Say of revised figures what they were and what they are; of the first few only."""
        return differences(revised, self.how, _REVISED) if self.how else []

    @property
    def came(self) -> bool:
        """Whether any row did."""
        return any(revised.count for _, revised in self.releases)


@dataclass(frozen=True)
class Outcome:
    """What a refresh did, or would do; `day` is the knowledge date that sees all of it."""

    news: list[News]
    moved: preview.Moved | None
    published: bool
    day: str

    @property
    def came(self) -> bool:
        """Whether there is anything new."""
        return any(news.came for news in self.news)


def refresh(
    names: Sequence[str] = (),
    settings: Settings | None = None,
    say: Report = lambda text: None,
    *,
    dry_run: bool = False,
    quick: bool = False,
    accepted: Collection[str] = (),
    bar: bool = False,
) -> Outcome:
    """Fetch sources and publish what is new; all of it, or nothing.

    Parameters
    ----------
    names : sequence of str
        Sources; all that need no account of one's own if none is given.
    settings : Settings, optional
        From the environment if not given.
    say : callable
        Told what happens, a line at a time.
    dry_run : bool
        Find out what would change and write nothing into the repository.
    quick : bool
        Do not execute the notebooks to see which verdicts move.
    accepted : collection of str
        Names of checks against the last version that are not made.
    bar : bool
        Whether downloads show a progress bar.

    Raises
    ------
    ArmsbriefError
        On the first thing that is wrong; nothing is changed then.
    """
    chosen = _chosen(names)
    _require_known(accepted)
    settings = settings or Settings.from_environment()
    with staging.changing(say, dry_run) as (root, publish):
        store = root / "downloads" if dry_run else settings.store
        store.mkdir(parents=True, exist_ok=True)
        client = Client(replace(settings, store=store), say, bar)
        with paths.at(root):
            news = [_take_or_tell(source, client, accepted, chosen) for source in chosen]
            for source in chosen:
                _note_check(source, settings)
        came = any(item.came for item in news)
        moved = None if quick or not came else preview.compare(root, str(settings.today), say)
        if not dry_run:
            publish()
    return Outcome(news, moved, not dry_run, str(settings.today))


def _chosen(names: Sequence[str]) -> list[Source]:
    for name in names:
        if name not in SOURCES:
            raise ArmsbriefError(
                f"there is no source {name!r}; there are: {', '.join(SOURCES)}.",
                "armsbrief refresh",
            )
    return [s for s in SOURCES.values() if s.name in names or not (names or s.optional)]


def _require_known(accepted: Collection[str]) -> None:
    for name in accepted:
        if name not in CHECKS:
            raise ArmsbriefError(f"there is no check {name!r}; there are: {', '.join(CHECKS)}.")


def _take_or_tell(
    source: Source, client: Client, accepted: Collection[str], chosen: Sequence[Source]
) -> News:
    """Take what a source has; if something is wrong, say also how to go on without it."""
    try:
        return _take(source, client, accepted)
    except ArmsbriefError as error:
        message = error.message
        if not message.startswith(source.title):
            message = f"{source.title}: {message}"
        if NOTHING_CHANGED not in message:
            message = f"{message.rstrip('.')}. {NOTHING_CHANGED}"
        advice = error.next_command or f"open {source.landing_page} and see what the source says"
        if others := [other.name for other in chosen if other is not source]:
            advice += f"\n  Without this source: armsbrief refresh {' '.join(others)}"
        raise type(error)(client.settings.redact(message), advice) from error


def _take(source: Source, client: Client, accepted: Collection[str]) -> News:
    """Fetch, validate and derive one source, and write what it gives into the draft."""
    client.say(f"{source.title}: asking")
    received = source.fetch(client, _known_files(source))
    if received is None:
        return News(source.title, source.table, [])
    vintages = source.derive(source.validate(received, client.settings), client.settings)
    entry, rows = _declared(source.table)
    how = rules(entry)
    if how is None:
        raise DataError(f"table {source.table!r} has no revision_key in datapackage.json")
    counted = [field["name"] for field in entry["schema"]["fields"] if "unit" in field]
    releases = []
    for vintage in vintages:
        derived = as_text(vintage.table[list(rows.columns)])
        what = f"{source.title}, version {vintage.release.version}"
        require_plausible(what, rows, derived, vintage.covers, how, counted, accepted)
        revised = revise(rows, derived, vintage.covers, how)
        rows = revised.rows
        releases.append((f"version {vintage.release.version}", revised))
    news = News(source.title, source.table, releases, how)
    if news.came:
        _write(source, rows, vintages)
        _write_manifest(source, received, vintages, client.settings, accepted)
        check([source.table])
    return news


def _declared(table: str) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return descriptor and rows of a table; declare it if these are its first."""
    if table == monthly.TABLE and not (paths.DATA / monthly.descriptor()["path"]).exists():
        entry = monthly.descriptor()
        entry["schema"] = json.loads((paths.DATA / entry["schema"]).read_text(encoding="utf-8"))
        return entry, pd.DataFrame(
            columns=[f["name"] for f in entry["schema"]["fields"]], dtype=str
        )
    entry = data.resource(table)
    return entry, read_text((paths.DATA / entry["path"]).read_text(encoding="utf-8"))


def _write(source: Source, rows: pd.DataFrame, vintages: Sequence[Vintage]) -> None:
    """Write table, sources and descriptor of the draft."""
    content = rows.to_csv(index=False).encode()
    package = json.loads(paths.PACKAGE.read_text(encoding="utf-8"))
    known = {entry["name"] for entry in package["resources"]}
    if source.table not in known:
        package["resources"].append(monthly.descriptor())
    entry = next(entry for entry in package["resources"] if entry["name"] == source.table)
    (paths.DATA / entry["path"]).write_bytes(content)
    period = entry["armsbrief"]["period"]
    version = vintages[-1].release.version
    entry["description"] = f"{rows[period].min()} to {rows[period].max()}, version {version}."
    entry["hash"] = "sha256:" + hashlib.sha256(content).hexdigest()
    entry["bytes"] = len(content)
    write_json(paths.PACKAGE, package)
    used = set(rows["source_id"])
    add_sources([_source_row(source, v) for v in vintages if v.release.source_id in used])
    data.package.cache_clear()


def _source_row(source: Source, vintage: Vintage) -> dict[str, str]:
    return {
        "id": vintage.release.source_id, "title": vintage.title, "publisher": source.publisher,
        "published": str(vintage.release.published), "published_basis": "stated",
        "url": source.landing_page, "kind": "dataset", "grade": "primary",
    }  # fmt: skip


def add_sources(rows: Sequence[dict[str, str]]) -> None:
    """Append sources that are not in the table yet."""
    path = paths.DATA / "tables" / "sources.csv"
    text = path.read_text(encoding="utf-8")
    columns = next(csv.reader(io.StringIO(text)))
    known = {row["id"] for row in csv.DictReader(io.StringIO(text))}
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    for row in rows:
        if row["id"] not in known:
            writer.writerow(row)
            known.add(row["id"])
    path.write_text(text + out.getvalue(), encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write JSON as the package's files are written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _snapshots(source: Source) -> Path:
    return paths.DATA / "snapshots" / source.name


def _known_files(source: Source) -> dict[str, dict[str, Any]]:
    """Return what the last manifest says of the files, by name."""
    manifests = sorted(_snapshots(source).glob("*/manifest.json"))
    if not manifests:
        return {}
    entries = json.loads(manifests[-1].read_text(encoding="utf-8")).get("files", [])
    return {entry["file"]: entry for entry in entries}


def _write_manifest(
    source: Source, received: Sequence[Received], vintages: Sequence[Vintage],
    settings: Settings, accepted: Collection[str],
) -> None:  # fmt: skip
    """Keep of the raw files what proves them: they are too big, or not ours, to be shipped."""
    hashes = "".join(came.sha256 for came in received)
    last = vintages[-1].release
    cited = [v.release.source_id for v in vintages if v.release.source_id in _source_ids()]
    manifest = {
        "source": cited[-1],
        "version": last.version,
        "fetched": str(settings.today),
        "file": ", ".join(came.file for came in received),
        "sha256": received[0].sha256 if len(received) == 1
        else hashlib.sha256(hashes.encode()).hexdigest(),
        "bytes": sum(came.bytes for came in received),
        "rows": len(vintages[-1].table),
        "licence": source.licence,
        "citation": source.citation,
        "landing_page": source.landing_page,
        "derived": [source.table],
        "accepted": sorted(accepted),
        "files": [came.entry() for came in received],
        "note": "Fetched by armsbrief refresh. rows counts rows of the derived table. The raw "
        "files are not shipped: fetch them from the addresses here and compare the hashes. "
        "The sha256 of several files is that of their hashes, one after the other.",
    }  # fmt: skip
    write_json(_free(_snapshots(source), str(settings.today)) / "manifest.json", manifest)


def _source_ids() -> set[str]:
    with (paths.DATA / "tables" / "sources.csv").open(encoding="utf-8", newline="") as table:
        return {row["id"] for row in csv.DictReader(table)}


def _free(folder: Path, day: str) -> Path:
    """Return a folder for a vintage; a second one of the same day gets a number."""
    names = [day, *(f"{day}-{number:02}" for number in range(2, 100))]
    return next(folder / name for name in names if not (folder / name).exists())


def _note_check(source: Source, settings: Settings) -> None:
    """Note the day on which a source was asked; after a refresh we have the newest it had."""
    manifests = sorted(_snapshots(source).glob("*/manifest.json"))
    if manifests:
        newest = json.loads(manifests[-1].read_text(encoding="utf-8"))["version"]
        note = {"checked": str(settings.today), "newest": newest}
        write_json(_snapshots(source) / "checked.json", note)


def check(tables: Sequence[str]) -> None:
    """Raise unless the changed tables, and the list of sources, are valid.

    Raises
    ------
    DataError
        Naming table, row, column, value and what was expected.
    """
    problems = [p for name in dict.fromkeys(["sources", *tables]) for p in check_table(name)]
    if problems:
        raise DataError(
            "\n  ".join(
                ["what came does not fit the tables:", *problems[:_SHOWN], NOTHING_CHANGED]
            ),
            "look at the rows named; if the source is right, the schema in data/schemas/ is not",
        )
