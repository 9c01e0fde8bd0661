import os

import pytest

from fixtures.packs import LISTS, MANIFEST, RULE, changed
from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.errors import UsageError
from modelaudit.engine.facts import Artifact, Import
from modelaudit.engine.factset import FactSet
from modelaudit.engine.judge import judge
from modelaudit.engine.packs import cache, catalogue, load
from modelaudit.engine.packs.load import load_ruleset

pytestmark = pytest.mark.usefixtures("alone")


def tree(*names, format="pickle"):
    facts = [
        Import(artifact="m.pkl", qualname=n, names=frozenset((n,)), segments=frozenset(n.split("."))) for n in names
    ]
    artifact = Artifact(path="m.pkl", format=format, families=frozenset(("pickle-family",)))
    return FactSet(artifact, {"import": facts})


def rules_found(ruleset, *names):
    return [f.rule for f in judge(ruleset, tree(*names)).findings if f.pack != "core"]


def mistakes(*paths, policy=None):
    with pytest.raises(DiagnosticsError) as caught:
        load_ruleset(policy, paths, cache=False)
    return [(d.code, d.span.file, d.span.line, d.span.column) for d in caught.value.diagnostics if d.level == "error"]


GRAVER = "raise: [{when: 'import.qualname in $runners', severity: '{$gravity.severity}', confidence: proved}]"


def test_one_yaml_file_is_a_new_detection(write):
    write({"rules.yaml": RULE})
    ruleset = load_ruleset(rules=["rules.yaml"])
    (finding,) = [f for f in judge(ruleset, tree("acme.run")).findings if f.rule == "ACME-1"]
    assert (finding.message, finding.severity, finding.confidence) == ("acme.run is imported", "warning", "likely")
    assert (finding.pack, finding.pack_version) == ("rules", "0")
    assert rules_found(ruleset, "acme.walk") == []


def test_a_pack_with_lists_macros_and_tables_runs(write):
    table = (
        "  - {id: gravity, kind: table, of: dotted, items: "
        "[{key: acme.run, severity: critical, cve: CVE-2026-0001, effect: runs}, {key: acme.walk, effect: walks}]}\n"
    )
    write(
        {
            "p/pack.yaml": MANIFEST + "lists: lists/*.yaml\nmacros: macros.yaml\n",
            "p/lists/a.yaml": LISTS + table,
            "p/macros.yaml": "schema: modelaudit/macros@1\nmacros:\n  'ours(n: dotted)': 'n glob $gravity'\n",
            "p/rules/a.yaml": changed(
                RULE,
                ("'import.qualname == \"acme.run\"'", "'any n in import.names: (@ours(n))'"),
                ("confidence: likely", f"confidence: likely\n    {GRAVER}\n    cves: ['{{$gravity.cve}}']"),
                ("{import.qualname} is imported", "{import.qualname} {$gravity.effect}"),
            ),
        }
    )
    found = {f.subject: f for f in judge(load_ruleset(rules=["p"]), tree("acme.run", "acme.walk")).findings}
    run, walk = found["acme.run"], found["acme.walk"]
    assert (run.severity, run.confidence, run.cves, run.message) == (
        "critical",
        "proved",
        ("CVE-2026-0001",),
        "acme.run runs",
    )
    assert (walk.severity, walk.confidence, walk.cves, walk.message) == ("warning", "likely", (), "acme.walk walks")


def test_a_rule_only_judges_its_formats(write):
    write({"rules.yaml": changed(RULE, ("formats: [pickle]", "formats: [safetensors]"))})
    assert rules_found(load_ruleset(rules=["rules.yaml"]), "acme.run") == []


