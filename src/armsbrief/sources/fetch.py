"""Fetch what a source has: with patience, with limits, and from nowhere but where it was asked.

Every failure ends in a `FetchError` that names the source, what came, what was
expected and what to do.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from armsbrief.errors import FetchError
from armsbrief.sources.attempt import Again, Attempt
from armsbrief.sources.request import LATER, Received, Request, quoted, refusal
from armsbrief.sources.settings import Settings

T = TypeVar("T")


class Client:
    """A session with the settings of one refresh.

    Parameters
    ----------
    settings : Settings
    say : callable
        Told what happens, a line at a time.
    bar : bool
        Whether a progress bar is shown.
    """

    def __init__(
        self, settings: Settings, say: Callable[[str], None] = lambda text: None, bar: bool = False
    ) -> None:
        self.settings, self.say, self.bar = settings, say, bar

    def get(self, request: Request, known: Mapping[str, Any] | None = None) -> Received:
        """Fetch one file.

        Parameters
        ----------
        request : Request
            What to fetch.
        known : mapping, optional
            Entry of an earlier manifest: the file is not sent again if unchanged.

        Raises
        ------
        NotPublished
            If the source answers 404, or another status that means the same there.
        FetchError
            On everything else that is not the file asked for.
        """
        return self._patiently(request, known or {}, Attempt.file)

    def _patiently(
        self, request: Request, known: Mapping[str, Any], take: Callable[[Attempt], T]
    ) -> T:
        """Try until it works, the tries are used up, or a wait is too long."""
        end = time.monotonic() + self.settings.limits.total
        for attempt in itertools.count():
            try:
                return take(Attempt(self.settings, request, known, end, self.bar))
            except Again as reason:
                wait = self._wait(request, reason, attempt, end)
                told = f"  {request.source}: {reason}; trying again in {wait:.0f} s"
                self.say(self.settings.redact(told))
                time.sleep(wait)
        raise AssertionError("itertools.count does not end")

    def _wait(self, request: Request, reason: Again, attempt: int, end: float) -> float:
        """Return the seconds to wait before the next try, or give up."""
        limits = self.settings.limits
        wait = limits.backoff * 2**attempt if reason.wait is None else reason.wait
        late = time.monotonic() + wait > end
        if attempt < limits.retries and wait <= limits.longest_wait and not late:
            return wait
        asked = f"; it asks to wait {wait:.0f} seconds" if reason.wait else ""
        tries = f" ({attempt + 1} tries)" if attempt else ""
        raise self.error(request, f"{reason}{asked}{tries}", reason.advice) from reason

    def json(self, request: Request) -> Any:
        """Fetch an answer in JSON and read it; nothing of it stays on disk.

        Raises
        ------
        FetchError
            As `get`, or if it is no JSON.
        """
        content = self._patiently(request, {}, Attempt.answer)
        try:
            return json.loads(content.decode("utf-8-sig"))
        except ValueError as error:
            came = f"an answer that is no JSON ({error}): {quoted(content)}"
            raise self.error(request, came) from error

    def error(
        self, request: Request, came: str, advice: str = LATER, kind: type[FetchError] = FetchError
    ) -> FetchError:
        """Return the error for a person: source, what came, what was expected, what to do."""
        return refusal(self.settings, request, came, advice, kind)


def settle(
    client: Client,
    answers: list[tuple[Request, Received]],
    known: Mapping[str, Mapping[str, Any]],
) -> list[Received] | None:
    """Return files that belong together, all of them on disk; None if all are as we know them.

    Parameters
    ----------
    client : Client
        Fetches again what is needed and not here.
    answers : list of Request and Received
        What was asked, and what came: a file that is unchanged may not be here any more.
    known : mapping
        Entries of the last manifest, by file name.
    """
    same = all(known.get(came.file, {}).get("sha256") == came.sha256 for _, came in answers)
    if same and {came.file for _, came in answers} == set(known):
        return None
    return [came if came.path else client.get(request) for request, came in answers]
