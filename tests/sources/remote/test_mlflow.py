"""Models of a real MLflow server, read with its own client."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from fixtures.servers.objects import registry
from fixtures.servers.ranges import ranges
from fixtures.servers.serving import Server
from fixtures.servers.speaking import speaking
from modelaudit.cli.scan import scan as command
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan
from modelaudit.reports import FORMATS, View, render
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote.http import basic
from modelaudit.sources.remote.line import ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fixtures.servers.serving import Handler

mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
from modelaudit.sources.remote import mlflow as service  # noqa: E402

EVIL = b"cposix\nsystem\n(S'true'\ntR."
pytestmark = pytest.mark.filterwarnings("ignore")
LOOKS = 120


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that keeps artifacts itself, with one model in two versions."""
    pytest.importorskip("flask", reason="the whole MLflow with its server is not installed")
    root = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{root}/store.db", "--artifacts-destination", str(root / "kept")]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    nowhere = subprocess.DEVNULL
    running = subprocess.Popen(
        command, cwd=root, env=environment, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(LOOKS):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/health", timeout=1)
                break
            time.sleep(0.5)
        else:
            pytest.fail("the server does not start")
        yield url
    finally:
        _end(running)


def _end(running: subprocess.Popen[bytes]) -> None:
    """End a server and its workers at once: on a busy machine they take long to end in good order."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    else:
        running.kill()
    running.wait()


@pytest.fixture(scope="module")
def run(server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The run whose artifacts a model is made of."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "data").mkdir()
    (folder / "data" / "model.pkl").write_bytes(EVIL)
    client = mlflow.MlflowClient(tracking_uri=server)
    run_id: str = client.create_run(client.create_experiment("one")).info.run_id
    client.log_artifacts(run_id, str(folder), "model")
    client.create_registered_model("ranker")
    client.create_model_version("ranker", f"{client.get_run(run_id).info.artifact_uri}/model", run_id)
    client.set_registered_model_alias("ranker", "champion", "1")
    return run_id


@pytest.mark.parametrize(
    "address", ["models:/ranker/1", "models:/ranker@champion", "models:/ranker/latest", "runs:/{}/model"]
)
def test_what_a_registry_knows(server: str, run: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    named = address.format(run)
    document = scan([named], load_ruleset())
    assert {finding.artifact for finding in document.findings if finding.severity == "critical"} == {
        f"{named}/data/model.pkl"
    }
    assert not document.errors
    assert document.decision.exit_code == 1


@pytest.mark.parametrize("address", ["models:/nobody/1", "models:/ranker/7", "models:/ranker@nobody", "models:/ranker"])
def test_what_it_does_not_know(server: str, run: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    with pytest.raises(SourceError, match=r"no such model|name a version"):
        list(service.connect(address).files())


def test_a_registry_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    client = mlflow.MlflowClient(tracking_uri=store)
    (tmp_path / "m.pkl").write_bytes(EVIL)
    run_id = client.create_run(client.create_experiment("two", artifact_location=(tmp_path / "a").as_uri())).info.run_id
    client.log_artifact(run_id, str(tmp_path / "m.pkl"))
    document = scan([f"runs:/{run_id}"], load_ruleset())
    assert [finding.artifact for finding in document.findings if finding.severity == "critical"] == [
        f"runs:/{run_id}/m.pkl"
    ]
    policy = "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\nextends: ['builtin:default']\nsources: "
    for sources in ("{deny: ['file://a/**']}", "{deny: ['file://a/**/m.pkl']}", "{allow: ['runs:/**']}"):
        (tmp_path / "p.yaml").write_text(policy + sources)
        refused = scan([f"runs:/{run_id}"], load_ruleset(str(tmp_path / "p.yaml")))
        assert [error.code for error in refused.errors] == ["source-refused"]
        assert refused.files_scanned == 0


def test_a_registry_that_is_named_alone_keeps_the_artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://127.0.0.1:9")
    monkeypatch.setattr(service.Registered, "_model", lambda *_: "mlflow-artifacts:/1/a")
    stored = service.connect("models:/ranker/1")._opened()
    assert stored._base.startswith("http://127.0.0.1:9/")
    assert list(tmp_path.iterdir()) == []


def _keeping(elsewhere: str):
    """A server that keeps artifacts, which it lists itself and leads elsewhere for."""

    def respond(handler: Handler) -> None:
        path, _, query = handler.path.partition("?")
        if not path.startswith(service.API):
            registry("mlflow-artifacts:/1/a")(handler)
        elif query:
            row = {"path": "m.pkl", "is_dir": False, "file_size": len(EVIL)}
            handler.answer(200, json.dumps({"files": [row]}).encode(), Content_Type="application/json")
        else:
            handler.answer(302, Location=f"{elsewhere}/m.pkl")

    return respond


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ({"USERNAME": "me", "PASSWORD": "hunter2"}, basic("me", "hunter2")["Authorization"]),
        ({"TOKEN": "hunter2"}, "Bearer hunter2"),
    ],
)
def test_credentials_go_to_the_tracking_server_alone(given, header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    with Server(ranges({"/m.pkl": EVIL})) as other, Server(_keeping(other.url)) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        before = dict(os.environ)
        document = scan(["models:/ranker/1", f"{other.url}/m.pkl"], load_ruleset())
        assert dict(os.environ) == before  # whoever calls us may speak with a registry of his own
        assert {request.headers.get("authorization") for request in server.seen} == {header}
        assert any(service.API in request.path for request in server.seen)
        assert document.transfer is not None
        assert document.transfer.requests == len(server.seen) + len(other.seen)
    assert document.errors == ()
    assert {finding.artifact for finding in document.findings} == {"models:/ranker/1/m.pkl", f"{other.url}/m.pkl"}
    assert other.seen
    assert not any(request.secret for request in other.seen)
    for format in FORMATS:
        assert "hunter2" not in render(document, format, View(verbose=True)), format


def test_the_registry_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "")  # what the option puts there goes with the test
    with Server(ranges({"/m.pkl": EVIL})) as other, Server(_keeping(other.url)) as server:
        uri = server.url.replace("//", "//me:hunter2@")
        done = CliRunner().invoke(command, ["models:/ranker/1", "--registry-uri", uri], standalone_mode=False)
        assert done.return_value == 1, (done.output, done.exception)
        assert {request.headers.get("authorization") for request in server.seen} == set(basic("me", "hunter2").values())
        assert [request.secret for request in other.seen] == [False]
    assert "hunter2" not in done.output


def test_a_registry_that_is_busy_is_asked_again_and_each_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelaudit.sources.remote.line.FIRST", 0.001)
    with Server(lambda handler: handler.answer(503)) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        document = scan(["models:/ranker/1"], load_ruleset())
        assert document.transfer is not None
        assert document.transfer.requests == len(server.seen) == ATTEMPTS
    assert document.decision.exit_code == 2


def test_nor_does_the_store_of_a_registry_see_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def noting(respond):
        def answer(handler: Handler) -> None:
            seen.append((handler.path, handler.headers.get("Authorization", "")))
            respond(handler)

        return answer

    with speaking("mlflow", {"m.pkl": EVIL}, monkeypatch, noting) as (address, _):
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
        document = scan([address], load_ruleset())
    assert (document.errors, document.decision.exit_code) == ((), 1)
    kinds = {"api/2.0" in path: sign.partition(" ")[0] for path, sign in seen}
    assert kinds == {True: "Basic", False: "AWS4-HMAC-SHA256"}


def test_no_server_says_what_to_read_on_this_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    registered = service.connect("models:/ranker/1")
    with pytest.raises(SourceError, match="not read"):
        registered._at(tmp_path.as_uri())
    with pytest.raises(SourceError, match="not read"):
        registered._at("http://169.254.169.254/latest")
    with pytest.raises(SourceError, match="another server"):
        registered._at("mlflow-artifacts://127.0.0.1:10/x")