def test_a_policy_changes_lists_before_they_are_compiled(write):
    rule = changed(RULE, ('== "acme.run"', "in $acme.runners"))
    write(
        {
            "p/pack.yaml": MANIFEST + "lists: l.yaml\n",
            "p/l.yaml": LISTS,
            "p/rules/a.yaml": rule,
            "policy.yaml": "schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\nowner: me\n"
            "extends: ['builtin:default']\nlists: {runners: {append: [acme.jump]}}\n",
        }
    )
    assert rules_found(load_ruleset(rules=["p"]), "acme.jump") == []
    assert rules_found(load_ruleset("policy.yaml", ["p"]), "acme.jump") == ["ACME-1"]


# Mistakes of the language, in their files


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("import.qualname ==", "import.qualnam ==", ("E203", 12, 19)),
        ("import.qualname ==", "imports.qualname ==", ("E204", 12, 12)),
        ("'{import.qualname} is", "'{import.qualnam} is", ("E203", 13, 23)),
        ("'import.qualname == \"acme.run\"'", "'import.qualname in $nothing'", ("E209", 12, 31)),
        ("'import.qualname == \"acme.run\"'", "\"\\x69mport.qualnam == 'x'\"", ("E203", 12, 22)),
        (
            "'import.qualname == \"acme.run\"'",
            "|\n      true\n      and import.qualnam == 'x'",
            ("E203", 14, 18),
        ),
        (
            "'import.qualname == \"acme.run\"'",
            "[import.computed, 'true and import.qualnam == \"x\"']",
            ("E203", 12, 46),
        ),
        ("for: import", "for: import\n    unless: import.nam", ("", 12, 20)),
        ("for: import", "for: import\n    group: [import.nam]", ("", 12, 20)),
        ("for: import", "for: import\n    raise: [{when: import.nam, confidence: proved}]", ("", 12, 27)),
    ],
)
def test_a_mistake_in_an_expression_is_told_at_its_place(write, old, new, place):
    write({"rules.yaml": changed(RULE, (old, new))})
    (code, file, line, column) = mistakes("rules.yaml")[0]
    assert file == "rules.yaml"
    if place[0]:
        assert (code, line, column) == place
    else:
        assert line == 12
        assert column >= place[2] - 1


def test_mistakes_of_schema_and_language_and_policy_come_at_once(write):
    write(
        {
            "a.yaml": changed(RULE, ("severity: warning", "severity: bad")),
            "b.yaml": changed(RULE, ("import.qualname ==", "import.qualnam =="), ("ACME-1", "ACME-2")),
            "policy.yaml": "schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\nowner: me\ngaet: {}\n",
        }
    )
    found = mistakes("a.yaml", "b.yaml", policy="policy.yaml")
    assert [(code, file) for code, file, _, _ in found] == [
        ("E113", "a.yaml"),
        ("E203", "b.yaml"),
        ("E110", "policy.yaml"),
    ]


def test_an_entry_that_does_not_fit_its_list_is_told_at_its_place(write):
    lists = changed(LISTS, ("kind: exact", "kind: regex"), ("[acme.run]", "['ok', '(?=x)']"))
    write({"p/pack.yaml": MANIFEST + "lists: l.yaml\n", "p/l.yaml": lists, "p/rules/a.yaml": RULE})
    assert ("E221", "p/l.yaml", 3, 59) in mistakes("p")


def test_a_rule_that_is_too_new_makes_the_rule_set_incomplete(write):
    newer = changed(RULE, ("version: 1", "version: 1\n    engine: '>=2.0'\n    gadget: 1"))
    write({"rules.yaml": newer})
    for _ in range(2):  # compiled, then from the cache
        ruleset = load_ruleset(rules=["rules.yaml"])
        assert ruleset.incomplete
        assert any("ACME-1 is left out" in notice for notice in ruleset.notices)


def test_what_names_a_rule_that_is_too_new_is_no_mistake(write):
    newer = changed(RULE, ("version: 1", "version: 1\n    engine: '>=2.0'\n    gadget: 1"))
    other = changed(RULE, ("ACME-1", "ACME-2"), ("for: import", "absorbs: [ACME-1]\n    for: import"))
    policy = "schema: modelaudit/policy@1\npolicy: p\nversion: 1\nowner: me\nseverity: {ACME-1: critical}\n"
    write({"a.yaml": newer, "b.yaml": other, "policy.yaml": policy + "extends: ['builtin:default']\n"})
    ruleset = load_ruleset("policy.yaml", ["a.yaml", "b.yaml"])
    assert [rule.id for rule in ruleset.rules] == ["ACME-2"]
    assert ruleset.incomplete


