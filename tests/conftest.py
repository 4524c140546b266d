"""What the tests share: copies of the brief, builds that several tests look at, a browser."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from filelock import FileLock
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright
from services import Server, answering
from small import small_brief
from support import Brief, built, built_plainly, copied, edit_cell, served

from armsbrief import data, paths

collect_ignore_glob = ["notebooks/*"]  # nbval would run the cases, most of which must fail

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

Once = Callable[[str, Callable[[Path], Any]], Any]

settings.register_profile("brief", deadline=None, max_examples=60)
settings.load_profile("brief")


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make something by its name, once for all processes of this run; each gets the same."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def made(name: str, make: Callable[[Path], Any]) -> Any:
        kept = shared / f"{name}.pickle"
        with FileLock(f"{kept}.lock"):
            if not kept.exists():
                kept.write_bytes(pickle.dumps(make(shared / name)))
        return pickle.loads(kept.read_bytes())  # noqa: S301  # written above

    return made


@pytest.fixture(scope="session")
def first(once: Once) -> Brief:
    """The first build of all, never changed: others follow in copies of it."""
    return cast(Brief, once("first", lambda folder: built(copied(folder / "copy"))))


def _copy_of(first: Brief, root: Path) -> Brief:
    shutil.copytree(first.root, root, symlinks=True)
    return Brief(root, root / "_build", first.said.replace(str(first.root), str(root)))


@pytest.fixture(scope="session")
def brief(first: Brief, tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """The default edition, built from a copy of this repository; each process has its own."""
    return _copy_of(first, tmp_path_factory.mktemp("brief") / "copy")


@pytest.fixture(scope="session")
def variants(once: Once, first: Brief) -> dict[str, Brief]:
    """Three more builds, side by side: each alone leaves a core idle for half of its time."""

    def made(folder: Path) -> dict[str, Brief]:
        plain = copied(folder / "plain", memory_of=first.root)
        costlier = _copy_of(first, folder / "costlier").root
        edit_cell(costlier, "equipment", "dod-2022-total-left", "value", "7.50")
        then = _copy_of(first, folder / "then").root
        with ThreadPoolExecutor() as pool:
            builds = {
                "costlier": pool.submit(built, costlier),
                "back then": pool.submit(built, then, "-p", "as_of=2025-04-17", out=folder / "out"),
                "plain": pool.submit(built_plainly, plain),
            }
        return {name: build.result() for name, build in builds.items()}

    return cast(dict[str, Brief], once("variants", made))


@pytest.fixture(scope="session")
def costlier(variants: dict[str, Brief]) -> Brief:
    """The brief where the Pentagon's 7.12 billion is 7.50 in the table."""
    return variants["costlier"]


@pytest.fixture(scope="session")
def back_then(variants: dict[str, Brief]) -> Brief:
    """The brief as it could have stood on the day of the op-ed."""
    return variants["back then"]


@pytest.fixture(scope="session")
def plain(variants: dict[str, Brief]) -> Brief:
    """The pages that a host of Jupyter Books would make: no build of ours, stored outputs."""
    return variants["plain"]


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the data that a test may spoil; code in this process reads it."""
    shutil.copytree(paths.DATA, tmp_path / "data")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "DATA", tmp_path / "data")
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "data" / "datapackage.json")
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    data.package.cache_clear()
    yield tmp_path
    data.package.cache_clear()


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small brief with made-up data, for tests to copy."""
    return small_brief(tmp_path_factory.mktemp("small") / "brief")


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """A small brief of a test's own."""
    return Path(shutil.copytree(original, tmp_path / "brief"))


@pytest.fixture
def server() -> Iterator[Server]:
    """All data services, on this machine."""
    server = Server()
    with answering(server):
        yield server


# Not for the session: its event loop would stay in the way of the tests that run kernels.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or else the one that Playwright brought."""
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def site(brief: Brief) -> Iterator[str]:
    """The address at which the built site is served."""
    with served(brief.html) as address:
        yield address
