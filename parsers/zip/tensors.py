"""The tensors of a PyTorch archive: their names, and where in the archive the values of each stand.

Layout: `torch/serialization.py` (`_load`) and `torch/_utils.py` (`_rebuild_tensor_v2(storage, offset, size, …)`):
offset, sizes and strides are in elements, and the storage is the member `data/<key>` next to the pickle. The name is
the path of keys by which the pickle's object holds a tensor; of a module it is the name that its state dict has.
"""

from __future__ import annotations

from math import prod

from modelaudit.engine.facts import Defect, Limit, Place, Tensor, clean
from modelaudit.parsers.base import Values
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.torch.storages import SIZES, ObjectMachine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.zip.values import Storages

    Value = object

TENSORS_MAX = 100_000
SPARSE_MAX = 1000  # sparse tensors whose indices are looked at
TENSOR = frozenset({"tensor"})
OWNERS_MAX = 400_000  # values and containers whose owner is remembered
DEPTH = 32  # keys of a name
NAME_MAX = 1024  # characters of a name
SHARED = 4  # times that the file's bytes may be told as values, since tensors can share a storage
INNER = frozenset({"_modules", "_parameters", "_buffers"})  # attributes of a module that its state dict leaves out
NUMBER_MAX = 2**63 - 1


class Rebuilt:
    """A tensor over a storage: the storage's key and type, and the tensor's place in it in elements."""

    __slots__ = ("at", "key", "kind", "offset", "shape", "strides", "value")

    def __init__(self, value: v.Result, key: str, kind: str, args: Sequence[Value], at: int) -> None:
        self.value = value
        self.key = key
        self.kind = kind
        self.offset, self.shape, self.strides = _geometry(*args[1:4])
        self.at = at

    def nbytes(self) -> int:
        """Bytes of the values."""
        return min(prod(self.shape) * SIZES.get(self.kind, 0), NUMBER_MAX)

    def begin(self, size: int) -> int | None:
        """Where the values begin in a storage of so many bytes, None when they do not stand there as they are."""
        step = 1
        for length, stride in zip(reversed(self.shape), reversed(self.strides), strict=False):
            if length != 1 and stride != step:
                return None
            step *= length
        begin = self.offset * SIZES.get(self.kind, 0)
        return begin if len(self.shape) == len(self.strides) and 0 <= begin <= size - self.nbytes() else None


def _geometry(offset: Value, shape: Value, strides: Value) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """The numbers as they are, offset -1 when one of them is not known or is none."""
    numbers = (offset, *shape, *strides) if isinstance(shape, tuple) and isinstance(strides, tuple) else (None,)
    if all(type(number) is int and 0 <= number <= NUMBER_MAX for number in numbers):
        return offset, shape, strides  # type: ignore[return-value]
    return -1, (), ()


class TensorMachine(ObjectMachine):
    """The machine of the pickle that holds the tensors, which notes each and what holds it."""

    seeks_tensors = True

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.storages = {}
        self.tensors: list[Rebuilt] = []
        self.rebuilt = 0  # tensors, those that are not kept too
        self.indices: list[tuple[Value, Sequence[int], int]] = []  # of sparse tensors: what each row stays below
        self.keys: dict[int, tuple[Value, str, str]] = {}  # of storages: the value itself, key, type
        self.owners: dict[int, tuple[Value, Value, str]] = {}  # of values: the value itself, what holds it, key

    def loaded(self, args: Sequence[Value], flows: frozenset[str]) -> Value:
        """A storage is noted with its key."""
        made = super().loaded(args, flows)
        if len(args) >= 5 and args[0] == "storage" and isinstance(args[1], v.Import) and len(self.keys) < OWNERS_MAX:
            self.keys[id(made)] = made, str(args[2]), args[1].name.rpartition(".")[2]
        return made

    def tensor(self, cls: v.Import, args: Sequence[Value], flows: frozenset[str], offset: int) -> Value | None:
        """The value of a tensor over a storage that is known."""
        found = self.keys.get(id(args[0]))
        if found is None:
            return None
        self.rebuilt += 1
        if self.rebuilt > TENSORS_MAX:
            return None
        value = v.Tensor(cls, flows, _geometry(*args[1:4])[1])
        self.tensors.append(Rebuilt(value, found[1], found[2], args, offset))
        return value

    def indexed(self, indices: Value, limits: Sequence[int], offset: int) -> None:
        """Note the indices of a sparse tensor."""
        if len(self.indices) < TENSORS_MAX:
            self.indices.append((indices, limits, offset))

    def store(self, target: v.Container, items: Sequence[Value], step: int = 1) -> None:
        """Put items into a container, and note that it holds them."""
        if not v.PLAIN.issuperset(map(type, items)):
            if step == 2:
                self.owned(target, list(zip(items[0::2], items[1::2], strict=False)))
            else:
                self.owned(target, list(enumerate(items, len(target))))
        super().store(target, items, step)

    def set(self, via: str, target: Value, pairs: Sequence[tuple[Value, Value]], offset: int, *, known: bool) -> None:
        """Note what an object gets; its state belongs to it from now on."""
        if via == "BUILD":
            self.disowned(pairs)
        self.owned(target, pairs)
        super().set(via, target, pairs, offset, known=known)

    def set_plain(self, via: str, target: v.Made, state: v.DictValue, offset: int) -> None:
        """Note the containers that an object gets in its state."""
        self.disowned(list(zip(state[0::2], state[1::2], strict=False)))
        self.owned(target, list(zip(state[0::2], state[1::2], strict=False)))
        super().set_plain(via, target, state, offset)

    def disowned(self, pairs: Sequence[tuple[Value, Value]]) -> None:
        """Forget that the dictionary which is the state holds its values."""
        for _, value in pairs:
            found = self.owners.get(id(value))
            if found is not None and found[1].__class__ is v.DictValue:
                del self.owners[id(value)]

    def owned(self, owner: Value, pairs: Sequence[tuple[Value, Value]]) -> None:
        """Note the owner of values that are or may hold tensors; the first one counts."""
        for key, value in pairs:
            if isinstance(value, (v.Made, v.Container)) and len(self.owners) < OWNERS_MAX:
                self.owners.setdefault(id(value), (value, owner, str(key) if isinstance(key, (str, int)) else "?"))

    def name(self, tensor: Rebuilt) -> str:
        """The keys on the way to a tensor, the outermost first; of one that nothing holds that of its storage."""
        keys: list[str] = []
        value: Value = tensor.value
        while len(keys) < DEPTH and (found := self.owners.get(id(value))) is not None:
            keys.append(found[2][:NAME_MAX])
            value = found[1]
        return ".".join(key for key in reversed(keys) if key not in INNER)[:NAME_MAX] or f"data/{tensor.key[:100]}"


