"""Files beside a model that hide what they make other programs do, or are made to be slow to read."""

import json

import pytest

from modelaudit.engine.facts import Code, Fact, Limit, Metadata, Reference
from modelaudit.parsers import keys
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.plain.text import parse_text
from modelaudit.parsers.project import packages, parse
from modelaudit.parsers.project.cells import plain
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.repository import source

REGISTRY = Registry.load()
EVIL = 'import os; os.system("id")'
INDEX = "http://index.example/simple"
TASK = {"label": "a", "type": "shell", "command": "run me", "runOptions": {"runOn": "folderOpen"}}


def formats(data: bytes) -> set[str]:
    return set(REGISTRY.recognise(data[:4096], BytesReader(data), "").formats)


def facts(data: bytes, format: str) -> list[Fact]:
    return [fact for fact in parse(Input("m", BytesReader(data), format), Context()) if isinstance(fact, Fact)]


def limits(found: list[Fact]) -> list[str]:
    return [fact.what for fact in found if isinstance(fact, Limit) and fact.by == "file"]


def commands(data: bytes, format: str) -> list[str]:
    return [fact.value for fact in facts(data, format) if isinstance(fact, Metadata) and fact.key == "command"]


def cell(text: str) -> dict:
    return {"cell_type": "code", "source": [text], "metadata": {}, "outputs": [], "execution_count": None}


def notebook(*cells: dict, **more: object) -> bytes:
    return json.dumps({**more, "cells": list(cells), "nbformat": 4, "nbformat_minor": 5}).encode()


def calls(data: bytes) -> set[str]:
    return {name for fact in facts(data, "notebook") if isinstance(fact, Code) for name in fact.calls}


# Notebooks


@pytest.mark.parametrize(
    "text",
    [
        EVIL + "  # ok?",
        "import os\n%time os.system('id')",
        "import os\n%timeit -n 1 -r1 os.system('id')",
        "import os\n%%time\nos.system('id')",
        "%%timeit import os; os.system('id')\n1",
        "import os\nx = os.system('id')\nos?\nx = os.path??",
    ],
)
def test_python_behind_magics_and_questions_is_read(text: str) -> None:
    assert "os.system" in calls(notebook(cell(text)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%%perl\nsystem('id')", "system('id')"),
        ("%%script bash -c 'id'", "bash -c 'id'"),
        ("!id \\\n  -a\nx = 1", "id    -a"),
        ("get_ipython().system('id')", "id"),
        ("get_ipython().getoutput('i' + 'd')", "id"),
        ("get_ipython().run_cell_magic('bash', '', 'id')", "id"),
        ("get_ipython().run_line_magic('sx', 'id')", "sx id"),
        ("%pip install x", "pip install x"),
    ],
)
def test_commands_of_a_shell_are_told_however_they_are_written(text: str, said: str) -> None:
    assert said in [text.strip() for text in commands(notebook(cell(text)), "notebook")]


@pytest.mark.parametrize("text", ["x = a ? b", "print('what?')", "f(x)?", "# what?"])
def test_only_questions_for_help_are_taken_out(text: str) -> None:
    assert plain(text) == (text, [])


def test_a_cell_behind_many_is_read() -> None:
    assert "os.system" in calls(notebook(*[{}] * 10_001, cell(EVIL)))


def test_a_notebook_is_one_wherever_its_keys_stand() -> None:
    data = json.dumps({"a": "x" * 5000, "nbformat": 4, "cells": [cell(EVIL)], "metadata": {}, "b": "x" * 5000}).encode()
    assert "notebook" in formats(data)
    assert "notebook" in formats(b'{"cells": [], "nb\\u0066ormat": 4}')
    assert "notebook" not in formats(b'{"a": "' + b"x" * 9000 + b'", "nbformat": 4}')


def test_a_notebook_by_its_name_is_read_as_one() -> None:
    data = notebook(cell(EVIL))
    found = list(parse_text(Input("m.ipynb", BytesReader(data), "text", extension=".ipynb"), Context()))
    assert any(isinstance(fact, Code) for fact in found)


def test_code_that_is_not_read_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = notebook(cell("a = 1\n" * 100), cell("a = 1\n" * 100))
    assert limits(facts(data, "notebook")) == []
    monkeypatch.setattr("modelaudit.parsers.project.notebook.TOKENS_MAX", 500)
    assert limits(facts(data, "notebook")) == ["tokens"]
    monkeypatch.setattr("modelaudit.parsers.project.notebook.COMMANDS_MAX", 2)
    shell = notebook(cell("!a\n!b\n!c"))
    assert limits(facts(shell, "notebook")) == ["commands"]
    monkeypatch.setattr(source, "FOUND_MAX", 3)
    assert limits(facts(notebook(cell("a()\nb()\nc()\nd()")), "notebook")) == ["source"]


