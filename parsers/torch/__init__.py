"""PyTorch's older files: five pickles and the storages behind them, and the tar archives of before 0.1.10.

What `torch.save` writes today is a ZIP archive, see the package `zip`.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Searched
    from modelaudit.parsers.reader import Reader

MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # LONG1 0x1950a86a20f9469cfc6c, STOP
NUMBER = MAGIC[2:-1]
VERSIONS = (b"\xe9\x03", b"\x40\x8f\x48\x00\x00\x00\x00\x00")  # how 1001 stands in a pickle: an integer, a float
WRITTEN = re.compile(rb"[FIL][^\nA-Za-z0-9]*[0-9][^\n]*\n")  # any number as a text
STREAM = b"(]})NILFSVXUTKMJGBCPc\x80\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96"  # opcodes that come first


def recognise_legacy(head: bytes, reader: Reader) -> bool:
    """Whether the first pickle is the magic number, or the second is the version that goes with it."""
    if head.find(MAGIC, 0, 64) >= 0:
        return True
    if len(head) < 64 or head[0] not in STREAM or (len(head) == reader.size and not may_begin(head)):
        return False
    from modelaudit.parsers.torch.legacy import begins

    return begins(reader)


def may_begin(data: bytes) -> bool:
    """Whether one of the numbers that tell the format stands in a file in any way: most small pickles have none."""
    if data.find(NUMBER) >= 0 or any(data.find(version) >= 0 for version in VERSIONS):
        return True
    return data.find(b"\n") >= 0 and WRITTEN.search(data) is not None


def recognise_tar(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are a tar archive with the three members that PyTorch reads."""
    if len(head) < 512 or not head[148:156].strip(b"\0 ").isdigit():
        return False
    from modelaudit.parsers.torch.tar import is_checkpoint

    return is_checkpoint(reader)


RECOGNISERS: dict[str, Callable[[bytes, Reader], bool]] = {
    "pytorch-legacy": recognise_legacy,
    "pytorch-tar": recognise_tar,
}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched]:
    """The facts of all pickles in the file, and whether the storages fit what they say."""
    if artifact.format == "pytorch-tar":
        from modelaudit.parsers.torch.tar import parse_tar

        return parse_tar(artifact, context)
    from modelaudit.parsers.torch.legacy import Checkpoint

    return Checkpoint(artifact, context).read_from(0)
