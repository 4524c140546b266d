"""Draw Vega-Lite specifications as SVG: here, or in one process that all kernels of a build share.

The drawing engine takes most of a second to get ready, in every process that
uses it. So a build starts one *drawing process* beside the kernels and names its
socket in `ARMSBRIEF_DRAWING`. The engine gives the same bytes wherever it runs;
where the process cannot be reached, a kernel draws by itself.

The process keeps what it has drawn: most charts of a notebook that runs again
are what they were.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import font_lato

from armsbrief import paths

FONT_FOLDER = Path(font_lato.__path__[0]) / "files"
VARIABLE = "ARMSBRIEF_DRAWING"
OFF = "off"  # in place of a socket: only numbers are wanted, and no charts
_CHUNK = 1 << 16
_PATIENCE = 60.0  # seconds for a drawing, and for a question to arrive whole
_SERVER = "from armsbrief.drawing import main; main()"
_FIRST = {"$schema": "https://vega.github.io/schema/vega-lite/v6.1.json", "mark": "point",
          "data": {"values": [{}]}}  # fmt: skip


def is_off() -> bool:
    """Tell whether charts are left out: a sweep reads facts and nothing else."""
    return os.environ.get(VARIABLE) == OFF


def svg(specification: dict[str, Any]) -> str:
    """Return the SVG of a Vega-Lite specification.

    Raises
    ------
    ValueError
        If the specification names no version or cannot be drawn.
    """
    if place := os.environ.get(VARIABLE):
        with suppress(OSError):
            if answer := _asked(place, json.dumps(specification).encode()):
                return answer.decode()
    return _drawn_here(specification)


def _drawn_here(specification: dict[str, Any]) -> str:
    import vl_convert

    font_ready()
    return str(vl_convert.vegalite_to_svg(specification, vl_version=_version(specification)))


@cache
def font_ready() -> None:
    """Draw with a font that comes with the package, and in one time zone, on every machine.

    The engine reads the zone once, when it first draws: an axis of years would
    otherwise depend on the summer times of wherever the brief is built.
    """
    import vl_convert

    os.environ["TZ"] = "UTC"

    vl_convert.register_font_directory(str(FONT_FOLDER))


def _version(specification: dict[str, Any]) -> str:
    named = specification.get("$schema") if isinstance(specification, dict) else specification
    match = re.search(r"/v(\d+)\.(\d+)", str(named))
    if match is None:
        raise ValueError(f"no Vega-Lite version in {named!r}")
    return ".".join(match.groups())


def _asked(place: str, question: bytes) -> bytes:
    """Return what the drawing process answers; nothing if it cannot draw this."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_PATIENCE)
        connection.connect(place)
        connection.sendall(question)
        connection.shutdown(socket.SHUT_WR)
        return _received(connection)


def _received(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(_CHUNK), b""))


@contextmanager
def serving(use_cache: bool = True) -> Iterator[None]:
    """Start a drawing process for this process and all below it; inside another, use that one.

    Parameters
    ----------
    use_cache : bool
        Whether it may take a drawing from an earlier build.
    """
    if VARIABLE in os.environ or not hasattr(os, "pidfd_open"):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="armsbrief-drawing-") as folder:
        place = os.path.join(folder, "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(place)
            listener.listen(128)
            server = _started(listener, str(paths.CACHE / "drawings") if use_cache else "")
        os.environ[VARIABLE] = place
        try:
            yield
        finally:
            del os.environ[VARIABLE]
            server.kill()
            server.wait()


def _started(listener: socket.socket, kept: str) -> subprocess.Popen[bytes]:
    number = str(listener.fileno())
    return subprocess.Popen(
        [sys.executable, "-c", _SERVER, number, str(os.getpid()), kept], pass_fds=[int(number)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def main() -> None:
    """Draw what is asked for, one after the other, until the parent ends."""
    number, parent, kept = sys.argv[1:]
    ended = os.pidfd_open(os.getppid())
    with socket.socket(fileno=int(number)) as listener:
        if os.getppid() != int(parent):  # it was killed before we could watch it
            _sweep(listener.getsockname())
            return
        _drawn_here(_FIRST)  # the engine gets ready while the kernels do
        while ended not in select.select([listener.fileno(), ended], [], [])[0]:
            with suppress(OSError):
                _answer(listener.accept()[0], Path(kept) if kept else None)
        _sweep(listener.getsockname())


def _sweep(place: str) -> None:
    """Remove what a parent that was killed could not."""
    with suppress(OSError):
        os.unlink(place)
        os.rmdir(os.path.dirname(place))


def _answer(connection: socket.socket, kept: Path | None) -> None:
    """Answer one question; with nothing where it has no answer: the kernel then finds out why."""
    with connection, suppress(ValueError):
        connection.settimeout(_PATIENCE)
        question = _received(connection)
        place = kept / f"{_digest(question + _engine())[:32]}.svg" if kept else None
        if answer := _found(place):
            connection.sendall(answer)
            return
        answer = _drawn_here(json.loads(question)).encode()
        connection.sendall(answer)
        if place:
            _keep(answer, place)


@cache
def _engine() -> bytes:
    """Name what decides how a specification looks."""
    return " ".join(version(name) for name in ("vl-convert-python", "font-lato")).encode()


def _found(place: Path | None) -> bytes:
    """Return what was kept; nothing if that is not there, or not whole."""
    try:
        digest, _, answer = place.read_bytes().partition(b"\n") if place else (b"", b"", b"")
    except OSError:
        return b""
    return answer if digest.decode(errors="replace") == _digest(answer) else b""


def _keep(answer: bytes, place: Path) -> None:
    """Keep a drawing for the next build; where there is no room for it, that one draws again."""
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(_digest(answer).encode() + b"\n" + answer)
        temporary.replace(place)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
