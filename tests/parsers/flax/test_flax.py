"""MessagePack of Flax: what a sound file gives, each defect, and files about which everything is a lie."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import flaxes
from fixtures.flaxes import Raw, array, ext, model, pack, text
from modelaudit.engine.facts import Blob, Defect, Fact, Limit, Metadata, Tensor, Text
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.flax import parse, recognise
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
PICKLE = b"cos\ngetpid\n(tR."


def read(data, **more):
    return list(parse(Input("m.msgpack", BytesReader(data), "flax-msgpack"), Context(**more)))


def of(kind, data):
    return [item for item in read(data) if isinstance(item, kind)]


def codes(data):
    return [defect.code for defect in of(Defect, data)]


def test_a_sound_file_has_tensors_and_no_defects():
    assert codes(model()) == []
    assert [(t.name, t.dtype, t.shape, t.nbytes, t.storage_size) for t in of(Tensor, model())] == [
        ("params/Dense_0/kernel", "float32", (4, 8), 128, 128),
        ("params/Dense_0/bias", "float32", (8,), 32, 32),
    ]
    assert [(m.key, m.value, m.number) for m in of(Metadata, model())] == [("step", "10", 10.0)]
    assert REGISTRY.recognise(model()[:4096], BytesReader(model()), "").formats == ("flax-msgpack",)


def test_every_kind_of_value_is_read():
    data = flaxes.everything()
    assert codes(data) == []
    found = {item.key: item.value for item in of(Metadata, data)}
    assert (found["none"], found["yes"], found["number"], found["real"]) == ("None", "True", "-5", "0.5")
    assert found["listed/2/0"] == "2"
    assert [one.owner for one in of(Text, data) if one.value.startswith("a text")] == ["words"]
    assert {tensor.dtype for tensor in of(Tensor, data)} == {"float32", "bfloat16", "uint8"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (model()[:50], "bad-length"),
        (model() + b"more", "trailing-data"),
        (pack({"a": Raw(b"\xc1")}), "bad-byte"),
        (pack({"a": Raw(b"\xdd\xff\xff\xff\xff")}), "bad-length"),
        (pack({"a": Raw(text(b"x", 2**31))}), "bad-length"),
        (b"\x81\x91\x01\x01", "bad-key"),
        (b"\x82\xa1a\x01\xa1a\x02", "duplicate-keys"),
        (model(x=ext(42, b"12345678")), "unknown-extension"),
        (model(x=ext(42, PICKLE)), "extension-pickle"),
        (model(x=array((1,), "object", bytes(8))), "object-dtype"),
        (model(x=array((1,), "object", PICKLE)), "object-pickle"),
        (model(x={"nd": True, "type": "|O", "kind": "O", "shape": [1], "data": PICKLE}), "object-pickle"),
        (model(x=array((4,), "float32", bytes(4))), "tensor-size"),
        (model(x=array((4,), "florp", bytes(4))), "unknown-dtype"),
        (model(x=array((-4,), "float32", bytes(4))), "bad-shape"),
        (model(x=array((2**40, 2**40), "float32", bytes(4))), "bad-shape"),
        (model(x=ext(1, pack([1, 2]))), "bad-array"),
        (model(x=ext(1, pack([1, 2, 3]))), "bad-array"),
        (model(x=ext(1, pack(Raw(b"\x93\x91\xa1x\xa1y\xc4\x00")))), "bad-array"),
        (model(x=ext(1, pack(Raw(b"\x93\x91\x01\x05\xc4\x00")))), "bad-array"),
        (model(x=ext(1, pack(Raw(b"\x93\x91\x01\xa1y\x05")))), "bad-array"),
        (model(x=ext(1, array((1,)).data[6:] + b"more")), "bad-array"),
    ],
)
def test_each_lie_is_a_defect(data, code):
    assert code in codes(data)


def test_pickles_in_values_are_read():
    data = model(x=PICKLE, y=array((len(PICKLE),), "uint8", PICKLE))
    assert [(blob.kind, blob.region) for blob in of(Blob, data)] == [("pickle", "literal"), ("pickle", "tensor")]
    assert [item.name for item in of(Nested, data)] == ["literal/x", "tensor/y"]
    assert codes(data) == []


def test_names_by_which_objects_are_rebuilt_are_keys_of_note():
    found = [(m.key, m.value) for m in of(Metadata, model(x={"__reduce__": 1})) if m.type == "key"]
    assert found == [("__reduce__", "x")]


def test_depth_without_end_is_a_limit():
    deep = b"\x81\xa1a" * 600 + b"\x01"
    assert [limit.what for limit in of(Limit, deep)] == ["depth"]


def test_other_bytes_are_not_taken_for_it():
    assert not recognise(b"\x80\x04\x95", BytesReader(b"\x80\x04\x95"))
    assert not recognise(b"\x81\x01\x02\x03", BytesReader(b"\x81\x01\x02\x03"))
    assert not recognise(b"\x81\xa1a\x02\x03", BytesReader(b"\x81\xa1a\x02\x03"))
    rng = random.Random(1)
    for _ in range(300):
        data = bytes([rng.choice(b"\x81\x82\x8a\xde\xdf")]) + rng.randbytes(4000)
        assert not recognise(data, BytesReader(data))


def findings(tmp_path, data):
    (tmp_path / "m.msgpack").write_bytes(data)
    document = scan([str(tmp_path)], load_ruleset())
    return {finding.rule for finding in document.findings if finding.active}, document


def test_a_sound_file_is_clean(tmp_path):
    found, document = findings(tmp_path, flaxes.everything())
    assert found == set()
    assert document.decision.exit_code == 0


def test_an_object_array_that_is_a_pickle_is_critical(tmp_path):
    found, _ = findings(tmp_path, model(x=array((1,), "object", PICKLE)))
    assert {"MA4600", "MA4606"} <= found


def test_a_file_of_another_shape_under_the_extension_is_read_all_the_same(tmp_path):
    found, document = findings(tmp_path, model()[:60])
    assert {"MA3103", "MA4603"} <= found
    assert document.decision.exit_code == 1


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([model(), flaxes.everything()]), st.integers(0, 2**32))
def test_changed_files_neither_raise_nor_run_away(data, number):
    rng = random.Random(number)
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(changed))
        changed[at] = rng.choice((0, 0x81, 0x91, 0xC1, 0xC6, 0xC9, 0xDB, 0xDD, 0xDF, 0xFF, rng.randrange(256)))
    for item in read(bytes(changed)):
        assert isinstance(item, Fact | Nested | Property)
