"""Opcodes that resolve names, call, set state, and fill what they are given."""

from __future__ import annotations

from sys import maxsize

from modelaudit.parsers.pickle import emit, folding, setting, text
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.series import LEAST
from modelaudit.parsers.pickle.state import C_READER, PYTHON_READER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelaudit.parsers.pickle.state import State

    Value = object
    Handler = Callable[[State, int], int]


# imports


def _name_line(m: State, pos: int) -> tuple[str, bool, int]:
    r"""A raw line of GLOBAL or INST: cut at `\n` only, UTF-8, nothing trimmed."""
    offset = m.tape.base + pos
    line, size, after = m.tape.line(pos)
    try:
        return line.decode("utf-8"), size > len(line), after
    except UnicodeDecodeError:
        m.defect("bad-text", "a name that is not UTF-8", offset)
        return line.decode("utf-8", "backslashreplace"), size > len(line), after


def _import_lines(m: State, pos: int, opcode: str) -> tuple[v.Import, int]:
    offset = m.tape.base + pos
    module, _, after = _name_line(m, pos + 1)
    name = ""
    if after <= m.tape.end:
        name, _, after = _name_line(m, after)
    return m.resolve(opcode, module, name, offset), after


def global_(m: State, pos: int) -> int:
    """GLOBAL."""
    record, after = _import_lines(m, pos, "GLOBAL")
    m.stack.append(record)
    return after


def stack_global(m: State, pos: int) -> int:
    """STACK_GLOBAL: module and name may be anything, and only text that is known makes a known import."""
    stack = m.stack
    name = stack.pop()
    module = stack.pop()
    stack.append(m.resolve("STACK_GLOBAL", module, name, m.tape.base + pos))
    return pos + 1


def inst(m: State, pos: int) -> int:
    """INST: an import and its call with the items above the mark."""
    offset = m.tape.base + pos
    record, after = _import_lines(m, pos, "INST")
    args = m.take(offset)
    _made(m, "inst", record, args, offset, after)
    return after


def extension(width: int, opcode: str) -> Handler:
    """The handler of EXT1, EXT2 or EXT4: a number registered with `copyreg`, perhaps by this very stream."""

    def handler(m: State, pos: int) -> int:
        offset = m.tape.base + pos
        start = m.tape.need(pos + 1, width)
        code = int.from_bytes(m.tape.buf[start : start + width], "little", signed=width == 4)
        known = m.extensions.get(code)
        if known is None:
            record = m.resolve(opcode, v.Unknown("copyreg"), v.Unknown("copyreg"), offset)
            m.call("ext", record, (code,), offset, start + width)
            m.stack.append(record)
        elif known.__class__ is tuple:
            m.stack.append(m.resolve(opcode, known[0], known[1], offset))
        else:
            m.stack.append(known)
        return start + width

    return handler


# calls


def _made(
    m: State, kind: str, target: Value, args: Sequence[Value], offset: int, after: int, *, known: bool = True
) -> None:
    if folding.wanted(m, target, args):
        m.stack.append(folding.call(m, kind, target, args, offset, after, known=known))
        return
    flows = m.call(kind, target, args, offset, after, known=known)
    cls = target if target.__class__ is v.Import else None
    made = v.Result(cls, flows)
    if cls is not None and cls.sized:
        made.size = m.size(kind, cls, args, None, offset)
    if m.extension is not None and _asked(cls, args):
        made.given = v.Given(args)
    if m.restoring is not None:
        setting.remember(m, made, (target, *args))
    m.stack.append(made)


def _asked(cls: v.Import | None, args: Sequence[Value]) -> bool:
    """Whether an extension asks for an object of this class, or for one that a helper makes of such a class."""
    return (cls is not None and cls.asked) or (bool(args) and args[0].__class__ is v.Import and args[0].asked)


def _of_asked(made: v.Made) -> bool:
    """Whether the class of an object is one that an extension asks for."""
    return made.cls is not None and made.cls.asked


def reduce(m: State, pos: int) -> int:
    """REDUCE."""
    stack = m.stack
    packed = stack.pop()
    if packed.__class__ is v.Prepared:
        args, known = folding.spread(m, packed, m.tape.base + pos, pos + 1)
    else:
        args, known = emit.unpacked(packed)
    if packed.__class__ is not tuple and _is_no_tuple(packed):
        m.refused.add(C_READER)
    target = stack.pop()
    _made(m, "reduce", target, args, m.tape.base + pos, pos + 1, known=known)
    return pos + 1


