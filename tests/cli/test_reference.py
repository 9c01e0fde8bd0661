"""The reference pages name everything that there is."""

import json
from pathlib import Path

import click
import pytest

from modelaudit.cli.group import COMMANDS, cli

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")


def every_command():
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", command.commands[inner]) for inner in command.commands)


ALL = list(every_command())
LEAVES = [pair for pair in ALL if not isinstance(pair[1], click.Group)]


@pytest.mark.parametrize(("name", "command"), ALL, ids=lambda value: str(value))
def test_every_command_has_a_help_with_an_example(name: str, command: click.Command) -> None:
    assert command.help is not None
    assert f"modelaudit {name}" in command.help


@pytest.mark.parametrize(("name", "command"), LEAVES, ids=lambda value: str(value))
def test_every_option_stands_in_the_reference(name: str, command: click.Command) -> None:
    assert f"`{name}" in PAGE or f"modelaudit {name}" in PAGE
    for parameter in command.params:
        for option in parameter.opts if isinstance(parameter, click.Option) else ():
            assert f"`{option}" in PAGE, option


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_commands_say(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.short_help == COMMANDS[name][1]


def test_every_field_of_the_report_stands_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "json-report.md").read_text(encoding="utf-8")
    schema = json.loads((ROOT / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
    fields = set(schema["properties"])
    for definition in schema["$defs"].values():
        fields |= set(definition["properties"])
    missing = sorted(field for field in fields if f"`{field}`" not in page)
    assert missing == []
