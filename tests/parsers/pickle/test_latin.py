"""Bytes that old protocols write as text: read from where they stand, however long, and judged like bytes."""

import base64
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import pickles as p
from fixtures import torches
from fixtures.reading import Read
from modelaudit.parsers.pickle import encoded, latin
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.scan import scan

EVIL = p.glob("os", "system") + p.args("echo hi", protocol=2) + p.REDUCE
SHORT = b"\x80\x02" + EVIL + b"."
LONG = b"\x80\x02" + p.text("x" * 70_000, 2) + p.POP + EVIL + b"."


def written(data: bytes, codec: str) -> bytes:
    """The text of some bytes as an opcode's argument."""
    if codec == latin.RAW:
        return data.decode("latin-1").replace("\\", "\\u005c").replace("\n", "\\u000a").encode(latin.RAW)
    return repr(data)[2:-1].encode() if codec == latin.QUOTED else data.decode("latin-1").encode()


FORMS = {
    "BINSTRING": lambda data: b"T" + struct.pack("<I", len(data)) + data,
    "STRING": lambda data: b"S" + repr(data)[1:].encode() + b"\n",
    "UNICODE": lambda data: b"V" + written(data, latin.RAW) + b"\n",
    "BINUNICODE": lambda data: p.text(data.decode("latin-1"), 2),
}


@pytest.mark.parametrize("data", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("form", FORMS)
def test_a_pickle_in_text_is_nested_whole(form, data):
    (nested,) = Read(b"\x80\x02" + FORMS[form](data) + b".").nested
    assert nested.reader.size == len(data)
    assert nested.reader.read_at(0, len(data)) == data


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=400), st.sampled_from([latin.UTF8, latin.RAW, latin.QUOTED]), st.data())
def test_every_part_is_what_it_is_in_the_whole(data, codec, draw):
    text = b"<<" + written(data, codec) + b">>"
    before, latin.STEP = latin.STEP, draw.draw(st.integers(17, 64))
    try:
        reader = latin.reader(BytesReader(text), 2, len(text) - 4, codec)
        assert reader is not None
        assert reader.size == len(data)
        start = draw.draw(st.integers(0, len(data)))
        length = draw.draw(st.integers(0, len(data) + 5))
        assert reader.read_at(start, length) == data[start : start + length]
        assert reader.read_at(-1, 5) == b""
    finally:
        latin.STEP = before


def test_text_beyond_latin_1_stands_for_no_bytes():
    text = ("x" * latin.STEP + "\u0416").encode()
    assert latin.reader(BytesReader(text), 0, len(text)) is None


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([latin.UTF8, latin.RAW, latin.QUOTED]))
def test_any_bytes_are_a_reader_or_none(data, codec):
    before, latin.STEP = latin.STEP, 17
    try:
        reader = latin.reader(BytesReader(data), 0, len(data), codec)
        assert reader is None or len(reader.read_at(0, 1000)) == reader.size
    finally:
        latin.STEP = before


def verdict(ruleset, tmp_path, data):
    path = tmp_path / "m.pkl"
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    return {finding.severity for finding in result.findings} & {"critical", "warning"}, result.decision.exit_code


def tensor(count: int, protocol: int, extra: bytes = b"") -> bytes:
    """A stream of one tensor as torch gives it to a pickler of an old protocol."""
    return p.stream(rebuilt(count, protocol, extra), protocol=2)


def rebuilt(count: int, protocol: int, extra: bytes = b"") -> bytes:
    """The opcodes of such a tensor: its file as the text of its bytes."""
    storage = p.stream(torches.storage("0", count) + extra, protocol=2)
    raw = struct.pack("<q", count) + random.Random(1).randbytes(4 * count)
    data = torches.legacy(storage, torches.keys("0"), raw)
    text = FORMS["UNICODE" if protocol == 0 else "BINUNICODE"](data)
    made = p.glob("_codecs", "encode") + b"(" + text + p.text("latin1", 2) + b"tR"
    loaded = p.glob("torch.storage", "_load_from_bytes") + made + b"\x85R"
    rest = p.args(0, p.args(2), p.args(1), False, p.glob("collections", "OrderedDict") + b")R", protocol=2)
    return p.glob("torch._utils", "_rebuild_tensor_v2") + b"(" + loaded + rest[1:] + b"R"


# Below and above what is worked out (1 MiB), and above what was once turned back into bytes (16 MiB).
COUNTS = [2, 400, 300_000, 4_300_000]


@pytest.mark.parametrize("count", COUNTS)
def test_a_tensor_of_an_old_protocol_is_silent_whatever_its_size(ruleset, tmp_path, count):
    assert verdict(ruleset, tmp_path, tensor(count, 2)) == (set(), 0)


def test_so_is_one_of_protocol_0(ruleset, tmp_path):
    assert verdict(ruleset, tmp_path, tensor(300_000, 0)) == (set(), 0)


# Together more than what a stream keeps in memory (16 MiB), and texts that are held whole (1 KiB): a small file each.
@pytest.mark.parametrize(("count", "tensors"), [(100_000, 50), (20, 1000)])
def test_so_are_many_tensors_of_an_old_protocol(ruleset, tmp_path, count, tensors):
    data = p.stream(b"](" + rebuilt(count, 2) * tensors + b"e", protocol=2)
    assert verdict(ruleset, tmp_path, data) == (set(), 0)
    evil = rebuilt(count, 2, p.POP + EVIL)
    data = p.stream(b"](" + rebuilt(count, 2) * tensors + evil + b"e", protocol=2)
    found, exit_code = verdict(ruleset, tmp_path, data)
    assert ("critical" in found, exit_code) == (True, 1)


@pytest.mark.parametrize("count", COUNTS)
def test_a_call_in_it_is_critical(ruleset, tmp_path, count):
    found, exit_code = verdict(ruleset, tmp_path, tensor(count, 2, p.POP + EVIL))
    assert ("critical" in found, exit_code) == (True, 1)


def test_a_long_text_that_is_loaded_and_no_tensor_is_critical(ruleset, tmp_path):
    text = p.text("x" * 2_000_000, 2)
    made = p.glob("_codecs", "encode") + b"(" + text + p.text("latin1", 2) + b"tR"
    data = p.stream(p.glob("torch.storage", "_load_from_bytes") + made + b"\x85R", protocol=2)
    assert verdict(ruleset, tmp_path, data) == ({"critical"}, 1)


def test_an_encoded_constant_that_is_too_long_is_never_clean(ruleset, tmp_path, monkeypatch):
    monkeypatch.setattr(encoded, "WHOLE", 1 << 16)
    data = b"\x80\x02" + p.text("x" * 200_000, 2) + b"0" + EVIL + b"."
    found, exit_code = verdict(ruleset, tmp_path, p.stream(p.text(base64.b64encode(data).decode(), 2), protocol=2))
    assert ("warning" in found, exit_code) == (True, 1)


def test_a_long_line_is_worked_out_with_its_escapes():
    text = b"V" + b"\\u0078" * 20_000 + b"\n"
    replaced = p.glob("builtins", "str.replace") + b"(" + text + p.text("x", 2) + p.text("y", 2) + b"tR"
    read = Read(b"\x80\x02" + p.glob("m", "f") + b"(" + replaced + b"tR.")
    assert read.calls[-1].args[0].value.startswith("yyyy")
