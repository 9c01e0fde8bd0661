"""Parsers of other packages: entry points of the group `modelaudit.parsers`, each a module as our parser packages are.

Such a module has `FORMATS` (entries as in `schemas/formats.json`), `RECOGNISERS` and `parse`. None takes part unasked,
so that what is installed on a machine never changes a report.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint
    from types import ModuleType
    from typing import Any

GROUP = "modelaudit.parsers"
NEEDED = ("title", "extensions", "role", "magics")


class PluginError(ValueError):
    """A plug-in that is not installed, or is not one."""


def installed() -> dict[str, EntryPoint]:
    """The entry points of all installed plug-ins by name; nothing is imported."""
    from importlib.metadata import entry_points

    return {point.name: point for point in sorted(entry_points(group=GROUP), reverse=True)}


def entries(names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The catalogue entries of the formats that the named plug-ins read. Raises `PluginError`."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    points = installed()
    found: dict[str, Mapping[str, Any]] = {}
    for name in wanted:
        if name not in points:
            known = f"; installed are {', '.join(sorted(points))}" if points else "; none is installed"
            raise PluginError(f"there is no parser plug-in {name!r}{known}")
        for id, entry in formats_of(points[name]).items():
            if id in found:
                raise PluginError(f"two plug-ins read the format {id!r}")
            found[id] = entry
    return found


def formats_of(point: EntryPoint) -> dict[str, Mapping[str, Any]]:
    """The catalogue entries of one plug-in, which is imported for it. Raises `PluginError`."""
    module = _module(point)
    formats = getattr(module, "FORMATS", None)
    if not isinstance(formats, dict) or not formats or not callable(getattr(module, "parse", None)):
        raise PluginError(f"parser plug-in {point.name!r}: {point.value} has no FORMATS or no parse")
    return {id: _entry(point, module, id, entry) for id, entry in formats.items()}


def _module(point: EntryPoint) -> ModuleType:
    try:
        module: ModuleType = point.load()
    except Exception as error:  # whatever a package of others does when it is imported
        raise PluginError(f"parser plug-in {point.name!r} cannot be imported: {error!r}") from error
    return module


def _entry(point: EntryPoint, module: ModuleType, id: object, entry: object) -> Mapping[str, Any]:
    """An entry as the catalogue has it, with the module that reads it."""
    if not isinstance(id, str) or not isinstance(entry, dict):
        raise PluginError(f"parser plug-in {point.name!r}: FORMATS takes an id to an entry, not {id!r} to {entry!r}")
    missing = [key for key in NEEDED if key not in entry]
    if missing:
        raise PluginError(f"parser plug-in {point.name!r}: format {id!r} lacks {', '.join(missing)}")
    return {"families": [id], **entry, "parser": module.__name__}
