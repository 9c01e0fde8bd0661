"""7z archives: every chain of coders that is read, solid folders in one pass, and every length that may be a lie."""

import random
import struct
import zlib

import pytest

from fixtures import mutants, pickles
from fixtures.sevenzips import (
    AES,
    BCJ,
    BCJ2,
    BZIP2,
    COPY,
    DEFLATE,
    DELTA,
    LZMA,
    LZMA2,
    PPMD,
    ZSTD,
    Solid,
    archive,
    header,
    number,
    packed,
    simple,
    streams,
)
from modelaudit.engine.facts import Defect, Fact, Limit, Member
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.expansion import SPOOL
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.sevenzip import parse, recognise
from modelaudit.parsers.sevenzip.coders import Filter

CALL = pickles.reduce_call("os", "system", "echo", protocol=2)
RANDOM = random.Random(3).randbytes(150_000)
FILES = [("a.txt", b"hello " * 900), ("d/model.pkl", CALL), ("rest.bin", RANDOM)]
CHAINS = [(COPY,), (LZMA,), (LZMA2,), (BZIP2,), (DEFLATE,), (ZSTD,), (BCJ, LZMA2), (DELTA, LZMA2)]


def read(data, formats=frozenset({"7z"}), **budgets):
    return list(parse(Input("x.7z", BytesReader(data), "7z", formats=formats), Context(budgets=budgets)))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def content(items):
    return {item.name: item.reader.read_at(0, item.reader.size) for item in of(Nested, items)}


def codes(items):
    return [item.code for item in of(Defect, items)]


@pytest.mark.parametrize("encoded", [(), (LZMA,), (COPY,)])
@pytest.mark.parametrize("chain", CHAINS)
def test_every_chain_is_read(chain, encoded):
    data = archive([Solid(FILES, *chain)], ["nothing", "folder/"], encoded=encoded)
    assert recognise(data[:4096], BytesReader(data))
    found = read(data)
    assert content(found) == dict(FILES)
    assert codes(found) == []
    assert {m.name: m.crc_ok for m in of(Member, found)} == {"nothing": None, **{name: True for name, _ in FILES}}


def test_members_of_several_folders_come_in_their_order():
    found = read(archive([Solid(FILES[:1], ZSTD), Solid(FILES[1:], LZMA)]))
    assert list(content(found)) == [name for name, _ in FILES]
    assert [m.method for m in of(Member, found)] == ["zstd", "lzma", "lzma"]
    assert codes(found) == []


