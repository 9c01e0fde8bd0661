"""Which licence files of weights name in their own metadata, to be held against the card beside them.

GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (`general.license`, or
`general.license.name` when that is `other`, in front of the tensors).
Safetensors: `__metadata__`, with the keys of https://github.com/Stability-AI/ModelSpec or plain ones.
ONNX: `metadata_props`, https://github.com/onnx/onnx/blob/main/docs/MetadataProps.md (`model_license`, or plain ones).
"""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import Metadata
from modelaudit.engine.facts.licences import is_unspecific, licence_expression
from modelaudit.parsers.base import Context as Asked
from modelaudit.parsers.base import Input
from modelaudit.parsers.safetensors.header import objects_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder
    from modelaudit.parsers.reader import Reader

FILES_MAX = 16  # files of weights that are asked
READ_MAX = 1024 * 1024  # bytes of a header; writers put the metadata in front
PAIRS_MAX = 256  # that are looked at; those about the model as a whole come first
NOTES = "__metadata__"
PREFIX = "LicenseRef-"


def licences_of_weights(folder: Folder, context: Context) -> Iterator[tuple[str, str]]:
    """Name and licence of each file of weights that names a particular one, as an SPDX expression."""
    with open(os.path.join(os.path.dirname(__file__), "config.json"), "rb") as file:
        keys = frozenset(json.loads(file.read())["licences"])
    names = [name for name in folder.names if name.endswith(tuple(ENDINGS))]
    for name in names[:FILES_MAX]:
        context.check()
        reader = folder.open(name)
        if reader is None:
            continue
        said = ENDINGS[name[name.rfind(".") :]](name, reader, keys)
        words = said if said is not None and "://" not in said else ""
        expression = licence_expression(words) if words else ""
        if expression and not is_unspecific(expression.removeprefix(PREFIX)):
            yield name, expression


def _of_safetensors(name: str, reader: Reader, keys: frozenset[str]) -> str | None:
    notes = next((about for name, about in objects_of(reader, READ_MAX) if name == NOTES), {})
    return next((value for key, value in notes.items() if key in keys and isinstance(value, str)), None)


def _of_gguf(name: str, reader: Reader, keys: frozenset[str]) -> str | None:
    from modelaudit.parsers.gguf import parse, recognise

    if not recognise(reader.read_at(0, 8), reader):
        return None
    return _first(parse(Input(name, reader, "gguf"), Asked(wants=lambda kind: kind == "metadata")), keys)


def _of_onnx(name: str, reader: Reader, keys: frozenset[str]) -> str | None:
    from modelaudit.parsers.onnx.model import described

    return _first(described(Input(name, reader, "onnx"), Asked(wants=lambda kind: kind == "metadata")), keys)


def _first(facts: Iterator[object], keys: frozenset[str]) -> str | None:
    """The first particular licence among the facts of a file."""
    for number, fact in enumerate(facts):
        if number > PAIRS_MAX:
            break
        if isinstance(fact, Metadata) and fact.key in keys and not is_unspecific(fact.value):
            return fact.value
    return None


ENDINGS = {".safetensors": _of_safetensors, ".gguf": _of_gguf, ".onnx": _of_onnx}
