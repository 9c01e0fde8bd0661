"""The time of a scan ends what is on its way, whichever client waits for it."""

from __future__ import annotations

import asyncio
import socket
import time
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.speaking import SOURCES, speaking
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.remote import hosts
from modelaudit.sources.remote.service import CHECK, Interrupted
from modelaudit.sources.remote.waiting import awaited, left_alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.servers.serving import Handler
    from modelaudit.engine.ruleset import Ruleset

EVIL = b"cposix\nsystem\n(S'true'\ntR."
LIMIT = 0.7
ROOM = 5.0  # far less than any client's own patience, and enough for a machine that is busy
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


class SpentError(Exception):
    """What the check of a scan raises."""


@pytest.fixture
def released() -> Iterator[Event]:
    """Set when the test is over, so that no server waits any longer."""
    event = Event()
    yield event
    event.set()


@pytest.fixture
def spent() -> Iterator[None]:
    """A scan whose time is up."""

    def check() -> None:
        raise SpentError

    token = CHECK.set(check)
    yield
    CHECK.reset(token)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("silent", ["listing", "content"])
def test_a_scan_ends_with_its_time(
    source: str, silent: str, ruleset: Ruleset, released: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silenced(respond):
        def answer(handler: Handler) -> None:
            content = bool({"range", "x-ms-range"} & {name.lower() for name in handler.headers})
            if content is (silent == "content"):
                released.wait(60)
                handler.drop()
            else:
                respond(handler)

        return answer

    with speaking(source, {"evil.pkl": EVIL}, monkeypatch, silenced) as (address, server):
        scan([address], ruleset, Options(timeout=0.01))  # imports the client
        server.seen.clear()
        began = time.monotonic()
        document = scan([address], ruleset, Options(timeout=LIMIT))
        assert time.monotonic() - began < LIMIT + ROOM
    assert document.decision.exit_code == 2
    assert document.errors


def test_looking_up_a_name_ends_with_it(ruleset: Ruleset, released: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*_: object, **__: object) -> list[object]:
        released.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    began = time.monotonic()
    document = scan(["https://models.example/m.pkl"], ruleset, Options(timeout=LIMIT))
    assert time.monotonic() - began < LIMIT + ROOM
    assert document.decision.exit_code == 2


def test_a_call_that_nothing_ends_is_left_alone(spent: None, released: Event) -> None:
    with pytest.raises(Interrupted) as caught:
        left_alone(lambda: released.wait(60))
    assert isinstance(caught.value.why, SpentError)


def test_what_a_call_gives_or_raises_comes_back(spent: None) -> None:
    assert left_alone(lambda: 3) == 3
    with pytest.raises(TimeoutError, match="mine"):
        left_alone(_raising)


def _raising() -> None:
    raise TimeoutError("mine")


def test_work_in_a_loop_is_cancelled(spent: None) -> None:
    loop, cancelled = asyncio.new_event_loop(), Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        with pytest.raises(Interrupted):
            awaited(loop, work())
        assert cancelled.wait(ROOM)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "x.localhost", "::1"])
def test_no_way_to_write_this_machine_goes_through_a_proxy(host: str) -> None:
    with pytest.raises(hosts.SourceError, match="local network"):
        hosts.Guard(["models.example"]).check_unresolved(host, "http://x/")


@pytest.mark.parametrize("host", ["face", "beef.example", "1.2.3.4.5", "8.8"])
def test_what_only_looks_like_a_number_does(host: str) -> None:
    hosts.Guard(["models.example"]).check_unresolved(host, "http://x/")
