"""Facts of a pointer: where its outputs stand in the workspace and in the cache, and which commands make them."""

from __future__ import annotations

import re

from modelaudit.engine.facts import Limit, Metadata, Place, Reference, clean, path_class
from modelaudit.parsers.dvc import READ_MAX
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.repository.yaml import AliasBomb, Documents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input

SHOWN = 4096
FACTS = frozenset({"reference", "metadata"})
MD5 = re.compile(r"([0-9a-f]{2})([0-9a-f]{30}(?:\.dir)?)")
LISTS = ("outs", "deps")


def parse_pointer(artifact: Input, context: Context) -> Iterator[Fact]:
    """Facts of a `.dvc` file, of a lock or of a pipeline."""
    documents = Documents(context.check)
    try:
        documents.read(artifact.reader.read_at(0, artifact.reader.size))
    except TooLarge as large:
        yield Limit(artifact.path, what=large.what, at=large.at, budget=large.budget, by="file", affects=FACTS)
    except (AliasBomb, DocumentError):
        pass  # the parser of configurations tells of both where it reads the file, too
    for tree in documents.trees:
        if isinstance(tree, Object):
            yield from _stage(artifact.path, tree, "", "")
            stages = tree.get("stages")
            for name, stage in stages.pairs if isinstance(stages, Object) else ():
                context.check()
                if isinstance(stage, Object):
                    yield from _stage(artifact.path, stage, name, f"/stages/{name[:200]}")


def parse_list(artifact: Input, context: Context) -> Iterator[Fact]:
    """Facts of the list of a folder's files."""
    reader = artifact.reader
    if reader.size > READ_MAX:
        yield Limit(artifact.path, what="size", at=reader.size, budget=READ_MAX, by="file", affects=FACTS)
        return
    try:
        tree = read_json(reader.read_at(0, reader.size))
    except (DocumentError, TooLarge):
        return
    for n, item in enumerate(_list(tree)):
        if n % 1024 == 0:
            context.check()
        path = item.text("relpath") if isinstance(item, Object) else None
        if path:
            yield _reference(artifact.path, path, "dvc-file", "relpath", "", f"/{n}/relpath")


def _stage(path: str, stage: Object, name: str, pointer: str) -> Iterator[Fact]:
    """What a stage, or a file that is one, takes in and puts out."""
    wdir = stage.text("wdir") or ""
    if wdir:
        yield _reference(path, wdir, "dvc", "wdir", name, f"{pointer}/wdir")
    command = stage.get("cmd")
    for one in command if isinstance(command, list) else [command]:
        if isinstance(one, str):
            shown = clean(one[:SHOWN])[0]
            yield Metadata(path, key="cmd", value=shown, type="str", places=(Place(pointer=f"{pointer}/cmd"),))
    for key in LISTS:
        for n, item in enumerate(_list(stage.get(key))):
            yield from _item(path, item, key, wdir, name, f"{pointer}/{key}/{n}")


def _item(path: str, item: Any, key: str, wdir: str, name: str, pointer: str) -> Iterator[Fact]:  # noqa: ANN401
    """An output or dependency: its path, and where the cache keeps it."""
    if isinstance(item, str):  # of a pipeline
        yield _reference(path, _joined(wdir, item), "dvc", key, name, pointer)
    if not isinstance(item, Object):
        return
    target = item.text("path")
    if target is None:  # of a pipeline: the path is the key
        for written, _ in item.pairs[:1]:
            yield _reference(path, _joined(wdir, written), "dvc", key, name, pointer)
        return
    size = item.text("size") or ""
    end = int(size) if size.isascii() and size.isdigit() and len(size) < 19 else None
    kept = MD5.fullmatch(item.text("md5") or "") if key == "outs" else None
    kind = "md5" if item.text("hash") == "md5" else "md5-dos2unix"  # https://dvc.org/doc/user-guide/upgrade
    digest = None if kept is None else f"{kind}:{kept[0]}"
    yield _reference(path, _joined(wdir, target), "dvc", key, name, pointer, end=end, digest=digest)
    if kept is not None:  # DVC 3 keeps those of earlier versions where these kept them
        cached = f"{'files/md5/' if kind == 'md5' else ''}{kept[1]}/{kept[2]}"
        digest = f"{kind}:{kept[0].removesuffix('.dir')}"
        yield _reference(path, cached, "dvc-cache", key, _joined(wdir, target), pointer, digest=digest)


def _joined(wdir: str, target: str) -> str:
    return target if not wdir or wdir == "." or path_class(target) & {"absolute", "url"} else f"{wdir}/{target}"


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any value
    return value if isinstance(value, list) else []


def _reference(
    path: str,
    target: str,
    kind: str,
    key: str,
    owner: str,
    pointer: str,
    *,
    end: int | None = None,
    digest: str | None = None,
) -> Reference:
    shown, lossy = clean(target[:SHOWN])
    return Reference(
        path,
        target=shown,
        kind=kind,
        owner=clean(owner[:SHOWN])[0],
        key=key,
        end=end,
        digest=digest,
        path_class=path_class(target[:SHOWN]),
        places=(Place(pointer=clean(pointer[:SHOWN])[0]),),
        lossy=lossy,
    )
