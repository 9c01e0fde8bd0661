"""Another port is another server: it is not the hub, and sees no credentials of a registry."""

from __future__ import annotations

import pytest

from modelaudit.sources.remote.http import origin_of
from modelaudit.sources.remote.hub import HUB, is_hub, place_of
from modelaudit.sources.remote.registry import _asked_for, _belongs


@pytest.mark.parametrize(
    ("address", "hub"),
    [
        ("https://huggingface.co/a/b", True),
        ("https://huggingface.co:443/a/b", True),
        ("http://huggingface.co/a/b", True),
        ("https://huggingface.co:8443/a/b", False),
        ("https://hub.example:8443/a/b", True),
        ("https://hub.example/a/b", False),
        ("https://hub.example:9/a/b", False),
        ("https://hub.example:x/a/b", False),
    ],
)
def test_what_is_the_hub(address: str, hub: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example:8443")
    assert is_hub(address) is hub


def test_whose_repository_an_address_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example:8443")
    assert place_of("https://hub.example:8443/a/b").endpoint == "https://hub.example:8443"
    monkeypatch.setenv("HF_ENDPOINT", "https://huggingface.co:8443")
    assert place_of("https://huggingface.co/a/b").endpoint == HUB


@pytest.mark.parametrize(
    ("realm", "registry", "shown"),
    [
        ("https://r.example:5000", "https://r.example:5000", True),
        ("https://r.example:5001", "https://r.example:5000", True),  # as docker_auth is set up
        ("https://r.example:5001", "http://r.example:5000", True),
        ("http://r.example:5001", "http://r.example:5000", False),
        ("http://r.example:5001", "https://r.example:5001", False),
        ("https://auth.r.example:9", "https://r.example", False),
        ("https://r.example", "https://r.example:5050", True),  # as GitLab is set up
        ("http://r.example", "http://r.example:5050", False),
        ("https://auth.docker.io", "https://registry-1.docker.io", True),
    ],
)
def test_who_sees_credentials(realm: str, registry: str, shown: bool) -> None:
    assert _belongs(origin_of(realm), origin_of(registry)) is shown


def test_what_a_token_is_for_is_not_the_registrys_to_say() -> None:
    realm = "https://r.example/token?scope=registry:catalog:*&a=1&sc%6fpe=x&service=y"
    assert _asked_for(realm, {"scope": "s"}) == "https://r.example/token?a=1&scope=s"
    assert _asked_for(realm, {}) == "https://r.example/token?a=1"
    assert _asked_for("https://r.example/token", {}) == "https://r.example/token"
