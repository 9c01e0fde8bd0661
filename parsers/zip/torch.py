"""What is special in a PyTorch checkpoint: storages, which are only bytes, and small files that describe it.

Layout: `torch.save` writes `NAME/data.pkl`, `NAME/data/<key>`, `NAME/version`, `NAME/byteorder` and a few more;
`torch.export` and AOTInductor write `NAME/archive_format` and `NAME/data/weights/weight_<n>`
(`torch/export/pt2_archive/constants.py`).
"""

from __future__ import annotations

import re

from modelaudit.engine.facts import Import, Stream
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.reader import BytesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.registry import Registry

HEAD = 4096
EXTERNS = ".data/extern_modules"  # of torch.package: names of modules, one a line
EXTERNS_MAX = 1024 * 1024
VALUE_MAX = 128  # bytes of a small file's value
PROBE = 256 * 1024
OPCODES = 100_000
WHOLE = 16  # bytes of a stream that no weights make by chance
HEADED = 2  # first protocol with a header
STORAGES = frozenset({"data", "constants", ".data"})  # folders: checkpoint, TorchScript, package
STORED = {"data.pkl": "data/", "constants.pkl": "constants/", "attributes.pkl": "attributes/"}  # storages by pickle
DESCRIPTIONS = (
    ".data/serialization_id",
    ".format_version",
    ".storage_alignment",
    "archive_format",
    "archive_version",
    "version",
    "byteorder",
)
EXPORTED = re.compile(r"(?:^|/)data/(?:weights/weight|constants/tensor)_\d+$", re.ASCII)


def is_storage(name: str) -> bool:
    """Whether a member is a tensor's storage by its name: `NAME/data/<digits>`, `NAME/.data/<digits>.storage` …"""
    folder, _, key = name.rpartition("/")
    numbered = folder.rpartition("/")[2] in STORAGES and key.removesuffix(".storage").isdecimal()
    return numbered or EXPORTED.search(name) is not None


def description(name: str) -> str | None:
    """The key that a member with this name describes, or None."""
    for key in DESCRIPTIONS:
        if name == key or name.endswith(f"/{key}"):
            return key
    return None


def folder_of(name: str) -> str | None:
    """The folder of the storages that a pickle with this name asks for, None for another member."""
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{STORED[last]}" if last in STORED else None


def language_of(name: str, *, package: bool) -> str | None:
    """The language of a member that holds code: TorchScript below `code/`, Python in a package; None for others."""
    if not name.endswith(".py"):
        return None
    if "code" in name.split("/")[:-1] and not package:
        return "torchscript"
    return "python" if package else None


def externs(reader: Reader) -> list[str]:
    """The modules that a package takes from the host."""
    lines = reader.read_at(0, EXTERNS_MAX).decode("utf-8", "replace").split("\n")
    return [line.strip() for line in lines if line.strip()]


def value_of(reader: Reader) -> str | None:
    """The value in a small file, when it is nothing but letters and digits."""
    if reader.size > VALUE_MAX:
        return None
    raw = reader.read_at(0, VALUE_MAX)
    text = raw.decode("latin-1").removesuffix("\n")
    return text if text.isascii() and text.isalnum() else None


def is_file(registry: Registry, beginning: Callable[[int], bytes]) -> bool:
    """Whether a storage begins as a file of some format does; weights do not. `beginning` gives its first bytes.

    Text does not count, nor do weights that happen to begin with a few opcodes of a pickle and reach nothing.
    """
    head = beginning(HEAD)
    if not head:
        return False
    found = registry.recognise(head, BytesReader(head), "").formats
    found = tuple(id for id in found if not registry.formats[id].fallback)
    return bool(found) and (found != ("pickle",) or _reaches(registry, beginning(PROBE)))


def _reaches(registry: Registry, data: bytes) -> bool:
    """Whether a pickle's first bytes import something that can have that name, or are a whole stream with a header."""
    context = Context(budgets={"opcodes": OPCODES})
    for fact in registry.parser("pickle")(Input("", BytesReader(data), "pickle"), context):
        if isinstance(fact, Import) and all(part.isidentifier() for part in fact.qualname.split(".")):
            return True
        if isinstance(fact, Stream):
            return fact.stopped and fact.protocol >= HEADED and (fact.end or 0) - fact.start >= WHOLE
    return False
