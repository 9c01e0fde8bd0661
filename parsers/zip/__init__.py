"""ZIP archives and PyTorch checkpoints in them: the central directory and the local headers, both."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Values
    from modelaudit.parsers.reader import Reader

LOCAL = b"PK\x03\x04"
END = b"PK\x05\x06"
END_SIZE = 22
TAIL = END_SIZE + 0xFFFF  # bytes in which the end record of a whole archive lies


def recognise_zip(head: bytes, reader: Reader) -> bool:
    """Whether the bytes begin as an archive does, or end with an archive's end record."""
    if head[:4] == LOCAL:
        return True
    size = reader.size
    if size < END_SIZE or END not in reader.read_at(max(0, size - TAIL), TAIL):
        return False
    from modelaudit.parsers.zip.directory import find_ends

    return any(end.plausible for end in find_ends(reader))


def recognise_torch(head: bytes, reader: Reader) -> bool:
    """Whether the archive holds `data.pkl`, the list of a package or the marks of an export, in a folder or not."""
    if not recognise_zip(head, reader):
        return False
    from modelaudit.parsers.zip.directory import names_member

    marks = (b"data.pkl", b".data/extern_modules")
    exported = (b"archive_format", b"archive_version")  # both of torch.export and AOTInductor
    return any(names_member(reader, head, name) for name in marks) or all(
        names_member(reader, head, name) for name in exported
    )


def recognise_stacked(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are archives of PyTorch from end to end."""
    if head[:4] != LOCAL:
        return False
    from modelaudit.parsers.zip.stacked import is_stacked

    return is_stacked(reader)


RECOGNISERS = {"pytorch-shard": recognise_stacked, "pytorch-zip": recognise_torch, "zip": recognise_zip}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """Facts of the archive, its members and what stands between them; of a shard the archives in it."""
    if artifact.format == "pytorch-shard":
        from modelaudit.parsers.zip.stacked import parse_stacked

        return parse_stacked(artifact, context)
    from modelaudit.parsers.zip.archive import parse_archive

    return parse_archive(artifact, context)
