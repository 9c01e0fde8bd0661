"""Most small pickles are told from legacy checkpoints without being read: what is passed over so is never one."""

import pickle
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.torch import MAGIC, may_begin, recognise_legacy
from modelaudit.parsers.torch.legacy import begins

NUMBER = 0x1950A86A20F9469CFC6C
VERSION = 1001
PADDING = pickle.dumps("x" * 64, 4)
COMPUTED = b"cbuiltins\nint\n)R."
SPELLINGS = [
    b"I%d\n", b"L%dL\n", b"L%d\n", b"I +%d\n", b"I0%d\n", b"I\t%d \n", b"F%d\n", b"F%d.0\n", b"L %d_\n",
    b"I0x%x\n", b"I\0\x85 %d\n", b"I++0%o\n",
]  # fmt: skip


def spelled(number):
    yield from (pickle.dumps(number, protocol) for protocol in range(6))
    yield from (spelling % number + b"." for spelling in SPELLINGS)
    yield b"G" + struct.pack(">d", number) + b"."
    data = number.to_bytes(16, "little")
    yield b"\x8a\x10" + data + b"."
    yield b"\x8b\x10\0\0\0" + data + b"."
    yield b"(K\x01" + pickle.dumps(number, 2)[2:-1] + b"10" + pickle.dumps(number, 2)[2:]


def checkpoints():
    for first in spelled(NUMBER):
        yield first + PADDING
    for second in spelled(VERSION):
        yield COMPUTED + second + PADDING
        yield b"\x80\x02" + COMPUTED + second + PADDING


@pytest.mark.parametrize("data", list(checkpoints()))
def test_every_way_to_write_the_numbers_is_looked_at(data):
    assert may_begin(data) or not begins(BytesReader(data))


@given(st.lists(st.sampled_from([*spelled(VERSION), *spelled(NUMBER), COMPUTED, b"N.", b"\x80\x04", b"(", b"\n"]),
                max_size=4), st.binary(max_size=20))  # fmt: skip
def test_nothing_is_passed_over(parts, rest):
    data = b"".join(parts) + rest + PADDING
    assert may_begin(data) or not begins(BytesReader(data))


def test_a_plain_pickle_is_not_read_for_it():
    data = pickle.dumps({"model_type": "bert", "layers": [f"encoder.{n}" for n in range(9)], "rates": [0.5] * 9}, 4)
    assert not may_begin(data)
    assert not recognise_legacy(data, BytesReader(data))
    assert any(recognise_legacy(start + data, BytesReader(start + data)) for start in (MAGIC, b"\x80\x02" + MAGIC))
