"""What a machine has: stack, marks, memo, counters, and the facts that it made; without any opcode."""

from __future__ import annotations

from collections import deque
from functools import lru_cache

from modelaudit.engine.facts import Defect, Fact, Limit, Place, Stream
from modelaudit.parsers.pickle import emit, repeats
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.flows import BYTES as FLOWS_BYTES
from modelaudit.parsers.pickle.flows import LOST, Flows
from modelaudit.parsers.pickle.folding import operation
from modelaudit.parsers.pickle.names import ModuleSpelling, Spelling
from modelaudit.parsers.pickle.opcodes import NAMES
from modelaudit.parsers.pickle.tape import Break, Tape

KINDS = frozenset(["import", "call", "setattr", "text", "blob"])  # what a stream's reading can yield
HARMLESS = frozenset(
    ["late-proto", "bad-frame", "tensor-bounds", "sparse-bounds"]
)  # defects that need not stop a reader
C_READER, PYTHON_READER = "c", "python"
BOTH = frozenset([C_READER, PYTHON_READER])
DEFECTS_MAX = 100  # defects of one code in one stream
IMPORTS_MAX = 20_000  # distinct imports of one stream whose later uses are followed
DECODED_MAX = 100_000  # results of calls that are looked at once
PLACES_MAX = 5
FOLDS_MAX = 50_000  # what working out results may cost in one stream: a call costs one, and so does 1 KiB of text
SPARSE = 1 << 24  # memo keys above it make the C reader allocate gigabytes
CENSUS = 500_000  # opcodes between two looks at the tuples of the stack
NODES_MAX = 10_000  # values of a tuple, those of the tuples in it too, that is kept behind such a look
TUPLES_MAX = 200_000  # values of all tuples of the stack that are
GAPS_MAX = 1_000_000  # memo entries behind gaps, which no program writes
HOLD = 16 * 1024 * 1024  # bytes of long literals that one stream keeps in memory
FILES_MAX = 4096  # constants whose kind of file is remembered
ROOM = 100_000  # memo entries that are kept as they are
KEPT_MAX = 200_000  # items of containers that one stream keeps, constants among them
RECENT = 64  # dictionaries that are kept whole behind that number
WEIGHT = 64 * 1024 * 1024  # bytes of values in the memo before tuples of constants are forgotten
VALUE = 64  # bytes that a value of the machine takes at least
STACKED = 16_384  # values of a stack that is not weighed
CONTAINERS = (v.ListValue, v.DictValue, v.SetValue, v.FrozenValue, v.TupleValue)
REACH = 2 * 1024
FAR = 1 << 62  # a position that is never reached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from modelaudit.parsers.base import Context, Nested, Searched, Sought
    from modelaudit.parsers.pickle.weigher import Weigher

    Value = object

    class Extension(Protocol):
        """What a loader does beyond a plain unpickler: it is asked after a BUILD on what the names have made."""

        names: frozenset[str]

        def built(self, m: State, target: v.Made, after: int) -> int:
            """Position at which the opcodes go on; `after` is the one right behind BUILD."""


class FullMemo:
    """A memo whose budget is spent: it goes on counting, and forgets."""

    __slots__ = ("entries", "written")

    def __init__(self, entries: list[Value]) -> None:
        self.entries = entries
        self.written = len(entries)

    def append(self, _: Value) -> None:
        """Count an entry."""
        self.written += 1

    def __getitem__(self, key: int) -> Value:
        return self.entries[key] if key < len(self.entries) else v.Unknown("memo")

    def __setitem__(self, key: int, value: Value) -> None:
        if key < len(self.entries):
            self.entries[key] = value

    def __len__(self) -> int:
        return self.written


