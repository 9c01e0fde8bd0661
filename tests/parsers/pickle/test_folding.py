"""What a stream computes: names put together, attributes, calls by way of others. All payloads are harmless."""

import base64
import bz2
import codecs
import gzip
import lzma
import zlib

import pytest

from fixtures import pickles
from fixtures.pickles import EMPTY_LIST, MARK, NEWOBJ, NONE, POP, REDUCE, STACK_GLOBAL
from fixtures.reading import Read
from modelaudit.parsers.pickle import pure


def calls(name: str, *items: object) -> bytes:
    """Opcodes that call a dotted name; its value is left on the stack."""
    module, _, attribute = name.partition(":")
    return pickles.imported(module, attribute) + pickles.args(*items) + REDUCE


def listed(*items: object) -> bytes:
    return EMPTY_LIST + MARK + b"".join(pickles.value(item) for item in items) + b"e"


def imported_by(name_opcodes: bytes) -> tuple[str, bool]:
    """The import of a computed name in `os`, and whether it is marked as computed."""
    read = Read(pickles.stream(pickles.text("os"), name_opcodes, STACK_GLOBAL, pickles.args("echo"), REDUCE))
    assert read.targets[-1] == read.imports[-1].qualname
    assert read.calls[-1].computed
    return read.imports[-1].qualname, read.imports[-1].computed


def raw(data: bytes) -> bytes:
    return pickles.literal(data)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(calls("builtins:str.join", "", listed("sys", "tem")), id="str.join"),
        pytest.param(calls("builtins:str", raw(b"system"), "utf-8"), id="str of bytes"),
        pytest.param(calls("builtins:bytes.decode", raw(b"system")), id="bytes.decode"),
        pytest.param(calls("builtins:bytes.decode", raw("system".encode("utf-16")), "utf-16"), id="UTF-16"),
        pytest.param(calls("codecs:decode", "flfgrz", "rot13"), id="rot13"),
        pytest.param(calls("_codecs:decode", raw(b"system"), "utf_8"), id="_codecs"),
        pytest.param(calls("builtins:str", calls("base64:b64decode", "c3lzdGVt"), "ascii"), id="base64"),
        pytest.param(calls("builtins:str", calls("binascii:unhexlify", "73797374656d"), "ascii"), id="hex"),
        pytest.param(calls("builtins:str", calls("builtins:bytes.fromhex", "73797374656d"), "ascii"), id="fromhex"),
        pytest.param(
            calls("builtins:str", calls("zlib:decompress", raw(zlib.compress(b"system"))), "ascii"), id="zlib"
        ),
        pytest.param(
            calls("builtins:str", calls("gzip:decompress", raw(gzip.compress(b"system"))), "ascii"), id="gzip"
        ),
        pytest.param(calls("builtins:str", calls("bz2:decompress", raw(bz2.compress(b"system"))), "ascii"), id="bz2"),
        pytest.param(
            calls("builtins:str", calls("lzma:decompress", raw(lzma.compress(b"system"))), "ascii"), id="lzma"
        ),
        pytest.param(
            calls("builtins:str", calls("codecs:decode", raw(b"73797374656d"), "hex"), "ascii"), id="hex codec"
        ),
        pytest.param(calls("operator:getitem", "metsys", calls("builtins:slice", NONE, NONE, -1)), id="slice"),
        pytest.param(calls("builtins:str.join", "", calls("builtins:reversed", "metsys")), id="reversed"),
        pytest.param(
            calls("builtins:str.join", "", calls("builtins:map", pickles.imported("builtins", "chr"), raw(b"system"))),
            id="chr over map",
        ),
        pytest.param(calls("operator:add", "sys", "tem"), id="add"),
        pytest.param(calls("builtins:str.__mod__", "%stem", "sys"), id="per cent"),
        pytest.param(calls("builtins:str.format", "{}{}", "sys", "tem"), id="format"),
        pytest.param(calls("builtins:str.replace", "syXtem", "X", "s"), id="replace"),
        pytest.param(calls("builtins:str.lower", "SYSTEM"), id="lower"),
        pytest.param(calls("operator:getitem", pickles.dictionary({"k": "system"}), "k"), id="item of a dictionary"),
        pytest.param(calls("builtins:dict.get", pickles.dictionary({"k": "system"}), "k"), id="dict.get"),
        pytest.param(calls("operator:itemgetter", 1) + pickles.args(listed("a", "system")) + REDUCE, id="itemgetter"),
        pytest.param(
            calls("builtins:getattr", "SYSTEM", "lower") + pickles.args() + REDUCE, id="method through getattr"
        ),
        pytest.param(
            calls("operator:methodcaller", "lower") + pickles.args("SYSTEM") + REDUCE, id="method through methodcaller"
        ),
        pytest.param(
            calls("functools:reduce", pickles.imported("operator", "add"), listed("sy", "st", "em")), id="reduce"
        ),
        pytest.param(
            calls("functools:partial", pickles.imported("builtins", "str.join"), "")
            + pickles.args(listed("sys", "tem"))
            + REDUCE,
            id="partial",
        ),
    ],
)
def test_a_name_that_is_worked_out_is_known_and_marked(name):
    assert imported_by(name) == ("os.system", True)


