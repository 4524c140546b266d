"""The file that says over which parameters to sweep."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from armsbrief import paths
from armsbrief.errors import SweepError

Value = str | int | float | bool


class Grid(BaseModel):
    """A grid, as its file describes it.

    Parameters
    ----------
    cross : dict
        For each parameter its values; every combination is run.
    sets : list of dict
        Combinations run besides, each written out.
    notebooks : list of str
        Names of the notebooks to run; all if empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cross: dict[str, list[Value]] = Field(default_factory=dict)
    sets: list[dict[str, Value]] = Field(default_factory=list)
    notebooks: list[str] = Field(default_factory=list)

    def expanded(self) -> list[dict[str, Value]]:
        """Return all combinations, each once, in the order of the file."""
        crossed = [dict(zip(self.cross, values, strict=True))
                   for values in product(*self.cross.values())] if self.cross else []  # fmt: skip
        found: list[dict[str, Value]] = []
        for combination in [*crossed, *self.sets]:
            if combination and combination not in found:
                found.append(combination)
        return found

    def paths(self) -> list[Path]:
        """Return the notebooks to run.

        Raises
        ------
        SweepError
            If there is none of that name.
        """
        known = {path.stem: path for path in sorted(paths.NOTEBOOKS.glob("*.ipynb"))}
        names = [Path(name).stem for name in self.notebooks] or list(known)
        if unknown := [name for name in names if name not in known]:
            raise SweepError(
                f"notebooks {', '.join(unknown)} are in the grid; there are: {', '.join(known)}."
            )
        return [known[name] for name in dict.fromkeys(names)]


def read(path: Path) -> Grid:
    """Read a grid.

    Raises
    ------
    SweepError
        If it cannot be read, says something unknown, or is empty.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        grid = Grid.model_validate(_dates_as_text(content if content is not None else {}))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise SweepError(f"{path}: cannot be read as a grid: {error}") from error
    if not grid.expanded():
        raise SweepError(
            f"{path}: the grid is empty; expected values under 'cross', for example "
            "as_of: [2025-04-17, 2026-11-23], or combinations under 'sets'."
        )
    return grid


def _dates_as_text(content: Any) -> Any:
    """YAML turns 2025-04-17 into a date; parameters are text."""
    if isinstance(content, dict):
        return {key: _dates_as_text(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_dates_as_text(value) for value in content]
    return content.isoformat() if isinstance(content, date) else content
