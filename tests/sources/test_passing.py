"""Consumers see every byte of a file once, front to back, whoever reads it how and on whatever thread they work."""

import hashlib
import random
import threading

import pytest

from modelaudit.sources import file, passing
from modelaudit.sources.file import FileReader

SIZE = 300_007


class Everything:
    """A consumer that keeps what it is given."""

    def __init__(self):
        self.data = b""
        self.threads = set()

    def update(self, window):
        self.data += bytes(window)
        self.threads.add(threading.current_thread().name)


@pytest.fixture(params=["same thread", "own thread"])
def big(request, tmp_path, monkeypatch):
    for module, name, value in ((file, "WHOLE", 1000), (file, "BLOCK", 4096), (passing, "STEP", 10_000)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(passing, "WIDE", 7000)
    monkeypatch.setattr(passing, "LARGE", 2000 if request.param == "own thread" else 10**9)
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


def test_a_consumer_that_holds_the_lock_works_where_the_bytes_are_read(big):
    path, data = big
    inline, other = Everything(), Everything()
    inline.inline = True
    with FileReader(path) as reader:
        reader.attach(inline)
        reader.attach(other)
        reader.window(150_000, 10)
        reader.finish()
    assert inline.data == other.data == data
    assert inline.threads == {"MainThread"}


def test_a_large_file_is_consumed_on_a_thread_that_ends_with_the_file(big):
    path, _ = big
    consumer = Everything()
    with FileReader(path) as reader:
        reader.attach(consumer)
        reader.window(150_000, 10)
    assert consumer.threads == {"modelaudit-passing" if passing.LARGE < SIZE else "MainThread"}
    assert threading.active_count() == 1


def test_a_small_file_is_consumed_at_once(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    consumer = Everything()
    with FileReader(str(tmp_path / "a")) as reader:
        reader.attach(consumer)
        reader.finish()
        reader.finish()
    assert (consumer.data, consumer.threads) == (b"abc", {"MainThread"})


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


def test_the_windows_on_their_way_are_few(big, monkeypatch):
    path, data = big
    if passing.LARGE > SIZE:
        pytest.skip("there is one window at a time")
    slow = threading.Event()
    seen = []

    class Slow:
        def update(self, window):
            slow.wait(5)
            seen.append(len(window))

    reads = []
    read = file.pread_into

    def counted(*given):
        reads.append(len(seen))
        if len(reads) == passing.AHEAD + 1:
            slow.set()
        assert len(reads) - len(seen) <= passing.AHEAD + 2
        return read(*given)

    monkeypatch.setattr(file, "pread_into", counted)
    with FileReader(path) as reader:
        reader.attach(Slow())
        reader.finish()
    assert sum(seen) == len(data)
