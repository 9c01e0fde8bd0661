"""Addresses of the hub, taken apart without its client."""

import pytest

from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote.aliases import other_names
from modelaudit.sources.remote.hub import HUB, Place, place_of


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("hf://acme/model", Place("model", "acme/model", None, "", HUB)),
        ("hf://acme/model/sub/a.pt", Place("model", "acme/model", None, "sub/a.pt", HUB)),
        ("hf://acme/model@v1/sub", Place("model", "acme/model", "v1", "sub", HUB)),
        ("hf://acme/model@refs/pr/3/sub", Place("model", "acme/model", "refs/pr/3", "sub", HUB)),
        ("hf://gpt2", Place("model", "gpt2", None, "", HUB)),
        ("hf://gpt2@abc/x", Place("model", "gpt2", "abc", "x", HUB)),
        ("hf://datasets/acme/data", Place("dataset", "acme/data", None, "", HUB)),
        ("https://huggingface.co/acme/model", Place("model", "acme/model", None, "", HUB)),
        ("https://hf.co/bert-base-uncased", Place("model", "bert-base-uncased", None, "", HUB)),
        ("https://huggingface.co/bert-base-uncased/tree/main", Place("model", "bert-base-uncased", "main", "", HUB)),
        ("https://huggingface.co/a/b/blob/main/x/y.pt", Place("model", "a/b", "main", "x/y.pt", HUB)),
        ("https://huggingface.co/a/b/resolve/main/y.pt?download=true", Place("model", "a/b", "main", "y.pt", HUB)),
        ("https://huggingface.co/a/b/tree/refs%2Fpr%2F1/sub", Place("model", "a/b", "refs/pr/1", "sub", HUB)),
        ("https://huggingface.co/datasets/a/b/tree/feature%2Fx", Place("dataset", "a/b", "feature/x", "", HUB)),
    ],
)
def test_addresses(address: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://huggingface.co/acme/m/resolve/main/a.pt", "hf://acme/m/a.pt"),
        ("hf://acme/m@v1/a.pt", "https://huggingface.co/acme/m/a.pt"),
        ("HF://acme/m", "hf://acme/m"),
        ("https://acme.io/m.pkl?sig=x", "https://acme.io/m.pkl"),
        ("models:/Net@prod/m.pkl", "models:/Net/@prod/m.pkl"),
        ("oci://hub.acme.io:5000/net:1@sha256:ab/m.pkl", "oci://hub.acme.io:5000/net/m.pkl"),
        ("abfs://box/m.pkl", "abfs://box@acme.dfs.core.windows.net/m.pkl"),
        ("abfs://box@acme.dfs.core.windows.net/m.pkl", "abfs://box/m.pkl"),
        ("https://acme.blob.core.windows.net/box/m.pkl", "abfs://box/m.pkl"),
        ("abfs://box@other.dfs.core.windows.net/m.pkl", "https://other.blob.core.windows.net/box/m.pkl"),
        ("https://box.s3.eu-west-1.amazonaws.com/m.pkl", "s3://box/m.pkl"),
        ("https://s3.amazonaws.com/box/a/m.pkl", "s3://box/a/m.pkl"),
        ("https://storage.googleapis.com/box/m.pkl", "gs://box/m.pkl"),
        ("https://acme.jfrog.io/ui/native/models/m.pkl", "https://acme.jfrog.io/artifactory/models/m.pkl"),
        ("https://acme.jfrog.io/artifactory/models/m.pkl", "https://acme.jfrog.io/ui/native/models/m.pkl"),
    ],
)
def test_one_place_has_several_names(address: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acme")
    assert name in other_names(address)


def test_the_container_of_another_account_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acme")
    assert "abfs://box/m.pkl" not in other_names("abfs://box@other.dfs.core.windows.net/m.pkl")


@pytest.mark.parametrize("address", ["hf://", "hf:///", "hf://a/../b", "https://huggingface.co/"])
def test_what_names_no_repository(address: str) -> None:
    with pytest.raises(SourceError, match="name a repository"):
        place_of(address)
