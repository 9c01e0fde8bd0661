"""Vocabularies of tokenizers in files of their own: SentencePiece models and the lists of tiktoken.

Layouts: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto,
https://github.com/openai/tiktoken/blob/main/tiktoken/load.py (lines of a token in base64 and its rank).
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

PIECES = 3  # that are looked at
LINE = re.compile(rb"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)? [0-9]{1,9}\r?")


def recognise_sentencepiece(head: bytes, reader: Reader) -> bool:
    """Whether the bytes begin with pieces: messages of a text, a score and a kind."""
    at = 0
    for _ in range(PIECES):
        if head[at : at + 1] != b"\n" or len(head) < at + 4 or head[at + 1] > 127:
            return False
        end = at + 2 + head[at + 1]
        if head[at + 2 : at + 3] != b"\n" or head[at + 3] > 120:
            return False
        rest = head[at + 4 + head[at + 3] : end]
        if rest[:1] != b"\x15" or len(rest) not in (5, 7) or rest[5:6] not in (b"", b"\x18") or rest[6:] > b"\x06":
            return False
        at = end
    return True


def recognise_ranks(head: bytes, reader: Reader) -> bool:
    """Whether every one of the first lines is a token in base64 and a number."""
    lines = head.split(b"\n")
    whole = lines[:-1] if len(lines) > 1 else lines
    told = b"= " in head[:64] and not head.startswith(b" ")  # single bytes come first in such a list
    return told and len(whole) >= PIECES and all(map(LINE.fullmatch, whole))


RECOGNISERS = {"sentencepiece": recognise_sentencepiece, "tiktoken": recognise_ranks}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """How many tokens there are, which were added by hand, what is rewritten, and what is numbered twice."""
    if artifact.format == "tiktoken":
        from modelaudit.parsers.vocabulary.ranks import parse_ranks

        return parse_ranks(artifact, context)
    from modelaudit.parsers.vocabulary.pieces import parse_pieces

    return parse_pieces(artifact, context)
