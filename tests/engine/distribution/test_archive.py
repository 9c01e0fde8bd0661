"""Hostile archives: each is refused, and the old pack keeps working."""

from __future__ import annotations

import io
import os
import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest

from modelaudit.engine.distribution import archive, contents
from modelaudit.engine.distribution.errors import PackError
from modelaudit.engine.distribution.trust import Trust


def made(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP file of these members, whatever they are called."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return target.getvalue()


def special(mode: int, name: str = "rules/one.yaml") -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def refused(installed, data: bytes, said: str = "") -> None:
    """The archive is refused with these words, in bounded time, and acme 1.0 keeps working."""
    path = Path(installed.folder, "hostile.zip")
    path.write_bytes(data)
    began = time.process_time()
    with pytest.raises(PackError, match=said or None):
        installed.install(str(path), trust=Trust((), "allow"))
    assert time.process_time() - began < 5
    assert os.listdir(installed.folder / "data") == ["packs"]
    installed.works("1.0")


NAMES = [
    "../../evil.yaml",
    "rules/../../../evil.yaml",
    "/etc/evil.yaml",
    "C:evil.yaml",
    "C:/evil.yaml",
    "rules\\..\\evil.yaml",
    "rules//evil.yaml",
    "./evil.yaml",
    "rules/.hidden.yaml",
    "rules/evil.yaml.",
    "rules/evil.yaml ",
    "rules/con",
    "rules/NUL.yaml",
    "rules/ünïcode.yaml",
    "rules/a\nb.yaml",
    "~/evil.yaml",
    "-rf",
    "/".join("a" * 17),
    "a" * 201,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_member_that_leaves_the_pack_or_has_a_strange_name_is_refused(installed, name):
    refused(installed, made((name, b"x")), "its name is")
    assert not (installed.folder / "evil.yaml").exists()


def test_a_name_that_ends_at_a_zero_byte_is_refused(installed):
    refused(installed, made(("rules/one.yaml_x", b"x")).replace(b".yaml_x", b".yaml\0x"), "its name is")


def test_a_folder_as_a_member_is_refused(installed):
    refused(installed, made(("rules/", b"")), "its name is")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR])
def test_links_and_devices_are_refused(installed, kind):
    refused(installed, made((special(kind | 0o777), b"/etc/passwd")), "it is a link, a folder or a device")


def test_two_members_of_one_name_are_refused(installed):
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = made(("pack.yaml", b"x"), ("pack.yaml", b"y"))
    refused(installed, data, "is there twice")


def test_two_names_that_some_file_systems_take_for_one_are_refused(installed):
    refused(installed, made(("pack.yaml", b"x"), ("PACK.yaml", b"y")), "is there twice")


def test_a_name_for_both_a_file_and_a_folder_is_refused(installed):
    refused(installed, made(("rules", b"x"), ("rules/one.yaml", b"y")), "both a file and a folder")


def test_an_encrypted_member_is_refused(installed):
    data = bytearray(made(("pack.yaml", b"x")))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    refused(installed, bytes(data), "encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(installed, method):
    refused(installed, made(("pack.yaml", b"x" * 100), method=method), "its compression|uncommon")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: b"#!/bin/sh\n" + data, "does not begin as a ZIP"),
        (lambda data: data + b"\0" * 30, "does not end as a ZIP"),
        (lambda data: data[:-2] + b"\5\0hello", "does not end as a ZIP"),
        (lambda data: data[:-22] + b"PK\x06\x07" + b"\0" * 16 + data[-22:], "does not fit its size"),
        (lambda data: data[:-12] + b"\xff\xff\xff\xff" + data[-8:], "does not fit its size"),
        (lambda data: b"", "does not begin as a ZIP"),
        (lambda data: b"PK\3\4", "does not end as a ZIP"),
        (lambda data: data[:-22], "does not end as a ZIP"),
    ],
    ids=["prefix", "suffix", "comment", "zip64", "size", "empty", "start-only", "no-end"],
)
def test_what_surrounds_an_archive_is_refused(installed, change, said):
    refused(installed, change(made(("pack.yaml", b"x"))), said)


