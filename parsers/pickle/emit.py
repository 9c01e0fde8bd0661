"""Facts of what a stream would import, call and set."""

from __future__ import annotations

from functools import lru_cache

from modelaudit.engine.facts import Arg, Call, Import, Kwarg, Place, Setattr, clean
from modelaudit.parsers.pickle import values as v

ARGS_MAX = 64
KEYS_MAX = 256
VALUE_MAX = 1024  # characters of an argument's value

NO_FILES: Mapping[bytes, str] = {}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Value = object

SHAPE_MAX = 8  # numbers of a tuple that are told
_NUMBER = frozenset([int])
_TYPES = {bool: "bool", int: "int", float: "float", str: "str", bytes: "bytes", tuple: "tuple", type(None): "none"}


def argument(value: Value, files: Mapping[bytes, str] = NO_FILES) -> Arg:
    """An argument of a call as a record; `files` are the bytes that are read as files, with their kinds."""
    kind = value.__class__
    word = _TYPES.get(kind)
    if word is not None:
        file = files.get(value) if files and kind is bytes else None  # type: ignore[call-overload]
        return Arg(type=word, value=_constant(value) if kind is not tuple else _shape(value), file=file)  # type: ignore[arg-type]
    if kind is v.Folded:
        return _folded(value, files)  # type: ignore[arg-type]
    return _RECORDS[kind](value)


def _shape(items: tuple[Value, ...]) -> str | None:
    """A short tuple of whole numbers as Python writes it, such as the shape of an array; None for any other."""
    if not 0 < len(items) <= SHAPE_MAX or not _NUMBER.issuperset(map(type, items)):
        return None
    told = ", ".join([repr(item)[: VALUE_MAX - 3] for item in items])
    return f"({told},)" if len(items) == 1 else f"({told[: VALUE_MAX - 2]})"


def _constant(value: Value) -> str | None:
    if isinstance(value, str):
        return clean(value[:VALUE_MAX])[0]
    if isinstance(value, bytes):
        return bytes_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)[:VALUE_MAX]
    return None


def bytes_text(data: bytes) -> str:
    r"""Bytes as text: ASCII as it is, every other byte as `\xNN`, a backslash doubled."""
    return data[:VALUE_MAX].replace(b"\\", b"\\\\").decode("ascii", "backslashreplace")[:VALUE_MAX]


def _literal(value: v.Literal) -> Arg:
    if value.type == "str":
        return Arg(type="str", value=value.head.decode("utf-8", "backslashreplace")[:VALUE_MAX])
    return Arg(type=value.type, value=bytes_text(value.head) if value.type != "int" else None, file=value.file)


def _import(value: v.Import) -> Arg:
    return Arg(type="import", qualname=value.qualname, source=value.opcode)


def _result(value: v.Result) -> Arg:
    return Arg(type="result", qualname=value.qualname or None, source=value.qualname or None)


def _folded(value: v.Folded, files: Mapping[bytes, str]) -> Arg:
    word = _TYPES.get(value.value.__class__)
    if word is None or word == "tuple":
        return _result(value)
    name = value.qualname or None
    file = files.get(value.value) if files and word == "bytes" else None  # type: ignore[call-overload]
    return Arg(type=word, value=_constant(value.value), qualname=name, source=name, file=file)


def _instance(value: v.Instance) -> Arg:
    return Arg(type="instance", qualname=value.qualname or None)


def _unknown(value: v.Unknown) -> Arg:
    return Arg(type="persistent" if isinstance(value, v.Persistent) else "unknown", source=value.source)


def _container(value: v.Container) -> Arg:
    return Arg(type=value.TYPE)


_RECORDS: dict[type, Callable[..., Arg]] = {
    v.Literal: _literal,
    v.Import: _import,
    v.Result: _result,
    v.Prepared: _result,
    v.Tensor: _result,
    v.Instance: _instance,
    v.Unknown: _unknown,
    v.Persistent: _unknown,
    v.ListValue: _container,
    v.DictValue: _container,
    v.SetValue: _container,
    v.FrozenValue: _container,
    v.TupleValue: _container,
}


def is_constant(value: Value) -> bool:
    """Whether a part of a known value is no value of the machine's own."""
    return value.__class__ not in v.OBJECTS and not isinstance(value, v.Container)


def unpacked(value: Value) -> tuple[Sequence[Value], bool]:
    """What `*value` gives, and whether that is all: the C reader takes a tuple only, the other any iterable."""
    if value.__class__ is tuple:
        return value, True
    if isinstance(value, v.Folded) and value.value.__class__ in (tuple, list):
        return [v.Folded(None, value.flows, item) if is_constant(item) else item for item in value.value], True
    if isinstance(value, v.DictValue):
        return value[0::2], not value.more
    if isinstance(value, v.Container):
        return value, not value.more
    if isinstance(value, (str, bytes)):
        return list(value), True
    return (value,), False


