"""Values that ordinary programs pickle, in every protocol: a scan says nothing. What only looks alike is told."""

import collections
import datetime as dt
import decimal
import itertools
import pickle
import warnings
import zoneinfo

import pytest

from fixtures import pickles as p
from modelaudit.pipeline.scan import scan


def used(iterator):
    """The iterator after its first item."""
    next(iterator)
    return iterator


ORDINARY = {
    "zone": lambda: zoneinfo.ZoneInfo("UTC"),
    "moment in a zone": lambda: dt.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo("UTC")),
    "iterator of a range": lambda: iter(range(5)),
    "iterator of a long range": lambda: iter(range(1 << 70)),
    "iterator of a list": lambda: used(iter([1, 2, 3])),
    "iterator of a tuple": lambda: iter((1, 2)),
    "iterator of a text": lambda: iter("ab"),
    "iterator of a set": lambda: iter({1, 2}),
    "iterator of keys": lambda: iter({"a": 1}),
    "iterator of items": lambda: iter({"a": 1}.items()),
    "iterator of values": lambda: iter({"a": 1}.values()),
    "iterator of a deque": lambda: iter(collections.deque([1, 2])),
    "iterator backwards": lambda: reversed([1, 2]),
    "numbered": lambda: enumerate(["a", "b"]),
    "side by side": lambda: zip([1, 2], [3, 4], strict=False),
    "count": lambda: itertools.count(3, 2),
    "cycle": lambda: used(itertools.cycle([1, 2])),
    "repeat": lambda: itertools.repeat(1, 3),
    "chain": lambda: used(itertools.chain([1], [2])),
    "product": lambda: used(itertools.product([1, 2], [3])),
    "permutations": lambda: itertools.permutations([1, 2, 3]),
    "combinations": lambda: used(itertools.combinations([1, 2, 3], 2)),
    "slice of an iterator": lambda: itertools.islice([1, 2, 3], 2),
    "choice": lambda: itertools.compress([1, 2], [1, 0]),
    "union of types": lambda: int | str,
    "tokenizer": lambda: str.split,
    "context of decimals": lambda: decimal.Context(prec=3),
    "chain of dictionaries": lambda: collections.ChainMap({"a": 1}, {"b": 2}),
    "functions of the language": lambda: [repr, hash, isinstance, len],
    "many small objects": lambda: [dt.timedelta(n) for n in range(2000)],
    "deep lists": lambda: eval("[" * 90 + "]" * 90),
    "a list that holds itself": lambda: (lambda made: (made.append(made), made)[1])([]),
}


def told(ruleset, tmp_path, data):
    path = tmp_path / "value.pkl"
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    return [(f.rule, f.severity, f.message) for f in result.findings if f.active and f.severity != "info"]


@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_value_is_silent_in_every_protocol(ruleset, tmp_path, kind):
    for protocol in range(6):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # later Pythons no longer pickle some iterators
                data = pickle.dumps(ORDINARY[kind](), protocol)
        except TypeError:
            pytest.skip("this Python does not pickle it")
        assert told(ruleset, tmp_path, data) == [], protocol


def test_a_method_of_a_detection_head_is_silent(ruleset, tmp_path):
    head = p.glob("ultralytics.nn.modules.head", "Detect")
    data = p.stream(p.glob("__builtin__", "getattr") + p.args(head, "forward", protocol=2) + p.REDUCE, protocol=2)
    assert told(ruleset, tmp_path, data) == []


ALIKE = {
    "iterator that calls": p.reduce_call("builtins", "iter", p.imported("os", "getpid"), 1),
    "chain over something": p.reduce_call("itertools", "chain", p.imported("os", "environ")),
    "another attribute of text": p.reduce_call("builtins", "getattr", p.imported("builtins", "str"), "__class__"),
    "method of another class": p.reduce_call("builtins", "getattr", p.imported("acme", "Net"), "split"),
    "another reduction": p.reduce_call("functools", "reduce", p.imported("os", "system"), p.args("echo", "hi")),
    "another item": p.reduce_call("operator", "getitem", p.imported("sys", "modules"), "os"),
}


@pytest.mark.parametrize("kind", ALIKE)
def test_what_only_looks_alike_is_told(ruleset, tmp_path, kind):
    assert told(ruleset, tmp_path, ALIKE[kind])
