"""A repository of DVC on this machine: its root, its cache, and what its settings say of remotes.

Of the settings only `.dvc/config` is read: it comes with the repository and is somebody else's text. The cache is read
where it lies within the repository. Files with credentials (`.dvc/config.local`) are never opened.
"""

from __future__ import annotations

import os
import re
import stat

from modelaudit.sources.dvc.notation import NotationError, sections
from modelaudit.sources.dvc.pointers import LIST_MAX, NEW, object_name, rows_of
from modelaudit.sources.errors import UNREADABLE, SourceError, from_os_error
from modelaudit.sources.file import FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER, CACHE, CONFIG = ".dvc", "cache", "config"
CONFIG_MAX = 1024 * 1024  # bytes
REMOTE = re.compile(r"""['"]?remote\s*["']([^"']+)["']+""")


class Repository:
    """The nearest folder above a pointer that has `.dvc` in it, or the pointer's own folder when there is none."""

    def __init__(self, folder: str) -> None:
        above = _root(folder)
        self.tracked = above is not None
        self.root = folder if above is None else above  # real path
        self._settings: Mapping[str, Mapping[str, str]] | None = None
        self._cache: Objects | None = None

    @property
    def settings(self) -> Mapping[str, Mapping[str, str]]:
        """The sections of `.dvc/config`; raises `SourceError`."""
        if self._settings is None:
            self._settings = self._read() if self.tracked else {}
        return self._settings

    @property
    def cache(self) -> Objects | None:
        """The cache, None when there is none within the repository; raises `SourceError`."""
        if self._cache is None and self.tracked:
            where = self.settings.get(CACHE, {}).get("dir") or CACHE
            real = os.path.realpath(os.path.join(self.root, FOLDER, os.path.expanduser(where)))
            if within(real, self.root):
                self._cache = Objects(real)
        return self._cache

    def remote(self, name: str) -> tuple[str, Mapping[str, str]] | None:
        """The name and the settings of a remote, of the default one for no name; None when there is none."""
        name = name or self.settings.get("core", {}).get("remote", "")
        return (name, self.remotes[name]) if name in self.remotes else None

    @property
    def remotes(self) -> dict[str, Mapping[str, str]]:
        """Settings by the names of remotes."""
        found = ((REMOTE.fullmatch(section), said) for section, said in self.settings.items())
        return {named[1]: said for named, said in found if named is not None}

    def _read(self) -> Mapping[str, Mapping[str, str]]:
        path = os.path.join(self.root, FOLDER, CONFIG)
        if not os.path.lexists(path):
            return {}
        try:
            return sections(read_whole(path, path, CONFIG_MAX))
        except NotationError as error:
            raise SourceError(UNREADABLE, f"the settings of DVC are not read: {error}", path) from None


class Objects:
    """Files by their digests in a folder: a cache, or a remote on this machine. Links in it are not followed."""

    def __init__(self, path: str) -> None:
        self._path = path

    def find(self, md5: str, kind: str = NEW, *, folder: bool = False) -> str | None:
        """The real path of an object, None when it is not there."""
        path = os.path.join(self._path, *object_name(md5, kind, folder=folder).split("/"))
        try:
            regular = stat.S_ISREG(os.lstat(path).st_mode)
        except (OSError, ValueError):
            return None
        return path if regular and within(os.path.realpath(path), os.path.realpath(self._path)) else None

    def rows(self, md5: str, kind: str, shown: str) -> list[tuple[str, str]] | None:
        """Paths and digests of the files of a folder, None when its list is not there; raises `SourceError`."""
        path = self.find(md5, kind, folder=True)
        return None if path is None else listed(read_whole(path, shown, LIST_MAX), md5, shown)


def listed(data: bytes, md5: str, shown: str) -> list[tuple[str, str]]:
    """The rows of a list that has the digest by which it is kept; raises `SourceError`."""
    from hashlib import md5 as digest

    if digest(data, usedforsecurity=False).hexdigest() != md5:
        raise SourceError(UNREADABLE, "the list of the folder's files is not the one that is tracked", shown)
    try:
        return rows_of(data)
    except NotationError as error:
        raise SourceError(UNREADABLE, f"the list of the folder's files is not read: {error}", shown) from None


def read_whole(path: str, shown: str, most: int) -> bytes:
    """A regular file of at most `most` bytes, no link; raises `SourceError`."""
    try:
        with open(os.open(path, FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SourceError(UNREADABLE, "not a regular file", shown)
            data = file.read(most + 1)
    except (OSError, ValueError) as error:
        raise from_os_error(error, shown) from None
    if len(data) > most:
        raise SourceError(UNREADABLE, f"it is larger than {most} bytes", shown)
    return data


def within(path: str, folder: str) -> bool:
    """Whether a path is a folder or below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _root(folder: str) -> str | None:
    while True:
        try:
            if stat.S_ISDIR(os.lstat(os.path.join(folder, FOLDER)).st_mode):
                return folder
        except OSError:
            pass
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
