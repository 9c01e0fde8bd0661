"""The ZIP parser: what sound archives give, and one test for each lie."""

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import archives
from fixtures.archives import DEFLATE, STORED, Entry, archive
from modelaudit.engine.facts import Defect, Limit, Member, Metadata, Text
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.zip import parse, recognise_zip

PICKLE = b"\x80\x04K\x01."


def scan(data: bytes, *, formats=("zip",), wants=None, reader=None, **budgets):
    given_ = Input("m.zip", reader or BytesReader(data), formats[0], formats=frozenset(formats))
    return list(parse(given_, Context(wants=wants, budgets=budgets)))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def codes(items) -> list[str]:
    return [defect.code for defect in of(Defect, items)]


def content(items) -> list[tuple[str, bytes]]:
    return [(n.name, n.reader.read_at(0, n.reader.size)) for n in of(Nested, items)]


def flags(*entries: Entry, **options) -> frozenset[str]:
    """The flags of the first member."""
    return of(Member, scan(archive(entries, **options)))[0].flags


# Sound archives


@pytest.mark.parametrize(
    "method",
    [STORED, DEFLATE, archives.BZIP2, archives.LZMA, archives.XZ],
    ids=["stored", "deflate", "bzip2", "lzma", "xz"],
)
@pytest.mark.parametrize("zip64", [False, True])
def test_every_method_gives_the_bytes_back(method, zip64):
    data = b"hello world " * 500
    items = scan(archive([Entry("a", data, method), Entry("b", PICKLE, method)], zip64=zip64))
    assert codes(items) == []
    assert content(items) == [("a", data), ("b", PICKLE)]
    assert [(m.flags, m.crc_ok, m.size) for m in of(Member, items)] == [(set(), True, 6000), (set(), True, 5)]


def test_data_descriptors_are_no_gaps():
    items = scan(archive([Entry("a", b"abc" * 99, DEFLATE, descriptor=True), Entry("b", b"x", descriptor=True)]))
    assert codes(items) == []
    assert [m.flags for m in of(Member, items)] == [{"data-descriptor"}, {"data-descriptor"}]


def test_zeros_between_members_are_padding():
    assert codes(scan(archive([Entry("a", b"x", after=bytes(100)), Entry("b", b"y")], after=bytes(512)))) == []


def test_empty_archive_and_empty_members_give_nothing():
    assert scan(archive([])) == []
    assert content(scan(archive([Entry("folder/"), Entry("folder/empty")]))) == []


def test_stored_archive_in_an_archive_is_no_second_end_record():
    inner = archives.simple("x", PICKLE)
    items = scan(archive([Entry("inner.zip", inner)]))
    assert codes(items) == []
    assert content(items) == [("inner.zip", inner)]


def test_comment_is_metadata():
    items = scan(archive([Entry("a", b"x")], comment=b"made by hand"))
    assert [(m.key, m.value) for m in of(Metadata, items)] == [("comment", "made by hand")]
    assert [t.owner for t in of(Text, items)] == ["comment"]
    quiet = scan(archive([Entry("a", b"x")], comment=b"made by hand"), wants=lambda name: name != "text")
    assert of(Text, quiet) == []


def test_zip64_sizes_come_from_the_extra_field():
    wide = struct.pack("<2H2Q", 1, 16, 5, 5)
    big = {"compressed": 0xFFFFFFFF, "size": 0xFFFFFFFF, "extra": wide}
    items = scan(archive([Entry("a", PICKLE, local=big, central=big)]))
    assert codes(items) == []
    assert content(items) == [("a", PICKLE)]


def test_ratio_is_that_of_the_member():
    (member,) = of(Member, scan(archives.simple("a", bytes(100_000))))
    assert member.ratio == pytest.approx(100_000 / member.compressed_size, abs=0.01)
    assert member.ratio > 100


# Lies of the headers


def test_name_in_the_local_header_differs():
    items = scan(archive([Entry("a.pkl", PICKLE, local={"name": b"a.txt"})]))
    (member,) = of(Member, items)
    assert (member.name, member.central_name, member.flags) == ("a.txt", "a.pkl", {"name-mismatch"})
    assert content(items) == [("a.pkl", PICKLE)]


def test_wrong_checksum_is_noted_and_the_bytes_are_read():
    items = scan(archive([Entry("a", PICKLE, local={"crc": 1}, central={"crc": 1})]))
    assert of(Member, items)[0].crc_ok is False
    assert content(items) == [("a", PICKLE)]


