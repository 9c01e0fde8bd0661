"""Archives of PyTorch one behind the other, as shards of a distributed checkpoint (`.distcp`) are.

`torch/distributed/checkpoint/filesystem.py` writes each tensor with `torch.save` to where the one before ended; the
checkpoint's `.metadata` says where each begins. Every part is an archive of its own here.
"""

from __future__ import annotations

from modelaudit.engine.facts import KINDS, Limit
from modelaudit.parsers.base import Nested
from modelaudit.parsers.reader import SliceReader
from modelaudit.parsers.zip.directory import end_before, names_member
from modelaudit.parsers.zip.records import LOCAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader

PARTS_MAX = 100_000
LOOKED = 2  # parts by which the others are told


def parts_of(reader: Reader, most: int = PARTS_MAX) -> list[tuple[int, int]] | None:
    """Where the archives begin and end, the last first; None when the bytes are not archives from end to end.

    At most so many are told.
    """
    found: list[tuple[int, int]] = []
    stop = reader.size
    while stop and len(found) < most:
        end = end_before(reader, stop)
        if end is None or not 0 <= end.shift < stop or reader.read_at(end.shift, 4) != LOCAL:
            return None
        found.append((end.shift, stop))
        stop = end.shift
    return found


def is_stacked(reader: Reader) -> bool:
    """Whether the bytes are two or more archives, of which the last and the first are checkpoints."""
    last = parts_of(reader, 1)
    if not last or last[0][0] == 0:
        return False
    parts = parts_of(reader)
    if parts is None or parts[-1][0] != 0:
        return False
    return all(_is_checkpoint(reader, *part) for part in (parts[0], parts[-1]))


def _is_checkpoint(reader: Reader, begin: int, stop: int) -> bool:
    return names_member(SliceReader(reader, begin, stop - begin), LOCAL, b"data.pkl")


def parse_stacked(artifact: Input, context: Context) -> Iterator[Fact | Nested]:
    """The archives in order, each to be read as what it is."""
    parts = parts_of(artifact.reader) or []
    most = context.budget("members")
    for begin, stop in parts[::-1][:most]:
        context.check()
        yield Nested(f"part@0x{begin:x}", SliceReader(artifact.reader, begin, stop - begin), role="weights")
    if len(parts) > most:
        affects = frozenset(KINDS) - {"artifact"}
        yield Limit(artifact.path, what="members", at=len(parts), budget=most, by="file", affects=affects)
