"""A client for kernels that listen as soon as they are launched."""

from __future__ import annotations

import asyncio
import os
import sys
from queue import Empty

from jupyter_client.asynchronous import AsyncKernelClient
from traitlets.config import Config

_ANSWER = 1.0  # seconds until a question is asked again
_LONGEST = 96  # bytes of a socket's path without its number, on the strictest of systems
_GREETING = 0.2  # seconds for the output channel to say that it is connected


class PromptClient(AsyncKernelClient):  # type: ignore[misc]  # jupyter_client is not checked here
    """Ready as soon as an answer has come through the output channel.

    The ordinary client then listens for 0.2 s more, in case other answers are on
    their way. They do no harm: nbclient heeds only what belongs to its own cell.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers and its output reaches us.

        Parameters
        ----------
        timeout : float, optional
            In seconds.

        Raises
        ------
        RuntimeError
            If the kernel ends or does not answer in time, as from the ordinary client.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._hears(None, _GREETING)
                while not await self._hears(self.kernel_info(), _ANSWER):
                    if not await self.is_alive():
                        raise RuntimeError("Kernel died before replying to kernel_info")
        except TimeoutError:
            raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds") from None

    async def _hears(self, question: str | None, patience: float) -> bool:
        """Tell whether a question is done with, or any message comes if there is none."""
        try:
            while question:
                message = await self.iopub_channel.get_msg(timeout=patience)
                idle = message["content"].get("execution_state") == "idle"
                if idle and message["parent_header"].get("msg_id") == question:
                    return True
            await self.iopub_channel.get_msg(timeout=patience)
        except Empty:
            return False
        return True


def prompt(folder: str = "") -> Config:
    """Return the configuration by which nbclient's kernel manager uses this client.

    Parameters
    ----------
    folder : str, optional
        A private folder, for one kernel alone. The kernel then listens at files
        in it, which only this user can open, not at ports, which every user
        can; unless their path is longer than the system allows.

    Returns
    -------
    traitlets.config.Config
        For papermill and nbclient: `config=prompt()`.
    """
    options = {"client_class": f"{PromptClient.__module__}.{PromptClient.__qualname__}"}
    place = os.path.join(folder, "k")
    if folder and sys.platform != "win32" and len(os.fsencode(place)) < _LONGEST:
        options |= {"transport": "ipc", "ip": place}
    return Config({"KernelManager": options})
