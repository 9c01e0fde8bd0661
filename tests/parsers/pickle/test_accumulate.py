"""`accumulate` calls its function for each item but the first, with what the call before gave; `groupby` for each."""

import pytest

from fixtures import pickles as p
from fixtures.reading import Read

FUNCTION = p.stack_global("a", "b")


def through(name: str, *items: bytes) -> Read:
    """`tuple` goes through an iterator of `itertools` over a list."""
    made = p.stack_global("itertools", name) + p.args(b"](" + b"".join(items) + b"e", FUNCTION) + b"R"
    return Read(p.stream(p.stack_global("builtins", "tuple"), p.args(made), b"\x81"))


@pytest.mark.parametrize(("items", "calls"), [(1, 0), (2, 1), (3, 2), (5, 4)])
def test_a_call_for_each_item_but_the_first(items, calls):
    found = through("accumulate", *[p.number(n) for n in range(items)])
    assert [call.target for call in found.all("call")].count("a.b") == calls


def test_what_came_of_a_call_is_in_the_next():
    first, second = [c for c in through("accumulate", b"K\x01", FUNCTION, b"2").all("call") if c.target == "a.b"]
    assert [arg.type for arg in first.args] == ["int", "import"]
    assert [arg.type for arg in second.args] == ["result", "import"]


def test_a_key_for_each_item_of_groupby():
    found = through("groupby", *[p.number(n) for n in range(3)])
    assert [call.target for call in found.all("call")].count("a.b") == 3


def test_calls_of_very_many_items_are_one_that_is_not_known():
    calls = [c for c in through("accumulate", *[p.number(n % 99) for n in range(200)]).all("call") if c.target == "a.b"]
    assert 60 <= len(calls) < 100
    assert "args" in calls[-1].unknown
