"""Where models may come from: asked before the first byte is read."""

from __future__ import annotations

import pytest

from fixtures.rulesets import compiled, mistakes, rule
from modelaudit.engine.errors import UsageError
from modelaudit.engine.policy.origin import Origins
from modelaudit.pipeline.scan import scan


def ruleset(folder, sources: str, more: str = ""):
    rules, diagnostics = compiled(folder, rule("T-1"), f"sources: {{{sources}}}\n{more}")
    assert rules is not None, diagnostics
    return rules


@pytest.fixture
def models(tmp_path):
    for name in ("good/a.pkl", "good/sub/b.pkl", "bad/c.pkl"):
        path = tmp_path / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x80\x04}.")
    return tmp_path / "models"


CASES = [
    ("allow: ['file://**']", "models/good/a.pkl", True),
    ("allow: ['file://models/good/**']", "models/good/a.pkl", True),
    ("allow: ['file://models/good/**']", "models/good/sub/b.pkl", True),
    ("allow: ['file://models/good/*']", "models/good/sub/b.pkl", False),
    ("allow: ['file://./models/good/**']", "models/bad/c.pkl", False),
    ("allow: ['file://**/good/**']", "models/good/a.pkl", True),
    ("allow: ['hf://acme/**']", "models/good/a.pkl", False),
    ("allow: ['hf://acme/**']", "hf://acme/bert", True),
    ("allow: ['hf://acme/**']", "hf://other/bert", False),
    ("allow: ['file://**']", "hf://acme/bert", False),
    ("deny: ['file://models/bad/**']", "models/bad/c.pkl", False),
    ("deny: ['file://models/bad/**']", "models/good/a.pkl", True),
    ("allow: ['file://**'], deny: ['file://**/c.pkl']", "models/bad/c.pkl", False),
    ("allow: []", "models/good/a.pkl", False),
    ("allow: ['file://**']", "models:/Net/1", False),
    ("allow: ['file://**']", "runs:/0a1b/model", False),
    ("allow: ['models:/Net/**']", "models:/Net/1", True),
    ("allow: ['models:/Net/**']", "models:/Other/1", False),
    ("deny: ['runs:/**']", "runs:/0a1b/model", False),
    *[
        ("deny: ['oci://hub.acme.io/**']", address, False)
        for address in (
            *("OCI://hub.acme.io/x:1", "oci://HUB.acme.io/x:1", "oci://hub.acme.io:443/x:1"),
            *("oci://user:word@hub.acme.io/x:1", "oci://hub%2Eacme.io/x:1"),
        )
    ],
    ("deny: ['oci://docker.io/**']", "oci://registry-1.docker.io/acme/net", False),
    ("deny: ['https://acme.io/secret/**']", "HTTPS://u@Acme.io:443/%73ecret/m.pkl", False),
    ("deny: ['s3://box/secret/**']", "S3://box/%73ecret/m.pkl", False),
    ("deny: ['https://acme.io/**']", "https://acme.io:8443/m.pkl", True),
    ("allow: ['https://acme.io/**']", "https://acme.io@other.io/m.pkl", False),
    ("allow: ['https://acme.io/public/**']", "https://acme.io/public/%2E%2E/secret/m.pkl", False),
    ("allow: ['https://acme.io/public/**']", "https://acme.io/public/m.pkl?sig=a/b", True),
    *[
        (f"deny: ['{pattern}']", "https://acme.io/secret/m.pkl", False)
        for pattern in (
            *("https://ACME.io/**", "HTTPS://acme.io:443/**", "https://u:w@acme.io/**", "https://acme.io./**"),
            *("https://acme.io/%73ecret/**", "https://acme.io/x/../secret/*", "https://acme%2Eio//secret/m.p?l"),
        )
    ],
    *[
        (f"deny: ['{pattern}']", address, False)
        for pattern, address in (
            ("S3://box/**", "s3://box/m.pkl"),
            ("s3://box/%73ecret/**", "s3://box/secret/m.pkl"),
            ("s3://box/a b/**", "s3://box/a%20b/m.pkl"),
            ("s3://box/what%3F.pkl", "s3://box/what%3f.pkl"),
            ("gcs://box/**", "gs://box/m.pkl"),
            ("az://box/**", "abfss://box/m.pkl"),
            ("abfs://box@ACME.blob.core.windows.net/**", "abfss://box@acme.dfs.core.windows.net/m.pkl"),
            ("oci://index.docker.io/**", "oci://docker.io./acme/net"),
            ("oci://docker.io/library/**", "oci://registry.hub.docker.com/net:1"),
            ("https://hf.co/acme/**", "https://huggingface.co/acme/net"),
            ("https://b\u00fccher.example/**", "https://xn--bcher-kva.example/m.pkl"),
            ("https://xn--bcher-kva.example/**", "https://B\u00dcCHER.example/m.pkl"),
            ("https://127.0.0.1/**", "https://0x7f000001/m.pkl"),
            ("https://127.1/**", "https://2130706433/m.pkl"),
            ("https://10.0.*.*/**", "https://[::ffff:10.0.1.2]/m.pkl"),
            ("https://[0:0:0:0:0:0:0:1]:8443/**", "https://[::1]:8443/m.pkl"),
            ("https://acme.io/**", "https://ac\tme.io?/m.pkl"),
            ("MODELS:/Net/**", "models:///Net/3"),
            ("RUNS://0a1b/**", "runs:/0a1b/model"),
            ("FILE://**/c.pkl", "models/bad/c.pkl"),
            ("file:/**/c.pkl", "models/bad/c.pkl"),
            ("file:///srv/**", "file://localhost/srv/%63.pkl"),
            ("file://models/bad/**", "models/d://../bad/c.pkl"),
            ("hf://evil/**", "hf:/evil/net"),
            ("hf:/evil/**", "HF:///evil/net"),
            ("file://models/%62ad/**", "models/bad/c.pkl"),
        )
    ],
    ("allow: ['file://**']", "hf:/evil/net", False),
    ("deny: ['https://acme.io:8443/**']", "https://acme.io/m.pkl", True),
    ("deny: ['s3://box/**']", "r2://box/m.pkl", True),
    ("deny: ['https://strasse.example/**']", "https://stra\u00dfe.example/m.pkl", True),
    ("deny: ['models:/Net/**']", "models:/Network/3", True),
    ("deny: ['file://**/100%25/**']", "models/good/a.pkl", True),
]


