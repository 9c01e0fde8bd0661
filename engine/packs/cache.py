"""Compiled rule sets kept between runs, as JSON that is believed only while every input is unchanged.

An entry is lines of JSON: a header (what was asked for, the digest of every file that was read, the digest of all
that follows), the compiled rule set without its lists and rules, then each list and each rule, which are read when
they are first asked for. An entry that is broken, was made from other inputs or by another
engine, or lies in a folder that others can write to, is as good as none.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping
from hashlib import sha256

from modelaudit.engine.distribution import places
from modelaudit.engine.lazy import lazy
from modelaudit.engine.packs import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    Json = Any

ENTRY = "modelaudit/cache@3"
MAX_BYTES = 256 * 1024 * 1024
MAX_ENTRIES = 64


def load(request: Mapping[str, Json]) -> Json | None:
    """The compiled rule set for a request, None when there is no entry that can be believed."""
    place = os.path.join(places.cache_folder(), "compiled")
    if not places.is_private(place, own=True):
        return None
    data = _read(os.path.join(place, f"{_key(request)}.json"))
    if data is None:
        return None
    head, _, payload = data.partition(b"\n")
    try:
        header = json.loads(head)
        if header["entry"] != ENTRY or header["request"] != request:
            return None
        if header["sha256"] != sha256(payload).hexdigest() or not unchanged(header["inputs"]):
            return None
        return _unpacked(payload)
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def store(request: Mapping[str, Json], inputs: Sequence[Mapping[str, Json]], ruleset: Json) -> None:
    """Keep a compiled rule set; where that is not possible nothing happens."""
    place = os.path.join(places.cache_folder(), "compiled")
    payload = _packed(ruleset)
    header = {
        "entry": ENTRY,
        "request": request,
        "inputs": list(inputs),
        "sha256": sha256(payload).hexdigest(),
    }
    try:
        os.makedirs(place, mode=0o700, exist_ok=True)
        if places.is_private(place, own=True):
            _write(place, f"{_key(request)}.json", _dump(header) + b"\n" + payload)
            _prune(place)
    except OSError:
        return


def statistics() -> tuple[int, int]:
    """How many entries there are, and their bytes."""
    sizes = [size for _, size in _entries(os.path.join(places.cache_folder(), "compiled"))]
    return len(sizes), sum(sizes)


def clear() -> int:
    """Delete all entries; returns the bytes that were freed."""
    freed = 0
    for path, size in _entries(os.path.join(places.cache_folder(), "compiled")):
        try:
            os.unlink(path)
        except OSError:
            continue
        freed += size
    return freed


def _entries(place: str) -> list[tuple[str, int]]:
    """Path and size of each file in the folder of a cache."""
    try:
        with os.scandir(place) as found:
            return [(entry.path, entry.stat().st_size) for entry in found if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []


def _packed(ruleset: Json) -> bytes:
    """A rule set as lines: everything else, then lists and rules one by one."""
    lists, rules = ruleset.get("lists", {}), ruleset.get("rules", ())
    rest = {**ruleset, "lists": list(lists), "rules": len(rules)}
    return b"\n".join(map(_dump, (rest, *lists.values(), *rules)))


def _unpacked(payload: bytes) -> Json:
    """The rule set that the lines make, of which lists and rules are still text."""
    rest, *lines = payload.split(b"\n")
    found = json.loads(rest)
    names, rules = found["lists"], found["rules"]
    if len(lines) != len(names) + rules:
        raise ValueError(len(lines))
    return {**found, "lists": Lines(zip(names, lines, strict=False)), "rules": lazy(lines[len(names) :], json.loads)}


class Lines(Mapping[str, "Json"]):
    """Values by name that are read from their lines when they are first looked up."""

    def __init__(self, lines: Iterable[tuple[str, bytes]]) -> None:
        self._lines = dict(lines)
        self._read: dict[str, Json] = {}

    def __getitem__(self, name: str) -> Json:
        if name not in self._read:
            self._read[name] = json.loads(self._lines[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def unchanged(inputs: Sequence[Mapping[str, Json]]) -> bool:
    """Whether every file and folder that was read still has the same content.

    Of what the product itself brings, as of its code, sizes and times are asked: its files are many.
    """
    for item in inputs:
        key = "stamp" if "stamp" in item else "sha256"
        if "folder" in item:
            look = files.stamp if key == "stamp" else files.digest
            now = look(_text(item["folder"]), [_text(glob) for glob in item["globs"]])
        else:
            now = files.file_digest(_text(item["path"]))
        if not now or now != item[key]:
            return False
    return True


def _text(value: Json) -> str:
    """A string of a header; a number in its place would be opened as a file descriptor."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _dump(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _key(request: Mapping[str, Json]) -> str:
    return sha256(_dump(request)).hexdigest()


def _read(path: str) -> bytes | None:
    """The bytes of an entry, None when it is not a plain file of this user."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    with open(handle, "rb") as stream:
        found = os.fstat(handle)
        own = sys.platform == "win32" or found.st_uid == os.geteuid()
        if not own or not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            return None
        return stream.read()


def _write(place: str, name: str, data: bytes) -> None:
    """Write an entry under another name, then move it into place."""
    temporary = os.path.join(place, f".{os.urandom(8).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
        os.replace(temporary, os.path.join(place, name))
    except BaseException:
        os.unlink(temporary)
        raise


def _prune(place: str) -> None:
    """Drop the oldest entries beyond the number that is kept."""
    with os.scandir(place) as entries:
        kept = [(entry.stat().st_mtime_ns, entry.path) for entry in entries if entry.is_file()]
    for _, path in sorted(kept)[:-MAX_ENTRIES]:
        os.unlink(path)
