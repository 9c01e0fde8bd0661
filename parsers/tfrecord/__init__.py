"""Files of records as TensorFlow writes them: training data, and the logs that TensorBoard shows.

A record is its length, a checksum of the length, its bytes, a checksum of them:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/lib/io/record_writer.h. The checksum is CRC-32C
(RFC 3720, appendix B.4), masked. A log has one `Event` of
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto in each record, training data
mostly an `Example` of https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/example/example.proto.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

EVENTS = "tensorboard-events"
HEADER, FOOTER = 12, 4  # bytes before and behind the data of a record
VERSION = b"brain.Event:"  # how the first record of a log says its version
POLYNOMIAL = 0x82F63B78  # of CRC-32C, reflected
MASK_DELTA = 0xA282EAD8
EIGHT = 8  # bytes of a length

_table: list[int] = []


def _row(n: int) -> int:
    for _ in range(EIGHT):
        n = n >> 1 ^ (POLYNOMIAL if n & 1 else 0)
    return n


def masked(data: bytes) -> int:
    """The masked checksum of some bytes."""
    table = _table
    if not table:
        table += [_row(n) for n in range(256)]
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def length(header: bytes) -> int:
    """How many bytes the data of a record has, -1 when its header does not hold."""
    if len(header) < HEADER or masked(header[:EIGHT]) != int.from_bytes(header[EIGHT:HEADER], "little"):
        return -1
    return int.from_bytes(header[:EIGHT], "little")


def recognise_records(head: bytes, reader: Reader) -> bool:
    """Whether the first bytes are a length and its checksum."""
    return length(head[:HEADER]) >= 0


def recognise_events(head: bytes, reader: Reader) -> bool:
    """Whether the first record says the version of a log."""
    size = length(head[:HEADER])
    return size > 0 and VERSION in head[HEADER : HEADER + size]


RECOGNISERS = {EVENTS: recognise_events, "tfrecord": recognise_records}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Graphs, texts and tensors of events; of other records what their bytes are when they are a file."""
    from modelaudit.parsers.tfrecord.records import parse_records

    return parse_records(artifact, context)
