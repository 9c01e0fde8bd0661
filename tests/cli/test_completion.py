"""What a shell is told when somebody presses the tab key."""

import shutil
import subprocess

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from modelaudit.cli.completion import SHELLS, VARIABLE, completion
from modelaudit.cli.group import COMMANDS, cli


def offered(*words: str, end: str) -> list[tuple[str, str]]:
    found = BashComplete(cli, {}, "modelaudit", VARIABLE).get_completions(list(words), end)
    return [(item.type, item.value) for item in found]


def test_commands_options_and_values_are_offered() -> None:
    assert offered(end="")[: len(COMMANDS)] == [("plain", name) for name in COMMANDS]
    assert offered(end="sca") == [("plain", "scan")]
    assert offered("scan", end="--form") == [("plain", "--format")]
    assert offered("scan", "--format", end="s") == [("plain", "sarif")]
    assert offered("scan", "--policy", end="st") == [("plain", "strict")]
    assert offered("rules", end="cov") == [("plain", "coverage")]


@pytest.mark.parametrize(
    "words", [(), ("scan",), ("scan", "-o"), ("scan", "--policy"), ("scan", "--rules"), ("scan", "--config")]
)
def test_where_a_path_may_stand_the_shell_looks_for_files(words) -> None:
    assert offered(*words, end="./mod") == [("file", "./mod")]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script_that_it_can_read(shell) -> None:
    script = CliRunner().invoke(completion, [shell], standalone_mode=False).stdout
    assert f"{VARIABLE}={shell}_complete" in script
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=script, text=True, check=True)
