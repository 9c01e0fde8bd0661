"""A version of a pack that could be used: the built-in one, or one that is installed."""

from __future__ import annotations

import os

from modelaudit.engine import yaml_tree
from modelaudit.engine.distribution import active, places
from modelaudit.engine.distribution.errors import PackError
from modelaudit.engine.distribution.trust import CORE
from modelaudit.engine.packs import files, manifest, prepared, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.distribution.active import Installed
    from modelaudit.engine.packs.model import Sources

    Json = Any

BUILTIN, INSTALLED = "built-in", "installed"


class Builtin:
    """A pack that came with the product."""

    origin = BUILTIN

    def __init__(self, folder: str, *, prepared: bool = False) -> None:
        self.folder = folder
        self.prepared = prepared
        self.name = os.path.basename(folder)
        nodes, _ = yaml_tree.read(os.path.join(folder, manifest.NAME))
        # As it stands: whether it fits this engine is found out, and said, when the pack is read.
        self._data: Json = nodes[0].plain() if nodes and nodes[0].fields else {}

    @property
    def version(self) -> str:
        """Its version."""
        return str(self._data.get("version", "0"))

    @property
    def digest(self) -> str:
        """Digest over its files."""
        return files.digest(self.folder, manifest.covered(self._data))

    def inputs(self) -> list[dict[str, Json]]:
        """What else a cached rule set depends on."""
        return []

    def check(self) -> None:
        """Nothing: what came with the product is as good as the product."""

    def read(self, sources: Sources) -> None:
        """Add it to the sources."""
        if not (self.prepared and prepared.read(self.folder, sources)):
            read.read_builtin(self.folder, sources)


class Present:
    """An installed version of a pack."""

    origin = INSTALLED

    def __init__(self, installed: Installed) -> None:
        self.installed = installed
        self.name = installed.pack
        self.version = installed.version
        self.digest = installed.digest
        self.folder = installed.folder

    def inputs(self) -> list[dict[str, Json]]:
        """What a cached rule set depends on: which version is active, and everything in its folder."""
        path = places.active_file(self.name)
        everything = files.digest(self.folder, ["**"])
        return [
            {"path": path, "sha256": files.file_digest(path)},
            {"folder": self.folder, "globs": ["**"], "sha256": everything},
        ]

    def check(self) -> None:
        """Refuse, with a `PackError`, what is not what was installed, and a `core` that nobody signed."""
        if self.name == CORE and not self.installed.signer:
            raise PackError(f"{self.folder}: a pack `{CORE}` is used only when it is signed")
        active.verify(self.installed)

    def read(self, sources: Sources) -> None:
        """Add it to the sources; a signed `core` may use the ids of the built-in packs."""
        read.read_folder(self.folder, sources, builtin=self.name == CORE)


Candidate = Builtin | Present