def test_a_member_that_unpacks_to_too_much_is_refused(installed):
    refused(installed, made(("pack.yaml", b"\0" * (contents.MAX_FILE_BYTES + 1))), "larger than 10 MiB")


def test_a_member_that_lies_about_its_size_is_refused(installed):
    data = bytearray(made(("pack.yaml", b"\0" * (contents.MAX_FILE_BYTES + 1))))
    for at in (22, data.index(b"PK\1\2") + 24):
        struct.pack_into("<L", data, at, 10)
    refused(installed, bytes(data), "damaged")


def test_members_that_together_unpack_to_too_much_are_refused(installed):
    zeros = b"\0" * contents.MAX_FILE_BYTES
    members = [(f"rules/{number}.yaml", zeros) for number in range(contents.MAX_TOTAL_BYTES // len(zeros) + 1)]
    data = made(*members)
    assert len(data) < 1_000_000
    refused(installed, data, "holds more than 128 MiB")


def test_members_that_share_their_bytes_are_refused(installed):
    data = made(("rules/a.yaml", b"\0" * 1000))
    start, end = data.index(b"PK\1\2"), len(data) - 22
    entry = data[start:end]
    twice = data[:start] + entry + entry.replace(b"rules/a", b"rules/b")
    twice += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, 2 * len(entry), start, 0)
    refused(installed, twice, "damaged")


def test_too_many_members_are_refused(installed):
    members = [(f"rules/{number}.yaml", b"") for number in range(contents.MAX_FILES + 1)]
    refused(installed, made(*members, method=zipfile.ZIP_STORED), "holds more than 4096 files")


def test_a_directory_of_more_members_than_it_says_is_refused(installed):
    data = bytearray(made(*((f"rules/{number}.yaml", b"") for number in range(50))))
    struct.pack_into("<2H", data, len(data) - 14, 1, 1)
    refused(installed, bytes(data))


def test_an_archive_that_is_too_large_is_refused_unread(installed, monkeypatch):
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 1024)
    refused(installed, b"PK\3\4" + b"\0" * 2000, "is larger than")


@pytest.mark.parametrize(
    ("sums", "said"),
    [
        (b"", "holds no SUMS.json"),
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not `modelaudit/sums@1`"),
        (b'{"schema": "modelaudit/sums@2"}', "is not `modelaudit/sums@1`"),
        (b'{"schema": "modelaudit/sums@1", "pack": "acme", "version": "1"}', "does not say"),
        (b'{"schema": "modelaudit/sums@1", "pack": "../x", "version": "1", "files": {}}', "does not say"),
        (b'{"schema": "modelaudit/sums@1", "pack": "acme", "version": "../1", "files": {}}', "does not say"),
        (b'{"schema": "modelaudit/sums@1", "pack": "a", "version": "1", "files": {"../x": "0"}}', "cannot be"),
        (b'{"schema": "modelaudit/sums@1", "pack": "a", "version": "1", "files": {"x": 0}}', "cannot be"),
    ],
)
def test_a_manifest_of_sums_that_is_none_is_refused(installed, sums, said):
    members = [("pack.yaml", b"x"), *([("SUMS.json", sums)] if sums else [])]
    refused(installed, made(*members), said)


def test_the_same_pack_gives_the_same_archive(shop):
    first = Path(shop.archive("1.0")).read_bytes()
    assert Path(shop.archive("1.0")).read_bytes() == first


def test_what_is_written_is_read_back(shop):
    found = archive.read_file(shop.archive("1.0"))
    assert sorted(found.files) == ["pack.yaml", "rules/one.yaml"]
    assert len(found.signature) == 64
    contents.check(found)
