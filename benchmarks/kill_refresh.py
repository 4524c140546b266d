"""Kill a refresh at random moments: `python benchmarks/kill_refresh.py [ROUNDS] [SEED]`.

Each round starts a refresh of a small brief against a server on this machine,
sends it SIGKILL after a random time, and looks at `data/`: it must be, byte for
byte, the old one or the new one. Then the next refresh has to complete.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from services import Server
from small import CALM, TODAY, small_brief

from armsbrief import paths, staging
from armsbrief.refresh import refresh
from armsbrief.sources.settings import Settings

SOURCES = ("ucdp-ged", "ucdp-country-year", "worldbank-population")


def serve(pipe: Connection) -> None:
    server = Server()
    pipe.send(server.bases)
    server.serve_forever()


def run(root: Path, bases: dict[str, str]) -> None:
    settings = Settings(bases, {}, CALM, TODAY, root / "_build" / "downloads")
    with paths.at(root):
        refresh(SOURCES, settings, quick=True)


def begin(root: Path, bases: dict[str, str]) -> int:
    """Start a refresh in a process of its own, with every library loaded."""
    child = os.fork()
    if child == 0:
        run(root, bases)
        os._exit(0)
    return child


def measure(rounds: int, seed: int) -> dict[str, int]:
    """Kill `rounds` refreshes; return how often the old and the new data were found."""
    rng = random.Random(seed)  # noqa: S311  # for moments, not for secrets
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    bases = here.recv()
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        root = small_brief(Path(folder) / "brief")
        original = Path(shutil.copytree(root / "data", Path(folder) / "original"))
        old = staging.state(original)
        run(root, bases)
        new = staging.state(root / "data")
        for number in range(rounds):
            shutil.rmtree(root / "data")
            shutil.copytree(original, root / "data")
            started = time.monotonic()
            child = begin(root, bases)
            if number % 10 == 0:  # how long one takes now; it also shows that one completes
                os.waitpid(child, 0)
                longest = time.monotonic() - started
                found["left alone"] += staging.state(root / "data") == new
                continue
            time.sleep(rng.uniform(0, 1.05 * longest))
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            found["killed"] += os.WIFSIGNALED(status)
            state = staging.state(root / "data")
            found["old" if state == old else "new" if state == new else "MIXED"] += 1
            run(root, bases)
            found["next completed"] += staging.state(root / "data") == new
            left = [path.name for path in (root / "_build" / "refresh").iterdir()]
            found["left over"] += len(left)
    server.terminate()
    return dict(found)


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 223  # a tenth is left alone
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    print(json.dumps({"rounds": rounds, "seed": seed, **measure(rounds, seed)}))
