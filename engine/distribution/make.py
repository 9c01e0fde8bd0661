"""What organisations make: archives of their packs, folders of packs to carry along, keys."""

from __future__ import annotations

import os
from dataclasses import replace

from modelaudit.engine.distribution import archive, signature
from modelaudit.engine.distribution import contents as packs
from modelaudit.engine.distribution.active import replace_file, write_file
from modelaudit.engine.distribution.errors import PackError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.distribution.contents import Contents
    from modelaudit.engine.distribution.signature import Key


def with_sums(folder: str) -> Contents:
    """The pack in a folder with a new manifest of sums; its old signature is left out."""
    found = packs.read_folder(folder)
    data = packs.manifest_data(folder, folder)
    return replace(found, sums=packs.sums_of(data["pack"], data["version"], found.files), signature=b"")


def build(folder: str, target: str, key: str = "") -> Contents:
    """Write the archive of the pack in a folder, signed by the private key in the file `key` if one is given.

    Refuses a pack with mistakes, a key that is none and a file that cannot be written.
    """
    made = with_sums(folder)
    if key:
        made = replace(made, signature=signature.sign(made.sums, key))
    try:
        replace_file(os.path.abspath(target), archive.write(made), 0o644)
    except OSError as error:
        raise PackError(f"cannot write {target}: {error.strerror or error}") from error
    return made


def keygen(stem: str) -> tuple[str, str, Key]:
    """Write a new pair of keys to STEM.key and STEM.pub; the two paths and the public key come back.

    Refuses to overwrite a key.
    """
    secret, public, key = signature.generate()
    paths = (f"{stem}.key", f"{stem}.pub")
    for path in paths:
        if os.path.lexists(path):
            raise PackError(f"{path} is there already: a key is not overwritten")
    try:
        write_file(paths[0], secret, 0o600)
        write_file(paths[1], public, 0o644)
    except OSError as error:
        raise PackError(f"cannot write the keys {stem}: {error.strerror or error}") from error
    return *paths, key


def vendor(folders: Sequence[tuple[str, str]], target: str) -> list[str]:
    """Copy packs, given by name and folder, into folders of `target`, each with its manifest of sums.

    A pack that is signed keeps its sums and signature, others get sums made now. Refuses a target that holds
    another folder of that name which is no pack. The paths that were written come back.
    """
    written = []
    for name, folder in folders:
        found = packs.read_folder(folder)
        if not (found.sums and found.signature):
            found = with_sums(folder)
        packs.check(found)
        written.append(_copy(found, os.path.join(target, name)))
    return written


def _copy(contents: Contents, target: str) -> str:
    """Write a pack beside its place, then move it there; a pack that stood there before goes."""
    import shutil

    staged = f"{os.path.normpath(target)}.{os.urandom(6).hex()}"
    if os.path.lexists(target) and not os.path.isfile(os.path.join(target, "pack.yaml")):
        raise PackError(f"{target} is there and holds no pack: it is not replaced")
    members = {**contents.files, packs.SUMS: contents.sums, packs.SIGNATURE: contents.signature}
    try:
        for name, data in members.items():
            if data or name in contents.files:
                path = os.path.join(staged, *name.split("/"))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                write_file(path, data, 0o644)
        if os.path.lexists(target):
            shutil.rmtree(target)
        os.rename(staged, target)
    except OSError as error:
        raise PackError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return target
