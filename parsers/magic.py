"""The bytes without which a format is not worth asking about: `magics` of the catalogue, held against an artifact.

A catalogue of many formats costs a small file nothing as long as only those parser packages are imported whose
magic the file has. A magic is necessary, never sufficient: the recogniser decides.
"""

from __future__ import annotations

LOOKS = 64  # fields of a message that are looked at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from modelaudit.parsers.reader import Reader

    Test = Mapping[str, Any]  # as the catalogue writes it
    Tests = tuple[tuple[str, int, bytes], ...]  # how, where, which bytes


class Place:
    """Where magics are looked for: the first bytes of an artifact, and its last ones once somebody asks."""

    __slots__ = ("_end", "head", "reader")

    def __init__(self, head: bytes, reader: Reader) -> None:
        self.head = head
        self.reader = reader
        self._end = b""

    def end(self, length: int) -> bytes:
        """At most so many of the last bytes."""
        size = self.reader.size
        if len(self._end) < min(length, size):
            self._end = self.head if size <= len(self.head) else self.reader.read_at(max(0, size - length), length)
        return self._end[-length:]

    def doubling(self, step: int, wanted: bytes) -> bool:
        """Whether bytes stand at the beginning, or at an offset that is `step` times a power of two."""
        at = 0
        while at + len(wanted) <= self.reader.size:
            near = at + len(wanted) <= len(self.head)
            if self.head.startswith(wanted, at) if near else self.reader.read_at(at, len(wanted)) == wanted:
                return True
            at = at * 2 or step
        return False

    def fits(self, tests: Tests) -> bool:
        """Whether all the tests hold."""
        head = self.head
        for how, where, wanted in tests:
            if how == "at":
                holds = head.startswith(wanted, where)
            elif how == "end" and len(head) >= self.reader.size:
                holds = head.find(wanted, -where) >= 0
            else:
                holds = _holds(self, how, where, wanted)
            if not holds:
                return False
        return True


class Magic:
    """Tests that hold together, as the catalogue writes them.

    `{"at": 4, "text": "TFL3"}`, `{"at": 0, "hex": "89504e47"}`: these bytes at an offset, 0 by default;
    `{"at": 0, "byte": "5d7d80"}`: one of these bytes there;
    `{"doubling": 512, "hex": "89484446"}`: these bytes at 0, 512, 1024, 2048 … as far as the artifact goes;
    `{"within": 64, "text": "<PMML"}`: somewhere among the first bytes, 4,096 at most;
    `{"anywhere": 4096, "text": "\"nbformat\""}`: somewhere in it, or it is longer than so many bytes, 4,096 at most;
    `{"end": 65557, "hex": "504b0506"}`: somewhere among the last bytes;
    `{"message": true}`: the first fields are those of a protocol buffer.
    """

    __slots__ = ("tests",)

    def __init__(self, written: Test | Sequence[Test]) -> None:
        tests: Any = [written] if isinstance(written, dict) else written
        self.tests: Tests = tuple(_read(test) for test in tests)

    def rest(self, first: int | None) -> Tests | None:
        """The tests that are left once the first byte is known, None when it cannot be this one."""
        if first is None:
            return self.tests
        if not all(begins(first, *test) for test in self.tests):
            return None
        return tuple(test for test in self.tests if test[:2] != ("byte", 0))


def _read(test: Test) -> tuple[str, int, bytes]:
    """How a test is made, where, and with which bytes."""
    how = next((name for name in ("within", "anywhere", "end", "doubling") if name in test), "at")
    where: int = test.get(how, 0)
    if "message" in test:
        return "message", 0, b""
    if "byte" in test:
        return "byte", where, bytes.fromhex(test["byte"])
    wanted = test["text"].encode("latin-1") if "text" in test else bytes.fromhex(test["hex"])
    return how, where, wanted


def of_first_byte(how: str, where: int, wanted: bytes) -> bool:
    """Whether a test can fail by the first byte alone."""
    return how == "message" or (how in ("at", "byte") and not where)


def begins(first: int, how: str, where: int, wanted: bytes) -> bool:
    """Whether a test can hold when this is the first byte."""
    if not of_first_byte(how, where, wanted):
        return True
    if how == "message":
        return first >= 8 and first & 7 not in (4, 6, 7)  # of a tag: no field has the number 0, and none starts so
    return first in wanted if how == "byte" else wanted[:1] in (b"", bytes([first]))


def _holds(place: Place, how: str, where: int, wanted: bytes) -> bool:
    head = place.head
    if how == "at":
        return head.startswith(wanted, where)
    if how == "byte":
        return where < len(head) and head[where] in wanted
    if how == "within":
        return head.find(wanted, 0, where) >= 0
    if how == "anywhere":
        return place.reader.size > where or wanted in head
    if how == "doubling":
        return place.doubling(where, wanted)
    if how == "message":
        return plausible(head, place.reader.size)
    return wanted in place.end(where)


def plausible(head: bytes, size: int) -> bool:
    """Whether a message of `size` bytes may begin with `head`: sound tags, lengths within the message."""
    at, known = 0, len(head)
    groups: list[int] = []
    for _ in range(LOOKS):
        if at >= size:
            return at == size and not groups
        if at < known and head[at] < 128:  # as nearly all are
            tag, at = head[at], at + 1
        else:
            tag, at = varint(head, at)
        if at > known:
            return known < size  # the head ends within a field
        if not 8 <= tag < 1 << 32:
            return False
        if tag & 7 == 2 and at < known and head[at] < 128:  # as most are, too
            at += 1 + head[at]
            continue
        at = _after(head, at, tag, groups)
        if at < 0:
            return False
    return at <= size


def _after(head: bytes, at: int, tag: int, groups: list[int]) -> int:
    """Where a field ends, negative for what is none. `groups` are those that are open."""
    wire, number = tag & 7, tag >> 3
    if wire == 0:
        return varint(head, at)[1]
    if wire == 2:
        length, at = (head[at], at + 1) if at < len(head) and head[at] < 128 else varint(head, at)
        return at + length if length >= 0 else -1
    if wire == 3:
        groups.append(number)
        return at
    if wire == 4 and groups:
        return at if groups.pop() == number else -1
    return {1: at + 8, 5: at + 4}.get(wire, -1)


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length and the place behind it, which is beyond the data when those end too early.

    The number is negative when it has more than the ten bytes that are allowed.
    """
    value = shift = 0
    for place in range(at, min(at + 10, len(data))):
        byte = data[place]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place + 1
        shift += 7
    return (0, len(data) + 1) if at + 10 > len(data) else (-1, at + 10)
