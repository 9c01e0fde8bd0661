"""PyTorch checkpoints: recognised by their members, storages skipped, everything else read."""

import pytest

from fixtures import archives
from fixtures.archives import Entry, archive
from modelaudit.engine.facts import Defect, Member, Metadata
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.zip import parse, recognise_torch

EVIL = b"cposix\nsystem\n(X\x04\0\0\0echotR."


def scan(reader):
    reader = BytesReader(reader) if isinstance(reader, bytes) else reader
    given = Input("m.pt", reader, "pytorch-zip", formats=frozenset({"pytorch-zip"}))
    return list(parse(given, Context()))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def names(items) -> list[str]:
    return [nested.name for nested in of(Nested, items)]


def is_torch(data: bytes) -> bool:
    return recognise_torch(data[:4096], BytesReader(data))


class Counting:
    """A file on disk whose reads are counted."""

    def __init__(self, path, size: int) -> None:
        self.path = path
        self.size = size
        self.read = 0

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0:
            return b""
        with self.path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
        self.read += len(data)
        return data

    window = read_at


def test_checkpoint_is_recognised_and_sound():
    data = archives.checkpoint()
    assert is_torch(data)
    items = scan(data)
    assert of(Defect, items) == []
    assert names(items) == ["archive/data.pkl"]
    assert len(of(Member, items)) == 6
    assert {flag for member in of(Member, items) for flag in member.flags} == {"utf8", "data-descriptor"}


def test_small_files_are_metadata():
    items = scan(archives.checkpoint())
    assert [(m.key, m.value) for m in of(Metadata, items)] == [
        ("byteorder", "little"),
        ("version", "3"),
        (".data/serialization_id", "0" * 40),
    ]
    assert [(p.name, p.value) for p in of(Property, items)] == [("version", "3")]


@pytest.mark.parametrize("name", ["version", "byteorder", ".format_version", ".data/serialization_id"])
def test_small_file_that_is_no_plain_value_is_read_as_a_member(name):
    data = archive([Entry("archive/data.pkl", archives.state_dict({})), Entry(f"archive/{name}", EVIL)])
    assert f"archive/{name}" in names(scan(data))


@pytest.mark.parametrize("folder", ["archive", "my model", "a/b"])
def test_any_folder_will_do(folder):
    assert is_torch(archives.checkpoint(folder=folder))


def test_data_pkl_at_the_top_or_late_in_the_directory():
    assert is_torch(archive([Entry("data.pkl", b"\x80\x02N.")]))
    assert is_torch(archive([Entry("x", b"y"), Entry("m/data.pkl", b"\x80\x02N.")]))
    assert is_torch(archive([Entry("x", b"y"), Entry("m/data.pkl", b"\x80\x02N.")], before=b"junk"))


def test_other_archives_are_no_checkpoints():
    assert not is_torch(archives.simple("mydata.pkl", b"x"))
    assert not is_torch(archives.simple("a", b"archive/data.pkl", archives.STORED))
    assert not is_torch(b"no archive")
    assert not is_torch(archive([Entry("backup", archives.checkpoint())]))


def test_every_member_that_is_no_storage_is_read_whatever_its_name():
    members = [Entry("archive/data.pkl", archives.state_dict({})), Entry("archive/data/readme", EVIL)]
    members += [Entry("archive/extra.txt", EVIL), Entry("0", EVIL)]
    assert names(scan(archive(members))) == ["archive/data.pkl", "archive/data/readme", "archive/extra.txt", "0"]


@pytest.mark.parametrize("name", ["archive/data/0", "archive/constants/3", "archive/.data/123.storage", "data/7"])
@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATE])
def test_storage_that_is_a_pickle_is_read(name, method):
    members = [Entry("archive/data.pkl", archives.state_dict({})), Entry(name, EVIL + bytes(5000), method)]
    assert names(scan(archive(members))) == ["archive/data.pkl", name]


def test_storage_that_is_an_archive_is_read():
    inner = archives.simple("x.pkl", EVIL)
    members = [Entry("archive/data.pkl", archives.state_dict({})), Entry("archive/data/0", inner)]
    assert names(scan(archive(members))) == ["archive/data.pkl", "archive/data/0"]


@pytest.mark.parametrize(
    "weights",
    [
        archives.weights(1024),
        bytes(4096),
        b"\x80\x02" + bytes(4094),
        b"\x84" + bytes(range(1, 256)) * 8,
        b"plain text " * 9,
    ],
    ids=["floats", "zeros", "protocol", "extension", "text"],
)
def test_weights_are_no_files(weights):
    members = [Entry("archive/data.pkl", archives.state_dict({})), Entry("archive/data/0", weights)]
    assert names(scan(archive(members))) == ["archive/data.pkl"]


def test_storage_with_the_encryption_bit_is_plain():
    storage = Entry("archive/data/0", bytes(64), flags=archives.ENCRYPTED)
    items = scan(archive([Entry("archive/data.pkl", archives.state_dict({})), storage]))
    assert of(Member, items)[1].flags == {"encrypted", "encrypted-plain"}
    assert of(Defect, items) == []


def test_checkpoint_cut_off_in_the_middle_is_still_one():
    data = archives.checkpoint()[:-400]
    assert is_torch(data)
    assert names(scan(data))[0] == "archive/data.pkl"


def test_large_checkpoint_costs_its_directory_and_the_beginning_of_each_storage(tmp_path):
    path = tmp_path / "large.pt"
    size = archives.write_checkpoint(path, layers=10)
    reader = Counting(path, size)
    items = scan(reader)
    assert size > 40_000_000
    assert names(items) == ["archive/data.pkl"]
    assert reader.read < 300_000