def test_a_name_that_is_not_worked_out_is_unknown_and_marked():
    assert Read(pickles.stream(pickles.text("os"), calls("m:f"), STACK_GLOBAL)).imports[-1].computed


@pytest.mark.parametrize(
    "callable_",
    [
        pytest.param(calls("builtins:getattr", pickles.imported("os", "path"), "system"), id="getattr"),
        pytest.param(
            calls("operator:attrgetter", "system") + pickles.args(pickles.imported("os", "path")) + REDUCE,
            id="attrgetter",
        ),
    ],
)
def test_an_attribute_of_an_import_is_an_import(callable_):
    read = Read(pickles.stream(callable_, pickles.args("echo"), REDUCE))
    assert read.targets[-1] == "os.path.system"
    assert read.calls[-1].args[0].value == "echo"
    assert ("os.path.system", False) in [(fact.qualname, fact.computed) for fact in read.imports]


def test_an_attribute_whose_name_is_computed_is_marked():
    name = calls("builtins:str.lower", "SYSTEM")
    read = Read(pickles.stream(calls("builtins:getattr", pickles.imported("os", "path"), name)))
    assert [fact.qualname for fact in read.imports if fact.computed] == ["os.path.system"]


@pytest.mark.parametrize(
    "module",
    [
        calls("importlib:import_module", "os"),
        calls("builtins:__import__", "os"),
        calls("operator:getitem", pickles.imported("sys", "modules"), "os"),
        calls("builtins:dict.get", pickles.imported("sys", "modules"), "os"),
        calls("sys:modules.get", "os"),
    ],
)
def test_a_module_that_is_imported_by_a_call_has_its_names(module):
    read = Read(pickles.stream(calls("builtins:getattr", module, "system"), pickles.args("echo"), REDUCE))
    assert read.targets[-1] == "os.system"
    assert {"os", "os.system"} <= set(read.qualnames)


def test_builtins_are_reached_through_the_dictionaries_of_a_function():
    builtins = calls("operator:getitem", pickles.imported("json", "loads.__globals__"), "__builtins__")
    read = Read(pickles.stream(calls("operator:getitem", builtins, "eval"), pickles.args("1"), REDUCE))
    assert read.calls[-1].computed
    read = Read(pickles.stream(calls("builtins:dict.get", pickles.imported("numpy", "__builtins__"), "eval")))
    assert "builtins.eval" in read.qualnames


def test_resolve_name_imports_what_its_argument_spells():
    for function, name in [("pkgutil:resolve_name", "os:system"), ("pydoc:locate", "os.system")]:
        read = Read(pickles.stream(calls(function, name), pickles.args("echo"), REDUCE))
        assert (read.targets[-1], read.calls[-1].args[0].value) == ("os.system", "echo")


