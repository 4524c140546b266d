"""A kernel as its client sees it: like `subprocess.Popen`, though it is the server's child."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from armsbrief.warm.protocol import Launch, MalformedError, Reader, WarmError, frame

_CHUNK = 65536
_GLANCE = 0.005  # seconds between two looks; a waiting reader would miss a close by another


class PortTakenError(WarmError):
    """Another program took one of the kernel's ports between choice and use."""


class GoneError(WarmError):
    """The server ended before it heard us."""


class WarmProcess:
    """A forked kernel; the part of `subprocess.Popen` that Jupyter uses.

    Parameters
    ----------
    connection : socket.socket
        To the server; the kernel's end is announced on it.
    """

    stdin = stdout = stderr = None  # as for an ordinary kernel: the client has no pipes to it

    def __init__(self, connection: socket.socket) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self._connection = connection
        self._reader = Reader()
        self._bound = False

    async def start(self, launch: Launch, output: Sequence[int | None] = (None, None)) -> None:
        """Ask for the kernel and wait until it listens, or has ended.

        Parameters
        ----------
        launch : Launch
            What to ask for.
        output : sequence of int or None
            Descriptors for its standard output and error, None for our own.

        Raises
        ------
        WarmError
            If the server refuses or goes away; PortTakenError if new ports help.
        """
        loop = asyncio.get_running_loop()
        self._connection.setblocking(False)
        try:
            # Descriptors travel with the first byte, the rest may come in pieces.
            data = frame(launch.message())
            _send_with_output(self._connection, data[:1], output)
            await loop.sock_sendall(self._connection, data[1:])
            while not self._bound and self.returncode is None:
                self._take(await loop.sock_recv(self._connection, _CHUNK))
        except OSError as error:
            self._end(-signal.SIGKILL)
            raise GoneError(f"the server of warm kernels went away: {error}.") from error
        except asyncio.CancelledError:
            self.abandon()
            raise
        if not self.pid:
            raise GoneError("the server of warm kernels ended before the launch.")

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while the kernel runs."""
        while self.returncode is None:
            try:
                self._take(self._connection.recv(_CHUNK, socket.MSG_DONTWAIT))
            except BlockingIOError:
                break
            except OSError:
                self._take(b"")
        return self.returncode

    async def ended(self) -> int:
        """Wait for the end without holding up the event loop, and return the status."""
        while (status := self.poll()) is None:
            await asyncio.sleep(_GLANCE)
        return status

    def wait(self) -> int:
        """Wait for the end and return the status."""
        while (status := self.poll()) is None:
            time.sleep(_GLANCE)
        return status

    def send_signal(self, signum: int) -> None:
        """Send a signal, unless the kernel has ended."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel."""
        self.send_signal(signal.SIGKILL)

    def abandon(self) -> None:
        """Leave nothing of a kernel that nobody waits for any more."""
        if self.pid:
            self.kill()
        self._connection.close()

    def _take(self, data: bytes) -> None:
        if not data:  # the server is dead, and its kernels are killed with it
            self._end(-signal.SIGKILL)
            return
        try:
            for message in self._reader.feed(data):
                self._heed(message)
        except MalformedError:
            self._end(-signal.SIGKILL)
            raise

    def _heed(self, message: dict[str, Any]) -> None:
        if "refused" in message:
            self._end(-signal.SIGKILL)
            raise WarmError(f"{message['refused']}")
        self.pid = int(message.get("pid", self.pid))
        self._bound = self._bound or bool(message.get("bound"))
        if "exit" in message:
            self._end(int(message["exit"]))
        if message.get("bound") is False:
            self._end(1)
            raise PortTakenError("a port of the kernel is taken.")

    def _end(self, status: int) -> None:
        self.returncode = status
        self._connection.close()


def _send_with_output(connection: socket.socket, data: bytes, output: Sequence[int | None]) -> None:
    """Send data with the descriptors that the kernel is to write to."""
    null = os.open(os.devnull, os.O_RDWR)
    wanted = [own if given is None else given for own, given in enumerate(output, start=1)]
    try:
        numbers = [n if n != subprocess.DEVNULL and _is_open(n) else null for n in wanted]
        socket.send_fds(connection, [data], numbers)
    finally:
        os.close(null)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
