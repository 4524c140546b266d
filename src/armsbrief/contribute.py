"""`armsbrief refresh --table`: rows of one's own, checked cell by cell, with a source."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from armsbrief import data, hints, paths, preview, sheets, staging
from armsbrief.errors import ArmsbriefError, DataError
from armsbrief.refresh import News, Outcome, add_sources, check
from armsbrief.revisions import Revised, read_text
from armsbrief.sources.checks import slug
from armsbrief.sources.request import NOTHING_CHANGED
from armsbrief.validation import check_table

Row = dict[str, str]

_OPTIONS = ("publisher", "title", "url", "date")
_SOURCE = {"source_publisher": "publisher", "source_title": "title", "source_url": "url"}
_MADE = ("id", "source_id")
_FORMULA = ("=", "+", "@")  # what a spreadsheet would run if it opened our CSV files
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NEAR = 0.7  # how alike a name must be to be suggested
_TITLES = 5  # rows in which the names of the columns may stand by mistake
_IF_EMPTY = {"published_basis": "stated", "status": "as-printed"}
_GRADE = {"kind": "web-page", "grade": "quoting-outlet"}


def write_template(table: str, path: Path | None = None) -> Path:
    """Write a template for the rows of one table.

    Raises
    ------
    ArmsbriefError
        If there is no such table that people fill, or the file exists.
    """
    entry = _typed(table)
    path = path or Path(f"{table}.xlsx")
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise ArmsbriefError(f"{path.name}: expected a name that ends in .xlsx or .csv.")
    if path.exists():
        raise ArmsbriefError(f"{path} exists and is not written over.",
                             f"armsbrief refresh --template {table} another-name.xlsx")  # fmt: skip
    fields = [field for field in entry["schema"]["fields"] if field["name"] not in _MADE]
    sheets.write_template(path, [*fields, *_source_fields(entry)], entry["title"])
    return path


def _source_fields(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not _cites(entry):
        return []
    told = {"publisher": "Who published the figure.", "title": "Title of the publication.",
            "url": "Where it can be read."}  # fmt: skip
    return [
        {"name": column, "type": "string", "description": told[name]}
        for column, name in _SOURCE.items()
    ]


def contribute(
    table: str,
    path: Path,
    source: Mapping[str, str | None],
    say: Callable[[str], None] = lambda text: None,
    *,
    today: date | None = None,
    dry_run: bool = False,
    quick: bool = False,
) -> Outcome:
    """Add the rows of a file to a table; all of them, or none.

    Parameters
    ----------
    table : str
        A table that people fill.
    path : pathlib.Path
        CSV or Excel file; the first row names the columns.
    source : mapping
        publisher, title, url and date (or day) of what the rows were read in; the
        file may say so itself, in source_… columns and in published.
    say : callable
        Told what happens.
    today : datetime.date, optional
        Rows published later are refused.
    dry_run, quick : bool
        As for `refresh`.

    Raises
    ------
    DataError
        Naming every row and cell that is wrong.
    """
    today = today or date.today()
    found = sheets.read(path)
    with staging.changing(say, dry_run) as (root, publish):
        with paths.at(root):
            rows = _add(table, path.name, found, {"date": source.get("day"), **source}, today)
        moved = None if quick else preview.compare(root, str(today), say)
        if not dry_run:
            publish()
    frame = pd.DataFrame(rows)
    nothing = frame.iloc[:0]
    news = News(path.name, table, [("your rows", Revised(frame, frame, nothing, nothing))])
    return Outcome([news], moved, not dry_run, str(today))


def _typed(table: str) -> dict[str, Any]:
    filled = [e["name"] for e in data.package()["resources"] if e["armsbrief"]["kind"] == "typed"]
    known = {entry["name"] for entry in data.package()["resources"]}
    if table not in known:
        near = get_close_matches(table, filled, 1)
        raise DataError(
            f"there is no table {table!r}; people fill: {', '.join(filled)}.",
            f"armsbrief refresh --template {near[0] if near else filled[0]}",
        )
    entry = data.resource(table)
    if entry["armsbrief"]["kind"] != "typed":
        raise DataError(
            f"table {table!r} is made by code from a published data set; expected one that "
            f"people fill: {', '.join(filled)}.", "armsbrief refresh",
        )  # fmt: skip
    return entry


def _cites(entry: Mapping[str, Any]) -> bool:
    return any(field["name"] == "source_id" for field in entry["schema"]["fields"])


def _add(
    table: str, name: str, found: sheets.Sheet, source: Mapping[str, str | None], today: date
) -> list[Row]:
    """Complete the rows, write them into the draft and check them; refuse all if one is wrong."""
    entry = _typed(table)
    _require_header(name, found, entry)
    names, problems = _matched(found.columns, entry)
    problems += found.problems
    if not problems:
        numbers = [number for number, _ in found.rows]
        rows = [_normal(dict(zip(names, cells, strict=True)), entry) for _, cells in found.rows]
        problems = _cells(rows, numbers, today)
        rows, sources, unsourced = _sourced(rows, numbers, entry, source)
        rows = _finished(rows, entry)
        repeated = _repeated(rows, numbers, entry)
        add_sources(sources)
        _append(entry, rows)
        wrong = _from_schema(entry, rows, numbers)
        problems += unsourced + repeated + _without_echo(wrong, unsourced, repeated)
    if problems:
        raise DataError(
            "\n  ".join([f"{name} cannot be added to the table {table!r}:",
                         *dict.fromkeys(problems), NOTHING_CHANGED]),
            f"correct the file; what each column takes: armsbrief refresh --template {table}",
        )  # fmt: skip
    check([table])
    return rows


def _known(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns that a file may have, by all that they may be called there."""
    fields = [*entry["schema"]["fields"], *_source_fields(entry)]
    titles = {_plain(field["title"]): field["name"] for field in fields if "title" in field}
    return {**titles, **{field["name"]: field["name"] for field in fields}}


