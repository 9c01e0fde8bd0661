"""What readers of ZIP archives answer differently: each is a finding when it is there, and none in sound archives."""

import io
import zipfile
import zlib

import pytest

from fixtures.archives import DEFLATE, ENCRYPTED, UTF8, Entry, archive, checkpoint
from modelaudit.pipeline.scan import scan

TEXT = b"plain text, nothing else\n" * 20
WIDE = b"\x01\x00\x10\x00" + (9).to_bytes(8, "little") + (9).to_bytes(8, "little")
UNICODE = b"\x75\x70" + (5 + 5).to_bytes(2, "little") + b"\1" + bytes(4) + b"x.txt"


def one(**options):
    return archive([Entry("a.txt", TEXT, **options)])


def with_end(**lies):
    return archive([Entry("a.txt", TEXT)], **lies)


def disks(data, at, value):
    where = data.rindex(b"PK\5\6") + at
    return data[:where] + value.to_bytes(2, "little") + data[where + 2 :]


def descriptor(change):
    data = one(descriptor=True)
    at = data.index(b"PK\7\x08") + change
    return data[:at] + b"\xee" + data[at + 1 :]


LIES = {
    "local name": (one(local={"name": b"b.txt"}), "MA2001"),
    "local size": (one(local={"size": 3}), "MA2009"),
    "local packed size": (one(local={"compressed": 3}), "MA2009"),
    "local method": (one(local={"method": DEFLATE}), "MA2009"),
    "local checksum": (one(local={"crc": 5}), "MA2009"),
    "local encryption": (one(local={"flags": ENCRYPTED}), "MA2009"),
    "central encryption": (one(central={"flags": ENCRYPTED}), "MA2004"),
    "code of the name": (archive([Entry("ä.txt", TEXT, local={"flags": UTF8})]), "MA2009"),
    "both checksums": (one(local={"crc": 5}, central={"crc": 5}), "MA2003"),
    "stored with two sizes": (one(local={"size": 9}, central={"size": 9}), "MA2009"),
    "stored as nothing": (one(local={"size": 0, "compressed": 0}, central={"size": 0, "compressed": 0}), "MA2012"),
    "zip64 field": (one(local={"extra": WIDE}), "MA2009"),
    "central zip64 field": (one(central={"extra": WIDE}), "MA2009"),
    "descriptor's checksum": (descriptor(4), "MA2009"),
    "descriptor's size": (descriptor(13), "MA2009"),
    "unicode path": (one(central={"extra": UNICODE}), "MA2011"),
    "unlisted": (archive([Entry("a.txt", TEXT), Entry("b.txt", TEXT, listed=False)]), "MA2002"),
    "unwritten": (
        archive([Entry("a.txt", TEXT), Entry("b.txt", TEXT, written=False, central={"offset": 9})]),
        "MA2009",
    ),
    "twice": (archive([Entry("a.txt", TEXT), Entry("a.txt", TEXT)]), "MA2005"),
    "twins by case": (archive([Entry("a.txt", TEXT), Entry("A.txt", TEXT)]), "MA2011"),
    "twins by composition": (archive([Entry("é", TEXT), Entry("e\u0301", TEXT)]), "MA2011"),
    "twins by a dot": (archive([Entry("d/a", TEXT), Entry("d/./a", TEXT)]), "MA2011"),
    "NUL": (archive([Entry(b"a\0.txt", TEXT)]), "MA2011"),
    "backslash": (archive([Entry("d\\a", TEXT)]), "MA2011"),
    "dot at the end": (archive([Entry("a.txt.", TEXT)]), "MA2011"),
    "blank at the end": (archive([Entry("a.txt ", TEXT)]), "MA2011"),
    "absolute": (archive([Entry("/etc/x", TEXT)]), "MA2006"),
    "drive": (archive([Entry("C:x", TEXT)]), "MA2006"),
    "parent": (archive([Entry("../x", TEXT)]), "MA2006"),
    "data in a folder": (archive([Entry("d/", TEXT)]), "MA2009"),
    "prefix": (with_end(before=b"GIF8 no picture"), "MA2012"),
    "suffix": (with_end(after=b"more"), "MA2012"),
    "between": (with_end(between=b"in between"), "MA2012"),
    "gap": (archive([Entry("a.txt", TEXT, after=b"left over"), Entry("b.txt", TEXT)]), "MA2012"),
    "count": (with_end(count=2), "MA2013"),
    "count of this part": (disks(one(), 8, 2), "MA2013"),
    "number of this part": (disks(one(), 4, 3), "MA2013"),
    "size of the directory": (with_end(size=80), "MA2013"),
    "end record in the comment": (with_end(comment=archive([Entry("b.txt", TEXT)])), "MA2013"),
    "zip64 end record": (with_end(zip64=True, count=7), "MA2013"),
    "no directory": (archive([Entry("a.txt", TEXT)], directory=False), "MA2013"),
    "cut off": (archive([Entry("a.txt", TEXT)], directory=False)[:-9], "MA2013"),
    "unknown method": (one(method=97), "MA2013"),
}


def written(**options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as target:
        target.writestr("folder/", b"")
        target.writestr("ä/a.txt", TEXT)
        with target.open("wide.txt", "w", force_zip64=True) as member:
            member.write(TEXT)
    return out.getvalue()


def streamed():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a.txt", TEXT)
        with target.open("wide.txt", "w", force_zip64=True) as member:
            member.write(TEXT)
    return pipe.data


SOUND = {
    "by hand": one(),
    "descriptor": one(descriptor=True),
    "zip64": with_end(zip64=True),
    "comment": with_end(comment=b"a comment"),
    "written by Python": written(),
    "streamed by Python": streamed(),
    "as torch writes": checkpoint(),
}


def rules(builtin_rules, tmp_path, data):
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    return {f.rule for f in scan([str(path)], builtin_rules).findings if f.severity in ("warning", "critical")}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found(builtin_rules, tmp_path, lie):
    data, rule = LIES[lie]
    assert rule in rules(builtin_rules, tmp_path, data)


@pytest.mark.parametrize("sound", SOUND)
def test_a_sound_archive_is_silent(builtin_rules, tmp_path, sound):
    assert rules(builtin_rules, tmp_path, SOUND[sound]) == set()


def test_a_large_member_that_breaks_off_is_told(builtin_rules, tmp_path):
    state = zlib.compressobj(1, zlib.DEFLATED, -15)
    data = bytes(range(256)) * 256 * 200
    raw = state.compress(data) + state.flush()
    entry = Entry("a", data, DEFLATE, raw=raw[:-40])
    assert "MA2013" in rules(builtin_rules, tmp_path, archive([entry]))
