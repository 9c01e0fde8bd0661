"""Packs that were compiled when a wheel was built: the same rules, and never those of other files."""

import json
import shutil

import pytest

from modelaudit.engine.authoring.lint import lint
from modelaudit.engine.packs import load, prepared
from modelaudit.engine.packs.model import Sources
from modelaudit.engine.packs.read import builtin_folders
from modelaudit.engine.packs.testing import run_tests

PACK = """\
schema: modelaudit/pack@1
pack: core
version: 1.0.0
engine: '>=1.0'
rules: [rules.yaml]
"""
RULES = """\
schema: modelaudit/rules@1
rules:
  - id: MA9001
    name: a-rule
    version: 1
    title: A rule
    status: stable
    severity: warning
    confidence: likely
    for: import
    when: 'import.module == "os"'
    message: '{import.qualname}'
    why: It is one.
    fix: Leave it out.
    references: ['https://example.org']
    tests:
      - name: os
        facts: {import: [{module: os, name: system}]}
        expect: match
      - name: math
        facts: {import: [{module: math, name: cos}]}
        expect: no-match
"""
POLICY = """\
schema: modelaudit/policy@1
policy: acme
version: 1
extends: [builtin:strict]
ignore: [tag:licence]
severity: {MA1001: warning}
deny:
  - id: ACME-1
    title: No pickles
    for: artifact
    severity: critical
    when: 'artifact.format == "pickle"'
"""


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "core"
    folder.mkdir()
    (folder / "pack.yaml").write_text(PACK)
    (folder / "rules.yaml").write_text(RULES)
    (tmp_path / "core.prepared.json").write_bytes(prepared.prepare(str(folder)))
    return folder


def taken(folder):
    sources = Sources()
    return prepared.read(str(folder), sources), sources


def test_the_core_pack_comes_to_the_same_rule_set(tmp_path, monkeypatch):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    monkeypatch.setattr(prepared, "path_of", lambda folder: str(tmp_path / "none"))
    document, inputs = load.build(str(policy))
    (folder,) = builtin_folders()
    path = tmp_path / "prepared.json"
    path.write_bytes(prepared.prepare(folder))
    monkeypatch.setattr(prepared, "path_of", lambda folder: str(path))
    monkeypatch.setattr("modelaudit.engine.packs.read.read_builtin", lambda *_: pytest.fail("YAML was read"))
    assert load.build(str(policy)) == (document, inputs)


def test_lint_of_other_rules_says_the_same_and_their_tests_run(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    text = RULES.replace("MA9001", "ACME-1").replace("facts: {import:", "facts: {imports:")
    path.write_text(text.replace("    for: import", "    for: import\n    absorbs: [MA1O9O, MA1090]"))
    prepared_path = tmp_path / "prepared.json"
    prepared_path.write_bytes(prepared.prepare(builtin_folders()[0]))
    monkeypatch.setattr(prepared, "path_of", lambda folder: str(tmp_path / "none"))
    said = lint([str(path)])
    assert [each.code for each in said.diagnostics if each.level == "error"] == ["E118"]
    monkeypatch.setattr(prepared, "path_of", lambda folder: str(prepared_path))
    monkeypatch.setattr("modelaudit.engine.packs.read.read_builtin", lambda *_: pytest.fail("YAML was read"))
    assert lint([str(path)]) == said
    path.write_text(text)
    assert run_tests([str(path)]).ok


def test_lint_tells_of_a_deprecated_rule_of_a_prepared_pack(pack):
    second = RULES.partition("rules:\n")[2].replace("MA9001", "MA9002").replace("a-rule", "b-rule")
    old = RULES.replace("status: stable", "status: deprecated\n    replaced_by: MA9002")
    (pack / "rules.yaml").write_text(old + second)
    (pack.parent / "core.prepared.json").write_bytes(prepared.prepare(str(pack)))
    rule = taken(pack)[1].rules[0]
    assert (rule.value("status"), rule.value("replaced_by")) == ("deprecated", "MA9002")


def test_a_pack_is_taken_with_everything_that_others_name(pack):
    found, sources = taken(pack)
    assert found
    assert [rule.id for rule in sources.rules] == ["MA9001"]
    assert sources.packs[0].compiled["rules"][0]["when"]
    assert sources.inputs[0]["folder"] == str(pack)


def test_an_edited_rule_is_never_judged_as_it_was(pack):
    (pack / "rules.yaml").write_text(RULES.replace('"os"', '"posix"'))
    found, sources = taken(pack)
    assert not found
    assert not sources.packs


def test_nor_is_one_that_another_engine_compiled(pack, monkeypatch):
    monkeypatch.setattr(prepared, "_engine", lambda: "another")
    assert not taken(pack)[0]


def test_every_file_of_the_engine_counts(tmp_path, monkeypatch):
    for name in ("engine", "schemas"):
        shutil.copytree(prepared.data_path(name), tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = prepared._engine()
    monkeypatch.setattr(prepared, "data_path", lambda *parts: str(tmp_path.joinpath(*parts)))
    assert prepared._engine() == before  # wherever it stands
    with (tmp_path / "engine" / "lang" / "lower.py").open("a") as file:
        file.write("\n")
    assert prepared._engine() != before


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b"{}", b'{"entry": "modelaudit/prepared@1"}', b"[" * 100_000])
def test_what_is_no_prepared_pack_is_passed_over(pack, said):
    (pack.parent / "core.prepared.json").write_bytes(said)
    assert not taken(pack)[0]


def test_a_prepared_pack_that_lacks_a_part_is_passed_over(pack):
    path = pack.parent / "core.prepared.json"
    whole = json.loads(path.read_bytes())
    for part in ("data", "lists", "rules", "compiled", "globs"):
        path.write_text(json.dumps({key: value for key, value in whole.items() if key != part}))
        assert taken(pack) == (False, Sources())


def test_a_pack_with_a_mistake_is_not_prepared(pack):
    (pack / "rules.yaml").write_text(RULES.replace("import.module ==", "import.modul =="))
    with pytest.raises(ValueError, match="is not ready"):
        prepared.prepare(str(pack))
