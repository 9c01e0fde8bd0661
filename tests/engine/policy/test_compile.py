"""Policies against packs: lists, names, denies, allows, and the mistakes that only packs bring to light."""

from __future__ import annotations

import pytest

from fixtures.rulesets import assembled, compiled, rule
from modelaudit.engine.facts import Artifact, Import
from modelaudit.engine.factset import FactSet
from modelaudit.engine.judge import judge

RULES = rule("T-1", tags="[licence]") + rule("T-2", for_="call")
DENY = "{{id: {id}, title: t, for: import, severity: critical, when: '{when}'{more}}}"


def deny(id: str = "ACME-D1", when: str = "true", more: str = "") -> str:
    return f"deny: [{DENY.format(id=id, when=when, more=more)}]\n"


# Policy keys from line 4 on; code, line, column; words of the message; words of label and help.
MISTAKES = [
    ("ignore: [T-11]", "E308", 4, 10, "`T-11` names no rule", ""),
    ("ignore: [ACME-R1]\n" + deny(), "E308", 4, 10, "`ACME-R1` names no rule", "with `--rules`"),
    ("ignore: [licence]", "E308", 4, 10, "`licence` names no rule", "a tag is written `tag:licence`"),
    ("ignore: ['tag:license']", "E308", 4, 11, "`tag:license` names no rule", "did you mean `tag:licence`?"),
    ("select: [t]", "E308", 4, 10, "`t` names no rule", "a pack is written `t/*`"),
    ("severity: {T_1: info}", "E308", 4, 12, "`T_1` names no rule", "did you mean `T-1`?"),
    ("allow: [{rules: [T1], for: import, when: 'true', reason: r}]", "E308", 4, 18, "`T1` names no rule", "`T-1`"),
    (
        "allow: [{rules: [T-2], for: import, when: 'true', reason: r}]",
        "E318",
        4,
        18,
        "`T-2` is about call facts, this allow is for import facts",
        "write `for: call`",
    ),
    ("lists: {nams: {append: [a]}}", "E305", 4, 9, "no pack has a list `nams`", ""),
    (deny("MA1001"), "E121", 4, 13, "`MA1001` is reserved", ""),
    (deny("T-1"), "E120", 4, 13, "`T-1` is taken", "first in"),
    ("ignore: [ACME-D1]\n" + deny(), "E312", 4, 10, "not overridable: it cannot be ignored", "overridable: true"),
    ("severity: {ACME-D1: info}\n" + deny(), "E312", 4, 12, "it cannot be lowered to info", ""),
    (
        "allow: [{rules: [ACME-D1], for: import, when: 'true', reason: r}]\n" + deny(),
        "E317",
        4,
        18,
        "is a deny, which no allow touches",
        "`unless`",
    ),
    ("ignore: [acme-d1]\n" + deny(more=", overridable: true"), "E308", 4, 10, "`acme-d1` names no rule", ""),
    (deny(when="import.modul"), "E203", 4, 79, "unknown field `modul` on `import`", "did you mean `module`?"),
    (deny(when="import.module =="), "E201", 4, 87, "", ""),
    (
        "allow: [{rules: [T-1], for: import, when: 'import.nam == 1', reason: r}]",
        "E203",
        4,
        51,
        "unknown field `nam`",
        "did you mean",
    ),
    (deny(more=", formats: [pickel]"), "E117", 4, 89, "no format or family `pickel`", "did you mean `pickle`?"),
    (deny(more=", requires: [tensor.stat]"), "E119", 4, 90, "`tensor.stat` is not a computed field", ""),
    (deny(more=", confidence: possible"), "E114", 4, 91, "only `possible` is never above `warning`", ""),
]


@pytest.mark.parametrize(("body", "code", "line", "column", "message", "hint"), MISTAKES)
def test_a_mistake_has_its_code_and_place(tmp_path, body, code, line, column, message, hint):
    ruleset, found = compiled(tmp_path, RULES, f"{body}\n")
    assert ruleset is None
    [mistake] = [d for d in found if d.level == "error"]
    assert mistake.span is not None
    assert mistake.span.file.endswith("policy.yaml")
    assert (mistake.code, mistake.span.line, mistake.span.column) == (code, line, column)
    assert message in mistake.message
    assert hint in f"{mistake.label} {mistake.help}"


def test_an_id_whose_like_is_loaded_is_not_looked_for_in_another_pack(tmp_path):
    _, found = compiled(tmp_path, RULES, "ignore: [T-11]\n")
    assert ["--rules" in d.help for d in found if d.code == "E308"] == [False]


