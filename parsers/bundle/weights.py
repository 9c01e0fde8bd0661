"""Whether a configuration and the weights beside it are of one model: words, widths, layers, types, and their index.

Names of tensors: https://huggingface.co/docs/transformers/main_classes/model, as `save_pretrained` writes them; keys of
configurations and names of embeddings stand in `config.json`. A model may have several parts with numbers of their own:
the two disagree only when no part has a number that the configuration knows.
"""

from __future__ import annotations

import json
import os
import re
from math import prod

from modelaudit.engine.facts import Relation, clean
from modelaudit.parsers.bundle.vocabulary import vocabularies
from modelaudit.parsers.safetensors.header import HeaderError, Members, data_start, entries_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder

CONFIG, TOKENS, INDEX = "config.json", "tokenizer_config.json", "model.safetensors.index.json"
GENERATION, NUMBER = "generation_config.json", "_token_id"
WEIGHTS = re.compile(r"model(?:-\d{5}-of-\d{5})?\.safetensors")  # as transformers names those of a configuration
READ_MAX = 32 * 1024 * 1024  # bytes of a header or a JSON file
FILES_MAX = 512
LAYER = re.compile(r"(?:^|(.*)\.)(?:layers?|blocks?|h)\.(\d{1,5})\.")
FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
SIZE = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
DIMENSIONS = 64
NUMBER_MAX = 2**63 - 1
GENERATES, TIED = "ForCausalLM", "tie_word_embeddings"
SPARE = 2  # times as many rows as tokens are more than any padding
DETAIL = 5  # numbers that are shown


class Tensors:
    """What the headers of a model's files say. `size` is None when a file could not be read."""

    def __init__(self) -> None:
        self.first = ""  # name of a file
        self.size: int | None = 0
        self.words: set[int] = set()
        self.widths: set[int] = set()
        self.layers: dict[str, int] = {}
        self.types: dict[str, int] = {}
        self.rows: set[int] = set()  # and columns of matrices that are no embeddings
        self.packed = False  # whether there is a tensor of another type, which may stand for any matrix

    def take(self, name: str, about: Members, embeddings: tuple[str, ...]) -> None:
        """Take in one tensor."""
        pairs = dict(about.pairs)
        dtype, shape = pairs.get("dtype"), pairs.get("shape")
        if not isinstance(dtype, str) or dtype not in FLOATS or not isinstance(shape, list):
            self.packed = self.packed or isinstance(dtype, str)  # what has none is no tensor
            return
        sizes = [one for one in shape[: DIMENSIONS + 1] if type(one) is int and 0 <= one <= NUMBER_MAX]
        if len(shape) > DIMENSIONS or len(sizes) != len(shape):
            return
        count = SIZE[dtype] * prod(sizes)
        self.types[dtype] = self.types.get(dtype, 0) + count
        if name.endswith(embeddings) and len(shape) == 2:
            self.words.add(sizes[0])
            self.widths.add(sizes[1])
        elif len(shape) == 2:
            self.rows |= {*sizes}  # some keep them lying on their side
        found = LAYER.match(f"{name}.")
        if found is not None:
            part = found[1] or ""
            self.layers[part] = max(self.layers.get(part, 0), int(found[2]) + 1)


def relate_weights(folder: Folder, context: Context) -> Iterator[Fact]:
    """One `relation` for each thing that can be compared; `what` says which it is."""
    names = [name for name in folder.names if WEIGHTS.fullmatch(name)][:FILES_MAX]
    if not names or (CONFIG not in folder.names and INDEX not in folder.names):
        return
    with open(os.path.join(os.path.dirname(__file__), "config.json"), "rb") as file:
        keys = json.loads(file.read())
    tensors = Tensors()
    for name in names:
        context.check()
        _header(folder, name, tensors, tuple(keys["embeddings"]))
    config = _json(folder, CONFIG)
    parts = [config, *(one for one in config.values() if isinstance(one, dict))]
    yield from _sizes(folder.path, tensors, parts, keys)
    yield from _types(folder.path, tensors, parts)
    yield from _head(folder.path, tensors, config)
    yield from _tokens(folder, tensors)
    yield from _generated(folder, tensors)
    yield from _vocabulary(folder, tensors)
    yield from _total(folder, tensors)


def _header(folder: Folder, name: str, tensors: Tensors, embeddings: tuple[str, ...]) -> None:
    """Take in the header of one file."""
    reader = folder.open(name)
    start = data_start(reader) if reader is not None else 0
    if reader is None or not 8 < start <= 8 + READ_MAX:
        tensors.size = None
        return
    tensors.first = tensors.first or name
    if tensors.size is not None:
        tensors.size += max(0, reader.size - start)
    try:
        for tensor, about in entries_of(reader, READ_MAX):
            if isinstance(about, Members):
                tensors.take(tensor, about, embeddings)
    except HeaderError:
        tensors.size = None


