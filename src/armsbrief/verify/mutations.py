"""Check the checks: corrupt one thing at a time and see whether anybody would notice.

A corrupted row is noticed if its table is refused, or if a number, a drawing, a
table or a verdict that a reader sees is another one, or if it stands itself in
the receipt of a number. A corrupted page, PDF,
ledger, setting or stored output is noticed if the check of its kind fails.
What is noticed by nothing but the table's hash in the ledger is a survivor, and
is listed with the reason.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from armsbrief import data, editions, ledger, paths, pool, provenance
from armsbrief.sweeps.journal import Journal
from armsbrief.verify import edits, page
from armsbrief.verify.corruptions import DROPPED, Corruption, noted, possible, read
from armsbrief.verify.published import Published
from armsbrief.verify.trials import Outcome, Trials

Say = Callable[[str], None]
Chosen = Corruption | edits.Edit
Tried = list[dict[str, Any]]
UNSEEN = "no check saw it"
_EVERY = 1000  # corruptions between two lines of progress
_AT_ONCE = 32  # edits that one process tries before it reports


def run(
    edition: str | None = None,
    folder: Path | None = None,
    sample: int | None = None,
    seed: int = 0,
    say: Say = lambda text: None,
    tables: Iterable[str] | None = None,
    processes: int = 0,
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
    processes : int
        How many work at once; one for each core if 0.

    Returns
    -------
    dict
        Counts by kind, by table and by reason, and all survivors; they are also
        kept in `_build` unless only some tables were wanted.
    """
    found = Published(folder or paths.BUILD / "editions" / (edition or editions.default().name))
    names = list(tables or (entry["name"] for entry in data.tables()))
    everything: list[Chosen] = [c for name in names for c in possible(name)]
    everything += edits.possible(found)
    chosen = everything if sample is None else _sampled(everything, sample, seed)
    say(f"{len(chosen):,} of {len(everything):,} possible corruptions")
    outcomes = list(_outcomes(found, chosen, say, processes or os.cpu_count() or 1))
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


def _outcomes(
    found: Published, chosen: Iterable[Chosen], say: Say, processes: int
) -> Iterator[Outcome]:
    """Yield what becomes of each; what an interrupted run found out is not tried again."""
    rows = [one for one in chosen if isinstance(one, Corruption)]
    others = [one for one in chosen if not isinstance(one, Corruption)]
    trials = Trials(found, {one.table for one in rows})
    jobs: list[tuple[Chosen, ...]] = [*trials.spans(rows)]
    jobs += [tuple(others[n : n + _AT_ONCE]) for n in range(0, len(others), _AT_ONCE)]
    journal = Journal(paths.BUILD / "mutations" / f"{_bound_to(found)}.jsonl")
    left = [job for job in jobs if _key(job) not in journal.done]
    if sum(isinstance(job[0], edits.Edit) for job in left) * _AT_ONCE > _EVERY:
        edits.prepare(found)
    with pool.workers(processes, partial(_begin, trials, found), "fork") as executor:
        for job, tried in zip(left, _told(executor.map(_try, left), left, say), strict=True):
            journal.add(_key(job), {"outcomes": tried})
    for job in jobs:
        yield from (Outcome(**made) for made in journal.done[_key(job)]["outcomes"])


def _told(results: Iterable[Tried], jobs: Sequence[Sequence[Chosen]], say: Say) -> Iterator[Tried]:
    """Pass results on, and say how far they are."""
    total, done = sum(map(len, jobs)), 0
    for result in results:
        yield result
        if (done + len(result)) // _EVERY > done // _EVERY:
            say(f"  {done + len(result):,} of {total:,} tried")
        done += len(result)


def _bound_to(found: Published) -> str:
    """Return a name that another edition, other data or other checks would not have."""
    made_of = json.dumps([found.digest, provenance.made_of()], sort_keys=True)
    return sha256(made_of.encode()).hexdigest()[:32]


def _key(job: Iterable[Chosen]) -> str:
    return sha256("\n".join(one.where for one in job).encode()).hexdigest()[:32]


_trials: Trials
_found: Published


def _begin(trials: Trials, found: Published) -> None:
    global _trials, _found
    _trials, _found = trials, found


def _try(job: Sequence[Chosen]) -> Tried:
    rows = [one for one in job if isinstance(one, Corruption)]
    others = [one for one in job if not isinstance(one, Corruption)]
    tried = [*(_trials.outcomes(rows) if rows else ()), *map(_edited, others)]
    return [asdict(outcome) for outcome in tried]


def _edited(edit: edits.Edit) -> Outcome:
    caught = edit.caught_by(_found)
    return Outcome(edit.table, edit.kind, edit.where, caught, "" if caught else UNSEEN)


def _counted(
    found: Published, outcomes: list[Outcome], total: int, sample: int | None, seed: int
) -> dict[str, Any]:
    caught = [outcome for outcome in outcomes if outcome.caught_by]
    lost = [outcome for outcome in outcomes if not outcome.caught_by]
    rows = {entry["name"]: len(read(entry["name"])) for entry in data.tables()}
    names = noted(found.ledger)
    tables = {
        name: {
            "tried": sum(o.group == name for o in outcomes),
            "survived": sum(o.group == name for o in lost),
            "rows": count,
            "unnamed": count - len(names.get(name, ())),
            "dropped": sum(o.group == name and o.kind == DROPPED for o in outcomes),
            "unused": sum(o.group == name and o.kind == DROPPED for o in lost),
        }
        for name, count in rows.items()
    }
    return {
        "edition": found.ledger["edition"], "made_of": found.ledger["made_of"],
        "code": provenance.code_files(paths.ROOT), "sample": sample, "seed": seed,
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


def summary(made: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the rows of the table that ends a run."""
    rows = [(kind, f"{n['caught']:,}", f"{n['tried']:,}") for kind, n in made["kinds"].items()]
    rows.append(("all", f"{made['caught']:,}", f"{made['tried']:,}"))
    return rows + [(f"survived: {why}", f"{n:,}", "") for why, n in made["survivors"].items()]


def unexplained(made: Mapping[str, Any]) -> list[str]:
    """Return the survivors that no property of the row explains: a hole in the checks."""
    return [o["where"] for o in made["survived"] if o["reason"] == UNSEEN]
