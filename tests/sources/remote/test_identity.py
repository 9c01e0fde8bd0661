"""Whose word a digest is: what one server says of its files tells nothing of another's."""

from dataclasses import replace

import pytest

from modelaudit.sources.remote.service import Listed, endpoint, origin

FILE = Listed("m.pkl", 10, "m.pkl", sha256="ab" * 32)


@pytest.mark.parametrize(
    ("address", "first"),
    [
        ("https://a.jfrog.io/artifactory/repo", "https://a.jfrog.io"),
        ("s3://bucket/models/x", "s3://bucket"),
        ("hf://acme/net@main", "hf://acme"),
        ("oci://host:5000/repo:tag", "oci://host:5000"),
        ("models:/Net/1", "models:/Net/1"),
    ],
)
def test_the_origin_of_an_address(address, first):
    assert origin(address) == first


def test_the_same_digest_from_another_server_is_another_file():
    known = FILE.identity("https://a.example/models")
    assert known == FILE.identity("https://a.example/others")  # moved within its server
    assert known != FILE.identity("https://b.example/models")


def test_the_same_address_at_another_server_is_another_file():
    known = FILE.identity("hf://acme/net")
    others = [replace(FILE, server=server) for server in ("https://hub.acme.io", "https://hub.evil.io")]
    assert len({known, *(file.identity("hf://acme/net") for file in others)}) == 3


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://User:word@Hub.acme.io/", "https://***@hub.acme.io"),
        ("https://acme.blob.core.windows.net/?sig=word", "https://acme.blob.core.windows.net"),
    ],
)
def test_no_credential_is_in_an_identity(url, told):
    assert endpoint(url) == told


def test_a_file_that_stands_elsewhere_has_the_origin_of_its_own_place():
    moved = Listed("m.pkl", 10, "m.pkl", sha256="ab" * 32, place="s3://bucket/m.pkl")
    assert moved.identity("models:/Net/1") == moved.identity("models:/Net/2")
    assert moved.identity("models:/Net/1") != FILE.identity("models:/Net/1")
