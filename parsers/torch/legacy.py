"""Five pickles back to back, and the storages behind them: magic number, version, system, object, storage keys.

Each storage is a count of elements in 8 bytes, little endian, and the elements, in the order of the keys.
"""

from __future__ import annotations

from modelaudit.engine.facts import Defect, Place
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.pickle.notes import KINDS
from modelaudit.parsers.pickle.search import probe
from modelaudit.parsers.pickle.streams import TORCH_MAGIC, TORCH_ROLES, Streams
from modelaudit.parsers.torch.storages import KeysMachine, ObjectMachine, Storage

VERSION = 1001
OBJECT, KEYS = TORCH_ROLES.index("object"), TORCH_ROLES.index("storage_keys")
CHECK = 1024  # storages between two looks at the clock
REPORTS = 100

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader


def begins(reader: Reader) -> bool:
    """Whether the first pickle's value is the magic number, or is computed and the version follows."""
    first = probe(reader, 0)
    if not first.stopped:
        return False
    if first.result.__class__ is int:
        return first.result == TORCH_MAGIC
    second = probe(reader, first.offset) if first.result.__class__ in v.OBJECTS else None
    return second is not None and second.stopped and second.result == VERSION


class Checkpoint(Streams):
    """A legacy checkpoint while it is read."""

    __slots__ = ("storages", "told")

    def __init__(self, artifact: Input, context: Context) -> None:
        super().__init__(artifact, context)
        self.legacy = True
        self.storages: dict[str, Storage] = {}
        self.told = 0

    def kind(self) -> type[Machine]:
        """Class of the next stream's machine."""
        if self.resumed:
            return Machine
        return {OBJECT: ObjectMachine, KEYS: KeysMachine}.get(self.count, Machine)

    def machine(self, offset: int) -> Machine:
        """The machine of the stream at an offset."""
        machine = super().machine(offset)
        machine.extension = None
        if isinstance(machine, ObjectMachine):
            machine.storages = self.storages
        return machine

    def following(self, machine: Machine) -> Generator[Fact, None, int | None]:
        """Where the next stream starts: behind the storages there should be none."""
        if not isinstance(machine, KeysMachine) or not machine.stopped:
            return (yield from super().following(machine))
        offset = yield from self.passed(machine)
        if offset >= self.tape.size:
            return None
        return (yield from self.search(offset, stopped=True))

    def defect(self, code: str, detail: str, offset: int, *, missing: bool = False) -> Generator[Fact, None, None]:
        """A defect of the storages, as long as there are not too many."""
        self.told += 1
        if self.told <= REPORTS:
            affects = KINDS if missing else frozenset[str]()
            yield Defect(self.artifact.path, code=code, detail=detail, affects=affects, places=(Place(offset=offset),))

    def passed(self, machine: Machine) -> Generator[Fact, None, int]:
        """Where the storages end, or where one stands of which that is not known."""
        offset = machine.offset
        keys = machine.result
        if not isinstance(keys, v.ListValue) or keys.more or keys.live:
            yield from self.defect("storage-keys", "the keys of the storages are no list of texts", machine.start)
            return offset
        for number, key in enumerate(keys):
            if number % CHECK == 0:
                self.context.check()
            storage = self.storages.get(str(key))
            if storage is None or storage.size is None:
                detail = f"{str(key)[:100]}: no tensor says how large its storage is"
                yield from self.defect("storage-unknown", detail, offset)
                return offset
            count = int.from_bytes(self.artifact.reader.read_at(offset, 8), "little")
            if count != storage.count:
                detail = f"{str(key)[:100]}: {count} elements are stored, a tensor asks for {storage.count}"
                yield from self.defect("storage-size", detail, offset)
            stop = offset + 8 + count * storage.size
            if stop > self.tape.size:
                detail = f"{str(key)[:100]}: {stop - self.tape.size} bytes of the storage are missing"
                yield from self.defect("storage-truncated", detail, offset)
                return offset
            offset = stop
        return offset