def _is_no_tuple(packed: Value) -> bool:
    """Whether arguments are certainly no tuple, which one reader wants; the other takes what it can go through."""
    return isinstance(packed, (v.Container, str, bytes, v.Literal)) and not isinstance(packed, v.TupleValue)


def newobj(m: State, pos: int) -> int:
    """NEWOBJ: `cls.__new__(cls, *args)`, which for some classes is as much as a call."""
    stack = m.stack
    args, known = emit.unpacked(stack.pop())
    _instance(m, "newobj", stack.pop(), args, pos, known, None)
    return pos + 1


def newobj_ex(m: State, pos: int) -> int:
    """NEWOBJ_EX: the same with keyword arguments."""
    stack = m.stack
    kwargs = stack.pop()
    args, known = emit.unpacked(stack.pop())
    _instance(m, "newobj_ex", stack.pop(), args, pos, known and isinstance(kwargs, v.DictValue), kwargs)
    return pos + 1


def _instance(m: State, kind: str, cls: Value, args: Sequence[Value], pos: int, known: bool, kwargs: Value) -> None:
    if folding.wanted(m, cls, args):
        m.stack.append(folding.call(m, kind, cls, args, m.tape.base + pos, pos + 1, known=known, kwargs=kwargs))
        return
    flows = m.call(kind, cls, args, m.tape.base + pos, pos + 1, known=known, kwargs=kwargs)
    named = cls if cls.__class__ is v.Import else None
    made = v.Instance(named, flows)
    if named is not None and named.sized:
        made.size = m.size(kind, named, args, kwargs, m.tape.base + pos)
    if named is not None and named.asked:
        made.given = v.Given(args)
    if m.restoring is not None:
        setting.remember(m, made, (cls, *args))
    m.stack.append(made)


def obj(m: State, pos: int) -> int:
    """OBJ: the first item above the mark is called with the others."""
    offset = m.tape.base + pos
    items = m.take(offset)
    if not items:
        m.defect("stack-underflow", "OBJ without a class", offset)
        items = [v.Unknown("OBJ")]
    _made(m, "obj", items[0], items[1:], offset, pos + 1)
    return pos + 1


def persid(m: State, pos: int) -> int:
    """PERSID: a line that the loader's `persistent_load` gets."""
    offset = m.tape.base + pos
    line, _, after = m.tape.line(pos + 1)
    _persistent(m, line.decode("ascii", "backslashreplace"), offset, after)
    return after


def binpersid(m: State, pos: int) -> int:
    """BINPERSID: the same with a value from the stack."""
    _persistent(m, m.stack.pop(), m.tape.base + pos, pos + 1)
    return pos + 1


def _persistent(m: State, pid: Value, offset: int, after: int) -> None:
    args = pid if pid.__class__ is tuple else (pid,)
    loader = v.Persistent("persistent_load")
    m.persistent += 1
    flows = m.call("persid", loader, args, offset, after)
    m.stack.append(m.loaded(args, flows))


# state


def build(m: State, pos: int) -> int:
    """BUILD: `__setstate__` where there is one, else attributes of the instance and, with slots, of anything."""
    offset = m.tape.base + pos
    stack = m.stack
    state = stack.pop()
    target = stack[-1]
    restores = m.restoring.get(id(target)) if m.restoring else None
    if restores is None and _is_plain(target, state):
        m.set_plain("BUILD", target, state, offset)  # type: ignore[arg-type]
        return pos + 1
    for value in setting.planted(target, "__setstate__"):
        _called(m, "build", value, (state,), offset, pos + 1)
    if target.__class__ is v.Import:
        target.uses.add("built")
    parts = state if state.__class__ is tuple and len(state) == 2 else (state,)
    known = not any(part.__class__ in v.OBJECTS or (part.__class__ is v.DictValue and part.more) for part in parts)
    pairs = [pair for part in parts for pair in setting.pairs_of(part)]
    pairs += [pair for key, value in pairs if key == "__dict__" for pair in setting.pairs_of(value)]  # set as a slot
    setting.tell(m, "BUILD", target, pairs, offset, known=known)
    if not pairs:
        m.mark_stored(v.live_items((state,)))
    if state.__class__ in v.OBJECTS:
        setting.plant_unknown(target, state)
    if restores is not None:
        for callee, value in setting.handed(m, restores[1], state):
            _called(m, "build", callee, (value,), offset, pos + 1)
    if target.__class__ is v.Prepared:
        folding.restored(m, target, state, offset, pos + 1)
    if m.extension is not None and isinstance(target, v.Made) and (target.given is not None or _of_asked(target)):
        target.given = target.given or v.Given(())  # what a prepared call made has none yet
        target.given.states.append(state)
        return m.extension.built(m, target, pos + 1)
    return pos + 1


