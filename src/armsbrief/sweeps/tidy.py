"""One tidy table of a sweep: a row for each fact and each verdict of each set of parameters."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from armsbrief.errors import SweepError

_BEFORE = ("set",)
_AFTER = ("kind", "id", "value", "text", "unit", "verdict", "notebook", "duration")


def rows(
    number: int,
    parameters: Mapping[str, Any],
    facts: Mapping[str, Any],
    claims: Mapping[str, Any],
    durations: Mapping[str, float],
) -> Iterable[dict[str, Any]]:
    """Yield the rows of one set of parameters.

    Parameters
    ----------
    number : int
        Of the set, from 1.
    parameters : mapping
        The set.
    facts, claims : mapping
        What was found, by id.
    durations : mapping
        Seconds that each notebook took.
    """
    start = {"set": number, **parameters}
    for name, fact in facts.items():
        yield {**start, "kind": "fact", "id": name, **_value(fact["value"], fact["display"]),
               "unit": fact["unit"], "notebook": fact["notebook"],
               "duration": durations[fact["notebook"]]}  # fmt: skip
    for name, claim in claims.items():
        yield {**start, "kind": "claim", "id": name, "unit": claim["unit"],
               **_value(claim["estimate"], claim["estimate_display"]),
               "verdict": claim["verdict"]}  # fmt: skip


def _value(value: Any, text: str | None) -> dict[str, Any]:
    """Numbers and yes/no go into a column of numbers, everything as it is shown into one of text."""
    return {"value": float(value) if isinstance(value, int | float) else None, "text": text}


def write(table: Sequence[Mapping[str, Any]], names: Iterable[str], stem: Path) -> list[Path]:
    """Write the table as CSV and Parquet, each whole or not at all.

    Parameters
    ----------
    table : sequence of mapping
        The rows.
    names : iterable of str
        The parameters, in order.
    stem : pathlib.Path
        Path of the files, without their ending.

    Returns
    -------
    list of pathlib.Path
        The two files.

    Raises
    ------
    SweepError
        If they cannot be written, as on a full disk; older ones are left as they are.
    """
    columns = [*_BEFORE, *names, *_AFTER]
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    fresh = {stem.with_suffix(end): stem.with_suffix(f".{os.getpid()}{end}") for end in writers}
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        for (path, temporary), writer in zip(fresh.items(), writers.values(), strict=True):
            writer(table, columns, temporary)
        for path, temporary in fresh.items():
            temporary.replace(path)
    except OSError as error:
        raise SweepError(
            f"{stem}: the table cannot be written: {error.strerror or error}. All runs are kept.",
            "make room, then the same command again: nothing is run twice",
        ) from error
    finally:
        for temporary in fresh.values():
            temporary.unlink(missing_ok=True)
    return list(fresh)


def _write_csv(table: Sequence[Mapping[str, Any]], columns: list[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def _write_parquet(table: Sequence[Mapping[str, Any]], columns: list[str], path: Path) -> None:
    import fastparquet  # not pyarrow: where it is installed, pandas keeps texts in another way
    import pandas as pd

    frame = pd.DataFrame({name: _column([row.get(name) for row in table]) for name in columns})
    fastparquet.write(str(path), frame, compression="GZIP", write_index=False,
                      object_encoding="utf8")  # fmt: skip


def _column(values: list[Any]) -> Any:
    """Give a column one type: a number's, or text."""
    import pandas as pd

    numbers = [v for v in values if v is not None]
    if numbers and all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers):
        whole = all(isinstance(v, int) for v in values)
        return pd.Series(values, dtype="int64" if whole else "float64")
    return pd.Series([v if v is None else str(v) for v in values], dtype="object")
