"""Where a value could be believed wrongly, or cost without end: then it is not known. All payloads are harmless."""

import gzip
import time
import warnings
import zlib

import pytest

from fixtures import pickles as p
from fixtures.reading import Read
from modelaudit.parsers.pickle import pure


def call(name: str, *items: object) -> bytes:
    """Opcodes that call a dotted name; its value is left on the stack."""
    module, _, attribute = name.partition(":")
    return p.imported(module, attribute) + p.args(*items) + p.REDUCE


def listed(*items: object) -> bytes:
    return p.EMPTY_LIST + p.MARK + b"".join(p.value(item) for item in items) + b"e"


def kept(value: bytes, key: int) -> bytes:
    """The value goes to the memo and off the stack."""
    return value + p.put(key) + p.POP


def named(before: bytes, name: bytes) -> tuple[str, bool]:
    """Name and `computed` of an import from `os` whose name is made after other things have happened."""
    read = Read(p.stream(before, p.text("os"), name, p.STACK_GLOBAL))
    return read.imports[-1].name, read.imports[-1].computed


def test_next_gives_the_items_one_after_the_other():
    iterator = kept(call("builtins:iter", listed("path", "system")), 0)
    assert named(iterator + call("builtins:next", p.get(0)) + p.POP, call("builtins:next", p.get(0))) == (
        "system",
        True,
    )


def test_an_iterator_has_its_items_once():
    iterator = kept(call("builtins:iter", listed("sys", "tem")), 0)
    joined = call("builtins:str.join", "", p.get(0))
    assert named(iterator, joined) == ("system", True)
    assert named(iterator + joined + p.POP, joined) == ("", True)


def test_an_iterator_over_an_iterator_takes_its_items():
    inner = kept(call("builtins:iter", listed("path", "system")), 0)
    used = call("builtins:next", call("builtins:map", p.imported("builtins", "str"), p.get(0))) + p.POP
    assert named(inner + used, call("builtins:next", p.get(0))) == ("", True)


@pytest.mark.parametrize(
    "change",
    [
        call("builtins:list.append", call("builtins:dict.get", p.get(0), "k"), "tem"),
        call("builtins:dict.get", p.get(0), "k") + p.MARK + p.text("tem") + b"e",
        call("operator:setitem", call("builtins:dict.get", p.get(0), "k"), 0, "system"),
    ],
    ids=["a call", "APPENDS", "setitem"],
)
def test_a_list_that_changes_under_another_name_is_not_believed(change):
    """The list is an item of a dictionary, and is changed when it was fetched from there."""
    before = kept(p.dictionary({"k": listed("path")}), 0) + change + p.POP
    assert named(before, call("builtins:str.join", "", call("builtins:dict.get", p.get(0), "k"))) == ("", True)


def test_an_item_of_a_list_that_an_opcode_replaces_is_not_believed():
    before = kept(listed("path"), 0) + p.get(0) + p.number(0) + p.text("system") + b"s" + p.POP
    assert named(before, call("builtins:str.join", "", p.get(0))) == ("", True)


def test_bytes_that_can_change_are_not_believed_after_they_did():
    data = b"\x96" + (4).to_bytes(8, "little") + b"syst"
    name = call("builtins:bytearray.decode", p.get(0))
    assert named(kept(data, 0), name) == ("syst", True)
    assert named(kept(data, 0) + p.get(0) + p.MARK + p.number(101) + b"e" + p.POP, name) == ("", True)


def test_the_order_of_a_set_is_not_known():
    assert named(b"", call("builtins:str.join", "", call("builtins:set", listed("sys", "tem")))) == ("", True)
    assert named(b"", call("builtins:str.join", "", call("builtins:set", listed("system")))) == ("system", True)