def is_cut(values: Sequence[Value]) -> bool:
    """Whether some argument's value is longer than what its record holds."""
    return len(values) > ARGS_MAX or any(
        value.__class__ is v.Literal or (isinstance(value, (str, bytes)) and len(value) > VALUE_MAX) for value in values
    )


def keywords(value: Value) -> tuple[Kwarg, ...]:
    """Keyword arguments of NEWOBJ_EX, those with constant names."""
    if not isinstance(value, v.DictValue):
        return ()
    found: list[Kwarg] = []
    for name, item in zip(value[0::2], value[1::2], strict=False):
        if isinstance(name, str) and len(found) < ARGS_MAX:
            arg = argument(item)
            found.append(
                Kwarg(
                    name=clean(name[:VALUE_MAX])[0],
                    type=arg.type,
                    value=arg.value,
                    qualname=arg.qualname,
                    source=arg.source,
                )
            )
    return tuple(found)


def call(
    artifact: str,
    offset: int,
    id: int,
    kind: str,
    target: Value,
    args: Sequence[Value],
    *,
    known: bool = True,
    kwargs: Value = None,
    flows: frozenset[str] = v.NONE,
    flows_cut: bool = False,
    consumed: bool = True,
    computed: bool = False,
    files: Mapping[bytes, str] = NO_FILES,
) -> Call:
    """The call fact; `flows` are the callables behind target and arguments."""
    plain = target.__class__ is v.Import
    cut = (["args"] if is_cut(args) else []) + (["flows_from"] if flows_cut else [])
    return Call(
        artifact,
        id=id,
        target=target.qualname if plain else "",  # type: ignore[attr-defined]
        names=target.names if plain else v.NONE,  # type: ignore[attr-defined]
        kind=kind,
        args=tuple([argument(value, files) for value in args[:ARGS_MAX]]),
        kwargs=keywords(kwargs) if kwargs is not None else (),
        flows_from=flows,
        consumed=consumed,
        computed=computed or target.computed or target.derived if plain else True,  # type: ignore[attr-defined]
        places=(Place(offset=offset),),
        unknown=v.NONE if known else frozenset(("args",)),
        cut=frozenset(cut) if cut else v.NONE,
    )


def target_of(value: Value) -> tuple[str, frozenset[str], str]:
    """Qualified name, spellings and `target_is` word of what state is set on."""
    if isinstance(value, v.Import):
        return value.qualname, value.names, "import"
    if isinstance(value, v.Made):
        names = value.cls.names if value.cls is not None else v.NONE
        return value.qualname, names, "instance" if isinstance(value, v.Instance) else "result"
    if isinstance(value, (v.Container, tuple)):
        return "", v.NONE, "container"
    return "", v.NONE, "unknown"


def setattr_(
    artifact: str, offset: int, via: str, target: Value, pairs: Sequence[tuple[Value, Value]], *, known: bool
) -> Setattr:
    """State set on something, at most `KEYS_MAX` pairs: its constant keys and the imports among its values."""
    qualname, names, word = target_of(target)
    known_keys = [key.value if key.__class__ is v.Folded else key for key, _ in pairs]
    keys = [_key(key) for key in known_keys if key.__class__ in v.PLAIN]
    callables = [value.qualname for _, value in pairs if value.__class__ is v.Import]
    return Setattr(
        artifact,
        target=qualname,
        names=names,
        target_is=word,
        via=via,
        keys=frozenset(keys),
        callable_values=frozenset(callables),
        places=(Place(offset=offset),),
        unknown=v.NONE if known else frozenset(("keys", "callable_values")),
    )


def _key(key: Value) -> str:
    if isinstance(key, v.Literal):
        return argument(key).value or ""
    known = _constant(key)
    return "none" if known is None else known


@lru_cache(maxsize=256)
def _uses(words: str) -> frozenset[str]:
    """The uses of imports, of which there are few combinations and maybe very many imports."""
    return frozenset(words.split())


def import_(artifact: str, record: v.Import) -> Import:
    """The import fact, with all that became of the object."""
    return Import(
        artifact,
        module=record.module,
        name=record.name,
        qualname=record.qualname,
        names=record.names,
        segments=record.segments,
        opcode=record.opcode,
        computed=record.computed,
        uses=_uses(" ".join(sorted(record.uses)) or "ref"),
        places=tuple([Place(offset=offset) for offset in record.offsets]),
        n=record.n,
        cut=frozenset(("module", "name")) if record.cut else v.NONE,
        lossy=record.lossy,
    )
