"""The walk over protocol buffers, held against the library of Google, and what it does with what is none."""

import struct

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.protobufs import field, message, opened, varint
from modelaudit.parsers.base import BudgetSpent, Context
from modelaudit.parsers.magic import plausible
from modelaudit.parsers.protobuf.schema import Schema
from modelaudit.parsers.protobuf.wire import Wire
from modelaudit.parsers.reader import BytesReader

F = descriptor_pb2.FieldDescriptorProto
KINDS = {
    "int": F.TYPE_INT64, "uint": F.TYPE_UINT64, "sint": F.TYPE_SINT64, "bool": F.TYPE_BOOL,
    "fixed32": F.TYPE_FIXED32, "fixed64": F.TYPE_FIXED64, "sfixed32": F.TYPE_SFIXED32, "sfixed64": F.TYPE_SFIXED64,
    "float": F.TYPE_FLOAT, "double": F.TYPE_DOUBLE, "string": F.TYPE_STRING, "bytes": F.TYPE_BYTES,
}  # fmt: skip
SCALARS = sorted(KINDS)
NAMES = [(f"one_{kind}", kind, False) for kind in SCALARS] + [(f"all_{kind}", kind, True) for kind in SCALARS]
ROWS = {str(i + 1): [name, kind, *([True] if many else [])] for i, (name, kind, many) in enumerate(NAMES)}
SCHEMA = Schema({"Node": {**ROWS, "100": ["node", "Node", True]}})


def _library():
    file = descriptor_pb2.FileDescriptorProto(name="node.proto", package="t", syntax="proto2")
    node = file.message_type.add(name="Node")
    for number, (name, kind, many) in enumerate(NAMES, 1):
        label = F.LABEL_REPEATED if many else F.LABEL_OPTIONAL
        added = node.field.add(name=name, number=number, type=KINDS[kind], label=label)
        if many and kind not in ("string", "bytes"):
            added.options.packed = number % 2 == 0
    node.field.add(name="node", number=100, type=F.TYPE_MESSAGE, type_name=".t.Node", label=F.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Node"))


Node = _library()
VALUES = {
    "int": st.integers(-(2**63), 2**63 - 1), "uint": st.integers(0, 2**64 - 1),
    "sint": st.integers(-(2**63), 2**63 - 1), "bool": st.booleans(),
    "fixed32": st.integers(0, 2**32 - 1), "fixed64": st.integers(0, 2**64 - 1),
    "sfixed32": st.integers(-(2**31), 2**31 - 1), "sfixed64": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False), "double": st.floats(allow_nan=False),
    "string": st.text(st.characters(exclude_categories=["Cs"])), "bytes": st.binary(max_size=300),
}  # fmt: skip


@st.composite
def nodes(draw, depth=3):
    node = Node()
    for name, kind, many in draw(st.lists(st.sampled_from(NAMES), max_size=6)):
        if many:
            getattr(node, name).extend(draw(st.lists(VALUES[kind], max_size=5)))
        else:
            setattr(node, name, draw(VALUES[kind]))
    if depth:
        for child in draw(st.lists(nodes(depth - 1), max_size=2)):
            node.node.append(child)
    return node


class Walked:
    """A message as the walk sees it, with the defects that it reported."""

    def __init__(self, data: bytes, reader=None, **more) -> None:
        self.defects = []
        self.unknown = []
        wire = Wire(
            reader or BytesReader(data),
            SCHEMA,
            Context(),
            lambda code, *_: self.defects.append(code),
            lambda field: self.unknown.append(field.number),
            **more,
        )
        self.values = self.read(wire.root("Node"))

    def read(self, node):
        found = {}
        for item in node.fields():
            if item.kind == "Node":
                found.setdefault("node", []).append(self.read(item.sub()))
            elif item.kind == "string":
                found.setdefault(item.name, []).append(item.word(10_000))
            elif item.kind == "bytes":
                found.setdefault(item.name, []).append(item.raw(10_000))
            else:
                found.setdefault(item.name, []).extend(item.numbers(10_000))
        return {name: found[name] for name in found if found[name] != []}


def library_view(node):
    found = {}
    for descriptor, value in node.ListFields():
        if descriptor.name == "node":
            found["node"] = [library_view(child) for child in value]
        else:
            found[descriptor.name] = list(value) if descriptor.name.startswith("all_") else [value]
    return found


@settings(max_examples=200, deadline=None)
@given(nodes())
def test_the_walk_sees_what_the_library_wrote(node):
    walked = Walked(node.SerializeToString())
    assert walked.values == library_view(node)
    assert walked.defects == []
    assert walked.unknown == []