def test_checksums_that_differ():
    assert flags(Entry("a", PICKLE, local={"crc": 1})) == {"crc-mismatch"}


@pytest.mark.parametrize("method", [STORED, DEFLATE])
def test_encryption_bit_on_plain_bytes(method):
    items = scan(archive([Entry("a", PICKLE, method, flags=archives.ENCRYPTED)]))
    (member,) = of(Member, items)
    assert (member.encrypted, member.flags) == (True, {"encrypted", "encrypted-plain"})
    assert content(items) == [("a", PICKLE)]
    assert codes(items) == []


def test_encryption_bit_in_one_header_only():
    assert flags(Entry("a", PICKLE, local={"flags": 1})) == {"encrypted", "encrypted-plain", "flags-mismatch"}


def test_encrypted_member_is_not_understood():
    items = scan(archive([Entry("a", PICKLE, flags=archives.ENCRYPTED, raw=b"0123456789ab" + b"noise")]))
    (defect,) = of(Defect, items)
    assert (defect.code, "import" in defect.affects) == ("encrypted-member", True)
    assert "encrypted-plain" not in of(Member, items)[0].flags


def test_strong_encryption_is_said():
    assert "strong-encryption" in flags(Entry("a", PICKLE, flags=0x41))


def test_smaller_local_size_gives_both_views():
    data = b"A" * 10 + PICKLE
    items = scan(archive([Entry("a", data, local={"size": 10, "compressed": 10})]))
    assert of(Member, items)[0].flags == {"size-mismatch"}
    assert content(items) == [("a", data), ("a", b"A" * 10)]
    assert [n.view for n in of(Nested, items)] == ["visible", "hidden"]


def test_member_behind_a_smaller_local_size_is_found():
    hidden = Entry("evil.pkl", PICKLE).local_header()
    items = scan(archive([Entry("a", b"A" * 10 + hidden, local={"size": 10, "compressed": 10})]))
    assert ("evil.pkl", PICKLE) in content(items)


def test_directory_that_says_the_member_is_empty():
    items = scan(archive([Entry("a", PICKLE, central={"size": 0, "compressed": 0})]))
    assert of(Member, items)[0].flags == {"size-mismatch"}
    assert ("a", PICKLE) in content(items)


def test_methods_that_differ_give_both_views():
    items = scan(archive([Entry("a", PICKLE, DEFLATE, central={"method": STORED})]))
    assert "method-mismatch" in of(Member, items)[0].flags
    assert [data for _, data in content(items)] == [archives.packed(PICKLE, DEFLATE), PICKLE]


def test_claimed_size_smaller_than_what_comes_out():
    data = b"x" * 5000 + PICKLE
    items = scan(archive([Entry("a", data, DEFLATE, local={"size": 5}, central={"size": 5})]))
    assert of(Member, items)[0].flags == {"size-mismatch"}
    assert content(items) == [("a", data)]


def test_bytes_after_the_end_of_compressed_data():
    raw = archives.packed(b"abc", DEFLATE) + b"slack"
    assert flags(Entry("a", b"abc", DEFLATE, raw=raw)) == {"slack"}


def test_member_that_no_directory_lists_is_hidden():
    items = scan(archive([Entry("a", b"x"), Entry("evil", PICKLE, listed=False), Entry("b", b"y")]))
    hidden = of(Member, items)[1]
    assert (hidden.name, hidden.central_name, hidden.flags) == ("evil", None, {"local-only"})
    assert [(n.name, n.view) for n in of(Nested, items)] == [("a", "visible"), ("evil", "hidden"), ("b", "visible")]
    assert codes(items) == []


@pytest.mark.parametrize("position", [0, 1, 2])
def test_unlisted_member_with_its_sizes_behind_it(position):
    entries = [Entry("a", b"x" * 50, descriptor=True), Entry("b", b"y" * 50)]
    entries.insert(position, Entry("evil", PICKLE, DEFLATE, listed=False, descriptor=True))
    items = scan(archive(entries))
    assert ("evil", PICKLE) in content(items)
    assert [m.crc_ok for m in of(Member, items)] == [True, True, True]
    assert codes(items) == []


def test_unlisted_member_right_behind_a_short_descriptor():
    items = scan(archive([Entry("a", b"x", descriptor=True), Entry("evil", PICKLE, listed=False)]))
    assert content(items) == [("a", b"x"), ("evil", PICKLE)]


