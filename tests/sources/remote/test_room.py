"""What is kept of files that only come as a whole is bounded for all of them together."""

from __future__ import annotations

import pytest

from fixtures.servers.serving import Handler, Server
from fixtures.servers.speaking import speaking
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import spool
from modelaudit.sources.remote.http import Transport
from modelaudit.sources.remote.ranges import Contents
from modelaudit.sources.remote.reader import Blocks
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


def without_ranges(respond):
    def answer(handler: Handler) -> None:
        del handler.headers["Range"]
        respond(handler)

    return answer


@pytest.mark.parametrize("stream", [False, True])
def test_a_stream_keeps_one_file_at_a_time(stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    spools, blocks = [0], [0]
    monkeypatch.setattr(spool, "TOGETHER", 100 * SIZE)
    add, put = spool.Spool.add, Blocks.put

    def added(self: spool.Spool, *given: object) -> None:
        add(self, *given)
        spools.append(spool.ROOM.taken)

    def kept(self: Blocks, *given: object) -> None:
        put(self, *given)
        blocks.append(sum(map(len, self._blocks.values())))

    monkeypatch.setattr(spool.Spool, "add", added)
    monkeypatch.setattr(Blocks, "put", kept)
    files = {f"{name}.pkl": b"cposix\nsystem\n(S'true'\ntR." + bytes(SIZE) for name in "abcdef"}
    with speaking("artifactory", files, monkeypatch, without_ranges) as (address, _):
        document = scan([address], load_ruleset(), Options(stream=stream))
    assert len({finding.artifact for finding in document.findings if finding.severity == "critical"}) == 6
    most = len(files["a.pkl"]) * (1 if stream else 6)
    assert (max(spools), max(blocks)) == (most, most)