def test_a_mistake_in_a_deny_names_the_deny_and_one_in_an_allow_its_place(tmp_path):
    body = deny(when="import.modul") + "allow: [{rules: [T-1], for: import, when: 'import.nam', reason: r}]\n"
    _, found = compiled(tmp_path, RULES, body)
    assert [d.note for d in found if d.level == "error"] == ["ACME-D1", "acme/p allow[0]"]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("ignore: ['T-9*']", "W352", "names no rule today"),
        ("select: ['T-*', 'other/*']", "W352", "names no rule today"),
    ],
)
def test_a_pattern_that_may_name_something_later_is_only_noted(tmp_path, body, code, words):
    ruleset, found = compiled(tmp_path, RULES, f"{body}\n")
    assert ruleset is not None
    assert [d.code for d in found if d.span.file.endswith("policy.yaml")] == [code]
    assert any(words in notice for notice in ruleset.notices)


def test_a_pack_of_which_nothing_is_selected_is_noted(tmp_path):
    (tmp_path / "other.yaml").write_text(f"schema: modelaudit/rules@1\nrules:\n{rule('O-1')}", encoding="utf-8")
    (tmp_path / "t.yaml").write_text(f"schema: modelaudit/rules@1\nrules:\n{rule('T-1')}", encoding="utf-8")
    policy = tmp_path / "p.yaml"
    policy.write_text("schema: modelaudit/policy@1\npolicy: p\nversion: 1\nselect: ['t/*']\n", encoding="utf-8")
    ruleset, _ = assembled([str(tmp_path / "t.yaml"), str(tmp_path / "other.yaml")], str(policy))
    assert any("no rule of pack `other` is selected" in notice for notice in ruleset.notices)


def test_a_mistake_in_a_pack_does_not_make_its_rules_unknown(tmp_path):
    _, found = compiled(tmp_path, rule("T-1", when="'import.modul'"), "ignore: [T-1]\n")
    assert [d.code for d in found if d.level == "error"] == ["E203"]


# final: severity


def final_severity(tmp_path, parent: str, child: str) -> list[str]:
    head = "schema: modelaudit/policy@1\npolicy: parent\nversion: 1\n"
    (tmp_path / "parent.yaml").write_text(f"{head}{parent}final: [severity]\n", encoding="utf-8")
    _, found = compiled(tmp_path, RULES, f"extends: [parent.yaml]\n{child}")
    return [f"{d.code}:{d.span.line}:{d.span.column}" for d in found if d.level == "error"]


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ("severity: {T-1: critical}\n", "severity: {T-1: warning}\n", ["E310:5:12"]),
        ("severity: {'tag:licence': critical}\n", "severity: {T-1: info}\n", ["E310:5:12"]),
        ("", "severity: {'t/*': info}\n", ["E310:5:13"]),
        ("severity: {T-1: info}\n", "severity: {T-1: critical}\n", []),
        ("severity: {T-1: critical}\n", "severity: {'t/*': warning}\n", []),
    ],
)
def test_a_final_severity_cannot_be_lowered_by_any_pattern(tmp_path, parent, child, expected):
    assert final_severity(tmp_path, parent, child) == expected


# Lists

LISTS = """schema: modelaudit/lists@1
lists:
  - {id: names, kind: exact, of: dotted, items: [os.system]}
  - {id: globs, kind: glob, of: dotted, items: ['os.**']}
  - {id: grades, kind: table, of: dotted, items: [{key: os.system, grade: high}]}
"""