# Requirements


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f"-i{INDEX}", "index-url"),
        (f"-i {INDEX}", "index-url"),
        (f"--extra-index {INDEX}", "extra-index-url"),
        (f"--extra={INDEX}", "extra-index-url"),
        (f"--pypi-url {INDEX}", "index-url"),
        (f"--pre --extra-index-url {INDEX}", "extra-index-url"),
        (f'--no-binary=:all: -f "{INDEX}"', "find-links"),
        (f"-r {INDEX}", "requirement"),
        (f"--constraint={INDEX}", "constraint"),
        (f"-c{INDEX}", "constraint"),
    ],
)
def test_options_are_those_that_pip_takes_them_for(line: str, key: str) -> None:
    data = f"torch==2.0\nwheels/x.whl\n{line}\n".encode()
    assert "python-requirements" in formats(data)
    found = [fact for fact in facts(data, "python-requirements") if isinstance(fact, Reference)]
    assert (INDEX, key) in [(fact.target, fact.key) for fact in found]


def test_a_line_behind_many_is_read() -> None:
    data = b"torch==2.0\n" + b"#\n" * 20_000 + f"-i {INDEX}\n".encode()
    assert INDEX in [fact.target for fact in facts(data, "python-requirements") if isinstance(fact, Reference)]


def test_packages_that_are_not_read_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"torch==2.0\n" + b"# a\n" * 300_000
    assert limits(facts(data, "python-requirements")) == ["size"]
    monkeypatch.setattr(packages, "ITEMS_MAX", 3)
    assert limits(facts(b"a==1\nb==1\nc==1\n", "python-requirements")) == []
    assert limits(facts(b"a==1\nb==1\nc==1\nd==1\n", "python-requirements")) == ["packages"]


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "1" * 5000,
        "a." * 20_000 + "b = 1",
        "[" + "a . " * 20_000 + "b]",
        'x = {"a"' + '."a"' * 20_000 + " = 1}",
        "x = " + "[" * 5000,
    ],
    ids=["integer", "key", "table", "quoted", "deep"],
)
def test_toml_that_is_made_to_be_slow_is_a_limit(text: str) -> None:  # the library would take minutes and gigabytes
    assert len(limits(facts(f"[project]\n{text}\n".encode(), "python-project"))) == 1


def test_toml_that_is_none_is_nobodys() -> None:
    assert limits(facts(b"[project]\nname = {{ name }}\n", "python-project")) == []


# Settings


def test_a_task_behind_many_is_read() -> None:
    data = json.dumps({"version": "2.0.0", "tasks": [{}] * 10_001 + [TASK]}).encode()
    assert commands(data, "tool-settings") == ["run me"]


def test_keys_with_escaped_letters_are_the_same() -> None:
    data = b'{"name": "a", "scripts": {"post\\u0069nstall": "run me"}}'
    assert "tool-settings" in formats(data)
    assert commands(data, "tool-settings") == ["run me"]


def test_long_settings_without_comments_are_read_whole() -> None:
    data = json.dumps({"tasks": [TASK], "padding": "x" * 1_500_000}).encode()
    found = facts(data, "tool-settings")
    assert limits(found) == []
    assert any(isinstance(fact, Metadata) and fact.value == "run me" for fact in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[filter.e]\n\tsmudge = run "me"\n', "filter.smudge"),
        ('[filter\t"e"]\n\tsmudge = run me\n', "filter.smudge"),
        ('[core]\n\tbare = false\n[includeIf "gitdir:~/"]\n\tpath = x.cfg\n', "includeif.path"),
        ("[ core]\n\tfsmonitor = run me\n", "core.fsmonitor"),
    ],
)
def test_sections_of_git_in_every_spelling(text: str, said: str) -> None:
    assert "git-settings" in formats(text.encode())
    assert [line.partition(" =")[0] for line in commands(text.encode(), "git-settings")] == [said]


def test_keys_are_found_across_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "WINDOW", 1000)
    for at in range(980, 1020):
        data = b"{" + b" " * at + b'"cells": 1}'
        assert keys.keys_in(data[:10], BytesReader(data), (b'"cells"', b'"x"'), 5000) == {b'"cells"'}
    assert keys.keys_in(b"{", BytesReader(b"{" + b" " * 2000 + b'"cells"'), (b'"cells"',), 1500) == set()
