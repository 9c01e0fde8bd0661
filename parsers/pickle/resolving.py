"""What a machine resolves: names to imports, one for each spelling, and what goes into containers of them."""

from __future__ import annotations

from collections import deque
from functools import lru_cache

from modelaudit.parsers.pickle import emit
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.folding import operation, restoring, sizing
from modelaudit.parsers.pickle.memory import Memory
from modelaudit.parsers.pickle.names import ModuleSpelling, Spelling
from modelaudit.parsers.pickle.series import LEAST, Series

IMPORTS_MAX = 20_000  # distinct imports of one stream whose later uses are followed
PLACES_MAX = 5
SPELLED = 512  # characters of a name that is not read anew at once
KEPT_MAX = 200_000  # items of containers that one stream keeps, constants among them
RECENT = 64  # dictionaries that are kept whole behind that number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.pickle.state import State

    Value = object

    class Extension(Protocol):
        """What a loader does beyond a plain unpickler: it is asked after a BUILD on what the names have made."""

        def wants(self, record: v.Import) -> bool:
            """Whether what is made of this import matters."""

        def built(self, m: State, target: v.Made, after: int) -> int:
            """Position at which the opcodes go on; `after` is the one right behind BUILD."""


class Resolving(Memory):
    """The imports of one stream and the containers that they may go into."""

    def __init__(self, path: str, context: Context, start: int, *, strict: bool) -> None:
        super().__init__(path, context, start, strict=strict)
        self.protocol = self.highest = 0
        self.imports: dict[tuple[object, ...], v.Import] = {}
        self.unfollowed: v.Import | None = None  # what stands for imports beyond the budget
        self.extensions: dict[int, Value] = {}
        self.extension: Extension | None = None
        self.restoring: dict[int, tuple[v.Made, dict[str, str]]] | None = None  # objects by identity
        self.calls = 0
        self.kept = 0
        self.series = Series()  # numbers that may be those of characters
        self.recent: deque[v.Container] = deque()  # dictionaries whose items are still kept behind that number

    # containers

    def entries(self, items: Sequence[Value]) -> None:
        """Have the patterns look into values whose key may be the name of a secret."""
        from modelaudit.parsers.pickle.literals import entry

        for key, value in zip(items[0::2], items[1::2], strict=False):
            if key.__class__ is str and key in self.secret_keys and value.__class__ is str:
                self.out.append(entry(self.path, str(key), str(value), self.offset))

    def store(self, target: v.Container, items: Sequence[Value], step: int = 1) -> None:
        """Put items into a container, `step` 2 for keys and values in turn; constants only while there is room."""
        if step == 2 and self.secret_keys:
            self.entries(items)
        elif (
            items
            and items[-1].__class__ is int
            and step == 1
            and (len(items) >= LEAST or len(target) == LEAST - 1 or target is self.series.target)
        ):
            self.series.put(target, items, self.offset)
        kept: list[Value] = []
        if (self.imports or self.calls) and not v.PLAIN.issuperset(map(type, items)):
            kept = v.live_items(items)
        live = kept
        if live:
            target.enliven()
            self.mark_stored(live)
        if len(target) + len(items) <= v.KEEP:
            if self.kept < KEPT_MAX:
                self.kept += len(items)
                target.extend(items)
                return
            if step == 2 and (self.imports or self.calls):  # before, no object can have it as its state
                self._hold(target, items)
                return
        target.omit()
        if live:
            self._leave(target, items, kept, step)

    def _leave(self, target: v.Container, items: Sequence[Value], kept: list[Value], step: int) -> None:
        """Leave out all items but those that are more than constants, with their partners in a dictionary."""
        if step == 2:
            kept = [
                x for pair in zip(items[0::2], items[1::2], strict=False) if any(map(v.is_live, pair)) for x in pair
            ]
        if len(target) + len(kept) > self.context.budget("container"):
            self.limit("container", len(target) + len(kept), self.context.budget("container"))
            return
        target.extend(kept)

    def _hold(self, target: v.Container, items: Sequence[Value]) -> None:
        """Keep the items of a dictionary until some others are filled: it may be the state that BUILD sets next."""
        recent = self.recent
        if target:
            _take_out(recent, target)
        target.extend(items)
        recent.append(target)
        if len(recent) > RECENT:
            old = recent.popleft()
            old.omit()
            if old.live:
                pairs = zip(old[0::2], old[1::2], strict=False)
                old[:] = [x for pair in pairs if any(map(v.is_live, pair)) for x in pair]
            else:
                old.clear()

    def mark_stored(self, values: Sequence[Value]) -> None:
        """Note that imports went into a container or into an object's state."""
        queue = list(values)
        for value in queue:
            if value.__class__ is v.Import:
                value.uses.add("stored")
            elif value.__class__ is tuple and len(queue) < v.WALK_MAX:
                queue.extend(value[: v.WALK_MAX])

    # imports

    def resolve(self, opcode: str, module: Value, name: Value, offset: int) -> v.Import:
        """An import: both operands are text when they are known, anything else makes it computed."""
        computed = not (isinstance(module, str) and isinstance(name, str))
        key = (opcode, _text(module), _text(name), self.protocol < 3, computed)
        record = self.imports.get(key) or self._import(key, module, name)
        record.n += 1
        if len(record.offsets) < PLACES_MAX:
            record.offsets.append(offset)
        if key not in self.imports:
            self.out.append(emit.import_(self.path, record))
            return self._beyond()
        return record

    def _beyond(self) -> v.Import:
        """What stands for every import that is not followed: a name that is not known."""
        if self.unfollowed is None:
            self.unfollowed = _record("GLOBAL", Spelling("?", "?", 0), computed=True)
        return self.unfollowed

    def _import(self, key: tuple[object, ...], module: Value, name: Value) -> v.Import:
        spelling = _spelling(_text(module), _text(name), self.protocol)
        record = _record(str(key[0]), spelling, computed=bool(key[-1]))
        if not _is_text(module):
            record.module = ""
        if not _is_text(name):
            record.name = ""
        record.flows = v.flows_of((module, name))[0]
        record.fold = operation(record.names)
        record.sized = sizing(record.names)
        record.restores = restoring(record.names)
        if record.restores is not None and self.restoring is None:
            self.restoring = {}
        record.asked = self.extension is not None and self.extension.wants(record)
        if len(self.imports) < IMPORTS_MAX:
            self.imports[key] = record
        else:
            self.limit("imports", IMPORTS_MAX + 1, IMPORTS_MAX, affects=frozenset(["import"]))
        return record

    def derive(
        self, how: str, module: str, name: str, offset: int, *, computed: bool, flows: frozenset[str]
    ) -> v.Import:
        """An import by other means than an opcode, such as an attribute of another one."""
        key = (how, module, name, False, computed)
        record = self.imports.get(key)
        if record is None:
            record = self.named(module, name, how, computed=computed)
            record.flows = flows
            if len(self.imports) < IMPORTS_MAX:
                self.imports[key] = record
        record.n += 1
        if len(record.offsets) < PLACES_MAX:
            record.offsets.append(offset)
        return record

    def named(self, module: str, name: str, how: str = "", *, computed: bool = False) -> v.Import:
        """A name as a value, without any fact of it."""
        spelling = Spelling(module, name, 4) if name else ModuleSpelling(module)
        record = _record(how, spelling, computed=computed)
        record.derived = True
        record.fold = operation(record.names)
        record.sized = sizing(record.names)
        return record


