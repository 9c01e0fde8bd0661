"""Has a wheel bring the built-in rules along as they are once compiled, so that a first scan need not compile them.

What is compiled is a copy of the package as the wheel will have it: the digests in it are those of an installed one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROGRAM = (
    "import sys; from modelaudit.engine.packs.prepared import write_all; print(*write_all(sys.argv[1]), sep='\\n')"
)
NEEDED = ("engine", "policies", "rules", "schemas")


class PreparedRules(BuildHookInterface[Any]):
    """Adds `rules/PACK.prepared.json` to a wheel; an editable install reads the YAML files."""

    folder = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the packs of a copy of the package, outside of the source tree."""
        if version == "editable":
            return
        self.folder = tempfile.mkdtemp(prefix="modelaudit-build-")
        package, root = Path(self.folder, "modelaudit"), Path(self.root)
        shutil.copytree(root / "src" / "modelaudit", package, ignore=_links)
        left_out = shutil.ignore_patterns("__pycache__", "*.prepared.json")
        for name in NEEDED:
            shutil.copytree(root / name, package / name, ignore=left_out)
        found = os.pathsep.join([self.folder, *filter(None, sys.path)])  # what the build may import stands there
        environment = {**os.environ, "PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", PROGRAM, str(package / "rules")]
        done = subprocess.run(command, env=environment, cwd=self.folder, check=True, stdout=subprocess.PIPE, text=True)
        for path in done.stdout.splitlines():
            build_data["force_include"][path] = f"modelaudit/rules/{os.path.basename(path)}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Drop the copy."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def _links(folder: str, names: list[str]) -> list[str]:
    """The links to the folders of the source tree, which are copied by themselves."""
    return [name for name in names if os.path.islink(os.path.join(folder, name)) or name == "__pycache__"]
