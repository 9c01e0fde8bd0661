"""Templates that are made to be slow to look at, or to have something overlooked."""

import pytest

from modelaudit.engine.facts import Code, Limit, Place
from modelaudit.parsers.repository import constants, reach, template
from modelaudit.parsers.repository.template import marked_facts, template_facts

PLACE = Place(offset=0)


def read(text: str) -> list:
    return list(template_facts("m", text, PLACE))


def limited(found: list) -> bool:
    return any(isinstance(item, Limit) and item.by == "file" for item in found)


def attributes(text: str) -> set[str]:
    return {name for item in read(text) if isinstance(item, Code) for name in item.attributes}


def test_names_beyond_those_that_are_told_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"{{{{ x.A{n:05} }}}}" for n in range(6000)) + "{{ x.__class__ }}"
    assert "__class__" in attributes(text)
    assert not limited(read(text))
    monkeypatch.setattr(template, "FOUND_MAX", 5000)
    assert limited(read(text))
    assert limited(list(marked_facts("m", text, PLACE)))


def test_variables_beyond_those_that_are_known_are_a_limit() -> None:
    sets = [f"{{% set v{n} = 'a' %}}" for n in range(1100)]
    evil = "{% set k = '__class__' %}{{ x[k] }}"
    assert "__class__" in attributes("".join(sets[:900]) + evil)
    assert limited(read("".join(sets) + evil))


def test_branches_beyond_those_that_are_told_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    branches = "{% if m == 'a' %}b{% endif %}"
    assert not limited(read(branches * 200))
    monkeypatch.setattr(reach, "BRANCHES_MAX", 100)
    assert limited(read(branches * 200))


def test_conditions_in_conditions_have_a_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "STEPS_MAX", 5000)
    text = "m == 'x'" + " or m == 'x'" * 300
    for _ in range(20):
        text = f"('a' if ({text}) else 'b')"
    assert limited(read("{{ " + text + " }}"))
    assert not limited(read("{{ 'a' if m == 'x' else 'b' }}"))


@pytest.mark.parametrize("new", ["", "b", "bc" * 2000])
def test_texts_that_are_replaced_do_not_grow(new: str) -> None:
    expected = ("a" * 4096).replace("a", new)[:4096]
    assert constants._method("replace", "a" * 4096, ["a", new]) == expected
    assert reach._changed("replace", "a" * 4096, ["a", new]) == expected


def test_no_more_is_replaced_than_is_kept() -> None:
    class Text(str):
        __slots__ = ("count",)

        def replace(self, old: str, new: str, count: int = -1, /) -> str:
            self.count = count
            return super().replace(old, new, count)

    for change in (lambda text: constants._method("replace", text, ["a", "b" * 4096]),):
        text = Text("a" * 4096)
        assert change(text) == "b" * 4096
        assert 0 < text.count <= 2
    text = Text("a" * 4096)
    assert reach._changed("replace", text, ["a", "b" * 4096]) == "b" * 4096
    assert 0 < text.count <= 2
