"""HDF5 files: what stands in them as groups, attributes, links and data sets. Values of data sets are not read.

Layout: HDF5 File Format Specification 3.0, https://docs.hdfgroup.org/hdf5/develop/_f_m_t3.html. The structure is
walked here and not by libhdf5, whose native code is not made for hostile bytes and which opens the files that
links, external storage and virtual data sets name.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Values
    from modelaudit.parsers.reader import Reader

SIGNATURE = b"\x89HDF\r\n\x1a\n"
STEP = 512  # the signature stands at 0 or at this times a power of two


def find_signature(head: bytes, reader: Reader) -> int | None:
    """Offset of the superblock, None when there is none."""
    if head.startswith(SIGNATURE):
        return 0
    at = STEP
    while at + len(SIGNATURE) <= reader.size:
        near = at + len(SIGNATURE) <= len(head)
        if (head[at : at + 8] if near else reader.read_at(at, len(SIGNATURE))) == SIGNATURE:
            return at
        at *= 2
    return None


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether a superblock stands where libraries look for one: at 0, 512, 1024, 2048 …"""
    return find_signature(head, reader) is not None


RECOGNISERS = {"hdf5": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """Facts of the file and, when it is a Keras model, of the configuration in it."""
    from modelaudit.parsers.hdf5.file import parse_file

    return parse_file(artifact, context)