class State:
    """One stream's machine between opcodes.

    `out` gathers facts and nested artifacts until the driver takes them. With `strict` the first defect ends
    the stream: that is how a stream is told from noise.
    """

    seeks_tensors = False  # whether tensors are taken out of what wraps them

    def __init__(
        self, path: str, tape: Tape, context: Context, start: int, *, index: int = 0, strict: bool = False
    ) -> None:
        self.path = path
        self.tape = tape
        self.context = context
        self.start = self.offset = start
        self.index = index
        self.role = "main"
        self.texts = False  # whether every text is told
        self.sought: Sought | None = None  # what the texts have in them that are told all the same
        self.hit = -1  # position of the first of these words in `window`, the buffer that was searched
        self.found = False  # whether it is such a word, and not only how far was searched
        self.reach = REACH  # bytes behind a text that are searched next
        self.window: bytes | None = None
        self.strict = strict
        self.out: list[Fact | Nested | Searched] = []
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.memo: list[Value] | FullMemo = []
        self.sparse: dict[int, Value] = {}
        self.protocol = self.highest = 0
        self.seen = bytearray(256)
        self.imports: dict[tuple[object, ...], v.Import] = {}
        self.unfollowed: v.Import | None = None  # what stands for imports beyond the budget
        self.extensions: dict[int, Value] = {}
        self.frame_end = 0
        self.behind = 0  # bytes behind the frame that its opcodes have taken from the file
        self.extension: Extension | None = None
        self.inner: int | None = None  # offset of a stream within this one, once it is reached
        self.split: int | None = None  # offset at which a plain unpickler reads opcodes and the extension does not
        self.cut = False  # a frame's end cuts an opcode: one kind of reader sees other bytes
        self.forgotten: dict[type[v.Container], v.Container] = {}
        self.packed = self.filled = 0  # memo entries whose texts have been packed, containers forgotten
        self.weight = 0  # bytes of the values among them that are held, estimated
        self.count = 0
        self.census = CENSUS  # number of opcodes at which the tuples of the stack are counted next
        self.weigher: Weigher | None = None  # of a large stack
        self.calls = 0
        self.persistent = 0
        self.held = 0
        self.folds = 0 if strict else FOLDS_MAX
        self.mutated = False  # a call has changed some container
        self.prepared = False  # some value is a callable or an iterator made of others
        self.decoded: set[int] = set()  # hashes of bytes that were looked at when a call had made them
        self.files: dict[bytes, str] = {}  # bytes that are read as files of a kind
        self.inside = 0  # files in constants that are read as artifacts of their own
        self.recoded = 0  # bytes of files that constants hold encoded
        self.kept = 0
        self.recent: deque[v.Container] = deque()  # dictionaries whose items are still kept behind that number
        self.refused: set[str] = set()  # readers that have stopped before
        self.stopped = False
        self.error: str | None = None
        self.result: Value = None
        self.ended = False
        self._defects: dict[str, int] = {}
        self._limits: set[str] = set()
        self.repeats = repeats.Repeats()
        self.flows = Flows()

    def keyword(self, pos: int, end: int) -> int:
        """A position before which no word begins, at or behind `pos`, that a text worth telling has.

        When it lies before `end`, a word does begin there. The buffer, which is mostly numbers, is searched a little
        further each time, so that few texts in it cost little.
        """
        sought, buf = self.sought, self.tape.buf
        if sought is None:
            return self.hit
        if self.window is not buf:
            self.window, self.hit, self.found, self.reach = buf, -1, False, REACH
        if self.hit >= end or (self.found and self.hit >= pos):
            return self.hit
        start = pos if self.found else max(pos, self.hit)
        stop = end + self.reach
        self.reach *= 2
        part = buf[start : stop + sought.longest] if stop + sought.longest < len(buf) else None
        at = sought.find(buf, start) if part is None else start + sought.find(part)
        self.found = at >= start
        self.hit = at if self.found else FAR if part is None else stop
        return self.hit

    # what is wrong

    def defect(self, code: str, detail: str, offset: int, affects: frozenset[str] = v.NONE) -> None:
        """Report something wrong at an offset; in a strict machine this ends the stream."""
        if self.strict and code in HARMLESS:
            return
        if self.strict:
            raise Break(code, detail)
        seen = self._defects[code] = self._defects.get(code, 0) + 1
        if seen <= DEFECTS_MAX:
            self.out.append(
                Defect(self.path, code=code, detail=detail, affects=affects, places=(Place(offset=offset),))
            )

    def _is_refused(self) -> bool:
        """Whether no reader gets to the end."""
        return not self.stopped or not HARMLESS.issuperset(self._defects)

    def reported(self, code: str) -> bool:
        """Whether this was reported."""
        return code in self._defects

    def limit(self, what: str, at: int, budget: int, *, affects: frozenset[str] = KINDS) -> None:
        """Report a budget that the file overran, once."""
        if what not in self._limits:
            self._limits.add(what)
            self.out.append(Limit(self.path, what=what, at=at, budget=budget, by="file", affects=affects))

    def end(self, code: str | None) -> None:
        """The stream is over: nothing more is read from it."""
        self.ended = True
        self.error = code

    def drained(self) -> list[Fact | Nested | Searched]:
        """The facts since the last time."""
        out, self.out = self.out, []
        return out

    def closing(self) -> list[Fact]:
        """The facts that are known once nothing more is read: the imports with all their uses, and the stream."""
        found: list[Fact] = [*self.repeats.rest()]
        found += [emit.import_(self.path, record) for record in self.imports.values()]
        names = _names_of(bytes(self.seen))
        found.append(
            Stream(
                self.path,
                index=self.index,
                role=self.role,
                protocol=self.highest,
                opcodes=names,
                start=self.start,
                end=self.offset,
                stopped=self.stopped,
                error=self.error,
                refused_by=BOTH if self._is_refused() else frozenset(self.refused),
                places=(Place(offset=self.start),),
            )
        )
        return found

    # data between the opcodes

    def standing(self, after: int) -> int:
        """Offset at which the file is read when the opcodes go on at the position: behind the frame, if any."""
        offset = self.tape.base + after
        return self.frame_end + self.behind if self.frame_end > offset else offset

    def passed(self, offset: int, until: int) -> int:
        """Pass the file's bytes up to an offset, when the opcodes go on at `offset`; returns where they do then."""
        if self.frame_end > offset:
            self.behind = until - self.frame_end
            return offset
        self.frame_end = 0
        return until

    # stack and memo

    def mark(self, offset: int) -> int:
        """Take the topmost mark: the height of the stack below its items."""
        if self.marks:
            mark = self.marks.pop()
            if mark <= len(self.stack):
                return mark
        self.defect("no-mark", "an opcode takes the items above a mark, and there is no mark", offset)
        return len(self.stack)

    def take(self, offset: int) -> list[Value]:
        """Take the items above the topmost mark off the stack."""
        mark = self.mark(offset)
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def put(self, key: int, offset: int) -> None:
        """Write the top of the stack to the memo."""
        memo = self.memo
        value = self.stack[-1]
        if key < len(memo):
            memo[key] = value
            return
        if key > len(memo):
            self._put_far(key, value, offset)
            return
        memo.append(value)
        while self.sparse and len(memo) in self.sparse:
            memo.append(self.sparse.pop(len(memo)))

    def _put_far(self, key: int, value: Value, offset: int) -> None:
        if key >= SPARSE or key > 16 * (offset - self.start + 1):
            self.limit("memo", key, SPARSE, affects=v.NONE)
        if key in self.sparse or len(self.sparse) < GAPS_MAX:
            self.sparse[key] = value
        else:
            self.limit("memo", len(self.sparse) + 1, GAPS_MAX)

    def get(self, key: int, offset: int) -> Value:
        """Read the memo; a missing key is a defect and gives an unknown value."""
        if 0 <= key < len(self.memo):
            value = self.memo[key]
            return value[key] if value.__class__ is v.Pack else value
        if key in self.sparse:
            return self.sparse[key]
        self.defect("memo-missing", f"no memo entry {key}", offset)
        return v.Unknown("memo")

    def check_budgets(self) -> None:
        """Compare memo, stack and opcodes with their budgets; called every few thousand opcodes."""
        budget = self.context.budget
        entries = len(self.memo) + len(self.sparse)
        if isinstance(self.memo, list) and len(self.memo) > max(ROOM, self.packed):
            self._pack(self.memo)
        for spent, name in ((entries, "memo"), (self.weight, "memo_bytes")):
            if spent > budget(name) and isinstance(self.memo, list):
                self.limit("memo", spent, budget(name))
                self.memo = FullMemo(self.memo)
        if self.flows.full:
            self.limit("flows", self.flows.spent, FLOWS_BYTES, affects=frozenset(["call"]))
        if self.count > self.census:
            self.census = self.count + CENSUS
            self._forget_tuples()
        if len(self.stack) > STACKED:
            self._weigh()
        if len(self.stack) + len(self.marks) > budget("stack"):
            self.limit("stack", len(self.stack), budget("stack"))
            self.end("limit")
        if self.count > budget("opcodes"):
            self.limit("opcodes", self.count, budget("opcodes"))
            self.end("limit")

    def _weigh(self) -> None:
        """Forget what is long on a large stack, when it comes to too much."""
        if self.weigher is None:
            from modelaudit.parsers.pickle.weigher import Weigher

            self.weigher = Weigher()
        self.weigher.weigh(self.stack)

    def _forget_tuples(self) -> None:
        """Forget what the large tuples of the stack hold: one byte puts a tuple around another."""
        left = TUPLES_MAX
        for at in range(len(self.stack) - 1, -1, -1):
            value = self.stack[at]
            if value.__class__ is tuple:
                count = _nodes(value, NODES_MAX)
                left -= count
                if count > NODES_MAX or left < 0:
                    self.stack[at] = self._forgotten(v.TupleValue)

    def _pack(self, memo: list[Value]) -> None:
        """Make a large memo smaller; BINGET, whose keys are small, never meets what this leaves.

        Texts are put together. Containers of constants are forgotten a step later, when they are filled: reading
        one again gives a container of its kind with unknown items. So are tuples once the memo is heavy.
        """
        start, end = max(self.packed, ROOM), len(memo)
        texts = [value if value.__class__ is str else "" for value in memo[start:end]]
        pack = v.Pack(start, texts)
        memo[start:end] = [pack if text else memo[key] for key, text in enumerate(texts, start)]
        filled, blank = max(self.filled, ROOM), {kind: self._forgotten(kind) for kind in CONTAINERS}
        for key, value in enumerate(memo[filled:start], filled):
            kind = value.__class__
            memo[key] = blank[kind] if kind in blank and not value.live else self._kept(value)  # type: ignore
        self.filled, self.packed = start, end

    def _kept(self, value: Value) -> Value:
        """What stays of a value in a large memo."""
        kind = value.__class__
        if kind is v.Pack:
            return value
        if kind is tuple and self.weight > WEIGHT and not v.is_live(value):
            return self._forgotten(v.TupleValue)
        self.weight += VALUE
        if isinstance(value, (tuple, bytes)):
            self.weight += len(value) * (VALUE // 2 if kind is tuple else 1)
        return value

    def _forgotten(self, kind: type[Any]) -> v.Container:
        if kind not in self.forgotten:
            made = self.forgotten[kind] = kind()
            made.omit()
            made.enliven()
        return self.forgotten[kind]

    # containers

    def store(self, target: v.Container, items: Sequence[Value], step: int = 1) -> None:
        """Put items into a container, `step` 2 for keys and values in turn; constants only while there is room."""
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
        if not live:
            return
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

    # imports and calls

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
        record = _record(str(key[0]), Spelling(_text(module), _text(name), self.protocol), computed=bool(key[-1]))
        if not _is_text(module):
            record.module = ""
        if not _is_text(name):
            record.name = ""
        record.flows = v.flows_of((module, name))[0]
        record.fold = operation(record.names)
        record.asked = self.extension is not None and not record.names.isdisjoint(self.extension.names)
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
        return record

    def prepare(self, value: v.Prepared) -> v.Prepared:
        """Note that there is a value of this kind; returns it."""
        self.prepared = True
        return value

    def hold(self, size: int) -> bool:
        """Whether the stream may keep so many more bytes."""
        self.held += size
        return self.held <= HOLD

    def unpacked(self, data: bytes, how: str, offset: int) -> None:
        """Look at bytes that a call has made of others."""
        if hash(data) not in self.decoded and len(self.decoded) < DECODED_MAX:
            self.decoded.add(hash(data))
            self.looked(data, how, offset)

    def note_file(self, data: bytes, kind: str) -> None:
        """Note bytes that are read as an artifact of their own, as a file of a kind."""
        if len(self.files) < FILES_MAX and self.hold(len(data)):
            self.files[data] = kind

    def looked(self, data: bytes, how: str, offset: int) -> None:
        """What a machine that looks at constants does with them."""

    def call(
        self,
        kind: str,
        target: Value,
        args: Sequence[Value],
        offset: int,
        after: int,
        *,
        known: bool = True,
        kwargs: Value = None,
        computed: bool = False,
    ) -> frozenset[str]:
        """Emit a call; returns the callables behind its result."""
        plain = kwargs is None and v.PLAIN.issuperset(map(type, args))
        if plain and target.__class__ is v.Import:
            flows, cut = target.flows, False
        else:
            flows, cut = v.flows_of((target, *args, kwargs))
            if flows:
                flows = self.flows.among(flows)
                cut = cut or LOST in flows
            for value in args:
                if value.__class__ is v.Import:
                    value.uses.add("ref")
        named = target if isinstance(target, v.Import) else None
        if named is not None:
            named.uses.add("called")
        self.calls += 1
        consumed = self.tape.buf[after : after + 1] != b"0"
        key = kind, named, known, consumed, computed, flows, repeats.signature(args)
        if kwargs is None and self.repeats.more(key):
            return self._with_name(target, flows)
        alike = self._alike(key[:-1], args) if kwargs is None and named is not None else None
        if alike is not None and alike.fact is not None:
            alike.take(args)
            return self._with_name(target, flows)
        fact = emit.call(
            self.path,
            offset,
            self.calls,
            kind,
            target,
            args,
            known=known,
            kwargs=kwargs,
            flows=flows,
            flows_cut=cut,
            consumed=consumed,
            computed=computed,
            files=self.files,
        )
        if alike is not None and alike.take_first(fact):
            return self._with_name(target, flows)
        self.out.append(fact)
        if kwargs is None:
            self.repeats.first(key, fact)
        return self._with_name(target, flows)

    def _alike(self, key: tuple[object, ...], args: Sequence[Value]) -> repeats.Alike | None:
        """The calls that differ from this one in values alone, where they are counted."""
        shape = repeats.shape(args, self.files)
        return None if shape is None else self.repeats.like((key, shape))

    def _with_name(self, target: Value, flows: frozenset[str]) -> frozenset[str]:
        """The flows of a result: its own callable in front of those that led to it; equal ones are one object."""
        if target.__class__ is not v.Import:
            return flows
        name: str = target.qualname
        if name in flows or len(flows) >= v.FLOWS_MAX:
            return flows
        shared = self.flows.pairs.get((name, flows))
        return shared if shared is not None else self.flows.with_name(name, flows)

    def loaded(self, args: Sequence[Value], flows: frozenset[str]) -> Value:
        """What the loader's `persistent_load` gives for an id, taken apart when it is a tuple."""
        made = v.Persistent("persistent_load", flows)
        if len(args) >= 5 and args[0] == "storage" and type(args[4]) is int:
            if _is_untyped(args[1]):
                made.nbytes = args[4]
            else:
                made.count = args[4]
        return made

    def tensor(self, cls: v.Import, args: Sequence[Value], flows: frozenset[str], offset: int) -> Value | None:
        """The value of a rebuilt tensor, of a machine that looks for tensors; None is any result of a call."""
        return None

    def indexed(self, indices: Value, limits: Sequence[int], offset: int) -> None:
        """Note the indices of a sparse tensor, each row of which has to stay below its limit."""

    def set(self, via: str, target: Value, pairs: Sequence[tuple[Value, Value]], offset: int, *, known: bool) -> None:
        """Emit state that is set on something, in portions."""
        if len(pairs) <= emit.KEYS_MAX and isinstance(target, v.Made):
            keys = repeats.signature([key for key, _ in pairs])
            key = via, target.__class__, target.cls, known, keys, _imports(pairs)
            if self.repeats.more(key):
                return
            fact = emit.setattr_(self.path, offset, via, target, pairs, known=known)
            self.out.append(fact)
            self.repeats.first(key, fact)
            return
        for start in range(0, len(pairs) or 1, emit.KEYS_MAX):
            self.out.append(
                emit.setattr_(self.path, offset, via, target, pairs[start : start + emit.KEYS_MAX], known=known)
            )

    def set_plain(self, via: str, target: v.Made, state: v.DictValue, offset: int) -> None:
        """Emit state of constants, no more than one portion of it, that is set on a made object."""
        key = via, target.__class__, target.cls, repeats.signature(state[0::2])
        if not self.repeats.more(key):
            pairs = list(zip(state[0::2], state[1::2], strict=False))
            fact = emit.setattr_(self.path, offset, via, target, pairs, known=True)
            self.out.append(fact)
            self.repeats.first(key, fact)


def _is_untyped(kind: Value) -> bool:
    """Whether the storage counts bytes, whatever its tensors hold."""
    return not isinstance(kind, v.Import) or kind.name.rpartition(".")[2] == "UntypedStorage"


def _imports(pairs: Sequence[tuple[Value, Value]]) -> tuple[Value, ...]:
    """The imports among the values."""
    return tuple([value for _, value in pairs if value.__class__ is v.Import])


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


def _nodes(value: tuple[Value, ...], most: int) -> int:
    """How many values a tuple has, those of the tuples in it too; counts no further than to one more than `most`."""
    waiting, count = [value], 0
    while waiting and count <= most:
        items = waiting.pop()
        count += len(items)
        waiting += [item for item in items if item.__class__ is tuple]
    return count


def _take_out(recent: deque[v.Container], target: v.Container) -> None:
    """Take a dictionary out of those that are held, if it is there: old protocols fill one item by item."""
    for at in range(len(recent) - 1, -1, -1):
        if recent[at] is target:
            del recent[at]
            return


@lru_cache(maxsize=1024)
def _names_of(seen: bytes) -> frozenset[str]:
    """The names of the opcodes whose bytes are marked; streams that one program wrote share them."""
    return frozenset([name for byte, name in NAMES.items() if seen[byte]])
