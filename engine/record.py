"""Plain records, declared like data classes and made without generating code, which a small scan would pay for."""

from __future__ import annotations

from itertools import repeat

from modelaudit.engine.facts.base import Record, become

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar, dataclass_transform

    T = TypeVar("T")

    @dataclass_transform(frozen_default=True)
    def record(cls: type[T]) -> type[T]:
        """An immutable class with the annotated fields: compared, shown, copied and pickled by them."""

else:

    def record(cls: type) -> type:
        """An immutable class with the annotated fields: compared, shown, copied and pickled by them."""
        names = tuple(cls.__annotations__)
        defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
        left_out = {"__dict__", "__weakref__", *defaults}
        body = {name: value for name, value in cls.__dict__.items() if name not in left_out}
        body |= {"__slots__": names, "FIELDS": names, "__init__": _init}
        made = type(cls.__name__, (Record,), body)
        _defaults[made] = defaults
        _names[made] = frozenset(names)
        return made


_defaults: dict[type, dict[str, object]] = {}
_names: dict[type, frozenset[str]] = {}


def replace(item: T, **changes: object) -> T:
    """A copy of a record with some fields changed."""
    return item.replace(**changes)  # type: ignore[attr-defined,no-any-return]  # every record inherits it


def _init(self: Record, *args: object, **given: object) -> None:
    kind = type(self)
    if len(args) == len(kind.FIELDS) and not given:  # as records come that a scan makes by the thousand
        become(self, kind.DRAFT)
        any(map(setattr, repeat(self), kind.FIELDS, args))  # each gives None
        become(self, kind)
        return
    if args:
        _place(kind, args, given)
    wanted = _names[kind]
    if len(given) < len(wanted):
        given = {**_defaults[kind], **given}
    if given.keys() != wanted:
        wrong = sorted(given.keys() ^ wanted)
        raise TypeError(f"{kind.__name__} needs or does not have {', '.join(wrong)}")
    become(self, kind.DRAFT)
    for name, value in given.items():
        setattr(self, name, value)
    become(self, kind)


def _place(kind: type[Record], args: tuple[object, ...], given: dict[str, object]) -> None:
    """Give arguments without a name that of their field."""
    names = kind.FIELDS
    if len(args) > len(names):
        raise TypeError(f"{kind.__name__} has {len(names)} fields, {len(args)} were given")
    for name, value in zip(names, args, strict=False):
        if name in given:
            raise TypeError(f"{kind.__name__}.{name} was given twice")
        given[name] = value
