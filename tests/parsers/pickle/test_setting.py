"""State that calls set is told like state that opcodes set, and later opcodes call what it has planted."""

import functools
import operator
import pickle

import pytest

from fixtures import pickles as p
from fixtures.reading import Read

CLASS = p.imported("sklearn.svm._classes", "SVC")
CODE = b"\x82\x07"  # EXT1


def call(name: str, *operands: object) -> bytes:
    module, _, last = name.partition(":")
    return p.imported(module, last) + p.args(*operands) + p.REDUCE


# What sets `fit` of a class, in every way in which a call can be made.
WAYS = {
    "setattr": call("builtins:setattr", CLASS, "fit", 1),
    "setattr of object": call("builtins:object.__setattr__", CLASS, "fit", 1),
    "setattr of type": call("builtins:type.__setattr__", CLASS, "fit", 1),
    "delattr": call("builtins:delattr", CLASS, "fit"),
    "setitem": call("operator:setitem", CLASS, "fit", 1),
    "delitem": call("operator:delitem", CLASS, "fit"),
    "update": call("builtins:dict.update", CLASS, p.dictionary({"fit": 1})),
    "OBJ": b"(" + p.imported("builtins", "setattr") + CLASS + p.text("fit") + b"K\x01o",
    "INST": b"(" + CLASS + p.text("fit") + b"K\x01ibuiltins\nsetattr\n",
    "partial": call("functools:partial", p.imported("builtins", "setattr"), CLASS) + p.args("fit", 1) + p.REDUCE,
    "arguments in a list": p.imported("builtins", "setattr") + b"](" + CLASS + p.text("fit") + b"K\x01eR",
    "iterator": p.imported("builtins", "tuple")
    + call("itertools:starmap", p.imported("builtins", "setattr"), b"](" + p.args(CLASS, "fit", 1) + b"e")
    + b"\x85\x81",
}


@pytest.mark.parametrize("way", WAYS)
def test_what_a_call_sets_is_told(way):
    (fact,) = Read(p.stream(WAYS[way])).setattrs
    assert (fact.target, fact.target_is, fact.via) == ("sklearn.svm._classes.SVC", "import", "call")
    assert fact.keys == {"fit"}


