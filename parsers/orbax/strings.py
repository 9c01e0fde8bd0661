"""The texts of a checkpoint, of which one can be the configuration of a whole Keras model.

`keras.callbacks.OrbaxCheckpoint` writes it and `keras.saving.load_model` builds a model of it:
https://keras.io/api/callbacks/orbax_checkpoint/.
"""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, clean, decode
from modelaudit.parsers.base import Nested
from modelaudit.parsers.keras import is_config_text
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.notes import FileBudget, Notes
from modelaudit.parsers.reader import BytesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Property
    from modelaudit.parsers.keras.document import Tree

CONTENT = frozenset({"text", "metadata", "layer", "code"})
SIZE = 64 * 1024 * 1024
CONFIGURATIONS = 64  # that are read


def parse_strings(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The text of the file, and each configuration in it as an artifact of its own."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_items(notes))


def _items(notes: Notes) -> Iterator[Fact | Nested]:
    reader = notes.reader
    if reader.size > SIZE:
        raise FileBudget("size", reader.size, SIZE)
    raw = reader.read_at(0, reader.size)
    text, lossy = decode(raw[: 4 * TEXT_MAX])
    notes.words(text, "config", "texts", 0, lossy=lossy, cut=len(raw) > 4 * TEXT_MAX)
    try:
        tree = read_json(raw)
    except DocumentError as bad:
        notes.fail("bad-json", str(bad), 0)
    except TooLarge as large:
        raise FileBudget(large.what, large.at or 0, large.budget or 0) from None
    else:
        for n, (path, data) in enumerate(_found(tree)):
            if n >= CONFIGURATIONS:
                raise FileBudget("configurations", n + 1, CONFIGURATIONS)
            yield Nested(clean(path)[0], BytesReader(data), role="config")
    yield from notes.flush()


def configurations(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each configuration among the texts of a JSON text; none when it is no JSON."""
    try:
        tree = read_json(data)
    except (DocumentError, TooLarge):
        return
    yield from _found(tree)


def _found(tree: Tree) -> Iterator[tuple[str, bytes]]:
    rest = [("", tree)]
    while rest:
        path, value = rest.pop()
        if isinstance(value, Object):
            rest += [(f"{path}.{key}"[:200], inner) for key, inner in value.pairs]
        elif isinstance(value, list):
            rest += [(path, inner) for inner in value]
        elif isinstance(value, str):
            data = value.encode("utf-8", "surrogatepass")
            if is_config_text(data):
                yield f"{path.removeprefix('.') or 'text'}.json", data
