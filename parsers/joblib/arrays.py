"""Arrays between the opcodes of a joblib file: how many bytes each one takes, so that reading goes on behind it.

When a `NumpyArrayWrapper` has its state, `joblib.load` reads from the file what the state announces: a pickle when
elements are objects; else, when the state has `numpy_array_alignment_bytes`, one byte that counts bytes of padding,
and then the elements (`joblib/numpy_pickle.py`). The wrappers of joblib before 0.10 name a file beside the pickle
instead (`joblib/numpy_pickle_compat.py`). Sizes are told only for states that joblib and NumPy write; of any other
nothing is claimed, since a wrong size would hide opcodes.
"""

from __future__ import annotations

from modelaudit.engine.facts import Place, Reference, clean, path_class
from modelaudit.parsers.joblib import DTYPE, NAMED, PACKAGE, WRAPPER
from modelaudit.parsers.numpy.dtypes import Element, count, of_string
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.notes import KINDS
from modelaudit.parsers.pickle.opcodes import NAMES
from modelaudit.parsers.pickle.tape import Break, Pause

DEPTH = 16
REGISTERING = "ml_dtypes"
HAS_OBJECTS = 1  # bit of a dtype's flags

ARRAYS = frozenset(["numpy.ndarray", "numpy.memmap"])  # what `NumpyArrayWrapper.read` gives as it is

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.pickle.state import State

    Value = object


def built(m: State, target: v.Made, after: int) -> int:
    """Position at which the opcodes go on after a BUILD, behind the array that it may announce."""
    cls = _class(target)
    if cls is None:
        return after
    if _is_one(cls, WRAPPER):
        return _array(m, target, after)
    if _is_one(cls, NAMED):
        _file(m, target, cls, m.tape.base + after - 1)
    return after


def _class(target: v.Made) -> v.Import | None:
    """The class of an object, also when a helper such as that of older protocols makes it."""
    cls = target.cls
    if cls is not None and (_is_one(cls, WRAPPER | NAMED) or not cls.names.isdisjoint(DTYPE)):
        return cls
    first = target.given.args[0] if target.given is not None and target.given.args else None
    return first if isinstance(first, v.Import) else cls


def _is_one(cls: v.Import, names: frozenset[str]) -> bool:
    """Whether a class is one of those with the names, maybe reached by way of another module."""
    if not cls.names.isdisjoint(names):
        return True
    last = cls.name.rpartition(".")[2]
    return PACKAGE in cls.segments and any(name.endswith(f".{last}") for name in names)


def _attributes(made: v.Made) -> dict[str, Value] | None:
    """The attributes that all BUILDs together give an object, or None when they are not all known."""
    found: dict[str, Value] = {}
    for state in made.given.states if made.given is not None else ():
        if not isinstance(state, v.DictValue) or state.more:
            return None
        for key, value in zip(state[0::2], state[1::2], strict=False):
            if not isinstance(key, str):
                return None
            found[key] = value
    return found


# Arrays in the file


def _array(m: State, target: v.Made, after: int) -> int:
    """Pass an array, or stop at the pickle that holds its elements."""
    attributes = _attributes(target)
    offset = m.tape.base + after
    element = _element((attributes or {}).get("dtype"))
    number = count((attributes or {}).get("shape"))
    aligned = (attributes or {}).get("numpy_array_alignment_bytes")
    if element is None or number is None or not (aligned is None or type(aligned) is int) or m.reported("bad-frame"):
        m.defect("array-size", "an array of which it is not known how many bytes it takes", offset - 1, KINDS)
        m.end("array-size")
        return after
    _becomes(m, (attributes or {}).get("subclass"))
    start = m.standing(after)
    first = m.tape.peek(start - m.tape.base, 1)
    if m.split is None and first and first[0] in NAMES:
        m.split = start
    if element.objects:
        m.offset = offset
        raise Pause(start)
    if aligned is not None:
        start += 1 + int.from_bytes(first, "little")
    stop = start + element.size * number
    if stop > m.tape.size:
        raise Break("truncated", f"{stop - m.tape.size} bytes of an array are missing")
    return m.tape.seek(m.passed(offset, stop))


