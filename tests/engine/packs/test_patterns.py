"""Patterns in packs: how they compile, what is refused, how their tests run, what a scan makes of them."""

import json

import pytest

from fixtures import tensors
from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.packs.testing import run_tests
from modelaudit.pipeline.facts import facts
from modelaudit.pipeline.scan import scan

MANIFEST = """\
schema: modelaudit/pack@1
pack: acme
version: 1.0.0
engine: '>=1.0,<2'
rules: rules.yaml
patterns: patterns.yaml
"""
RULES = """\
schema: modelaudit/rules@1
rules:
  - id: ACME-1
    name: acme-key
    version: 1
    title: A key of ours
    status: stable
    severity: critical
    confidence: proved
    for: secret
    when: ['secret.kind == "acme-key"', secret.validated]
    message: 'a key {secret.value}'
    why: It opens our doors.
    fix: Take it back.
    tests:
      - {name: key, facts: {secrets: [{kind: acme-key, validated: true}]}, expect: match}
      - {name: other, facts: {secrets: [{kind: other, validated: true}]}, expect: no-match}
      - {name: not sure, facts: {secrets: [{kind: acme-key}]}, expect: no-match}
"""
PATTERNS = """\
schema: modelaudit/patterns@1
patterns:
  - id: acme-key
    kind: secret
    regex: 'akey_([a-z0-9]{8})'
    keywords: [akey_]
    in: [config, doc]
    where: ['entropy(match.groups[1]) >= 2.0', 'not (match.before contains "example")']
    validated: 'match.groups[1] startswith "1"'
    tests:
      - {name: key, text: 'k = akey_12345678', expect: match, value: akey…, validated: true}
      - {name: unsure, text: 'k = akey_abcdefgh', expect: match, validated: false}
      - {name: plain, text: 'k = akey_11111111', expect: no-match}
      - {name: sample, text: ['for example akey', _12345678], expect: no-match}
"""


@pytest.fixture
def pack(tmp_path):
    def write(patterns=PATTERNS, rules=RULES):
        folder = tmp_path / "acme"
        folder.mkdir(exist_ok=True)
        for name, text in (("pack.yaml", MANIFEST), ("rules.yaml", rules), ("patterns.yaml", patterns)):
            (folder / name).write_text(text, encoding="utf-8")
        return str(folder)

    return write


def test_the_tests_of_patterns_run_with_those_of_the_rules(pack):
    run = run_tests([pack()])
    assert (run.ok, run.patterns) == (True, 1)
    assert [result.name for result in run.results if result.rule == "acme-key"] == ["key", "unsure", "plain", "sample"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("value: akey…", "value: none", "expected value `none`, got `akey…`"),
        ("validated: false", "validated: true", "expected validated `True`, got `False`"),
        ("akey_12345678', expect: match", "nothing', expect: match", "expected match, got no-match"),
    ],
)
def test_a_test_that_does_not_come_true_is_a_problem(pack, old, new, problem):
    failed = run_tests([pack(PATTERNS.replace(old, new))]).failed
    assert [result.problems for result in failed] == [(problem,)]


@pytest.mark.parametrize(
    ("old", "new", "code", "place", "said"),
    [
        ("([a-z0-9]{8})", "(?=a)", "E221", (5, 18), "look-ahead"),
        ("([a-z0-9]{8})", "([a-z", "E222", (5, 19), "not closed"),
        ("in: [config, doc]", "group: 2", "E129", (7, 12), "there is no group 2, the expression has 1"),
        ("match.before contains", "match.behind contains", "E203", (8, 60), "unknown field `behind`"),
        ("match.before contains", "artifact.name contains", "E204", (8, 54), "unknown name `artifact`"),
        ("expect: no-match", "expect: match", "E130", (3, 9), "no test that expects `no-match`"),
        ("in: [config, doc]", "in: [konfig]", "E113", (7, 10), "konfig"),
        ("kind: secret", "kind: sekret", "E113", (4, 11), "sekret"),
    ],
)
def test_a_mistake_in_a_pattern_is_told_at_its_place(pack, old, new, code, place, said):
    with pytest.raises(DiagnosticsError) as caught:
        load_ruleset(rules=[pack(PATTERNS.replace(old, new))], cache=False)
    found = caught.value.diagnostics[0]
    assert (found.code, (found.span.line, found.span.column)) == (code, place)
    assert said in found.message


