"""What the two sides of the socket say: length-prefixed JSON, checked on arrival.

The client sends one `Launch`, with its standard output and error attached. Back
come, in this order: `{"pid": …}`, then from the kernel itself `{"bound": true}`,
and at its end `{"exit": status}`; or `{"refused": reason}`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from armsbrief.errors import ArmsbriefError

_LENGTH = struct.Struct("!I")
_LARGEST = 16 * 1024 * 1024  # bytes; Linux itself allows far less environment


class WarmError(ArmsbriefError):
    """No warm kernel can be had; the message says why."""


class MalformedError(WarmError):
    """The other side does not speak this protocol."""


@dataclass(frozen=True)
class Launch:
    """A kernel that a client asks for.

    Parameters
    ----------
    command : list of str
        The ordinary command line; its part after the launcher is obeyed.
    env : dict
        The whole environment of the kernel.
    cwd : str
        Its working directory.
    umask : int
        Its file mode creation mask.
    """

    command: list[str]
    env: dict[str, str]
    cwd: str
    umask: int

    def message(self) -> dict[str, Any]:
        """Return what goes over the socket."""
        return asdict(self)

    @classmethod
    def checked(cls, message: dict[str, Any]) -> Launch:
        """Make a launch of what came over the socket.

        Raises
        ------
        MalformedError
            If a part is missing, unknown or of the wrong type.
        """
        expected = {field.name for field in fields(cls)}
        if set(message) != expected:
            raise MalformedError(f"a launch has {sorted(expected)}, not {sorted(message)}.")
        launch = cls(**message)
        words = [*_list(launch.command), *_items(launch.env), launch.cwd]
        if not all(isinstance(word, str) and "\0" not in word for word in words):
            raise MalformedError("command, env and cwd of a launch are text without NUL.")
        if not launch.command or not isinstance(launch.umask, int):
            raise MalformedError("a launch has a command, and a number for its umask.")
        return launch


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise MalformedError("the command of a launch is a list.")
    return value


def _items(value: Any) -> list[Any]:
    if not isinstance(value, dict) or any(not key or "=" in key for key in value):
        raise MalformedError("the env of a launch is a mapping of names to values.")
    return [*value, *value.values()]


def frame(message: dict[str, Any]) -> bytes:
    """Return a message as bytes, its length first."""
    body = json.dumps(message).encode()
    return _LENGTH.pack(len(body)) + body


class Reader:
    """Messages out of bytes, however the bytes were cut on their way."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Yield the messages that are complete now.

        Raises
        ------
        MalformedError
            If it is too long, or no JSON object.
        """
        self._rest += data
        while len(self._rest) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._rest)
            if length > _LARGEST:
                raise MalformedError(f"a message of {length} bytes; at most {_LARGEST}.")
            end = _LENGTH.size + length
            if len(self._rest) < end:
                return
            body, self._rest = self._rest[_LENGTH.size : end], self._rest[end:]
            yield _object(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"a message that is no JSON: {error}.") from None
    if not isinstance(message, dict):
        raise MalformedError("a message that is no JSON object.")
    return message