def _sizes(path: str, tensors: Tensors, parts: list[dict[str, Any]], keys: dict[str, Any]) -> Iterator[Relation]:
    """Words and width of the embeddings, and the number of layers."""
    words = _numbers(parts, lambda key: key.endswith(("vocab_size", "n_vocab")))
    widths = _numbers(parts, keys["widths"].__contains__)
    layers = _numbers(parts, keys["layers"].__contains__)
    more = _numbers(parts, keys["more_layers"].__contains__)
    layers |= {one + other for one in layers for other in more}
    for what, there, said in (
        ("words", tensors.words, words),
        ("width", tensors.widths, widths),
        ("layers", set(tensors.layers.values()), layers),
    ):
        if there and said:
            agrees = not there.isdisjoint(said)
            detail = f"{what}: {_shown(said)} in the configuration, {_shown(there)} in the weights"
            yield _relation(path, what, CONFIG, tensors.first, None if agrees else detail)


def _types(path: str, tensors: Tensors, parts: list[dict[str, Any]]) -> Iterator[Relation]:
    """The type of most bytes."""
    said = {one for part in parts for key in ("torch_dtype", "dtype") if isinstance(one := part.get(key), str)}
    if not tensors.types or not said or any("quantization_config" in part for part in parts):
        return
    most = FLOATS[max(tensors.types, key=lambda one: tensors.types[one])]
    detail = f"type: {', '.join(sorted(said))[:200]} in the configuration, {most} in the weights"
    agrees = any(one.removeprefix("torch.") == most for one in said) or said == {"auto"}
    yield _relation(path, "type", CONFIG, tensors.first, None if agrees else detail)


def _head(path: str, tensors: Tensors, config: dict[str, Any]) -> Iterator[Relation]:
    """Whether a model of language that says that it has a head of its own has one: else loaders make one up."""
    architectures = config.get("architectures")
    named = [one for one in architectures if isinstance(one, str)] if isinstance(architectures, list) else []
    generates = any(one.endswith(GENERATES) for one in named)
    if not generates or config.get(TIED) is not False or not tensors.words or tensors.packed or tensors.size is None:
        return
    detail = None if tensors.words & tensors.rows else "head: not tied in the configuration, none in the weights"
    yield _relation(path, "head", CONFIG, tensors.first, detail)


def _tokens(folder: Folder, tensors: Tensors) -> Iterator[Relation]:
    """Whether every added token has a row."""
    added = _json(folder, TOKENS).get("added_tokens_decoder")
    if not isinstance(added, dict) or not tensors.words:
        return
    numbers = [int(key) for key in added if key.isascii() and key.isdigit() and len(key) < 10]
    if numbers:
        last, rows = max(numbers), max(tensors.words)
        detail = None if last < rows else f"tokens: number {last} of {rows} rows"
        yield _relation(folder.path, "tokens", TOKENS, tensors.first, detail)


def _generated(folder: Folder, tensors: Tensors) -> Iterator[Relation]:
    """Whether every token that ends or begins what is generated has a row."""
    values = [value for key, value in _json(folder, GENERATION).items() if key.endswith(NUMBER)]
    numbers = [one for value in values for one in (value if isinstance(value, list) else [value]) if type(one) is int]
    if numbers and tensors.words:
        last, rows = max(numbers), max(tensors.words)
        detail = None if last < rows else f"tokens: number {last} of {rows} rows"
        yield _relation(folder.path, "tokens", GENERATION, tensors.first, detail)


def _vocabulary(folder: Folder, tensors: Tensors) -> Iterator[Relation]:
    """Whether the words of the tokenizer have rows, and most rows have words; rows for padding are usual."""
    if not tensors.words:
        return
    for name, words, tokens in vocabularies(folder):
        agrees = any(words <= rows <= max(tokens, words) * SPARE for rows in tensors.words)
        detail = f"words: {words} in the tokenizer, {_shown(tensors.words)} rows in the weights"
        yield _relation(folder.path, "vocabulary", name, tensors.first, None if agrees else detail)


def _total(folder: Folder, tensors: Tensors) -> Iterator[Relation]:
    """The bytes that the index counts."""
    about = _json(folder, INDEX).get("metadata")
    total = about.get("total_size") if isinstance(about, dict) else None
    if isinstance(total, (int, float)) and abs(total) <= NUMBER_MAX and tensors.size is not None:
        detail = None if total == tensors.size else f"bytes: {total:.0f} in the index, {tensors.size} in the files"
        yield _relation(folder.path, "bytes", INDEX, tensors.first, detail)


def _numbers(parts: Iterable[dict[str, Any]], wanted: Any) -> set[int]:  # noqa: ANN401 - a predicate of a key
    return {one for part in parts for key, one in part.items() if wanted(key) and type(one) is int and one > 0}


def _shown(numbers: set[int]) -> str:
    return " or ".join(str(one) for one in sorted(numbers)[:DETAIL])


def _json(folder: Folder, name: str) -> dict[str, Any]:
    """The object in a JSON file, an empty one when there is none."""
    reader = folder.open(name) if name in folder.names else None
    if reader is None or reader.size > READ_MAX:
        return {}
    try:
        tree = json.loads(reader.read_at(0, reader.size).decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _relation(path: str, what: str, a: str, b: str, detail: str | None) -> Relation:
    shown = None if detail is None else clean(detail)[0]
    return Relation(path, kind="config-of", what=what, a=a, b=clean(b)[0], agrees=detail is None, detail=shown)
