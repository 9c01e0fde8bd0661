"""Keys of a store that are made to be slow to tell."""

import pytest

from modelaudit.parsers.ocdbt import store


@pytest.mark.parametrize(
    ("key", "is_chunk"),
    [
        (b"a/0", True),
        (b"0", True),
        (b"a/c/0/1", True),
        (b"c.0.1", True),
        (b"a/b/0.0.12", True),
        (b"a\n/0", True),
        (b"a/.zarray", False),
        (b"a/0x", False),
        (b"a/d.0", False),
        (b"a/0.", False),
        (b"a/", False),
        (b"1/" * 30_000 + b"x", False),
        (b"1." * 30_000 + b"x", False),
        (b"1/" * 30_000 + b"1", True),
    ],
)
def test_keys_of_parts_of_arrays(key: bytes, is_chunk: bool) -> None:  # slow ones would take minutes
    assert bool(store.is_chunk(key)) is is_chunk
