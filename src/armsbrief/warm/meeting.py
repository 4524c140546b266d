"""Where client and server meet: a socket in a private folder, and who starts the server."""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from armsbrief.warm.preload import SELDOM
from armsbrief.warm.protocol import WarmError

FOLDER = "ARMSBRIEF_WARM"  # the variable by which one build's processes share a server
_BACKLOG = 128
_CREDENTIALS = struct.Struct("3i")  # process, user, group
_PATIENCE = 5.0  # seconds for a server to end that has no kernel left

# A process reads these once, as it starts or loads a library. A kernel that wants
# other values needs a server of its own: a fork cannot read them anew.
_READ_AT_START = (
    "PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_", "OMP_", "OPENBLAS_", "GOTO_", "MKL_",
    "NPY_", "MPL", "PYDEVD_",
)  # fmt: skip

# Not `-m`: that would put the client's folder first on the path while we import.
# The exit function comes before all imports, so that it is run after theirs. With `exec` as
# many frames lie below the kernel as below `-m`: the depth at which a runaway recursion stops
# can be seen in its traceback.
_SERVER = (
    "import atexit, sys; last = []; atexit.register(lambda: [act() for act in last]); "
    "sys.path[:1] = [p for p in sys.path[:1] if p]; "
    "from armsbrief.warm.server import main; from armsbrief.warm.leaving import when_done; "
    "life = main(); life and exec('when_done(last, *life)')"
)

_started: list[tuple[int, Path, subprocess.Popen[bytes]]] = []  # pid of the starter, socket, server


@dataclass(frozen=True)
class Meeting:
    """One place to meet: a server for one user, interpreter, working tree and environment.

    Parameters
    ----------
    interpreter : sequence of str
        The interpreter and its options.
    env : mapping
        The environment that the kernels are to have.
    for_many : bool
        Whether a server that is started imports also what few notebooks use.
    """

    interpreter: Sequence[str]
    env: Mapping[str, str]
    for_many: bool = False

    @property
    def folder(self) -> Path:
        """The private folder, given by `ARMSBRIEF_WARM` or one for each user."""
        if given := os.environ.get(FOLDER):
            return Path(given)
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        return (
            Path(runtime if os.path.isdir(runtime) else tempfile.gettempdir())
            / f"armsbrief-warm-{os.getuid()}"
        )

    @property
    def path(self) -> Path:
        """The socket, named after all that a fork cannot change."""
        fixed = {k: v for k, v in sorted(self.env.items()) if k.startswith(_READ_AT_START)}
        tree = str(Path(__file__).resolve().parent)
        identity = json.dumps([list(self.interpreter), sys.prefix, tree, fixed])
        return self.folder / hashlib.sha256(identity.encode()).hexdigest()[:16]

    def connect(self) -> socket.socket:
        """Return a connection to the server, which is started if there is none.

        Raises
        ------
        WarmError
            If the folder is not ours alone or no server can be started.
        """
        try:
            return _connected(self.path)
        except (FileNotFoundError, ConnectionRefusedError):
            return self._start()
        except OSError as error:
            raise WarmError(f"{self.path}: {error}.") from error

    def _start(self) -> socket.socket:
        try:
            with locked(self.folder):
                with suppress(FileNotFoundError, ConnectionRefusedError):
                    return _connected(self.path)  # another client was faster
                self.path.unlink(missing_ok=True)
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind(str(self.path))
                    listener.listen(_BACKLOG)
                    self._spawn(listener)
                return _connected(self.path)
        except OSError as error:
            raise WarmError(f"no server could be started at {self.path}: {error}.") from error

    def _spawn(self, listener: socket.socket) -> None:
        number = listener.fileno()
        without = () if self.for_many else SELDOM
        server = subprocess.Popen(
            [*self.interpreter, "-c", _SERVER, str(number), str(os.getpid()), str(self.path),
             *without],
            env=dict(self.env), pass_fds=[number], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _started[:] = [entry for entry in _started if entry[2].poll() is None]
        _started.append((os.getpid(), self.path, server))


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    if peer(connection)[1] != os.getuid():  # our environment is none of their business
        connection.close()
        raise WarmError(f"{path} belongs to another user.", f"rm -r {path.parent}")
    return connection


def peer(connection: socket.socket) -> tuple[int, int]:
    """Return process and user at the other end, as the system knows them."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    process, user, _ = _CREDENTIALS.unpack(data)
    return process, user


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder, which is made if need be, against other starting and ending servers.

    Raises
    ------
    WarmError
        If another user owns it or may enter it.
    """
    while True:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue  # a server that ended took it away in between
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            _refuse_shared(folder, os.fstat(handle))
            if _same(folder, handle):
                yield
                return
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)  # said aloud: a fork of us may hold a copy
            os.close(handle)


def _same(folder: Path, handle: int) -> bool:
    """Tell whether the folder still is the one that we locked."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.stat(folder), os.fstat(handle))
    return False


def _refuse_shared(folder: Path, status: os.stat_result) -> None:
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise WarmError(
            f"{folder} is not private: owner {status.st_uid}, mode "
            f"{stat.S_IMODE(status.st_mode):o}; expected owner {os.getuid()}, mode 700.",
            f"rm -r {folder}",
        )


def stop(folder: Path | None = None) -> None:
    """End the servers that this process started, or those of one folder.

    A server with kernels of other programs serves them to their end; one that
    does not end within five seconds is left to notice the end of this process,
    or killed if the folder is given, which is about to go.
    """
    ours = [(path, server) for pid, path, server in _started if pid == os.getpid()]
    chosen = [(path, server) for path, server in ours if folder in (None, path.parent)]
    for _, server in chosen:
        server.terminate()
    for path, server in chosen:
        try:
            server.wait(_PATIENCE if folder else _PATIENCE / 5)
        except subprocess.TimeoutExpired:
            if not folder:
                continue
            server.kill()
            server.wait()
        _sweep(path)


def _sweep(path: Path) -> None:
    """Remove what a server left that could not do so itself."""
    if not path.parent.exists():
        return
    with suppress(OSError, WarmError), locked(path.parent):
        with suppress(FileNotFoundError):
            try:
                _connected(path).close()
                return
            except ConnectionRefusedError:
                path.unlink()
        path.parent.rmdir()


atexit.register(stop)
