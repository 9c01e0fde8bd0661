"""The outputs that `.dvc` files, `dvc.lock` and `dvc.yaml` name, and the lists of files that DVC keeps of folders."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass

from modelaudit.sources.dvc.notation import NotationError, yaml_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

POINTER, LOCK, PIPELINE = ".dvc", "dvc.lock", "dvc.yaml"
READ_MAX = 2 * 1024 * 1024  # bytes of a pointer
LIST_MAX = 16 * 1024 * 1024  # bytes of a list
MD5 = re.compile(r"([0-9a-f]{32})(\.dir)?", re.ASCII)
NEW, OLD = "md5", "md5-dos2unix"  # how a digest is taken, https://dvc.org/doc/user-guide/upgrade
CLOUD = frozenset({"files", "cloud", "version_id"})  # of outputs whose versions a cloud keeps


@dataclass(frozen=True, slots=True)
class Output:
    """What a pointer says of an output. `path` is as it stands there, behind the folder that the stage works in."""

    path: str
    md5: str = ""  # in lower-case hex; empty when none is described
    kind: str = NEW
    folder: bool = False  # the digest is that of the list of its files
    size: int | None = None
    remote: str = ""  # where the pointer itself says so


def is_pointer(name: str) -> bool:
    """Whether a file of this name points at outputs."""
    return name in {LOCK, PIPELINE} or (name.endswith(POINTER) and name != POINTER)


def outputs_of(data: bytes, name: str) -> list[Output]:
    """The outputs in the order of the text. Raises `NotationError`."""
    if len(data) > READ_MAX:
        raise NotationError(f"it is larger than {READ_MAX} bytes")
    tree = yaml_value(data)
    if not isinstance(tree, dict):
        return []
    if name.endswith(POINTER):
        return list(_stage(tree))
    stages = tree.get("stages", {} if name == PIPELINE else tree)  # before version 2.0 they stood outermost
    stages = stages.values() if isinstance(stages, dict) else ()
    return [output for stage in stages if isinstance(stage, dict) for output in _stage(stage)]


def _stage(stage: dict[str, Any]) -> Iterator[Output]:
    folder = stage.get("wdir")
    folder = folder if isinstance(folder, str) else ""
    outputs = stage.get("outs")
    for item in outputs if isinstance(outputs, list) else ():
        output = _output(item)
        if output is not None:
            yield output if not folder else _in(folder, output)


def _in(folder: str, output: Output) -> Output:
    path = output.path if outside(output.path) else f"{folder}/{output.path}"
    return Output(path, output.md5, output.kind, output.folder, output.size, output.remote)


def _output(item: Any) -> Output | None:  # noqa: ANN401 - any value
    if isinstance(item, str):
        return Output(item)
    if not isinstance(item, dict) or not item:
        return None
    path = item.get("path")
    if path is None:  # of a pipeline: the path is the key
        return Output(next(iter(item)))
    if not isinstance(path, str):
        return None
    digest = item.get("md5")
    found = MD5.fullmatch(digest) if isinstance(digest, str) and CLOUD.isdisjoint(item) else None
    if found is None:
        return Output(path)
    remote = item.get("remote")
    kind = NEW if item.get("hash") == NEW else OLD
    named = remote if isinstance(remote, str) else ""
    return Output(path, found[1], kind, bool(found[2]), _number(item.get("size")), named)


def outside(path: str) -> bool:
    """Whether a path is none below a folder as it is written: absolute, on a drive, or an address."""
    drive = len(path) > 1 and path[1] == ":" and path[0].isalpha()
    return path.startswith(("/", "\\")) or drive or "://" in path or "\0" in path


def rows_of(data: bytes) -> list[tuple[str, str]]:
    """Paths and digests of the files of a folder. Raises `NotationError`."""
    if len(data) > LIST_MAX:
        raise NotationError(f"it is larger than {LIST_MAX} bytes")
    try:
        items = json.loads(data)
    except (ValueError, RecursionError):
        raise NotationError("it is no JSON") from None
    if not isinstance(items, list):
        raise NotationError("it is no list")
    return [row for item in items if (row := _row(item)) is not None]


def _row(item: Any) -> tuple[str, str] | None:  # noqa: ANN401 - any value
    if not isinstance(item, dict):
        return None
    path, digest = item.get("relpath"), item.get("md5")
    if not isinstance(path, str) or not isinstance(digest, str) or not path:
        return None
    found = MD5.fullmatch(digest)
    return (path.replace("\\", "/") if os.sep == "\\" else path, found[1]) if found and not found[2] else (path, "")


def object_name(md5: str, kind: str, *, folder: bool = False) -> str:
    """Where a cache or a remote keeps an object, below its own folder."""
    where = "files/md5/" if kind == NEW else ""
    return f"{where}{md5[:2]}/{md5[2:]}{'.dir' if folder else ''}"


def _number(value: Any) -> int | None:  # noqa: ANN401 - any value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19 else None
