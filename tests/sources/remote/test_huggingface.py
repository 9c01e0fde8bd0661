"""Repositories of a hub, read through the hub's own client."""

from __future__ import annotations

import contextlib
from collections import Counter
from hashlib import sha256
from threading import Barrier, BrokenBarrierError, Lock
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.hub import COMMIT, Hub
from fixtures.servers.ranges import ranges
from fixtures.servers.serving import Server
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan
from modelaudit.reports import FORMATS, View, render
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote.service import Transient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("huggingface_hub", reason="the extra huggingface is not installed")
from modelaudit.sources.remote import huggingface

EVIL = b"cposix\nsystem\n(S'true'\ntR."
HEADER = b'{"w":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(3_000_000)
PATIENCE = 20  # seconds for twenty requests to come
ITSELF = "/api/agent-harnesses"  # what newer clients ask of themselves
FILES = {"README.md": b"# A model\n", "model.safetensors": WEIGHTS, "sub/evil.pkl": EVIL}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A function that has the client speak to a server."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("modelaudit.sources.remote.huggingface.get_token", lambda: None)

    def use(server: Server, token: str | None = None) -> None:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setattr("modelaudit.sources.remote.huggingface.get_token", lambda: token)

    return use


def test_a_repository_is_listed_with_commit_and_digests(endpoint) -> None:
    with Server(Hub(FILES, large=("model.safetensors",))) as server:
        endpoint(server)
        hub = huggingface.connect("hf://acme/model")
        files = {file.name: file for file in hub.files()}
        assert hub.revision == COMMIT
        assert files["model.safetensors"].sha256 == sha256(WEIGHTS).hexdigest()
        assert files["sub/evil.pkl"].sha256 == ""
        assert hub.read(files["sub/evil.pkl"], 1, 6) == EVIL[1:6]
        hub.close()


def test_the_commit_is_in_the_report(endpoint) -> None:
    with Server(Hub(FILES)) as server:
        endpoint(server)
        assert f"hf://acme/model was read at revision {COMMIT}" in scan(["hf://acme/model"], load_ruleset()).notices


@pytest.mark.parametrize("losses", [1, 2])
def test_a_listing_that_breaks_off_is_asked_for_again(endpoint, monkeypatch, losses: int) -> None:
    hub, lost = Hub({"evil.pkl": EVIL}), []

    def drops(handler) -> None:
        if len(lost) < losses and handler.path.startswith("/api/models/"):
            lost.append(handler.path)
            handler.drop()
        else:
            hub(handler)

    monkeypatch.setattr("modelaudit.sources.remote.line.FIRST", 0.001)
    with Server(drops) as server:
        endpoint(server)
        document = scan(["hf://acme/model"], load_ruleset())
    assert (document.errors, document.decision.exit_code, len(lost)) == ((), 1, losses)


def test_a_hub_that_is_not_there_does_not_answer(endpoint) -> None:
    with Server(Hub(FILES)) as server:
        endpoint(server)
    hub = huggingface.connect("hf://acme/model")
    with pytest.raises(Transient, match="does not answer"):
        list(hub.files())
    hub.close()


@pytest.mark.parametrize(
    ("address", "names"), [("hf://acme/model/sub", ["evil.pkl"]), ("hf://acme/model/sub/evil.pkl", [""])]
)
def test_a_part_of_it(endpoint, address: str, names: list[str]) -> None:
    with Server(Hub(FILES)) as server:
        endpoint(server)
        hub = huggingface.connect(address)
        assert [file.name for file in hub.files()] == names
        hub.close()


def test_the_token_goes_to_the_hub_alone(endpoint) -> None:
    storage = {f"/{sha256(WEIGHTS).hexdigest()}": WEIGHTS}
    with (
        Server(ranges(storage)) as elsewhere,  # another port is another origin
        Server(Hub(FILES, large=("model.safetensors",), storage=elsewhere.url, token="hf_secret")) as server,
    ):
        endpoint(server, "hf_secret")
        hub = huggingface.connect("hf://acme/model")
        [file] = [file for file in hub.files() if file.sha256]
        assert hub.read(file, 0, 100) == WEIGHTS[:100]
        assert hub.read(file, 100, 200) == WEIGHTS[100:200]
        hub.close()
    assert [request.secret for request in elsewhere.seen] == [False, False]
    assert all(request.secret for request in server.seen)
    assert sum("/resolve/" in request.path for request in server.seen) == 1  # then the storage itself