def _becomes(m: State, subclass: Value) -> None:
    """The loader puts the array in the place of its wrapper, and makes an object of any class but its own two."""
    cls = subclass if isinstance(subclass, v.Import) else None
    if cls is not None and cls.names.isdisjoint(ARRAYS):
        cls.uses.add("called")
    m.stack[-1] = v.Result(cls, cls.flows if cls is not None else v.NONE)


# Arrays in other files


def _file(m: State, target: v.Made, cls: v.Import, offset: int) -> None:
    """A reference to the file that the loader reads, with unpickling allowed."""
    attributes = _attributes(target)
    name = (attributes or {}).get("filename")
    if attributes is not None and name is None:
        return
    if not isinstance(name, str):
        m.defect("bad-operand", f"{cls.name}: the name of the array's file is computed", offset)
        return
    text, lossy = clean(name)
    m.out.append(
        Reference(
            m.path,
            target=text,
            kind="file",
            owner=cls.name,
            key="filename",
            path_class=path_class(text),
            places=(Place(offset=offset),),
            lossy=lossy,
        )
    )


# Element types


def _element(value: Value, depth: int = 0) -> Element | None:
    """The element type that a pickled `numpy.dtype` stands for, or None when it is not one that NumPy writes."""
    if not isinstance(value, v.Made) or value.given is None or value.cls is None or depth > DEPTH:
        return None
    args = value.given.args
    if value.cls.names.isdisjoint(DTYPE) or not 1 <= len(args) <= 3:
        return None
    if not all(isinstance(arg, int) and arg in (0, 1) for arg in args[1:]):
        return None
    if isinstance(args[0], v.Import):
        return _registered(args[0], value.given.states)
    if not isinstance(args[0], str):
        return None
    plain = of_string(args[0])
    states = value.given.states
    if plain is None or len(states) > 1:
        return None
    return _stated(plain, states[0], depth) if states else plain


def _registered(cls: v.Import, states: list[Value]) -> Element | None:
    """An element type that an extension of NumPy has registered, whose size its state tells."""
    state = states[0] if len(states) == 1 else None
    if REGISTERING not in cls.segments or not isinstance(state, tuple) or not 8 <= len(state) <= 9:
        return None
    size = state[5]
    return Element(size, False) if type(size) is int and size > 0 and state[2:5] == (None, None, None) else None


def _stated(plain: Element, state: Value, depth: int) -> Element | None:
    """The element type after `dtype.__setstate__`: version, order, subtype, names, fields, size, alignment, flags."""
    if not isinstance(state, tuple) or not 8 <= len(state) <= 9 or state[0] not in (3, 4):
        return None
    _, _, inner, names, fields, size, _, flags = state[:8]
    if not isinstance(flags, int) or not isinstance(size, int):
        return None
    if inner is not None:
        found = _repeated(inner, depth) if fields is None else None
    elif fields is not None:
        found = _structure(names, fields, size, depth)
    else:
        found = plain
    if found is None or bool(flags & HAS_OBJECTS) != found.objects:
        return None
    return found if size == found.size == plain.size or (size == -1 and found is plain) else None


def _repeated(inner: Value, depth: int) -> Element | None:
    """A subtype: a pair of an element type and a shape."""
    if not isinstance(inner, tuple) or len(inner) != 2:
        return None
    element, number = _element(inner[0], depth + 1), count(inner[1])
    return None if element is None or number is None else element.times(number)


def _structure(names: Value, fields: Value, size: int, depth: int) -> Element | None:
    """Fields: a dictionary of element types and offsets by name."""
    if not isinstance(fields, v.DictValue) or fields.more or not isinstance(names, tuple):
        return None
    objects = False
    for place in fields[1::2]:
        if not isinstance(place, tuple) or not 2 <= len(place) <= 3:
            return None
        element = _element(place[0], depth + 1)
        if element is None or not isinstance(place[1], int) or not 0 <= place[1] <= size - element.size:
            return None
        objects = objects or element.objects
    return Element(size, objects)
