"""NumPy's own files: `.npy`, one array or several, and `.npz`, a ZIP archive of them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Values
    from modelaudit.parsers.reader import Reader

MAGIC = b"\x93NUMPY"


def recognise_npy(head: bytes, reader: Reader) -> bool:
    """Whether the bytes begin as an array file does."""
    return head.startswith(MAGIC)


def recognise_npz(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are an archive in which every member is an array file by its name."""
    if head[:4] != b"PK\x03\x04":
        return False
    from modelaudit.parsers.numpy.archive import only_arrays

    return only_arrays(reader)


RECOGNISERS: dict[str, Callable[[bytes, Reader], bool]] = {"npy": recognise_npy, "npz": recognise_npz}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """Facts of the arrays; what a member of an archive holds is nested, and so are pickles and other data."""
    if artifact.format == "npz":
        from modelaudit.parsers.numpy.archive import parse_npz

        return parse_npz(artifact, context)
    from modelaudit.parsers.numpy.array import parse_npy

    return parse_npy(artifact, context)