class Places:
    """The storages of an archive: bytes of each, and where those begin that are stored as they are."""

    __slots__ = ("begins", "path", "room", "sizes", "storages")

    def __init__(
        self, path: str, sizes: Mapping[str, int], begins: Mapping[str, int], room: int, storages: Storages | None
    ) -> None:
        self.path = path
        self.storages = storages
        self.sizes = sizes
        self.begins = begins
        self.room = room * SHARED

    def facts(self, folder: str, machine: TensorMachine) -> Iterator[Tensor | Defect | Limit | Values]:
        """The tensors of one pickle, whose storages are in a folder; a limit when there are more than are told."""
        for tensor in machine.tensors:
            fact = self.fact(folder + tensor.key, tensor, machine.name(tensor))
            values = self.values(folder + tensor.key, tensor) if fact.data_offset is None else None
            yield fact if values is None else Values(fact, values)
        yield from self.sparse(folder, machine)
        if machine.rebuilt > TENSORS_MAX:
            yield Limit(self.path, what="tensors", at=machine.rebuilt, budget=TENSORS_MAX, by="file", affects=TENSOR)

    def sparse(self, folder: str, machine: TensorMachine) -> Iterator[Defect]:
        """Indices of sparse tensors that lie outside."""
        from modelaudit.parsers.zip.indices import outside

        tensors = {id(tensor.value): tensor for tensor in machine.tensors} if machine.indices else {}
        for value, limits, offset in machine.indices[:SPARSE_MAX]:
            tensor = tensors.get(id(value))
            values = None if tensor is None else self.values(folder + tensor.key, tensor)
            wrong = None if tensor is None or values is None else outside(values, tensor.kind, limits)
            if wrong is not None:
                name, _ = clean(tensor.key[:100])  # type: ignore[union-attr]
                detail = f"storage {name}: {wrong}"
                yield Defect(self.path, code="sparse-index", detail=detail, places=(Place(offset=offset),))

    def values(self, member: str, tensor: Rebuilt) -> Reader | None:
        """The values of a tensor that do not stand in the archive as they are."""
        nbytes, each = tensor.nbytes(), SIZES.get(tensor.kind, 0)
        if self.storages is None or tensor.offset < 0 or nbytes > self.room:
            return None
        self.room -= nbytes
        return self.storages.values(member, tensor.offset, tensor.shape, tensor.strides, each)

    def fact(self, member: str, tensor: Rebuilt, name: str) -> Tensor:
        """The fact of one tensor; without a place where its values are compressed, not in a row, or not there."""
        begin = tensor.begin(self.sizes.get(member, 0))
        nbytes = tensor.nbytes()
        start = self.begins.get(member)
        told = begin is not None and start is not None and nbytes <= self.room
        self.room -= nbytes if told else 0
        name, lossy = clean(name)
        dtype, lossy_too = clean(tensor.kind[:NAME_MAX])
        return Tensor(
            self.path,
            name=name,
            dtype=dtype,
            shape=tensor.shape,
            rows=tensor.shape[0] if tensor.shape else None,
            nbytes=nbytes,
            storage_size=nbytes if begin is not None else None,
            data_offset=(start or 0) + (begin or 0) if told else None,
            places=(Place(offset=(start or 0) + (begin or 0)),) if told else (),
            lossy=lossy or lossy_too,
        )
