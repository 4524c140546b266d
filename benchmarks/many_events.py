"""Refresh from as many events as all of GED has: `python benchmarks/many_events.py [EVENTS]`.

A quarter of them is in Pakistan, twenty times the real share. The file is made
up and answering from this machine; time and memory are those of the refresh.
"""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import zipfile
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

YEARS = range(1990, 2026)
COLUMNS = 49  # as GED has


def write_archive(path: Path, number: int) -> None:
    """Write a zip file of made-up events, a line at a time."""
    rng = random.Random(number)  # noqa: S311  # made-up data
    names = ["id", "active_year", "type_of_violence", "side_a", "side_b", "adm_1", "country_id",
             "date_start", "deaths_civilians", "best", "high", "low"]  # fmt: skip
    other = [f"text_{n}" for n in range(COLUMNS - len(names))]
    fillers = [
        [
            f"{rng.getrandbits(64):x}" if k % 3 else "a headline,\nand more"
            for k in range(len(other))
        ]
        for _ in range(997)
    ]
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("GEDEvent_v26_1.csv", "w", force_zip64=True) as raw,
    ):
        out = io.TextIOWrapper(raw, "utf-8", newline="")
        writer = csv.writer(out)
        writer.writerow([*names, *other])
        for n in range(number):
            day = f"{rng.choice(YEARS)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} 00:00:00"
            best = rng.randint(0, 9)
            writer.writerow([
                n, "true", 1 + n % 3, "Government of Ruritania", f"Band {n % 40}",
                ("Sindh province", "Balochistan province", "")[n % 7 % 3],
                "700" if n % 4 else "770", day, min(best, 1), best, best + 1, best,
                *fillers[n % 997],
            ])  # fmt: skip
        out.flush()
        out.detach()


def serve(pipe: Connection, archive: str) -> None:
    from services import Answer, Server

    server = Server()
    content = Path(archive).read_bytes()
    server.world.files = lambda: {  # type: ignore[method-assign]  # this one file
        "/downloads/ged/ged261-csv.zip": Answer(content, "application/zip")
    }
    pipe.send(server.bases)
    server.serve_forever()


def run(pipe: Connection, root: str, bases: dict[str, str]) -> None:
    """Refresh, in a process whose memory is measured."""
    from small import TODAY

    from armsbrief import paths
    from armsbrief.refresh import refresh
    from armsbrief.sources.settings import Limits, Settings

    started, used = time.monotonic(), time.process_time()
    with paths.at(Path(root)):
        refresh(["ucdp-ged"], Settings(bases, {}, Limits(), TODAY, Path(root) / "_build/downloads"),
                quick=True, accepted=["rows-lost", "history", "magnitude"])  # fmt: skip
    pipe.send({
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(time.process_time() - used, 1),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    })  # fmt: skip


def measure(number: int) -> dict[str, float]:
    """Return seconds and peak memory (MB) of one refresh of `number` events."""
    from small import small_brief

    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "ged.zip"
        write_archive(archive, number)
        root = small_brief(Path(folder) / "brief")
        here, there = multiprocessing.Pipe()
        server = spawn.Process(target=serve, args=(there, str(archive)), daemon=True)
        server.start()
        bases = here.recv()
        child = spawn.Process(target=run, args=(there, str(root), bases))
        child.start()
        child.join()
        server.terminate()
        if child.exitcode:
            raise SystemExit("the refresh failed")
        with zipfile.ZipFile(archive) as content:
            unpacked = sum(member.file_size for member in content.infolist())
        return {"events": number, "file_megabytes": unpacked // 2**20, **here.recv()}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 400_000)))
