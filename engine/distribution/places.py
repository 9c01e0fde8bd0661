"""The folders of a user, that nobody else can write to, and where installed packs stand in one of them."""

from __future__ import annotations

import os
import stat
import sys

ACTIVE = "active.json"
LOCK = "modelaudit.lock"


def data_folder() -> str:
    """Where this user's data stands: `$MODELAUDIT_DATA_DIR`, else the place that the system has for it."""
    chosen = os.environ.get("MODELAUDIT_DATA_DIR")
    return os.path.abspath(chosen) if chosen else _own("Application Support", "XDG_DATA_HOME", "~/.local/share")


def cache_folder() -> str:
    """Where this user's caches stand: `$MODELAUDIT_CACHE_DIR`, else the place that the system has for them."""
    return os.environ.get("MODELAUDIT_CACHE_DIR") or _own("Caches", "XDG_CACHE_HOME", "~/.cache")


def config_folder() -> str:
    """Where this user's config file stands: `$MODELAUDIT_CONFIG_DIR`, else the place that the system has for it."""
    chosen = os.environ.get("MODELAUDIT_CONFIG_DIR")
    return os.path.abspath(chosen) if chosen else _own("Application Support", "XDG_CONFIG_HOME", "~/.config")


def _own(mac: str, variable: str, usual: str) -> str:
    """Our folder in a place that the system has for each user."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser(f"~/Library/{mac}")
    else:
        base = os.environ.get(variable) or os.path.expanduser(usual)
    return os.path.join(base, "modelaudit")


def pack_folder(pack: str = "") -> str:
    """The folder of all installed packs, or of the versions of one."""
    return os.path.join(data_folder(), "packs", pack) if pack else os.path.join(data_folder(), "packs")


def active_file(pack: str) -> str:
    """The small file that says which version of a pack is active."""
    return os.path.join(pack_folder(pack), ACTIVE)


def lock_file(policy: str) -> str:
    """Where the lock of a policy file stands: beside it."""
    return os.path.join(os.path.dirname(os.path.realpath(policy)), LOCK)


def shown(path: str) -> str:
    """A path as messages show it: relative to the working folder where it lies below that."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if relative.startswith("..") else relative


def is_private(path: str, *, own: bool = False) -> bool:
    """Whether a folder is there, is no link, and only its user can write to it.

    It is this user's, or the system administrator's unless it has to be `own`.
    """
    try:
        found = os.lstat(path)
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    if sys.platform == "win32":
        return True
    owners = (os.geteuid(),) if own else (os.geteuid(), 0)
    return found.st_uid in owners and not found.st_mode & 0o022
