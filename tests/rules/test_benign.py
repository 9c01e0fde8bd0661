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


@pytest.fixture(scope="module")
def ruleset():
    return load_ruleset(cache=False)


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