def test_what_needs_a_pack_that_is_too_new_is_left_out_with_it(write):
    manifest = changed(MANIFEST, ("engine: '>=1.0,<2'", "engine: '>=2'"))
    uses = changed(RULE, ('== "acme.run"', "in $acme.runners"), ("for: import", "absorbs: [ACME-9]\n    for: import"))
    policy = "schema: modelaudit/policy@1\npolicy: p\nversion: 1\nowner: me\nseverity: {ACME-9: critical}\n"
    more = "extends: ['builtin:default']\nlists: {runners: {append: [x.y]}}\n"
    write({"p/pack.yaml": manifest, "rules.yaml": uses, "policy.yaml": policy + more})
    ruleset = load_ruleset("policy.yaml", ["p", "rules.yaml"])
    assert ruleset.rules == ()
    assert ruleset.incomplete
    assert "rule ACME-1 is left out: it names a list of a pack that is left out" in ruleset.notices


def test_a_rule_with_a_mistake_is_still_known_by_name(write):
    write(
        {
            "a.yaml": changed(RULE, ("severity: warning", "severity: bad")),
            "b.yaml": changed(RULE, ("ACME-1", "ACME-2"), ("for: import", "absorbs: [ACME-1]\n    for: import")),
        }
    )
    assert [code for code, _, _, _ in mistakes("a.yaml", "b.yaml")] == ["E113"]


def test_a_missing_pack_is_a_usage_error(write):
    write({})
    with pytest.raises(UsageError):
        load_ruleset(rules=["nowhere"])


# The cache


def compiles(monkeypatch):
    """Counts how often something is compiled."""
    count = []
    build = load.build
    monkeypatch.setattr(load, "build", lambda *given, **named: count.append(given) or build(*given, **named))
    return count


def test_the_second_time_nothing_is_compiled(write, monkeypatch):
    write({"rules.yaml": RULE})
    count = compiles(monkeypatch)
    first = load_ruleset(rules=["rules.yaml"])
    second = load_ruleset(rules=["rules.yaml"])
    assert len(count) == 1
    assert first.doc == second.doc
    assert rules_found(second, "acme.run") == ["ACME-1"]


def test_without_the_cache_nothing_is_kept(write, tmp_path):
    write({"rules.yaml": RULE})
    load_ruleset(rules=["rules.yaml"], cache=False)
    assert not os.path.exists(tmp_path / ".cache")


def test_a_changed_rule_is_compiled_again(write):
    write({"rules.yaml": RULE})
    assert rules_found(load_ruleset(rules=["rules.yaml"]), "acme.jump") == []
    write({"rules.yaml": changed(RULE, ('"acme.run"', '"acme.jump"'))})
    assert rules_found(load_ruleset(rules=["rules.yaml"]), "acme.jump") == ["ACME-1"]


def test_a_new_file_in_a_pack_is_compiled_in(write):
    write({"p/pack.yaml": MANIFEST, "p/rules/a.yaml": RULE})
    assert rules_found(load_ruleset(rules=["p"]), "acme.jump") == []
    second = changed(RULE, ("ACME-1", "ACME-2"), ('"acme.run"', '"acme.jump"'))
    write({"p/rules/b.yaml": second})
    assert rules_found(load_ruleset(rules=["p"]), "acme.jump") == ["ACME-2"]


def test_a_changed_policy_is_read_again(write):
    policy = "schema: modelaudit/policy@1\npolicy: p\nversion: 1\nowner: me\nextends: ['builtin:default']\n"
    write({"rules.yaml": RULE, "policy.yaml": policy})
    assert load_ruleset("policy.yaml", ["rules.yaml"]).policy.version == "1"
    write({"policy.yaml": changed(policy, ("version: 1", "version: 2"))})
    assert load_ruleset("policy.yaml", ["rules.yaml"]).policy.version == "2"


