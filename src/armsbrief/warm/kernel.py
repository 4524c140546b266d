"""Turn a fork of the server into what an ordinary kernel is."""

from __future__ import annotations

import ctypes
import errno
import gc
import importlib
import os
import random
import signal
import socket
import sys
import tempfile
import time
import types
from dataclasses import dataclass
from typing import Any

import ipykernel_launcher  # type: ignore[import-untyped]  # it has no types
import zmq
from ipykernel import kernelapp
from traitlets import default

from armsbrief.warm import preload
from armsbrief.warm.protocol import Launch, frame

_PR_SET_PDEATHSIG = 1
_PATIENCE = 2.0  # seconds for the last message to be answered


@dataclass
class Start:
    """All that a fork needs to become a kernel.

    Parameters
    ----------
    launch : Launch
        What the client asked for.
    connection : socket.socket
        To the client.
    output : list of int
        The client's standard output and error.
    server : int
        Process id of the server.
    files : dict
        Our own code as it was when it was imported.
    imported : dict
        Environment variables that the libraries set.
    """

    launch: Launch
    connection: socket.socket
    output: list[int]
    server: int
    files: dict[str, tuple[int, int]]
    imported: dict[str, str]


class IPKernelApp(kernelapp.IPKernelApp):  # type: ignore[misc]  # ipykernel is not checked here
    """An ordinary kernel that says when it listens; its log shows the class's name."""

    connection: socket.socket | None = None

    @default("parent_handle")
    def _server(self) -> int:
        """Return whose end the kernel is to watch for: the server minds the client's."""
        return os.getppid()

    def initialize(self, argv: Any = None) -> None:
        """Initialize as usual, then let the client know that its messages will be heard."""
        try:
            super().initialize(argv)
        except zmq.ZMQError as error:
            if error.errno == errno.EADDRINUSE:
                self._tell(bound=False)
                sys.exit(1)  # the client asks again, with other ports
            raise
        if "__mp_main__" in sys.modules:  # its other name for children of multiprocessing
            sys.modules["__mp_main__"] = sys.modules["__main__"]
        self._tell(bound=True)

    def _tell(self, bound: bool) -> None:
        if self.connection is not None:
            self.connection.send(frame({"bound": bound}))
            self.connection.close()


def prepare(start: Start) -> None:
    """Become in all but name an interpreter that the client has just started."""
    _belong(start.server)
    _inherit(start)
    _renew(start)
    IPKernelApp.connection = start.connection


def finish() -> None:
    """Let the kernel's control channel finish before its output thread is stopped.

    ipykernel stops that thread first, as an exit function. The last answer may
    then wait for a flush that never comes: about one ordinary kernel in twenty
    hangs so, until Jupyter kills it 2.5 s later.
    """
    control = IPKernelApp.instance().control_thread if IPKernelApp.initialized() else None
    if control and control.is_alive():
        control.stop()
        control.join(_PATIENCE)


def _belong(server: int) -> None:
    """Lead a session, as ordinary kernels do, and end with the server."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:  # it ended before we asked to be told
        os._exit(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _inherit(start: Start) -> None:
    """Take over what a child of the client would have inherited."""
    launch = start.launch
    for number, given in enumerate(start.output, start=1):
        os.dup2(given, number)
        os.close(given)
    os.environ.clear()
    os.environ.update(launch.env | start.imported)
    time.tzset()
    os.umask(launch.umask)
    os.chdir(launch.cwd)


def _renew(start: Start) -> None:
    """Make anew what an interpreter makes as it starts."""
    command = start.launch.command
    place = command.index("ipykernel_launcher")
    sys.orig_argv = list(command)
    sys.argv = [str(ipykernel_launcher.__file__), *command[place + 1 :]]
    sys.modules["__main__"] = types.ModuleType("__main__")
    tempfile.tempdir = None
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    if multiprocessing := sys.modules.get("multiprocessing.process"):
        multiprocessing.ORIGINAL_DIR = os.getcwd()  # type: ignore[attr-defined]  # private
    preload.forget_if_changed(start.files)
    importlib.invalidate_caches()
    gc.enable()
