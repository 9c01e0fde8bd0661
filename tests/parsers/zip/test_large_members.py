"""Large members are expanded once to be measured, and once more when they are read."""

import pytest

from fixtures.archives import DEFLATE, Entry, archive
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.expansion import EDGE, SPOOL, Expander, Spool
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.zip import parse


@pytest.mark.parametrize(("crc", "ok"), [(None, True), (7, False)])
def test_large_members_are_expanded_once_before_they_are_read(monkeypatch, crc, ok):
    from modelaudit.parsers import expansion

    data = bytes(range(256)) * 256 * 200 + b"end"
    produced = []

    class Counting(Expander):
        def read(self, limit):
            out = super().read(limit)
            produced.append(len(out))
            return out

    monkeypatch.setattr("modelaudit.parsers.zip.content.Expander", Counting)
    lies = {} if crc is None else {"local": {"crc": crc}, "central": {"crc": crc}}
    whole = archive([Entry("a", data, DEFLATE, **lies)])
    found = list(parse(Input("x", BytesReader(whole), "zip"), Context()))
    (nested,) = [item for item in found if isinstance(item, Nested)]
    assert [item.crc_ok for item in found if getattr(item, "KIND", "") == "member"] == [ok]
    assert len(data) > SPOOL + EDGE
    assert nested.reader.read_at(0, 4096) == data[:4096]
    assert nested.reader.read_at(len(data) - 70_000, 80_000) == data[-70_000:]
    for at in (2 * EDGE, 4 * EDGE, 8 * EDGE):
        assert nested.reader.read_at(at, 8) == data[at : at + 8]
    assert sum(produced) == len(data)  # recognising it expands nothing more
    assert nested.reader.read_at(EDGE - 5, 10) == data[EDGE - 5 : EDGE + 5]
    assert expansion.EDGE < sum(produced) - len(data) < 2 * SPOOL


@pytest.mark.parametrize("step", [1 << 20, 99_991, 2 * EDGE + 3, 10 * EDGE])
def test_bytes_at_doubling_offsets_are_held_whatever_the_pieces(step):
    data = bytes(range(256)) * 256 * 200
    spool = Spool()
    for at in range(0, len(data), step):
        spool.add(data[at : at + step])
    reader = spool.reader(lambda: pytest.fail("it is read once more"))
    for at in (0, 512, EDGE // 2, 2 * EDGE, 4 * EDGE, 8 * EDGE, len(data) - 70_000):
        assert reader.read_at(at, 8) == data[at : at + 8]