def _require_header(name: str, found: sheets.Sheet, entry: Mapping[str, Any]) -> None:
    """Refuse a file with a title above the names of its columns."""
    known = _known(entry)
    if any(_plain(column) in known for column in found.columns):
        return
    for number, cells in found.rows[:_TITLES]:
        if all(_plain(cell) in known for cell in cells if cell):
            raise DataError(
                f"{name}: the names of the columns stand in row {number}; expected them in row 1. "
                f"{NOTHING_CHANGED}", "delete the rows above them, then the same command",
            )  # fmt: skip


def _matched(columns: Sequence[str], entry: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return for each column of a file the column of the table, and what does not match."""
    known = _known(entry)
    names = [known.get(_plain(column), "") for column in columns]
    problems = [
        _unknown(number, column, known)
        for number, (column, name) in enumerate(zip(columns, names, strict=True), start=1)
        if not name
    ]
    if problems:
        problems.append(f"The names are: {', '.join(dict.fromkeys(known.values()))}")
    twice = {name for name in names if name and names.count(name) > 1}
    problems += [f"row 1: two columns for {name!r}; expected one" for name in sorted(twice)]
    needed = [f["name"] for f in entry["schema"]["fields"]
              if f.get("constraints", {}).get("required")]  # fmt: skip
    given = {*names, *_MADE, *_IF_EMPTY, "published"}
    if missing := [repr(name) for name in needed if name not in given]:
        problems.append(f"row 1: no column {', '.join(missing)}; expected one for each")
    return names, problems


def _unknown(number: int, column: str, known: Mapping[str, str]) -> str:
    found = f"{column!r} found" if column else "no name found"
    if near := get_close_matches(_plain(column), known, 1, _NEAR):
        advice = f" Did you mean {known[near[0]]!r}?"
    else:
        advice = " Delete the column" + ", or move its text to 'note'" * ("note" in known)
    return f"row 1, column {number}: {found}; expected one of the names below.{advice}"


def _plain(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")


def _normal(row: Row, entry: Mapping[str, Any]) -> Row:
    """Write numbers, days and truths as our tables do, where nothing is to be guessed."""
    kinds = {field["name"]: field["type"] for field in entry["schema"]["fields"]}
    return {
        name: cell.lower() if kinds.get(name) == "boolean"
        else hints.western(cell) if kinds.get(name) in ("integer", "number", "date")
        else cell
        for name, cell in row.items()
    }  # fmt: skip


def _cells(rows: Sequence[Row], numbers: Sequence[int], today: date) -> list[str]:
    """Find what no schema can know: formulas, and days that are still to come."""
    problems = []
    for number, row in zip(numbers, rows, strict=True):
        for column, cell in row.items():
            if cell.startswith(_FORMULA):
                problems.append(
                    f"row {number}, column {column!r}: {cell[:40]!r} found; expected a value, "
                    "not what a spreadsheet would run"
                )
        if _DAY.fullmatch(day := row.get("published", "")) and day > str(today):
            problems.append(
                f"row {number}, column 'published': {day!r} found; expected no later than {today}"
            )
        problems += _turned(number, row)
    return problems


def _turned(number: int, row: Row) -> list[str]:
    """Find a span of time that ends before it begins."""
    spans = [(name, name.replace("_start", "_end")) for name in row if name.endswith("_start")]
    return [
        f"row {number}: {start} {row[start]!r} is after {end} {row[end]!r}; expected it before"
        for start, end in spans
        if _DAY.fullmatch(row[start]) and _DAY.fullmatch(row.get(end, "")) and row[start] > row[end]
    ]


def _sourced(
    rows: Sequence[Row], numbers: Sequence[int], entry: Mapping[str, Any],
    given: Mapping[str, str | None],
) -> tuple[list[Row], list[Row], list[str]]:  # fmt: skip
    """Give every row its source; return rows, new sources, and rows without one."""
    if not _cites(entry):
        return list(rows), [], []
    known = _known_sources()
    by_url = {row["url"]: row["id"] for row in known.values()}
    sourced, new, problems = [], [], []
    for number, row in zip(numbers, rows, strict=True):
        told = {name: row.pop(column, "") or given.get(name) or ""
                for column, name in _SOURCE.items()}  # fmt: skip
        row["published"] = row.get("published", "") or given.get("date") or ""
        if not row.get("source_id") and told["url"] in by_url:
            row["source_id"] = by_url[told["url"]]
        if not row.get("source_id"):
            missing = [name for name in _OPTIONS if not {**told, "date": row["published"]}[name]]
            if missing:
                problems.append(
                    f"row {number}: no source; expected also {', '.join(f'--{m}' for m in missing)}"
                    ", or the same in a column"
                )
            elif not told["url"].startswith(("https://", "http://")):
                problems.append(
                    f"row {number}, column 'source_url' or --url: {told['url']!r} found; expected "
                    "an address that begins with https://"
                )
            else:
                made = _new_source(told, row["published"], known)
                known[made["id"]], by_url[made["url"]] = made, made["id"]
                row["source_id"] = made["id"]
                new.append(made)
        sourced.append(row)
    return sourced, new, problems


def _known_sources() -> dict[str, Row]:
    with (paths.DATA / "tables" / "sources.csv").open(encoding="utf-8", newline="") as table:
        return {row["id"]: row for row in csv.DictReader(table)}


def _new_source(told: Row, published: str, known: Mapping[str, Row]) -> Row:
    name = _free(slug(slug(told["publisher"]) or "source", published), known)
    basis = {"published": published, "published_basis": "stated"}
    return {"id": name, **told, **basis, **_GRADE}


def _free(name: str, taken: Mapping[str, Any] | set[str]) -> str:
    names = [name, *(f"{name}-{number}" for number in range(2, 10_000))]
    return next(choice for choice in names if choice not in taken)


def _existing(entry: Mapping[str, Any]) -> pd.DataFrame:
    return read_text((paths.DATA / entry["path"]).read_text(encoding="utf-8"))


def _finished(rows: Sequence[Row], entry: Mapping[str, Any]) -> list[Row]:
    """Fill in ids, and what is the same for every row that a person read somewhere."""
    taken = set(_existing(entry)["id"])
    columns = [field["name"] for field in entry["schema"]["fields"]]
    finished = []
    for row in rows:
        full = {name: row.get(name, "") or _IF_EMPTY.get(name, "") for name in columns}
        if not full["id"]:
            words = [cell for name, cell in full.items() if cell and name not in (*_MADE, "note")]
            full["id"] = _free(slug(*words[:5])[:80].strip("-.") or "row", taken)
        taken.add(full["id"])
        finished.append(full)
    return finished


def _repeated(rows: Sequence[Row], numbers: Sequence[int], entry: Mapping[str, Any]) -> list[str]:
    """Find rows that say what a row of the table says already."""
    compared = [f["name"] for f in entry["schema"]["fields"] if f["name"] not in ("id", "note")]
    before = _existing(entry)
    known = dict(
        zip(before[compared].itertuples(index=False, name=None), before["id"], strict=True)
    )
    problems = []
    for number, row in zip(numbers, rows, strict=True):
        key = tuple(row[name] for name in compared)
        if key in known:
            problems.append(
                f"row {number}: stands in the table already, as {known[key]!r}; "
                "delete it from the file"
            )
        known[key] = f"row {number} of the file"
    return problems


def _append(entry: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Add rows at the end of a table, leaving every byte before them as it is."""
    path = paths.DATA / entry["path"]
    text = path.read_text(encoding="utf-8")
    out = io.StringIO()
    columns = next(csv.reader(io.StringIO(text)))
    csv.DictWriter(out, columns, lineterminator="\n").writerows(rows)
    path.write_text(text + ("" if text.endswith("\n") else "\n") + out.getvalue(), "utf-8")


def _from_schema(
    entry: Mapping[str, Any], rows: Sequence[Row], numbers: Sequence[int]
) -> list[str]:
    """Check the table with the rows in it; name the rows as the person's file numbers them."""
    lines = (paths.DATA / entry["path"]).read_text(encoding="utf-8")
    first = len(list(csv.reader(io.StringIO(lines)))) - len(rows) + 1
    problems = []
    for problem in check_table(entry["name"]):
        told = re.sub(
            rf"^{entry['name']}, row (\d+)",
            lambda match: (
                f"row {numbers[int(match[1]) - first]}" if int(match[1]) >= first else match[0]
            ),
            problem,
        )
        problems.append(told)
    fields = {field["name"]: field for field in entry["schema"]["fields"]}
    return [hints.with_hint(line, fields) for line in hints.gathered(problems)]


def _without_echo(
    problems: Sequence[str], unsourced: Sequence[str], repeated: Sequence[str]
) -> list[str]:
    """Drop what only follows from a missing source, or from a row that is known."""
    rows = {line.split(":")[0].split(",")[0] for line in unsourced}
    known = {line.split(":")[0] for line in repeated}
    echoes = {f"{row}, column 'source_id': nothing" for row in rows}
    echoes |= {f"{row}, column 'published': nothing" for row in rows}
    echoes |= {f"{row}, column 'id':" for row in known}
    return [problem for problem in problems if not problem.startswith(tuple(echoes))]