def test_the_token_of_the_environment_goes_to_the_hub_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = {f"/{sha256(WEIGHTS).hexdigest()}": WEIGHTS}
    with (
        Server(ranges(storage)) as elsewhere,
        Server(Hub(FILES, large=("model.safetensors",), storage=elsewhere.url, token="hf_secret")) as server,
    ):
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        document = scan(["hf://acme/model"], load_ruleset())
        asked = [request.headers.get("authorization") for request in server.seen if ITSELF not in request.path]
    assert (document.errors, document.decision.exit_code) == ((), 1)
    assert set(asked) == {"Bearer hf_secret"}
    assert elsewhere.seen
    assert "hf_secret" not in str([(request.path, request.headers) for request in elsewhere.seen])
    for format in FORMATS:
        assert "hf_secret" not in render(document, format, View(verbose=True)), format


def test_the_token_of_another_endpoint_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(Hub(FILES)) as server, Server(Hub(FILES)) as mirror:
        monkeypatch.setattr("modelaudit.sources.remote.hub.HUB", server.url)
        monkeypatch.setenv("HF_ENDPOINT", mirror.url)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        scan(["https://huggingface.co/acme/model", "hf://acme/model"], load_ruleset())
    assert not any("authorization" in request.headers for request in server.seen)
    assert server.seen
    assert any("authorization" in request.headers for request in mirror.seen)


@pytest.mark.parametrize("here", [True, False])
def test_what_the_client_asks_of_itself_is_counted_and_asked_of_the_hub_alone(
    endpoint, here: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    itself = pytest.importorskip("huggingface_hub.utils._detect_agent", reason="this client asks nothing of itself")
    monkeypatch.setattr(itself, "_registry", None)
    monkeypatch.setattr(huggingface.constants, "AGENT_HARNESSES_PATH", str(tmp_path / "known.json"))
    monkeypatch.setattr(huggingface.constants, "HF_HUB_DISABLE_TELEMETRY", False)
    with Server(Hub(FILES)) as server, Server(Hub(FILES)) as other:
        endpoint(server)
        monkeypatch.setattr(huggingface.constants, "ENDPOINT", server.url if here else other.url)
        document = scan(["hf://acme/model"], load_ruleset())
        assert any(ITSELF in request.path for request in server.seen) == here
        assert other.seen == []
        assert document.transfer is not None
        assert document.transfer.requests == len(server.seen)


@pytest.mark.parametrize(
    ("hub", "address", "said"),
    [
        (Hub(FILES, gated=True), "hf://acme/model", "gated"),
        (Hub(FILES, token="x"), "hf://acme/model", "HF_TOKEN"),
        (Hub(FILES), "hf://acme/none", "no such repository"),
        (Hub(FILES), "hf://acme/model@gone", "no revision gone"),
    ],
)
def test_refusals_are_explained(endpoint, hub: Hub, address: str, said: str) -> None:
    with Server(hub) as server:
        endpoint(server)
        service = huggingface.connect(address)
        with pytest.raises(SourceError, match=said):
            list(service.files())
        service.close()


def test_files_of_a_gated_repository_that_may_be_listed(endpoint) -> None:
    with Server(Hub(FILES, gated="files")) as server:
        endpoint(server)
        document = scan(["hf://acme/model"], load_ruleset())
    assert {(error.code, "accept its terms" in error.message) for error in document.errors} == {("refused", True)}
    assert {error.path for error in document.errors} >= {f"hf://acme/model/{name}" for name in FILES}


def test_a_scan_of_a_repository(endpoint) -> None:
    with Server(Hub(FILES, large=("model.safetensors",))) as server:
        endpoint(server)
        document = scan(["hf://acme/model"], load_ruleset())
    assert {finding.artifact for finding in document.findings if finding.severity == "critical"} == {
        "hf://acme/model/sub/evil.pkl"
    }
    assert document.decision.exit_code == 1
    assert not document.errors
    assert server.sent < 200_000


def test_a_repository_of_twenty_shards_is_four_round_trips_deep(endpoint) -> None:
    """The n-th request for a file is answered once all twenty have asked as often: a round trip is one for all."""
    files = {f"model-{n:05}-of-00020.safetensors": WEIGHTS for n in range(1, 21)}
    honest = Hub(files, large=tuple(files))
    rounds: dict[int, Barrier] = {}
    asked: Counter[str] = Counter()
    lock = Lock()

    def together(handler) -> None:
        name = handler.path.rpartition("/")[2]
        if name in files:
            with lock:
                asked[name] += 1
                meeting = rounds.setdefault(asked[name], Barrier(len(files)))
            with contextlib.suppress(BrokenBarrierError):
                meeting.wait(PATIENCE)
        honest(handler)

    with Server(together) as server:
        endpoint(server)
        document = scan(["hf://acme/model"], load_ruleset())
    assert document.files_scanned == 20
    assert document.transfer is not None
    listings = document.transfer.requests - asked.total()
    assert listings + len(rounds) <= 4
    assert set(asked.values()) == {len(rounds)}
    assert not any(meeting.broken for meeting in rounds.values())
