"""Files that are encoded in texts, and bytes that are masked with one byte: what stands under the layers.

Only what has the structure of a file counts: ordinary encoded data costs a look at its first characters.
"""

from __future__ import annotations

import re

from modelaudit.parsers.executables import structure
from modelaudit.parsers.executables.search import signatures
from modelaudit.parsers.reader import BytesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.pickle.encoded import Payload

RUN = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
RUNS = 64  # of one text that are looked at
SHORTEST = 40  # characters of a run
MASKED_MAX = 16 * 1024 * 1024  # bytes that are unmasked
LOOK = 64 * 1024  # bytes before the header of a PE file
PE_MAGIC = b"PE\0\0"
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def encoded_files(text: str) -> Iterator[tuple[int, Payload]]:
    """Files that stand encoded in a text, with the place of the first character of each."""
    if len(text) < SHORTEST:
        return
    from modelaudit.parsers.pickle.encoded import payload
    from modelaudit.parsers.pickle.literals import glance, magics, sniff

    seconds = magics().seconds
    for number, run in enumerate(RUN.finditer(text)):
        if number == RUNS:
            return
        data = run.group().encode()
        if data[1] in seconds[data[0]]:
            found = payload(data, lambda data=data: data, sniff, glance)  # type: ignore[misc]
            if found is not None:
                yield run.start(), found


def masked(data: bytes) -> tuple[str, int, bytes] | None:
    """Kind, key and bytes of a program or pickle that is masked with one byte, None when the bytes are none."""
    if len(data) < 64:
        return None
    keys = {data[0] ^ first: first for first in (0x4D, 0x7F, 0x80)}
    for key in keys:
        if not key or not _may_be(data, key):
            continue
        plain = data[:MASKED_MAX].translate(_mask(key))
        kind = _kind(plain)
        if kind:
            return kind, key, plain
    return None


def _mask(key: int) -> bytes:
    return bytes(value ^ key for value in range(256))


def _may_be(data: bytes, key: int) -> bool:
    head = data[:4].translate(_mask(key))
    return head[:2] == b"MZ" or head == b"\x7fELF" or (head[:2] in PICKLES and head[2:3] in b"\x95c}](X\x8c")


def _kind(plain: bytes) -> str:
    reader = BytesReader(plain)
    if plain[:2] == b"MZ":
        at = plain.find(PE_MAGIC, 0, LOOK)
        found = structure("pe", reader, at) if at > 0 else None
        return "pe" if found is not None and not found.start else ""
    if plain[:1] == b"\x7f":
        check = next(one.check for one in signatures() if plain.startswith(one.magic))
        return "elf" if structure(check, reader, 0) is not None else ""
    from modelaudit.parsers.pickle.search import probe

    machine = probe(reader, 0)
    names = [str(part) for key in machine.imports for part in key[:2]]
    sound = bool(names) and all(part.replace(".", "_").isidentifier() for part in names)
    return "pickle" if sound and machine.stopped else ""
