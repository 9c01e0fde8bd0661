"""Code objects that a stream puts together: names and constants, as they stand in the arguments of the constructor.

Layout: `code(argcount, …, flags, codestring, constants, names, varnames, filename, name, …)` of every Python from 3.8
on (`Objects/codeobject.c`); dill puts arguments of its own in front (`dill._dill._create_code`), cloudpickle calls
the type itself. Nothing is decompiled.
"""

from __future__ import annotations

from modelaudit.engine.facts import Code, Place, clean
from modelaudit.parsers.pickle import values as v

NAMES_MAX = 1024
CONSTANTS_MAX = 256
VALUE_MAX = 1024  # characters of a constant
DEPTH = 4  # tuples in the tuple of constants
BEHIND = 5  # arguments from the code string to the name: code, constants, names, variables, file name
LANGUAGE = "python-bytecode"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelaudit.parsers.pickle.state import State

    Value = object


def tell(m: State, args: Sequence[Value], offset: int) -> None:
    """Put the fact of a code object out; when the arguments do not say its names, these count as computed."""
    at = _body(args)
    if at is None:
        m.out.append(Code(m.path, language=LANGUAGE, computed_attribute=True, places=(Place(offset=offset),)))
        return
    constants, names, variables = (args[at + 1], args[at + 2], args[at + 3])
    words = [_text(item) for item in _items(names)]
    known = not any(word is None for word in words) and not _more(names)
    title = next((word for word in (_text(arg) for arg in reversed(args[at + BEHIND : at + BEHIND + 2])) if word), "")
    found = [clean(text[:VALUE_MAX])[0] for text in _texts(constants, DEPTH)]
    m.out.append(
        Code(
            m.path,
            language=LANGUAGE,
            names=frozenset([clean(word)[0] for word in words[:NAMES_MAX] if word]),
            constants=tuple(dict.fromkeys(found))[:CONSTANTS_MAX],
            computed_attribute=not known or len(words) > NAMES_MAX,
            phase="function",
            excerpt=clean(f"{title}({', '.join([word for word in map(_text, _items(variables)) if word][:16])})")[0],
            size=_size(args[at]) or 0,
            places=(Place(offset=offset),),
            cut=frozenset(["constants"] if len(found) > CONSTANTS_MAX else ()),
        )
    )


def _body(args: Sequence[Value]) -> int | None:
    """The position of the code string: bytes with three tuples behind them."""
    for at in range(len(args) - BEHIND):
        if _size(args[at]) is not None and all(_is_tuple(arg) for arg in args[at + 1 : at + 4]):
            return at
    return None


def _is_tuple(value: Value) -> bool:
    return value.__class__ is tuple or isinstance(value, v.TupleValue)


def _size(value: Value) -> int | None:
    """Bytes of a constant, None for what is none."""
    if isinstance(value, v.Folded):
        value = value.value
    if isinstance(value, bytes):
        return len(value)
    return value.size if isinstance(value, v.Literal) and value.type != "str" else None


def _text(value: Value) -> str | None:
    if isinstance(value, v.Folded):
        value = value.value
    if isinstance(value, v.Literal) and value.type == "str":
        return value.head.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _items(value: Value) -> Sequence[Value]:
    return value if isinstance(value, (tuple, v.TupleValue)) else ()


def _more(value: Value) -> bool:
    return isinstance(value, v.TupleValue) and value.more


def _texts(value: Value, depth: int) -> Iterator[str]:
    """The texts among constants, also those in tuples."""
    for item in _items(value):
        text = _text(item)
        if text is not None:
            yield text
        elif depth and _is_tuple(item):
            yield from _texts(item, depth - 1)
