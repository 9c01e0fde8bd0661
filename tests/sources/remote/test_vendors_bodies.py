"""A service that sends far more than its client asked for: what was asked for is read, and no more."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.blobs import KEY
from fixtures.servers.serving import Handler, Server
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote.service import Listed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
PIECE = bytes(1024 * 1024)
PIECES = 64  # what buffers of the system take is less
ASKED = 1000


@pytest.fixture(params=["said", "chunked"])
def flooding(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that answers with 64 MiB whatever it is asked."""

    def flood(handler: Handler) -> None:
        chunked = request.param == "chunked"
        length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(PIECES * len(PIECE))}
        handler.head(206, {"Content-Range": f"bytes 0-{ASKED - 1}/{ASKED}", "ETag": '"1"', **length})
        for _ in range(PIECES):
            handler.send(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE)
        handler.drop()

    with Server(flood) as server:
        yield server


@pytest.mark.parametrize(
    ("name", "client", "address"),
    [("gcs", "gcsfs", "gs://models/m.pkl"), ("azure", "adlfs", "az://models/m.pkl")],
)
def test_no_more_is_read_than_was_asked_for(
    name: str, client: str, address: str, flooding: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(client, reason="the client is not installed")
    for variable in [variable for variable in os.environ if variable.startswith("AZURE_")]:
        monkeypatch.delenv(variable)
    account = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={KEY};BlobEndpoint={flooding.url}/a;"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", account)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", flooding.url)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    service = import_module(f"modelaudit.sources.remote.{name}").connect(address)
    try:
        data = service.read(Listed("", ASKED, "m.pkl", version='"1"'), 0, ASKED)
    except SourceError as error:
        assert "more bytes than it was asked for" in error.message  # noqa: PT017 - one of two ways to stop
    else:
        assert len(data) <= ASKED + 1
    assert flooding.sent < PIECES * len(PIECE) // 2
