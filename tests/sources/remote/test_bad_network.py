"""Scans over HTTP: few bytes on a good network, and on a bad one the right result or an honest one."""

from __future__ import annotations

import logging
import pickle
import struct
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.artifactory import Artifactory
from fixtures.servers.certificates import certificate
from fixtures.servers.ranges import (
    dripping,
    endless,
    every_third_dropped,
    part,
    ranges,
    redirecting,
    serve,
    without_ranges,
)
from fixtures.servers.registries import Registry
from fixtures.servers.serving import Handler, Server
from fixtures.servers.sparse import Sparse, sparse_checkpoint, sparse_safetensors
from fixtures.servers.speaking import speaking
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.remote import connections, http, line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelaudit.engine.document import ScanDocument

EVIL = b"cposix\nsystem\n(S'true'\ntR."
HEADER = b'{"w":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}}'
WEIGHTS = struct.pack("<Q", len(HEADER)) + HEADER + bytes(3_000_000)
LARGE = 500_000_000


@pytest.fixture(autouse=True)
def impatient(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(line, "FIRST", 0.001)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def scanned(ruleset):
    def run(address: str, scope: str | None = None) -> ScanDocument:
        return scan([address], ruleset, Options(scope=scope))

    return run


def found(document: ScanDocument) -> set[str]:
    return {finding.rule for finding in document.findings}


def said(document: ScanDocument) -> str:
    return "\n".join(error.message for error in document.errors)


@contextmanager
def over(source: str, name: str, data: Sparse, tmp_path: Path, monkeypatch) -> Iterator[tuple[str, Server]]:
    """The address of a large file, and its server."""
    if source == "s3":
        with speaking(source, {name: data}, monkeypatch) as found:
            yield found
        return
    context = certificate(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    with Server(lambda handler: part(handler, data, ETag='"1"'), tls=context) as server:
        yield f"{server.url}/{name}", server


@pytest.mark.parametrize("source", ["https", "s3"])
@pytest.mark.parametrize(
    ("name", "data", "rules"),
    [
        ("m.safetensors", sparse_safetensors(LARGE), set()),
        ("m.pt", sparse_checkpoint(LARGE), set()),
        ("m.pt", sparse_checkpoint(LARGE, evil=EVIL), {"MA1021"}),
    ],
    ids=["safetensors", "zip", "evil zip"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_structure_of_a_large_model_moves_few_bytes(
    scanned, source: str, name: str, data: Sparse, rules: set[str], tmp_path: Path, monkeypatch
) -> None:
    data.write(tmp_path / name)
    here = scanned(str(tmp_path / name), "structure")
    with over(source, name, data, tmp_path, monkeypatch) as (address, server):
        document = scanned(address)
        assert not document.errors, said(document)
        assert {a.coverage for a in document.artifacts if a.role != "bundle"} == {"full"}
        assert max(a.size for a in document.artifacts) == len(data)
        assert server.sent <= 0.0005 * len(data)
        assert len(server.seen) <= 10
    assert found(document) == found(here) >= rules
    assert document.decision.exit_code == here.decision.exit_code == bool(rules)


@pytest.mark.parametrize("serving", [ranges, every_third_dropped, without_ranges])
@pytest.mark.parametrize("scope", ["structure", "full"])
def test_the_same_findings_however_the_bytes_come(scanned, serving, scope: str) -> None:
    with Server(serving({"/evil.pkl": EVIL, "/m.safetensors": WEIGHTS})) as server:
        document = scanned(f"{server.url}/evil.pkl", scope)
        assert (document.decision.exit_code, found(document)) == (1, {"MA1021"})
        document = scanned(f"{server.url}/m.safetensors", scope)
        assert document.decision.exit_code == 0, said(document)
        assert document.artifacts[0].coverage == "full"


def test_a_file_that_ends_early_is_said(scanned) -> None:
    def respond(handler: Handler) -> None:
        honest = handler.send
        handler.send = lambda body: honest(body[:100])  # type: ignore[method-assign]
        part(handler, WEIGHTS if handler.headers["Range"].startswith("bytes=0-") else b"")
        handler.drop()

    with Server(respond) as server:
        document = scanned(f"{server.url}/m.safetensors", "full")
    assert document.decision.exit_code == 2
    assert "m.safetensors" in said(document)


def test_a_file_that_changes_is_said(scanned) -> None:
    def respond(handler: Handler) -> None:
        part(handler, WEIGHTS if len(server.seen) == 1 else WEIGHTS[:-1] + b"x")

    with Server(respond) as server:
        document = scanned(f"{server.url}/m.safetensors", "full")
    assert document.decision.exit_code == 2
    assert "changed while it was read" in said(document)


def test_ten_gigabytes_for_a_kilobyte_cost_nothing(scanned) -> None:
    began = time.monotonic()
    with Server(endless(10 << 30)) as server:
        document = scanned(f"{server.url}/m.bin", "full")
        time.sleep(0.05)
        assert server.sent < 64 << 20
    assert document.decision.exit_code in {0, 2}
    assert time.monotonic() - began < 20


def test_a_slow_server_does_not_hold_a_scan(scanned, monkeypatch) -> None:
    monkeypatch.setattr(http, "BODY", 0.1)
    monkeypatch.setattr(connections, "ANSWER", 0.2)
    began = time.monotonic()
    with Server(dripping(EVIL + bytes(100), 0.05)) as server:
        document = scanned(f"{server.url}/m.pkl")
    assert document.decision.exit_code in {1, 2}
    assert time.monotonic() - began < 20


def test_nobody_else_is_told_the_credentials(scanned, monkeypatch, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    with serve({"/evil.pkl": EVIL}) as other, Server(redirecting(lambda path: other.url + path)) as server:
        document = scanned(server.url.replace("//", "//user:hunter2@") + "/evil.pkl?token=hunter3")
        assert document.decision.exit_code == 1
        assert server.seen[0].secret
        received = str([(request.path, request.headers) for request in other.seen])
        assert other.seen
        assert "hunter2" not in received
        assert "hunter" not in str(document)
        assert "/evil.pkl" in caplog.text
        assert "hunter" not in caplog.text

    def storage(handler: Handler) -> None:
        part(handler, EVIL)

    with Server(storage) as other:
        shaped = Artifactory({"r/p/evil.pkl": EVIL}, secrets={"authorization": "Bearer hunter2"}, storage=other)
        with Server(shaped) as server:
            monkeypatch.setenv("JFROG_URL", server.url)
            monkeypatch.setenv("JFROG_ACCESS_TOKEN", "hunter2")
            document = scanned(f"{server.url}/artifactory/r/p")
        assert document.decision.exit_code == 1
        assert other.seen
        assert not any(request.secret for request in other.seen)
        assert "hunter2" not in str(document)


def test_a_repository_and_a_registry(scanned, monkeypatch) -> None:
    with Server(Artifactory({"r/p/evil.pkl": EVIL, "r/p/a/m.safetensors": WEIGHTS})) as server:
        monkeypatch.setenv("JFROG_URL", server.url)
        document = scanned(f"{server.url}/artifactory/r/p")
        assert document.decision.exit_code == 1
        assert server.sent < 200_000
    registry = Registry()
    registry.manifest(registry.blob(WEIGHTS, "x/y", "m.safetensors"), registry.blob(pickle.dumps([1]), "x/y", "m.pkl"))
    with Server(registry) as server:
        document = scanned(f"oci://127.0.0.1:{server.port}/acme/ranker:1")
        assert not document.errors
        assert len(server.seen) <= 6
        assert server.sent < 200_000


def _silent(handler: Handler) -> None:
    time.sleep(6)
    handler.drop()


def _silent_body(handler: Handler) -> None:
    handler.head(206, {"Content-Range": "bytes 0-999/1000", "Content-Length": "1000", "ETag": '"x"'})
    time.sleep(6)
    handler.drop()


def _without_end(handler: Handler) -> None:
    handler.head(200, {"Connection": "close"})
    for _ in range(1200):
        handler.send(bytes(1000))
        time.sleep(0.005)


@pytest.mark.parametrize("respond", [_silent, _silent_body, _without_end])
def test_the_time_of_a_scan_ends_what_is_on_its_way(ruleset, respond) -> None:
    with Server(respond) as server:
        began = time.monotonic()
        document = scan([f"{server.url}/m.bin"], ruleset, Options(timeout=0.5))
        assert time.monotonic() - began < 4
    assert document.decision.exit_code == 2
    assert document.errors
