"""How many words the tokenizers of a folder have.

Layouts: https://huggingface.co/docs/tokenizers/api/models (`model.vocab` of `tokenizer.json`), and the `vocab.txt` of
WordPiece, one word in each line, https://huggingface.co/docs/transformers/model_doc/bert#transformers.BertTokenizer.
"""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.parsers.bundle import Folder
    from modelaudit.parsers.reader import Reader

TOKENIZER, LINES = "tokenizer.json", "vocab.txt"
READ_MAX = 32 * 1024 * 1024  # bytes of a vocabulary
WINDOW = 1024 * 1024
NUMBER_MAX = 2**31 - 1  # what is larger is no number of a token
WORDS = re.compile(r'"model"\s*:\s*\{[^{}]*?"vocab"\s*:\s*')  # the words stand in front of all merges
ADDED = re.compile(r'"added_tokens"\s*:\s*')
DECODER = json.JSONDecoder()


def vocabularies(folder: Folder) -> Iterator[tuple[str, int, int]]:
    """Name of the file, words and tokens of each vocabulary whose size is known."""
    if TOKENIZER in folder.names:
        words, tokens = vocabulary_of(folder.open(TOKENIZER))
        if words:
            yield TOKENIZER, words, tokens
    if LINES in folder.names:
        lines = _lines(folder.open(LINES))
        if lines:
            yield LINES, lines, lines


def vocabulary_of(reader: Reader | None) -> tuple[int, int]:
    """How many numbers the tokenizer's own words take, and those with added tokens; zeros when it is not known."""
    if reader is None or reader.size > READ_MAX:
        return 0, 0
    try:
        vocabulary, added = _parts(reader.read_at(0, reader.size).decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return 0, 0
    words = _words(vocabulary)
    numbers = [one.get("id") for one in added if isinstance(one, dict)] if words and isinstance(added, list) else []
    return words, max(words, _behind(numbers))


def _parts(text: str) -> tuple[Any, Any]:
    """The words and the added tokens; merges, most of the file, are left alone where words are found at once."""
    found = WORDS.search(text)
    if found is None:
        tree = json.loads(text)
        model = tree.get("model") if isinstance(tree, dict) else None
        return (model.get("vocab"), tree.get("added_tokens")) if isinstance(model, dict) else (None, None)
    vocabulary, end = DECODER.raw_decode(text, found.end())
    added = ADDED.search(text, 0, found.start()) or ADDED.search(text, end)
    return vocabulary, None if added is None else DECODER.raw_decode(text, added.end())[0]


def _words(vocabulary: Any) -> int:  # noqa: ANN401 - whatever JSON holds
    if isinstance(vocabulary, list):
        return len(vocabulary)
    return _behind(list(vocabulary.values())) if isinstance(vocabulary, dict) else 0


def _behind(numbers: list[Any]) -> int:
    """The number behind the last one, 0 when there is none."""
    return max((one for one in numbers if type(one) is int and 0 <= one <= NUMBER_MAX), default=-1) + 1


def _lines(reader: Reader | None) -> int:
    """The lines of a text; one that the end breaks off counts as well."""
    if reader is None or not 0 < reader.size <= READ_MAX:
        return 0
    count = sum(reader.read_at(at, WINDOW).count(b"\n") for at in range(0, reader.size, WINDOW))
    return count + (reader.read_at(reader.size - 1, 1) != b"\n")
