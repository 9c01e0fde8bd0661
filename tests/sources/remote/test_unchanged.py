"""What was read of a service is not read again while it says that it is the same, as its server has seen it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.servers.ranges import part
from fixtures.servers.serving import Handler, Seen, Server
from fixtures.servers.speaking import SOURCES, speaking
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.store.shared import FactStore

if TYPE_CHECKING:
    from pathlib import Path

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.ruleset import Ruleset

EVIL = b"cposix\nsystem\n(S'true'\ntR."
HEADER = b'{"w":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(3_000_000)
FILES = {
    "README.md": b"# A model\n",
    "config.json": b'{"architectures": ["BertModel"], "model_type": "bert"}',
    "evil.pkl": EVIL,
    "model.safetensors": WEIGHTS,
}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def asks_for_content(request: Seen) -> bool:
    """Whether a request is for the bytes of a file, in whichever service."""
    if request.method != "GET":
        return False
    return bool({"range", "x-ms-range"} & set(request.headers)) or "/blobs/" in request.path


def seen(document: ScanDocument) -> list[tuple[str, str]]:
    return sorted((finding.rule, finding.artifact) for finding in document.findings)


@pytest.mark.parametrize("source", SOURCES)
def test_a_second_scan_asks_for_no_content(source: str, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"evil.pkl": EVIL + WEIGHTS} if source == "web" else FILES
    with speaking(source, files, monkeypatch) as (address, server):
        first = scan([address], ruleset, store=FactStore())
        assert [request for request in server.seen if asks_for_content(request)]
        assert not first.errors
        server.seen.clear()
        second = scan([address], ruleset, store=FactStore())
        assert server.seen
        assert [request.path for request in server.seen if asks_for_content(request)] == []
    assert seen(first) == seen(second) != []
    assert [artifact.coverage for artifact in first.artifacts] == [artifact.coverage for artifact in second.artifacts]


@pytest.mark.parametrize("source", [source for source in SOURCES if source not in {"web", "artifactory", "oci"}])
def test_what_one_server_says_is_not_believed_of_another(
    source: str, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    for _ in range(2):  # the same address, and a digest or version that somebody else has said before
        with speaking(source, {"evil.pkl": EVIL}, monkeypatch) as (address, server):
            assert scan([address], ruleset, store=FactStore()).decision.exit_code == 1
            asked.append((address, any(map(asks_for_content, server.seen))))
    assert asked == [(address, True)] * 2


def test_what_changed_is_read_again(ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"/m.pkl": b"K\x01."}

    def respond(handler: Handler) -> None:
        part(handler, files["/m.pkl"])

    with Server(respond) as server:
        address = f"{server.url}/m.pkl"
        assert scan([address], ruleset, store=FactStore()).decision.exit_code == 0
        files["/m.pkl"] = EVIL
        assert scan([address], ruleset, store=FactStore()).decision.exit_code == 1


def test_a_web_server_sends_no_byte_of_it(ruleset: Ruleset) -> None:
    with Server(
        lambda handler: part(handler, WEIGHTS, ETag="", Last_Modified="Tue, 01 Jul 2025 10:00:00 GMT")
    ) as server:
        for _ in range(2):
            server.sent = 0
            server.seen.clear()
            document = scan([f"{server.url}/m.safetensors"], ruleset, store=FactStore())
        assert (server.sent, [request.method for request in server.seen]) == (0, ["HEAD"])
    assert document.decision.exit_code == 0
    assert document.transfer is not None
    assert (document.transfer.requests, document.transfer.bytes) == (1, 0)


def _no_head(handler: Handler) -> None:
    if handler.command == "HEAD":
        handler.answer(405)
    else:
        part(handler, EVIL)


def _cut_head(handler: Handler) -> None:
    if handler.command == "HEAD":
        handler.drop()
    else:
        part(handler, EVIL)


def _empty_head(handler: Handler) -> None:
    if handler.command == "HEAD":
        handler.answer(200, ETag='"a"')
    else:
        part(handler, EVIL)


def _packed_head(handler: Handler) -> None:
    if handler.command == "HEAD":
        handler.answer(200, b"packed", ETag='"a"', Content_Encoding="gzip")
    else:
        part(handler, EVIL)


def _signed(handler: Handler) -> None:
    """A storage to which the front signs the way for GET alone, and of which it knows another version."""
    if handler.path == "/stored":
        part(handler, EVIL)
    elif handler.command == "HEAD":
        handler.answer(200, EVIL, ETag='"of the front"')
    else:
        handler.answer(302, Location="/stored")


@pytest.mark.parametrize("respond", [_no_head, _cut_head, _empty_head, _packed_head, _signed])
def test_servers_that_tell_nothing_without_the_content(respond, ruleset: Ruleset) -> None:
    with Server(respond) as server:
        document = scan([f"{server.url}/m.pkl"], ruleset)
    assert not document.errors
    assert document.decision.exit_code == 1


def test_a_head_that_lies_about_the_size_is_told(ruleset: Ruleset) -> None:
    def respond(handler: Handler) -> None:
        if handler.command == "HEAD":
            handler.answer(200, EVIL + b"x", ETag='"a"')
        else:
            part(handler, EVIL, ETag='"a"')

    with Server(respond) as server:
        document = scan([f"{server.url}/m.pkl"], ruleset)
    assert document.decision.exit_code == 2
    assert "changed while it was read" in document.errors[0].message


def test_a_body_behind_a_head_costs_another_try(ruleset: Ruleset) -> None:
    def respond(handler: Handler) -> None:
        part(handler, EVIL)
        if handler.command == "HEAD":
            handler.send(b"nobody asked for this")

    with Server(respond) as server:
        document = scan([f"{server.url}/m.pkl"], ruleset)
    assert not document.errors
    assert document.decision.exit_code == 1
