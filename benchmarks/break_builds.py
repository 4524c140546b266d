"""Faults on purpose: what is published after each is whole, old or new, and the next run works.

Run as root (`make faults`) for the full set: small file systems are mounted.
Without root those are left out, and it says so. Writes `_build/faults.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from armsbrief import manifest, paths, publish
from armsbrief.errors import ArmsbriefError

PAGES = 60
_BUILD = [sys.executable, "-m", "armsbrief", "build", "--no-cache"]
_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": paths.ROOT}
_MARK = "ARMSBRIEF_FAULT"  # in the environment of a build, and so of all that it starts
RESULTS = ("html", "brief.pdf", "ledger.json", manifest.NAME)


def edition(folder: Path, version: str) -> Path:
    """Make results of which every file says which version it is of."""
    (folder / "html").mkdir(parents=True)
    for number in range(PAGES):
        (folder / "html" / f"{number}.html").write_text(version * 20_000)
    (folder / "html" / "same.css").write_text("of every version" * 2_000)
    for name in ("brief.pdf", "ledger.json"):
        (folder / name).write_text(version * 100_000)
    manifest.write(folder / "html")
    manifest.write(folder, ["html", "brief.pdf", "ledger.json"])
    return folder


def is_whole(place: Path) -> str:
    """Return the version that is published; empty if it is broken or mixed."""
    try:
        _, problems = manifest.check(place)
    except ArmsbriefError:
        return ""
    versions = {
        path.read_text()[:1] for path in place.rglob("*") if path.suffix in (".html", ".pdf")
    }
    return versions.pop() if not problems and len(versions) == 1 else ""


class Swap:
    """Publishing, in a process of its own: a fork, as it is not the imports that are tested."""

    def __init__(self, made: Path, place: Path) -> None:
        self.process = get_context("fork").Process(target=self._run, args=(made, place))
        self.process.start()

    @staticmethod
    def _run(made: Path, place: Path) -> None:
        try:
            publish.swap_all([made / name for name in RESULTS], place)
        except OSError:
            os._exit(1)

    def wait(self) -> int:
        """Wait for the end and return the exit status."""
        self.process.join()
        return int(self.process.exitcode or 0)

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()
        self.process.join()


def swap(made: Path, place: Path) -> Swap:
    """Start publishing."""
    return Swap(made, place)


class Ground:
    """Two versions, and a place where the first is published."""

    def __init__(self, root: Path) -> None:
        self.old, self.new = edition(root / "a", "a"), edition(root / "b", "b")
        self.place = root / "published"
        swap(self.old, self.place).wait()

    def survives(self) -> bool:
        """Tell whether the place is whole after a later run, and holds what that run published."""
        publish.recover(self.place)
        if not is_whole(self.place):
            return False
        return swap(self.new, self.place).wait() == 0 and is_whole(self.place) == "b"


def killed_while_publishing(chance: random.Random) -> bool:
    """Kill -9 at a random moment of the swap."""
    with ground() as here:
        process = swap(here.new, here.place)
        time.sleep(chance.random() * 0.08)
        process.kill()
        return here.survives()


def full_disk(chance: random.Random) -> bool:
    """A file system on which the new version does not fit beside the old one."""
    size = chance.randint(1500, 2900)
    with mounted(f"size={size}k") as disk, tempfile.TemporaryDirectory() as elsewhere:
        old, new = edition(Path(elsewhere) / "a", "a"), edition(Path(elsewhere) / "b", "b")
        place = disk / "published"
        if swap(old, place).wait() != 0:
            return not place.exists() or not list(place.glob("html"))
        process = swap(new, place)
        wanted = "b" if process.wait() == 0 else "a"
        return is_whole(place) == wanted


def read_only(chance: random.Random) -> bool:
    """A folder that cannot be written."""
    with mounted("size=8m") as disk, tempfile.TemporaryDirectory() as elsewhere:
        old, new = edition(Path(elsewhere) / "a", "a"), edition(Path(elsewhere) / "b", "b")
        place = disk / "published"
        swap(old, place).wait()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        process = swap(new, place)
        return process.wait() != 0 and is_whole(place) == "a"


def two_at_once(chance: random.Random) -> bool:
    """Two processes publish different versions into one folder."""
    with ground() as here:
        both = [swap(here.old, here.place), swap(here.new, here.place)]
        ended = [process.wait() for process in both]
        return ended == [0, 0] and bool(is_whole(here.place)) and here.survives()


def clock_set_back(chance: random.Random) -> bool:
    """What is published carries times in the future, what is new times in the past."""
    with ground() as here:
        for folder, when in ((here.place, 4_000_000_000), (here.new, 100_000)):
            for path in folder.rglob("*"):
                os.utime(path, (when, when))
        return here.survives()


def whole_build_killed(chance: random.Random) -> bool:
    """Kill -9 of a whole build at a random moment; nothing lives on, the next build is the same."""
    place = paths.BUILD / "editions"
    [name] = [p.name for p in sorted(place.iterdir()) if (p / manifest.NAME).is_file()][-1:]
    before = (place / name / manifest.NAME).read_bytes()
    mark = f"{_MARK}={chance.getrandbits(64)}"
    process = subprocess.Popen(_BUILD, start_new_session=True, **_QUIET,
                               env={**os.environ, _MARK: mark.partition("=")[2]})  # fmt: skip
    time.sleep(chance.random() * 30)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    publish.recover(place / name)
    kept = not manifest.check(place / name)[1]
    kept = kept and (place / name / manifest.NAME).read_bytes() == before
    again = subprocess.run(_BUILD, **_QUIET, check=False).returncode
    whole = not manifest.check(place / name)[1]
    same = (place / name / manifest.NAME).read_bytes() == before
    return kept and _all_ended(mark) and again == 0 and whole and same


def _all_ended(mark: str) -> bool:
    """Tell whether every process that inherited a mark has ended, within ten seconds."""
    for _ in range(100):
        if not any(mark in _environment(path) for path in Path("/proc").glob("[0-9]*")):
            return True
        time.sleep(0.1)
    return False


def _environment(process: Path) -> list[str]:
    try:
        return (process / "environ").read_text(errors="replace").split("\0")
    except OSError:  # it has ended, or is another user's
        return []


@contextmanager
def ground() -> Iterator[Ground]:
    """Lay out a place to experiment in."""
    with tempfile.TemporaryDirectory(prefix="faults-") as root:
        yield Ground(Path(root))


@contextmanager
def mounted(options: str) -> Iterator[Path]:
    """Mount a small file system."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        shutil.rmtree(folder)