def _spelling(module: str, name: str, protocol: int) -> Spelling:
    """The readings of a module and a name; those of a stream that was tried before it is read are still known."""
    made = _recent if len(module) + len(name) < SPELLED else Spelling
    return made(module, name, protocol)


_recent = lru_cache(maxsize=256)(Spelling)


def _text(value: Value) -> str:
    """A part of a name; `?` when it is not known."""
    if isinstance(value, str):
        return value
    if isinstance(value, v.Folded) and isinstance(value.value, str):
        return value.value
    return value.head.decode("utf-8", "replace") if isinstance(value, v.Literal) else "?"


def _is_text(value: Value) -> bool:
    """Whether a part of a name is known."""
    return isinstance(value, str) or (isinstance(value, v.Folded) and isinstance(value.value, str))


def _record(opcode: str, spelling: Spelling, *, computed: bool) -> v.Import:
    record = v.Import(opcode, computed)
    record.module, record.name = spelling.module, spelling.name
    record.qualname, record.names, record.segments = spelling.qualname, spelling.names, spelling.segments
    record.cut, record.lossy = spelling.cut, spelling.lossy
    return record


def _take_out(recent: deque[v.Container], target: v.Container) -> None:
    """Take a dictionary out of those that are held, if it is there: old protocols fill one item by item."""
    for at in range(len(recent) - 1, -1, -1):
        if recent[at] is target:
            del recent[at]
            return
