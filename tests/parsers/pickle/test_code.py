"""Code objects of dill and cloudpickle: told by names and constants, and judged by them; nothing is decompiled."""

import pytest

from fixtures import pickles
from modelaudit.engine.facts import Code
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.pickle import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.scan import scan

BODY = pickles.literal(b"\x97\x00d\x01S\x00")
MAKE = pickles.stack_global("cloudpickle.cloudpickle", "_make_function")
TYPE = pickles.stack_global("cloudpickle.cloudpickle", "_builtin_type") + pickles.args("CodeType") + pickles.REDUCE


def code(
    names: bytes, constants: bytes = pickles.args("a text", 3), *, build: bytes = TYPE, front: bytes = b""
) -> bytes:
    """A code object as the serialisers of Python 3.11 write it."""
    numbers = b"".join(map(pickles.number, (1, 0, 0, 1, 2, 3)))
    rest = pickles.args("x") + pickles.text("<ipython>") + pickles.text("scale") + pickles.text("scale")
    tail = pickles.number(1) + pickles.literal(b"\x80\x00") + pickles.literal(b"") + pickles.EMPTY_TUPLE * 2
    return build + pickles.MARK + front + numbers + BODY + constants + names + rest + tail + b"t" + pickles.REDUCE


def function(names: bytes, **options: object) -> bytes:
    """A function of that code."""
    return MAKE + pickles.MARK + code(names, **options) + pickles.EMPTY_DICT + pickles.NONE * 3 + b"t" + pickles.REDUCE


DILL = {"build": pickles.stack_global("dill._dill", "_create_code"), "front": pickles.literal(b"\x02\x01")}
ORDINARY = pickles.args("math", "pow", "eval", "weights")


def codes(data: bytes) -> list[Code]:
    given = Input("m.pkl", BytesReader(data), "pickle")
    return [fact for fact in parse(given, Context()) if isinstance(fact, Code)]


def found(ruleset, tmp_path, data):
    path = tmp_path / "m.pkl"
    path.write_bytes(data)
    return {(f.rule, f.severity) for f in scan([str(path)], ruleset).findings if f.active}


@pytest.mark.parametrize("options", [{}, DILL], ids=["cloudpickle", "dill"])
def test_names_and_constants_are_told(options):
    (fact,) = codes(pickles.stream(code(ORDINARY, pickles.args("a text", 3, pickles.args("inner")), **options)))
    assert fact.language == "python-bytecode"
    assert fact.names == {"math", "pow", "eval", "weights"}
    assert fact.constants == ("a text", "inner")
    assert (fact.excerpt, fact.size, fact.computed_attribute) == ("scale(x)", 6, False)


@pytest.mark.parametrize("options", [{}, DILL], ids=["cloudpickle", "dill"])
def test_an_ordinary_function_is_a_warning(ruleset, tmp_path, options):
    assert found(ruleset, tmp_path, pickles.stream(function(ORDINARY, **options))) == {("MA1110", "warning")}


@pytest.mark.parametrize(
    "names",
    [("os", "system"), ("__import__",), ("subprocess", "run"), ("socket", "connect"), ("x", "__subclasses__")],
)
def test_a_function_that_reaches_the_system_is_critical(ruleset, tmp_path, names):
    assert ("MA1111", "critical") in found(ruleset, tmp_path, pickles.stream(function(pickles.args(*names))))


def test_names_that_are_computed_are_critical(ruleset, tmp_path):
    computed = pickles.MARK + pickles.stack_global("acme", "name") + pickles.EMPTY_TUPLE + pickles.REDUCE + b"t"
    assert ("MA1112", "critical") in found(ruleset, tmp_path, pickles.stream(function(computed)))


def test_arguments_in_another_order_are_no_code_object_that_is_known():
    (fact,) = codes(pickles.stream(TYPE + pickles.args(1, 2, "x") + pickles.REDUCE))
    assert fact.computed_attribute


def test_a_function_of_the_file_that_is_called_is_critical(ruleset, tmp_path):
    data = pickles.stream(function(ORDINARY), pickles.EMPTY_TUPLE, pickles.REDUCE)
    assert ("MA1043", "critical") in found(ruleset, tmp_path, data)


def test_state_of_a_rebuilt_function_on_something_else_is_critical(ruleset, tmp_path):
    helper = pickles.stack_global("cloudpickle.cloudpickle", "_function_setstate")
    target = pickles.stack_global("json", "loads")
    data = pickles.stream(helper, pickles.args(target, pickles.args(b"}", b"}")), pickles.REDUCE)
    assert ("MA1113", "critical") in found(ruleset, tmp_path, data)


def test_a_code_object_without_the_serialisers_is_critical(ruleset, tmp_path):
    data = pickles.stream(code(ORDINARY, build=pickles.stack_global("types", "CodeType")))
    assert ("MA1022", "critical") in found(ruleset, tmp_path, data)


@pytest.mark.parametrize(
    "helper",
    [
        ("dill._dill", "_create_type"),
        ("cloudpickle.cloudpickle", "_make_skeleton_class"),
        ("dill._dill", "_create_ftype"),
    ],
)
def test_a_function_of_the_file_in_the_place_of_a_metaclass_is_critical(ruleset, tmp_path, helper):
    operands = pickles.args(function(ORDINARY), "Net", pickles.EMPTY_TUPLE, pickles.EMPTY_DICT)
    data = pickles.stream(pickles.stack_global(*helper), operands, pickles.REDUCE)
    assert "critical" in {severity for _, severity in found(ruleset, tmp_path, data)}


def test_a_command_that_is_fetched_by_name_is_critical(ruleset, tmp_path):
    data = pickles.stream(function(pickles.args("getattr", "m"), constants=pickles.args("system")))
    assert ("MA1111", "critical") in found(ruleset, tmp_path, data)
