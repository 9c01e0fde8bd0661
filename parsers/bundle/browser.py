"""A model of TensorFlow.js beside the files of its weights, which must be there and have their bytes."""

from __future__ import annotations

from modelaudit.engine.facts import Relation, clean
from modelaudit.parsers.keras.document import DocumentError, TooLarge, read_json
from modelaudit.parsers.tfjs import recognise
from modelaudit.parsers.tfjs.manifest import groups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder
    from modelaudit.parsers.tfjs.manifest import Group

SIZE = 64 * 1024 * 1024
MODELS = 16  # JSON files that are looked at
FILES = 10_000


def relate_browser(folder: Folder, context: Context) -> Iterator[Fact]:
    """One `relation` for each file that a model lists and that stands, or should stand, beside it."""
    present = set(folder.names)
    for name in [name for name in folder.names if name.endswith(".json")][:MODELS]:
        reader = folder.open(name)
        if reader is None or reader.size > SIZE or not recognise(reader.read_at(0, 4096), reader):
            continue
        context.check()
        try:
            tree = read_json(reader.read_at(0, reader.size))
        except (DocumentError, TooLarge):
            continue  # the file itself says so
        for group in groups(tree):
            yield from _group(folder, name, group, present)


def _group(folder: Folder, model: str, group: Group, present: set[str]) -> Iterator[Relation]:
    """The relations of files that hold tensors together."""
    paths = [path.removeprefix("./") for path in group.paths[:FILES]]
    if any("/" in path or "\\" in path for path in paths):
        return
    total = 0
    for path in paths:
        reader = folder.open(path) if path in present else None
        total += reader.size if reader is not None else 0
        detail = None if reader is not None else "the file is missing"
        last = path == paths[-1] and all(one in present for one in paths)
        if last and group.nbytes is not None and group.nbytes != total:
            detail = f"the tensors need {group.nbytes} bytes, the files have {total}"
        a, lossy = clean(path)
        yield Relation(
            folder.path, kind="shard-of", a=a, b=clean(model)[0], agrees=detail is None, detail=detail, lossy=lossy
        )
