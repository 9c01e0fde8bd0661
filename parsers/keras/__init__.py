"""Keras: `.keras` archives, and configurations of layers as JSON and YAML wherever they stand.

Layout: https://keras.io/api/models/model_saving_apis/ and what `keras.saving.deserialize_keras_object` and its
predecessors in Keras 2 take (`class_name`, `config`, `module`, `registered_name`).
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Values
    from modelaudit.parsers.reader import Reader

SPACE = b" \t\r\n"
HEAD = 4096
LOOK = 1024 * 1024  # bytes of a text that are searched at once
OVERLAP = 128  # bytes that two of these have in common: the longest way to write a key
KEYS = (b'"class_name"', b'"config"')
UTF16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"
YAML = re.compile(rb"""^["']?class_name["']?[ \t]*:""", re.MULTILINE)  # of the outermost object
YAML_CONFIG = re.compile(rb"""^["']?config["']?[ \t]*:""", re.MULTILINE)
ESCAPE = re.compile(rb"\\u00([2-7][0-9a-fA-F])")


def recognise_archive(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are a ZIP archive with a configuration at its top, and metadata or weights beside it."""
    if head[:4] != b"PK\x03\x04":
        from modelaudit.parsers.zip import recognise_zip

        if not recognise_zip(head, reader):
            return False
    from modelaudit.parsers.keras.archive import holds_model

    return holds_model(reader)


def recognise_config(head: bytes, reader: Reader) -> bool:
    """Whether a JSON or YAML text describes objects by `class_name` and `config`."""
    if head[:2] in UTF16 or 0 in head[:2]:
        return _is_wide(head, reader)
    start = head.removeprefix(BOM).lstrip(SPACE)
    if start[:1] in (b"{", b"[") or not start:
        return _is_json(reader)
    if 0 in head or head.find(b"class_name") < 0:
        return False
    data = reader.read_at(0, LOOK)
    return bool(YAML.search(data)) and bool(YAML_CONFIG.search(data))


RECOGNISERS = {"keras-zip": recognise_archive, "keras-config": recognise_config}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """Facts of the configuration; of an archive its members' too."""
    if artifact.format == "keras-zip":
        from modelaudit.parsers.keras.archive import parse_archive

        return parse_archive(artifact, context)
    from modelaudit.parsers.keras.config import parse_file

    return parse_file(artifact, context)


def is_config_text(data: bytes) -> bool:
    """Whether bytes are a JSON configuration, as attributes of other formats hold them."""
    return data[:HEAD].lstrip(SPACE)[:1] in (b"{", b"[") and len(_keys(data)) == len(KEYS)


def _is_json(reader: Reader, *, wide: bool = False) -> bool:
    """Whether a text names both keys, in whatever of its parts. Texts of more than one byte a character are `wide`."""
    found: set[bytes] = set()
    begun = False
    for at in range(0, reader.size, LOOK - OVERLAP):
        data = reader.read_at(at, LOOK)
        data = data.replace(b"\0", b"").lstrip(b"\xff\xfe") if wide else data
        if not begun and (start := data.removeprefix(BOM).lstrip(SPACE)[:1]):
            if start not in (b"{", b"["):
                return False
            begun = True
        found |= _keys(data)
        if len(found) == len(KEYS):
            return True
    return False


def _keys(data: bytes) -> set[bytes]:
    """Which of the keys stand in a text; they may be written with escapes."""
    found = {key for key in KEYS if data.find(key) >= 0}
    if len(found) < len(KEYS) and data.find(b"\\u00") >= 0 and ESCAPE.search(data):
        plain = ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), data)
        found |= {key for key in KEYS if key in plain}
    return found


def _is_wide(head: bytes, reader: Reader) -> bool:
    """The same for UTF-16 and UTF-32, which `json.loads` takes."""
    letters = head.replace(b"\0", b"").lstrip(b"\xff\xfe")
    return letters.lstrip(SPACE)[:1] in (b"{", b"[") and _is_json(reader, wide=True)