def _called(m: State, kind: str, target: Value, args: Sequence[Value], offset: int, after: int) -> None:
    """A call whose result nobody gets."""
    if folding.wanted(m, target, args):
        folding.call(m, kind, target, args, offset, after)
    else:
        m.call(kind, target, args, offset, after)


def _is_plain(target: Value, state: Value) -> bool:
    """Whether an object made by the stream gets some constants, as nearly every object does."""
    return (
        isinstance(target, v.Made)
        and state.__class__ is v.DictValue
        and not (state.live or state.more or target.planted or target.given)
        and (target.cls is None or not (target.cls.planted or target.cls.asked))
        and len(state) <= 2 * emit.KEYS_MAX
    )


def _is_bytearray(target: Value) -> bool:
    """Whether the target is the one constant that takes items."""
    return isinstance(target, v.Literal) and target.type == "bytearray"


def set_items(m: State, via: str, target: Value, items: Sequence[Value], offset: int, after: int) -> None:
    """SETITEM and SETITEMS on anything that is no known dictionary."""
    for inner in setting.holders(target):
        _set_items(m, via, inner, items, offset, after)
    _set_items(m, via, target, items, offset, after)


def _set_items(m: State, via: str, target: Value, items: Sequence[Value], offset: int, after: int) -> None:
    if m.secret_keys:
        m.entries(items)
    if target.__class__ is v.DictValue:
        m.store(target, items[: len(items) // 2 * 2], 2)
        return
    if isinstance(target, v.Container):
        m.store(target, items)
        if target.__class__ is not v.DictValue:
            target.omit()
        return
    if isinstance(target, (v.Folded, v.Literal)):
        folding.changed(m, target)
    if _is_bytearray(target):
        return
    if target.__class__ in v.PLAIN or target.__class__ is tuple:
        m.defect("bad-operand", f"{via} on a constant", offset)
        return
    pairs = list(zip(items[0::2], items[1::2], strict=False))
    setting.tell(m, via, target, pairs, offset)
    for value in setting.planted(target, "__setitem__"):
        _called(m, "setitem", value, items[:2], offset, after)


def add_items(m: State, kind: str, target: Value, items: Sequence[Value], offset: int, after: int) -> None:
    """APPEND, APPENDS and ADDITEMS: on an object they call its method."""
    for inner in setting.holders(target):
        _add_items(m, kind, inner, items, offset, after)
    _add_items(m, kind, target, items, offset, after)


def _add_items(m: State, kind: str, target: Value, items: Sequence[Value], offset: int, after: int) -> None:
    if isinstance(target, v.Container) and target.TYPE in ("list", "set"):
        m.store(target, items)
        return
    if isinstance(target, (v.Folded, v.Literal)):
        folding.changed(m, target)
    if _is_bytearray(target) and kind != "add":
        return
    if target.__class__ in v.PLAIN or isinstance(target, (tuple, v.Container)):
        m.defect("bad-operand", f"{kind} on a constant", offset)
        return
    m.mark_stored(v.live_items(items))
    planted = setting.planted(target, *("add",) if kind == "add" else ("append", "extend"))
    method = target.cls if isinstance(target, v.Made) and target.cls else target
    for value in planted:
        _called(m, kind, value, items, offset, after)
    m.call(kind, method, items, offset, after)


def setitem(m: State, pos: int) -> int:
    """SETITEM on something else than a dictionary."""
    stack = m.stack
    value = stack.pop()
    key = stack.pop()
    set_items(m, "SETITEM", stack[-1], (key, value), m.tape.base + pos, pos + 1)
    return pos + 1


def setitems(m: State, pos: int) -> int:
    """SETITEMS on something else than a dictionary; of an odd number of items the pairs before the last are set."""
    offset = m.tape.base + pos
    items = m.take(offset)
    if len(items) % 2:
        m.defect("odd-items", "SETITEMS with an odd number of items", offset)
    target = m.stack[-1]
    if target.__class__ is v.DictValue:
        m.store(target, items[: len(items) // 2 * 2], 2)
    else:
        set_items(m, "SETITEMS", target, items, offset, pos + 1)
    return pos + 1


def append(m: State, pos: int) -> int:
    """APPEND on something else than a list."""
    value = m.stack.pop()
    add_items(m, "append", m.stack[-1], (value,), m.tape.base + pos, pos + 1)
    return pos + 1


def appends(m: State, pos: int) -> int:
    """APPENDS."""
    offset = m.tape.base + pos
    items = m.take(offset)
    add_items(m, "extend", m.stack[-1], items, offset, pos + 1)
    return pos + 1


def additems(m: State, pos: int) -> int:
    """ADDITEMS."""
    offset = m.tape.base + pos
    items = m.take(offset)
    add_items(m, "add", m.stack[-1], items, offset, pos + 1)
    return pos + 1


# containers, stack and memo


def collected(kind: type[v.Container], step: int) -> Handler:
    """The handler of DICT, LIST or FROZENSET: the items above the mark become a container."""

    def handler(m: State, pos: int) -> int:
        offset = m.tape.base + pos
        items = m.take(offset)
        if step == 2 and len(items) % 2:
            m.defect("odd-items", "DICT with an odd number of items", offset)
            items.pop()
        made = kind()
        m.store(made, items, step)
        m.stack.append(made)
        return pos + 1

    return handler


def tuple_(m: State, pos: int) -> int:
    """TUPLE."""
    items = m.take(m.tape.base + pos)
    if len(items) <= v.KEEP and m.kept < 2_000_000:
        if len(items) >= LEAST and items[-1].__class__ is int:
            m.series.whole(items, m.tape.base + pos)
        m.kept += len(items)
        m.stack.append(tuple(items))
    else:
        made = v.TupleValue()
        m.store(made, items)
        m.stack.append(made)
    return pos + 1


def empty(kind: type[v.Container]) -> Handler:
    """The handler of EMPTY_LIST, EMPTY_DICT or EMPTY_SET."""

    def handler(m: State, pos: int) -> int:
        m.stack.append(kind())
        return pos + 1

    return handler


def tuple_of(count: int) -> Handler:
    """The handler of TUPLE1, TUPLE2 or TUPLE3."""

    def handler(m: State, pos: int) -> int:
        items = tuple([m.stack.pop() for _ in range(count)])
        m.stack.append(items[::-1])
        return pos + 1

    return handler


def mark(m: State, pos: int) -> int:
    """MARK."""
    m.marks.append(len(m.stack))
    return pos + 1


def pop(m: State, pos: int) -> int:
    """POP; right after a mark it removes the mark."""
    if m.marks and m.marks[-1] >= len(m.stack):
        m.marks.pop()
    else:
        m.stack.pop()
    return pos + 1


def pop_mark(m: State, pos: int) -> int:
    """POP_MARK."""
    m.take(m.tape.base + pos)
    return pos + 1


def dup(m: State, pos: int) -> int:
    """DUP."""
    m.stack.append(m.stack[-1])
    return pos + 1


def _key_line(m: State, pos: int) -> tuple[int, int]:
    line, _, after = m.tape.line(pos + 1)
    key = text.index(line)
    return -1 if key is None else key, after


def put_line(m: State, pos: int) -> int:
    """PUT."""
    offset = m.tape.base + pos
    key, after = _key_line(m, pos)
    if key < 0:
        m.defect("bad-number", "a PUT key that no reader accepts", offset)
    else:
        if key > maxsize:
            m.refused.add(C_READER)
        m.put(key, offset)
    return after


def get_line(m: State, pos: int) -> int:
    """GET."""
    offset = m.tape.base + pos
    key, after = _key_line(m, pos)
    m.stack.append(m.get(key, offset))
    return after


def put(width: int) -> Handler:
    """The handler of BINPUT or LONG_BINPUT."""

    def handler(m: State, pos: int) -> int:
        offset = m.tape.base + pos
        pos = m.tape.need(pos + 1, width)
        m.put(int.from_bytes(m.tape.buf[pos : pos + width], "little"), offset)
        return pos + width

    return handler


def get(width: int) -> Handler:
    """The handler of BINGET or LONG_BINGET."""

    def handler(m: State, pos: int) -> int:
        offset = m.tape.base + pos
        pos = m.tape.need(pos + 1, width)
        m.stack.append(m.get(int.from_bytes(m.tape.buf[pos : pos + width], "little"), offset))
        return pos + width

    return handler


def memoize(m: State, pos: int) -> int:
    """MEMOIZE: the key is the number of keys."""
    m.put(len(m.memo) + len(m.sparse), m.tape.base + pos)
    return pos + 1


def protocol(m: State, pos: int) -> int:
    """PROTO: anywhere and repeatedly, switching name mapping and dotted names."""
    offset = m.tape.base + pos
    start = m.tape.need(pos + 1, 1)
    number = m.tape.buf[start]
    if number > 5:
        m.defect("bad-protocol", f"protocol {number}", offset)
    else:
        m.protocol = number
        m.highest = max(m.highest, number)
    if offset != m.start:
        m.defect("late-proto", "PROTO is not the stream's first opcode", offset)
    return start + 1


def frame(m: State, pos: int) -> int:
    """FRAME: a hint of no consequence but for a reader that loses what it cuts; lies are defects."""
    offset = m.tape.base + pos
    start = m.tape.need(pos + 1, 8)
    size = int.from_bytes(m.tape.buf[start : start + 8], "little")
    inside, end = m.frame_end > offset, m.tape.base + start + 8 + size
    m.cut = m.cut or inside  # the end of the outer one may cut a later opcode
    m.frame_end = end
    if inside:
        m.refused.add(PYTHON_READER)
        m.defect("bad-frame", "a FRAME inside another one", offset)
    if m.frame_end > m.tape.size:
        m.frame_end = 0
        m.refused.add(C_READER)
        m.defect("bad-frame", "a FRAME that is longer than the file", offset)
    return m.tape.enter(start + 8, size)


def stop(m: State, pos: int) -> int:
    """STOP: needs a value; what else is on the stack is ignored."""
    m.result = m.stack.pop()
    m.stopped = True
    if m.frame_end > m.tape.base + pos + 1:
        m.defect("bad-frame", "STOP inside a FRAME", m.tape.base + pos)
    m.end(None)
    return pos + 1


def nothing(m: State, pos: int) -> int:
    """READONLY_BUFFER: of no consequence; it needs something on the stack."""
    m.stack[-1]
    return pos + 1


HANDLERS: dict[str, Handler] = {
    "GLOBAL": global_,
    "STACK_GLOBAL": stack_global,
    "INST": inst,
    "EXT1": extension(1, "EXT1"),
    "EXT2": extension(2, "EXT2"),
    "EXT4": extension(4, "EXT4"),
    "REDUCE": reduce,
    "NEWOBJ": newobj,
    "NEWOBJ_EX": newobj_ex,
    "OBJ": obj,
    "PERSID": persid,
    "BINPERSID": binpersid,
    "BUILD": build,
    "SETITEM": setitem,
    "SETITEMS": setitems,
    "APPEND": append,
    "APPENDS": appends,
    "ADDITEMS": additems,
    "DICT": collected(v.DictValue, 2),
    "LIST": collected(v.ListValue, 1),
    "FROZENSET": collected(v.FrozenValue, 1),
    "TUPLE": tuple_,
    "EMPTY_LIST": empty(v.ListValue),
    "EMPTY_DICT": empty(v.DictValue),
    "EMPTY_SET": empty(v.SetValue),
    "TUPLE1": tuple_of(1),
    "TUPLE2": tuple_of(2),
    "TUPLE3": tuple_of(3),
    "MARK": mark,
    "BINPUT": put(1),
    "LONG_BINPUT": put(4),
    "BINGET": get(1),
    "LONG_BINGET": get(4),
    "MEMOIZE": memoize,
    "POP": pop,
    "POP_MARK": pop_mark,
    "DUP": dup,
    "PUT": put_line,
    "GET": get_line,
    "PROTO": protocol,
    "FRAME": frame,
    "STOP": stop,
    "READONLY_BUFFER": nothing,
}
