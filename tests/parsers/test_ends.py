"""The ends of a file, by which it is recognised where its weights are not read."""

import io
import zipfile

import pytest

from modelaudit.parsers.reader import BytesReader, Ends
from modelaudit.parsers.zip import recognise_torch

KIB = 1024


class Counting(BytesReader):
    """Remembers what was read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked: list[tuple[int, int]] = []

    def read_at(self, offset: int, length: int) -> bytes:
        self.asked.append((offset, length))
        return super().read_at(offset, length)


def archive(members: int, each: int = 64) -> bytes:
    """An archive of PyTorch that names its stream last."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for n in range(members):
            made.writestr(f"archive/data/{n}", bytes(each))
        made.writestr("archive/data.pkl", b"\x80\x02N.")
    return out.getvalue()


@pytest.mark.parametrize("members", [1, 200, 600, 5000])
@pytest.mark.parametrize("each", [1, 64, 400])
def test_archives_are_recognised_however_long_they_and_their_directories_are(members: int, each: int) -> None:
    data = archive(members, each)
    assert recognise_torch(data[: 4 * KIB], Ends(BytesReader(data)))


@pytest.mark.parametrize("size", [10, 64 * KIB, 65 * KIB, 100 * KIB, 128 * KIB, 130 * KIB])
def test_a_file_that_is_not_longer_than_both_ends_is_read_whole(size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    ends = Ends(BytesReader(data))
    for offset in range(0, size, 7 * KIB):
        if size <= Ends.REACH + Ends.TAIL or offset + 7 * KIB <= Ends.REACH or offset >= size - Ends.TAIL:
            assert ends.read_at(offset, 7 * KIB) == data[offset : offset + 7 * KIB]


def test_the_middle_of_others_is_not_read() -> None:
    base = Counting(bytes(1024 * KIB))
    ends = Ends(base)
    assert ends.read_at(512 * KIB, 10) == b""
    assert ends.read_at(60 * KIB, 10 * KIB) == bytes(4 * KIB)
    assert ends.window(1023 * KIB, 10 * KIB) == bytes(KIB)
    assert all(offset + length <= Ends.REACH or offset >= ends.size - Ends.TAIL for offset, length in base.asked)
