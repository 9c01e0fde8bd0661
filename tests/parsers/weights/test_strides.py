"""The ways in which low bits are looked at where all weights are asked for."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from fixtures.checkpoints import normal
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.weights import element_of
from modelaudit.parsers.weights.lowbits import hidden
from modelaudit.parsers.weights.strides import is_text

WORDS = b"The quick brown fox jumps over the lazy dog, again and again; nobody knows why it does.\n" * 8


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("run.txt", "nothing")
    return file.getvalue()


def written(payload: bytes, bits: int, *, stride: int = 1, high: bool = True, plane: int = 0, kind: str = "<f4"):
    """Values with the bits of a payload in the low bits of a byte of each."""
    values = normal(300, 100).astype(kind)
    lanes = values.view("u1").reshape(-1, values.dtype.itemsize)
    digits = np.unpackbits(np.frombuffer(payload, "u1"), bitorder="big" if high else "little")
    digits = np.concatenate([digits, np.zeros(-len(digits) % bits, "u1")]).reshape(-1, bits)
    order = range(bits - 1, -1, -1) if high else range(bits)
    parts = sum(digits[:, at].astype("u1") << place for at, place in enumerate(order))
    lane = len(lanes[0]) - 1 - plane if kind.startswith(">") else plane
    target = lanes[::stride, lane]
    target[: len(parts)] = target[: len(parts)] >> bits << bits | parts if bits < 8 else parts
    return values


def found(values, *, thorough: bool = True):
    kind = values.dtype.str
    result = hidden(BytesReader(values.tobytes()), 0, values.nbytes, element_of(kind), thorough=thorough)
    return result and (result.kind, result.method)


@pytest.mark.parametrize("bits", [3, 5, 6, 7])
@pytest.mark.parametrize("high", [True, False])
def test_odd_numbers_of_bits(bits: int, high: bool) -> None:
    values = written(archive(), bits, high=high)
    assert found(values) == ("zip", f"lsb-{bits}-first-{'high' if high else 'low'}")
    assert found(values, thorough=False) is None


@pytest.mark.parametrize("stride", [2, 3, 4])
def test_every_second_to_fourth_value(stride: int) -> None:
    assert found(written(archive(), 2, stride=stride)) == ("zip", f"lsb-2-first-high-every-{stride}")
    assert found(written(archive(), 8, stride=stride)) == ("zip", f"lsb-8-every-{stride}")


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8"])
def test_single_bytes_above_the_lowest(kind: str) -> None:
    assert found(written(archive(), 8, plane=1, kind=kind)) == ("zip", "low-bytes-plane-1")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_text(bits: int) -> None:
    ending = "-first-high" if bits < 8 else ""
    assert found(written(WORDS, bits)) == ("text", f"lsb-{bits}{ending}")
    assert found(written(WORDS, bits), thorough=False) is None


@pytest.mark.parametrize("kind", ["<f4", "<f2", "<f8"])
def test_ordinary_weights_hold_nothing(kind: str) -> None:
    for seed in range(20):
        assert found(normal(100, 100, seed=seed).astype(kind)) is None
    assert found(np.zeros((100, 100), kind)) is None
    assert found(np.full((100, 100), 0.1, kind)) is None


def test_what_is_text() -> None:
    assert is_text(WORDS[:256])
    assert not is_text(WORDS[:100])
    assert not is_text(b"a " * 128)
    assert not is_text(bytes(range(32, 127)) * 3)
    assert not is_text(b"\0" + WORDS[:255])
