"""Functions and methods that a pickle only keeps are silent; reaching or calling more with them is not."""

import operator
import pickle
import re

import pytest

from fixtures import pickles as p
from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan


@pytest.fixture(scope="module")
def ruleset():
    return builtin()


def verdict(ruleset, tmp_path, data):
    path = tmp_path / "m.pkl"
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    found = {finding.severity for finding in result.findings if finding.active}
    return ("critical" if "critical" in found else "warning" if "warning" in found else None), result.decision.exit_code


KEPT = {
    "sub": re.sub,
    "get": dict.get,
    "keys": dict.keys,
    "maketrans": str.maketrans,
    "join of a type": str.join,
    "from_bytes": int.from_bytes,
    "print": print,
    "zip": zip,
    "get of a dictionary": {"a": 1}.get,
    "item of a dictionary": {"a": 1}.__getitem__,
    "item of a list": [1].__getitem__,
    "index of a tuple": (1,).index,
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", KEPT)
def test_what_is_only_kept_is_silent(ruleset, tmp_path, name, protocol):
    assert verdict(ruleset, tmp_path, pickle.dumps({"f": KEPT[name]}, protocol)) == (None, 0)


GRADES = {
    "methodcaller with keywords": ("warning", pickle.dumps(operator.methodcaller("split", ",", maxsplit=1))),
    "methodcaller of a command, with keywords": ("critical", pickle.dumps(operator.methodcaller("system", "id", a=1))),
    "sub that is called": ("warning", p.reduce_call("re", "sub", "a", "b", "c")),
    "get that is called": (
        "warning",
        p.stream(p.imported("builtins", "getattr"), p.args(p.dictionary({"a": 1}), "get"), b"R", p.args("a"), b"R"),
    ),
    "class of a dictionary": ("critical", p.reduce_call("builtins", "getattr", b"}", "__class__")),
    "get of something else": ("critical", p.reduce_call("builtins", "getattr", p.imported("acme", "f") + b")R", "get")),
}


@pytest.mark.parametrize("name", GRADES)
def test_more_is_not_silent(ruleset, tmp_path, name):
    grade, data = GRADES[name]
    assert verdict(ruleset, tmp_path, data) == (grade, 1)
