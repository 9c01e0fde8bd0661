"""What is special in a PyTorch checkpoint: storages, which are only bytes, and small files that describe it.

Layout: `torch.save` writes `NAME/data.pkl`, `NAME/data/<key>`, `NAME/version`, `NAME/byteorder` and a few more.
"""

from __future__ import annotations

from modelaudit.parsers.reader import BytesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.registry import Registry

HEAD = 4096
VALUE_MAX = 128  # bytes of a small file's value
DESCRIPTIONS = (".data/serialization_id", ".format_version", ".storage_alignment", "version", "byteorder")


def is_storage(name: str) -> bool:
    """Whether a member is a tensor's storage by its name: `NAME/data/<digits>`."""
    folder, _, key = name.rpartition("/")
    return key.isdecimal() and (folder == "data" or folder.endswith("/data"))


def description(name: str) -> str | None:
    """The key that a member with this name describes, or None."""
    for key in DESCRIPTIONS:
        if name == key or name.endswith(f"/{key}"):
            return key
    return None


def value_of(reader: Reader) -> str | None:
    """The value in a small file, when it is nothing but letters and digits."""
    if reader.size > VALUE_MAX:
        return None
    raw = reader.read_at(0, VALUE_MAX)
    text = raw.decode("latin-1").removesuffix("\n")
    return text if text.isascii() and text.isalnum() else None


def is_model(registry: Registry, head: bytes) -> bool:
    """Whether a storage begins as a file of a format does, text apart: weights do not."""
    found = registry.recognise(head, BytesReader(head), "")
    return any(not registry.formats[id].fallback for id in found.formats if id in registry.formats)
