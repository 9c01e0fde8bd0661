"""Code in configurations: base64 of a marshalled code object, or its bytes as characters in files of old versions."""

from __future__ import annotations

from binascii import Error, a2b_base64
from contextlib import suppress

from modelaudit.engine.facts import Code, Place, clean
from modelaudit.parsers.keras.bytecode import reached
from modelaudit.parsers.keras.marshalled import CodeObject, MarshalError, read_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STARTS = ("4w", "Yw")  # base64 of the bytes with which code objects begin
LEAST = 48  # characters of the smallest code object
LONGEST = 16 * 1024 * 1024
CONSTANTS_MAX = 256
CONSTANT_MAX = 4096  # characters
NAMES_MAX = 4096
EXCERPT = 400
LANGUAGE = "python-bytecode"
LOOKS_UP = frozenset({"getattr", "__getattribute__", "__getattr__", "attrgetter", "__dict__", "vars"})


def looks_like_code(text: str) -> bool:
    """Whether a text may be a code object in base64."""
    return text[:2] in STARTS and len(text) >= LEAST


def decoded(text: str) -> tuple[CodeObject, int] | None:
    """The code object that a text holds and the size of its bytes, None when it holds none."""
    if len(text) > LONGEST:
        return None
    for data in _candidates(text):
        try:
            return read_code(data), len(data)
        except MarshalError:
            continue
    return None


def _candidates(text: str) -> list[bytes]:
    found = []
    with suppress(UnicodeEncodeError, Error):
        found.append(a2b_base64(text.encode("ascii")))
    found.append(text.encode("raw_unicode_escape", "replace"))
    return found


def code_fact(path: str, code: CodeObject, size: int, place: Place) -> Code:
    """The fact of a code object."""
    found = reached(code)
    names = sorted(_valid(name) for name in found.names)[:NAMES_MAX]
    constants = _constants(code)
    attributes = {part for name in names for part in name.split(".")[1:]}
    globals_ = [name for name in names if "." not in name]
    shown = f"names: {', '.join(globals_) or 'none'}; texts: {', '.join(map(repr, constants)) or 'none'}"
    return Code(
        path,
        language=LANGUAGE,
        names=frozenset(names),
        constants=tuple(constants),
        imports=frozenset(_valid(name) for name in found.imports),
        calls=frozenset(names),
        attributes=frozenset(attributes),
        computed_attribute=not LOOKS_UP.isdisjoint(names) or not LOOKS_UP.isdisjoint(attributes),
        phase="load",
        excerpt=clean(shown[:EXCERPT])[0],
        size=size,
        places=(place,),
    )


def _constants(code: CodeObject) -> list[str]:
    """The texts among the constants, those in tuples too; a tuple that occurs again is not looked at again."""
    found: list[str] = []
    seen: set[int] = set()
    open_values: list[Any] = [value for one in reversed(code.walk()) for value in reversed(one.consts)]
    while open_values and len(found) < CONSTANTS_MAX:
        value = open_values.pop()
        if isinstance(value, tuple) and id(value) not in seen:
            seen.add(id(value))
            open_values += reversed(value)
        elif isinstance(value, (str, bytes)):
            found.append(_valid(value if isinstance(value, str) else value.decode("latin-1")))
    return found


def _valid(text: str) -> str:
    return clean(text[:CONSTANT_MAX])[0]
