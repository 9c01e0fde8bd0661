"""How much is read: by default, by option and by policy."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from fixtures.services import Memory, served
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import content_hash, scan
from modelaudit.reports import View, render
from modelaudit.reports.json import report as made
from modelaudit.sources.remote.service import Listed

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b'{"w":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(3_000_000)
HEAD = "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\nextends: ['builtin:default']\n"


@pytest.mark.parametrize(
    ("limits", "option", "read"),
    [
        ("{}", None, "structure"),
        ("{scope: full}", None, "full"),
        ("{scope: full}", "structure", "structure"),
        ("{}", "full", "full"),
        ("{scope: structure}", "full", "full"),
    ],
)
def test_who_decides(
    tmp_path: Path, limits: str, option: str | None, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.yaml").write_text(f"{HEAD}limits: {limits}\n")
    with served(monkeypatch, Memory({"m.safetensors": WEIGHTS}, digests=False)) as service:
        document = scan(["mem://acme/model"], load_ruleset(str(tmp_path / "p.yaml")), Options(scope=option))
    assert document.artifacts[0].scope == read
    assert (document.artifacts[0].sha256 is not None) == (service.moved >= len(WEIGHTS)) == (read == "full")


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
@pytest.mark.parametrize("digests", [True, False])
def test_a_report_says_what_full_would_add(format: str, digests: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {}
    for scope in ("structure", "full"):
        with served(monkeypatch, Memory({"m.safetensors": WEIGHTS}, digests=digests)):
            document = scan(["mem://acme/model"], load_ruleset(), Options(scope=scope))
        said[scope] = " ".join(render(document, format, View()).split())
    added = "structure: 1 file without weights; --scope full adds digests, the search for programs in weights, "
    added += "and their statistics" + ("" if digests else "; digests of 1 file are unverified")
    assert added in said["structure"]
    assert ("unverified" in said["structure"]) != digests
    assert "--scope full" not in said["full"]


def test_a_final_scope_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.yaml").write_text(f"{HEAD}limits: {{scope: full}}\nfinal: [limits.scope]\n")
    ruleset = load_ruleset(str(tmp_path / "p.yaml"))
    with served(monkeypatch, Memory({"m.safetensors": WEIGHTS})) as service:
        with pytest.raises(UsageError, match=r"limits\.scope final"):
            scan(["mem://acme/model"], ruleset, Options(scope="structure"))
        assert not service.listings


def test_an_extending_policy_cannot_loosen_it(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(f"{HEAD}limits: {{scope: full}}\nfinal: [limits.scope]\n")
    (tmp_path / "p.yaml").write_text(
        "schema: modelaudit/policy@1\npolicy: b\nversion: 1\nextends: ['./base.yaml']\nlimits: {scope: structure}\n"
    )
    with pytest.raises(Exception, match="E310"):
        load_ruleset(str(tmp_path / "p.yaml"))


def test_a_digest_that_nobody_knows_is_unverified(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"config.json": b"{}", "m.safetensors": WEIGHTS}
    with served(monkeypatch, Memory(files, digests=False)):
        document = scan(["mem://acme/model"], load_ruleset())
    report = made(document)
    assert document.content_hash is None  # that of the small file alone would be the same for other weights
    assert report["unverified"] is True
    told = {row["path"].rpartition("/")[2]: (row.get("sha256"), row.get("unverified")) for row in report["artifacts"]}
    assert told["config.json"] == (sha256(b"{}").hexdigest(), None)
    assert told["m.safetensors"] == (None, True)


@pytest.mark.parametrize("digests", [True, False])
def test_the_content_hash_is_that_of_all_files(digests: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"config.json": b"{}", "m.pkl": b"\x80\x04}."} | ({"m.safetensors": WEIGHTS} if digests else {})
    with served(monkeypatch, Memory(files, digests=digests)):
        document = scan(["mem://acme/model"], load_ruleset())
    assert document.content_hash == content_hash(sha256(data).hexdigest() for data in files.values())
    assert "unverified" not in made(document)


def test_a_small_file_is_held_against_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lying(Memory):
        def files(self) -> list[Listed]:
            return [Listed("m.pkl", 4, "m.pkl", sha256="ab" * 32)]

    with served(monkeypatch, Lying({"m.pkl": b"\x80\x04}."})):
        document = scan(["mem://acme/model"], load_ruleset())
    assert "its content is not the one that its digest says" in document.errors[0].message
    assert document.decision.exit_code == 2
