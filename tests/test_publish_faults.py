"""Publishing that is cut off anywhere leaves the old edition or the new one, never a mixture."""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest

from armsbrief import execute, paths, publish
from armsbrief.pool import WorkerKilledError

sys.path.insert(0, str(paths.ROOT / "benchmarks"))
import break_builds as faults

STEPS = ("_copy", "_remove")


def _killed_at(step: int, made: Path, place: Path) -> None:
    """Publish in this process, which ends at a step as if the power were cut."""
    passed = 0

    def counted(real: object) -> object:
        def run(*words: object, **named: object) -> object:
            nonlocal passed
            passed += 1
            if passed > step:
                os._exit(9)
            return real(*words, **named)  # type: ignore[operator]

        return run

    for name in STEPS:
        setattr(publish, name, counted(getattr(publish, name)))
    execute.place_whole = counted(execute.place_whole)  # type: ignore[assignment]
    for method in ("rename", "unlink"):
        setattr(Path, method, counted(getattr(Path, method)))
    publish.swap_all([made / name for name in faults.RESULTS], place)
    os._exit(0)


def test_a_swap_killed_at_any_step_is_whole_after_the_next_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faults, "PAGES", 3)
    step, ended, seen = 0, 9, set()
    while ended == 9:
        with faults.ground() as here:
            process = get_context("fork").Process(
                target=_killed_at, args=(step, here.new, here.place)
            )
            process.start()
            process.join()
            ended = process.exitcode or 0
            publish.recover(here.place)
            seen.add(faults.is_whole(here.place))
            assert here.survives(), f"killed at step {step}"
            assert {path.name for path in here.place.glob(".*")} == {".swap.lock"}
        step += 1
    assert ended == 0
    assert seen == {"a", "b"}
    assert step > 15


def _limited(made: Path, place: Path) -> None:
    """Publish in this process, which may write no file beyond a size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    try:
        publish.swap_all([made / name for name in faults.RESULTS], place)
    except OSError:
        os._exit(1)
    os._exit(0)


def test_a_file_that_cannot_be_written_to_its_end_changes_nothing() -> None:
    with faults.ground() as here:
        process = get_context("fork").Process(target=_limited, args=(here.new, here.place))
        process.start()
        process.join()
        assert process.exitcode == 1
        assert faults.is_whole(here.place) == "a"
        assert here.survives()


@pytest.mark.parametrize("has_links", [True, False])
def test_what_did_not_change_is_linked_where_that_can_be_and_shared_with_nothing_afterwards(
    monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError("no links on this file system")

    if not has_links:
        monkeypatch.setattr(os, "link", refused)
    with faults.ground() as here:
        same, page = here.place / "html" / "same.css", here.place / "html" / "0.html"
        inode = same.stat().st_ino
        publish.swap_all([here.new / name for name in faults.RESULTS], here.place)
        assert faults.is_whole(here.place) == "b"
        assert (same.stat().st_ino == inode) is has_links
        assert page.read_bytes() == (here.new / "html" / "0.html").read_bytes()
        files = [path for path in here.place.parent.rglob("*") if path.is_file()]
        assert {path.stat().st_nlink for path in files} == {1}


# Only root may mount the small file systems that these two need.
MOUNTED = [faults.full_disk, faults.read_only] if os.geteuid() == 0 else []


@pytest.mark.parametrize("fault", [*MOUNTED, faults.two_at_once, faults.clock_set_back])
def test_a_fault_of_the_machine_leaves_a_whole_edition(
    fault: Callable[[random.Random], bool],
) -> None:
    chance = random.Random(3)  # noqa: S311  # no secret
    assert all(fault(chance) for _ in range(2))


def _killed(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_pages_whose_process_is_killed_end_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the system does where memory runs out."""
    monkeypatch.setattr(publish, "_site", _killed)
    with pytest.raises(WorkerKilledError, match="want of memory") as said:
        publish.publish(tmp_path, tmp_path / "ledger.json", "2026-01-01", with_paper=False)
    assert "Next:" in str(said.value)
