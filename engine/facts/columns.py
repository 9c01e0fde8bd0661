"""Facts of one kind by columns: the values of one field of all of them stand together.

`{"names":[["os.system"],null]}` is one column of two facts; null is an absent value, or the neutral one of the field.
A column is decoded when somebody asks for its field, a fact is made when somebody asks for it, and columns that are
equal, as those of models of one make mostly are, are decoded once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from modelaudit.engine.errors import ModelAuditError
from modelaudit.engine.facts.base import Fact
from modelaudit.engine.facts.kinds import KINDS
from modelaudit.engine.facts.serial import column_reader, column_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, NoReturn

    Values = Sequence[Any]

SMALL = 16 * 1024  # bytes of a column that is remembered
KEPT = 2 * 1024 * 1024  # bytes of all columns that are remembered
_NAMES = {name.encode(): name for kind in KINDS.values() for name in kind.FIELDS}
OWNER = "artifact"  # the field that no column has: it is the same for all


class BadFactsError(ModelAuditError, ValueError):
    """What is no fact; the words say why."""


def columns_of(kind: str, facts: Sequence[Fact], without: Iterable[str] = ()) -> Iterator[str]:
    """The columns of some facts of a kind, a line of JSON each; those that would be empty are left out."""
    for name in KINDS[kind].FIELDS:
        if name == OWNER or name in without:
            continue
        cells = [column_value(name, getattr(fact, name)) for fact in facts]
        if cells.count(None) < len(cells):
            yield f'{{"{name}":{dump(cells)}}}'


def split(lines: Iterable[bytes]) -> dict[str, bytes]:
    """The bytes of each column by the name of its field. Raises `BadFactsError` for lines that are no columns."""
    found: dict[str, bytes] = {}
    for line in lines:
        end = line.find(b'":[', 2)
        name = _NAMES.get(line[2:end]) or line[2:end].decode("utf-8", "replace")
        if not line.startswith(b'{"') or end < 0 or not line.endswith(b"]}") or name in found or name == OWNER:
            raise BadFactsError("a line in a block that is no column")
        found[name] = line[end + 2 : -1]
    return found


class Columns(Sequence[Fact]):
    """The facts of one kind in one artifact. What is wrong with a column raises `BadFactsError` when it is decoded."""

    __slots__ = ("_length", "_made", "_owner", "_raw", "_values", "_where", "kind", "size")

    def __init__(self, kind: str, length: int, raw: dict[str, bytes], owner: str, where: str = "") -> None:
        unknown = raw.keys() - set(KINDS[kind].FIELDS)
        if unknown:
            raise BadFactsError(f"{kind} has no field {min(unknown)!r}")
        self.kind = kind
        self.size = sum(map(len, raw.values()))  # bytes
        self._length = length
        self._raw = raw
        self._owner = owner
        self._where = where  # said before a mistake
        self._values: dict[str, Values] = {}
        self._made: list[Fact | None] = [None] * length

    def raw(self, name: str) -> bytes:
        """The bytes of a column; none where every fact has the field's neutral value."""
        return self._raw.get(name, b"")

    def values(self, name: str) -> Values:
        """The values of a field, one for each fact."""
        found = self._values.get(name)
        if found is None:
            found = self._values[name] = self._read(name)
        return found

    def check(self) -> None:
        """Decode every column, so that nothing is wrong later."""
        for name in self._raw:
            self.values(name)

    def _read(self, name: str) -> Values:
        raw = self._raw.get(name)
        neutral = _neutral(self.kind, name)
        if raw is None:
            return [neutral] * self._length
        known = _KNOWN.get((self.kind, name, self._length, raw))
        if known is None:
            try:
                known = _decoded(self.kind, name, raw, neutral, self._length)
            except ValueError as error:
                where = f"{self._where}: " if self._where else ""
                raise BadFactsError(f"{where}{error}") from None
            if len(raw) <= SMALL:
                _KNOWN.keep((self.kind, name, self._length, raw), known, len(raw))
        return known

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, number: Any) -> Any:  # noqa: ANN401 - a fact, or a tuple for a slice
        if isinstance(number, slice):
            return tuple(map(self.__getitem__, range(self._length)[number]))
        found = self._made[number]
        if found is None:
            fields = {name: self.values(name)[number] for name in self._raw}
            fields[OWNER] = self._owner
            found = self._made[number] = KINDS[self.kind](**fields)
        return found

    def __iter__(self) -> Iterator[Fact]:
        return map(self.__getitem__, range(self._length))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Columns, list, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # facts have one, a collection of them does not

    def __repr__(self) -> str:
        return f"Columns({self.kind}, {self._length})"


class Memory(dict["Any", "Any"]):
    """Answers that are kept, up to so many bytes of what they are answers about."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.spent = 0

    def keep(self, key: object, value: object, size: int) -> None:
        """Keep one more; when there are too many, all others are dropped."""
        if self.spent + size > self.limit:
            self.clear()
            self.spent = 0
        self.spent += size + _EACH
        self[key] = value


_EACH = 100  # bytes that any answer costs
_KNOWN = Memory(KEPT)


def _decoded(kind: str, name: str, raw: bytes, neutral: object, length: int) -> Values:
    cells = decode(raw)
    if not isinstance(cells, list) or len(cells) != length:
        raise BadFactsError(f"{kind}.{name} has not {length} values")
    try:
        return column_reader(KINDS[kind], name)(cells, neutral)
    except (AttributeError, TypeError):
        raise BadFactsError(f"{kind}.{name} has the wrong type") from None


def _neutral(kind: str, name: str) -> object:
    """The value of a field that is not given."""
    defaults = KINDS[kind].__init__.__kwdefaults__
    return (defaults or {}).get(name)


def dump(value: object) -> str:
    """JSON as it stands on a line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def decode(data: bytes) -> object:
    """What JSON says. Raises `BadFactsError`."""
    try:
        text = data.decode("utf-8")
        found, end = _decode(text)
        if text[end:].strip():
            raise ValueError("something stands after the object")
        if b"\\u" in data:
            json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise BadFactsError(f"no JSON: {error}") from None
    return found


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


_decode: Callable[[str], tuple[object, int]] = json.JSONDecoder(parse_constant=_constant).raw_decode