@pytest.mark.parametrize("size", [1, 3, 4, 5, 6, 65535, 65536, 200_001])
def test_a_filter_by_itself_keeps_no_bytes_back(size):
    """liblzma holds the last bytes of an x86 filter back until it is told of the end."""
    plain = RANDOM[: size // 2] + b"\xe8\x10\0\0\0" * (size // 10 + 1)
    plain = plain[:size]
    coded = Filter({"id": 4}, size)
    out = b""
    for at in range(0, size, 50_000):
        out += coded.feed(plain[at : at + 50_000], 1 << 20)
        while not coded.hungry() and not coded.eof:
            out += coded.feed(b"", 1 << 20)
    import lzma

    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
    assert lzma.decompress(packed(plain, LZMA2), lzma.FORMAT_RAW, filters=filters) == out


def test_lzma_behind_a_filter_has_its_last_bytes():
    import lzma

    plain = b"\xe8\x10\0\0\0abc" * 1000
    filtered = lzma.LZMADecompressor(  # what the filter makes of it when packing
        lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
    ).decompress(packed(plain, BCJ, LZMA2))
    found = read(archive([Solid([("x", plain)], BCJ, LZMA, raw=packed(filtered, LZMA))]))
    assert content(found) == {"x": plain}
    assert [m.method for m in of(Member, found)] == ["lzma+bcj-x86"]


def test_large_members_of_a_solid_folder_are_read_from_front_to_back_in_one_more_pass(monkeypatch):
    from modelaudit.parsers.sevenzip import archive as module

    opened = []
    monkeypatch.setattr(module, "stages", lambda *a, real=module.stages: opened.append(1) or real(*a))
    files = [(str(n), bytes([n]) * (SPOOL + 3_000_000) + RANDOM) for n in range(3)]
    for item in parse(Input("x", BytesReader(archive([Solid(files, ZSTD)])), "7z"), Context()):
        if isinstance(item, Nested):
            data = b"".join(item.reader.window(at, 1 << 20) for at in range(0, item.reader.size, 1 << 20))
            assert data == dict(files)[item.name]
            assert item.reader.read_at(item.reader.size - 5, 9) == data[-5:]
    assert len(opened) == 2


@pytest.mark.parametrize("at", [0, 4000])
def test_recognised_behind_other_bytes_when_the_header_is_sound(at):
    data = bytes(at) + simple("m.pkl", CALL)
    registry = Registry.load()
    assert "7z" in registry.recognise(data[:4096], BytesReader(data), ".bin").formats
    found = read(data)
    assert content(found)["m.pkl"] == CALL
    assert codes(found) == (["prepended-data"] if at else [])
    assert not recognise(b"x" * 9 + b"7z\xbc\xaf\x27\x1c" + bytes(90), BytesReader(b""))


WHOLE = Solid(FILES)
BEHIND = packed(FILES[0][1] + CALL, LZMA2) + b"more"
LIES = {
    "start checksum": (lambda: archive([WHOLE], lying={"start": 1}), "7z-checksum", True),
    "header checksum": (lambda: archive([WHOLE], lying={"crc": 1}), "7z-checksum", True),
    "header offset": (lambda: archive([WHOLE], lying={"offset": 1 << 62}), "7z-header", False),
    "header size": (lambda: archive([WHOLE], lying={"size": 1 << 63}), "7z-header", False),
    "file sizes": (lambda: archive([Solid(FILES, sizes=[1 << 40, 1, 1])]), "7z-size", False),
    "folder too small": (lambda: archive([Solid(FILES[:2], size=5410, sizes=[5400, 10])]), "7z-size", True),
    "folder too large": (lambda: archive([Solid(FILES[:2], size=9000, sizes=[5400, 3600])]), "bad-data", True),
    "file checksum": (lambda: archive([Solid(FILES[:1], crcs=[7])]), None, True),
    "bytes behind": (
        lambda: archive([Solid(FILES[:2], raw=packed(FILES[0][1] + CALL, LZMA2) + b"more")]),
        "7z-slack",
        True,
    ),
    "no properties": (lambda: archive([Solid(FILES, LZMA, properties=b"")]), "bad-data", False),
    "a dictionary": (lambda: archive([Solid(FILES, LZMA2, properties=b"\x29")]), "bad-data", False),
    "not packed so": (lambda: archive([Solid(FILES, LZMA, raw=b"\1" * 900)]), "bad-data", False),
    "trailing": (lambda: archive([WHOLE]) + b"more", "trailing-data", True),
    "a gap": (lambda: archive([WHOLE], between=CALL), "gap", True),
    "more names": (lambda: archive([WHOLE], names=[*dict(FILES), "fourth"]), "7z-count", True),
    "fewer names": (lambda: archive([WHOLE], names=["a.txt"]), "7z-count", True),
    "cut off": (lambda: archive([WHOLE])[:-30], "7z-header", False),
    "no coder": (lambda: archive([], head=b"\1\4\6\0\1\x09\1\0\7\x0b\1\0\0"), "7z-header", False),
    "header in itself": (lambda: loop(), "7z-header", False),
}


def loop():
    """A packed header whose packed bytes are that header."""
    head = b"\x17" + streams([Solid([("h", bytes(60))], COPY)], 0, crc=0)
    head = b"\x17" + streams([Solid([("h", bytes(len(head)))], COPY)], 0, crc=0)
    return archive([], head=head, lying={"offset": 0})


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_true_is_a_defect(lie):
    build, code, readable = LIES[lie]
    found = read(build())
    assert code is None or code in codes(found)
    assert (FILES[0][1] in content(found).values()) == readable


def test_a_wrong_checksum_is_told_of_the_member():
    found = read(LIES["file checksum"][0]())
    assert [m.crc_ok for m in of(Member, found)] == [False]


def test_what_no_header_names_is_read_as_hidden():
    found = of(Nested, read(LIES["fewer names"][0]()))
    assert [(n.name, n.view) for n in found] == [("a.txt", "visible"), ("unnamed", "hidden"), ("unnamed", "hidden")]
    (gap,) = [n for n in of(Nested, read(LIES["a gap"][0]())) if n.name.startswith("gap")]
    assert (gap.reader.read_at(0, 999), gap.view) == (CALL, "hidden")
    surplus = content(read(LIES["folder too small"][0]()))["surplus"]
    assert surplus == CALL[10:]


@pytest.mark.parametrize(
    ("methods", "code"), [((AES,), "7z-encrypted"), ((PPMD,), "7z-method"), ((BCJ2, LZMA), "7z-method")]
)
def test_what_cannot_be_decoded_is_listed_and_said(methods, code):
    found = read(archive([Solid(FILES[1:2], *methods, raw=b"?" * 30)]))
    (member,) = of(Member, found)
    assert (member.name, member.size, member.encrypted) == ("d/model.pkl", len(CALL), methods == (AES,))
    (defect,) = of(Defect, found)
    assert defect.code == code
    assert {"import", "call"} <= defect.affects


def test_a_header_that_is_encrypted_is_said():
    found = read(archive([WHOLE], encoded=(AES,)))
    assert codes(found) == ["7z-encrypted-header"]
    assert "member" in of(Defect, found)[0].affects


def test_names_and_modes_are_those_of_a_disk():
    link, device, setuid = 0o120777 << 16 | 0x8000, 0o020666 << 16 | 0x8000, 0o104755 << 16 | 0x8000
    files = [("l", b"../../etc"), ("dev", b"x"), ("s", b"x"), ("../up", b"x"), ("A", b"x"), ("a", b"x"), ("a", b"y")]
    data = archive([Solid(files)], anti=["gone"], attributes={"l": link, "dev": device, "s": setuid})
    members = of(Member, read(data))
    flags = {m.name: set(m.flags) for m in members}
    assert flags["l"] == {"link", "link-outside"}
    assert (flags["dev"], flags["s"], flags["../up"]) == ({"device"}, {"setuid"}, {"parent"})
    assert (flags["A"], flags["a"]) == ({"case-duplicate"}, {"case-duplicate", "duplicate"})
    assert flags["gone"] == {"anti"}


def test_budgets_end_what_the_file_asks_for():
    bomb = archive([Solid([("zeros", bytes(40_000_000))])])
    assert [limit.what for limit in of(Limit, read(bomb))] == ["ratio"]
    found = read(archive([Solid([("zeros", bytes(40_000_000)), ("b", b"x")]), Solid(FILES)]))
    assert [m.name for m in of(Member, found)] == ["zeros", "b", *dict(FILES)]  # what is behind the bomb is read
    assert content(found)["d/model.pkl"] == CALL
    many = archive([Solid([(str(n), b"") for n in range(30)], COPY)])
    assert [(limit.what, limit.budget) for limit in of(Limit, read(many, members=20))] == [("streams", 20)]
    huge = b"\1\5" + number(1 << 50)
    assert [limit.what for limit in of(Limit, read(archive([], head=huge)))] == ["members"]
    large = header([WHOLE])
    wide = b"\x17" + streams([Solid([("h", large)], COPY, size=1 << 40)], crc=0)
    assert [limit.what for limit in of(Limit, read(archive([], head=wide)))] == ["header"]


def test_an_archive_of_nothing_is_sound():
    assert codes(read(archive([], head=b""))) == []
    assert codes(read(archive([], head=header([])))) == []


def test_changed_archives_never_raise():
    goods = [archive([Solid(FILES[:2], *chain), Solid(FILES[1:2], LZMA)], ["e"], encoded=e) for chain, e in
             [((LZMA2,), ()), ((BCJ, LZMA2), (LZMA,)), ((ZSTD,), ())]]  # fmt: skip
    for seed in range(500):
        data = bytearray(mutants.mutant(goods[seed % 3], seed))
        if seed % 2 and len(data) > 32:  # with checksums that fit, so that what is changed is read
            offset, size = struct.unpack_from("<QQ", data, 12)
            struct.pack_into("<I", data, 28, zlib.crc32(data[32 + offset : 32 + offset + size]))
            struct.pack_into("<I", data, 8, zlib.crc32(data[12:32]))
        for item in read(bytes(data)):
            assert isinstance(item, (Fact, Nested))
            if isinstance(item, Nested):
                item.reader.read_at(0, 1 << 20)
