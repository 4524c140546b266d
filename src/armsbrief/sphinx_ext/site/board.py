"""The buttons over the board of verdicts; they need a script and appear with it."""

from __future__ import annotations

from collections.abc import Iterable


def button(value: str, words: str, count: int) -> str:
    """Return one choice."""
    checked = " checked" if value == "all" else ""
    said = words if value == "all" else f'<span class="verdict verdict-{value}">{words}</span>'
    choice = f'<input type="radio" name="verdict" value="{value}"{checked}>'
    return f"<label>{choice}{said}&nbsp;({count})</label>"


def fieldset(buttons: Iterable[str]) -> str:
    """Return the group of choices."""
    legend = "<legend>Show</legend>"
    return f'<fieldset class="filter scripted" hidden>{legend}{"".join(buttons)}</fieldset>'
