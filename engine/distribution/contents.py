"""A pack on its way: its files in memory, and the manifest of sums that says what they must be.

`SUMS.json` holds the pack's name, its version and the SHA-256 of every file. `SUMS.json.sig` is the ed25519
signature over the bytes of `SUMS.json`, 64 bytes and nothing else.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from hashlib import sha256

from modelaudit.engine.distribution.errors import PackError
from modelaudit.engine.packs import files, manifest
from modelaudit.engine.packs.model import Sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Json = Any

SUMS = "SUMS.json"
SIGNATURE = "SUMS.json.sig"
SCHEMA = "modelaudit/sums@1"
MAX_FILES = 4096
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_TOTAL_BYTES = 128 * 1024 * 1024

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_PACK = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a pack by their paths, with its manifest of sums and its signature where they are there."""

    where: str  # the archive or folder, as messages name it
    files: Mapping[str, bytes]
    sums: bytes = b""
    signature: bytes = b""
    folder: str = ""  # that it was read from, empty for an archive

    @property
    def said(self) -> Json:
        """What the manifest of sums says; call `check` first."""
        return json.loads(self.sums)


def bad_name(name: str) -> str:
    """Why a file of a pack must not be called this, empty when it may."""
    segments = name.split("/")
    if len(name) > 200 or len(segments) > 16:
        return "its name is too long"
    for segment in segments:
        if not _SEGMENT.fullmatch(segment) or segment.endswith(".") or _DEVICES.fullmatch(segment):
            return "its name is not a plain path inside the pack"
    return ""


def sums_of(pack: str, version: str, contents: Mapping[str, bytes]) -> bytes:
    """The manifest of sums of these files; the same files give the same bytes."""
    digests = {name: sha256(contents[name]).hexdigest() for name in sorted(contents)}
    said = {"schema": SCHEMA, "pack": pack, "version": version, "files": digests}
    return (json.dumps(said, indent=1) + "\n").encode()


def with_sums_if_bare(contents: Contents) -> Contents:
    """The pack, with sums made now where it has none and comes from a folder; an archive has to bring its own."""
    if contents.sums or not contents.folder:
        return contents
    data = manifest_data(contents.folder, contents.where)
    return replace(contents, sums=sums_of(data["pack"], data["version"], contents.files))


def check(contents: Contents) -> None:
    """Refuse, with a `PackError`, files that are not exactly those that the manifest of sums names."""
    digests = _read_sums(contents)
    for name in sorted({*digests, *contents.files}):
        if name not in contents.files:
            raise PackError(f"{contents.where}: {name} is missing")
        if name not in digests:
            raise PackError(f"{contents.where}: {name} is not in {SUMS}")
        if sha256(contents.files[name]).hexdigest() != digests[name]:
            raise PackError(f"{contents.where}: {name} was changed: its SHA-256 is not the one in {SUMS}")


def _read_sums(contents: Contents) -> Mapping[str, str]:
    if not contents.sums:
        raise PackError(f"{contents.where} holds no {SUMS}: make the archive with `modelaudit packs build`")
    try:
        said = json.loads(contents.sums)
    except (ValueError, RecursionError) as error:
        raise PackError(f"{contents.where}: {SUMS} is not JSON") from error
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        raise PackError(f"{contents.where}: {SUMS} is not `{SCHEMA}`")
    fields = ((said.get("pack"), _PACK), (said.get("version"), _VERSION))
    digests = said.get("files")
    whole = all(isinstance(value, str) and pattern.fullmatch(value) for value, pattern in fields)
    if not whole or not isinstance(digests, dict) or len(said) != len(("schema", "pack", "version", "files")):
        raise PackError(f"{contents.where}: {SUMS} does not say `pack`, `version` and `files` and nothing else")
    for name, digest in digests.items():
        if bad_name(name) or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise PackError(f"{contents.where}: {SUMS} has an entry that cannot be: {name[:80]!r}")
    return digests


def read_folder(folder: str, where: str = "") -> Contents:
    """The pack in a folder: the files that its manifest covers. Sums and signature are read where they stand.

    Refuses a folder that holds no pack, or one that is too large, with a `PackError`.
    """
    where = where or folder
    covered = files.matching(folder, manifest.covered(manifest_data(folder, where)))
    if len(covered) > MAX_FILES:
        raise PackError(f"{where} holds more than {MAX_FILES} files")
    contents = {}
    total = 0
    for name in covered:
        if problem := bad_name(name):
            raise PackError(f"{where}: {name}: {problem}")
        contents[name] = _file(os.path.join(folder, name), where)
        total += len(contents[name])
        if total > MAX_TOTAL_BYTES:
            raise PackError(f"{where} holds more than {MAX_TOTAL_BYTES >> 20} MiB")
    sums = _file(os.path.join(folder, SUMS), where, optional=True)
    signature = _file(os.path.join(folder, SIGNATURE), where, optional=True)
    return Contents(where, contents, sums, signature, folder)


def manifest_data(folder: str, where: str) -> Json:
    """The manifest of the pack in a folder as typed data, refused with a `PackError` when it has mistakes."""
    from modelaudit.engine import yaml_tree
    from modelaudit.engine.diagnostics import DiagnosticsError

    path = os.path.join(folder, manifest.NAME)
    if not os.path.isfile(path):
        raise PackError(f"{where} holds no {manifest.NAME}")
    nodes, problems = yaml_tree.read(path, os.path.join(where, manifest.NAME))
    sources = Sources(diagnostics=problems)
    data = manifest.read_manifest(nodes[0], sources) if nodes else None
    if data is None:
        if sources.diagnostics:
            raise DiagnosticsError(tuple(sources.diagnostics))
        raise PackError(sources.notices[0] if sources.notices else f"{path} is empty")
    return data


def _file(path: str, where: str, *, optional: bool = False) -> bytes:
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        if optional:
            return b""
        raise PackError(f"{where}: {os.path.basename(path)} is missing") from error
    except OSError as error:
        raise PackError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise PackError(f"{where}: {os.path.basename(path)} is larger than {MAX_FILE_BYTES >> 20} MiB")
    return data