def test_methodcaller_calls_the_method_of_what_it_gets():
    called = calls("operator:methodcaller", "system", "echo") + pickles.args(calls("importlib:import_module", "os"))
    call = Read(pickles.stream(called, REDUCE)).calls[-1]
    assert (call.target, call.args[0].value) == ("os.system", "echo")


def test_a_partial_of_partials_calls_the_function_with_all_arguments():
    inner = calls("functools:partial", pickles.imported("os", "execl"), "a")
    outer = calls("functools:partial", inner, "b") + pickles.args("c") + REDUCE
    call = Read(pickles.stream(outer)).calls[-1]
    assert (call.target, [arg.value for arg in call.args]) == ("os.execl", ["a", "b", "c"])


def test_operator_call_calls():
    call = Read(pickles.stream(calls("operator:call", pickles.imported("os", "system"), "echo"))).calls[-1]
    assert (call.target, call.kind, call.args[0].value) == ("os.system", "implicit", "echo")


def consumed(maker: str, iterator: bytes) -> list[tuple[str, str, str | None]]:
    module, _, name = maker.partition(":")
    data = (
        pickles.stream(iterator, POP)
        if not maker
        else pickles.stream(pickles.imported(module, name), iterator + b"\x85", NEWOBJ)
    )
    return [(c.target, c.kind, c.args[0].value if c.args else None) for c in Read(data).calls if c.kind == "implicit"]


@pytest.mark.parametrize("maker", ["builtins:tuple", "builtins:frozenset", "builtins:bytes", "m:unknown"])
def test_a_map_object_that_is_gone_through_calls_its_function_without_any_reduce(maker):
    iterator = pickles.imported("builtins", "map") + pickles.args(pickles.imported("os", "system"), listed("echo", "x"))
    expected = [("os.system", "implicit", "echo"), ("os.system", "implicit", "x")]
    assert consumed(maker, iterator + NEWOBJ) == expected
    assert consumed("", iterator + NEWOBJ) == []


@pytest.mark.parametrize("name", ["filter", "starmap", "accumulate", "takewhile", "iter"])
def test_other_iterators_that_call_do_as_well(name):
    function, items = pickles.imported("os", "system"), listed(pickles.args("echo", "x"), pickles.args("y"))
    order = [items, function] if name == "accumulate" else [function, items]
    module = "builtins" if name in ("filter", "iter") else "itertools"
    found = consumed("builtins:tuple", calls(f"{module}:{name}", *order))
    assert found
    assert found[0][0] == "os.system"


def test_an_iterator_of_unknown_items_still_calls():
    iterator = calls("builtins:map", pickles.imported("os", "system"), calls("m:f"))
    found = consumed("builtins:tuple", iterator)
    assert found == [("os.system", "implicit", None)]


def test_an_iterator_in_place_of_arguments_is_gone_through():
    iterator = calls("builtins:map", pickles.imported("os", "system"), listed("echo"))
    read = Read(pickles.stream(pickles.imported("m", "f"), iterator, REDUCE))
    assert [call.target for call in read.calls] == ["builtins.map", "os.system", "m.f"]


def test_reduce_calls_its_function():
    read = Read(pickles.stream(calls("functools:reduce", pickles.imported("m", "f"), listed("a", "b", "c"))))
    assert [call.kind for call in read.calls if call.target == "m.f"] == ["implicit", "implicit"]


def test_a_planted_partial_is_called_with_what_it_holds():
    bound = calls("functools:partial", pickles.imported("os", "system"))
    instance = pickles.imported("argparse", "Namespace") + b")" + NEWOBJ
    first = pickles.dictionary({"__setstate__": bound}) + b"b"
    call = Read(pickles.stream(instance, first, pickles.text("echo"), b"b")).calls[-1]
    assert (call.target, call.kind, call.args[0].value) == ("os.system", "build", "echo")


