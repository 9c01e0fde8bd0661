"""What is here and works: Python, libraries, parsers, packs, caches, limits; `modelaudit doctor` shows it.

Nothing is scanned and nothing is written, but for the compiled rules, which go to their cache.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib import import_module, metadata

from modelaudit import __version__
from modelaudit.engine.distribution import places
from modelaudit.engine.errors import ModelAuditError
from modelaudit.engine.packs import cache
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy.load import builtin_names, load_chain
from modelaudit.engine.record import record
from modelaudit.parsers import plugins
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.store import database
from modelaudit.pipeline.workers.bounds import Bounds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.metadata import EntryPoint

    from modelaudit.engine.document import PackInfo
    from modelaudit.parsers.registry import Format

MIB = 1024**2
OLDEST = (3, 11)
TESTED = (3, 14)  # the newest Python that it is tested with
LAST_OF_NUMPY_1 = (3, 12)  # the newest Python for which there is a NumPy 1
MODULES = {"google-re2": "re2", "cyclonedx-python-lib": "cyclonedx", "pyyaml": "yaml"}  # where the names differ
UNSHOWN = frozenset({"dev", "docs"})  # extras for those who work on the product
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


@record
class Part:
    """Something that is there, or is not. `problem` says what is wrong with it, and is empty when nothing is."""

    name: str
    says: str
    problem: str = ""


@record
class Checkup:
    """Everything that was looked at."""

    version: str
    python: Part
    numpy: Part
    platform: str
    libraries: tuple[Part, ...]  # that the base install needs
    extras: tuple[Part, ...]
    parsers: tuple[Part, ...]  # one for each format
    plugins: tuple[Part, ...]
    packs: tuple[PackInfo, ...]
    rules: Part
    policies: tuple[Part, ...]
    folders: tuple[Part, ...]
    limits: tuple[tuple[str, str, str], ...]  # name, value, who holds a worker to it

    @property
    def failed(self) -> tuple[Part, ...]:
        """What does not work. A folder that cannot be written to is only worth advice: scans do without."""
        parts = (self.python, *self.libraries, *self.parsers, *self.plugins, self.rules, *self.policies)
        return tuple(part for part in parts if part.problem)

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do about it, a sentence each."""
        return tuple(_advice(self))


def checkup(report_plugins: Mapping[str, EntryPoint]) -> Checkup:
    """Look at everything; `report_plugins` are the entry points of reports that other packages bring."""
    requirements = _requirements()
    rules, packs = _rules()
    return Checkup(
        version=__version__,
        python=_python(),
        numpy=_numpy(),
        platform=f"{platform.system()} {platform.machine()}, {os.cpu_count() or 1} processors",
        libraries=tuple(_library(name) for name, extras in requirements if not extras),
        extras=tuple(_extras(requirements)),
        parsers=tuple(_parser(format) for format in Registry.load().formats.values()),
        plugins=(*map(_parser_plugin, plugins.installed().values()), *map(_report_plugin, report_plugins.values())),
        packs=packs,
        rules=rules,
        policies=tuple(_policy(name) for name in builtin_names()),
        folders=tuple(_folders()),
        limits=tuple(Bounds().described()),
    )


def _python() -> Part:
    version = sys.version_info[:2]
    said = f"{platform.python_implementation()} {platform.python_version()}"
    old = f"modelaudit needs Python {OLDEST[0]}.{OLDEST[1]} or newer" if version < OLDEST else ""
    return Part("Python", said, old)


def _numpy() -> Part:
    """NumPy is never needed: its files are read without it."""
    version = _version("numpy")
    said = f"{version}; 1.x, 2.x or none: arrays are read without it" if version else "not installed, and not needed"
    return Part("NumPy", said)


def _requirements() -> list[tuple[str, str]]:
    """The libraries that the installed package declares, each with the extra that it belongs to, empty for the base."""
    try:
        said = metadata.requires("modelaudit") or ()
    except metadata.PackageNotFoundError:  # run from a folder that nobody installed
        return []
    names = ((_NAME.match(line), _EXTRA.search(line)) for line in said)
    return [(name[0], extra[1] if extra else "") for name, extra in names if name]


def _library(name: str) -> Part:
    """Whether a library is there and can be imported."""
    version = _version(name)
    if version is None:
        return Part(name, "missing", f"install it: pip install {name}")
    try:
        import_module(MODULES.get(name.lower(), name.replace("-", "_")))
    except Exception as error:  # noqa: BLE001 - a native library that does not load, or a broken install
        return Part(name, version, f"cannot be imported: {error!r}")
    return Part(name, version)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _extras(requirements: list[tuple[str, str]]) -> Iterator[Part]:
    try:
        declared = metadata.metadata("modelaudit").get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        declared = []
    for extra in sorted(set(declared) - UNSHOWN):
        needed = [name for name, of in requirements if of == extra and name != "modelaudit"]
        yield Part(extra, _extra(extra, needed))


