"""A service that sends its own client to another server: nothing goes there, and the user reads why."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.blobs import KEY
from fixtures.servers.serving import Handler, Server
from modelaudit.sources.errors import REFUSED, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
# Of each service: its client, an address, and the variables that have the client speak to a server.
SERVICES = {
    "s3": ("s3fs", "s3://models/m", {"AWS_ENDPOINT_URL": "{}"}),
    "gcs": ("gcsfs", "gs://models/m", {"STORAGE_EMULATOR_HOST": "{}", "NO_GCE_CHECK": "true"}),
    "azure": (
        "adlfs",
        "az://models/m",
        {
            "AZURE_STORAGE_CONNECTION_STRING": f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={KEY};"
            "BlobEndpoint={}/a;"
        },
    ),
    "huggingface": ("huggingface_hub", "hf://acme/model", {"HF_ENDPOINT": "{}"}),
    "mlflow": ("mlflow", "models:/ranker/1", {"MLFLOW_TRACKING_URI": "{}"}),
}
ACCOUNT = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
ACCOUNT |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
PREFIXES = ("AWS_", "AZURE_", "MLFLOW_", "HF_")


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """A server that nobody named."""
    with Server(lambda handler: handler.answer(404)) as server:
        yield server


@pytest.fixture
def leading(elsewhere: Server) -> Iterator[Server]:
    """A server that sends whoever asks to the other one."""

    def lead(handler: Handler) -> None:
        handler.answer(307, Location=elsewhere.url + handler.path)

    with Server(lead) as server:
        yield server


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_sent_there(name: str, leading: Server, elsewhere: Server, settings: pytest.MonkeyPatch) -> None:
    client, address, variables = SERVICES[name]
    pytest.importorskip(client, reason="the client is not installed")
    service = import_module(f"modelaudit.sources.remote.{name}")
    for variable, value in variables.items():
        settings.setenv(variable, value.format(leading.url))
    with pytest.raises(SourceError, match="not followed") as caught:
        list(service.connect(address).files())
    assert caught.value.code == REFUSED
    assert leading.seen
    assert not elsewhere.seen
