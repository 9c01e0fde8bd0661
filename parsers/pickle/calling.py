"""What a machine calls and sets, as facts: with what, on what, and which callables are behind it."""

from __future__ import annotations

from modelaudit.parsers.pickle import emit, repeats
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.flows import BYTES as FLOWS_BYTES
from modelaudit.parsers.pickle.flows import LOST, Flows
from modelaudit.parsers.pickle.resolving import Resolving

HOLD = 16 * 1024 * 1024  # bytes of long literals and of results that one stream keeps in memory
FILES_MAX = 4096  # constants whose kind of file is remembered
FOLDS_MAX = 50_000  # what working out results may cost in one stream: a call costs one, and so does 1 KiB of text
CALL = frozenset(["call"])
GROWN = frozenset(["every", "count"])  # measures that go by numbers and by what calls have made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.pickle.tape import Tape

    Value = object


class Calling(Resolving):
    """The calls of one stream."""

    def __init__(self, path: str, tape: Tape, context: Context, start: int, *, strict: bool) -> None:
        super().__init__(path, context, start, strict=strict)
        self.tape = tape
        self.held = 0
        self.folds = 0 if strict else FOLDS_MAX
        self.mutated = False  # a call has changed some container
        self.prepared = False  # some value is a callable or an iterator made of others
        self.files: dict[bytes, str] = {}  # bytes that are read as files of a kind
        self.repeats = repeats.Repeats()
        self.flows = Flows()

    def check_budgets(self) -> None:
        """Compare what the stream has used up with its budgets; called every few thousand opcodes."""
        super().check_budgets()
        if self.flows.full:
            self.limit("flows", self.flows.spent, FLOWS_BYTES, affects=CALL)

    def prepare(self, value: v.Prepared) -> v.Prepared:
        """Note that there is a value of this kind; returns it."""
        self.prepared = True
        return value

    def hold(self, size: int) -> bool:
        """Whether the stream may keep so many more bytes, which then count."""
        if self.held + size > HOLD:
            return False
        self.held += size
        return True

    def note_file(self, data: bytes, kind: str) -> None:
        """Note bytes that are read as an artifact of their own, as a file of a kind."""
        if len(self.files) < FILES_MAX and self.hold(len(data)):
            self.files[data] = kind

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

    def size(self, kind: str, cls: v.Import, args: Sequence[Value], kwargs: Value, offset: int) -> int:
        """Length of what a call makes, 0 when it is not known; what is huge is told."""
        if (
            kwargs is None
            and cls.sized in GROWN
            and not any(arg.__class__ is int or isinstance(arg, v.Made) for arg in args)
        ):
            return 0
        from modelaudit.parsers.pickle import sizes
        from modelaudit.parsers.pickle.evaluation import MADE

        if kind.startswith("newobj") and cls.fold is not None and cls.fold not in MADE:
            return 0  # `__new__` alone makes it empty
        length, told = sizes.of(cls.sized or "", args, kwargs)
        if told is not None:
            self.defect("huge-result", f"{cls.qualname} makes something {told}", offset)
        return length

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


def _imports(pairs: Sequence[tuple[Value, Value]]) -> tuple[Value, ...]:
    """The imports among the values."""
    return tuple([value for _, value in pairs if value.__class__ is v.Import])