@pytest.mark.parametrize(
    "fetched",
    [
        call("builtins:getattr", p.imported("a", "b"), "c", "x"),
        call("builtins:dict.get", p.imported("sys", "modules"), "a", p.imported("x", "f")),
        call("sys:modules.get", "a", p.imported("x", "f")),
    ],
    ids=["getattr", "dict.get", "a method"],
)
def test_what_may_be_a_default_is_not_taken_for_the_attribute(fetched):
    made = Read(p.stream(fetched, p.args(1), p.REDUCE)).calls[-1]
    assert (made.target, made.computed) == ("", True)


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("gzip", (gzip.compress(b"pa") + gzip.compress(b"th"),)),
        ("zlib", (zlib.compress(b"system")[:-6],)),
        ("zlib", (zlib.compress(bytes(pure.FOLD_MAX + 1)),)),
        ("decode", (rb"\d", "unicode-escape")),
        ("decode", (rb"\777", "unicode-escape")),
        ("decode", (b"\xff", "utf-8", "surprise")),
        ("str.translate", ("a" * 2048, ["x" * 1024] * 200)),
        ("mul", ([["x"] * 100], 100)),
    ],
)
def test_what_pythons_may_see_otherwise_or_what_grows_is_not_worked_out(op, args):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(pure.ERRORS):
            pure.apply(op, args)


def test_base64_with_another_alphabet_is_decoded_with_it():
    assert pure.apply("b64decode", ("c3lz*GVt", "*-")) == pure.apply("b64decode", ("c3lz+GVt",))


def repeated(step: bytes, times: int) -> bytes:
    return p.stream(*[step + p.POP] * times, p.NONE)


SHARED = kept(call("operator:mul", listed("x" * 200), 4000), 0)
HOSTILE = {
    "a list of lists of lists": p.stream(
        kept(listed(1), 0),
        *[kept(call("operator:mul", listed(p.get(0)), 4000), 0) for _ in range(8)],
        call("builtins:sorted", listed(p.get(0), p.get(0))),
    ),
    "bombs": repeated(call("zlib:decompress", p.literal(zlib.compress(bytes(1 << 20)))), 3000),
    "long attributes": repeated(call("builtins:getattr", p.imported("a", "b"), "a." * 2000 + "a"), 500),
    "calls of calls": p.stream(
        kept(call("functools:partial", p.imported("a", "f")), 0),
        *[
            kept(call("functools:partial", p.imported("functools", "reduce"), p.get(0)), 0)
            + kept(call("functools:partial", p.get(0), listed(*range(60))), 0)
            for _ in range(8)
        ],
        p.get(0) + p.EMPTY_TUPLE + p.REDUCE,
    ),
    "a map of maps": p.stream(
        kept(listed(*range(60)), 1),
        kept(p.imported("a", "f"), 0),
        *[
            kept(call("functools:partial", p.imported("builtins", "map"), p.get(0), p.get(1)), 0)
            + kept(
                call("functools:partial", p.imported("builtins", "list"), call("builtins:map", p.get(0), p.get(1))), 0
            )
            for _ in range(8)
        ],
        p.get(0) + p.EMPTY_TUPLE + p.REDUCE,
    ),
    "sorted texts": SHARED.join([p.proto(4), b""]) + (call("builtins:sorted", p.get(0)) + p.POP) * 300 + b"N.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_would_cost_without_end_ends_soon_and_is_told(data):
    began = time.process_time()
    read = Read(data)
    assert time.process_time() - began < 10
    assert read.streams[0].stopped
    assert len(read.facts) < 120_000


def test_an_attribute_with_a_callable_as_its_default_is_called_as_either_of_them():
    either = call("builtins:getattr", p.imported("a", "b"), "c", p.imported("x", "f"))
    made = Read(p.stream(either, p.args(1), p.REDUCE)).calls[-2:]
    assert [each.target for each in made] == ["a.b.c", "x.f"]
    assert [each.args[0].value for each in made] == ["1", "1"]


FOUND = (  # by fuzzing: what an iterator gives is a list with results in it
    b"\x80\x04\x8c\x08operator\x8c\nattrgetter\x93(\x8c\x03C.CtR(\x8c\x02os\x8c\x01b\x93tR\x8c\titertools\x8c\x05cha"
    b"in\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x93(](K\x03e(\x8c\x08builtins\x8c\x03map\x93\x8c\tfunctools\x8c\x07partial\x93(\x8c\x08o"
    b"perator\x8c\x07getitem\x93(](\x8c\x03m.n\x8c\x01C\x93K\x02eK\x00tRK\x01tR](K\x01\x8c\x01a\x8c\x01b\x93eotq\x01\x85q\x02R"
    b"q\x03RR0N."
)


def test_a_list_of_results_that_an_iterator_gives_is_an_argument():
    calls = [fact.target for fact in Read(FOUND).facts if fact.KIND == "call"]
    assert "itertools.chain" in calls