def test_a_pack_that_appears_where_one_was_missing_is_read(write):
    write({})
    with pytest.raises(UsageError):
        load_ruleset(rules=["rules.yaml"])
    write({"rules.yaml": RULE})
    assert rules_found(load_ruleset(rules=["rules.yaml"]), "acme.run") == ["ACME-1"]


def test_mistakes_are_never_kept(write, tmp_path):
    write({"rules.yaml": changed(RULE, ("severity: warning", "severity: bad"))})
    for _ in range(2):
        with pytest.raises(DiagnosticsError):
            load_ruleset(rules=["rules.yaml"])
    assert not os.path.exists(tmp_path / ".cache")


@pytest.mark.parametrize("document", [[], {"format": "modelaudit/compiled@1"}, {"format": "x"}, None, 3])
def test_a_cached_document_of_another_shape_is_compiled_again(write, monkeypatch, document):
    write({"rules.yaml": RULE})
    monkeypatch.setattr(cache, "load", lambda request: document)
    assert rules_found(load_ruleset(rules=["rules.yaml"]), "acme.run") == ["ACME-1"]


def test_another_engine_does_not_use_the_entry(write, monkeypatch):
    write({"rules.yaml": RULE})
    count = compiles(monkeypatch)
    load_ruleset(rules=["rules.yaml"])
    monkeypatch.setattr(load, "_stamp", lambda: "another")
    load_ruleset(rules=["rules.yaml"])
    assert len(count) == 2


def test_inputs_that_change_while_they_are_compiled_are_not_kept(write, monkeypatch, tmp_path):
    write({"rules.yaml": RULE})
    build = load.build

    def slow(*given, **named):
        made = build(*given, **named)
        write({"rules.yaml": RULE + "# changed\n"})
        return made

    monkeypatch.setattr(load, "build", slow)
    load_ruleset(rules=["rules.yaml"])
    assert not os.path.exists(tmp_path / ".cache")


def test_the_cached_path_imports_no_compiler(write):
    import subprocess
    import sys

    write({"rules.yaml": RULE})
    script = (
        "import sys; from modelaudit.engine.packs.load import load_ruleset as l; l(rules=['rules.yaml']); "
        "bad = ['yaml', 'lark', 'jsonschema', 're2', 'typing', 'dataclasses', 'pathlib', 'difflib']; "
        "print([name for name in bad if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    said = [subprocess.check_output([sys.executable, "-c", script], env=environment, text=True) for _ in range(2)]
    assert said[0].strip() != "[]"
    assert said[1].strip() == "[]"


# Looking rules up


def test_rules_are_listed_by_pack_and_id(write):
    write({"rules.yaml": RULE})
    listing = catalogue.list_rules(["rules.yaml"])
    (line,) = [line for line in listing.rules if line.pack == "rules"]
    assert (line.id, line.severity, line.status, line.title) == (
        "ACME-1",
        "warning",
        "stable",
        "A name that our models never need",
    )
    assert [(x.pack, x.id) for x in listing.rules] == sorted((x.pack, x.id) for x in listing.rules)


@pytest.mark.parametrize("word", ["ACME-1", "acme-one"])
def test_a_rule_is_shown_with_its_text_and_tests(write, word):
    write({"rules.yaml": RULE})
    shown = catalogue.show_rule(word, ["rules.yaml"])
    assert shown.data["why"] == "It would run."
    assert [test["name"] for test in shown.tests] == ["hit", "miss"]
    assert shown.line.place == "rules.yaml:3"


def test_an_unknown_rule_is_a_usage_error_with_a_guess(write):
    write({"rules.yaml": RULE})
    with pytest.raises(UsageError, match="did you mean `acme-one`"):
        catalogue.show_rule("acme-onee", ["rules.yaml"])
