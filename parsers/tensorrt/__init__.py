"""TensorRT: engines that are built for one device, in a layout that NVIDIA does not publish.

Files that TensorRT writes were seen to begin with `ftrt` or `ptrt`; Ultralytics puts the length of a JSON text, and the
text, before that. A plan can hold host code: a lean runtime or serialised plugin libraries, as
https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/version-compatibility.html says.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

MARKS = (b"ftrt", b"ptrt")


def plan_start(head: bytes, reader: Reader) -> int | None:
    """Where the plan begins: at 0, or behind a JSON text with its length; None when there is none."""
    if head[:4] in MARKS and reader.size > 16:
        return 0
    if head[3:5] != b"\0{":
        return None
    start = 4 + int.from_bytes(head[:4], "little")
    return start if reader.read_at(start, 4) in MARKS and reader.read_at(start - 1, 1) == b"}" else None


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether a plan begins here, or behind a JSON text."""
    return plan_start(head, reader) is not None


RECOGNISERS = {"tensorrt": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Programs, plugins, libraries, paths and addresses that stand in the file; its structure is not known."""
    from modelaudit.parsers.tensorrt.plan import parse_plan

    return parse_plan(artifact, context)
