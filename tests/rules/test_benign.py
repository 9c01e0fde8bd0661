"""Ordinary pickles of nineteen kinds: eighteen are silent, the class of one's own is exactly one warning."""

import collections
import datetime as dt
import decimal
import importlib
import pathlib
import pickle
import re
import uuid

import pytest

from fixtures import pickles
from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan


class Custom:
    """A class of one's own, with state."""

    def __init__(self):
        self.weights = [1.0, 2.0]


PLAIN = {
    "dict": lambda: {"lr": 0.1, "epochs": 3},
    "words": lambda: ["os.system", "eval", "import", "subprocess.Popen", "password"],
    "docstring": lambda: "Call os.system('x') or __import__('os') never; see pickle.loads.",
    "vocabulary": lambda: {"eval": 0, "exec": 1, "os": 2, "system": 3, "import": 4},
    "ordered dictionary": lambda: collections.OrderedDict(a=1, b=2),
    "dictionary with a factory": lambda: collections.defaultdict(list, {"a": [1]}),
    "moment": lambda: dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    "decimal": lambda: decimal.Decimal("1.50"),
    "identifier": lambda: uuid.UUID(int=7),
    "path": lambda: pathlib.PurePosixPath("/models/a.bin"),
    "pattern": lambda: re.compile("a+", re.IGNORECASE),
    "bytearray": lambda: bytearray(b"abc"),
    "set": lambda: {1, 2, 3},
    "complex number": lambda: 1 + 2j,
}


def _array(numpy):
    return numpy.arange(5)


def _scalar(numpy):
    return numpy.float64(1.5)


def _random_state(numpy):
    return numpy.random.RandomState(3)


def _estimator(linear_model):
    return linear_model.LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


OTHERS = {
    "array": ("numpy", _array),
    "scalar": ("numpy", _scalar),
    "random state": ("numpy", _random_state),
    "estimator": ("sklearn.linear_model", _estimator),
}


def findings(ruleset, tmp_path, data):
    path = tmp_path / "value.pkl"
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    return [(f.rule, f.severity, f.message) for f in result.findings if f.active], result.decision.exit_code


def test_there_are_nineteen_kinds():
    assert len(PLAIN) + len(OTHERS) + len([Custom]) == 19


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", PLAIN)
def test_an_ordinary_value_is_silent(ruleset, tmp_path, kind, protocol):
    assert findings(ruleset, tmp_path, pickle.dumps(PLAIN[kind](), protocol)) == ([], 0)


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("kind", OTHERS)
def test_an_ordinary_value_of_a_library_is_silent(ruleset, tmp_path, kind, protocol):
    name, make = OTHERS[kind]
    pytest.importorskip(name.partition(".")[0])
    value = make(importlib.import_module(name))
    assert findings(ruleset, tmp_path, pickle.dumps(value, protocol)) == ([], 0)


def made(name, state, protocol):
    """An object as `object.__reduce_ex__` has picklers write it."""
    module, _, last = name.rpartition(".")
    head, body = pickles.imported(module, last, protocol), pickles.dictionary(state, protocol)
    if protocol >= 2:
        return head + pickles.EMPTY_TUPLE + pickles.NEWOBJ + body + pickles.BUILD
    rebuild = pickles.glob("copy_reg", "_reconstructor") + pickles.MARK + head + pickles.glob("__builtin__", "object")
    return rebuild + pickles.NONE + b"t" + pickles.REDUCE + body + pickles.BUILD


def an_array(descr, shape, data, protocol):
    """An array as NumPy's `__reduce__` has picklers write it; protocols below 3 have its bytes as text."""
    call = pickles.imported("numpy._core.multiarray", "_reconstruct", protocol)
    bytes_ = pickles.literal(data)
    start = pickles.literal(b"b")
    if protocol < 3:
        encode = pickles.glob("_codecs", "encode")
        bytes_ = encode + pickles.args(data.decode("latin1"), "latin1", protocol=2) + pickles.REDUCE
        start = encode + pickles.args("b", "latin1", protocol=2) + pickles.REDUCE
    empty = pickles.args(pickles.imported("numpy", "ndarray", protocol), pickles.args(0), start, protocol=protocol)
    kind = pickles.imported("numpy", "dtype", protocol) + pickles.args(descr, False, True, protocol=protocol)
    kind += pickles.REDUCE + pickles.args(3, "<", None, None, None, b"J\xff\xff\xff\xff", b"J\xff\xff\xff\xff", 0)
    state = pickles.args(1, pickles.args(*shape), kind + pickles.BUILD, False, bytes_, protocol=protocol)
    return call + empty + pickles.REDUCE + state + pickles.BUILD


