"""StableHLO programs as MLIR bytecode, and the files of `jax.export` around them.

Layouts: https://mlir.llvm.org/docs/BytecodeFormat/, https://openxla.org/stablehlo/bytecode, and
https://github.com/jax-ml/jax/blob/main/jax/_src/export/serialization.fbs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

MARK = b"ML\xefR"
EXPORTED, TEXT = "jax-export", "mlir-text"
OUTER = (b"func.func @", b"func.func public", b"func.func private", b"\nmodule ")
SIGNS = (b"stablehlo.", b"mhlo.", b"vhlo.")  # before the names of operators
MODULE = 13  # slot of the program in the table of an exported function


def recognise_bytecode(head: bytes, reader: Reader) -> bool:
    """Whether the mark stands at the beginning, with a producer behind it."""
    return head.startswith(MARK) and reader.size > len(MARK) + 2


def recognise_exported(head: bytes, reader: Reader) -> bool:
    """Whether the outermost table of a flat buffer has a program in the slot of programs."""
    from modelaudit.parsers.base import BudgetSpent, Context
    from modelaudit.parsers.cursor import Break
    from modelaudit.parsers.flatbuffers.table import Flat

    try:
        table = Flat(reader, Context()).root()
        return table.text(MODULE, len(MARK)) == MARK
    except (Break, BudgetSpent):
        return False


def recognise_text(head: bytes, reader: Reader) -> bool:
    """Whether the beginning reads like a program of StableHLO."""
    begins = head.lstrip().startswith((b"module", b"#loc", b"func.func", b"//"))
    return begins and any(one in head for one in OUTER) and any(sign in head for sign in SIGNS)


RECOGNISERS = {"mlir-bytecode": recognise_bytecode, EXPORTED: recognise_exported, TEXT: recognise_text}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Operators with the texts among their attributes; of an exported function what stands around its program."""
    if artifact.format == EXPORTED:
        from modelaudit.parsers.mlir.exported import parse_exported

        return parse_exported(artifact, context)
    if artifact.format == TEXT:
        from modelaudit.parsers.mlir.text import parse_text

        return parse_text(artifact, context)
    from modelaudit.parsers.mlir.program import parse_program

    return parse_program(artifact, context)
