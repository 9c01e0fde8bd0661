"""Python source that is made to be slow to read, or to have something overlooked."""

import pytest

from modelaudit.engine.facts import Code, Fact, Limit
from modelaudit.parsers.repository import source
from modelaudit.parsers.repository.source import Calls, Names, parsed, source_facts

QUINE = "exec(QAQ.replace(chr(81),chr(34)).replace(chr(65),QAQ))"  # gives itself, so that it never ends


def read(text: str) -> list[Fact]:
    return list(source_facts("m.py", text.encode()))


def calls(text: str) -> set[str]:
    return {name for fact in read(text) if isinstance(fact, Code) for name in fact.calls}


def limited(text: str) -> bool:
    return any(isinstance(fact, Limit) and fact.by == "file" for fact in read(text))


def test_a_text_that_runs_itself_is_read_once() -> None:
    text = QUINE.replace("Q", '"').replace("A", QUINE)
    found = Calls(Names(parsed(text.encode())))
    found.module(parsed(text.encode()))
    assert len(found._texts) == 1
    assert "builtins.exec" in calls(text)


def test_texts_that_run_ever_more_texts_have_a_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "WRITTEN_MAX", 3)
    texts = [f'exec("import os; os.system(str({n}))")\n' for n in range(5)]
    assert limited("".join(texts))
    assert not limited("".join(texts[:3]))
    assert "os.system" in calls(texts[0])


def visits(monkeypatch: pytest.MonkeyPatch, text: str) -> int:
    """How many expressions are looked at for their names."""
    count = 0
    spelled = Names._spelled

    def counted(self, node):
        nonlocal count
        count += 1
        return spelled(self, node)

    with monkeypatch.context() as patch:
        patch.setattr(Names, "_spelled", counted)
        read(text)
    return count


@pytest.mark.parametrize(
    "more", ["(a)", "('x')('y')", "(a, 'b')", ".a('b')", "[0]('x')", ".replace('a','b')", "['a'].b(c, 'd')"]
)
def test_calls_of_what_calls_give_take_time_by_their_number(monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    few, many = (visits(monkeypatch, "import os\nf" + more * n) for n in (40, 160))
    assert many < 8 * few


@pytest.mark.parametrize("around", ["getattr({}, 'x')(a)", "(lambda: {})()", "vars({})['a'](b)", "f({}, 'x')(y)"])
def test_expressions_in_each_other_take_time_by_their_number(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    def nested(n: int) -> str:
        text = "a"
        for _ in range(n):
            text = around.format(text)
        return text

    few, many = (visits(monkeypatch, nested(n)) for n in (10, 40))
    assert many < 10 * few


def test_what_a_lambda_does_where_it_is_called_is_found_at_any_depth() -> None:
    text = "import os\n" + "(lambda x=(1): " * 30 + "os.system('id')" + ")()" * 30
    assert "os.system" in next(fact.calls for fact in read(text) if isinstance(fact, Code) and fact.phase == "import")


def test_a_name_behind_many_calls_is_found() -> None:
    assert "os.system" in calls("import os\nos.system('id')" + "(a)" * 200)
    inner = "importlib.import_module('os').system('id')"
    assert "os.system" in calls("import importlib\n" + "f(" * 60 + inner + ")" * 60)


def test_names_that_stand_for_ever_longer_ones_do_not_grow() -> None:
    text = "a0 = os\n" + "".join(f"a{n} = a{n - 1}.b\n" for n in range(1, 3000))
    assert max(map(len, Names(parsed(text.encode())).aliases.values())) <= source.SHOWN


def test_a_call_among_many_is_found_or_the_limit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import os\n" + "".join(f"a{n:05}()\n" for n in range(6000)) + "os.system('id')\n"
    assert "os.system" in calls(text)
    assert not limited(text)
    monkeypatch.setattr(source, "FOUND_MAX", 5000)
    assert "os.system" not in calls(text)
    assert limited(text)


def test_modules_of_which_all_is_imported_have_a_measure() -> None:
    stars = [f"from m{n} import *\n" for n in range(300)]
    assert not limited("".join(stars[:200]) + "f()\n")
    assert limited("".join(stars) + "f()\n")
    assert len(calls("".join(stars) + "f()\n")) < 260
    assert limited("".join(stars[:200]) + "".join(f"f{n}()\n" for n in range(2000)))


def test_more_words_than_are_parsed_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "TOKENS_MAX", 1000)
    assert limited("a()\n" * 400)
    assert not limited("a()\n" * 300)
    assert not limited("# " + "a" * 5000)


def test_long_texts_that_are_joined_are_no_names() -> None:
    assert "builtins.exec" in calls("exec(''.join([" + "'a'," * 5000 + "]))")
