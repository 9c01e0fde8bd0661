"""Constants in base64 that are longer than what is decoded: a limit only where their beginning would have been read."""

from base64 import b64encode

import pytest

from fixtures import pickles
from fixtures.reading import Read
from modelaudit.parsers.pickle import encoded

LARGE = 64 * 1024
FILES = {
    "an image": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", [], []),
    "a photograph": (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01", [], []),
    "weights": (b"GGUF\3\0\0\0" + bytes(16), [], []),
    "data of HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(24), [], []),
    "a pickle": (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", ["pickle"], ["decoded"]),
    "an archive": (b"PK\3\4\x14\0\0\0\0\0" + bytes(30), ["zip"], ["decoded"]),
}


@pytest.mark.parametrize("name", FILES)
def test_a_long_constant_is_a_limit_only_where_it_would_be_read(monkeypatch, name):
    monkeypatch.setattr(encoded, "WHOLE", LARGE)
    head, kinds, limits = FILES[name]
    text = b64encode(head + bytes(range(256)) * (LARGE // 128)).decode()
    found = Read(pickles.stream(pickles.text(text)))
    assert [blob.kind for blob in found.all("blob")] == kinds
    assert [limit.what for limit in found.all("limit")] == limits
