"""What the tab key offers where parsers and rules are named."""

import pytest
from click.shell_completion import BashComplete

from modelaudit.cli.completion import VARIABLE
from modelaudit.cli.group import cli


def offered(*words: str, end: str) -> list[str]:
    return [item.value for item in BashComplete(cli, {}, "modelaudit", VARIABLE).get_completions(list(words), end)]


@pytest.mark.parametrize("option", ["--scanners", "--exclude-scanner"])
def test_parsers_are_offered_by_their_ids(option) -> None:
    assert offered("scan", option, end="safet") == ["safetensors"]
    assert offered("scan", option, end="zip,safet") == ["zip,safetensors"]


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_rules_are_offered_by_their_ids(option) -> None:
    assert offered("scan", option, end="MA102")[:2] == ["MA1021", "MA1022"]
    assert offered("scan", option, end="MA1001,MA1021") == ["MA1001,MA1021"]