def _extra(extra: str, needed: list[str]) -> str:
    """What an extra comes to here."""
    if extra == "numpy1":
        return _numpy_1()
    if not needed:
        return "nothing to add: the base install reads it all"
    missing = [name for name in needed if _version(name) is None]
    if missing:
        return f"would add {', '.join(missing)}: pip install 'modelaudit[{extra}]'"
    return f"installed: {', '.join(needed)}"


def _numpy_1() -> str:
    version = _version("numpy")
    if version is not None and version.startswith("1."):
        return f"NumPy {version}"
    if sys.version_info[:2] > LAST_OF_NUMPY_1:
        return f"there is no NumPy 1 for Python {sys.version_info[0]}.{sys.version_info[1]}: the extra adds nothing"
    return (
        f"NumPy {version}; pip install 'modelaudit[numpy1]' takes NumPy 1"
        if version
        else "NumPy is not installed, and not needed"
    )


def _parser(format: Format) -> Part:
    """Whether the parser of a format can be imported and has what a parser has."""
    how = f"{format.title}, in a process of its own" if format.isolated else format.title
    try:
        module = import_module(format.parser)
    except Exception as error:  # noqa: BLE001 - a broken install
        return Part(format.id, how, f"{format.parser} cannot be imported: {error!r}")
    reads = callable(getattr(module, "parse", None)) or format.id in getattr(module, "RELATE", ())
    return Part(format.id, how, "" if reads else f"{format.parser} has no parse")


def _parser_plugin(point: EntryPoint) -> Part:
    said = f"parser plug-in, {_distribution(point)}"
    try:
        formats = plugins.formats_of(point)
    except plugins.PluginError as error:
        return Part(point.name, said, str(error))
    return Part(point.name, f"{said}, reads {', '.join(formats)}: --plugin {point.name}")


def _report_plugin(point: EntryPoint) -> Part:
    said = f"report plug-in, {_distribution(point)}: --format {point.name}"
    try:
        point.load()
    except Exception as error:  # noqa: BLE001 - whatever a package of others does when it is imported
        return Part(point.name, said, f"report plug-in {point.name!r} cannot be imported: {error!r}")
    return Part(point.name, said)


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value


def _rules() -> tuple[Part, tuple[PackInfo, ...]]:
    """Whether the rules of a scan without options compile, and from which packs they are."""
    from modelaudit.engine.document import PackInfo

    try:
        ruleset = load_ruleset()
    except ModelAuditError as error:
        return Part("rules", "cannot be compiled", str(error)), ()
    packs = tuple(PackInfo(p.pack, p.version, p.digest, p.rules) for p in ruleset.packs)
    return Part("rules", f"{sum(pack.rules for pack in packs)} compile"), packs


def _policy(name: str) -> Part:
    """A built-in policy with its version."""
    chain = load_chain(name)
    if chain.diagnostics:
        return Part(name, "has mistakes", chain.diagnostics[0].message)
    return Part(name, f"version {chain.policy.version}")


def _folders() -> Iterator[Part]:
    """The folders of this user, what is in them, and whether they can be written to."""
    rules, facts = cache.statistics(), database.statistics()
    kept = (
        f"{rules[0]} compiled rule sets, {rules[1] / MIB:.1f} MiB; facts of {facts[0]} files, {facts[2] / MIB:.1f} MiB"
    )
    for name, path, what in (("cache", places.cache_folder(), f": {kept}"), ("data", places.data_folder(), "")):
        yield Part(name, f"{path}{what}", "" if _writable(path) else f"{path} cannot be written to")
    config = os.path.join(places.config_folder(), "config.yaml")
    yield Part("config", config if os.path.isfile(config) else f"none; {config} would be read")


def _writable(path: str) -> bool:
    """Whether a folder can be written to, or made where it is missing."""
    while path and not os.path.exists(path):
        path = os.path.dirname(path)
    return os.access(path or os.sep, os.W_OK)


def _advice(found: Checkup) -> Iterator[str]:
    if sys.version_info[:2] > TESTED:
        yield f"Python {found.python.says.split()[-1]} is newer than what modelaudit is tested with."
    if any(part.problem for part in found.libraries):
        yield "A library is missing: install modelaudit anew with pip."
    if any(part.problem for part in found.parsers):
        yield "A parser cannot be imported: install modelaudit anew; --show-failed says what is wrong."
    if any(part.problem for part in found.plugins):
        yield "A plug-in does not work: update its package, or uninstall it; scans do without it until it is asked for."
    if any(part.name == "cache" and part.problem for part in found.folders):
        yield "Scans compile the rules each time: let MODELAUDIT_CACHE_DIR name a folder that can be written to."
    if any(part.name == "data" and part.problem for part in found.folders):
        yield "Rule packs cannot be installed: let MODELAUDIT_DATA_DIR name a folder that can be written to."
    if any(who == "nobody" for _, _, who in found.limits):
        yield "This system cannot hold workers to all limits: scan files from strangers in a container with limits."
