"""The bytes without which a format is not worth asking about: `magics` of the catalogue, held against an artifact.

A catalogue of many formats costs a small file nothing as long as only those parser packages are imported whose
magic the file has. A magic is necessary, never sufficient: the recogniser decides.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from modelaudit.parsers.reader import Reader

    Test = Mapping[str, Any]


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


class Magic:
    """Tests that hold together, as the catalogue writes them.

    `{"at": 4, "text": "TFL3"}`, `{"at": 0, "hex": "89504e47"}`: these bytes at an offset, 0 by default;
    `{"at": 0, "byte": "5d7d80"}`: one of these bytes there;
    `{"doubling": 512, "hex": "89484446"}`: these bytes at 0, 512, 1024, 2048 … as far as the artifact goes;
    `{"within": 64, "text": "<PMML"}`: somewhere among the first bytes, 4,096 at most;
    `{"end": 65557, "hex": "504b0506"}`: somewhere among the last bytes.
    """

    __slots__ = ("_tests",)

    def __init__(self, written: Test | Sequence[Test]) -> None:
        tests: Any = [written] if isinstance(written, dict) else written
        self._tests = [_read(test) for test in tests]

    def fits(self, place: Place) -> bool:
        """Whether all the tests hold."""
        return all(_holds(place, how, where, wanted) for how, where, wanted in self._tests)


def _read(test: Test) -> tuple[str, int, bytes]:
    """How a test is made, where, and with which bytes."""
    how = next((name for name in ("within", "end", "doubling") if name in test), "at")
    where: int = test.get(how, 0)
    if "byte" in test:
        return "byte", where, bytes.fromhex(test["byte"])
    wanted = test["text"].encode("latin-1") if "text" in test else bytes.fromhex(test["hex"])
    return how, where, wanted


def _holds(place: Place, how: str, where: int, wanted: bytes) -> bool:
    head = place.head
    if how == "at":
        return head.startswith(wanted, where)
    if how == "byte":
        return where < len(head) and head[where] in wanted
    if how == "within":
        return head.find(wanted, 0, where) >= 0
    if how == "doubling":
        return place.doubling(where, wanted)
    return wanted in place.end(where)
