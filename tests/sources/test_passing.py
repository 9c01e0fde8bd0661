"""Consumers see every byte of a file once, front to back, whoever reads it how."""

import hashlib
import random

import pytest

from modelaudit.sources import file
from modelaudit.sources.file import FileReader

SIZE = 300_007


class Everything:
    """A consumer that keeps what it is given."""

    def __init__(self):
        self.data = b""
        self.most = 0

    def update(self, window):
        self.data += bytes(window)
        self.most = max(self.most, len(window))


@pytest.fixture
def big(tmp_path, monkeypatch):
    for name, value in (("WHOLE", 1000), ("BLOCK", 4096), ("STEP", 10_000)):
        monkeypatch.setattr(file, name, value)
    data = random.Random(7).randbytes(SIZE)
    (tmp_path / "big.bin").write_bytes(data)
    return str(tmp_path / "big.bin"), data


def test_a_consumer_gets_every_byte_once_and_in_order_whatever_a_parser_reads(big):
    path, data = big
    choose = random.Random(3)
    consumer = Everything()
    with FileReader(path) as reader:
        reader.attach(consumer)
        for _ in range(60):
            offset, length = choose.randrange(SIZE), choose.randrange(20_000)
            read = choose.choice([reader.read_at, reader.window])
            assert read(offset, length) == data[offset : offset + length]
        assert reader.finish() == hashlib.sha256(data).hexdigest()
        assert reader.finish() == hashlib.sha256(data).hexdigest()
    assert consumer.data == data


def test_all_consumers_get_the_same(big):
    path, data = big
    first, second = Everything(), Everything()
    with FileReader(path) as reader:
        reader.attach(first)
        reader.attach(second)
        reader.window(150_000, 10)
        reader.finish()
    assert first.data == second.data == data


def test_what_is_read_for_consumers_alone_comes_in_small_windows(big):
    path, _ = big
    consumer = Everything()
    with FileReader(path) as reader:
        reader.attach(consumer)
        reader.finish()
    assert consumer.most == file.STEP


def test_a_small_file_is_consumed_at_once(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    consumer = Everything()
    with FileReader(str(tmp_path / "a")) as reader:
        reader.attach(consumer)
        reader.finish()
        reader.finish()
    assert consumer.data == b"abc"


def test_nobody_is_attached_after_the_first_window(big):
    path, _ = big
    with FileReader(path) as reader:
        reader.window(0, 10)
        with pytest.raises(ValueError, match="passed"):
            reader.attach(Everything())


def test_what_a_consumer_raises_is_raised_where_the_digest_is_asked_for(big):
    path, _ = big

    class Broken:
        def update(self, window):
            raise ArithmeticError("broken")

    with FileReader(path) as reader:
        reader.attach(Broken())
        with pytest.raises(ArithmeticError):
            reader.finish()
