"""What a module and a name written in a stream reach: Python 2 mapping, aliases, dotted parts."""

from __future__ import annotations

import json
import os.path

from modelaudit.engine.facts import clean

NAMES_MAX = 64  # spellings of one import
NAME_MAX = 4096  # characters of a module or a name; a longer one is cut
LEADING_BACK = (".__call__", ".__get__", ".__wrapped__", ".__func__")  # to the callable itself
PARTS_MAX = 32  # dotted parts of a name of which every tail is a spelling of its own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Spelling:
    """The readings of one module and name."""

    __slots__ = ("cut", "lossy", "module", "name", "names", "qualname", "segments")

    def __init__(self, module: str, name: str, protocol: int) -> None:
        self.cut = len(module) > NAME_MAX or len(name) > NAME_MAX
        self.module, lossy_module = clean(module[:NAME_MAX])
        self.name, lossy_name = clean(name[:NAME_MAX])
        self.lossy = lossy_module or lossy_name
        mapped = f"{'.'.join(mapped_name(self.module, self.name))}"
        written = f"{self.module}.{self.name}"
        self.qualname = mapped if protocol < 3 else written
        found = [self.qualname, written, mapped]
        found += _tails(self.name)
        self.names = frozenset(_aliased(found))
        self.segments = frozenset(part for name in self.names for part in name.split("."))


class ModuleSpelling(Spelling):
    """The readings of a module itself."""

    __slots__ = ()

    def __init__(self, module: str) -> None:
        super().__init__(module, "", 4)
        self.qualname = self.module
        self.names = frozenset([self.module, *tables()[0].get(self.module, ())])
        self.segments = frozenset(part for name in self.names for part in name.split("."))


def mapped_name(module: str, name: str) -> tuple[str, str]:
    """Where a reader with `fix_imports` looks for a Python 2 name (the tables of `Lib/_compat_pickle.py`)."""
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    return IMPORT_MAPPING.get(module, module), name


def _tails(name: str) -> Iterator[str]:
    """Dotted names inside a dotted name: `os.path.basename` looked up in any module reaches `os.path.basename`."""
    parts = name.split(".")
    for start in range(min(len(parts) - 1, PARTS_MAX)):
        yield ".".join(parts[start:])


def _aliased(found: list[str]) -> set[str]:
    names: dict[str, None] = {}
    queue = [stripped for name in found for stripped in (name, _stripped(name))]
    for name in queue:
        if name in names or len(names) >= NAMES_MAX:
            continue
        names[name] = None
        queue.extend(_alias(name))
    return set(names)


def _stripped(name: str) -> str:
    """The callable that a name stands for when its last parts only call it, bind it or lead back to it."""
    while name.endswith(LEADING_BACK):
        name = name[: name.rindex(".")]
    return name


def _alias(name: str) -> Iterator[str]:
    prefixes, exact = tables()
    yield from exact.get(name, ())
    end = -1
    for _ in range(PARTS_MAX):
        end = name.find(".", end + 1)
        if end < 0:
            return
        for other in prefixes.get(name[:end], ()):
            yield other + name[end:]


_tables: list[dict[str, list[str]]] = []


def tables() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Module aliases and name aliases, each with all members of its group."""
    if not _tables:
        with open(os.path.join(os.path.dirname(__file__), "aliases.json"), encoding="utf-8") as file:
            data = json.load(file)
        _tables.extend({member: group for group in data[key] for member in group} for key in ("modules", "names"))
    return _tables[0], _tables[1]
