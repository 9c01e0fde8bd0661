"""Objects of S3, read with the real client from moto's server."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("s3fs", reason="the extra s3 is not installed")
moto = pytest.importorskip("moto.server", reason="moto's server is not installed")
import boto3  # noqa: E402

from modelaudit.sources.remote import s3  # noqa: E402

EVIL = b"cposix\nsystem\n(S'true'\ntR."
HEADER = b'{"w":{"dtype":"U8","shape":[9000000],"data_offsets":[0,9000000]}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(9_000_000)
FILES = {"m/evil.pkl": EVIL, "m/sub/w.safetensors": WEIGHTS, "m/": b"", "mm.pkl": EVIL}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server with one bucket."""
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    url = f"http://127.0.0.1:{running.get_host_and_port()[1]}"
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)
    client.create_bucket(Bucket="models")
    for key, data in FILES.items():
        client.put_object(Bucket="models", Key=key, Body=data, ACL="public-read")
    yield url
    running.stop()


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


def names(address: str) -> list[str]:
    return sorted(file.name for file in s3.connect(address).files())


def test_what_is_below_a_prefix() -> None:
    assert names("s3://models/m") == names("s3://models/m/") == ["evil.pkl", "sub/w.safetensors"]
    assert names("s3://models") == ["m/evil.pkl", "m/sub/w.safetensors", "mm.pkl"]
    assert names("s3://models/mm.pkl") == [""]
    assert names("s3://models/none") == []


def test_many_pages(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = s3.connect("s3://models")
    ask = bucket._ask
    monkeypatch.setattr(bucket, "_ask", lambda method, **given: ask(method, MaxKeys=1, **given))
    assert sorted(file.name for file in bucket.files()) == ["m/evil.pkl", "m/sub/w.safetensors", "mm.pkl"]


def test_what_changed_is_not_read(server: str) -> None:
    client = boto3.client("s3", endpoint_url=server)
    client.put_object(Bucket="models", Key="moving.pkl", Body=b"one")
    bucket = s3.connect("s3://models/moving.pkl")
    [file] = bucket.files()
    assert bucket.read(file, 0, 3) == b"one"
    client.put_object(Bucket="models", Key="moving.pkl", Body=b"two")
    with contextlib.ExitStack() as stack:
        stack.callback(client.delete_object, Bucket="models", Key="moving.pkl")
        with pytest.raises(SourceError, match="changed"):
            bucket.read(file, 0, 3)


@pytest.mark.parametrize("scheme", ["s3", "r2"])
def test_a_scan_moves_little(scheme: str) -> None:
    document = scan([f"{scheme}://models/m"], load_ruleset())
    assert {finding.artifact for finding in document.findings if finding.severity == "critical"} == {
        f"{scheme}://models/m/evil.pkl"
    }
    assert not document.errors
    assert document.transfer is not None
    assert document.transfer.bytes < 200_000
    full = scan([f"{scheme}://models/m/sub"], load_ruleset(), Options(scope="full"))
    assert full.decision.exit_code == 0
    assert full.transfer is not None
    assert full.transfer.bytes >= len(WEIGHTS)


def test_r2_never_speaks_to_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("R2_ACCOUNT_ID", raising=False)
    with pytest.raises(SourceError, match="R2_ACCOUNT_ID"):
        s3.connect("r2://models/m")
    for endpoint in (
        "https://s3.amazonaws.com",
        "https://s3.cn-north-1.amazonaws.com.cn",
        "https://S3.AMAZONAWS.COM.:443/",
    ):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with pytest.raises(SourceError, match="one of AWS"):
            s3.connect("r2://models/m")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("R2_ACCOUNT_ID", "abc123")
    assert s3.connect("r2://models/m")._endpoint == "https://abc123.r2.cloudflarestorage.com"


@pytest.mark.parametrize(("address", "said"), [("s3://nowhere/x", "no such bucket"), ("s3://", "name a bucket")])
def test_what_is_not_there(address: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        list(s3.connect(address).files())


def test_without_credentials_a_public_bucket_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = s3.connect("s3://models/mm.pkl")
    [file] = bucket.files()
    assert bucket.read(file, 0, 100) == EVIL


def test_a_service_that_is_down_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelaudit.sources.remote.line.FIRST", 0.01)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    document = scan(["s3://models/m"], load_ruleset())
    assert document.decision.exit_code == 2
    assert "does not answer" in document.errors[0].message


def test_one_object_is_found_by_its_name() -> None:
    bucket = s3.connect("s3://models/m")
    file = bucket.find("sub/w.safetensors")
    assert (file.size, file.key) == (len(WEIGHTS), "m/sub/w.safetensors")
    assert bucket.read(file, 8, 20) == WEIGHTS[8:20]
    assert s3.connect("s3://models").find("mm.pkl").size == len(EVIL)
    with pytest.raises(SourceError) as caught:
        bucket.find("nothing")
    assert caught.value.code == "missing-path"
