"""The types that a notebook's `parameters` cell may use, and the check of what is given.

papermill hands over whatever it is given: an unknown name, `"false"` for a
flag, text for a number. So every parameter is checked here, against the type
written in the cell, before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError

from armsbrief.errors import ParameterError


def _is_a_date(text: str) -> str:
    """Refuse texts such as 2025-02-30 that look like a date and are none."""
    date.fromisoformat(text)
    return text


Date = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_is_a_date)]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
Year = Annotated[int, Field(ge=1989, le=2100)]
Ratio = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
Restated = Literal["latest", "first"]
Counter = Literal["dod", "sigar"]
FieldSet = Literal["identify", "request", "full", "describe"]

TYPES: dict[str, tuple[Any, str]] = {
    "Date": (Date, "a date that exists, as YYYY-MM-DD"),
    "Month": (Month, "a month, as YYYY-MM"),
    "Year": (Year, "a whole year from 1989 to 2100"),
    "Ratio": (Ratio, "a number above 0 and at most 100"),
    "Restated": (Restated, "one of: " + ", ".join(get_args(Restated))),
    "Counter": (Counter, "one of: " + ", ".join(get_args(Counter))),
    "FieldSet": (FieldSet, "one of: " + ", ".join(get_args(FieldSet))),
    "bool": (bool, "true or false"),
    "int": (int, "a whole number"),
    "float": (Annotated[float, Field(allow_inf_nan=False)], "a number"),
    "str": (str, "text"),
}


@dataclass(frozen=True)
class Parameter:
    """One line of a `parameters` cell."""

    name: str
    type_name: str
    default: Any
    help: str


def declared(notebook: Path) -> dict[str, Parameter]:
    """Read the typed `parameters` cell of a notebook.

    Raises
    ------
    ParameterError
        If a parameter has no known type, or no one-line explanation.
    """
    import papermill  # slow to import, and not needed to judge or to publish

    found = {}
    for name, line in papermill.inspect_notebook(str(notebook)).items():
        type_name, help_text = line["inferred_type_name"], line["help"]
        if type_name not in TYPES or not help_text:
            raise ParameterError(
                f"{notebook.name}: parameter {name!r} has type {type_name!r} and explanation "
                f"{help_text!r}; expected one of {', '.join(TYPES)} and a comment after #."
            )
        default = yaml.safe_load(line["default"])
        found[name] = Parameter(name, type_name, str(default) if _is_text(type_name) else default,
                                help_text)  # fmt: skip
    return found


def _is_text(type_name: str) -> bool:
    return type_name in ("Date", "Month", "str")


def check(name: str, type_name: str, value: Any) -> Any:
    """Return the value in the declared type.

    Raises
    ------
    ParameterError
        Naming the parameter, what was given and what is allowed.
    """
    annotation, allowed = TYPES[type_name]
    given = str(value) if _is_text(type_name) and isinstance(value, date) else value
    try:
        return TypeAdapter(annotation).validate_python(given)
    except ValidationError as error:
        raise ParameterError(
            f"parameter {name!r}: {value!r} was given; allowed is {allowed}."
        ) from error


def assign(
    given: Mapping[str, Any], notebooks: Mapping[Path, Mapping[str, Parameter]]
) -> dict[Path, dict[str, Any]]:
    """Distribute the given parameters over the notebooks that declare them.

    Raises
    ------
    ParameterError
        If a name is declared by no notebook, or a value is not allowed.
    """
    known = {name for declared_here in notebooks.values() for name in declared_here}
    for name in given:
        if name not in known:
            raise ParameterError(
                f"parameter {name!r}: no notebook declares it; allowed is one of: "
                f"{', '.join(sorted(known))}."
            )
    return {
        path: {
            name: check(name, parameter.type_name, given[name])
            for name, parameter in declared_here.items()
            if name in given
        }
        for path, declared_here in notebooks.items()
    }
