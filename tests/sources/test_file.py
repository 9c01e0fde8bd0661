"""Reading one file: every byte once, the digest on the way, and the operating system's refusals as errors."""

import hashlib
import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelaudit.sources import file as module
from modelaudit.sources.errors import SourceError
from modelaudit.sources.file import FileReader

SIZE = 300_007  # large for the limits that `small_limits` sets


@pytest.fixture
def small_limits(monkeypatch):
    """Limits so low that a small file goes the way of a large one."""
    monkeypatch.setattr(module, "WHOLE", 1000)
    monkeypatch.setattr(module, "BLOCK", 4096)
    monkeypatch.setattr(module, "STEP", 10_000)


@pytest.fixture
def big(tmp_path, small_limits):
    data = random.Random(7).randbytes(SIZE)
    path = tmp_path / "big.bin"
    path.write_bytes(data)
    return str(path), data


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_a_small_file_is_read_once_whatever_is_asked_of_it(tmp_path):
    path = tmp_path / "small.bin"
    path.write_bytes(b"0123456789" * 100)
    with FileReader(str(path)) as reader:
        assert reader.read_at(5, 10) == b"5678901234"
        assert reader.window(990, 100) == b"0123456789"
        assert reader.read_at(1000, 1) == b""
        assert reader.read_at(-1, 5) == b""
        assert reader.read_at(0, -5) == b""
        assert reader.finish() == digest(b"0123456789" * 100)
        assert reader.bytes_read == 1000


def test_going_through_a_large_file_reads_and_hashes_each_byte_once(big):
    path, data = big
    with FileReader(path) as reader:
        seen = b""
        while window := reader.window(len(seen), 7000):
            seen += window
        assert seen == data
        assert reader.finish() == digest(data)
        assert reader.bytes_read == SIZE


def test_a_parser_that_reads_only_the_head_costs_one_read_of_the_rest(big):
    path, data = big
    with FileReader(path) as reader:
        assert reader.read_at(0, 8) == data[:8]
        assert reader.read_at(8, 100) == data[8:108]
        assert reader.finish() == digest(data)
        assert reader.bytes_read == SIZE


def test_what_a_parser_jumps_over_is_hashed_before_the_window(big):
    path, data = big
    with FileReader(path) as reader:
        assert reader.window(200_000, 50) == data[200_000:200_050]
        assert reader.bytes_read == 200_050
        assert reader.finish() == digest(data)
        assert reader.bytes_read == SIZE


def test_a_look_at_the_end_does_not_read_what_is_before_it(big):
    path, data = big
    with FileReader(path) as reader:
        assert reader.read_at(SIZE - 22, 1000) == data[-22:]
        assert reader.bytes_read < 5000


def test_neighbouring_small_reads_come_from_one_block(big):
    path, data = big
    with FileReader(path) as reader:
        for offset in range(4096, 8192, 16):
            assert reader.read_at(offset, 16) == data[offset : offset + 16]
        assert reader.bytes_read == 4096


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    asked=st.lists(
        st.tuples(st.booleans(), st.integers(-5, SIZE + 5), st.integers(-5, 30_000)),
        max_size=20,
    )
)
def test_any_order_of_reads_gives_the_bytes_and_the_digest(big, asked):
    path, data = big
    with FileReader(path) as reader:
        for windowed, offset, length in asked:
            expected = data[offset : offset + length] if offset >= 0 and length > 0 else b""
            assert (reader.window if windowed else reader.read_at)(offset, length) == expected
        assert reader.finish() == digest(data)
        assert not reader.changed()


def test_without_positioned_reads_the_result_is_the_same(big, monkeypatch):
    path, data = big
    monkeypatch.setattr(module, "pread", module._seek_and_read)
    with FileReader(path) as reader:
        assert reader.read_at(100, 5000) == data[100:5100]
        assert reader.window(60_000, 10) == data[60_000:60_010]
        assert reader.finish() == digest(data)


def test_the_check_ends_reading_and_hashing(big):
    path, _ = big
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 3:
            raise TimeoutError

    with FileReader(path, check=check) as reader, pytest.raises(TimeoutError):
        reader.finish()
    assert reader.bytes_read <= 3 * 10_000


def test_a_length_beyond_all_memory_is_cut_to_the_file(big):
    path, data = big
    with FileReader(path) as reader:
        assert reader.read_at(SIZE - 3, 1 << 60) == data[-3:]
        assert reader.window(SIZE - 3, 1 << 60) == data[-3:]


@pytest.mark.parametrize("size", [100, SIZE])
def test_a_file_that_grows_or_shrinks_meanwhile_is_noticed(tmp_path, small_limits, size):
    path = tmp_path / "moving.bin"
    path.write_bytes(b"x" * size)
    for change in (lambda: path.write_bytes(b"x" * (size + 1)), lambda: path.write_bytes(b"x" * (size // 2))):
        with FileReader(str(path)) as reader:
            assert not reader.changed()
            change()
            reader.finish()
            assert reader.changed()
        path.write_bytes(b"x" * size)


def test_a_file_rewritten_in_place_is_noticed_by_its_time(tmp_path):
    path = tmp_path / "moving.bin"
    path.write_bytes(b"before")
    with FileReader(str(path)) as reader:
        path.write_bytes(b"after!")
        os.utime(path, ns=(1, 1))
        assert reader.changed()


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda path: None, "missing-path", "no such file"),
        (os.mkdir, "unreadable", "not a regular file"),
        (os.mkfifo, "unreadable", "a named pipe"),
        (lambda path: os.symlink("/etc/passwd", path), "unreadable", "too many levels of symbolic links"),
    ],
)
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path, make, code, words):
    path = str(tmp_path / "thing")
    make(path)
    with pytest.raises(SourceError) as caught:
        FileReader(path, name="shown")
    assert caught.value.code == code
    assert words in caught.value.message
    assert caught.value.path == "shown"


def test_a_read_that_the_disk_refuses_is_a_source_error(big, monkeypatch):
    path, _ = big

    def broken(fd, length, offset):
        raise OSError(5, "EIO")

    with FileReader(path) as reader:
        monkeypatch.setattr(module, "pread", broken)
        with pytest.raises(SourceError, match="input/output error"):
            reader.read_at(0, 10)


def test_the_file_is_given_back(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"1")
    reader = FileReader(str(path))
    reader.close()
    reader.close()
    assert reader.changed()
