"""GGUF and the older files of GGML: metadata, a vocabulary and tensors for llama.cpp and its relatives.

The layout of GGUF is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. A file whose version reads as a
small number only with its bytes swapped is a big-endian one. The older files (GGML, GGMF, GGJT, GGLA, and the saved
sessions GGSN and GGSQ) are described by the programs that wrote them only; `legacy.py` names them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

MAGIC = b"GGUF"
LEGACY = (b"lmgg", b"fmgg", b"tjgg", b"algg", b"nsgg", b"qsgg", b"asgg")
SWAPPED = tuple(magic[::-1] for magic in LEGACY)
SMALLEST = 8  # bytes of a magic number and a version or first field


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the bytes begin as GGUF does; a damaged rest is no reason to refuse."""
    return head[:4] == MAGIC and reader.size >= SMALLEST


def recognise_legacy(head: bytes, reader: Reader) -> bool:
    """Whether the bytes begin with a magic number of the older files, in either byte order, and are not text."""
    if reader.size < SMALLEST or head[:4] not in LEGACY + SWAPPED:
        return False
    return 0 in head[4:64]


RECOGNISERS = {"gguf": recognise, "ggml": recognise_legacy}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Metadata, texts and tensors; weights are not read."""
    if artifact.format == "ggml":
        from modelaudit.parsers.gguf.legacy import parse_legacy

        return parse_legacy(artifact, context)
    from modelaudit.parsers.gguf.file import parse_file

    return parse_file(artifact, context)