FAULTS: dict[str, tuple[int, bool, Callable[[random.Random], bool]]] = {
    "killed while publishing": (30, False, killed_while_publishing),
    "two at once": (8, False, two_at_once),
    "clock set back": (4, False, clock_set_back),
    "disk full": (12, True, full_disk),
    "folder cannot be written": (6, True, read_only),
    "whole build killed": (6, False, whole_build_killed),
}


def main() -> None:
    """Inject every fault as often as wanted; end with an error if anything was left broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--without-builds", action="store_true", help="only faults that take seconds"
    )
    given = parser.parse_args()
    chance = random.Random(given.seed)  # noqa: S311  # no secret: the same seed, the same faults
    done: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    if not given.without_builds:
        subprocess.run(_BUILD, **_QUIET, check=True)  # what the builds that are killed would make
    for name, (times, needs_root, inject) in FAULTS.items():
        if (needs_root and os.geteuid() != 0) or (
            given.without_builds and inject is whole_build_killed
        ):
            print(f"{name}: left out" + (", needs root" if needs_root else ""))
            continue
        for _ in range(times):
            done[name] += 1
            broken[name] += not inject(chance)
        print(f"{name}: {done[name]} injected, {broken[name]} left something broken", flush=True)
    result = {"injected": done.total(), "broken": broken.total(), "faults": dict(done)}
    paths.BUILD.mkdir(exist_ok=True)
    (paths.BUILD / "faults.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{done.total()} faults injected, {broken.total()} left something broken")
    sys.exit(bool(broken.total()))


if __name__ == "__main__":
    main()
