"""Addresses of the hub, taken apart without its client."""

import pytest

from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote.hub import HUB, Place, other_names, place_of


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
        ("gcs://b/x", "gs://b/x"),
    ],
)
def test_one_place_has_several_names(address: str, name: str) -> None:
    assert name in other_names(address)


@pytest.mark.parametrize("address", ["hf://", "hf:///", "hf://a/../b", "https://huggingface.co/"])
def test_what_names_no_repository(address: str) -> None:
    with pytest.raises(SourceError, match="name a repository"):
        place_of(address)
