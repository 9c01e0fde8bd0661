"""Files and code that are encoded in texts, and bytes that are masked with one byte: what stands under the layers.

Only what has the structure of a file counts, or is a script or Python as a whole: ordinary encoded data costs a look at
its first characters.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.executables import structure
from modelaudit.parsers.executables.search import Search, has_words, signatures
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.wordings import acts, begins, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from modelaudit.parsers.executables import Structure
    from modelaudit.parsers.pickle.encoded import Payload

TEXT = bytes(set(range(0x20, 0x7F)) | set(b"\t\n\r\f") | set(range(0x80, 0x100)))
CODE_MIN = 24  # bytes of the shortest text that is looked at for code
WORDS_MIN = 7  # of the shortest that may be a command or an address
CODE_MAX = 1024 * 1024
CODED_MAX = 4 * CODE_MAX
CODED = re.compile(rb"[A-Za-z0-9+/_=-]{24}")  # what may be encoded once more
MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
PYTHON = "python"
MASKED_MIN = 64  # bytes of the shortest program or pickle under a mask
MASKED_MAX = 16 * 1024 * 1024  # bytes that are unmasked
LOOK = 64 * 1024  # bytes before the header of a PE file
WORDS = "text"  # the kind of what patterns judge
WORDS_MAX = 4096
PE_MAGIC = b"PE\0\0"
CODE = tuple(word.encode() for word in table()["scripts"])  # how that code begins
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
HEADS = (b"MZ", b"\x7fE", *PICKLES, *CODE)
FIRST = tuple(dict.fromkeys(head[0] for head in HEADS))  # bytes that PE and ELF files, pickles and code begin with
PAIRS = frozenset(head[0] ^ head[1] for head in HEADS)  # their first two bytes, one on the other


def encoded_files(text: str, count: Callable[[int], None] | None = None) -> Iterator[tuple[int, Payload]]:
    """Files and code that stand encoded in a text, with the place of the first character of each.

    `count` is told of the bytes of each layer, and may raise when there are too many. Raises `BudgetSpent` at last when
    something is encoded further than layers are taken off.
    """
    spellings = _spellings()
    told: set[int] = set()
    deep = False
    for run in spellings.spelled(text) if len(text) >= spellings.SHORTEST else ():
        if run.at in told or not _may_begin(run.head()):
            continue
        found = _under(run.whole(), run.method.split("+"), count)
        if found is not None and found.too_deep:
            deep = True
        elif found is not None:
            told.add(run.at)
            yield run.at, found
    words = spellings.standing(text)
    for run in spellings.short(text, words):
        found = _under(run.whole(), [run.method], count) if run.at not in told else None
        if found is not None and not found.too_deep:
            told.add(run.at)
            yield run.at, found
    if words:
        yield from _turned(text)
    if deep:
        from modelaudit.parsers.pickle.encoded import LAYERS

        raise BudgetSpent("encoded", at=LAYERS + 1, budget=LAYERS, by="file")


def _turned(text: str) -> Iterator[tuple[int, Payload]]:
    """Code and addresses in a text that are turned around."""
    told: list[tuple[int, int]] = []
    held: dict[int, Payload] = {}  # by where they begin, texts that are no code; part of code may look like one
    for at, method, line in _spellings().turned(text):
        found = None if _overlaps(told, at, at + 1) else _code(line, [method])
        if found is not None and found.found[0] != WORDS:
            told.append((at, at + len(line)))
            yield at, found
        elif found is not None and (at not in held or len(held[at].data) < len(found.data)):
            held[at] = found
    yield from ((at, found) for at, found in held.items() if not _overlaps(told, at, at + len(found.data)))


def _overlaps(ranges: list[tuple[int, int]], begin: int, end: int) -> bool:
    return any(begin < last and first < end for first, last in ranges)


def written_out(text: str) -> Iterator[tuple[int, Payload]]:
    """What a text holds in numbers of characters, or turned around: what a constant is looked at for as a text."""
    for run in _spellings().numbers(text):
        found = _under(run.whole(), [run.method], None) if _may_begin(run.head()) else None
        if found is not None and not found.too_deep:
            yield run.at, found
    yield from _turned(text)


def may_act(data: bytes) -> bool:
    """Whether a text has a word of code that does something, or begins as a command or address does."""
    return acts(data) or begins(data)


def in_numbers(data: bytes) -> Payload | None:
    """What bytes hold that a list of numbers stands for; None when it is no text, or an ordinary one."""
    return _under(data, ["characters"], None)


@cache
def _spellings() -> ModuleType:
    from modelaudit.parsers import spellings

    return spellings


def hidden_code(head: bytes, read: Callable[[int], bytes]) -> Payload | None:
    """The script or Python that a constant holds in an encoding or compressed; `head` are its first bytes.

    The beginning is peeled first: only what comes to text is read as a whole, and looked at when it may do something.
    """
    from modelaudit.parsers.pickle.encoded import HEAD, LAYERS, layer

    data, methods = head[:HEAD], 0
    while (step := layer(data)) is not None and methods < LAYERS:
        data, methods = step[1][:HEAD], methods + 1
    if not methods or len(data) < WORDS_MIN:
        return None
    if may_be_masked(data):
        return _unmasked(*_peeled(read(CODED_MAX)))
    if _narrow(data[: len(data) & ~1])[0].translate(None, TEXT):
        return None
    data, names = _peeled(read(CODED_MAX))
    return _code(data, names) if may_act(_narrow(data)[0]) else None


def wide_code(data: bytes) -> Payload | None:
    """The script or Python in bytes that are UTF-16, None when they are none."""
    text, code = _narrow(data)
    return _code(data, []) if code and may_act(text) else None


def _peeled(data: bytes) -> tuple[bytes, list[str]]:
    """What is under all layers, and their names."""
    from modelaudit.parsers.pickle.encoded import LAYERS, layer

    names: list[str] = []
    while (step := layer(data)) is not None and len(names) < LAYERS:
        names.append(step[0])
        data = step[1]
    return data, names


def _may_begin(head: bytes) -> bool:
    """Whether a file, text, or what is encoded once more may begin so."""
    if len(head) < 8:
        return False
    from modelaudit.parsers.pickle.literals import glance

    if CODED.match(head) or glance(head) or may_be_masked(head):
        return True
    text, _ = _narrow(head[:24])
    return not text.translate(None, TEXT)


def _under(data: bytes, methods: list[str], count: Callable[[int], None] | None) -> Payload | None:
    """The file or code in bytes that came out of an encoding, `TOO_DEEP` when it is encoded further than is looked."""
    from modelaudit.parsers.pickle.encoded import COMPRESSED, LAYERS, TOO_DEEP, Payload, layer, payload
    from modelaudit.parsers.pickle.literals import glance, sniff

    found = sniff(data, BytesReader(data)) if len(data) >= 8 else None
    if found is not None and found[0] not in COMPRESSED and found[1]:
        return Payload(found, methods, data, cut=False)
    if count is not None:
        count(len(data))
    inner = payload(data, lambda: data, sniff, glance, count=count)
    if inner is TOO_DEEP:
        return TOO_DEEP
    if inner is not None:
        return Payload(inner.found, [*methods, *inner.methods], inner.data, cut=inner.cut)
    while True:
        code = _code(data, methods)
        step = None if code is not None else layer(data)
        if step is None:
            return code or _unmasked(data, methods)
        if len(methods) >= LAYERS:
            return TOO_DEEP
        methods = [*methods, step[0]]
        data = step[1]
        if count is not None:
            count(len(data))


def _unmasked(data: bytes, methods: list[str]) -> Payload | None:
    """The file or code in bytes that are masked with one byte, None when they are none."""
    from modelaudit.parsers.pickle.encoded import Payload

    found = masked(data)
    if found is None:
        return None
    kind, _, plain = found
    return Payload((kind, True, kind in ("pickle", PYTHON)), [*methods, "xor"], plain, cut=False)


def _code(data: bytes, methods: list[str]) -> Payload | None:
    """The script or Python in bytes that are text, or a text that may be a command; None when they are none."""
    from modelaudit.parsers.pickle.encoded import Payload

    text, code = _narrow(data)
    if not WORDS_MIN <= len(text) <= CODE_MAX or text.translate(None, TEXT):
        return None
    kind = _language(text) if len(text) >= CODE_MIN else ""
    if not kind and len(text) <= WORDS_MAX and begins(text):
        kind = WORDS
    methods = [*methods, code] if code else methods
    return Payload((kind, True, kind == "python"), methods, text, cut=False) if kind else None


def _narrow(data: bytes) -> tuple[bytes, str]:
    """A text in UTF-16 as one in UTF-8, and the name of the code; other bytes as they are."""
    order = MARKS.get(data[:2])
    if order is None and len(data) >= 16 and not any(data[1:16:2]) and all(data[:16:2]):
        order = "utf-16-le"
    elif order is None and len(data) >= 16 and not any(data[:16:2]) and all(data[1:16:2]):
        order = "utf-16-be"
    if order is None:
        return data, ""
    return data[: len(data) & ~1].decode(order, "replace").removeprefix("\ufeff").encode(), "utf-16"


def _language(text: bytes) -> str:
    found = next(scripts_in(text), None)
    if found is not None:
        return found.kind
    if b"import" not in text and b"(" not in text:
        return ""
    from modelaudit.parsers.repository.source import is_source

    return "python" if is_source(BytesReader(text)) else ""


def scripts_in(text: bytes) -> Iterator[Structure]:
    """The scripts that begin with a line of a text."""
    if has_words(text):
        reader = BytesReader(text)
        for at, signature in Search(len(text)).whole(reader).hits:
            found = structure(signature.check, reader, at) if signature.word or signature.check == "script" else None
            if found is not None:
                yield found


def may_be_masked(head: bytes) -> bool:
    """Whether bytes may begin a program, pickle or code under a mask of one byte, by their first four."""
    if len(head) < 4 or head[0] ^ head[1] not in PAIRS:
        return False
    keys = {head[0] ^ first for first in FIRST}
    return any(key and _may_be(head, key) for key in keys)


def masked(data: bytes) -> tuple[str, int, bytes] | None:
    """Kind, key and bytes of a program, pickle or code masked with one byte, None when the bytes are none."""
    if len(data) < CODE_MIN:
        return None
    for first in FIRST:
        key = data[0] ^ first
        if not key or not _may_be(data, key):
            continue
        plain = data[:MASKED_MAX].translate(_mask(key))
        kind = _kind(plain)
        if kind:
            return kind, key, plain
    return None


@lru_cache(maxsize=256)
def _mask(key: int) -> bytes:
    return bytes(value ^ key for value in range(256))


def _may_be(data: bytes, key: int) -> bool:
    head = data[:4].translate(_mask(key))
    return (
        head[:2] == b"MZ"
        or head == b"\x7fELF"
        or head in CODE
        or (head[:2] in PICKLES and head[2:3] in b"\x95c}](X\x8c")
    )


def _kind(plain: bytes) -> str:
    if plain[:4] in CODE:
        code = _code(plain, [])
        return code.found[0] if code is not None and code.found[0] != WORDS else ""
    if len(plain) < MASKED_MIN:
        return ""
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
