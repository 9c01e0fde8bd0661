"""Addresses hold tokens, and are shown without them."""

from pathlib import Path
from urllib.parse import quote

import pytest

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan
from modelaudit.reports import FORMATS, View, render
from modelaudit.sources.address import without_secrets


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://user:token@host.example/x.pkl", "https://***@host.example/x.pkl"),
        ("https://token@host.example", "https://***@host.example"),
        ("https://a:b@c@host/x", "https://***@host/x"),
        ("https://user:SEC/RET@h", "https://***@h"),
        ("https://user:SEC/RET@h.example:8443/x?y", "https://***@h.example:8443/x?***"),
        ("https://user:SE?CR#ET@h/x", "https://***@h/x"),
        ("https://user:1/RET@h/x", "https://***@h/x"),
        ("https://SEC/RET@[::1]:80/x", "https://***@[::1]:80/x"),
        ("https://user:SE@C/RET@h/x", "https://***@h/x"),
        ("s3://KEY:SEC/RET@bucket/k", "s3://***@bucket/k"),
        ("oci://user:SEC/RET@host/repo@sha256:ab", "oci://***@host/repo@sha256:ab"),
        ("oci://localhost:5000/repo:tag@sha256:ab", "oci://localhost:5000/repo:tag@sha256:ab"),
        ("https://host.example:8443/npm/@scope/x", "https://host.example:8443/npm/@scope/x"),
        ("https://host.example/x@v1.bin", "https://host.example/x@v1.bin"),
        ("hf://acme/model@v1.0/x", "hf://acme/model@v1.0/x"),
        ("s3://arn:aws:s3:eu-west-1:1:accesspoint/name/x@y", "s3://arn:aws:s3:eu-west-1:1:accesspoint/name/x@y"),
        ("https://host/x?token=abc", "https://host/x?***"),
        ("https://host/x?token=abc#key", "https://host/x?***"),
        ("https://host#key", "https://host#***"),
        ("https://host/x@y:z", "https://host/x@y:z"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("abfs://box@acme.dfs.core.windows.net/k@v", "abfs://box@acme.dfs.core.windows.net/k@v"),
        ("abfs://me:SECRET@acme.dfs.core.windows.net/k", "abfs://***@acme.dfs.core.windows.net/k"),
        ("abfs://SECRET@host.example/k", "abfs://***@host.example/k"),
        ("models/a@b?c#d", "models/a@b?c#d"),
        ("://", "://"),
    ],
)
def test_what_stands_for_a_password_is_left_out(address, shown) -> None:
    assert without_secrets(address) == shown


@pytest.mark.parametrize("form", ["file://{}", "FILE://localhost{}", "file:{}"])
def test_an_address_of_a_file_is_scanned_as_its_path(form: str, tmp_path: Path) -> None:
    folder = tmp_path / "a b#c"
    folder.mkdir()
    (folder / "evil.pkl").write_bytes(b"cposix\nsystem\n(S'true'\ntR.")
    here = scan([str(folder)], load_ruleset())
    for path, found in ((folder, here.findings), (folder / "evil.pkl", here.findings)):
        document = scan([form.format(quote(str(path)))], load_ruleset())
        assert (document.errors, document.decision.exit_code, document.transfer) == ((), 1, None)
        assert [(f.rule, f.artifact) for f in document.findings] == [(f.rule, f.artifact) for f in found]
        assert {artifact.scope for artifact in document.artifacts} == {"full"}


@pytest.mark.parametrize("address", ["file://host.example/m.pkl", "file:///nowhere/m.pkl"])
def test_an_address_of_another_machines_file_is_an_error(address: str) -> None:
    document = scan([address], load_ruleset())
    assert (document.decision.exit_code, [error.code for error in document.errors]) == (2, ["missing-path"])


def test_no_report_has_it() -> None:
    document = scan(["https://user:hunter2@host.example/x.pkl?token=hunter2"], load_ruleset())
    assert document.decision.exit_code == 2
    for format in FORMATS:
        text = render(document, format, View(verbose=True))
        assert "hunter2" not in text, format
        assert "host.example" in text, format
