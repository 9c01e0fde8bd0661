"""Tensors that plain pickle and joblib write: a constant that torch unpickles, which is judged by what is in it."""

import zlib

import pytest

from fixtures import pickles as p
from fixtures import torches
from modelaudit.engine.facts import Arg, Call
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.pickle import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.scan import scan

LOADER = ("torch.storage", "_load_from_bytes")
EVIL = p.reduce_call("os", "system", "echo hi", protocol=2)
ONE = torches.legacy(p.stream(torches.storage("0", 2), protocol=2), torches.keys("0"), torches.raw(1, 2))
LONG = torches.legacy(
    p.stream(torches.storage("0", 5000), protocol=2), torches.keys("0"), torches.raw(*map(float, range(5000)))
)


def verdict(ruleset, tmp_path, data, name="m.pkl"):
    path = tmp_path / name
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    found = {finding.severity for finding in result.findings if finding.active}
    return found & {"critical", "warning"}, result.decision.exit_code


def tensor(data: bytes, protocol: int = 4) -> bytes:
    """A tensor as `torch.Tensor.__reduce_ex__` gives it to a pickler."""
    if protocol < 3:
        encoded = p.glob("_codecs", "encode") + p.args(data.decode("latin-1"), "latin1", protocol=2) + p.REDUCE
    else:
        encoded = p.literal(data)
    storage = p.imported(*LOADER, protocol) + encoded + b"\x85" + p.REDUCE
    stride = p.args(0, p.args(2), p.args(1), False, p.imported("collections", "OrderedDict", protocol) + b")R")
    return p.stream(
        p.imported("torch._utils", "_rebuild_tensor_v2", protocol),
        p.MARK + storage + stride[1:],
        p.REDUCE,
        protocol=protocol,
    )


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_tensor_of_a_plain_pickle_is_silent(ruleset, tmp_path, protocol):
    assert verdict(ruleset, tmp_path, tensor(ONE, protocol)) == (set(), 0)


@pytest.mark.parametrize("data", [ONE, LONG], ids=["short", "long"])
def test_a_tensor_of_joblib_is_silent(ruleset, tmp_path, data):
    assert verdict(ruleset, tmp_path, tensor(data), "plain.joblib") == (set(), 0)
    assert verdict(ruleset, tmp_path, zlib.compress(tensor(data)), "packed.joblib") == (set(), 0)


def padded(stream: bytes) -> bytes:
    """The stream behind a text that makes a constant too long to be held."""
    return b"\x80\x02" + p.text("x" * 2000, 2) + p.POP + stream[2:]


PARTS = {
    "in place of the object": torches.legacy(EVIL),
    "long": torches.legacy(padded(EVIL)),
    "in place of the version": torches.legacy(version=EVIL),
    "in place of the keys": torches.legacy(names=EVIL),
    "behind the keys": torches.legacy(data=EVIL),
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", PARTS)
def test_a_call_in_the_constant_is_critical(ruleset, tmp_path, name, protocol):
    found, exit_code = verdict(ruleset, tmp_path, tensor(PARTS[name], protocol))
    assert ("critical" in found, exit_code) == (True, 1)


UNREAD = {
    "no file": b"nothing that anything could read" * 4,
    "a long one": b"nothing that anything could read" * 400,
    "another magic number": torches.legacy(magic=torches.number(1)),
    "a plain pickle": p.harmless(2),
    "an archive": b"PK\x03\x04" + bytes(60),
    "a broken beginning": torches.MAGIC[:-1] + b"\xff" + bytes(60),
}


@pytest.mark.parametrize("data", UNREAD.values(), ids=UNREAD)
def test_a_constant_that_is_no_tensor_is_critical(ruleset, tmp_path, data):
    found, exit_code = verdict(ruleset, tmp_path, tensor(data))
    assert ("critical" in found, exit_code) == (True, 1)


USES = {
    "kept": p.stream(p.imported(*LOADER)),
    "built": p.build(*LOADER, {"a": 1}),
    "given to map": p.reduce_call("builtins", "map", p.imported(*LOADER), b"](" + p.literal(ONE) + b"e"),
    "of what is not known": p.stream(p.imported(*LOADER), p.imported("acme", "f") + b")R\x85", p.REDUCE),
    "of bytes that can change": p.stream(p.imported(*LOADER), b"\x96" + len(ONE).to_bytes(8, "little"), ONE, b"\x85R"),
    "of two, the first unread": p.stream(
        p.imported(*LOADER), p.literal(b"?" * 40), b"\x85R0", p.imported(*LOADER), p.literal(ONE), b"\x85R"
    ),
    "another loader": p.reduce_call("pickle", "loads", p.literal(ONE)),
}


@pytest.mark.parametrize("data", USES.values(), ids=USES)
def test_any_other_use_of_the_loader_is_critical(ruleset, tmp_path, data):
    found, exit_code = verdict(ruleset, tmp_path, data)
    assert ("critical" in found, exit_code) == (True, 1)


def deep(levels: int) -> bytes:
    data = ONE
    for _ in range(levels):
        data = torches.legacy(tensor(data, 2), torches.keys(), b"")
    return tensor(data)


def test_a_constant_too_deep_to_be_read_is_critical(ruleset, tmp_path):
    assert verdict(ruleset, tmp_path, deep(1))[0] == set()
    found, exit_code = verdict(ruleset, tmp_path, deep(10))
    assert ("critical" in found, exit_code) == (True, 1)


def arguments(data: bytes) -> list[Arg]:
    given = Input("m.pkl", BytesReader(data), "pickle")
    calls = [fact for fact in parse(given, Context()) if isinstance(fact, Call)]
    return [call.args[0] for call in calls if call.target == "torch.storage._load_from_bytes"]


@pytest.mark.parametrize("data", [ONE, LONG], ids=["short", "long"])
def test_the_argument_says_as_what_it_is_read(data):
    assert [arg.file for arg in arguments(tensor(data))] == ["pytorch-legacy"]
    assert [arg.file for arg in arguments(tensor(b"?" + data))] == [None]


def test_a_repeated_call_does_not_hide_another_constant(ruleset, tmp_path):
    load = p.imported(*LOADER)
    other = ONE[:1024] + bytes(5000)  # begins like the others
    calls = [load + p.literal(ONE) + b"\x85R0"] * 40 + [load + p.literal(b"\0" + other) + b"\x85R0"]
    found, exit_code = verdict(ruleset, tmp_path, p.stream(*calls, b"N"))
    assert ("critical" in found, exit_code) == (True, 1)
