"""Rows of embeddings behind the vocabulary: those of tokens that were added, held against all others.

Layout: https://huggingface.co/docs/tokenizers/api/models; `model.vocab` of `tokenizer.json` numbers the words that the
tokenizer was trained with, the tokens that were added and rows for padding come behind them.
"""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import Place, Tensor, clean
from modelaudit.parsers.bundle.vocabulary import TOKENIZER, vocabulary_of
from modelaudit.parsers.bundle.weights import FILES_MAX, READ_MAX, WEIGHTS
from modelaudit.parsers.reader import SliceReader
from modelaudit.parsers.safetensors.header import data_start, objects_of
from modelaudit.parsers.weights import element_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder

MORE = 10  # one row in so many may stand behind the vocabulary, or it is another tokenizer's
WIDEST = 256 * 1024  # values of a row


def relate_tokens(folder: Folder, context: Context) -> Iterator[Tensor]:
    """The embeddings with how far rows behind the vocabulary are from the others, where somebody asks."""
    if not (context.full and context.wants("tensor.measured")) or TOKENIZER not in folder.names:
        return
    words = vocabulary_of(folder.open(TOKENIZER))[0]
    if not words:
        return
    with open(os.path.join(os.path.dirname(__file__), "config.json"), "rb") as file:
        endings = tuple(json.loads(file.read())["embeddings"])
    for name in [name for name in folder.names if WEIGHTS.fullmatch(name)][:FILES_MAX]:
        context.check()
        reader = folder.open(name)
        for tensor, about in objects_of(reader, READ_MAX) if reader is not None else ():
            if tensor.endswith(endings):
                yield from _embedding(folder, context, name, (tensor, about), words)


def _embedding(
    folder: Folder, context: Context, file: str, named: tuple[str, dict[str, Any]], words: int
) -> Iterator[Tensor]:
    """The fact of a tensor of embeddings with more rows than there are words."""
    tensor, about = named
    dtype = str(about.get("dtype"))
    element = element_of(dtype)
    rows, width = _pair(about.get("shape"))
    begin, end = _pair(about.get("data_offsets"))
    nbytes = rows * width * element.size if element is not None and element.floating else 0
    if not 0 < rows - words <= rows // MORE or not 0 < width <= WIDEST or element is None or end - begin != nbytes:
        return
    reader = folder.open(file)
    if reader is None or not nbytes:
        return
    values = SliceReader(reader, data_start(reader) + begin, nbytes)
    if values.size != nbytes:
        return
    from modelaudit.parsers.weights.statistics import added_rows

    yield Tensor(
        folder.path,
        name=clean(tensor)[0],
        dtype=dtype,
        shape=(rows, width),
        rows=rows,
        nbytes=nbytes,
        role="embedding",
        stats=added_rows(values, (rows, width), element, words, context.check),
        measured="yes",
        places=(Place(pointer=f"/{clean(file)[0]}"),),
    )


def _pair(value: Any) -> tuple[int, int]:  # noqa: ANN401 - whatever JSON holds
    """Two numbers; two zeros when these are no numbers."""
    sound = isinstance(value, list) and len(value) == 2 and all(type(one) is int and 0 <= one < 2**62 for one in value)
    return (value[0], value[1]) if sound else (0, 0)
