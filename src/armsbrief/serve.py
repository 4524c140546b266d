"""`armsbrief serve`: show the site on this machine, build on save, refresh the browser.

The pages allow no script but the site's own files, so the one that waits for the
next build is a file too, added to pages on their way out and to nothing on disk.
"""

from __future__ import annotations

import functools
import http.server
import io
import math
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

import watchfiles

from armsbrief import build, drawing, paths, publish, warm
from armsbrief.errors import ArmsbriefError
from armsbrief.pool import ended_with_us

_WATCHED = ("book", "notebooks", "data", "editions", "_config.yml", "_toc.yml", "index.md")
# Imported once for all builds.
_PRELOAD = [
    "armsbrief.build", "frictionless", "ipykernel.kernelspec", "papermill", *publish.SHARED,
    "weasyprint",
]  # fmt: skip
_SETTLE = 200  # milliseconds without another save
_TICK = 100  # milliseconds between two looks at the clock
_PAUSE = 4.0  # seconds without a save, after which the PDF follows
_HOLD = 25.0  # seconds that a browser waits for the next build before it asks again
_OURS = "/.armsbrief/"
_TAG = f'<script src="{_OURS}refresh.js" defer></script></body>'.encode()
_HOSTS = ("127.0.0.1", "localhost")
_REFRESH = f"""(function () {{
  "use strict";
  function wait(build) {{
    var next = document.createElement("script");
    next.src = "{_OURS}changed.js?since=" + build;
    next.onerror = function () {{ setTimeout(wait, 1000, build); }};
    document.head.appendChild(next);
  }}
  window.armsbriefWait = wait;
  // Not sooner: a page is not loaded while a script of it is on its way.
  window.addEventListener("load", function () {{ setTimeout(wait, 0, %d); }});
}})();
"""


class Builds:
    """The number of good builds so far, and a way to wait for the next."""

    def __init__(self) -> None:
        self.number = 0
        self._changed = threading.Condition()

    def add(self) -> None:
        """Let everyone who waits know of a good build."""
        with self._changed:
            self.number += 1
            self._changed.notify_all()

    def after(self, number: int) -> bool:
        """Wait for a build after this one; tell whether it came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self.number > number, _HOLD)


class Handler(http.server.SimpleHTTPRequestHandler):
    """The site as it is on disk, its pages with one script more."""

    def __init__(self, *words: Any, builds: Builds, **options: Any) -> None:
        self.builds = builds
        super().__init__(*words, **options)

    def do_GET(self) -> None:
        """Answer with a file, or with one of our two scripts."""
        host = self.headers.get("Host", "").rpartition(":")[0]
        if host not in _HOSTS:  # another site's page that calls this machine by its own name
            self.send_error(HTTPStatus.FORBIDDEN, "This address is for this machine only")
        elif self.path.startswith(_OURS):
            self._send_script()
        else:
            super().do_GET()

    def _send_script(self) -> None:
        if self.path == f"{_OURS}refresh.js":
            script = _REFRESH % self.builds.number
        else:
            since = self.path.rpartition("=")[2]
            number = int(since) if since.isdigit() else 0
            came = self.builds.after(number)
            script = "location.reload();" if came else f"window.armsbriefWait({number});"
        self._send(script.encode(), "text/javascript")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Answer a page with the script that refreshes it, anything else as it is."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() and self.path.endswith("/") else path
        if path.suffix != ".html" or not path.is_file():
            return super().send_head()
        page = path.read_bytes().replace(b"</body>", _TAG)
        self._send(page, "text/html")
        return None

    def end_headers(self) -> None:
        """Let the browser keep nothing: the next build may differ."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *words: Any) -> None:
        """Say nothing of single requests."""


def serve(port: int, say: Callable[[str], None]) -> None:
    """Build and serve until interrupted.

    Parameters
    ----------
    port : int
        On 127.0.0.1; 0 takes any that is free.
    say : callable
        Told what happens, a line at a time.

    Raises
    ------
    ArmsbriefError
        If the port is taken.
    """
    builds = Builds()
    handler = functools.partial(Handler, directory=str(paths.BUILD / "html"), builds=builds)
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise ArmsbriefError(f"port {port} cannot be used: {error.strerror}.",
                             "armsbrief serve --port 0") from error  # fmt: skip
    multiprocessing.set_forkserver_preload(_PRELOAD)
    # The libraries are imported once for all builds.
    with server, warm.serving(for_many=True), drawing.serving():
        threading.Thread(target=server.serve_forever, daemon=True).start()
        say(f"Serving http://127.0.0.1:{server.server_address[1]}/ until Ctrl+C")
        try:
            _follow(builds, say)
        except KeyboardInterrupt:
            say("Stopped")
        finally:
            server.shutdown()


def _follow(builds: Builds, say: Callable[[str], None]) -> None:
    """Build all at once, the site on every save, and the PDF when nothing more is saved.

    What is saved during a build, the first one too, is built after it.
    """
    watched = [paths.ROOT / name for name in _WATCHED]
    due = 0.0  # when all is to be built
    for changes in watchfiles.watch(
        *watched, debounce=_SETTLE, step=50, rust_timeout=_TICK, yield_on_timeout=True,
        raise_interrupt=True,
    ):  # fmt: skip
        if changes:
            names = sorted({os.path.relpath(path, paths.ROOT) for _, path in changes})
            say(f"Changed: {', '.join(names)}")
            is_good = _build(builds, False, say)
            due = time.monotonic() + _PAUSE if is_good else math.inf
        elif time.monotonic() >= due:
            _build(builds, True, say)
            due = math.inf


def _build(builds: Builds, with_paper: bool, say: Callable[[str], None]) -> bool:
    """Build in a process of its own, which knows nothing of the last; tell whether it went well."""
    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool, ended_with_us():
            pool.submit(_built, with_paper).result()
    except (ArmsbriefError, BrokenProcessPool) as error:
        say(f"armsbrief: {error}\nThe last good build is still served")
        return False
    builds.add()
    say("Built the site and the PDF" if with_paper else "Built the site; the PDF follows")
    return True


def _built(with_paper: bool) -> None:
    build.build(with_paper=with_paper)
