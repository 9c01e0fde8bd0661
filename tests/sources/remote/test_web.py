"""One file on a web server, on good and on bad ones."""

import random
import socket
import time

import pytest

from fixtures.servers.ranges import (
    dripping,
    endless,
    etag,
    every_third_dropped,
    part,
    ranges,
    redirecting,
    serve,
    without_ranges,
)
from fixtures.servers.serving import Handler, Server
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import connections, http, web
from modelaudit.sources.remote import ranges as reading
from modelaudit.sources.remote.service import Listed, Transient

DATA = random.Random(1).randbytes(300_000)
PATH = "/models/a.pt"


@pytest.fixture
def opened():
    """A service at an address, closed at the end."""
    services = []

    def connect(address: str, **options: int) -> web.Web:
        services.append(web.connect(address, **options))
        return services[-1]

    yield connect
    for service in services:
        service.close()


def whole(service: web.Web, file: Listed, step: int = 50_000) -> bytes:
    """Every byte, read with as much patience as is needed."""
    data = b""
    for _ in range(100):
        if len(data) == file.size:
            break
        try:
            data += service.read(file, len(data), min(len(data) + step, file.size or 0))
        except Transient:
            continue
    return data


def test_a_file_is_read_by_ranges(opened) -> None:
    with serve({PATH: DATA}) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        assert (file.name, file.size, file.version) == ("", len(DATA), etag(DATA))
        assert service.address == server.url + PATH
        assert service.read(file, 0, 1000) == DATA[:1000]
        assert service.read(file, 200_000, 200_100) == DATA[200_000:200_100]
        assert service.read(file, 299_990, 400_000) == DATA[299_990:]
        assert [request.method for request in server.seen] == ["HEAD", "GET", "GET", "GET"]
        assert server.sent == 1110


def test_connections_are_used_again(opened) -> None:
    with serve({PATH: DATA}) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        ports = set()
        honest = server.respond
        server.respond = lambda handler: (ports.add(handler.client_address), honest(handler))[1]
        for at in range(100_000, 200_000, 10_000):
            service.read(file, at, at + 10)
        assert len(ports) == 1


def test_the_version_is_asked_for_again(opened) -> None:
    with serve({PATH: DATA}) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        service.read(file, 100_000, 100_001)
        service.read(file, 200_000, 200_001)
        assert server.seen[-1].headers["if-match"] == etag(DATA)


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 32 * 1024 + 1])
@pytest.mark.parametrize("answers", [ranges, without_ranges])
def test_any_size_is_read_whole(opened, size: int, answers) -> None:
    with Server(answers({PATH: DATA[:size]})) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        assert file.size == size
        assert whole(service, file) == DATA[:size]


def test_what_stands_behind_a_question_mark_is_sent_and_not_shown(opened) -> None:
    with serve({PATH: DATA}) as server:
        service = opened(f"{server.url}{PATH}?token=hunter2#part")
        [file] = service.files()
        assert server.seen[0].path == f"{PATH}?token=hunter2"
        assert "hunter2" not in service.address + file.key + file.version
        assert opened(f"{server.url}{PATH}?token=other")._key != file.key


def test_another_process_reads_what_was_listed_there(opened) -> None:
    with serve({PATH: DATA}) as server:
        [file] = opened(server.url + PATH).files()
        assert opened(server.url + PATH).read(file, 5, 10) == DATA[5:10]
        assert len(server.seen) == 2


def test_a_server_without_ranges_is_asked_once(opened) -> None:
    with Server(without_ranges({PATH: DATA})) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        assert whole(service, file) == DATA
        assert [request.method for request in server.seen] == ["HEAD", "GET"]


def test_more_than_is_kept_is_refused_before_it_is_read(opened) -> None:
    words = "can only be read as a whole, and is larger than the 1000 bytes"
    with Server(without_ranges({PATH: DATA})) as server:
        service = opened(server.url + PATH, most=1000)
        [file] = service.files()
        with pytest.raises(SourceError, match=words):
            service.read(file, 0, 1)
        time.sleep(0.05)
        assert server.sent <= len(DATA)


def test_so_is_a_body_that_does_not_say_how_long_it_is(opened) -> None:
    def respond(handler: Handler) -> None:
        handler.head(200, {"Connection": "close"})
        handler.send(DATA)
        handler.drop()

    with Server(respond) as server:
        with pytest.raises(SourceError, match="larger than the 1000 bytes"):
            opened(server.url + PATH, most=1000).files()
        [file] = opened(server.url + PATH).files()
        assert file.size == len(DATA)


