"""Which parsers take part in a scan: those of the product, of plug-ins that were asked for, less what is left out."""

from __future__ import annotations

from modelaudit.engine.document import ScannerSelection
from modelaudit.engine.errors import OptionError
from modelaudit.parsers.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def registry_with(plugins: Sequence[str]) -> Registry:
    """The registry with parsers of other packages, by their names. `OptionError` for a wrong one."""
    registry = Registry.load()
    if not plugins:
        return registry
    from modelaudit.parsers.plugins import PluginError

    try:
        return registry.with_plugins(plugins)
    except PluginError as error:
        raise OptionError(str(error)) from error


def selection(registry: Registry, only: Sequence[str], without: Sequence[str]) -> ScannerSelection | None:
    """What is left of the parsers; None when no choice was made. `OptionError` for an unknown name."""
    if not only and not without:
        return None
    from modelaudit.parsers.selection import UnknownScanner, named

    try:
        requested, excluded = named(registry, only), named(registry, without)
    except UnknownScanner as error:
        near = (
            f", did you mean {error.near[0]!r}?" if error.near else "; `modelaudit scan --list-scanners` shows them all"
        )
        raise OptionError(f"unknown scanner {error.name!r}{near}") from error
    enabled = tuple(id for id in requested or registry.formats if id not in excluded)
    if not enabled:
        raise OptionError("no scanner is left")
    return ScannerSelection(requested, enabled, excluded)
