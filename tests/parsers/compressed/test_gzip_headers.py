"""What stands in the headers of gzip members: names, comments, extra fields."""

import random
import struct
import zlib

from fixtures import pickles
from modelaudit.engine.facts import Defect, Member, Metadata, Text
from modelaudit.parsers import compressed
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.reader import BytesReader

CALL = pickles.reduce_call("os", "system", "echo", protocol=2)


def member(data: bytes = b"text", *, name: bytes = b"", comment: bytes = b"", extra: bytes | None = None) -> bytes:
    flags = (4 if extra is not None else 0) | (8 if name else 0) | (16 if comment else 0)
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(4) + b"\0\xff"
    head += struct.pack("<H", len(extra)) + extra if extra is not None else b""
    head += (name + b"\0" if name else b"") + (comment + b"\0" if comment else b"")
    return head + zlib.compress(data)[2:-4] + struct.pack("<II", zlib.crc32(data), len(data))


def read(data: bytes, **options):
    return list(compressed.parse(Input("m", BytesReader(data), "gzip"), Context(**options)))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def test_names_and_comments_of_all_members_are_said_once():
    data = member(name=b"model.pkl", comment=b"k\xe9y") + member(name=b"model.pkl") + member(name=b"../other")
    found = read(data)
    said = [(m.key, m.value) for m in of(Metadata, found)]
    assert said == [("file-name", "model.pkl"), ("comment", "kéy"), ("file-name", "../other")]
    assert [(t.owner, t.role) for t in of(Text, found)] == [(key, "metadata") for key, _ in said]
    assert not of(Defect, found)
    assert not of(Text, read(data, wants=lambda name: name != "text"))


def test_an_extra_field_is_looked_into_when_it_can_be_a_file():
    content, extra = of(Nested, read(member(extra=CALL * 3)))
    assert (extra.reader.read_at(0, 999), extra.view) == (CALL * 3, "hidden")
    assert content.reader.read_at(0, 9) == b"text"
    assert len(of(Nested, read(member(extra=b"BC\x02\0\x1b\0")))) == 1  # blocks of BGZF


def subfield(data: bytes) -> bytes:
    return b"XX" + struct.pack("<H", len(data)) + data


def test_a_file_in_a_subfield_is_looked_into_whatever_its_size():
    assert len(CALL) < 64
    _, small = of(Nested, read(member(extra=subfield(b"1234") + subfield(CALL))))
    assert small.reader.read_at(0, 999) == CALL
    _, large = of(Nested, read(member(extra=subfield(CALL + bytes(300)))))
    assert large.reader.read_at(0, len(CALL)) == CALL
    assert len(of(Nested, read(member(extra=subfield(b"a few words here"))))) == 1
    assert len(of(Nested, read(member(extra=b"")))) == 1


def test_a_name_that_climbs_is_a_member_as_in_archives():
    (climbing,) = of(Member, read(member(name=b"../../etc/cron.d/x")))
    assert (climbing.name, "parent" in climbing.path_class) == ("../../etc/cron.d/x", True)
    for name in (b"model.pkl", b"/home/acme/model.tar", b"v..2.pkl"):
        assert not of(Member, read(member(name=name)))


def test_changed_headers_never_raise():
    rng = random.Random(3)
    good = member(name=b"n", comment=b"c" * 40, extra=b"x" * 80)
    for _ in range(300):
        data = bytearray(good)
        data[rng.randrange(len(data))] = rng.randrange(256)
        read(bytes(data[: rng.randint(1, len(data))]))
