"""Five pickles and storages: roles, sizes, what hides behind them; tar checkpoints member by member."""

import struct

import pytest

from fixtures import pickles, torches
from modelaudit.engine.facts import Call, Code, Defect, Import, Member, Stream
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.torch import parse

CALL = pickles.reduce_call("os", "system", "echo", protocol=2)
ROLES = ["magic", "protocol", "sys_info", "object", "storage_keys"]


def scan(data: bytes, format: str = "pytorch-legacy"):
    return list(parse(Input("m.pt", BytesReader(data), format, formats=frozenset((format,))), Context()))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def codes(items) -> list[str]:
    return [defect.code for defect in of(Defect, items)]


@pytest.fixture(scope="module")
def registry():
    return Registry.load()


def test_a_whole_checkpoint_has_five_streams_and_no_defect(registry):
    data = torches.legacy()
    assert registry.recognise(data, BytesReader(data), ".pt").formats == ("pytorch-legacy",)
    items = scan(data)
    assert [stream.role for stream in of(Stream, items)] == ROLES
    assert codes(items) == []


@pytest.mark.parametrize(
    "magic",
    [
        b"\x80\x02L119547037146038801333356L\n.",
        b"L0x1950a86a20f9469cfc6cL\n.",
        pickles.reduce_call("builtins", "int", "119547037146038801333356", protocol=2),
        pickles.inst_call("builtins", "int", "119547037146038801333356"),
    ],
)
def test_another_spelling_of_the_magic_number_is_recognised(registry, magic):
    data = torches.legacy(magic=magic)
    assert registry.recognise(data, BytesReader(data), "").formats == ("pytorch-legacy",)
    items = scan(data)
    assert [stream.role for stream in of(Stream, items)] == ROLES
    assert codes(items) == []


@pytest.mark.parametrize("data", [pickles.stream(b"K\x01") * 5, CALL + pickles.stream(b"K\x01"), CALL, b"\x80\x02"])
def test_other_pickles_are_no_checkpoint(registry, data):
    assert "pytorch-legacy" not in registry.recognise(data, BytesReader(data), "").formats


@pytest.mark.parametrize("part", ["magic", "version", "system", "obj", "names"])
def test_a_call_in_every_part_is_reported(part):
    given = {"magic": pickles.reduce_call("builtins", "int", "1")} if part != "magic" else {}
    items = scan(torches.legacy(**{**given, part: CALL}))
    assert "os.system" in [call.target for call in of(Call, items)]


def test_what_hides_behind_the_storages_is_found():
    items = scan(torches.legacy() + CALL)
    assert "os.system" in [call.target for call in of(Call, items)]
    items = scan(torches.legacy() + b"\xff" * 100 + CALL)
    assert codes(items) == ["trailing-data"]
    assert "os.system" in [call.target for call in of(Call, items)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"data": torches.raw(1, 2) + torches.raw(3, 4)}, "storage-size"),
        ({"data": torches.raw(1, 2)}, "storage-truncated"),
        ({"data": torches.raw(1, 2) + struct.pack("<q", 2**60)}, "storage-truncated"),
        ({"names": torches.keys("0", "2")}, "storage-unknown"),
        ({"names": pickles.stream(b"K\x01", protocol=2)}, "storage-keys"),
        ({"names": pickles.stream(b"](" + pickles.glob("a", "b") + b"e", protocol=2)}, "storage-keys"),
        ({"obj": torches.tensors(torches.storage("0", 2), torches.storage("1", 3, "OddStorage"))}, "storage-unknown"),
    ],
)
def test_storages_that_do_not_fit_are_a_defect(changes, code):
    assert code in codes(scan(torches.legacy(**changes)))


