"""Where the references of a model lead: looked up only inside the scan root, links followed, nothing opened."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.facts import Reference

PATHS = frozenset({"external-data", "file", "link", "dvc"})  # kinds of reference whose target is a path


class ScanRoot:
    """The folder that references may lead into, and the folder that they start from."""

    __slots__ = ("folder", "root")

    def __init__(self, root: str, folder: str) -> None:
        self.root = root  # real path
        self.folder = folder  # real path of the folder that holds the file

    def resolve(self, reference: Reference) -> Reference:
        """The reference with its context fields; as it was when its target is no path."""
        if reference.kind not in PATHS or "url" in reference.path_class or not reference.target:
            return reference
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
            kind = _kind(os.lstat(real).st_mode)
        except (OSError, ValueError):
            return reference.replace(escapes_root=False, exists=False)
        resolved = os.path.relpath(real, self.root).replace(os.sep, "/")
        return reference.replace(escapes_root=False, exists=True, target_kind=kind, resolved=resolved)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    return kinds.get(stat.S_IFMT(mode), "special")
