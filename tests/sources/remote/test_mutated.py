"""Answers that were changed on the way: an error or other bytes, nothing else, and soon."""

import json
import random
import re

import pytest

from fixtures.servers.artifactory import Artifactory
from fixtures.servers.ranges import ranges
from fixtures.servers.registries import Registry
from fixtures.servers.serving import Handler, Server
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import docker, http, jfrog, oci, web
from modelaudit.sources.remote.service import Transient

ROUNDS = 60
DATA = bytes(range(256)) * 8
HEADS = (
    b'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2047/2048\r\nContent-Length: 2048\r\nETag: "x"\r\n\r\n',
    b"HTTP/1.1 200 OK\r\nContent-Length: 2048\r\nLast-Modified: Tue, 01 Jul 2025 10:00:00 GMT\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: /elsewhere?x=1#y\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n",
    b"HTTP/1.1 503 No\r\nRetry-After: Tue, 01 Jul 2025 10:00:00 GMT\r\nContent-Length: 3\r\n\r\n",
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Some bytes are others, or missing, or there twice."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 20)]
            case 2:
                changed[at:at] = changed[at : at + chance.randint(1, 20)]
            case _:
                changed[at:at] = chance.choice((b"0", b"9" * 30, b"-", b'"', b"\r\n", b"\0", b"{", b"[", b"//"))
        if not changed:
            break
    return bytes(changed)


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head[9:12].decode() + str(len(head)))
def test_heads(head: bytes, monkeypatch) -> None:
    monkeypatch.setattr(http, "BODY", 1.0)
    chance = random.Random(len(head))

    def respond(handler: Handler) -> None:
        handler.send(mutated(head, chance) + DATA + b"\r\n0\r\n\r\n")
        handler.drop()

    with Server(respond) as server:
        for _ in range(ROUNDS):
            service = web.connect(server.url + "/a.bin")
            try:
                [file] = service.files()
                assert file.size is not None
                assert len(service.read(file, 0, 100)) <= 100
            except (SourceError, Transient):
                pass
            finally:
                service.close()


@pytest.mark.parametrize("service", ["jfrog", "oci"])
def test_listings(service: str, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(docker, "DAEMONS", ())
    chance = random.Random(1)
    registry = Registry()
    layers = [registry.blob(DATA, "application/vnd.ollama.image.model", "a/b"), registry.blob(b"x", "text/plain")]
    registry.index(registry.manifest(*layers, tag="x"))
    honest = registry if service == "oci" else Artifactory({"r/p/a": b"1", "r/p/b/c": b"2"})

    def respond(handler: Handler) -> None:
        answer = handler.answer
        handler.answer = lambda status, body=b"", **_: answer(status, mutated(body, chance))  # type: ignore[method-assign]
        honest(handler)

    with Server(respond) as server:
        connect, rest = (oci.connect, "/acme/ranker:1") if service == "oci" else (jfrog.connect, "/artifactory/r/p")
        address = re.sub(r"^http", "oci", server.url) if service == "oci" else server.url
        for _ in range(ROUNDS):
            opened = connect(address + rest)
            try:
                for file in opened.files():
                    assert file.size is None or file.size >= 0
                    json.dumps([file.name, file.key])
            except (SourceError, Transient):
                pass
            finally:
                opened.close()


def test_files_of_docker(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(docker, "DAEMONS", (str(tmp_path / "config.json"),))
    auths = {"a.example": {"auth": "bWU6aA==", "identitytoken": "x"}}
    text = json.dumps({"auths": auths, "credsStore": "x", "insecure-registries": ["10.0.0.0/8"]}).encode()
    chance = random.Random(2)
    for _ in range(ROUNDS):
        (tmp_path / "config.json").write_bytes(mutated(text, chance))
        docker.login("a.example")
        docker.insecure("10.0.0.1")


def test_the_answers_are_right_when_nothing_is_changed() -> None:
    with Server(ranges({"/a.bin": DATA})) as server:
        service = web.connect(server.url + "/a.bin")
        [file] = service.files()
        assert service.read(file, 0, 100) == DATA[:100]
        service.close()
