"""The documentation is tested: every command and every option stands in the README."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest
from support import armsbrief

from armsbrief import __version__, paths
from armsbrief.cli import cli

README = (paths.ROOT / "README.md").read_text(encoding="utf-8")


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield " ".join([*names, name]), command
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)


COMMANDS = dict(commands(cli))
OPTIONS = sorted({(name, option.opts[-1]) for name, command in COMMANDS.items()
                  for option in command.params if isinstance(option, click.Option)})  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"armsbrief {name}" in README


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_is_in_the_readme(name: str, option: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", README), f"{name} {option}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_explains_itself(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, option.name


def test_the_readme_names_no_command_that_there_is_not() -> None:
    named = set(re.findall(r"`(?:\.venv/bin/)?armsbrief ([a-z]+)", README))
    assert named <= {name.split()[0] for name in COMMANDS}


def test_the_two_commands_stand_on_the_first_screen_after_the_caveat() -> None:
    screen = "\n".join(README.splitlines()[:30])
    assert (
        screen.index("keep in mind first") < screen.index("make brief") < screen.index("make test")
    )


def test_help_and_version_are_printed() -> None:
    helped = armsbrief("--help", root=paths.ROOT)
    assert helped.returncode == 0
    for name in {name.split()[0] for name in COMMANDS}:
        assert name in helped.stdout
    assert __version__ in armsbrief("--version", root=paths.ROOT).stdout


def test_an_unknown_command_or_option_ends_with_usage_and_no_traceback() -> None:
    for words in (["bild"], ["build", "--fast"], ["build", "--jobs", "-1"]):
        ran = armsbrief(*words, root=paths.ROOT)
        assert ran.returncode == 2
        assert "Usage:" in ran.stderr
        assert "Traceback" not in ran.stderr


def test_what_the_makefile_does_is_in_the_readme() -> None:
    makefile = (paths.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):", makefile, flags=re.M)
    for target in set(targets) - {"lint"}:
        assert f"make {target}" in README
