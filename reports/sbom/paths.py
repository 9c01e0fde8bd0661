"""Paths as a bill shows them: from what was scanned on, so that it is the same wherever the files lie.

The folders above belong to the machine that scanned, and their names are nobody's business who reads the bill.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SEPARATORS = ("/", "\\", "!")


class Paths:
    """Shows paths of one scan. Two scanned paths with the same last part are shown whole."""

    def __init__(self, given: Sequence[str]) -> None:
        roots = list(dict.fromkeys(path.rstrip("/\\") or path for path in given))
        names = [last_part(root) for root in roots]
        self._roots = [
            (root, name)
            for root, name in zip(roots, names, strict=True)
            if name not in ("", ".", "..") and names.count(name) == 1
        ]
        self._roots.sort(key=lambda pair: -len(pair[0]))

    def __call__(self, path: str) -> str:
        """The path with the last part of what was scanned in front."""
        for root, name in self._roots:
            if path == root or (path.startswith(root) and path[len(root)] in SEPARATORS):
                return name + path[len(root) :]
        return path.removeprefix("./")


def last_part(path: str) -> str:
    """The last part of a path."""
    return path.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
