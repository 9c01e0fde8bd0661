"""Tar archives: every dialect, links, devices, and what stands behind the end."""

import tarfile

import pytest

from fixtures import mutants
from fixtures.tars import digest, header, info, link, tar, v7
from modelaudit.engine.facts import Defect, Fact, Limit, Member
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.tar import parse, recognise_tar

LONG = "folder/" * 40 + "model.pkl"


def read(data, **budgets):
    return list(parse(Input("x.tar", BytesReader(data), "tar"), Context(budgets=budgets)))


def members(data):
    return {item.name: item for item in read(data) if isinstance(item, Member)}


def nested(data):
    return {item.name: item.reader.read_at(0, item.reader.size) for item in read(data) if isinstance(item, Nested)}


def codes(data):
    return [item.code for item in read(data) if isinstance(item, Defect)]


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_dialect_is_read(format):
    name = "prefix/" * 20 + "model.pkl" if format == tarfile.USTAR_FORMAT else LONG
    data = tar(info(name, b"x" * 700), info("b", b"y"), format=format)
    assert recognise_tar(data[:4096], BytesReader(data))
    assert nested(data) == {name: b"x" * 700, "b": b"y"}
    assert codes(data) == []
    assert Registry.load().recognise(data[:4096], BytesReader(data), ".bin").formats == ("tar",)


def test_the_oldest_dialect_is_read():
    data = v7(b"model.pkl", b"abc")
    assert recognise_tar(data[:4096], BytesReader(data))
    assert nested(data) == {"model.pkl": b"abc"}


def test_names_in_other_alphabets_and_long_links_are_read():
    data = tar(info("модель", b"x"), link("l", "z" * 200))
    assert set(members(data)) == {"модель", "l"}
    assert members(data)["l"].link_target == "z" * 200


@pytest.mark.parametrize(
    ("member", "flag"),
    [
        (link("a", "b"), "symbolic-link"),
        (link("d/a", "../b"), "symbolic-link"),
        (link("a", "../b"), "link-outside"),
        (link("d/a", "../b", hard=True), "link-outside"),
        (link("a", "/etc/passwd"), "absolute-link"),
        (link("a", "/etc/passwd", hard=True), "link-outside"),
        (info("null", type=tarfile.CHRTYPE), "device"),
        (info("pipe", type=tarfile.FIFOTYPE), "device"),
        (info("su", b"x", mode=0o4755), "setuid"),
        (info("d/.wh.model.pkl"), "whiteout"),
        (info("../a", b"x"), "parent"),
        (info("/a", b"x"), "absolute"),
    ],
)
def test_what_is_unusual_is_told(member, flag):
    (found,) = members(tar(member)).values()
    assert flag in found.flags


def test_a_file_behind_a_link_of_its_folder_is_told():
    assert "through-link" in members(tar(link("a", "/tmp"), info("a/b", b"x")))["a/b"].flags
    assert "through-link" not in members(tar(info("a", type=tarfile.DIRTYPE), info("a/b", b"x")))["a/b"].flags


def test_two_members_of_one_name_are_told():
    found = [item for item in read(tar(info("a", b"x"), info("./a", b"y"))) if isinstance(item, Member)]
    assert [item.duplicate for item in found] == [False, True]


def test_records_that_state_another_size_are_told():
    data = tar(info("a", b"x" * 10, pax_headers={"size": "600"}), info("b" * 600, b"y" * 2000))
    assert "size-mismatch" in members(data)["a"].flags


def test_sparse_members_are_told():
    data = bytearray(tar(info("a", b"x" * 512), format=tarfile.GNU_FORMAT))
    data[156:157] = b"S"
    assert "sparse" in members(header(bytes(data)))["a"].flags


def test_members_behind_the_end_are_read_as_hidden_ones():
    data = tar(info("a", b"x")) + tar(info("b", b"y"))
    items = read(data)
    assert [item.view for item in items if isinstance(item, Nested)] == ["visible", "hidden"]
    assert codes(data) == ["tar-after-end"]


def test_what_is_no_header_is_an_artifact():
    data = tar(info("a", b"x"))[:1024] + b"\x80\x04K\x01." + b"z" * 600
    assert codes(data) == ["tar-header"]
    assert nested(data)["trailing-data"].startswith(b"\x80\x04K")


def test_a_member_that_is_cut_is_told():
    assert codes(tar(info("a", b"x" * 5000))[:2048]) == ["tar-truncated"]


def test_blobs_are_held_against_their_names():
    data = tar(info(f"blobs/sha256/{digest(b'x')}", b"x"), info(f"blobs/sha256/{digest(b'y')}", b"z"), info("a", b"b"))
    assert [item.crc_ok for item in members(data).values()] == [True, False, None]


def test_the_number_of_members_is_limited():
    items = read(tar(*(info(str(n)) for n in range(30))), members=20)
    assert [item.what for item in items if isinstance(item, Limit)] == ["members"]


def test_mutated_archives_never_raise():
    data = tar(info(LONG, b"x" * 700), link("l", "m" * 200), info("b", b"y", pax_headers={"comment": "z"}))
    for seed in range(300):
        items = read(mutants.mutant(data, seed))
        assert all(isinstance(item, (Fact, Nested)) for item in items)
        assert len(items) < 100