def test_it_is_told_when_nothing_is_worked_out_any_more(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.pickle.calling.FOLDS_MAX", 0)
    assert [fact.target for fact in Read(p.stream(WAYS["setattr"])).setattrs] == ["sklearn.svm._classes.SVC"]


@pytest.mark.parametrize("name", ["builtins:list.append", "operator:iadd", "builtins:list.extend"])
def test_callables_that_a_call_adds_are_told(name):
    item = p.imported("acme", "hook")
    (fact,) = Read(p.stream(call(name, p.imported("acme", "hooks"), b"]" + item + b"a"))).setattrs
    assert (fact.target, fact.callable_values) == ("acme.hooks", {"acme.hook"})


def test_a_container_of_the_stream_is_no_object_of_which_anything_is_told():
    assert Read(p.stream(call("operator:setitem", b"}", "k", 1))).setattrs == []


INSTANCE = p.imported("argparse", "Namespace") + b")\x81q\x00"


@pytest.mark.parametrize(
    "key", ["__setstate__", call("builtins:str.join", "", b"](" + p.text("__setst") + p.text("ate__") + b"e")]
)
def test_a_method_that_a_call_plants_is_called_by_build(key):
    planted = call("builtins:setattr", INSTANCE, key, p.imported("acme", "hook"))
    read = Read(p.stream(planted, b"0h\x00", p.text("x"), b"b"))
    assert ("acme.hook", "build") in [(fact.target, fact.kind) for fact in read.calls]


def test_a_method_out_of_state_that_is_not_known_is_a_call():
    state = call("collections:OrderedDict", b"](" + p.args("__setstate__", p.imported("acme", "hook")) + b"e")
    read = Read(p.stream(INSTANCE, state, b"b", p.text("x"), b"b"))
    (fact,) = [fact for fact in read.calls if fact.kind == "build"]
    assert (fact.target, fact.computed) == ("", True)
    assert "collections.OrderedDict" in fact.flows_from


REGISTERING = {
    "OBJ": b"(" + p.imported("copyreg", "add_extension") + p.text("acme") + p.text("f") + b"K\x07o",
    "INST": b"(" + p.text("acme") + p.text("f") + b"K\x07icopyreg\nadd_extension\n",
    "partial": call("functools:partial", p.imported("copyreg", "add_extension"), "acme", "f") + p.args(7) + p.REDUCE,
    "setitem": call("operator:setitem", p.imported("copyreg", "_inverted_registry"), 7, p.args("acme", "f")),
    "update": call(
        "builtins:dict.update", p.imported("copyreg", "_inverted_registry"), b"}K\x07" + p.args("acme", "f") + b"s"
    ),
}


@pytest.mark.parametrize("way", REGISTERING)
def test_a_code_is_resolved_however_it_was_registered(way):
    read = Read(p.stream(REGISTERING[way], b"0", CODE, b")R"))
    assert ("acme.f", "EXT1") in [(fact.qualname, fact.opcode) for fact in read.imports]
    assert read.calls[-1].target == "acme.f"


def test_build_makes_another_function_of_a_partial():
    partial = call("functools:partial", p.imported("builtins", "int"))
    state = p.args(p.imported("acme", "f"), p.args("x"), p.dictionary({"k": 1}), None)
    last = Read(p.stream(partial, state, b"b", p.args("y"), b"R")).calls[-1]
    assert (last.target, [arg.value for arg in last.args]) == ("acme.f", ["x", "y"])
    assert [(arg.name, arg.value) for arg in last.kwargs] == [("k", "1")]


def test_a_partial_of_unknown_state_is_not_what_it_was():
    partial = call("functools:partial", p.imported("builtins", "int"))
    last = Read(p.stream(partial, call("acme:f"), b"b", p.args("y"), b"R")).calls[-1]
    assert (last.target, last.computed) == ("", True)


def test_a_methodcaller_with_keywords_is_one():
    read = Read(pickle.dumps(operator.methodcaller("split", ",", maxsplit=1), 4))
    assert read.calls[-1].target == "operator.methodcaller"
    assert [arg.value for arg in read.calls[-1].args] == ["split", ","]
    assert [(arg.name, arg.value) for arg in read.calls[-1].kwargs] == [("maxsplit", "1")]


def test_a_partial_that_is_only_kept_calls_nothing():
    assert Read(pickle.dumps(functools.partial(int, base=2), 4)).targets == ["functools.partial"]


def test_an_iterator_that_gets_others_by_build_calls_what_they_call():
    calling = call("builtins:map", p.imported("acme", "f"), b"]Na")
    chain = p.imported("itertools", "chain") + b")R"
    assert "acme.f" in Read(p.stream(chain, calling, b"\x85b")).targets


SYSTEM = p.imported("os", "system")
NAMESPACE = p.imported("types", "SimpleNamespace")
PARTIAL = p.imported("functools", "partial")
METHOD = p.dictionary({"__setstate__": SYSTEM})
# What makes an object that has a callable of the file as its `__setstate__`, without any BUILD on it.
PLANTING = {
    "mapping": call("types:SimpleNamespace", METHOD),
    "pairs": call("types:SimpleNamespace", b"]" + p.args("__setstate__", SYSTEM) + b"a"),
    "keywords of a partial": PARTIAL + p.args(NAMESPACE) + METHOD + p.NEWOBJ_EX + b")R",
    "a partial in a partial": PARTIAL + p.args(PARTIAL + p.args(NAMESPACE) + b"R") + METHOD + p.NEWOBJ_EX + b")R",
    "state of a partial": PARTIAL + p.args(NAMESPACE) + b"R" + p.args(NAMESPACE, b")", METHOD, None) + b"b)R",
    "a copy": PARTIAL + p.args(p.imported("copy", "replace"), NAMESPACE + b")R") + METHOD + p.NEWOBJ_EX + b")R",
}


@pytest.mark.parametrize("way", PLANTING)
def test_build_calls_what_a_constructor_has_planted(way):
    found = Read(p.stream(PLANTING[way], p.text("true"), p.BUILD)).calls
    assert [fact.args[0].value for fact in found if (fact.target, fact.kind) == ("os.system", "build")] == ["true"]


def test_what_else_a_constructor_sets_is_called_by_nothing():
    made = call("types:SimpleNamespace", p.dictionary({"fit": SYSTEM, "n": 1}))
    assert [fact.target for fact in Read(p.stream(made, p.text("x"), p.BUILD)).calls] == ["types.SimpleNamespace"]


MODULES, LOADERS = p.imported("sys", "modules"), p.imported("sys", "meta_path")
DICTIONARY, LIST = p.imported("collections", "UserDict"), p.imported("collections", "UserList")
CHAIN = p.imported("collections", "ChainMap")
ENTRY = p.text("os") + p.imported("acme", "hook")
WRAPPED = DICTIONARY + b")\x81" + p.dictionary({"data": MODULES}) + p.BUILD
# What changes the table of modules by way of an object that wraps it.
WRAPPING = {
    "UserDict": WRAPPED + ENTRY + b"s",
    "several items": WRAPPED + b"(" + ENTRY + b"u",
    "ChainMap": CHAIN + p.args(MODULES) + b"R" + ENTRY + b"s",
    "maps of a ChainMap": CHAIN + b")\x81" + p.dictionary({"maps": b"]" + MODULES + b"a"}) + p.BUILD + ENTRY + b"s",
    "one in another": CHAIN + p.args(WRAPPED) + b"R" + ENTRY + b"s",
    "setattr": p.imported("operator", "setitem") + p.args(WRAPPED, "os", p.imported("acme", "hook")) + b"R",
}


@pytest.mark.parametrize("way", WRAPPING)
def test_items_of_what_wraps_a_registry_are_items_of_the_registry(way):
    (fact,) = [fact for fact in Read(p.stream(WRAPPING[way])).setattrs if fact.target == "sys.modules"]
    assert (fact.target_is, fact.keys, fact.callable_values) == ("import", {"os"}, {"acme.hook"})


def test_what_goes_into_a_wrapped_list_of_the_interpreter_is_told():
    made = LIST + b")\x81" + p.dictionary({"data": LOADERS}) + p.BUILD + p.imported("acme", "Finder") + b"a"
    assert "sys.meta_path" in [fact.target for fact in Read(p.stream(made)).calls]


def test_a_wrapped_dictionary_of_the_file_is_no_registry():
    made = DICTIONARY + b")\x81" + p.dictionary({"data": p.dictionary({"a": MODULES})}) + p.BUILD + ENTRY + b"s"
    assert {fact.target for fact in Read(p.stream(made)).setattrs} == {"collections.UserDict"}
