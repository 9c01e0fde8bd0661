"""What goes to stdout and stderr, and how it looks there."""

import io
import sys

import pytest

from modelaudit.cli import console


class Stream(io.TextIOWrapper):
    def __init__(self, terminal: bool = False, encoding: str = "utf-8") -> None:
        self.raw = io.BytesIO()
        self.terminal = terminal
        super().__init__(self.raw, encoding=encoding, errors="strict")

    def isatty(self) -> bool:
        return self.terminal

    def text(self) -> str:
        return self.raw.getvalue().decode("utf-8")


@pytest.fixture
def environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("terminal", "variables", "colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (True, {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_unless_the_environment_says_otherwise(
    environment, terminal: bool, variables: dict[str, str], colour: bool
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    environment.setattr(sys, "stdout", Stream(terminal))
    assert console.terminal_view(verbose=False, quiet=False).colour is colour


def test_headlines_are_whole_in_a_pipe_and_wrapped_where_a_width_is_known(environment) -> None:
    environment.setattr(sys, "stdout", Stream())
    assert console.terminal_view(verbose=False, quiet=False).whole_headlines
    environment.setenv("COLUMNS", "60")
    view = console.terminal_view(verbose=False, quiet=False)
    assert (view.width, view.whole_headlines) == (60, False)
    environment.setenv("COLUMNS", "500")
    assert console.terminal_view(verbose=False, quiet=False).width == console.WIDEST


def test_signs_that_the_stream_lacks_are_written_plainly(environment) -> None:
    stream = Stream(encoding="ascii")
    environment.setattr(sys, "stdout", stream)
    console.write_stdout("a · b … 漢\n")
    assert stream.text() == "a - b ... \\u6f22\n"


def test_messages_escape_what_a_file_name_may_hold(environment) -> None:
    stream = Stream()
    environment.setattr(sys, "stderr", stream)
    console.complain("file not found: a\x1b[2J\u202e.pkl\nsecond line")
    assert stream.text() == "error: file not found: a\\x1b[2J\\u202e.pkl\nsecond line\n"


def test_lines_that_a_command_says_wrap_with_a_hanging_indent(environment) -> None:
    stream = Stream()
    environment.setattr(sys, "stdout", stream)
    environment.setenv("COLUMNS", "40")
    console.say("MA1001  critical  exec-import: a title that is rather long\n  x", hang=8)
    assert stream.text() == "MA1001  critical  exec-import: a title\n        that is rather long\n  x\n"
