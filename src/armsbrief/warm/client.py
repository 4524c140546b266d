"""A client for kernels that listen as soon as they are launched."""

from __future__ import annotations

import asyncio
from queue import Empty

from jupyter_client.asynchronous import AsyncKernelClient
from traitlets.config import Config

_ANSWER = 1.0  # seconds until a question is asked again
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


def prompt() -> Config:
    """Return the configuration by which nbclient's kernel managers use this client.

    Returns
    -------
    traitlets.config.Config
        For papermill and nbclient: `config=prompt()`.
    """
    name = f"{PromptClient.__module__}.{PromptClient.__qualname__}"
    return Config({"KernelManager": {"client_class": name}})