def test_member_without_a_local_header():
    items = scan(archive([Entry("a", b"x"), Entry("ghost", b"y", written=False, central={"offset": 7})]))
    assert [m.flags for m in of(Member, items)] == [set(), {"central-only"}]
    (defect,) = of(Defect, items)
    assert (defect.code, "call" in defect.affects) == ("no-local-header", True)


def test_two_members_of_one_name():
    items = scan(archive([Entry("a", b"x"), Entry("a", PICKLE)]))
    assert [m.duplicate for m in of(Member, items)] == [True, True]
    assert content(items) == [("a", b"x"), ("a", PICKLE)]


def test_names_that_differ_only_in_case_or_composition():
    assert "case-duplicate" in flags(Entry("Data.pkl", b"x"), Entry("data.pkl", b"y"))
    assert "case-duplicate" in flags(Entry("\u00e4".encode(), b"x"), Entry("a\u0308".encode(), b"y"))


def test_members_that_share_their_bytes():
    items = scan(archive([Entry("a", PICKLE), Entry("b", b"", written=False, central={"compressed": 5, "size": 5})]))
    assert all("overlap" in m.flags for m in of(Member, items))
    assert content(items) == [("a", PICKLE)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/etc/passwd", {"absolute"}),
        ("../../evil", {"parent"}),
        ("..\\evil", {"parent", "backslash"}),
        ("C:\\evil", {"drive", "backslash"}),
        ("\\\\host\\share", {"unc", "backslash"}),
        ("data.pkl\0.txt", {"nul"}),
        ("folder/name. ", {"trailing-dot"}),
    ],
)
def test_names_that_mislead(name, expected):
    assert flags(Entry(name, b"x")) == expected


def test_name_that_is_no_utf8_is_read_in_the_old_code_page():
    assert of(Member, scan(archive([Entry(b"gr\x81n", b"x")])))[0].name == "grün"


def test_other_name_in_the_unicode_path_field():
    field = struct.pack("<2HBL", 0x7075, 9, 1, zlib.crc32(b"a")) + b"evil"
    assert flags(Entry("a", b"x", central={"extra": field})) == {"unicode-path"}


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        ("link", b"other", {"link"}),
        ("link", b"../../etc/passwd", {"link", "link-outside"}),
        ("link", b"/etc/passwd", {"link", "link-outside"}),
        ("a/b/link", b"../c", {"link"}),
    ],
)
def test_links_have_a_target(name, target, expected):
    (member,) = of(Member, scan(archive([Entry(name, target, attributes=archives.LINK)])))
    assert (member.link_target, member.flags) == (target.decode(), expected)


def test_devices_and_setuid_are_said():
    assert flags(Entry("a", b"x", attributes=archives.DEVICE)) == {"device"}
    assert flags(Entry("a", b"x", attributes=0o104755 << 16)) == {"setuid"}


def test_folder_with_bytes():
    items = scan(archive([Entry("folder/", PICKLE)]))
    assert of(Member, items)[0].flags == {"directory-with-data"}
    assert content(items) == [("folder/", PICKLE)]


# Lies of the end records


@pytest.mark.parametrize("adjusted", [False, True])
def test_bytes_before_the_archive(adjusted):
    items = scan(archive([Entry("a", PICKLE)], before=b"\x80\x04junk", adjusted=adjusted))
    assert codes(items) == ["prepended-data"]
    assert content(items) == [("a", PICKLE), ("prepended-data", b"\x80\x04junk")]


def test_bytes_after_the_archive():
    items = scan(archive([Entry("a", b"x")], after=PICKLE))
    assert codes(items) == ["trailing-data"]
    assert content(items) == [("a", b"x"), ("trailing-data", PICKLE)]


def test_bytes_before_the_directory():
    items = scan(archive([Entry("a", b"x")], between=PICKLE))
    assert codes(items) == ["gap"]
    assert content(items)[1][1] == PICKLE


def test_bytes_before_and_after_belong_to_the_other_format_of_a_polyglot():
    items = scan(archive([Entry("a", b"x")], before=b"junk", after=PICKLE), formats=("zip", "pickle"))
    assert content(items) == [("a", b"x")]


def test_two_end_records_show_two_archives():
    first = archive([Entry("evil", PICKLE)])
    second = archive([Entry("good", b"x")], before=first, adjusted=True)
    items = scan(second)
    assert codes(items) == ["two-eocd"]
    assert [(n.name, n.view) for n in of(Nested, items)] == [("evil", "hidden"), ("good", "visible")]


