"""ExecuTorch: a program for devices as a flat buffer, with segments of weights and of code for delegates behind it.

Layout: https://github.com/pytorch/executorch/blob/main/schema/program.fbs and
https://docs.pytorch.org/executorch/stable/pte-file-format.html. Weights may have a file of their own (`.ptd`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

PROGRAM = b"ET12"
WEIGHTS = b"FT01"


def recognise_program(head: bytes, reader: Reader) -> bool:
    """Whether the mark of a program stands behind an offset that lies in the file."""
    return head[4:8] == PROGRAM and int.from_bytes(head[:4], "little") < reader.size


def recognise_weights(head: bytes, reader: Reader) -> bool:
    """The same for a file of weights alone."""
    return head[4:8] == WEIGHTS and int.from_bytes(head[:4], "little") < reader.size


RECOGNISERS = {"executorch": recognise_program, "executorch-data": recognise_weights}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Methods, operators, delegates and tensors of the program; the bytes of weights are passed over."""
    if artifact.format == "executorch-data":
        from modelaudit.parsers.executorch.weights import parse_weights

        return parse_weights(artifact, context)
    from modelaudit.parsers.executorch.program import parse_program

    return parse_program(artifact, context)