def test_a_container_that_a_call_changes_is_not_known_any_more():
    data = pickles.stream(
        pickles.text("os"),
        listed("a", "b") + b"\x94",
        pickles.imported("builtins", "list.append") + pickles.get(0) + pickles.text("c") + b"\x86" + REDUCE + POP,
        POP,
        pickles.imported("builtins", "str.join") + pickles.text("") + pickles.get(0) + b"\x86" + REDUCE,
        STACK_GLOBAL,
    )
    fact = Read(data).imports[-1]
    assert (fact.name, fact.computed) == ("", True)


def test_an_extension_code_with_a_computed_name_is_resolved():
    name = calls("builtins:str.lower", "SYSTEM")
    register = calls("copyreg:add_extension", "os", name, 7)
    assert "os.system" in Read(pickles.stream(register, POP, b"\x82\x07")).qualnames


def test_arguments_that_are_worked_out_are_shown_with_where_they_come_from():
    call = Read(pickles.stream(calls("os:system", calls("codecs:decode", "rpub uv", "rot13")))).calls[-1]
    arg = call.args[0]
    assert (arg.type, arg.value, arg.source) == ("str", "echo hi", "codecs.decode")
    assert call.flows_from == {"codecs.decode"}


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("mul", ("x", 1 << 40)),
        ("mul", (1 << 4000, 1 << 4000)),
        ("str.replace", ("x" * 10_000, "", "y" * 10_000)),
        ("str.join", ("x" * 10_000, ["y"] * 4000)),
        ("zlib", (zlib.compress(bytes(5_000_000)),)),
        ("bz2", (bz2.compress(bytes(5_000_000)),)),
        ("lzma", (lzma.compress(bytes(5_000_000)),)),
        ("format", ("{0.__class__}", "x")),
        ("format", ("{:>1000000000}", "x")),
        ("mod", ("%1000000000s", "x")),
        ("decode", (b"x", "no-such-codec")),
        ("str.translate", ("x" * 10_000, {120: "y" * 10_000})),
        ("bytes", (1 << 50,)),
    ],
)
def test_what_would_be_large_or_more_than_a_constant_is_not_worked_out(op, args):
    with pytest.raises(pure.ERRORS):
        pure.apply(op, args)


def test_results_are_those_of_python():
    assert pure.apply("encode", ("abc", "rot13")) == codecs.encode("abc", "rot13")
    assert pure.apply("b85decode", (base64.b85encode(b"data"),)) == b"data"
    assert pure.apply("z85decode", ("HelloWorld",)) == bytes.fromhex("864fd26fb559f75b")  # as ZeroMQ has it
    assert (pure.apply("pow", (2, 10)), pure.apply("lshift", (1, 40))) == (1024, 1 << 40)
    assert pure.apply("urlsafe_b64decode", ("-_-_",)) == base64.urlsafe_b64decode("-_-_")
    assert pure.apply("str.partition", ("a.b", ".")) == ("a", ".", "b")
    assert pure.apply("unquote", ("%6f%73",)) == "os"


def test_many_calls_are_worked_out_up_to_a_number_and_are_all_told(monkeypatch):
    from modelaudit.parsers.pickle import calling

    monkeypatch.setattr(calling, "FOLDS_MAX", 10)
    read = Read(pickles.stream(calls("builtins:chr", 5) + POP, *[calls("operator:add", "a", "b") + POP] * 50, NONE))
    assert sum(call.n for call in read.calls) == 51


def test_a_call_in_a_call_in_a_call_ends():
    value = pickles.imported("os", "system")
    for _ in range(100):
        value = calls("functools:partial", value, "x")
    assert Read(pickles.stream(value, pickles.args(), REDUCE)).calls


def test_an_attribute_of_a_name_of_python_2_is_that_of_the_mapped_name():
    attribute = calls("builtins:getattr", pickles.glob("__builtin__", "dict"), "fromkeys")
    assert "builtins.dict.fromkeys" in Read(pickles.stream(attribute, protocol=2)).qualnames
