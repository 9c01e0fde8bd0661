"""Installing a version of a pack, and going back to the one before.

Nothing that is in use changes until the last step, which replaces one small file. Whatever stops an update
before that leaves the active version as it was.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass

from modelaudit.engine.distribution import active, places
from modelaudit.engine.distribution import contents as packs
from modelaudit.engine.distribution.active import Active, Installed
from modelaudit.engine.distribution.errors import PackError, UntrustedError
from modelaudit.engine.distribution.trust import CORE, check_signature
from modelaudit.engine.packs import files, manifest
from modelaudit.engine.packs.versions import version_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.distribution.contents import Contents
    from modelaudit.engine.distribution.trust import Trust

STAGING = ".staging-"
STALE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Floor:
    """The version of a pack that a lock names: nothing below it is made active."""

    version: str
    lock: str  # path of the lock


def install(contents: Contents, trust: Trust, floor: Floor | None = None, *, older: bool = False) -> Active:
    """Check a pack, install it and make it the active version; what is active then comes back.

    Refuses with a `PackError` or `DiagnosticsError`, and leaves everything as it was: sums that do not fit, a
    signer who does not count, a pack for another engine, one with mistakes, a version below the lock, or older than
    the one in use unless `older` is set.
    """
    packs.check(contents)
    key = check_signature(contents, trust)
    said = contents.said
    pack, version = said["pack"], said["version"]
    if pack == CORE and key is None:
        raise UntrustedError(f"{contents.where} is a pack `{CORE}`: it is taken only when a trusted signer signed it")
    current = _current(pack)
    _check_version(pack, version, floor, "" if older else _newest(pack, current))
    staged = _stage(pack, contents)
    try:
        digest = _check_staged(staged, pack, version)
        target = Installed(pack, version, digest, key.raw.hex() if key else "")
        _settle(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return _activate(target, current)


def rollback(pack: str, floor: Floor | None = None) -> str:
    """Make the version before the active one active again, else the built-in one; its version comes back.

    Refuses with a `PackError` when there is none, when it is damaged, and when it is below the lock.
    """
    current = active.read(pack)
    if current is None:
        raise PackError(f"no version of `{pack}` is installed")
    if current.before is None:
        return _back_to_builtin(pack, current.now.version, floor)
    _check_version(pack, current.before.version, floor)
    active.verify(current.before)
    active.write(Active(current.before, current.now))
    return current.before.version


def _back_to_builtin(pack: str, version: str, floor: Floor | None) -> str:
    builtin = _builtin_version(pack)
    if not builtin:
        raise PackError(f"`{pack}` has no version before {version} to go back to")
    _check_version(pack, builtin, floor)
    os.unlink(places.active_file(pack))
    return builtin


def _current(pack: str) -> Active | None:
    """What is active, None too when the file that says so is damaged: an update is the way out of that."""
    try:
        return active.read(pack)
    except PackError:
        return None


def _newest(pack: str, current: Active | None) -> str:
    """The version that is used now: the active one, or the built-in one when that is newer; empty for none."""
    here = [_builtin_version(pack), current.now.version if current else ""]
    return max((version for version in here if version), key=version_key, default="")


def _builtin_version(pack: str) -> str:
    from modelaudit.engine.distribution.candidates import Builtin
    from modelaudit.engine.packs import read

    folder = next((each for each in read.builtin_folders() if os.path.basename(each) == pack), "")
    return Builtin(folder).version if folder else ""


def _check_version(pack: str, version: str, floor: Floor | None, newest: str = "") -> None:
    if floor is not None and version_key(version) < version_key(floor.version):
        raise PackError(f"`{pack}` {version} is below {floor.version}, which {floor.lock} names")
    if newest and version_key(version) < version_key(newest):
        raise PackError(f"`{pack}` {version} is older than {newest}, which is in use")


def _stage(pack: str, contents: Contents) -> str:
    """Write the files into a new folder beside the installed versions."""
    home = places.pack_folder(pack)
    os.makedirs(home, mode=0o700, exist_ok=True)
    for folder in (places.pack_folder(), home):
        if not places.is_private(folder):
            raise PackError(f"{folder} is a link, or others can write to it: packs are not installed there")
    _sweep(home)
    staged = os.path.join(home, f"{STAGING}{os.urandom(8).hex()}")
    os.mkdir(staged, 0o700)
    try:
        for name, data in {packs.SUMS: contents.sums, packs.SIGNATURE: contents.signature, **contents.files}.items():
            if data or name in contents.files:
                path = os.path.join(staged, *name.split("/"))
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                active.write_file(path, data)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return staged


def _sweep(home: str) -> None:
    """Remove what updates that were killed left behind."""
    for entry in os.scandir(home):
        old = time.time() - entry.stat(follow_symlinks=False).st_mtime > STALE_SECONDS
        if entry.name.startswith(STAGING) and old:
            shutil.rmtree(entry.path, ignore_errors=True)


def _check_staged(staged: str, pack: str, version: str) -> str:
    """The digest of a staged pack that this engine can use as a whole."""
    data = packs.manifest_data(staged, "")
    if (data["pack"], data["version"]) != (pack, version):
        raise PackError(f"{manifest.NAME} says {data['pack']} {data['version']}, {packs.SUMS} {pack} {version}")
    packs.check(packs.read_folder(staged, "the pack"))
    _compile(staged, pack)
    return files.digest(staged, manifest.covered(data))


def _compile(staged: str, pack: str) -> None:
    """Refuse, with a `DiagnosticsError`, a pack whose rules do not compile beside the built-in ones."""
    from modelaudit.engine.packs import checks, load, read
    from modelaudit.engine.packs.model import Sources

    sources = Sources()
    for folder in read.builtin_folders():
        if os.path.basename(folder) != pack:
            read.read_builtin(folder, sources)
    read.read_folder(staged, sources, shown=pack, builtin=pack == CORE)
    checks.check_rules(sources)
    diagnostics = list(sources.diagnostics)
    load.compiled(sources, diagnostics)
    load.raise_errors(diagnostics)


def _settle(staged: str, target: Installed) -> None:
    """Give the staged folder its name; a whole version that is there already stays."""
    if os.path.isdir(target.folder):
        try:
            active.verify(target)
        except PackError:
            # Out of the way first: at no moment is a half-removed folder under the name of a version.
            os.rename(target.folder, os.path.join(os.path.dirname(target.folder), f"{STAGING}{os.urandom(8).hex()}"))
        else:
            return
    os.rename(staged, target.folder)


def _activate(target: Installed, current: Active | None) -> Active:
    if current is not None and current.now.folder == target.folder:
        after = Active(target, current.before)
    else:
        after = Active(target, current.now if current else None)
    active.write(after)
    return after