def test_end_record_in_the_comment():
    inner = archive([Entry("evil", PICKLE)])
    items = scan(archive([Entry("good", b"x")], comment=inner))
    assert "two-eocd" in codes(items)
    assert {name for name, _ in content(items)} == {"evil", "good"}


def test_an_end_record_in_the_comment_that_leads_nowhere():
    items = scan(archive([Entry("good", b"x")], comment=archive([Entry("evil", PICKLE)])[-22:]))
    assert codes(items) == ["two-eocd"]
    assert codes(scan(archive([Entry("good", b"x")], comment=b"PK\5\6 is what an archive ends with"))) == ["two-eocd"]
    assert codes(scan(archive([Entry("good", b"x")], comment=b"an ordinary comment"))) == []


def test_zip64_end_record_with_other_values():
    data = bytearray(archive([Entry("a", b"x")], zip64=True))
    at = data.rfind(b"PK\6\6")
    data[at + 32] = 9  # the number of entries
    assert set(codes(scan(bytes(data)))) == {"zip64-mismatch", "entry-count"}


def test_second_directory_that_only_zip64_readers_see():
    entries = [Entry("a", b"x"), Entry("evil", PICKLE, listed=False)]
    base = archive(entries, directory=False)
    plain = entries[0].central_header()
    wide = entries[1].central_header()
    body = base + plain + wide
    body += archives.end64(1, len(wide), len(base) + len(plain), len(body))
    items = scan(body + archives.end(1, len(plain), len(base)))
    assert {"zip64-mismatch", "two-directories"} <= set(codes(items))
    assert {name for name, _ in content(items)} == {"a", "evil"}


def test_fewer_or_more_entries_than_the_end_record_says():
    assert codes(scan(archive([Entry("a", b"x")], count=2))) == ["entry-count"]


def test_directory_that_is_shorter_than_the_end_record_says():
    assert "directory-size" in codes(scan(archive([Entry("a", b"x")], between=b"", size=40)))


def test_archive_without_a_directory_is_read_by_its_local_headers():
    items = scan(archive([Entry("a", b"x"), Entry("b", PICKLE)], directory=False))
    (defect,) = of(Defect, items)
    assert (defect.code, "import" in defect.affects) == ("no-directory", True)
    assert content(items) == [("a", b"x"), ("b", PICKLE)]
    assert all(m.flags == set() for m in of(Member, items))


def test_truncated_member_gives_what_is_there():
    data = Entry("a", PICKLE + b"x" * 100).local_header()[:-50]
    items = scan(data)
    assert "truncated" in codes(items)
    assert content(items)[0][1] == PICKLE + b"x" * 50


# Content that cannot be read


def test_unsupported_method_is_not_understood():
    items = scan(archive([Entry("a", b"x" * 50, 98)]))
    (defect,) = of(Defect, items)
    assert (defect.code, "import" in defect.affects) == ("unsupported-method", True)
    assert of(Member, items)[0].method == "ppmd"
    assert content(items) == []


def test_broken_compressed_data_give_what_came_out_before():
    raw = archives.packed(b"abc" * 10_000, DEFLATE)
    items = scan(archive([Entry("a", b"abc" * 10_000, DEFLATE, raw=raw[:20] + b"\xff" * 30)]))
    assert codes(items) == ["bad-data"]
    assert of(Member, items)[0].crc_ok is False


@pytest.mark.parametrize("method", [DEFLATE, archives.BZIP2, archives.LZMA, archives.XZ])
def test_noise_instead_of_compressed_data(method):
    items = scan(archive([Entry("a", b"x", method, raw=b"\x09\x04\x05\x00\xff\xff\xff\xff\xffnoise")]))
    assert set(codes(items)) <= {"bad-data", "unsupported-method"}
    assert codes(items)


# Budgets


def test_more_members_than_the_budget_are_a_limit():
    items = scan(archive([Entry(f"m{i}", b"x") for i in range(20)]), members=5)
    (limit,) = of(Limit, items)
    assert (limit.what, limit.budget, limit.by) == ("members", 5, "file")
    assert len(of(Member, items)) == 5


