"""joblib: pickles in a compressed stream, and arrays that stand between the opcodes of a pickle.

A file that is not compressed has the format `pickle`; its machine asks `ARRAYS` about arrays.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.pickle import values as v
    from modelaudit.parsers.pickle.state import State
    from modelaudit.parsers.reader import Reader

PACKAGE = "joblib"
DTYPE = frozenset(["numpy.dtype"])
WRAPPER = frozenset(
    ["joblib.numpy_pickle.NumpyArrayWrapper", "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper"]
)
NAMED = frozenset(
    f"{package}.{module}.{name}"
    for package in ("joblib", "sklearn.externals.joblib")
    for module in ("numpy_pickle", "numpy_pickle_compat")
    for name in ("NDArrayWrapper", "ZNDArrayWrapper")
)
PROBE = 64 * 1024  # bytes of the content that are looked at


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are a compressed pickle, whatever the codec."""
    from modelaudit.parsers.compressed import format_of

    id = format_of(head)
    if id is None:
        return False
    from modelaudit.parsers.compressed.stream import beginning
    from modelaudit.parsers.pickle import recognise as is_pickle
    from modelaudit.parsers.reader import BytesReader

    data = beginning(reader, id, PROBE)
    return is_pickle(data[:4096], BytesReader(data))


RECOGNISERS: dict[str, Callable[[bytes, Reader], bool]] = {"joblib": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The content as a nested artifact."""
    from modelaudit.parsers.compressed.stream import parse_stream

    return parse_stream(artifact, context)


class Arrays:
    """What `joblib.load` does beyond a plain unpickler: it reads arrays from the file, behind their wrappers."""

    names = DTYPE | WRAPPER | NAMED
    lasts = frozenset(name.rpartition(".")[2] for name in WRAPPER | NAMED)

    def wants(self, record: v.Import) -> bool:
        """Whether the class is an array's element type or wrapper, a wrapper also by way of another module."""
        if not record.names.isdisjoint(self.names):
            return True
        return record.name.rpartition(".")[2] in self.lasts and PACKAGE in record.segments

    def built(self, m: State, target: v.Made, after: int) -> int:
        """Position at which the opcodes go on after a BUILD."""
        from modelaudit.parsers.joblib.arrays import built

        return built(m, target, after)


ARRAYS = Arrays()
