"""Functions and methods that a pickle only keeps are silent; reaching or calling more with them is not."""

import operator
import pickle
import re

import pytest

from fixtures import pickles as p
from modelaudit.pipeline.scan import scan


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


SECTION = p.imported("configparser", "SectionProxy") + b")\x81"
LOOKUP = p.imported("spacy.util", "_get_attr_unless_lookup")
GRADES = {
    "get of a section": ("warning", p.reduce_call("builtins", "getattr", SECTION, "get")),
    "another attribute of a section": ("warning", p.reduce_call("builtins", "getattr", SECTION, "_parser")),
    "get of a section that is called": (
        "critical",
        p.stream(p.imported("builtins", "getattr"), p.args(SECTION, "get"), b"R", p.args("a"), b"R"),
    ),
    "partial of a lookup": ("warning", p.reduce_call("functools", "partial", LOOKUP)),
    "partial of a lookup with a command": (
        "critical",
        p.reduce_call("functools", "partial", LOOKUP, p.imported("os", "system")),
    ),
    "partial of a lookup that is called": (
        "warning",
        p.stream(p.imported("functools", "partial"), p.args(LOOKUP), b"R", p.args("a"), b"R"),
    ),
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


WRAPPER = p.imported("collections", "UserDict") + b")\x81" + p.dictionary({"data": p.imported("sys", "modules")}) + b"b"


def test_an_item_of_what_wraps_the_table_of_modules_is_critical(ruleset, tmp_path):
    body = WRAPPER + p.text("os") + p.imported("acme", "x") + b"s"
    assert verdict(ruleset, tmp_path, p.stream(body)) == ("critical", 1)
