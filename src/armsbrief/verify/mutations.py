"""Check the checks: corrupt one thing at a time and see whether anybody would notice.

A corrupted row is noticed if its table is refused, or if a number, a drawing, a
table or a verdict that a reader sees is another one, or if it stands itself in
the receipt of a number. A corrupted page, PDF,
ledger, setting or stored output is noticed if the check of its kind fails.
What is noticed by nothing but the table's hash in the ledger is a survivor, and
is listed with the reason.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import mock

from armsbrief import cache, data, editions, execute, ledger, parameters, paths, references
from armsbrief.errors import ArmsbriefError
from armsbrief.validation import check_table
from armsbrief.verify import edits, page, rerun
from armsbrief.verify.corruptions import Corruption, applied, folder_with, noted, possible
from armsbrief.verify.published import Published

Say = Callable[[str], None]
UNSEEN = "no check saw it"
_EVERY = 200  # corruptions between two lines of progress


@dataclass(frozen=True)
class Outcome:
    """What became of one corruption.

    Parameters
    ----------
    group, kind, where : str
        The table or file, the way it was corrupted, and the place.
    caught_by : str
        What noticed it; empty if nothing did.
    reason : str
        Why nothing noticed it.
    used : bool
        Whether a fact, chart or table names the row.
    """

    group: str
    kind: str
    where: str
    caught_by: str
    reason: str = ""
    used: bool = True


def run(
    edition: str | None = None,
    folder: Path | None = None,
    sample: int | None = None,
    seed: int = 0,
    say: Say = lambda text: None,
    tables: Iterable[str] | None = None,
) -> dict[str, Any]:
    """Corrupt an edition and its inputs one thing at a time.

    Parameters
    ----------
    edition, folder
        As for `verify`.
    sample : int, optional
        How many corruptions, spread evenly over tables and kinds; all if not given.
    seed : int
        Which ones.
    say : callable
        Told what happens, a line at a time.
    tables : iterable of str, optional
        The tables to corrupt; all if not given.

    Returns
    -------
    dict
        Counts by kind, by table and by reason, and all survivors; they are also
        kept in `_build` unless only some tables were wanted.
    """
    found = Published(folder or paths.BUILD / "editions" / (edition or editions.default().name))
    names = list(tables or (entry["name"] for entry in data.tables()))
    everything: list[Corruption | edits.Edit] = [c for name in names for c in possible(name)]
    everything += edits.possible(found)
    chosen = everything if sample is None else _sampled(everything, sample, seed)
    say(f"{len(chosen):,} of {len(everything):,} possible corruptions")
    outcomes = list(_outcomes(found, chosen, say))
    made = _counted(found, outcomes, len(everything), sample, seed)
    if tables is None:
        ledger.write({**made, "survived": _by_reason(made["survived"])}, paths.BUILD / page.KEPT)
    return made


def _sampled(everything: list[Any], number: int, seed: int) -> list[Any]:
    """Choose at random, in turn from every table and every kind of corruption."""
    chance = random.Random(seed)  # noqa: S311  # no secret: the same seed must give the same
    groups: dict[tuple[str, str], list[Any]] = {}
    for corruption in everything:
        table = corruption.table if isinstance(corruption, Corruption) else ""
        groups.setdefault((table, corruption.kind), []).append(corruption)
    for group in groups.values():
        chance.shuffle(group)
    order = sorted(groups)
    chance.shuffle(order)
    chosen: list[Any] = []
    while len(chosen) < min(number, len(everything)):
        chosen += [groups[key].pop() for key in order if groups[key]]
    return chosen[:number]


def _outcomes(found: Published, chosen: list[Any], say: Say) -> Iterator[Outcome]:
    if any(isinstance(corruption, edits.Edit) for corruption in chosen):
        edits.prepare(found)
    state = _State.of(found)
    context = get_context("fork")
    with ProcessPoolExecutor(os.cpu_count(), context, _begin, (state,)) as pool:
        for number, outcome in enumerate(pool.map(_try, chosen, chunksize=4), start=1):
            yield outcome
            if number % _EVERY == 0:
                say(f"  {number:,} of {len(chosen):,} tried")


@dataclass(frozen=True)
class _State:
    """What every worker knows: what notebooks read, what they record, which rows are used."""

    found: Published
    as_of: str
    given: Mapping[Path, Mapping[str, Any]]
    readers: Mapping[str, list[Path]]
    noted: Mapping[str, set[str]]
    in_receipts: Mapping[str, set[str]]
    claims: Mapping[str, Any]

    @classmethod
    def of(cls, found: Published) -> _State:
        wanted = found.ledger["parameters"]
        declared = {path: parameters.declared(path) for path in rerun.notebooks()}
        given = parameters.assign(wanted, declared)
        readers: dict[str, list[Path]] = {}
        for path, values in given.items():
            for table in _tables_of(path, values):
                readers.setdefault(table, []).append(path)
        return cls(
            found, wanted["as_of"], given, readers, noted(found.ledger),
            noted(found.ledger, ["facts"]), found.ledger["claims"],
        )  # fmt: skip


def _tables_of(path: Path, given: Mapping[str, Any]) -> set[str]:
    """Return what a notebook reads, as seen when it ran last; it runs now if it never did."""
    read = cache.tables_read(path, given)
    if read is None:
        with tempfile.TemporaryDirectory(prefix="armsbrief-") as private:
            execute.run_one(path, given, Path(private) / path.name)
        read = cache.tables_read(path, given)
    return read or set()


_state: _State
_before: dict[Path, tuple[rerun.Records, float]] = {}


def _begin(state: _State) -> None:
    global _state
    _state = state


def _try(chosen: Corruption | edits.Edit) -> Outcome:
    if isinstance(chosen, Corruption):
        return _try_row(chosen)
    caught = chosen.caught_by(_state.found)
    return Outcome(chosen.table, chosen.kind, chosen.where, caught, "" if caught else UNSEEN)


def _try_row(corruption: Corruption) -> Outcome:
    """Corrupt a row in a data folder of its own, check the table, run what reads it."""
    text, row = applied(corruption)
    used = corruption.row in _state.noted.get(corruption.table, ())
    before = {path: _recorded(path) for path in _state.readers.get(corruption.table, [])}
    listed = references.bibliography()
    with tempfile.TemporaryDirectory(prefix="armsbrief-") as private:
        folder = folder_with(corruption.table, text, Path(private))
        with mock.patch.object(paths, "DATA", folder):
            caught = _noticed(corruption.table, before, listed)
    if not caught and corruption.row in _state.in_receipts.get(corruption.table, ()):
        caught = "shown: the row itself, in a receipt and its CSV"
    reason = "" if caught else _reason(row, used)
    return Outcome(corruption.table, corruption.kind, corruption.where, caught, reason, used)


def _noticed(table: str, before: Mapping[Path, rerun.Records], listed: str) -> str:
    if problems := check_table(table):
        return "hash of the table" if "has hash" in problems[0] else "schema of the table"
    if table == "sources" and references.bibliography() != listed:
        return "list of sources"
    for path in sorted(before, key=lambda path: _cost.get(path, 0.0)):
        try:
            with mock.patch("armsbrief.validation.ensure_valid"):
                after = rerun.records(path, _state.given[path])
        except Exception as error:  # noqa: BLE001  # any failure of a notebook stops the build
            return f"notebook fails ({type(error).__name__})"
        if different := _different(before[path], after):
            return different
    return ""


_cost: dict[Path, float] = {}


def _recorded(path: Path) -> rerun.Records:
    """Return what a notebook records when nothing is corrupted; worked out once."""
    import time

    if path not in _before:
        start = time.perf_counter()
        with mock.patch("armsbrief.validation.ensure_valid"):
            _before[path] = rerun.records(path, _state.given[path]), time.perf_counter() - start
        _cost[path] = _before[path][1]
    return _before[path][0]


def _different(before: rerun.Records, after: rerun.Records) -> str:
    """Name the kind of thing shown that is another one now."""
    for key in [*before, *after]:
        old, new = before.get(key), after.get(key)
        if old is None or new is None or rerun.shown(old) != rerun.shown(new):
            return f"shown: {key.partition(' ')[0]}"
    return ""


def _reason(row: Mapping[str, str], used: bool) -> str:
    if row.get("published", "") > _state.as_of:
        return "published after the knowledge date: no notebook sees the row"
    if not used:
        return "no fact, chart or table names the row, and no specification moved"
    return "the row is used, but nothing shown depends on what was changed, or it rounds away"


def _counted(
    found: Published, outcomes: list[Outcome], total: int, sample: int | None, seed: int
) -> dict[str, Any]:
    caught = [outcome for outcome in outcomes if outcome.caught_by]
    lost = [outcome for outcome in outcomes if not outcome.caught_by]
    rows = {entry["name"]: len(_ids(entry["name"])) for entry in data.tables()}
    names = noted(found.ledger)
    tables = {
        name: {
            "tried": sum(o.group == name for o in outcomes),
            "survived": sum(o.group == name for o in lost),
            "rows": count,
            "unused": count - len(names.get(name, ())),
        }
        for name, count in rows.items()
    }
    return {
        "edition": found.ledger["edition"], "made_of": found.ledger["made_of"], "sample": sample,
        "seed": seed,
        "possible": total, "tried": len(outcomes), "caught": len(caught),
        "kinds": {
            kind: {"tried": sum(o.kind == kind for o in outcomes),
                   "caught": sum(o.kind == kind for o in caught)}
            for kind in dict.fromkeys(o.kind for o in outcomes)
        },
        "caught_by": dict(Counter(o.caught_by for o in caught).most_common()),
        "survivors": dict(Counter(o.reason for o in lost).most_common()),
        "tables": tables,
        "survived": [asdict(o) for o in lost],
    }  # fmt: skip


def _by_reason(lost: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Sort survivors by reason, then by table and kind: thousands of them stay readable."""
    found: dict[str, dict[str, list[str]]] = {}
    for outcome in lost:
        place, _, kind = outcome["where"].rpartition(": ")
        table, _, row = place.partition(", ")
        found.setdefault(outcome["reason"], {}).setdefault(f"{table}: {kind}", []).append(row)
    return found


def _ids(table: str) -> list[str]:
    from armsbrief.verify.corruptions import read

    return [next(iter(row.values())) for row in read(table)]


def summary(made: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the rows of the table that ends a run."""
    rows = [(kind, f"{n['caught']:,}", f"{n['tried']:,}") for kind, n in made["kinds"].items()]
    rows.append(("all", f"{made['caught']:,}", f"{made['tried']:,}"))
    return rows + [(f"survived: {why}", f"{n:,}", "") for why, n in made["survivors"].items()]


def unexplained(made: Mapping[str, Any]) -> list[str]:
    """Return the survivors that no property of the row explains: a hole in the checks."""
    return [o["where"] for o in made["survived"] if o["reason"] == UNSEEN]


def ensure_built(found: Published) -> None:
    """Raise unless there is an edition to corrupt.

    Raises
    ------
    ArmsbriefError
        With the command that makes one.
    """
    if not (found.folder / "ledger.json").is_file():
        raise ArmsbriefError(f"{found.folder}: there is no edition to corrupt.", "armsbrief build")
