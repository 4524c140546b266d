"""One server for all that a build or a test session runs."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from armsbrief.warm import meeting
from armsbrief.warm.protocol import WarmError

NAME = "armsbrief-warm"
_SWITCH = "JUPYTER_DEFAULT_PROVISIONER_NAME"
_said: set[str] = set()


def say(reason: object) -> None:
    """Tell a person, once in this process, that kernels are not warm, and why."""
    if not _said:
        _said.add(str(reason))
        logging.getLogger("armsbrief.warm").warning("Notebooks use ordinary kernels: %s", reason)


def refuse_platform() -> None:
    """Let only those systems through where a kernel can be a safe fork.

    Raises
    ------
    WarmError
        Naming what is missing.
    """
    if sys.platform != "linux" or not hasattr(os, "fork"):
        raise WarmError(f"forking is not safe on {sys.platform}; only Linux can.")
    if not hasattr(os, "pidfd_open") or not Path("/proc/self/task").is_dir():
        raise WarmError("this Linux has no pidfd_open or no /proc.")
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        raise WarmError(f"pidfd_open: {error.strerror}.") from error


@contextmanager
def serving(for_many: bool = False) -> Iterator[None]:
    """Switch warm kernels on, with one server for this process and all below it.

    Where they cannot be had, that is said once and ordinary kernels are used.
    Inside another `serving()`, also one of a parent process, that one is used.

    Parameters
    ----------
    for_many : bool
        Whether each notebook will run many times: then it is worth the wait that the
        server imports what few of them use.
    """
    try:
        refuse_platform()
    except WarmError as reason:
        say(reason)
        yield
        return
    if meeting.FOLDER in os.environ:
        with _switched({_SWITCH: NAME}):
            yield
        return
    folder = Path(tempfile.mkdtemp(prefix="armsbrief-warm-"))
    try:
        with _switched({_SWITCH: NAME, meeting.FOLDER: str(folder)}):
            _start_early(for_many)
            yield
    finally:
        meeting.stop(folder)
        with suppress(OSError):  # a server that a child started goes, and sweeps, with the child
            folder.rmdir()


def _start_early(for_many: bool) -> None:
    """Let the server import while its user still prepares."""
    from jupyter_client.manager import KernelManager

    from armsbrief.warm.provisioner import interpreter

    command = KernelManager(kernel_name="python3").format_kernel_cmd()
    try:
        meeting.Meeting(interpreter(command), os.environ, for_many).connect().close()
    except WarmError as reason:
        say(reason)


@contextmanager
def _switched(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables, and the choice that Jupyter may have read from them already."""
    from jupyter_client.provisioning import KernelProvisionerFactory

    before = {name: os.environ.get(name) for name in variables}
    factory = KernelProvisionerFactory.instance()
    chosen = factory.default_provisioner_name
    os.environ.update(variables)
    factory.default_provisioner_name = NAME
    try:
        yield
    finally:
        factory.default_provisioner_name = chosen
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
