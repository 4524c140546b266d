"""The kernel provisioner that Jupyter finds under the name `armsbrief-warm`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from armsbrief.warm.meeting import Meeting
from armsbrief.warm.process import GoneError, PortTakenError, WarmProcess
from armsbrief.warm.protocol import Launch, WarmError
from armsbrief.warm.session import refuse_platform, say

_LAUNCHER = ["-m", "ipykernel_launcher"]
_OUTPUT = ("stdout", "stderr")
_IMPOSSIBLE = subprocess.PIPE  # a pipe to us is Popen's to make
_ATTEMPTS = 3
_START = 120.0  # seconds for the server to import and the kernel to listen
_END = 1.0  # seconds to watch for a prompt end before Jupyter starts to poll

_given_up: set[int] = set()


class WarmProvisioner(LocalProvisioner):  # type: ignore[misc]  # jupyter_client is not checked here
    """Kernels forked from a process that has the libraries; ordinary ones where that fails.

    Everything about a running kernel is inherited from `LocalProvisioner`: the
    forked kernel only stands in for the process that it would have started.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        """Fork a kernel, or start an ordinary one where that is not possible.

        Parameters
        ----------
        cmd : list of str
            The ordinary command line.
        **kwargs
            As for `subprocess.Popen`; with more than `env`, `cwd`, `stdout` and
            `stderr` the kernel is an ordinary one.

        Returns
        -------
        dict
            The connection information.
        """
        if os.getpid() not in _given_up and _is_plain(cmd, self._scrub_kwargs(kwargs)):
            try:
                refuse_platform()
                return await self._fork(cmd, kwargs)
            except WarmError as reason:
                _given_up.add(os.getpid())
                say(reason)
        connection: dict[str, Any] = await super().launch_kernel(cmd, **kwargs)
        return connection

    async def _fork(self, cmd: list[str], options: Mapping[str, Any]) -> dict[str, Any]:
        env = {**options["env"], "JPY_PARENT_PID": str(os.getpid())}
        cwd = options.get("cwd") or os.getcwd()
        launch = Launch(list(cmd), env, os.path.abspath(cwd), _umask())
        output = [_descriptor(options.get(name)) for name in _OUTPUT]
        process = await self._started(Meeting(interpreter(cmd), env), launch, output)
        self.process = process
        self.pid = self.pgid = process.pid  # each kernel leads a session of its own
        self.cwd = cwd
        info: dict[str, Any] = self.connection_info
        return info

    async def _started(
        self, meeting: Meeting, launch: Launch, output: Sequence[int | None]
    ) -> WarmProcess:
        """Start the kernel, again if the server was just ending or a port was taken."""
        for attempt in range(1, _ATTEMPTS + 1):
            process = WarmProcess(meeting.connect())
            try:
                async with asyncio.timeout(_START):
                    await process.start(launch, output)
                return process
            except PortTakenError:
                await self._other_ports(launch.env)
            except TimeoutError:
                raise WarmError(f"no warm kernel within {_START:.0f} s.") from None
            except GoneError:
                if attempt == _ATTEMPTS:
                    raise
        raise WarmError("the ports of a kernel were taken, again and again.")

    async def _other_ports(self, env: dict[str, str]) -> None:
        """Choose new ports: two programs may pick the same before either uses it."""
        await self.cleanup()
        self.ports_cached = False
        self.parent.cleanup_connection_file()
        await self.pre_launch(env=env)

    async def wait(self) -> int | None:
        """Wait for the end of the kernel; return its status, as `poll` does."""
        if isinstance(self.process, WarmProcess):
            await self.process.ended()
        status: int | None = await super().wait()
        return status

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Notice a prompt end at once."""
        await self._notice_end()

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and its group, and notice the end at once."""
        await super().kill(restart=restart)
        await self._notice_end()

    async def _notice_end(self) -> None:
        """Watch for the end: Jupyter itself looks only every 0.1 s."""
        if isinstance(self.process, WarmProcess):
            with suppress(TimeoutError):
                async with asyncio.timeout(_END):
                    await self.process.ended()


def interpreter(command: Sequence[str]) -> list[str]:
    """Return the part of a kernel's command line before the launcher."""
    return list(command[: _launcher(command)])


def _launcher(command: Sequence[str]) -> int:
    places = range(1, len(command) - 1)
    return next((i for i in places if list(command[i : i + 2]) == _LAUNCHER), 0)


def _is_plain(command: Sequence[str], options: Mapping[str, Any]) -> bool:
    """Tell whether this is our interpreter's kernel, without anything that a fork cannot give."""
    env = options.get("env") or {}
    relative = [
        p for p in env.get("PYTHONPATH", "").split(os.pathsep) if p and not os.path.isabs(p)
    ]
    return bool(
        _launcher(command)
        and command[0] == sys.executable
        and set(options) <= {"env", "cwd", *_OUTPUT}
        and all(_descriptor(options.get(name)) != _IMPOSSIBLE for name in _OUTPUT)
        and Path(options.get("cwd") or ".").is_dir()
        and not relative
        and env
    )


def _descriptor(value: Any) -> int | None:
    """Return what `subprocess.Popen` would make of it: None for our own stream."""
    if value is None or value == subprocess.DEVNULL:
        return value  # type: ignore[no-any-return]  # one of the two
    try:
        number = value if isinstance(value, int) else value.fileno()
    except (AttributeError, OSError):
        return _IMPOSSIBLE
    return number if number >= 0 else _IMPOSSIBLE


def _umask() -> int:
    """Return our umask without setting it, which would be seen by other threads."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o022
