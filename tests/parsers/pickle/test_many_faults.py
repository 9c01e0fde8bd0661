"""Streams of opcodes that find nothing on the stack, at which loaders stop at once."""

from fixtures.reading import Read
from modelaudit.parsers.pickle import machine

CALL = b"cacme\nrun\n)R"


def test_a_stream_of_faults_ends_and_what_is_behind_is_read() -> None:
    read = Read(b"\x80\x02" + b"Nu" * 3 * machine.FAULTS_MAX + CALL + b".")
    assert read.streams[0].error == "stack-underflow"
    assert read.streams[0].end < 6 * machine.FAULTS_MAX  # every further fault would move a stack that grows
    assert read.targets == ["acme.run"]


def test_some_faults_do_not_end_a_stream() -> None:
    read = Read(b"\x80\x02" + b"Nu" * (machine.FAULTS_MAX // 2 - 1) + CALL + b".")
    assert [stream.error for stream in read.streams] == [None]
    assert read.targets == ["acme.run"]
