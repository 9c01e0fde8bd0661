"""Where a policy lets models come from, asked before the first request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.services import Memory, served
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan

if TYPE_CHECKING:
    from pathlib import Path

EVIL = b"cposix\nsystem\n(S'true'\ntR."
HEAD = "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\nextends: ['builtin:default']\n"


@pytest.mark.parametrize(
    ("sources", "address"),
    [
        ("deny: ['hf://evil/**']", "https://huggingface.co/evil/model/tree/main"),
        ("deny: ['hf://evil/**']", "hf://evil/model@v1"),
        ("deny: ['https://huggingface.co/**']", "hf://acme/model"),
        ("deny: ['gs://b/**']", "gcs://b/x"),
        ("allow: ['hf://acme/**']", "https://hf.co/other/model"),
        ("allow: ['file://**']", "s3://bucket/x"),
    ],
)
def test_what_is_denied_is_not_asked(
    tmp_path: Path, sources: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.yaml").write_text(f"{HEAD}sources: {{{sources}}}\n")
    with served(monkeypatch, Memory({"evil.pkl": EVIL})) as service, pytest.raises(UsageError, match="source"):
        scan([address], load_ruleset(str(tmp_path / "p.yaml")))
    assert not service.listings


def test_files_are_asked_about_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.yaml").write_text(
        f"{HEAD}sources: {{allow: ['mem://acme/**/*.json'], deny: ['mem://**/secret/**']}}\n"
    )
    files = {"config.json": b"{}", "evil.pkl": EVIL, "secret/config.json": b"{}"}
    with served(monkeypatch, Memory(files)) as service:
        document = scan(["mem://acme/model"], load_ruleset(str(tmp_path / "p.yaml")))
    assert {name for name, _, _ in service.asked} <= {"config.json"}
    assert {error.code for error in document.errors} == {"source-refused"}
