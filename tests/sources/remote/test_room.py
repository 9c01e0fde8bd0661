"""What is kept of files that only come as a whole is bounded for all of them together."""

from __future__ import annotations

import pytest

from fixtures.servers.serving import Handler, Server
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import spool
from modelaudit.sources.remote.http import Transport
from modelaudit.sources.remote.ranges import Contents
from modelaudit.sources.remote.service import Listed

SIZE = 200_000


def whole(handler: Handler) -> None:
    handler.answer(200, handler.path[1:].encode() * SIZE, ETag='"1"')


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "TOGETHER", 3 * SIZE)
    monkeypatch.setattr(spool, "ROOM", spool.Room())


def test_what_was_kept_longest_makes_room_and_is_fetched_again() -> None:
    with Server(whole) as server:
        contents = Contents(Transport(["127.0.0.1"]))
        files = [Listed(name, SIZE, name) for name in "abcdefgh"]
        for file in [*files, *files]:
            got = contents.read(file, f"{server.url}/{file.name}", file.name, SIZE - 9, SIZE)
            assert got == file.name.encode() * 9
            assert sum(spool.ROOM._taken.values()) <= 3 * SIZE
        opened = [content._spool for content in contents._opened.values() if content._spool is not None]
        assert sum(not kept.closed for kept in opened) == 3
        contents.close()
        assert not spool.ROOM._taken


def test_where_nothing_can_make_room_it_is_an_error() -> None:
    kept = [spool.Spool() for _ in range(4)]
    for one in kept[:3]:
        one.add(bytes(SIZE), "x")
    with pytest.raises(SourceError, match="together"):
        kept[3].add(b"1", "x")
    for one in kept:
        one.close()
    assert not spool.ROOM._taken