def test_many_members_that_expand_a_lot_are_a_limit():
    bomb = [Entry(f"m{i}", bytes(4_000_000), DEFLATE) for i in range(12)]
    (limit,) = of(Limit, scan(archive(bomb)))
    assert (limit.what, limit.budget) == ("ratio", 200)


def test_one_kernel_under_many_names_is_read_once():
    kernel = Entry("k", bytes(1_000_000), DEFLATE)
    shared = {"compressed": len(kernel.raw), "size": 1_000_000, "method": DEFLATE}
    copies = [Entry(f"k{i}", written=False, central=shared) for i in range(200)]
    items = scan(archive([kernel, *copies]))
    assert len(of(Nested, items)) == 1
    assert all("overlap" in m.flags for m in of(Member, items))


def test_every_one_of_many_unlisted_members_is_found():
    items = scan(archive([Entry(f"m{i}", b"x", listed=i % 2 == 0, descriptor=True) for i in range(3000)]))
    assert sum("local-only" in m.flags for m in of(Member, items)) == 1500
    assert of(Limit, items) == []


def test_search_between_members_has_a_budget(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.zip.survey.SCAN_MAX", 100_000)
    items = scan(archive([Entry("a", b"x")], between=b"\1" * 3_000_000))
    (limit,) = of(Limit, items)
    assert (limit.what, limit.budget) == ("bytes", 100_000)


def test_names_have_a_budget(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.zip.survey.NAMES_MAX", 10_000)
    (limit,) = of(Limit, scan(archive([Entry("n" * 3000 + str(i), b"x") for i in range(20)])))
    assert limit.what == "names"


def test_expanded_bytes_have_a_budget():
    (limit,) = of(Limit, scan(archive([Entry(f"m{i}", bytes(999), DEFLATE) for i in range(9)]), expanded=5000))
    assert limit.what == "bytes"


def test_large_member_is_expanded_in_windows_and_in_any_order():
    data = b"".join(struct.pack("<I", i * 2654435761 % 2**32) for i in range(4_000_000))
    items = scan(archive([Entry("a", data, DEFLATE)]))
    (nested,) = of(Nested, items)
    assert nested.reader.size == len(data)
    for offset in (15_000_000, 3, 9_000_000, 8_999_999, len(data) - 5, 0):
        assert nested.reader.read_at(offset, 100) == data[offset : offset + 100]
    assert nested.reader.read_at(1_000_000, 5_000_000) == data[1_000_000:6_000_000]
    assert nested.reader.read_at(len(data), 10) == b""


def test_large_member_with_a_small_claim_is_measured():
    data = bytes(20_000_000)
    claim = {"size": 5}
    items = scan(archive([Entry("a", data, DEFLATE, local=claim, central=claim)]), ratio=10_000)
    assert of(Member, items)[0].flags == {"size-mismatch"}
    assert of(Nested, items)[0].reader.size == len(data)


def test_end_record_alone_decides_at_the_end_of_a_file():
    assert recognise_zip(b"junk", BytesReader(b"junk" + archives.simple("a", b"x")))
    assert recognise_zip(b"PK\3\4", BytesReader(b"PK\3\4"))
    assert not recognise_zip(b"x", BytesReader(b"x" * 100 + b"PK\5\6" + b"\1" * 18))
    assert not recognise_zip(b"", BytesReader(b""))


# Hostile bytes


def _sample() -> bytes:
    members = [
        Entry("a", b"abc" * 50, DEFLATE, descriptor=True),
        Entry("b/", b""),
        Entry("b/c", PICKLE),
        Entry("d", b"xyz" * 9, archives.BZIP2, listed=False),
        Entry("e", b"link", archives.LZMA, attributes=archives.LINK),
    ]
    return archive(members, zip64=True, comment=b"comment", before=b"junk", after=b"tail")


SAMPLE = _sample()
SIGNATURES = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_never_raises_on_a_damaged_archive(data):
    raw = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(1, 4))] = data.draw(st.binary(min_size=1, max_size=4))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    recognise_zip(cut[:4096], BytesReader(cut))
    items = scan(cut)
    assert len(items) < 300
    for nested in of(Nested, items):
        assert len(nested.reader.read_at(0, 1_000_000)) <= max(nested.reader.size, 0)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08", bytes(9), b"\xff" * 9])
    )
)
def test_never_raises_on_heaps_of_signatures(parts):
    raw = b"".join(parts) + bytes(22)
    recognise_zip(raw[:4096], BytesReader(raw))
    assert len(scan(raw)) < 500
