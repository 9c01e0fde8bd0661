"""Credentials in the address of a bucket are refused, and not repeated."""

from __future__ import annotations

from importlib import import_module

import pytest

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan
from modelaudit.reports import FORMATS, View, render
from modelaudit.sources.errors import MISSING, SourceError

CLIENTS = {"s3": "s3fs", "gcs": "gcsfs", "azure": "adlfs"}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("s3", "s3://AKIAKEY:hunter2@bucket/k"),
        ("s3", "s3://AKIAKEY:hun/hunter2@bucket/k"),
        ("s3", "r2://hunter2@bucket/k"),
        ("gcs", "gs://AKIAKEY:hunter2@bucket/k"),
        ("gcs", "gcs://AKIAKEY:hun?hunter2@bucket"),
        ("azure", "az://AKIAKEY:hunter2@models/k"),
        ("azure", "az://AKIAKEY:hun/hunter2@models/k"),
    ],
)
def test_credentials_are_refused_and_not_repeated(name: str, address: str) -> None:
    pytest.importorskip(CLIENTS[name], reason="the client is not installed")
    with pytest.raises(SourceError, match="credentials have no place in the address") as caught:
        import_module(f"modelaudit.sources.remote.{name}").connect(address)
    assert caught.value.code == MISSING
    assert "hun" not in f"{caught.value} {caught.value.path}"
    assert "AKIA" not in f"{caught.value} {caught.value.path}"
    document = scan([address], load_ruleset())
    assert document.decision.exit_code == 2
    for format in FORMATS:
        assert "hunter2" not in render(document, format, View(verbose=True)), format
