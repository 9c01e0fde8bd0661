"""Files that are generated: written, or held against what stands there."""

from __future__ import annotations

import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent


def deliver(script: str, texts: Mapping[Path, str]) -> int:
    """Write the texts to their files; with `--check` write nothing, and return 1 when one differs."""
    if "--check" not in sys.argv[1:]:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if stale:
        names = ", ".join(path.relative_to(ROOT).as_posix() for path in stale)
        print(f"not up to date, run tools/{script}.py: {names}")
    return int(bool(stale))