@pytest.fixture
def pack(tmp_path):
    """A pack with lists, in a folder; gives a function that adds a policy and judges some imports."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "pack.yaml").write_text(
        "schema: modelaudit/pack@1\npack: lp\nversion: 1.0.0\nengine: '>=1.0,<2'\nrules: rules.yaml\n"
        "lists: lists.yaml\n",
        encoding="utf-8",
    )
    (folder / "lists.yaml").write_text(LISTS, encoding="utf-8")
    rules = (
        rule("L-1", when="'import.qualname in $names'")
        + rule("L-2", when="'import.qualname glob $globs'")
        + rule("L-3", when="'import.qualname in $grades'", message="'{$grades.grade}'")
    )
    (folder / "rules.yaml").write_text(f"schema: modelaudit/rules@1\nrules:\n{rules}", encoding="utf-8")

    def run(*policies: str):
        """The found (rule, subject) pairs under the last policy, each extending the one before, and diagnostics."""
        for number, body in enumerate(policies):
            head = f"schema: modelaudit/policy@1\npolicy: p{number}\nversion: 1\n"
            head += f"extends: [p{number - 1}.yaml]\n" if number else ""
            (tmp_path / f"p{number}.yaml").write_text(head + body, encoding="utf-8")
        ruleset, found = assembled([str(folder)], str(tmp_path / f"p{len(policies) - 1}.yaml"))
        problems = [d for d in found if d.code != "W301"]
        if ruleset is None:
            return [], problems
        facts = FactSet(Artifact(path="m", format="pickle"))
        for name in ("os.system", "acme.run", "acme.sub.run"):
            facts.facts.setdefault("import", []).append(Import("m", qualname=name))
        return [(f.rule, f.subject, f.message) for f in judge(ruleset, facts).findings], problems

    return run


def rules_and_subjects(found: list) -> set[tuple[str, str]]:
    return {(id, subject) for id, subject, _ in found}


PLAIN = {("L-1", "os.system"), ("L-2", "os.system"), ("L-3", "os.system")}


def test_without_changes_lists_are_the_packs_own(pack):
    found, _ = pack("")
    assert rules_and_subjects(found) == PLAIN


def test_items_are_appended(pack):
    found, problems = pack("lists: {names: {append: [acme.run]}, globs: {append: ['acme.*']}}\n")
    assert rules_and_subjects(found) == PLAIN | {("L-1", "acme.run"), ("L-2", "acme.run")}
    assert problems == []


def test_items_are_removed(pack):
    found, _ = pack("lists: {names: {remove: [os.system]}}\n")
    assert rules_and_subjects(found) == PLAIN - {("L-1", "os.system")}


def test_a_list_is_replaced(pack):
    found, _ = pack("lists: {names: {replace: [acme.run]}}\n")
    assert rules_and_subjects(found) == PLAIN - {("L-1", "os.system")} | {("L-1", "acme.run")}


def test_changes_are_replayed_parent_first(pack):
    found, _ = pack("lists: {names: {append: [acme.run]}}\n", "lists: {names: {remove: [acme.run]}}\n")
    assert rules_and_subjects(found) == PLAIN


def test_removal_comes_before_appending_in_one_policy(pack):
    found, _ = pack("lists: {names: {append: [os.system], remove: [os.system]}}\n")
    assert rules_and_subjects(found) == PLAIN


def test_a_list_can_be_named_with_its_pack(pack):
    found, _ = pack("lists: {lp.names: {append: [acme.run]}}\n")
    assert ("L-1", "acme.run") in rules_and_subjects(found)


def test_a_row_of_a_table_takes_the_place_of_an_earlier_one(pack):
    found, _ = pack("lists: {grades: {append: [{key: os.system, grade: low}, {key: acme.run, grade: mid}]}}\n")
    assert {m for id, _, m in found if id == "L-3"} == {"low", "mid"}


def test_a_row_of_a_table_is_removed_by_its_key(pack):
    found, _ = pack("lists: {grades: {remove: [os.system]}}\n")
    assert rules_and_subjects(found) == PLAIN - {("L-3", "os.system")}


@pytest.mark.parametrize(
    ("body", "code", "column", "words"),
    [
        ("lists: {name: {append: [a]}}\n", "E305", 9, "did you mean `names`?"),
        ("lists: {names: {append: [{key: a}]}}\n", "E307", 26, "holds strings"),
        ("lists: {grades: {append: [os.popen]}}\n", "E307", 27, "holds rows"),
        ("lists: {names: {remove: [os.sistem]}}\n", "W351", 26, "did you mean `os.system`?"),
    ],
)
def test_a_change_that_does_not_fit_is_reported(pack, body, code, column, words):
    _, [problem] = pack(body)
    assert (problem.code, problem.span.line, problem.span.column) == (code, 4, column)
    assert words in f"{problem.message} {problem.label} {problem.help}"


def test_denies_and_allows_find_lists_of_packs_by_name_alone_or_with_the_pack(pack):
    found, problems = pack(
        "deny: [{id: D-1, title: t, for: import, severity: warning, when: 'import.qualname in $names'}]\n"
        "allow: [{rules: ['L-*'], for: import, when: 'import.qualname in $lp.names', reason: r}]\n"
    )
    assert ("D-1", "os.system") in rules_and_subjects(found)
    assert problems == []


def test_a_deny_may_read_a_list_that_the_policy_changes(pack):
    found, _ = pack(
        "lists: {names: {append: [acme.run]}}\n"
        "deny: [{id: D-1, title: t, for: import, severity: warning, when: 'import.qualname in $names'}]\n"
    )
    assert {("D-1", "os.system"), ("D-1", "acme.run")} <= rules_and_subjects(found)


# What the compiled document says


def test_the_compiled_policy_says_what_it_was_made_of(tmp_path):
    ruleset, _ = compiled(
        tmp_path,
        RULES,
        "extends: ['builtin:default']\nignore: [T-2]\nseverity: {T-1: info}\n"
        "limits: {max_file_size: 1KiB, timeout: 5}\ngate: {fail_on: critical}\nfinal: [gate.fail_on]\n"
        "tests: [{name: n, facts: {}, expect: {decision: pass}}]\n" + deny(more=", overridable: true"),
    )
    policy = ruleset.policy
    assert (policy.policy, policy.version, policy.chain) == ("acme/p", "7", ("builtin:default@1", "acme/p@7"))
    assert (policy.select, policy.ignore, policy.severity) == (("*",), ("T-2",), {"T-1": "info"})
    assert policy.limits == {"max_file_size": 1024, "timeout": 5}
    assert policy.gate["fail_on"] == "critical"
    assert policy.doc["final"] == ["gate.fail_on"]
    assert policy.doc["tests"][-1]["name"] == "n"
    assert [(r.id, r.source, r.overridable) for r in ruleset.rules] == [
        ("T-1", "rule", False),
        ("T-2", "rule", False),
        ("ACME-D1", "deny", True),
    ]
