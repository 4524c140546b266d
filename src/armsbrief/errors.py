"""The errors that a person is meant to read."""

from __future__ import annotations


class ArmsbriefError(Exception):
    """Something a person can put right; the message says what and how.

    Parameters
    ----------
    message : str
        What is wrong, with the value found and the value expected.
    next_command : str, optional
        What to type next.
    """

    def __init__(self, message: str, next_command: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_command = next_command

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Keep both parts on the way from a worker."""
        return type(self), (self.message, self.next_command)

    def __str__(self) -> str:
        """Message, and on a line of its own the next command."""
        return f"{self.message}\n  Next: {self.next_command}" if self.next_command else self.message


class DataError(ArmsbriefError):
    """A table, a source or a snapshot is not what it should be."""


class ParameterError(ArmsbriefError):
    """A parameter is unknown, of the wrong type or out of its allowed set."""


class NotebookError(ArmsbriefError):
    """A notebook failed, or recorded something it must not."""


class LedgerError(ArmsbriefError):
    """A claim, fact, verdict or reference does not resolve."""


class ProseError(ArmsbriefError):
    """The text of the book says something that no fact backs."""


class SweepError(ArmsbriefError):
    """A sweep cannot be run or finished; what it finished before is kept."""


class FetchError(ArmsbriefError):
    """A source did not answer as it should; nothing was changed."""


class NotPublished(FetchError):
    """The source says that there is no such release (yet)."""