def an_estimator(protocol):
    """A fitted pipeline: a scaler, a transformer with a function that it keeps, a tree, a regression."""
    numbers = an_array("f8", (2,), bytes(16), protocol)
    nodes = pickles.imported("sklearn.tree._tree", "Tree", protocol) + pickles.args(2, numbers, 1, protocol=protocol)
    nodes += pickles.REDUCE + pickles.dictionary({"max_depth": 1, "node_count": 1, "nodes": numbers}, protocol)
    steps = [
        made("sklearn.preprocessing._data.StandardScaler", {"mean_": numbers, "with_mean": True}, protocol),
        made(
            "sklearn.preprocessing._function_transformer.FunctionTransformer",
            {"func": pickles.imported("numpy", "log1p", protocol), "_sklearn_version": "1.9.1"},
            protocol,
        ),
        made("sklearn.tree._classes.DecisionTreeClassifier", {"tree_": nodes + pickles.BUILD}, protocol),
        made("sklearn.linear_model._logistic.LogisticRegression", {"coef_": numbers, "C": 1}, protocol),
    ]
    pairs = b"".join(pickles.args(f"step{n}", step, protocol=protocol) for n, step in enumerate(steps))
    whole = pickles.EMPTY_LIST + pickles.MARK + pairs + b"e"
    state = {"steps": whole, "memory": None, "_sklearn_version": "1.9.1"}
    return made("sklearn.pipeline.Pipeline", state, protocol)


def a_jax_array(protocol):
    """An array of JAX, which hands NumPy's own function to the one that rebuilds it."""
    kind = pickles.imported("numpy", "dtype", protocol)
    kind += pickles.args(pickles.imported("ml_dtypes", "bfloat16", protocol), False, True, protocol=protocol)
    kind += pickles.REDUCE
    args = pickles.args(pickles.imported("numpy", "ndarray", protocol), pickles.args(0), pickles.literal(b"b"))
    state = pickles.args(1, pickles.args(2), kind, False, pickles.literal(bytes(4)), protocol=protocol)
    rebuild = pickles.imported("jax._src.array", "_reconstruct_array", protocol)
    function = pickles.imported("numpy._core.multiarray", "_reconstruct", protocol)
    more = pickles.dictionary({"weak_type": False, "named_shape": pickles.EMPTY_DICT}, protocol)
    return rebuild + pickles.args(function, args, state, more, protocol=protocol) + pickles.REDUCE


@pytest.mark.parametrize("protocol", range(6))
def test_an_estimator_written_by_hand_is_silent(ruleset, tmp_path, protocol):
    assert findings(ruleset, tmp_path, pickles.stream(an_estimator(protocol), protocol=protocol)) == ([], 0)


@pytest.mark.parametrize("protocol", range(3, 6))
def test_an_array_of_jax_is_silent(ruleset, tmp_path, protocol):
    assert findings(ruleset, tmp_path, pickles.stream(a_jax_array(protocol), protocol=protocol)) == ([], 0)


@pytest.mark.parametrize("name", ["sorted", "sum", "min", "max", "len"])
def test_a_built_in_function_over_plain_data_is_silent_and_with_a_key_is_not(ruleset, tmp_path, name):
    numbers = pickles.EMPTY_LIST + pickles.MARK + pickles.number(1) + pickles.number(2) + b"e"
    assert findings(ruleset, tmp_path, pickles.reduce_call("builtins", name, numbers)) == ([], 0)
    key = pickles.imported("acme", "f")
    found, exit_code = findings(ruleset, tmp_path, pickles.reduce_call("builtins", name, numbers, key))
    assert {severity for _, severity, _ in found} & {"warning", "critical"}
    assert exit_code == 1


@pytest.mark.parametrize("protocol", range(6))
def test_a_class_of_ones_own_is_one_unknown_callable(ruleset, tmp_path, protocol):
    found, exit_code = findings(ruleset, tmp_path, pickle.dumps(Custom(), protocol))
    assert [(rule, severity) for rule, severity, _ in found] == [("MA1090", "warning")]
    assert exit_code == 1


POLICY = """schema: modelaudit/policy@1
policy: acme/own
version: 1
owner: ml@acme.example
extends: [builtin:default]
lists: {allowed_callables: {append: ['ITEM']}}
"""


@pytest.mark.parametrize("protocol", range(6))
def test_a_policy_allows_a_class_in_one_line(tmp_path, protocol):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.replace("ITEM", f"{Custom.__module__}.**/newobj|build"))
    assert findings(load_ruleset(str(policy), cache=False), tmp_path, pickle.dumps(Custom(), protocol)) == ([], 0)


def test_what_a_policy_allows_is_allowed_in_that_use_only(tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.replace("ITEM", "acme.**/newobj|build"))
    ruleset = load_ruleset(str(policy), cache=False)
    found, _ = findings(ruleset, tmp_path, pickles.reduce_call("acme.models", "run", "x"))
    assert [(rule, severity) for rule, severity, _ in found] == [("MA1093", "warning")]
    found, _ = findings(ruleset, tmp_path, pickles.build("acme.models", "Net", {"x": 1}))
    assert [severity for _, severity, _ in found] == ["critical"]


def test_a_policy_with_a_malformed_shape_is_told_its_place(tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.replace("ITEM", "acme.Net/newobj|biuld"))
    with pytest.raises(DiagnosticsError) as error:
        load_ruleset(str(policy), cache=False)
    (diagnostic,) = error.value.diagnostics
    assert (diagnostic.code, diagnostic.help) == ("E228", "did you mean `build`?")
    span = diagnostic.span
    assert span.source[span.column - 1 : span.column - 1 + span.length] == "biuld"
