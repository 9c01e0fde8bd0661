"""Servers that mean harm: what they send costs bounded time and memory, and is an error that says so."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.ranges import part, redirecting
from fixtures.servers.registries import INDEX, Registry
from fixtures.servers.serving import Handler, Server
from fixtures.servers.speaking import speaking
from fixtures.services import Memory, served
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import connections, http, line, oci, web
from modelaudit.sources.remote.http import plain
from modelaudit.sources.remote.registry import PARAMETER
from modelaudit.sources.remote.service import Listed

if TYPE_CHECKING:
    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.ruleset import Ruleset

EVIL = b"cposix\nsystem\n(S'true'\ntR."
SOON = 5.0  # seconds; what is guarded against takes minutes or for ever
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "FIRST", 0.001)
    monkeypatch.setattr(line, "ATTEMPTS", 2)
    monkeypatch.setattr(connections, "ANSWER", 0.3)
    monkeypatch.setattr(http, "BODY", 0.3)


def raw(*pieces: bytes, times: int = 1):
    """Sends bytes as they are, the last of them again and again."""

    def respond(handler: Handler) -> None:
        handler.close_connection = True
        for piece in pieces[:-1]:
            handler.send(piece)
        for _ in range(times):
            handler.send(pieces[-1])

    return respond


OK = b"HTTP/1.1 206 Partial Content\r\n"
CHUNKED = OK + b"Content-Range: bytes 0-65535/1000000\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWERS = {
    "many headers": raw(OK, b"X: y\r\n" * 100, times=1000),
    "a header without end": raw(OK + b"X: ", b"y" * 100_000, times=1000),
    "answers before the answer": raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, times=100_000),
    "a chunk size without end": raw(CHUNKED, b"0" * 100_000, times=1000),
    "a chunk of less than nothing": raw(CHUNKED + b"-5\r\n", bytes(100_000), times=10),
    "chunks of a byte": raw(CHUNKED, b"1\r\nx\r\n" * 100, times=100),
    "trailers without end": raw(CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n" * 100, times=100_000),
    "several parts": raw(OK + b"Content-Type: multipart/byteranges; boundary=x\r\nContent-Length: 3\r\n\r\n--x"),
    "packed": raw(OK + b"Content-Range: bytes 0-2/3\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc"),
    "two lengths": raw(OK + b"Content-Range: bytes 0-2/3\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
    "a number without end": raw(OK + b"Content-Range: bytes 0-2/" + b"9" * 60_000 + b"\r\nContent-Length: 3\r\n\r\n"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("glance", [True, False], ids=["from the beginning", "for the content"])
def test_what_is_no_answer_ends(answer, glance: bool, ruleset: Ruleset) -> None:
    def respond(handler: Handler) -> None:
        if glance or handler.command != "HEAD":
            answer(handler)
        else:
            handler.answer(200, bytes(1_000_000), ETag='"1"')

    began = time.monotonic()
    with Server(respond) as server:
        document = scan([f"{server.url}/m.bin"], ruleset)
    assert document.decision.exit_code == 2
    assert document.errors
    assert time.monotonic() - began < SOON + 4 * 0.6


@pytest.mark.parametrize("page", [b"<!---->" * 146, b"<!--" * 256, b" " * 1024, b"<?xml " * 170])
def test_what_is_nearly_a_page_is_told_at_once(page: bytes) -> None:
    began = time.monotonic()
    assert web.PAGE.match(page) is None
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize(
    "page", [b"\xef\xbb\xbf <?xml version='1.0'?><!-- a -->\n<!-- b --> <HTML>", b"<!doctype html>"]
)
def test_and_a_page_is_one(page: bytes) -> None:
    assert web.PAGE.match(page)


@pytest.mark.parametrize("challenge", ["a" * 60_000, "a " * 30_000, 'a="' * 20_000])
def test_a_challenge_is_read_at_once(challenge: str) -> None:
    began = time.monotonic()
    PARAMETER.findall(challenge)
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("data", [b"[" + b"{}," * 5_000_001, b"[" * 5_000_001, b"[" * 100_000, b"1" * 100_000, b"\xff"])
def test_documents_of_too_many_values_are_not_taken_apart(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"more than \d+ values|no JSON"):
        plain(data, "https://x/")


@pytest.mark.parametrize("size", [-1, 2**60, "12", 1.5, True])
def test_a_size_that_is_none(size: object, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Memory({"m.pkl": EVIL})
    honest = service.files
    service.files = lambda: [*honest(), Listed("odd.bin", size, "odd.bin")]  # type: ignore[arg-type, method-assign]
    with served(monkeypatch, service):
        document = scan(["mem://acme/model"], ruleset)
    assert [error.path for error in document.errors] == ["mem://acme/model/odd.bin"]
    assert document.decision.exit_code == 1


def test_folders_without_end(ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{n}/" + "d/" * 1900 + "m.pkl": EVIL for n in range(2000)}
    began = time.monotonic()
    with served(monkeypatch, Memory({**files, "m.pkl": EVIL})):
        document = scan(["mem://acme/model"], ruleset)
    assert time.monotonic() - began < SOON
    assert len(document.errors) == 2000
    assert document.decision.exit_code == 1


@pytest.mark.parametrize("raised", [KeyError("x"), ValueError(), TypeError(), AttributeError()])
def test_answers_of_another_shape_are_an_error(
    raised: Exception, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Memory({"m.pkl": EVIL})

    def fails(*_: object) -> bytes:
        raise raised

    service.read = fails  # type: ignore[method-assign]
    with served(monkeypatch, service):
        document = scan(["mem://acme/model"], ruleset)
    assert "not understood" in document.errors[0].message
    assert document.decision.exit_code == 2


def test_manifests_have_a_measure(ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oci, "DESCRIBED", 5000)
    kept = Registry()
    one = kept.manifest(kept.blob(b"x", "x/y", "m.bin"), tag="a")
    other = kept.document({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "pad": "x" * 5000}, INDEX, "b")
    kept.index(one, other)
    with Server(kept) as server:
        document = scan([f"oci://127.0.0.1:{server.port}/acme/ranker:1"], ruleset)
    assert "more than 5000 bytes" in document.errors[0].message


@pytest.mark.parametrize(
    "to",
    ["http://[fe80::1%25lo]/", "http://[fe80::1]/", "http://127.1/", "http://2130706433/", "http://[::ffff:7f00:1]/"],
)
def test_local_machines_are_not_led_to(to: str, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(redirecting(lambda _: to)) as server:
        monkeypatch.setenv("no_proxy", "*")
        document = scan([f"http://localhost:{server.port}/m.bin"], ruleset)
    assert [error.code for error in document.errors] == ["refused"]


ROWS = (
    {"files": [1]},
    {"files": [{"path": "x", "file_size": "many"}]},
    {"files": [{"path": "x", "file_size": -1}]},
    {"files": {"path": "x"}},
    [],
)


@pytest.mark.parametrize("answer", ROWS, ids=str)
def test_listings_of_a_registry_that_are_none(
    answer: object, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="the client of mlflow is not installed")
    from modelaudit.sources.remote import mlflow

    def respond(handler: Handler) -> None:
        handler.answer(200, json.dumps(answer).encode())

    with Server(respond) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        monkeypatch.setattr(mlflow.Registered, "_model", lambda *_: "mlflow-artifacts:/1/a")
        document: ScanDocument = scan(["models:/m/1"], ruleset)
    assert document.decision.exit_code == 2
    assert document.errors


def test_all_bytes_of_a_bucket_come_once(ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    header = b'{"w":{"dtype":"U8","shape":[9000000],"data_offsets":[0,9000000]}}'
    data = len(header).to_bytes(8, "little") + header + bytes(9_000_000)
    monkeypatch.setattr(http, "BODY", 60.0)
    for source in ("s3", "gcs", "azure"):
        with speaking(source, {"m.safetensors": data}, monkeypatch) as (address, server):
            document = scan([address], ruleset, Options(scope="full"))
        assert document.decision.exit_code == 0, document.errors
        assert server.sent < len(data) + 10_000
        assert len(server.seen) < 16


def test_an_honest_server_is_read(ruleset: Ruleset) -> None:
    with Server(lambda handler: part(handler, EVIL)) as server:
        assert scan([f"{server.url}/m.pkl"], ruleset).decision.exit_code == 1