def test_the_same_pattern_twice_is_refused(pack):
    with pytest.raises(DiagnosticsError) as caught:
        load_ruleset(rules=[pack(PATTERNS + PATTERNS[PATTERNS.index("  - id") :])], cache=False)
    assert [each.code for each in caught.value.diagnostics] == ["E128", "W301"]


def test_a_scan_finds_the_secret_and_shows_no_more_than_its_beginning(pack, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"key": "akey_12345678"}), encoding="utf-8")
    rules = load_ruleset(rules=[pack()], cache=False)
    document = scan([str(tmp_path / "config.json")], rules)
    messages = [finding.message for finding in document.findings if finding.rule == "ACME-1"]
    assert messages == ["a key akey…"]


def test_facts_hold_no_secret(pack, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"key": "akey_12345678"}), encoding="utf-8")
    rules = load_ruleset(rules=[pack()], cache=False)
    trees = list(facts([str(tmp_path / "config.json")], deriver=rules.every_pattern()))
    assert trees[0].facts["text"][0].value == '{"key": "akey…"}'
    assert trees[0].facts["secret"][0].validated


def test_text_is_read_for_patterns_only_when_a_rule_reads_what_they_give(pack):
    with_secrets = load_ruleset(rules=[pack()], cache=False)
    assert with_secrets.wants("text")


LIKE = """\
schema: modelaudit/patterns@1
patterns:
  - id: acme-licence
    kind: license
    license: LicenseRef-acme-1.0
    like: |
      Acme Licence 1.0. You may use the weights for research and for your own products, as long as no more than one
      thousand people use them in a month. Copies carry this text. <Whoever> gives them, gives them as they are.

      Permission is hereby granted, free of charge, to nobody else.
    tests:
      - {name: prose, text: it is under the Acme Licence 1.0, expect: no-match}
      - name: its text
        text: >-
          ACME LICENSE 1.0. You may use the weights for research and for your own products, as long as no more than one
          thousand people use them in a month. Copies carry this text. Acme GmbH gives them, gives them as they are.
          Permission is hereby granted, free of charge, to nobody else.
        expect: match
        value: LicenseRef-acme-1.0
"""
OURS = """\
schema: modelaudit/rules@1
rules:
  - {id: ACME-2, name: ours, version: 1, title: Ours, status: stable, severity: info, confidence: proved, for: license,
     when: 'license.spdx startswith "LicenseRef-acme"', message: '{license.spdx} {license.role} {license.method}',
     tests: [{name: a, facts: {licenses: [{spdx: LicenseRef-acme-1.0}]}, expect: match},
             {name: b, facts: {licenses: [{spdx: MIT}]}, expect: no-match}]}
"""


def test_a_licence_of_the_house_is_known_by_its_text(pack, tmp_path):
    """Also one that begins with another's words, in the folder as a whole, and held against the card."""
    packed = pack(LIKE, OURS)
    assert run_tests([packed]).ok
    (tmp_path / "m").mkdir()
    text = LIKE.partition("like: |")[2].partition("    tests:")[0].replace("<Whoever>", "Somebody")
    (tmp_path / "m" / "LICENSE").write_text(f"Copyright (c) 2026 Acme\n{text}")
    (tmp_path / "m" / "README.md").write_text("---\nlicense: mit\n---\n")
    (tmp_path / "m" / "model.safetensors").write_bytes(tensors.model())
    found = {one.rule: one.message for one in scan([str(tmp_path / "m")], load_ruleset(rules=[packed])).findings}
    assert found["ACME-2"] == "LicenseRef-acme-1.0 file text"
    assert found["MA5704"] == "README.md says MIT, LICENSE is LicenseRef-acme-1.0"


@pytest.mark.parametrize(
    ("old", "new"), [("kind: license", "kind: secret"), ("    license: LicenseRef-acme-1.0\n", "")]
)
def test_a_text_of_a_licence_needs_its_kind_and_id(pack, old, new):
    with pytest.raises(DiagnosticsError, match="`like` needs"):
        load_ruleset(rules=[pack(LIKE.replace(old, new), OURS)], cache=False)
