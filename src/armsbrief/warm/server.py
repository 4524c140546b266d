"""The process that has the libraries and forks the kernels.

One thread, one loop, nothing that blocks: a client that says nothing or half a
sentence holds up nobody. The server ends when its parent has ended and its last
kernel has, or at once when told to with nothing left to serve.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from armsbrief.warm import preload
from armsbrief.warm.kernel import IPKernelApp, Start, finish, prepare
from armsbrief.warm.meeting import locked, peer
from armsbrief.warm.protocol import Launch, Reader, WarmError, frame

_CHUNK = 65536


class Client:
    """One connection: first a question, then the kernel that answers it.

    Parameters
    ----------
    connection : socket.socket
        Not blocking.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.reader = Reader()
        self.output: list[int] = []
        self.kernel = 0
        self.kernel_handle = -1
        pid, self.user = peer(connection)
        self.handle = os.pidfd_open(pid)

    def tell(self, **message: object) -> None:
        """Send a short message; a client that is gone misses nothing."""
        with suppress(OSError):
            self.connection.send(frame(message))

    def close(self) -> None:
        """Give back all descriptors."""
        self.connection.close()
        self.close_output()
        self.close_handles()

    def close_output(self) -> None:
        """Give back the client's standard output and error."""
        for number in self.output:
            os.close(number)
        self.output = []

    def close_handles(self) -> None:
        """Stop watching client and kernel."""
        for number in (self.handle, self.kernel_handle):
            if number >= 0:
                os.close(number)
        self.handle = self.kernel_handle = -1


class Server:
    """The loop.

    Parameters
    ----------
    listener : socket.socket
        Bound and listening.
    parent : int
        Process id of the one that started us.
    path : pathlib.Path
        Of the socket, to be removed at the end.
    imported : dict
        Environment variables that the libraries set.
    """

    def __init__(
        self, listener: socket.socket, parent: int, path: Path, imported: dict[str, str]
    ) -> None:
        self.listener = listener
        self.path = path
        self.imported = imported
        self._place = path.stat()
        self.files = preload.own_files()
        self.clients: set[Client] = set()
        self.retired = False
        self.selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._parent = os.pidfd_open(os.getppid())
        self._watch(self._parent, self._retire)
        self._watch(self._woken, self._retire)
        self._watch(listener, self._accept)
        self._watch_signals()
        if os.getppid() != parent:  # it ended while we imported
            self._retire()

    def serve(self) -> Start | None:
        """Serve to the end; in each fork, return at once with what it is to become."""
        while not self.retired or any(client.kernel for client in self.clients):
            for key, _ in self.selector.select():
                if self.selector.get_map().get(key.fileobj) is not key:
                    continue  # closed on account of an earlier event of this round
                if start := key.data():
                    return start  # type: ignore[no-any-return]  # typed where it is registered
        self._close()
        return None

    def _watch(self, source: int | socket.socket, act: Callable[[], Start | None]) -> None:
        self.selector.register(source, selectors.EVENT_READ, act)

    def _watch_signals(self) -> None:
        self._wake.setblocking(False)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def _accept(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        try:
            client = Client(connection)
        except OSError:  # gone already
            connection.close()
            return
        if client.user != os.getuid():
            client.close()
            return
        self.clients.add(client)
        self._watch(connection, lambda: self._read(client))

    def _read(self, client: Client) -> Start | None:
        try:
            data, given, _, _ = socket.recv_fds(
                client.connection, _CHUNK, 2, socket.MSG_CMSG_CLOEXEC
            )
            client.output += given
            for message in client.reader.feed(data):
                return self._launch(client, Launch.checked(message))
        except WarmError as error:
            client.tell(refused=error.message)
            data = b""
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data or len(client.output) > 2:
            self._drop(client)
        return None

    def _launch(self, client: Client, launch: Launch) -> Start | None:
        if len(client.output) != 2:
            raise WarmError("a launch comes with standard output and error.")
        if alive := preload.threads():
            raise WarmError(f"threads that a fork would lose are alive: {', '.join(alive)}.")
        server = os.getpid()
        try:
            client.kernel = os.fork()
        except OSError as error:
            raise WarmError(f"the system allows no more processes: {error.strerror}.") from error
        if client.kernel == 0:
            return self._become(
                Start(launch, client.connection, client.output, server, self.files, self.imported)
            )
        client.close_output()
        client.tell(pid=client.kernel)
        client.kernel_handle = os.pidfd_open(client.kernel)
        self.selector.unregister(client.connection)
        self._watch(client.kernel_handle, lambda: self._reap(client))
        self._watch(client.handle, lambda: self._orphan(client))
        return None

    def _become(self, start: Start) -> Start:
        """In the fork: let go of everything that is the server's."""
        signal.set_wakeup_fd(-1)
        self.selector.close()
        self._wake.close()
        self._woken.close()
        self.listener.close()
        os.close(self._parent)
        for client in self.clients:
            client.close_handles()
            if client.connection is not start.connection:
                client.close()
        return start

    def _reap(self, client: Client) -> None:
        _, status = os.waitpid(client.kernel, 0)
        client.tell(exit=os.waitstatus_to_exitcode(status))
        self._drop(client)

    def _orphan(self, client: Client) -> None:
        """A kernel ends with its client; ours cannot see that by itself, as it is our child."""
        self.selector.unregister(client.handle)
        for kill in (os.killpg, os.kill):  # the group may not be there yet
            with suppress(ProcessLookupError):
                kill(client.kernel, signal.SIGKILL)

    def _drop(self, client: Client) -> None:
        for source in (client.connection, client.handle, client.kernel_handle):
            with suppress(KeyError, ValueError):
                self.selector.unregister(source)
        self.clients.discard(client)
        client.close()

    def _retire(self) -> None:
        """Take nobody new: those who wait find a closed door, and start a server of their own."""
        for source in (self._parent, self._woken, self.listener):
            with suppress(KeyError):
                self.selector.unregister(source)
        self.retired = True
        self._remove_socket()
        self.listener.close()
        for client in [client for client in self.clients if not client.kernel]:
            self._drop(client)

    def _remove_socket(self) -> None:
        with suppress(OSError, WarmError), locked(self.path.parent):
            # Another server may have taken the place: then the socket is not ours.
            if self.path.exists() and os.path.samestat(self.path.stat(), self._place):
                self.path.unlink()
            self.path.parent.rmdir()

    def _close(self) -> None:
        self.selector.close()
        os.close(self._parent)


def main() -> tuple[Callable[[], None], Callable[[], None]] | None:
    """Preload, then serve; in a fork, get ready to be a kernel.

    The arguments are: descriptor of the listening socket, process id of the
    parent, path of the socket, and libraries to leave out.

    Returns
    -------
    tuple of callables or None
        In a fork the kernel's life and its end; None where the server has ended.
    """
    number, parent, path, *without = sys.argv[1:]
    try:
        imported = preload.preload(without)
    except preload.UnfitError as error:
        os.set_inheritable(int(number), True)
        os.execv(sys.executable, [*sys.orig_argv, str(error)])  # noqa: S606  # ourselves, anew
    listener = socket.socket(fileno=int(number))
    listener.set_inheritable(False)
    if start := Server(listener, int(parent), Path(path), imported).serve():
        prepare(start)
        return IPKernelApp.launch_instance, finish
    return None
