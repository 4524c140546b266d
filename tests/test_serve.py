"""Save a page, and the browser shows it."""

from __future__ import annotations

import importlib.util
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests
from playwright.sync_api import Browser, expect
from support import INTERRUPTIBLE, Brief, copied

from armsbrief import serve

_PATIENCE = 180  # seconds for a build on a busy machine


@dataclass
class Serving:
    """A brief that is served while a test edits it."""

    root: Path
    address: str
    process: subprocess.Popen[str]
    said: queue.Queue[str]

    def hears(self, words: str) -> str:
        """Read what it says, up to a line with these words."""
        heard = ""
        while words not in heard:
            try:
                heard += self.said.get(timeout=_PATIENCE)
            except queue.Empty:
                raise AssertionError(f"{words!r} was not said: {heard}") from None
        return heard

    def page(self, name: str) -> str:
        return requests.get(f"{self.address}{name}", timeout=10).content.decode()


def _add(root: Path, sentence: str) -> None:
    with (root / "book" / "limits.md").open("a", encoding="utf-8") as text:
        text.write(f"\n{sentence}\n")


@pytest.fixture(scope="module")
def serving(brief: Brief, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    root = copied(tmp_path_factory.mktemp("serve") / "copy", memory_of=brief.root)
    process = subprocess.Popen(
        [*INTERRUPTIBLE, sys.executable, "-u", "-m", "armsbrief", "serve", "--port", "0"],
        cwd=root, text=True, stdout=subprocess.PIPE, env={**os.environ, "ARMSBRIEF_ROOT": str(root)},
    )  # fmt: skip
    said: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: [said.put(line) for line in process.stdout or ()]).start()
    address = re.search(r"http://127\.0\.0\.1:\d+/", said.get(timeout=_PATIENCE))
    assert address
    served = Serving(root, address.group(), process, said)
    time.sleep(3)  # the first build has begun
    _add(root, "A sentence saved meanwhile.")
    served.hears("Built the site and the PDF")
    yield served
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_what_was_saved_during_the_first_build_is_built_after_it(serving: Serving) -> None:
    assert "Changed: book/limits.md" in serving.hears("Built the site; the PDF follows")
    assert "A sentence saved meanwhile." in serving.page("book/limits.html")
    serving.hears("Built the site and the PDF")


def test_the_site_is_served_and_its_files_are_as_built(serving: Serving) -> None:
    built = (serving.root / "_build" / "html" / "index.html").read_text("utf-8")
    assert "armsbrief/refresh.js" not in built
    assert serving.page("").replace('<script src="/.armsbrief/refresh.js" defer></script>', "") == built  # fmt: skip


def test_an_open_page_shows_what_was_saved(serving: Serving, browser: Browser) -> None:
    """Also where the page allows no script but files of its own site."""
    page = browser.new_page()
    strict = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'"
    page.route("**/*.html", lambda route: route.fulfill(
        response=(answer := route.fetch()),
        headers={**answer.headers, "content-security-policy": strict},
    ))  # fmt: skip
    page.goto(f"{serving.address}book/limits.html")
    expect(page.locator("body")).not_to_contain_text("A sentence that was just saved.")
    _add(serving.root, "A sentence that was just saved.")
    expect(page.locator("body")).to_contain_text(
        "A sentence that was just saved.", timeout=_PATIENCE * 1000
    )
    page.close()
    serving.hears("Built the site; the PDF follows")


def test_a_page_that_does_not_build_is_told_and_the_last_good_one_stays(serving: Serving) -> None:
    path = serving.root / "book" / "limits.md"
    good = path.read_text("utf-8")
    path.write_text(good + "\nOf 316,270 weapons nobody knows more.\n", encoding="utf-8")
    said = serving.hears("The last good build is still served")
    assert "book/limits.md:" in said
    assert "Of 316,270 weapons" in said
    assert "A sentence that was just saved." in serving.page("book/limits.html")
    path.write_text(good, encoding="utf-8")
    serving.hears("Built the site and the PDF")


def _that_forks_kernels(serving: Serving) -> list[int]:
    children = psutil.Process(serving.process.pid).children(recursive=True)
    return [child.pid for child in children if "warm.server" in " ".join(child.cmdline())]


def test_changed_data_are_shown_and_the_libraries_are_not_imported_again(serving: Serving) -> None:
    before = _that_forks_kernels(serving)
    table = serving.root / "data" / "tables" / "equipment.csv"
    good = table.read_text("utf-8")
    table.write_text(good.replace(",7.12,", ",7.50,", 1), encoding="utf-8")
    serving.hears("Built the site; the PDF follows")
    assert "$7.50 billion" in serving.page("")
    assert _that_forks_kernels(serving) == before
    assert len(before) == 1
    table.write_text(good, encoding="utf-8")
    serving.hears("Built the site and the PDF")


def test_what_is_imported_once_for_all_builds_can_be_imported() -> None:
    """A server that forks passes over a name that it does not find."""
    assert [name for name in serve._PRELOAD if importlib.util.find_spec(name) is None] == []


def test_another_name_for_this_machine_is_refused(serving: Serving) -> None:
    """A page on the web could otherwise read the unpublished brief."""
    port = serving.address.rstrip("/").rpartition(":")[2]
    answer = requests.get(serving.address, headers={"Host": f"evil.example:{port}"}, timeout=10)
    assert answer.status_code == 403


def test_a_port_that_is_taken_is_said(serving: Serving) -> None:
    port = serving.address.rstrip("/").rpartition(":")[2]
    ran = subprocess.run(
        [sys.executable, "-m", "armsbrief", "serve", "--port", port], cwd=serving.root, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert f"port {port} cannot be used" in ran.stderr
    assert "armsbrief serve --port 0" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_ctrl_c_ends_it_at_once_and_leaves_nothing_running(serving: Serving) -> None:
    _add(serving.root, "Another sentence.")
    serving.hears("Changed: ")
    below = psutil.Process(serving.process.pid).children(recursive=True)
    serving.process.send_signal(signal.SIGINT)
    assert serving.process.wait(10) == 0
    assert psutil.wait_procs(below, timeout=30)[1] == []
