"""Editions: a name, the parameters of the notebooks, and a note; one short YAML file each."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from armsbrief import paths
from armsbrief.errors import ArmsbriefError
from armsbrief.parameters import check

# The line of a notebook's parameters cell, as JSON keeps it.
_DEFAULT = re.compile(r'("as_of: Date = \\")[0-9-]+(\\")')


class Edition(BaseModel):
    """One edition, as its file describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$")
    parameters: dict[str, str | int | float | bool]
    note: str


def names() -> list[str]:
    """Return the names of all editions, oldest first."""
    return sorted(path.stem for path in paths.EDITIONS.glob("*.yml"))


def default() -> Edition:
    """Return the newest edition."""
    return read(names()[-1])


def read(name: str) -> Edition:
    """Read one edition.

    Raises
    ------
    ArmsbriefError
        If there is none of that name, or its file is malformed.
    """
    if name not in names():
        raise ArmsbriefError(
            f"edition {name!r} was asked for; there are: {', '.join(names())}.",
            f"armsbrief build --edition {names()[-1]}",
        )
    path = paths.EDITIONS / f"{name}.yml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        edition = Edition.model_validate(_dates_as_text(content))
    except (yaml.YAMLError, ValidationError) as error:
        raise ArmsbriefError(f"{_shown(path)}: {error}") from error
    if edition.name != name:
        raise ArmsbriefError(
            f"{_shown(path)}: the name inside is {edition.name!r}; expected {name!r}."
        )
    return edition


def begin(day: str) -> Edition:
    """Begin an edition with a new knowledge date and the newest edition's other parameters.

    The notebooks' own default follows, so that what nbval runs is the newest
    edition.

    Parameters
    ----------
    day : str
        Knowledge date and name, YYYY-MM-DD.

    Raises
    ------
    ArmsbriefError
        If the day is no day, or not after the newest edition's.
    """
    require_later(day)
    newest = default()
    content = {
        "name": day,
        "parameters": {**newest.parameters, "as_of": day},
        "note": f"On all that was public by this day; the edition before it is {newest.name}.",
    }
    made = Edition.model_validate(content)
    for path in sorted(paths.NOTEBOOKS.glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        path.write_text(_DEFAULT.sub(rf"\g<1>{day}\g<2>", text), encoding="utf-8")
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (paths.EDITIONS / f"{day}.yml").write_text(text, encoding="utf-8")
    return made


def require_later(day: str) -> None:
    """Raise `ArmsbriefError` unless an edition can begin with this day."""
    newest = default().name
    if check("as_of", "Date", day) <= newest:
        raise ArmsbriefError(
            f"an edition of {day} cannot begin: the newest is {newest}; expected a later day.",
            f"armsbrief build --store  (goes on with the edition of {newest})",
        )


def require_known(day: str, today: date) -> None:
    """Raise `ArmsbriefError` unless what was public by a day can be known today."""
    if check("as_of", "Date", day) > today.isoformat():
        raise ArmsbriefError(
            f"an edition of {day} cannot begin: today is {today}, and what will be public by then "
            "nobody knows.",
            f"armsbrief build --begin {today}",
        )


def _shown(path: Path) -> str:
    return str(path.relative_to(paths.ROOT))


def _dates_as_text(content: Any) -> Any:
    """YAML turns 2025-04-17 into a date; parameters are text."""
    if isinstance(content, dict):
        return {key: _dates_as_text(value) for key, value in content.items()}
    return content.isoformat() if isinstance(content, date) else content
