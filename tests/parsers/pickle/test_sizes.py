"""Calls that make something huge out of little are told, and small ones are not; nothing is ever made."""

import pytest

from fixtures import pickles as p
from fixtures.reading import Read

HUGE = 1 << 40


def call(name, *operands):
    module, _, last = name.partition(":")
    return p.imported(module, last) + p.args(*map(number, operands)) + p.REDUCE


def number(value):
    """A number too long for the other opcodes as LONG1."""
    return b"\x8a\x08" + value.to_bytes(8, "little") if isinstance(value, int) and value > 255 else value


def ways(many):
    """What grows with a number, by how it is written."""
    return {
        "list of a range": call("builtins:list", call("builtins:range", many)),
        "list of a range with a step": call("builtins:list", call("builtins:range", 0, 2 * many, 2)),
        "tuple of a map": call(
            "builtins:tuple", call("builtins:map", p.imported("builtins", "str"), call("builtins:range", many))
        ),
        "sum of a range": call("builtins:sum", call("builtins:range", many)),
        "keys of a range": call("builtins:dict.fromkeys", call("builtins:range", many)),
        "bytearray": call("builtins:bytearray", many),
        "bytes": call("builtins:bytes", many),
        "a text many times": call("operator:mul", "x", many),
        "many times a list": call("operator:mul", many, b"](K\x01e"),
        "a power": call("builtins:pow", 2, 8 * many),
        "a shift": call("operator:lshift", 1, 8 * many),
        "a method of a text": call("builtins:getattr", "x", "ljust") + p.args(number(many)) + p.REDUCE,
        "a repeated value": call("builtins:list", call("itertools:repeat", 0, many)),
        "pairs": call("builtins:dict", call("builtins:zip", call("itertools:count"), call("builtins:range", many))),
        "numbered": call("collections:deque", call("builtins:enumerate", call("builtins:range", many)), 9),
        "joined": call("builtins:str.join", "x", call("itertools:repeat", "x", many)),
        "a part": call("builtins:list", call("itertools:islice", call("itertools:count"), many)),
        "a partial": call("functools:partial", p.imported("builtins", "list"), call("builtins:range", many)) + b")R",
        "a text in steps": call("operator:mul", call("operator:mul", "x", many >> 1), 2),
        "two texts": call("operator:add", call("operator:mul", "x", many), "x"),
        "a width": call("operator:mod", f"%0{many}d", 1),
        "another width": call("builtins:str.format", f"{{:>{many}}}", 1),
        "a number of bytes": call("builtins:bytearray", call("operator:add", many, 1)),
        "an array": call("numpy:ones", p.args(number(many), 2)),
    }


GROWING = {
    "product": call("builtins:list", call("itertools:product", *[call("builtins:range", 10_000)] * 3)),
    "permutations": call("builtins:set", call("itertools:permutations", call("builtins:range", 60))),
    "factorial": call("math:factorial", 10**9),
    "a shift that is a size": call("builtins:bytearray", call("operator:lshift", 1, 40)),
}


@pytest.mark.parametrize("way", GROWING)
def test_what_grows_out_of_small_numbers_is_told(way):
    assert "huge-result" in Read(p.stream(GROWING[way])).defects


def test_it_is_told_when_nothing_is_worked_out_any_more(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.pickle.calling.FOLDS_MAX", 0)
    assert "huge-result" in Read(p.stream(ways(HUGE)["list of a range"])).defects


@pytest.mark.parametrize("way", ways(HUGE))
def test_what_is_huge_is_told(way):
    assert "huge-result" in Read(p.stream(ways(HUGE)[way])).defects


@pytest.mark.parametrize("name", ["repeat", "count", "cycle"])
def test_what_has_no_end_is_told(name):
    assert "huge-result" in Read(p.stream(call("builtins:list", call(f"itertools:{name}", b"](K\x01e")))).defects


@pytest.mark.parametrize("way", ways(16))
def test_what_is_small_is_not(way):
    assert Read(p.stream(ways(16)[way])).defects == []


ORDINARY = {
    "a long range": call("builtins:range", HUGE),
    "an endless iterator": call("itertools:count", 0),
    "a product": call("operator:mul", HUGE, HUGE),
    "an empty list": p.imported("builtins", "list") + b"(" + call("builtins:range", HUGE) + b"t\x81",
    "some of an endless iterator": call("builtins:list", call("itertools:islice", call("itertools:count"), 10)),
    "a list beside an endless iterator": call(
        "builtins:list", call("builtins:zip", b"](K\x01e", call("itertools:count"))
    ),
    "a date in a text": call("operator:mod", "%s_20231105123", 1),
    "a remainder": call("builtins:pow", 3, HUGE, 7),
}


@pytest.mark.parametrize("way", ORDINARY)
def test_what_stays_small_is_not(way):
    assert Read(p.stream(ORDINARY[way])).defects == []
