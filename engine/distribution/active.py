"""Installed versions of packs, and which of them is active.

    <data>/packs/<pack>/<version>-<digest>/    the files of one version, SUMS.json and its signature
    <data>/packs/<pack>/active.json            the active version, and the one before it

`active.json` is only ever replaced as a whole, so that at any moment one version is active and whole.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass

from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.distribution import contents as packs
from modelaudit.engine.distribution import places, signature
from modelaudit.engine.distribution.errors import PackError
from modelaudit.engine.packs import files, manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.distribution.contents import Contents

SCHEMA = "modelaudit/active@1"
MAX_BYTES = 64 * 1024

_FORMS = (r"[0-9][0-9A-Za-z.]{0,63}", r"[0-9a-f]{64}", r"([0-9a-f]{64})?")  # of version, digest and signer


@dataclass(frozen=True, slots=True)
class Installed:
    """One installed version of a pack; `signer` is the public key that it was taken for, in hex, or empty."""

    pack: str
    version: str
    digest: str
    signer: str = ""

    @property
    def folder(self) -> str:
        """Where its files stand."""
        return os.path.join(places.pack_folder(self.pack), f"{self.version}-{self.digest[:16]}")


@dataclass(frozen=True, slots=True)
class Active:
    """What `active.json` says: the version in use, and the last good one before it."""

    now: Installed
    before: Installed | None = None


def read(pack: str) -> Active | None:
    """Which version of a pack is active, None when none is. A broken file is refused with a `PackError`."""
    path = places.active_file(pack)
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PackError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        said = json.loads(data)
        if said["schema"] != SCHEMA:
            raise PackError(f"{path} is not `{SCHEMA}`")
        before = said["before"]
        return Active(_installed(pack, said["now"]), _installed(pack, before) if before else None)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise PackError(f"{path} is damaged") from error


def _installed(pack: str, said: dict[str, str]) -> Installed:
    found = Installed(said["pack"], said["version"], said["digest"], said["signer"])
    texts = (found.version, found.digest, found.signer)
    if found.pack != pack or not all(map(re.fullmatch, _FORMS, texts)):
        raise ValueError(found)
    return found


def write(active: Active) -> None:
    """Make a version the active one, in one step."""
    before = asdict(active.before) if active.before else None
    said = {"schema": SCHEMA, "now": asdict(active.now), "before": before}
    replace_file(places.active_file(active.now.pack), (json.dumps(said, indent=1) + "\n").encode())


def replace_file(path: str, data: bytes, mode: int = 0o600) -> None:
    """Write a file so that a reader sees the old one or the whole new one, even after a crash."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.urandom(6).hex()}")
    try:
        write_file(temporary, data, mode)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def write_file(path: str, data: bytes, mode: int = 0o600) -> None:
    """Write a new file and wait until the disk has it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, mode), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def installed_packs() -> list[str]:
    """The names of the packs of which a version is active."""
    folder = places.pack_folder()
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [name for name in names if os.path.isfile(places.active_file(name))]


def verify(installed: Installed) -> Contents:
    """The files of an installed version, when they are still what was installed.

    Refuses with a `PackError` a folder that others can write to, a changed file, and a signature that the signer
    of the installation did not make.
    """
    for folder in (places.pack_folder(), places.pack_folder(installed.pack), installed.folder):
        if not places.is_private(folder):
            raise PackError(f"{folder} is missing, or others can write to it")
    try:
        found = packs.read_folder(installed.folder)
        covered = manifest.covered(packs.manifest_data(installed.folder, installed.folder))
    except DiagnosticsError as error:
        raise PackError(f"{installed.folder} was changed: its manifest has mistakes") from error
    packs.check(found)
    if files.digest(installed.folder, covered) != installed.digest:
        raise PackError(f"{installed.folder} was changed: its digest is not the one that was installed")
    if installed.signer:
        key = signature.Key(bytes.fromhex(installed.signer))
        if signature.signer_of(found.sums, found.signature, (key,)) is None:
            raise PackError(f"{installed.folder} is not signed by {key.name}, for whom it was installed")
    return found
