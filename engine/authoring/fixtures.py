"""Where the model files of `fixture:` tests are."""

from __future__ import annotations

import os

from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT = os.path.join("tests", "fixtures")


def folders(paths: Sequence[str]) -> list[str]:
    """The folders `tests/fixtures` below the packs at these paths, those that are there."""
    found = [os.path.join(os.path.dirname(read.locate(path)), DEFAULT) for path in paths]
    return [folder for folder in found if os.path.isdir(folder)]


def find(name: str, places: Sequence[str]) -> str:
    """The file or folder of a fixture: `DIR/NAME` as it stands, or with any one extension.

    What is not there, is there with several extensions or lies outside is a `UsageError`.
    """
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or os.path.isabs(name):
        raise UsageError(f"fixture `{name}` leaves its folder")
    for place in places:
        path = os.path.join(place, *parts)
        if os.path.exists(path):
            return path
        candidates = _with_extension(path)
        if len(candidates) > 1:
            raise UsageError(f"fixture `{name}` may be any of {', '.join(candidates)}")
        if candidates:
            return candidates[0]
    raise UsageError(f"there is no fixture `{name}` in {', '.join(places)}")


def _with_extension(path: str) -> list[str]:
    folder, stem = os.path.split(path)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.startswith(f"{stem}.")]