def test_a_size_that_no_part_tells_is_found_out_by_reading_all(opened) -> None:
    def respond(handler: Handler) -> None:
        if "Range" in handler.headers:
            handler.answer(206, DATA[:10], Content_Range="bytes 0-9/*")
        else:
            handler.answer(200, DATA)

    with Server(respond) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        assert whole(service, file) == DATA


def test_dropped_connections_cost_attempts_and_no_bytes(opened) -> None:
    with Server(every_third_dropped({PATH: DATA})) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        assert whole(service, file, 20_000) == DATA


def test_a_broken_body_is_given_as_far_as_it_came(opened) -> None:
    def respond(handler: Handler) -> None:
        handler.head(206, {"Content-Range": f"bytes 0-99/{len(DATA)}", "Content-Length": "100", "ETag": '"x"'})
        handler.send(DATA[:40])
        handler.drop()

    with Server(respond) as server:
        assert opened(server.url + PATH).read(Listed("", len(DATA), ""), 0, 100) == DATA[:40]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Content-Range": "bytes 0-9/5000"}, "changed while it was read"),
        ({"Content-Range": "bytes 7-16/300000"}, "other bytes than it was asked for"),
        ({"Content-Range": "bytes 0-99999/300000"}, "other bytes than it was asked for"),
        ({"Content-Range": "bytes 5-1/300000"}, "other bytes than it was asked for"),
        ({"Content-Range": "nonsense"}, "other bytes than it was asked for"),
        ({"Content-Range": "bytes 0-9/300000", "Content-Encoding": "gzip"}, "packed"),
    ],
)
def test_lies_about_ranges_are_told(opened, headers, words: str) -> None:
    def respond(handler: Handler) -> None:
        handler.head(206, {**headers, "Content-Length": "10"})
        handler.send(b"x" * 10)

    with Server(respond) as server, pytest.raises(SourceError, match=words):
        opened(server.url + PATH).read(Listed("", 300_000, ""), 0, 10)


@pytest.mark.parametrize("status", [200, 206])
def test_a_head_that_breaks_off_is_no_empty_file(opened, status: int) -> None:
    def respond(handler: Handler) -> None:
        handler.send(b"HTTP/1.1 %d OK\r\nDate: now\r\nContent-" % status)
        handler.drop()

    with Server(respond) as server, pytest.raises(Transient, match="broke"):
        opened(server.url + PATH).files()


def test_ten_gigabytes_for_a_kilobyte_are_not_read(opened) -> None:
    with Server(endless(10 << 30)) as server:
        service = opened(server.url + PATH)
        assert service.read(Listed("", 1024, ""), 0, 1024) == bytes(1024)
        time.sleep(0.05)
        assert server.sent < 64 << 20


@pytest.mark.parametrize(
    "change",
    [
        lambda handler: part(handler, DATA[::-1]),  # another ETag: 412
        lambda handler: part(handler, DATA + b"x", ETag=""),
        lambda handler: handler.answer(206, DATA[:10], Content_Range="bytes 100000-100009/300000", ETag='"new"'),
        lambda handler: handler.answer(416),
        lambda handler: handler.answer(200, DATA[:-1]),
    ],
)
def test_a_file_that_changes_is_noticed(opened, change) -> None:
    with serve({PATH: DATA}) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        server.respond = change
        with pytest.raises(SourceError, match="changed while it was read"):
            service.read(file, 100_000, 100_010)


def test_without_an_etag_the_date_tells_it(opened) -> None:
    old, new = "Tue, 01 Jul 2025 10:00:00 GMT", "Wed, 02 Jul 2025 10:00:00 GMT"
    with serve({PATH: DATA}, ETag="", Last_Modified=old) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        assert file.version == old
        for at in (100_000, 200_000):
            assert service.read(file, at, at + 10) == DATA[at : at + 10]
        assert server.seen[-1].headers["if-unmodified-since"] == old
        server.respond = ranges({PATH: DATA}, ETag="", Last_Modified=new)
        with pytest.raises(SourceError, match="changed"):
            service.read(file, 100_000, 100_010)


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "refused"), (403, "refused"), (404, "missing-path"), (410, "missing-path"), (400, "unreadable")],
)
def test_what_will_not_pass_is_an_error(opened, status: int, code: str) -> None:
    with Server(lambda handler: handler.answer(status, b"<b>secret words</b>")) as server:
        with pytest.raises(SourceError, match=str(status)) as caught:
            opened(server.url + PATH).files()
        assert (caught.value.code, caught.value.path) == (code, server.url + PATH)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 522])
