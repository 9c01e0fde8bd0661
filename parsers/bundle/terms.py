"""Which licence files of weights name in their own metadata, to be held against the card beside them.

GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (`general.license`, or
`general.license.name` when that is `other`, in front of the tensors).
Safetensors: `__metadata__`, with the keys of https://github.com/Stability-AI/ModelSpec or plain ones.
"""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import Metadata
from modelaudit.engine.facts.licences import is_unspecific, licence_expression
from modelaudit.parsers.base import Context as Asked
from modelaudit.parsers.base import Input
from modelaudit.parsers.safetensors.header import HeaderError, Members, entries

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
    names = [name for name in folder.names if name.endswith((".safetensors", ".gguf"))]
    for name in names[:FILES_MAX]:
        context.check()
        reader = folder.open(name)
        if reader is None:
            continue
        said = _of_gguf(name, reader, keys) if name.endswith(".gguf") else _of_safetensors(reader, keys)
        words = said if said is not None and "://" not in said else ""
        expression = licence_expression(words) if words else ""
        if expression and not is_unspecific(expression.removeprefix(PREFIX)):
            yield name, expression


def _of_safetensors(reader: Reader, keys: frozenset[str]) -> str | None:
    length = int.from_bytes(reader.read_at(0, 8), "little")
    try:
        for name, about in entries(reader.read_at(8, min(length, READ_MAX)).decode("utf-8", "replace")):
            if name == NOTES and isinstance(about, Members):
                return next((value for key, value in about.pairs if key in keys and isinstance(value, str)), None)
    except HeaderError:
        pass
    return None


def _of_gguf(name: str, reader: Reader, keys: frozenset[str]) -> str | None:
    from modelaudit.parsers.gguf import parse, recognise

    if not recognise(reader.read_at(0, 8), reader):
        return None
    facts = parse(Input(name, reader, "gguf"), Asked(wants=lambda kind: kind == "metadata"))
    for number, fact in enumerate(facts):
        if number > PAIRS_MAX:
            break
        if isinstance(fact, Metadata) and fact.key in keys and not is_unspecific(fact.value):
            return fact.value
    return None
