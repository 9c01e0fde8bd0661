"""Where the references of a model lead: looked up only inside the scan root, links followed.

Nothing is opened but what a pointer of DVC describes by a digest, which is read for that digest alone.
"""

from __future__ import annotations

import os
import posixpath
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from modelaudit.engine.facts import Reference
    from modelaudit.sources.local import SourceFile, SourceFolder

    Root: TypeAlias = "ScanRoot | ListedRoot"

PATHS = frozenset({"external-data", "file", "link", "dvc", "dvc-cache"})  # kinds of reference whose target is a path
DVC, CACHE = ".dvc", "cache"  # folder of a repository of DVC, and of its cache in it


def root_of(source: SourceFile | SourceFolder, check: Callable[[], None] = lambda: None) -> Root:
    """Where the references in a file or a folder may lead."""
    if source.elsewhere or source.names is not None:
        return ListedRoot(source.root, source.folder, source.names)
    return ScanRoot(source.root, source.folder, check)


class ScanRoot:
    """The folder that references may lead into, and the folder that they start from."""

    __slots__ = ("check", "folder", "root")

    def __init__(self, root: str, folder: str, check: Callable[[], None] = lambda: None) -> None:
        self.check = check  # raises when the time is up
        self.root = root  # real path
        self.folder = folder  # real path of the folder that holds the file

    def resolve(self, reference: Reference) -> Reference:
        """The reference with its context fields; as it was when its target is no path."""
        if reference.kind not in PATHS or "url" in reference.path_class or not reference.target:
            return reference
        if reference.kind.startswith("dvc"):
            return self._dvc(reference)
        return self.within(reference)

    def _dvc(self, reference: Reference) -> Reference:
        """A path of DVC may lead as far as the repository that holds `.dvc`; what is cached stands in there."""
        root = self.folder
        while not os.path.isdir(os.path.join(root, DVC)):
            above = os.path.dirname(root)
            if above == root:
                return self.within(reference) if reference.kind == "dvc" else reference
            root = above
        folder = os.path.join(root, DVC, CACHE) if reference.kind == "dvc-cache" else self.folder
        return self._tracked(ScanRoot(root, folder).within(reference), root)

    def _tracked(self, reference: Reference, root: str) -> Reference:
        """The reference with the digest of what stands at its target, when one is described."""
        if not reference.exists or reference.digest is None or reference.resolved is None:
            return reference
        from modelaudit.pipeline.tracked import tracked_digest

        target = os.path.join(root, reference.resolved)
        return reference.replace(target_digest=tracked_digest(target, reference.digest, root, self.check))

    def within(self, reference: Reference) -> Reference:
        """The reference as far as it leads within the root."""
        if reference.path_class & {"nul", "drive", "unc"}:
            return reference.replace(escapes_root="nul" not in reference.path_class)
        target = reference.target.replace("\\", "/")  # as some loaders read it
        if self._leaves(reference.target) or self._leaves(target):
            return reference.replace(escapes_root=True)
        return self._look(reference)

    def _leaves(self, target: str) -> bool:
        """Whether the path leads out of the root as it is written."""
        return not self._inside(os.path.normpath(os.path.join(self.folder, target)))

    def _inside(self, path: str) -> bool:
        return path == self.root or path.startswith(self.root.rstrip(os.sep) + os.sep)

    def _look(self, reference: Reference) -> Reference:
        """What stands at a path that stays in the root as it is written; links may still lead out."""
        try:
            real = os.path.realpath(os.path.join(self.folder, reference.target))
            if not self._inside(real):
                return reference.replace(escapes_root=True)
            status = os.lstat(real)
        except (OSError, ValueError):
            return reference.replace(escapes_root=False, exists=False)
        is_file = stat.S_ISREG(status.st_mode)
        return reference.replace(
            escapes_root=False,
            exists=True,
            target_kind=_kind(status.st_mode),
            target_size=status.st_size if is_file else None,
            links=self._links(reference.target, real, hard=is_file and status.st_nlink > 1),
            resolved=os.path.relpath(real, self.root).replace(os.sep, "/"),
        )

    def _links(self, target: str, real: str, *, hard: bool) -> frozenset[str]:
        """What kinds of links lead to a file."""
        written = os.path.normpath(os.path.join(self.folder, target))
        return frozenset([*(["symbolic"] if written != real else []), *(["hard"] if hard else [])])


class ListedRoot:
    """The same at a service, whose listing says what is there; nothing is asked of it."""

    __slots__ = ("_below", "_names")

    def __init__(self, root: str, folder: str, names: frozenset[str] | None) -> None:
        self._below = folder[len(root) :].strip("/")  # the folder that references start from
        self._names = names  # of files; None when it is not known what is there

    def resolve(self, reference: Reference) -> Reference:
        """The reference with its context fields; as it was when its target is no path."""
        if reference.kind not in PATHS or "url" in reference.path_class or not reference.target:
            return reference
        if reference.path_class & {"nul", "drive", "unc", "absolute"}:
            return reference.replace(escapes_root="nul" not in reference.path_class)
        path = posixpath.normpath(posixpath.join(self._below, reference.target.replace("\\", "/")))
        if path == ".." or path.startswith(("../", "/")):
            return reference.replace(escapes_root=True)
        return self._look(reference, path)

    def _look(self, reference: Reference, path: str) -> Reference:
        if self._names is None:
            return reference.replace(escapes_root=False)
        if path in self._names:
            return reference.replace(escapes_root=False, exists=True, target_kind="file", resolved=path)
        if any(name.startswith(f"{path}/") for name in self._names):
            return reference.replace(escapes_root=False, exists=True, target_kind="directory", resolved=path)
        return reference.replace(escapes_root=False, exists=False)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(mode), "special")