def test_what_may_pass_is_told_apart(opened, status: int) -> None:
    with Server(lambda handler: handler.answer(status, Retry_After="7")) as server:
        with pytest.raises(Transient, match=str(status)) as caught:
            opened(server.url + PATH).files()
        assert caught.value.after == 7


def test_a_date_to_come_back_at(opened) -> None:
    with Server(lambda handler: handler.answer(503, Retry_After="Tue, 01 Jul 2025 10:00:00 GMT")) as server:
        with pytest.raises(Transient) as caught:
            opened(server.url + PATH).files()
        assert caught.value.after == 0


def test_nobody_at_the_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Transient, match="no connection to 127"):
            web.connect(f"http://127.0.0.1:{taken.getsockname()[1]}/x").files()


def test_a_page_is_no_model(opened) -> None:
    page = b"\n<!-- hello --><!DOCTYPE html><title>models</title>"
    with serve({PATH: page, "/page.html": page}, Content_Type="text/html; charset=utf-8") as server:
        with pytest.raises(SourceError, match="a web page and not with a file"):
            opened(server.url + PATH).files()
        assert opened(server.url + "/page.html").files()
    with serve({PATH: DATA}, Content_Type="text/html") as server:
        assert opened(server.url + PATH).files()


def test_slow_bodies_end(opened, monkeypatch) -> None:
    monkeypatch.setattr(http, "BODY", 0.3)
    with Server(dripping(DATA[:100], 0.05)) as server:
        began = time.monotonic()
        data = opened(server.url + PATH).read(Listed("", 100, ""), 0, 100)
        assert time.monotonic() - began < 3
        assert 0 < len(data) < 100
        assert data == DATA[: len(data)]


def test_slow_heads_end(opened, monkeypatch) -> None:
    monkeypatch.setattr(connections, "ANSWER", 0.3)

    def respond(handler: Handler) -> None:
        handler.send(b"HTTP/1.1 200 OK\r\n")
        for number in range(100):
            handler.send(b"X-%d: y\r\n" % number)
            time.sleep(0.05)

    with Server(respond) as server:
        began = time.monotonic()
        with pytest.raises(Transient):
            opened(server.url + PATH).files()
        assert time.monotonic() - began < 3


def test_a_slow_whole_file_ends(opened, monkeypatch) -> None:
    monkeypatch.setattr(reading, "SPOOLING", 0.3)

    def respond(handler: Handler) -> None:
        handler.head(200, {"Connection": "close"})
        for byte in DATA[:100]:
            handler.send(bytes([byte]))
            time.sleep(0.05)

    with Server(respond) as server, pytest.raises(Transient, match="before the whole file was there"):
        opened(server.url + PATH).files()


GARBAGE = (b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, b"", bytes(70_000))


@pytest.mark.parametrize("garbage", GARBAGE, ids=len)
def test_what_is_no_http_may_pass(opened, garbage: bytes) -> None:
    def respond(handler: Handler) -> None:
        handler.send(garbage)
        handler.drop()

    with Server(respond) as server, pytest.raises((Transient, SourceError)):
        opened(server.url + PATH).files()


def test_redirected_files_are_read_where_they_are_and_found_again(opened) -> None:
    with serve({"/store": DATA}) as store, Server(redirecting(lambda _: f"{store.url}/store")) as server:
        service = opened(server.url + PATH)
        [file] = service.files()
        assert whole(service, file) == DATA
        assert len(server.seen) == 1  # later requests go straight to the store
        honest = store.respond
        store.respond = lambda handler: honest(handler) if "x=2" in handler.path else handler.answer(403)
        server.respond = redirecting(lambda _: f"{store.url}/store?x=2")
        assert service.read(file, 100_000, 100_005) == DATA[100_000:100_005]
        assert len(server.seen) == 2


@pytest.mark.parametrize(
    "address", ["http://", "http:///x", "https://[::1/x", "http://a b/x", "http://x:99999/", "ftp://x/y"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(SourceError, match="no address"):
        web.connect(address)
