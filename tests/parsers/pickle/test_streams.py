"""Recognition by content, several streams, junk between them, broken ones."""

import io
import json
import pickle
import zipfile

import pytest

from fixtures import pickles
from fixtures.reading import Read, recognised

CALL = pickles.reduce_call("os", "system", "echo", protocol=0)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", [{"a": [1, 2.5]}, [1] * 50, "text", ("x", b"y"), {1, 2}, None, 7, pickle.PickleError])
def test_every_pickle_is_recognised(value, protocol):
    assert recognised(pickle.dumps(value, protocol))


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'echo'\ntR.",
        b"(S'echo'\nios\nsystem\n.",
        b"(cos\nsystem\nS'echo'\no.",
        pickles.broken_after(CALL),
        b"(dp0\nS'a'\np1\nI1\ns.",
        b"\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.",
        b"I1\n.I2\n.I3\n.",
    ],
)
def test_streams_without_header_are_recognised(data):
    assert recognised(data)


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", CALL)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"Python is fun\n.",
        b"Paris\nPrague\nPorto\n",
        b"In the beginning\nthere was",
        b"cat\ndog\nemu\n",
        b"cab\ncabin\ncable\ncabs\n",
        b"class Foo:\n    pass\n",
        b"import os\nimport sys\n",
        b"N.B. this is text",
        b"(1) first\n(2) second\n",
        b"((((((((((((((((",
        b"} else {\n",
        b"]\n",
        json.dumps({"a": [1, 2]}).encode(),
        b"[1, 2]",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(40),
        b"GGUF\x03\0\0\0\x05\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0" + bytes(40),
        b"\x28\0\0\0\0\0\0\0" + json.dumps({"w": 1}).encode().ljust(40),
        b"\x93NUMPY\x01\0v\0{'descr': '<f8'}",
        b"BZh91AY&SY" + bytes(30),
        b"MZ\x90\0\x03\0\0\0",
        b"",
        b".",
        _zip(),
    ],
)
def test_other_content_is_not_taken_for_a_pickle(data):
    assert not recognised(data)


def test_every_stream_of_a_file_is_read():
    read = Read(pickles.harmless() + CALL + pickles.harmless(2))
    assert [(stream.index, stream.stopped, stream.role) for stream in read.streams] == [
        (0, True, "main"),
        (1, True, "main"),
        (2, True, "main"),
    ]
    assert read.targets == ["os.system"]
    assert not read.defects


def test_memo_and_stack_are_those_of_one_stream():
    read = Read(b"\x80\x04\x8c\x02os\x94.\x80\x04h\x00.")
    assert read.defects == ["memo-missing"]


def test_bytes_behind_a_stream_are_a_defect_and_searched():
    read = Read(pickles.harmless() + b"junk\0junk" + CALL + b"end")
    assert read.defects == ["trailing-data", "trailing-data"]
    assert read.targets == ["os.system"]
    assert read.streams[1].role == "tail"


def test_after_an_unknown_opcode_the_next_stream_is_found():
    read = Read(b"\x80\x02N\xff\xfe" + b"\0" * 100 + pickles.reduce_call("os", "system", "echo", protocol=2))
    assert read.defects == ["unknown-opcode"]
    assert read.targets == ["os.system"]
    assert read.streams[0].error == "unknown-opcode"


def test_an_unknown_opcode_says_which_facts_may_be_missing():
    (defect,) = Read(b"\x80\x02N\xff").all("defect")
    assert "import" in defect.affects


def test_random_bytes_behind_a_stream_are_no_streams():
    import random

    read = Read(pickles.harmless() + random.Random(1).randbytes(200_000))
    assert not read.calls


def test_the_five_streams_of_a_legacy_checkpoint_have_their_roles():
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {"w": 1}, ["0"]]
    data = b"".join(pickle.dumps(part, 2) for part in parts) + bytes(8) + b"\xff" * 64
    read = Read(data)
    assert [stream.role for stream in read.streams] == ["magic", "protocol", "sys_info", "object", "storage_keys"]
    assert not read.defects


def test_a_missing_stop_is_a_defect():
    read = Read(b"\x80\x02N")
    assert read.defects == ["truncated"]
    assert not read.streams[0].stopped


def test_facts_come_in_the_order_of_the_opcodes():
    first, second = pickles.reduce_call("a", "b")[2:-1], pickles.reduce_call("c", "d")[2:-1]
    assert Read(pickles.stream(first, second)).targets == ["a.b", "c.d"]


def test_the_protocol_is_the_version_of_the_artifact():
    from modelaudit.parsers.base import Context, Input, Property
    from modelaudit.parsers.pickle import parse
    from modelaudit.parsers.reader import BytesReader

    found = parse(Input("m", BytesReader(pickles.harmless(4)), "pickle"), Context())
    assert [(item.name, item.value) for item in found if isinstance(item, Property)] == [("version", "4")]
