"""Reports of other packages: entry points of the group `modelaudit.reports`.

The name of one is that of the format, and the extension that means it. Each is a function from a scan document and a
view to text, like a report of ours.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

    from modelaudit.engine.document import ScanDocument
    from modelaudit.reports import View

GROUP = "modelaudit.reports"


class ReportPluginError(ValueError):
    """A plug-in that is not one."""


def installed() -> dict[str, EntryPoint]:
    """The entry points of all installed plug-ins by name; nothing is imported."""
    from importlib.metadata import entry_points

    return {point.name: point for point in sorted(entry_points(group=GROUP), reverse=True)}


def renderer(name: str) -> Callable[[ScanDocument, View], str] | None:
    """The function of a plug-in, imported now; None when there is none of that name. Raises `ReportPluginError`."""
    point = installed().get(name)
    if point is None:
        return None
    try:
        found: Callable[[ScanDocument, View], str] = point.load()
    except Exception as error:  # whatever a package of others does when it is imported
        raise ReportPluginError(f"report plug-in {name!r} cannot be imported: {error!r}") from error
    if not callable(found):
        raise ReportPluginError(f"report plug-in {name!r}: {point.value} is no function")
    return found
