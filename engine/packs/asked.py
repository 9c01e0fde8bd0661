"""Which rules a command is about: those at the paths that it was given, else those of the built-in packs.

A path may lead to a built-in pack itself, as in a checkout. That pack takes part anyway, and is not read once more as
somebody's own, whose ids must not begin with `MA`.
"""

from __future__ import annotations

import os

from modelaudit.engine.packs import manifest, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.packs.model import Pack


class Asked:
    """The paths of a command, told apart. `own` are those that lead to no built-in pack."""

    def __init__(self, paths: Sequence[str]) -> None:
        roots = tuple(os.path.join(os.path.realpath(folder), "") for folder in read.builtin_folders())
        real = {path: os.path.realpath(read.locate(path)) for path in paths}
        self.own = tuple(path for path in paths if not real[path].startswith(roots))
        self._all_builtin = not paths
        self._files = {place for place in real.values() if place.startswith(roots)}

    @property
    def builtin(self) -> bool:
        """Whether rules of a built-in pack are asked for."""
        return self._all_builtin or bool(self._files)

    def takes(self, pack: Pack, file: str) -> bool:
        """Whether a rule or pattern of a pack is asked for; `file` is its file as messages show it."""
        if not pack.builtin:
            return not self._all_builtin
        if self._all_builtin:
            return True
        folder = os.path.realpath(pack.folder)
        inside = file.replace("/", os.sep).split(os.sep, 2)[-1]  # after `rules/NAME/`
        return bool(self._files & {os.path.join(folder, manifest.NAME), os.path.join(folder, inside)})