def test_more_storages_than_a_list_remembers_are_passed():
    count = 3000
    obj = torches.tensors(*(torches.storage(str(i), 1) for i in range(count)))
    items = scan(torches.legacy(obj, torches.keys(*map(str, range(count))), torches.raw(1) * count))
    assert codes(items) == []


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("DoubleStorage", 8),
        ("HalfStorage", 2),
        ("BFloat16Storage", 2),
        ("BoolStorage", 1),
        ("ComplexDoubleStorage", 16),
    ],
)
def test_the_size_of_an_element_is_that_of_its_class(kind, size):
    data = struct.pack("<q", 5) + bytes(5 * size)
    assert codes(scan(torches.legacy(torches.tensors(torches.storage("0", 5, kind)), torches.keys("0"), data))) == []


def test_the_id_of_a_module_is_its_class_and_its_source_is_code():
    source = "class Net:\n    pass\n" * 100
    module = torches.persistent("module", pickles.glob("acme", "Net"), "net.py", source)
    obj = pickles.stream(module + pickles.EMPTY_TUPLE + pickles.NEWOBJ, protocol=2)
    items = scan(torches.legacy(obj, torches.keys(), b""))
    assert [call.target for call in of(Call, items)] == ["", "acme.Net"]
    assert [call.cut for call in of(Call, items)] == [frozenset(), frozenset()]
    (code,) = of(Code, items)
    assert (code.language, code.excerpt) == ("python", source[:1024])


def test_a_break_in_the_object_ends_the_order_of_the_streams():
    items = scan(torches.legacy(pickles.broken_after(CALL)))
    assert "os.system" in [call.target for call in of(Call, items)]
    assert "unknown-opcode" in codes(items)


# Tar


def test_a_tar_checkpoint_is_recognised_by_its_members(registry):
    data = torches.tar()
    assert registry.recognise(data[:4096], BytesReader(data), ".pth").formats == ("pytorch-tar",)
    assert registry.recognise(data[:4096], BytesReader(data), ".pth").defects == []


@pytest.mark.parametrize("name", ["pickle", "tensors", "storages"])
def test_another_tar_archive_is_none(registry, name):
    data = torches.tar(leave=name)
    assert "pytorch-tar" not in registry.recognise(data[:4096], BytesReader(data), "").formats


def test_every_pickle_of_a_tar_checkpoint_is_read():
    items = scan(torches.tar(), "pytorch-tar")
    assert codes(items) == []
    assert len(of(Stream, items)) == 6
    assert all(stream.stopped for stream in of(Stream, items))
    assert [member.name for member in of(Member, items)] == ["storages", "tensors", "pickle"]
    assert [fact.qualname for fact in of(Import, items)] == ["torch.FloatStorage", "torch.FloatTensor"]


def test_places_are_offsets_in_the_archive():
    data = torches.tar(CALL)
    (call,) = [call for call in of(Call, scan(data, "pytorch-tar")) if call.target == "os.system"]
    assert data[call.places[0].offset : call.places[0].offset + 1] == b"R"


@pytest.mark.parametrize("member", ["pickle", "tensors", "storages"])
@pytest.mark.parametrize("before", [b"", torches.number(1), torches.number(1) + CALL + bytes(64)])
def test_a_call_in_every_member_is_reported(member, before):
    items = scan(torches.tar(extra={member: before + CALL}), "pytorch-tar")
    assert "os.system" in [call.target for call in of(Call, items)]


def test_other_members_and_what_follows_are_nested():
    data = torches.tar(extra={"readme": b"text"}).rstrip(b"\0")
    data += bytes(-len(data) % 512) + CALL + bytes(512)
    items = scan(data, "pytorch-tar")
    assert [(nested.name, nested.view) for nested in of(Nested, items)] == [
        ("readme", "visible"),
        ("trailing-data", "hidden"),
    ]
    assert codes(items) == ["trailing-data"]


def test_a_member_that_is_cut_is_a_defect():
    data = torches.tar()
    at = data.index(b"ustar", 1500)
    assert "truncated" in codes(scan(data[: at + 258], "pytorch-tar"))


def test_the_header_of_a_member_must_add_up(registry):
    data = torches.tar()
    broken = b"X" + data[1:]
    assert "pytorch-tar" not in registry.recognise(broken[:4096], BytesReader(broken), "").formats