@pytest.mark.parametrize(("sources", "path", "admitted"), CASES)
def test_a_source_is_admitted_or_not(models, tmp_path, monkeypatch, sources, path, admitted):
    monkeypatch.chdir(tmp_path)
    assert (Origins(ruleset(tmp_path, sources)).refusal(path) == "") is admitted


def test_a_refused_path_ends_the_scan_before_any_byte_is_read(models, tmp_path, monkeypatch):
    rules = ruleset(tmp_path, "allow: ['file://models/good/**']")
    monkeypatch.setattr("modelaudit.sources.local.SourceFile.open", lambda *_, **__: pytest.fail("a file was read"))
    with pytest.raises(UsageError, match=r"policy acme/p does not admit this source: .*c\.pkl \(admitted: file://mod"):
        scan([str(models / "good"), str(models / "bad" / "c.pkl")], rules)


def test_a_link_is_judged_by_where_it_leads(models, tmp_path):
    link = models / "good" / "link.pkl"
    link.symlink_to(models / "bad" / "c.pkl")
    with pytest.raises(UsageError, match="denies this source"):
        scan([str(link)], ruleset(tmp_path, "deny: ['file://models/bad/**']"))


def test_of_a_folder_the_files_that_are_not_admitted_are_errors_and_the_rest_is_scanned(models, tmp_path):
    document = scan([str(models)], ruleset(tmp_path, "allow: ['file://models/good/**']"))
    assert [error.code for error in document.errors] == ["source-refused"]
    assert document.files_scanned == 2
    assert document.decision.exit_code == 2


def test_no_policy_calls_a_refused_file_a_pass(models, tmp_path):
    rules = ruleset(tmp_path, "deny: ['file://models/bad/**']", "gate: {on_incomplete: report}\n")
    assert scan([str(models)], rules).decision.exit_code == 2


def test_a_folder_in_which_nothing_can_be_admitted_is_refused_whole(models, tmp_path):
    with pytest.raises(UsageError, match="does not admit"):
        scan([str(models / "bad")], ruleset(tmp_path, "allow: ['file://models/good/**']"))


def test_a_folder_judged_as_a_whole_opens_nothing_that_is_refused(tmp_path, monkeypatch):
    from modelaudit.sources.file import FileReader

    folder = tmp_path / "model"
    folder.mkdir()
    names = ["model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    for name in names:
        (folder / name).write_bytes(b"{}")
    rules = ruleset(tmp_path, "deny: ['file://**/model-00002*', 'file://**/*.json']")
    opened = []
    real = FileReader.__init__

    def note(self, path, **options):
        opened.append(path.rpartition("/")[2])
        real(self, path, **options)

    monkeypatch.setattr(FileReader, "__init__", note)
    document = scan([str(folder)], rules)
    assert set(opened) == {"model-00001-of-00002.safetensors"}
    assert document.decision.exit_code != 0


@pytest.mark.parametrize(
    ("pattern", "words", "hint"),
    [
        ("models/**", "what kind of source", "file://models/"),
        ("file://a**", "must be one by itself", ""),
        ("*://acme/**", "what kind of source", ""),
    ],
)
def test_a_pattern_that_means_nothing_is_a_mistake(tmp_path, pattern, words, hint):
    [found] = mistakes(tmp_path, f"sources: {{allow: ['{pattern}']}}\n")
    assert (found.code, found.span.line, found.span.column) == ("E334", 4, 20)
    assert words in found.message
    assert hint in found.help
