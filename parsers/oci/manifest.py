"""Facts of a manifest: layers with their kinds, addresses and paths, and what a configuration runs and sets."""

from __future__ import annotations

import re

from modelaudit.engine.facts import TEXT_MAX, Limit, Metadata, Place, Reference, Text, clean, path_class
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.oci import MANIFEST_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader

LISTS = ("layers", "manifests", "fsLayers", "blobs")
SHOWN = 1024
RUN = ("Entrypoint", "Cmd", "Env", "User", "Healthcheck", "OnBuild")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
TITLES = ("org.opencontainers.image.title", "org.cncf.model.filepath")  # annotations that name a file


class Descriptor:
    """A blob as a manifest describes it."""

    __slots__ = ("digest", "media_type", "size")

    def __init__(self, digest: str, size: int | None, media_type: str) -> None:
        self.digest = digest
        self.size = size
        self.media_type = media_type


def descriptors(reader: Reader) -> list[Descriptor]:
    """The blobs that a manifest describes; none when it is no manifest."""
    tree = _tree(reader)
    if not isinstance(tree, Object):
        return []
    items = [tree.get("config"), *(item for key in LISTS for item in _list(tree.get(key)))]
    found = []
    for item in items:
        digest = item.text("digest") if isinstance(item, Object) else None
        if digest is not None and DIGEST.fullmatch(digest):
            size = item.get("size")
            found.append(Descriptor(digest, size if type(size) is int else None, item.text("mediaType") or ""))
    return found


def parse_manifest(artifact: Input, context: Context) -> Iterator[Fact]:
    """References to layers, settings as metadata, and the text."""
    reader = artifact.reader
    if context.wants("text"):
        value, lossy = clean(reader.read_at(0, TEXT_MAX).decode("utf-8", "replace"))
        cut = frozenset({"value"}) if reader.size > TEXT_MAX else frozenset[str]()
        yield Text(artifact.path, value=value, role="config", owner="manifest", lossy=lossy, cut=cut)
    if reader.size > MANIFEST_MAX:
        affects = frozenset({"reference", "metadata"})
        yield Limit(artifact.path, what="size", at=reader.size, budget=MANIFEST_MAX, by="file", affects=affects)
    tree = _tree(reader)
    for n, item in enumerate(tree if isinstance(tree, list) else [tree]):
        if isinstance(item, Object):
            context.check()
            yield from _manifest(artifact.path, item, f"/{n}" if isinstance(tree, list) else "")


def _manifest(path: str, tree: Object, pointer: str) -> Iterator[Fact]:
    for key in ("mediaType", "artifactType"):
        if (kind := tree.text(key)) is not None:
            yield _metadata(path, key, kind, pointer)
    yield from _named(path, tree, pointer)
    for key in LISTS:
        for n, item in enumerate(_list(tree.get(key))):
            if isinstance(item, Object):
                yield from _descriptor(path, item, f"{pointer}/{key}/{n}")
    for key in ("Config", "Layers"):  # of `docker save`: paths in the archive
        for name in _texts(tree.get(key)):
            yield _reference(path, name, "image-layer", key, f"{pointer}/{key}")
    config = tree.get("config")
    if isinstance(config, Object):
        yield from _descriptor(path, config, f"{pointer}/config")
        yield from _settings(path, config, f"{pointer}/config")


def _named(path: str, tree: Object, pointer: str) -> Iterator[Metadata]:
    """What an image is called: its annotations, and the tags of `docker save`."""
    notes = tree.get("annotations")
    for key, note in notes.pairs if isinstance(notes, Object) else ():
        if isinstance(note, str):
            yield _metadata(path, clean(key[:SHOWN])[0], note, f"{pointer}/annotations")
    for tag in _texts(tree.get("RepoTags")):
        yield _metadata(path, "RepoTags", tag, f"{pointer}/RepoTags")


def _settings(path: str, config: Object, pointer: str) -> Iterator[Fact]:
    """What an image runs, and with which environment."""
    for key in RUN:
        for one in _texts(config.get(key)):
            yield _metadata(path, f"config.{key}", one, f"{pointer}/{key}")


def _descriptor(path: str, item: Object, pointer: str) -> Iterator[Fact]:
    """A blob: its digest, its kind, the addresses and files that it names."""
    digest = item.text("digest") or item.text("blobSum")
    if digest is None:
        return
    if not DIGEST.fullmatch(digest):
        yield _reference(path, digest, "image-layer", "digest", pointer)
    if (kind := item.text("mediaType")) is not None:
        yield _metadata(path, "mediaType", kind, pointer)
    for url in _list(item.get("urls")):
        if isinstance(url, str):
            yield _reference(path, url, "image-layer", "urls", pointer)
    notes = item.get("annotations")
    for key in TITLES if isinstance(notes, Object) else ():
        title = notes.text(key)
        if title is not None:
            yield _reference(path, title, "image-layer", "title", pointer)


def _tree(reader: Reader) -> Any:  # noqa: ANN401 - any value
    if reader.size > MANIFEST_MAX:
        return None
    try:
        return read_json(reader.read_at(0, reader.size))
    except (DocumentError, TooLarge):
        return None


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any value
    return value if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - any value
    """A text, or the texts of a list."""
    return [one for one in ([value] if isinstance(value, str) else _list(value)) if isinstance(one, str) and one]


def _metadata(path: str, key: str, value: str, pointer: str) -> Metadata:
    return Metadata(path, key=key, value=clean(value[:SHOWN])[0], type="str", places=(Place(pointer=pointer),))


def _reference(path: str, target: str, kind: str, key: str, pointer: str) -> Reference:
    shown, lossy = clean(target[:SHOWN])
    place = (Place(pointer=pointer),)
    return Reference(
        path,
        target=shown,
        kind=kind,
        owner="layer",
        key=key,
        path_class=path_class(target[:SHOWN]),
        places=place,
        lossy=lossy,
    )
