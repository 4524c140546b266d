"""What the tests share: copies of the brief, builds that several tests look at, a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
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

settings.register_profile("brief", deadline=None, max_examples=60)
settings.load_profile("brief")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side, all that looks at the same builds goes to one process; a file stays whole."""
    for item in items:
        builds = "first" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("builds" if builds else item.path.name))


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """The first build of all; another follows in its place, where little is to be made anew."""
    return built(copied(tmp_path_factory.mktemp("first") / "copy"))


@pytest.fixture(scope="session")
def brief(first: Brief, tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """The default edition, built from a copy of this repository."""
    root = tmp_path_factory.mktemp("brief") / "copy"
    shutil.copytree(first.root, root, symlinks=True)
    return Brief(root, root / "_build", first.said.replace(str(first.root), str(root)))


@pytest.fixture(scope="session")
def variants(
    first: Brief, brief: Brief, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Brief]]]:
    """Three more builds, side by side: each alone leaves a core idle for half of its time."""
    plain_root = copied(tmp_path_factory.mktemp("plain") / "copy", memory_of=brief.root)
    edit_cell(first.root, "equipment", "dod-2022-total-left", "value", "7.50")
    then = tmp_path_factory.mktemp("then") / "out"
    with ThreadPoolExecutor() as pool:
        yield {
            "costlier": pool.submit(built, first.root),
            "back then": pool.submit(built, brief.root, "-p", "as_of=2025-04-17", out=then),
            "plain": pool.submit(built_plainly, plain_root),
        }


@pytest.fixture(scope="session")
def costlier(variants: dict[str, Future[Brief]]) -> Brief:
    """The brief where the Pentagon's 7.12 billion is 7.50 in the table."""
    return variants["costlier"].result()


@pytest.fixture(scope="session")
def back_then(variants: dict[str, Future[Brief]]) -> Brief:
    """The brief as it could have stood on the day of the op-ed."""
    return variants["back then"].result()


@pytest.fixture(scope="session")
def plain(variants: dict[str, Future[Brief]]) -> Brief:
    """The pages that a host of Jupyter Books would make: no build of ours, stored outputs."""
    return variants["plain"].result()


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
