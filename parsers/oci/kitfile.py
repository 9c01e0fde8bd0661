"""Facts of a Kitfile: the paths that a ModelKit is packed from, and unpacked to, and what it calls its parts.

Layout: https://kitops.org/docs/kitfile/format/.
"""

from __future__ import annotations

from modelaudit.engine.facts import Limit, Metadata, Place, Reference, clean, path_class
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge
from modelaudit.parsers.repository.yaml import AliasBomb, Documents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Property, Searched

PARTS = ("model", "code", "datasets", "docs", "prompts", "parts")
DEPTH_MAX = 4
SHOWN = 4096
PACKAGE = "package"
SAID = ("name", "version", "license", "framework")
FACTS = frozenset({"metadata", "reference"})


def parse_kitfile(artifact: Input, context: Context) -> Iterator[Fact | Property | Searched]:
    """The text, and a `reference` for each path."""
    from modelaudit.parsers.plain.text import parse_text

    yield from parse_text(artifact, context)
    documents = Documents(context.check)
    try:
        documents.read(artifact.reader.read_at(0, artifact.reader.size))
    except TooLarge as large:
        yield Limit(artifact.path, what=large.what, at=large.at, budget=large.budget, by="file", affects=FACTS)
    except (AliasBomb, DocumentError):
        pass  # what was read before counts
    for tree in documents.trees:
        if isinstance(tree, Object):
            package = tree.get(PACKAGE)
            if isinstance(package, Object):
                yield from _said(artifact.path, package, PACKAGE, f"/{PACKAGE}")
            yield from _parts(artifact.path, tree, "", 0)


def _parts(path: str, value: Object, pointer: str, depth: int) -> Iterator[Metadata | Reference]:
    """The paths of the parts in an object, and what is said of each."""
    for key in PARTS if depth < DEPTH_MAX else ():
        found = value.get(key)
        for n, item in enumerate(found if isinstance(found, list) else [found]):
            if isinstance(item, Object):
                here = f"{pointer}/{key}/{n}" if isinstance(found, list) else f"{pointer}/{key}"
                yield from _path(path, item.get("path"), key, here)
                yield from _said(path, item, key, here)
                yield from _parts(path, item, here, depth + 1)


def _said(path: str, item: Object, part: str, pointer: str) -> Iterator[Metadata]:
    for key in SAID:
        value = item.get(key)
        if isinstance(value, str) and value:
            shown, lossy = clean(value[:SHOWN])
            place = (Place(pointer=f"{pointer}/{key}"),)
            yield Metadata(path, key=f"{part}.{key}", value=shown, type="str", places=place, lossy=lossy)


def _path(path: str, target: Any, key: str, pointer: str) -> Iterator[Reference]:  # noqa: ANN401 - any value
    if isinstance(target, str) and target:
        shown, lossy = clean(target[:SHOWN])
        classes = path_class(target[:SHOWN])
        place = (Place(pointer=f"{pointer}/path"),)
        yield Reference(
            path, target=shown, kind="kit-path", owner=key, key="path", path_class=classes, places=place, lossy=lossy
        )
