"""A client that is not installed is named with the line that installs it; nothing else is said."""

from __future__ import annotations

import sys

import pytest

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan

ADDRESSES = [
    ("hf://acme/net", "huggingface", "huggingface_hub"),
    ("https://huggingface.co/acme/net", "huggingface", "huggingface_hub"),
    ("s3://box/m.pkl", "s3", "s3fs"),
    ("r2://box/m.pkl", "s3", "s3fs"),
    ("gs://box/m.pkl", "gcs", "gcsfs"),
    ("gcs://box/m.pkl", "gcs", "gcsfs"),
    ("az://box/m.pkl", "azure", "adlfs"),
    ("abfs://box@acme.dfs.core.windows.net/m.pkl", "azure", "adlfs"),
    ("models:/net/1", "mlflow", "mlflow"),
    ("runs:/0a1b/model", "mlflow", "mlflow"),
]


@pytest.mark.parametrize(("address", "extra", "client"), ADDRESSES)
def test_one_line_names_the_extra(address: str, extra: str, client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, client, None)  # as if it were not there
    monkeypatch.delitem(sys.modules, f"{client}.exceptions", raising=False)
    monkeypatch.delitem(sys.modules, f"modelaudit.sources.remote.{extra}", raising=False)
    document = scan([address], load_ruleset())
    [error] = document.errors
    assert error.code == "missing-extra"
    said = "reading it needs a client that is not installed: pip install"
    assert error.message == f"{address}: {said} 'modelaudit[{extra}]'"
    assert document.decision.exit_code == 2
