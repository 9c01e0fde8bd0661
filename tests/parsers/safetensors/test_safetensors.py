"""The safetensors parser: what a sound file gives, and one test for each defect."""

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import tensors
from modelaudit.engine.facts import Defect, Limit, Metadata, Tensor, Text
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.safetensors import parse, recognise


class Counting(BytesReader):
    """Counts the bytes that are read."""

    __slots__ = ("read",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.read = 0

    def read_at(self, offset: int, length: int) -> bytes:
        data = super().read_at(offset, length)
        self.read += len(data)
        return data


def scan(data: bytes, *, wants=None, **budgets):
    context = Context(wants=wants, budgets=budgets)
    return list(parse(Input("m.safetensors", BytesReader(data), "safetensors"), context))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def codes(data: bytes, **budgets) -> list[str]:
    return [defect.code for defect in of(Defect, scan(data, **budgets))]


def single(name="w", **fields) -> bytes:
    """A file with one tensor of four F32 values; fields of its description can be replaced."""
    return tensors.file({name: {**tensors.entry(0, 16), **fields}}, bytes(16))


def test_a_sound_file_has_no_defects():
    assert codes(tensors.model()) == []


def test_tensors_are_facts_with_place_shape_and_sizes():
    data = tensors.file({"w": tensors.entry(0, 16, shape=[2, 2])}, bytes(16))
    (tensor,) = of(Tensor, scan(data))
    assert (tensor.name, tensor.dtype, tensor.shape, tensor.rows) == ("w", "F32", (2, 2), 2)
    assert (tensor.nbytes, tensor.storage_size) == (16, 16)
    assert tensor.places[0].offset == len(data) - 16


def test_a_scalar_has_no_rows():
    (tensor,) = of(Tensor, scan(tensors.file({"w": tensors.entry(0, 4, shape=[])}, bytes(4))))
    assert (tensor.rows, tensor.nbytes) == (None, 4)


def test_metadata_are_facts_and_texts_only_when_asked_for():
    data = tensors.model(metadata={"format": "pt", "note": "hello"})
    asked = scan(data)
    assert [(m.key, m.value, m.type) for m in of(Metadata, asked)] == [
        ("format", "pt", "str"),
        ("note", "hello", "str"),
    ]
    assert [(t.owner, t.value, t.role) for t in of(Text, asked)][1] == ("note", "hello", "metadata")
    assert of(Text, scan(data, wants=lambda name: name != "text")) == []


def test_long_metadata_are_cut():
    (fact,) = of(Metadata, scan(tensors.file({"__metadata__": {"k": "x" * 70_000}})))
    assert len(fact.value) == 65_536
    assert fact.cut == {"value"}


@pytest.mark.parametrize(
    ("dtype", "elements", "size"),
    [("F4", 2, 1), ("F6_E2M3", 4, 3), ("F8_E8M0", 3, 3), ("BF16", 3, 6), ("C64", 2, 16), ("BOOL", 5, 5)],
)
def test_every_dtype_of_the_format_is_known(dtype, elements, size):
    data = tensors.file({"w": tensors.entry(0, size, dtype=dtype, shape=[elements])}, bytes(size))
    assert codes(data) == []


def test_no_byte_of_a_tensor_is_read():
    reader = Counting(tensors.model(layers=50))
    list(parse(Input("m", reader, "safetensors"), Context()))
    header = struct.unpack("<Q", reader.data[:8])[0]
    assert reader.read <= header + 8


def test_a_large_file_costs_only_its_header(tmp_path):
    path = tmp_path / "large.safetensors"
    size = tensors.write_large(path, layers=300)
    assert size > 2_000_000_000

    class Sparse:
        def __init__(self) -> None:
            self.size = size
            self.read = 0

        def read_at(self, offset: int, length: int) -> bytes:
            with path.open("rb") as file:
                file.seek(offset)
                data = file.read(length)
            self.read += len(data)
            return data

        window = read_at

    reader = Sparse()
    items = list(parse(Input("m", reader, "safetensors"), Context()))
    assert len(of(Tensor, items)) == 600
    assert of(Defect, items) == []
    assert reader.read < 100_000


def test_file_shorter_than_a_length_is_truncated():
    assert codes(b"\x10\x00") == ["truncated"]


def test_header_longer_than_the_file_is_truncated_and_what_is_there_is_read():
    data = tensors.model()[:150]
    items = scan(data)
    assert [d.code for d in of(Defect, items)] == ["truncated", "header-not-json"]
    assert of(Tensor, items)
    assert "tensor" in of(Defect, items)[0].affects


def test_header_above_the_loaders_limit_is_too_large():
    assert codes(tensors.header(b"{}", length=100_000_001)) == ["header-too-large"]


def test_header_above_the_budget_is_a_limit_of_the_file():
    (limit,) = scan(tensors.header(b"{}", length=50_000_000))
    assert (limit.what, limit.at, limit.by) == ("header", 50_000_000, "file")
    assert "tensor" in limit.affects


def test_header_of_very_many_lists_is_a_limit():
    (limit,) = of(Limit, scan(tensors.header(b'{"a":[' + b"[]," * 1_000_001 + b"[]]}")))
    assert limit.what == "header"


def test_more_tensors_than_the_budget_are_a_limit(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.safetensors.file.TENSORS_MAX", 3)
    items = scan(tensors.model(layers=4))
    assert [limit.what for limit in of(Limit, items)] == ["tensors"]
    assert len(of(Tensor, items)) == 3
    assert of(Defect, items) == []


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"",
        b"{",
        b'{"a"}',
        b'{"a":}',
        b'{"a":1,}',
        b'{"a":1 "b":2}',
        b"{1:2}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":{"dtype":"F32"',
        b'{"\x01":1}',
        b"{}x",
        b"\x0b{}",
    ],
)
def test_header_that_is_no_json_object(text):
    assert "header-not-json" in codes(tensors.header(text))


def test_deep_nesting_is_no_crash():
    assert codes(tensors.header(b'{"a":' + b"[" * 200_000)) == ["header-not-json"]


def test_what_stands_before_the_error_is_kept():
    items = scan(tensors.header(b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},oops}') + bytes(4))
    assert [tensor.name for tensor in of(Tensor, items)] == ["w"]


def test_huge_numbers_are_no_sizes():
    text = b'{"w":{"dtype":"F32","shape":[' + b"9" * 10_000 + b'],"data_offsets":[0,' + b"9" * 5000 + b"]}}"
    assert codes(tensors.header(text)) == ["bad-shape", "bad-offsets"]


def test_invalid_utf8_is_a_defect_and_the_name_is_escaped():
    text = b'{"w\xff":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    items = scan(tensors.header(text) + bytes(4))
    assert of(Defect, items)[0].code == "header-not-utf8"
    assert of(Tensor, items)[0].name.endswith("xff")


def test_lone_surrogate_in_a_name_is_a_defect():
    text = b'{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    items = scan(tensors.header(text) + bytes(4))
    assert [d.code for d in of(Defect, items)] == ["bad-unicode"]
    (tensor,) = of(Tensor, items)
    assert (tensor.name, tensor.lossy) == ("\\ud800", True)


def test_repeated_tensor_name_is_a_defect():
    one = json.dumps(tensors.entry(0, 4))
    assert codes(tensors.header(f'{{"w":{one},"w":{one}}}') + bytes(4))[:1] == ["duplicate-keys"]


def test_repeated_field_is_a_defect():
    text = '{"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    assert codes(tensors.header(text) + bytes(4)) == ["duplicate-keys"]


def test_repeated_metadata_key_is_a_defect():
    assert codes(tensors.header('{"__metadata__":{"a":"1","a":"2"}}')) == ["duplicate-keys"]


def test_escaped_spelling_of_a_name_is_the_same_name():
    one = json.dumps(tensors.entry(0, 4))
    assert "duplicate-keys" in codes(tensors.header(f'{{"w":{one},"\\u0077":{one}}}') + bytes(4))


def test_unknown_dtype_affects_tensors():
    (defect,) = of(Defect, scan(single(dtype="F7")))
    assert (defect.code, defect.affects) == ("unknown-dtype", {"tensor"})


@pytest.mark.parametrize("shape", [None, "x", [-1], [1.5], [True], [None], [[1]], [2**63], [2**62, 4], [1] * 65])
def test_shape_that_is_none(shape):
    assert codes(single(shape=shape)) == ["bad-shape"]


@pytest.mark.parametrize("offsets", [None, [], [0], [0, 16, 32], [16, 0], [-1, 16], ["0", 16], [False, 16], [0, 1.5]])
def test_offsets_that_are_none(offsets):
    assert "bad-offsets" in codes(single(data_offsets=offsets))


def test_entry_that_is_no_object():
    assert codes(tensors.file({"w": 3})) == ["bad-entry"]


def test_field_that_the_format_does_not_have():
    assert codes(single(extra="x")) == ["unknown-key"]


def test_dtype_and_shape_that_disagree_with_the_offsets():
    assert codes(single(shape=[3])) == ["size-mismatch"]


def test_bits_that_are_no_whole_bytes():
    assert codes(single(dtype="F4", shape=[31])) == ["size-mismatch"]


def test_overlapping_tensors():
    data = tensors.file({"a": tensors.entry(0, 16), "b": tensors.entry(8, 24)}, bytes(24))
    assert codes(data) == ["overlap"]


def test_empty_tensors_never_overlap():
    data = tensors.file({"a": tensors.entry(0, 16), "b": tensors.entry(16, 16), "c": tensors.entry(16, 32)}, bytes(32))
    assert codes(data) == []


def test_order_in_the_header_is_free():
    assert codes(tensors.file({"b": tensors.entry(16, 32), "a": tensors.entry(0, 16)}, bytes(32))) == []


def test_hole_before_the_first_tensor_is_looked_into():
    items = scan(tensors.file({"a": tensors.entry(8, 24)}, b"\x80\x04hidden" + bytes(16)))
    assert [d.code for d in of(Defect, items)] == ["hole"]
    (nested,) = of(Nested, items)
    assert (nested.view, nested.reader.read_at(0, 100)) == ("hidden", b"\x80\x04hidden")


def test_tensor_beyond_the_file_is_out_of_range():
    assert codes(tensors.file({"a": tensors.entry(0, 32)}, bytes(16))) == ["out-of-range"]


def test_trailing_data_are_looked_into():
    items = scan(single() + b"PK\x03\x04")
    assert [(d.code, d.places[0].offset) for d in of(Defect, items)] == [("trailing-data", len(single()))]
    (nested,) = of(Nested, items)
    assert (nested.name, nested.reader.size) == ("trailing-data", 4)


def test_trailing_data_are_left_to_the_parser_of_another_format():
    reader = BytesReader(single() + b"PK\x03\x04")
    both = Input("m", reader, "safetensors", formats=frozenset({"safetensors", "zip"}))
    assert of(Nested, list(parse(both, Context()))) == []


@pytest.mark.parametrize("metadata", ["x", 1, None, ["a"]])
def test_metadata_that_are_no_object(metadata):
    assert codes(tensors.file({"__metadata__": metadata})) == ["bad-metadata"]


@pytest.mark.parametrize(
    ("value", "kind"), [(1, "int"), (True, "bool"), (None, "null"), ({"a": 1}, "object"), ([], "list")]
)
def test_metadata_value_that_is_no_text(value, kind):
    items = scan(tensors.file({"__metadata__": {"k": value}}))
    assert [d.code for d in of(Defect, items)] == ["bad-metadata"]
    assert of(Metadata, items)[0].type == kind


def test_padding_with_spaces_is_allowed_and_a_late_brace_is_a_defect():
    assert codes(tensors.header(b"{}      ")) == []
    assert codes(tensors.header(b"   {}")) == ["header-start"]


def test_many_defects_of_one_code_are_not_all_listed():
    assert codes(tensors.file({f"t{i}": 1 for i in range(500)})).count("bad-entry") == 20


def test_recognised_by_content_alone():
    good = tensors.model()
    assert recognise(good[:4096], BytesReader(good))
    assert recognise(tensors.header(b"{}", length=10**9), BytesReader(b""))
    for other in (
        b"",
        b"{}",
        b"[[[[[[[[{}",
        b"\x80\x04K\x01.",
        b"PK\x03\x04" + bytes(30),
        bytes(64),
        b"\x10" + bytes(7) + b'{"\0\0',
    ):
        assert not recognise(other, BytesReader(other))


def test_agrees_with_the_reference_implementation():
    reference = pytest.importorskip("safetensors")
    files = {
        "sound": tensors.model(),
        "overlap": tensors.file({"a": tensors.entry(0, 16), "b": tensors.entry(8, 24)}, bytes(24)),
        "hole": tensors.file({"a": tensors.entry(8, 24)}, bytes(24)),
        "tail": single() + b"x",
        "dtype": single(dtype="F7"),
        "size": single(shape=[3]),
        "metadata": tensors.file({"__metadata__": {"k": 1}}),
        "empty": tensors.file({}),
    }
    for name, data in files.items():
        try:
            reference.deserialize(data)
        except Exception:  # noqa: BLE001
            accepted = False
        else:
            accepted = True
        assert accepted == (codes(data) == []), name


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_never_raises_on_a_damaged_file(data):
    raw = bytearray(tensors.model(metadata={"format": "pt", "note": "a/b~c"}))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    items = scan(bytes(raw[:cut]))
    assert len(items) < 200


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_never_raises_on_any_header(text):
    scan(tensors.header(text))
    scan(tensors.header(b'{"a":' + text + b"}"))
    recognise(text, BytesReader(text))