def last(values):
    """The view of the library: of a field that comes once, the last one counts."""
    return {
        name: [last(child) for child in value] if name == "node" else value if name.startswith("all_") else value[-1:]
        for name, value in values.items()
    }


@settings(max_examples=300, deadline=None)
@given(nodes(), st.data())
def test_what_the_library_accepts_of_changed_bytes_is_seen_alike(node, data):
    raw = bytearray(node.SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    walked = Walked(bytes(raw))
    read = Node()
    try:
        read.ParseFromString(bytes(raw))
    except DecodeError:
        return
    assert walked.defects == []
    view = library_view(read)
    if "nan" not in repr(view) and not broken_text(view):
        assert last(walked.values) == view


def broken_text(view):
    """Whether a text was no UTF-8, which this library gives as bytes."""
    texts = [*view.get("one_string", []), *view.get("all_string", [])]
    return any(isinstance(text, bytes) for text in texts) or any(map(broken_text, view.get("node", [])))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_walked_without_raising(data):
    Walked(data)


def test_a_large_field_is_not_read():
    class Counting(BytesReader):
        read = 0

        def read_at(self, offset, length):
            found = super().read_at(offset, length)
            Counting.read += len(found)
            return found

    number = next(int(n) for n, row in ROWS.items() if row[0] == "one_bytes")
    data = field(number, bytes(4_000_000)) * 3 + field(1, 1)
    wire = Wire(Counting(data), SCHEMA, Context(), lambda *_: None)
    assert [item.size for item in wire.root("Node").fields()][:3] == [4_000_000] * 3
    assert Counting.read < 64 * 1024


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x00\x01", "bad-tag"),
        (b"\x0f", "bad-tag"),
        (varint(1 << 32) + b"\x00", "bad-tag"),
        (varint(9 << 3) + b"\xff" * 11, "bad-varint"),
        (opened(100, 9) + b"x", "truncated"),
        (opened(100, 2**31) + b"x", "bad-length"),
        (varint(9 << 3 | 1) + b"abc", "truncated"),
        (varint(9 << 3), "truncated"),
        (varint(200 << 3 | 3) + field(1, 1), "bad-group"),
        (varint(200 << 3 | 3) + varint(201 << 3 | 4), "bad-group"),
        (varint(200 << 3 | 4), "bad-tag"),
    ],
)
def test_each_defect_is_reported(data, code):
    assert Walked(data).defects == [code]


def test_a_defect_in_a_part_leaves_the_rest():
    walked = Walked(field(100, b"\x00") + field(100, b""))
    assert walked.values == {"node": [{}, {}]}
    assert walked.defects == ["bad-tag"]


def test_groups_are_passed_over():
    group = varint(200 << 3 | 3) + field(1, 1) + varint(201 << 3 | 3) + varint(201 << 3 | 4) + varint(200 << 3 | 4)
    walked = Walked(group + field(100, b""))
    assert (walked.values, walked.defects, walked.unknown) == ({"node": [{}]}, [], [200])


def test_a_field_of_another_wire_type_is_unknown():
    assert Walked(field(100, 1)).unknown == [100]


def test_deep_messages_are_a_defect():
    data = b""
    for _ in range(150):
        data = field(100, data)
    assert Walked(data).defects == ["nesting"]
    groups = b"".join(varint(200 << 3 | 3) for _ in range(150))
    assert Walked(groups).defects == ["nesting"]


def test_too_many_fields_spend_the_budget():
    with pytest.raises(BudgetSpent):
        Walked(field(1, 1) * 10_000, fields=5000)


def test_windows_do_not_show():
    data = b"".join(field(100, message((1, i % 2))) for i in range(5000))
    assert len(Walked(data).values["node"]) == 5000


def test_a_cut_text_ends_with_a_whole_character():
    number = next(int(n) for n, row in ROWS.items() if row[0] == "one_string")
    wire = Wire(BytesReader(field(number, "aä")), SCHEMA, Context(), lambda *_: None)
    (item,) = wire.root("Node").fields()
    assert item.text(2) == ("a", False, True)
    assert item.text(3) == ("aä", False, False)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (message((1, 8), (7, b"graph"), (8, b"")), True),
        (varint(20 << 3 | 3) + varint(20 << 3 | 4) + field(1, 1), True),
        (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00", False),
        (b"\x80\x02cbuiltins\nprint\n.", False),
        (b'{"a": 1}', False),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", False),
        (b"hello world, this is a text", False),
        (struct.pack("<Q", 20) + b'{"a":{"dtype":"F32"}}', False),
        (b"\x0a", False),
    ],
)
def test_what_may_be_a_message(data, expected):
    assert plausible(data[:4096], len(data)) is expected
