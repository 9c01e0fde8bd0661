"""Proofs that one policy is at least as strict as another: what is proved, refuted by name, and left open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.rulesets import assembled, compiled, rule
from modelaudit.engine.packs.examples import Examples
from modelaudit.engine.policy.stricter import stricter
from modelaudit.engine.policy.testing import judged
from modelaudit.engine.yaml_tree import parse

if TYPE_CHECKING:
    from pathlib import Path

    from modelaudit.engine.policy.stricter import Verdict

LISTS = "schema: modelaudit/lists@1\nlists:\n"
RULES = (
    rule("T-1", severity="critical", tags="[a]", absorbs="[T-2]")
    + rule("T-2", severity="warning", tags="[b]")
    + rule("T-3", severity="info", tags="[b]")
    + rule("T-4", severity="info", raise_="[{when: 'true', severity: warning}]")
    + rule("T-5", status="experimental", severity="info", absorbs="[T-1]")
)


def verdict(folder: Path, child: str, parent: str = "", rules: str = RULES) -> Verdict:
    sides = []
    for name, policy in (("child", child), ("parent", parent)):
        (folder / name).mkdir()
        made, diagnostics = compiled(folder / name, rules, policy)
        assert made is not None, diagnostics
        made.doc["packs"][0]["digest"] = "same"
        made.packs[0].digest = "same"
        sides.append(made)
    return stricter(*sides)


REPORT = "waiver_rules: {on_expired: report}"
PROVED = [
    ("", ""),
    ("gate: {on_incomplete: fail, on_unknown_format: fail}", ""),
    ("", "gate: {fail_on: critical, min_confidence: proved, max_findings: 4}"),
    ("severity: {T-2: critical}", ""),
    ("severity: {T-1: warning}", ""),  # still fails the scan
    ("severity: {T-3: warning}", ""),
    ("ignore: [T-3]", ""),  # never counted
    ("ignore: [T-2]", "ignore: [T-2]"),
    ("ignore: [T-2]", "gate: {fail_on: critical}\nseverity: {'tag:b': info}"),
    ("", "ignore: [T-2]"),
    ("", "maturity: [test]"),
    ("deny: [{id: D-1, title: t, for: artifact, severity: critical, when: 'true'}]", ""),
    ("limits: {max_file_size: 1GB}", "limits: {max_file_size: 2GB}"),
    ("limits: {max_file_size: 1GB}", ""),
    ("", "limits: {max_file_size: 1GB}\ngate: {on_incomplete: report}"),
    ("", "allow: [{rules: [T-2], for: import, when: 'import.name == \"x\"', reason: r}]"),
    (
        "allow: [{rules: [T-2], for: import, when: 'import.name == \"x\"', reason: r}]",
        "allow: [{rules: [T-2, T-1], for: import, when: 'import.name == \"x\"', reason: other words}]",
    ),
    (
        "waivers: [{id: W, rules: [T-2], match: {path: '/a', member: b}, expires: 2026-02-01}]",
        "waivers: [{id: V, rules: ['T-*'], match: {path: '/a'}, expires: 2026-03-01}]\n" + REPORT,
    ),
    ("sources: {allow: ['file:///a/b/**']}", "sources: {allow: ['file:///a/**']}"),
    ("sources: {allow: ['file:///a/b']}", "sources: {allow: ['file://**']}"),
    ("sources: {allow: ['hf://acme/x/**']}", "sources: {allow: ['hf://acme/**', 'file://**']}"),
    ("sources: {deny: ['file:///a/**', 'file:///b/**']}", "sources: {deny: ['file:///a/c/**']}"),
    ("sources: {allow: []}", ""),
    ("trust: {unsigned: refuse}", "trust: {signers: [/a.pub]}"),
    ("trust: {signers: [/b.pub]}", ""),
]


@pytest.mark.parametrize(("child", "parent"), PROVED)
def test_a_policy_that_lets_nothing_more_pass_is_proved_to(tmp_path, child, parent):
    found = verdict(tmp_path, child, parent)
    assert found.render() == "proved: acme/p is at least as strict as acme/p"


DENY = "deny: [{{id: D-1, title: t, for: artifact, severity: critical, overridable: true, when: '{}'}}]"
REFUTED = [
    ("gate: {fail_on: critical}", "", "gate.fail_on is critical, there it is warning"),
    ("gate: {min_confidence: proved}", "", "gate.min_confidence is proved, there it is possible"),
    ("", "gate: {on_incomplete: fail}", "gate.on_incomplete is error, there it is fail"),
    ("gate: {on_incomplete: report}", "", "gate.on_incomplete is report, there it is error"),
    ("", "gate: {on_unknown_format: error}", "gate.on_unknown_format is report, there it is error"),
    ("gate: {max_findings: 2}", "", "gate.max_findings is 2, there it is 0"),
    ("gate: {baseline: b.json, new_only: true}", "", "gate.new_only lets pass what baseline"),
    ("limits: {max_file_size: 2GB}", "limits: {max_file_size: 1GB}", "limits.max_file_size is 2000000000"),
    ("", "limits: {max_depth: 3}", "limits.max_depth is not set, there it is 3"),
    ("limits: {timeout: 400}", "", "limits.timeout is 400, there it is 300.0"),
    ("select: ['T-2']", "", "rule T-1 does not take part"),
    ("ignore: [T-2]", "", "rule T-2 does not count (ignore: acme/p ignores `T-2`)"),
    ("maturity: [test]", "", "rule T-1 does not count (maturity"),
    ("severity: {T-2: info}", "", "rule T-2 is only info, which does not reach warning"),
    ("", "severity: {T-3: warning}", "rule T-3 is only info, which does not reach warning"),
    ("severity: {T-4: info}", "", "rule T-4 is only info"),
    ("", DENY.format("true"), "deny D-1 does not take part"),
    (DENY.format("true") + "\nignore: [D-1]", DENY.format("true"), "deny D-1 does not count (ignore"),
    ("allow: [{rules: [T-2], for: import, when: 'true', reason: why}]", "", "acme/p allow[0] allows facts of T-2: why"),
    ("waivers: [{id: W, rules: [T-2], match: {path: x}}]", "", "acme/p waiver W waives T-2"),
    (
        "waivers: [{id: W, rules: [T-2], match: {path: /x}, expires: 2026-03-01}]",
        "waivers: [{id: W, rules: [T-2], match: {path: /x}, expires: 2026-02-01}]",
        "acme/p waiver W waives T-2",
    ),
    (
        "waivers: [{id: W, rules: [T-2], match: {path: /x}}]",
        "waivers: [{id: W, rules: [T-2], match: {path: /x, member: y}}]",
        "acme/p waiver W waives T-2",
    ),
    ("waiver_rules: {on_expired: report}", "", "waiver_rules.on_expired is report, there it is fail"),
    ("", "waiver_rules: {max_days: 9}", "waiver_rules.max_days is None, there it is 9"),
    ("", "waiver_rules: {require: [owner]}", "waiver_rules.require is None"),
    ("trust: {unsigned: allow}", "trust: {unsigned: refuse}", "trust.unsigned allows packs without a signature"),
    ("", "trust: {unsigned: refuse}", "trust.unsigned allows packs without a signature"),
    ("trust: {signers: [/b.pub]}", "trust: {signers: [/a.pub]}", "trust.signers has /b.pub too"),
    ("", "sources: {allow: ['file:///a/**']}", "sources.allow is not set"),
    ("", "sources: {deny: ['file:///a/**']}", "sources.deny does not deny file:///a/**"),
]


@pytest.mark.parametrize(("child", "parent", "reason"), REFUTED)
def test_a_policy_that_lets_more_pass_is_refuted_by_name(tmp_path, child, parent, reason):
    found = verdict(tmp_path, child, parent)
    assert any(reason in said for said in found.refuted), found
    assert not found.proved
    assert "refuted: acme/p is not as strict as acme/p: " in found.render()


UNPROVED = [
    (DENY.format("artifact.size > 1"), DENY.format("true"), "deny D-1 is not the same in both"),
    ("sources: {allow: ['file:///a/**']}", "sources: {allow: ['file:///a/b/**']}", "sources.allow admits file:///a/**"),
    ("sources: {allow: ['file:///a/../b/**']}", "sources: {allow: ['file:///a/**']}", "sources.allow admits"),
    (
        "limits: {max_file_size: 1GB}\ngate: {on_incomplete: report}",
        "gate: {on_incomplete: report}",
        "limits.max_file_size reads less",
    ),
    ("", "waivers: [{id: W, rules: [T-2], match: {path: x}}]", "acme/p waiver W is not here, and it may fail"),
    # T-5 is only a note, and in the child it would stand for what fails the parent's scan
    ("maturity: [stable, experimental]", "", "T-5 may stand for T-1, and T-5 may not fail the scan"),
    ("gate: {max_findings: 2}", "ignore: [T-1]\ngate: {max_findings: 2}", "gate.max_findings then counts fewer"),
]


@pytest.mark.parametrize(("child", "parent", "reason"), UNPROVED)
def test_what_cannot_be_decided_is_said_and_never_taken_for_granted(tmp_path, child, parent, reason):
    found = verdict(tmp_path, child, parent)
    assert any(reason in said for said in found.unproved), found
    assert not found.refuted
    assert "cannot be proved: " in found.render()


def test_other_packs_cannot_be_compared(tmp_path):
    first, _ = compiled(tmp_path, rule("T-1"))
    second, _ = compiled(tmp_path, rule("T-1") + rule("T-2"))
    assert stricter(first, second).unproved[0] == "the two do not use the same rule packs"


# Lists


def packs(folder: Path, *rules: str):
    """A pack with two lists and some rules over them."""
    folder.mkdir()
    (folder / "pack.yaml").write_text(
        "schema: modelaudit/pack@1\npack: t\nversion: 1.0.0\nengine: '>=1.0'\nrules: rules.yaml\nlists: lists.yaml\n"
    )
    (folder / "lists.yaml").write_text(
        f"{LISTS}  - {{id: bad, kind: glob, of: dotted, fold: none, items: [os.system, posix.**]}}\n"
        "  - {id: good, kind: exact, of: dotted, fold: none, items: [a.b, c.d]}\n"
    )
    (folder / "rules.yaml").write_text("schema: modelaudit/rules@1\nrules:\n" + "".join(rules))
    return str(folder)


def over_lists(folder: Path, child: str, *rules: str, parent: str = "") -> Verdict:
    pack = packs(folder / "pack", *rules)
    sides = []
    for name, body in (("child", child), ("parent", parent)):
        path = folder / f"{name}.yaml"
        path.write_text(f"schema: modelaudit/policy@1\npolicy: {name}\nversion: 1\n{body}\n")
        made, diagnostics = assembled([pack], str(path))
        assert made is not None, diagnostics
        sides.append(made)
    return stricter(*sides)


BAD = rule("T-1", when="'any n in import.names: (n glob $bad)'")
UNKNOWN = rule("T-2", when="'none n in import.names: (n glob $bad)'", unless="'import.qualname in $good'")


def test_a_longer_list_of_what_a_rule_looks_for_is_stricter(tmp_path):
    assert over_lists(tmp_path, "lists: {bad: {append: [evil.run]}}", BAD).proved


def test_a_shorter_one_is_refuted(tmp_path):
    [reason] = over_lists(tmp_path, "lists: {bad: {remove: [os.system]}}", BAD).refuted
    assert reason == "list t.bad is shorter, and what it lost is no longer looked for by T-1"


def test_a_list_that_is_replaced_is_left_open(tmp_path):
    found = over_lists(tmp_path, "lists: {bad: {replace: [evil.run]}}", BAD)
    assert found.unproved == ["list t.bad differs, which may let T-1 find less"]


def test_a_longer_list_of_what_is_harmless_is_refuted(tmp_path):
    [reason] = over_lists(tmp_path, "lists: {good: {append: [e.f]}}", BAD, UNKNOWN).refuted
    assert reason == "list t.good is longer, which makes T-2 leave more alone"


def test_a_shorter_list_of_what_is_harmless_is_stricter(tmp_path):
    assert over_lists(tmp_path, "lists: {good: {remove: [a.b]}}", BAD, UNKNOWN).proved


def test_what_leaves_the_unknown_for_the_dangerous_is_still_found(tmp_path):
    assert over_lists(tmp_path, "lists: {bad: {append: [evil.run]}}", BAD, UNKNOWN).proved


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": "info"},
        {"unless": "'import.computed'"},
        {"formats": "[pickle]"},
        {"for": "stream", "when": "'true'"},
    ],
)
def test_but_not_when_the_other_rule_may_not_find_it(tmp_path, changes):
    other = rule("T-1", **{"when": "'any n in import.names: (n glob $bad)'", **changes})
    found = over_lists(tmp_path, "lists: {bad: {append: [evil.run]}}", other, UNKNOWN)
    assert found.unproved == ["list t.bad is longer, which makes T-2 leave more alone"]


def test_nor_when_what_is_not_read_passes(tmp_path):
    gate = "gate: {on_incomplete: report}"
    found = over_lists(tmp_path, f"{gate}\nlists: {{bad: {{append: [evil.run]}}}}", BAD, UNKNOWN, parent=gate)
    assert "list t.bad is longer, which makes T-2 leave more alone" in found.unproved


def test_a_negated_membership_counts_the_other_way(tmp_path):
    strange = rule("T-3", when="'import.qualname not in $good'")
    assert over_lists(tmp_path, "lists: {good: {remove: [a.b]}}", strange).proved


def test_an_allow_over_a_longer_list_is_left_open(tmp_path):
    allow = "allow: [{rules: [T-1], for: import, when: 'import.qualname in $good', reason: r}]"
    found = over_lists(tmp_path, f"{allow}\nlists: {{good: {{append: [e.f]}}}}", BAD, parent=allow)
    assert found.unproved == ["list t.good differs, which may let child allow[0] allow more"]


def test_a_list_in_a_raise_is_left_open_only_where_the_raise_decides(tmp_path):
    raised = rule("T-1", severity="info", raise_="[{when: 'import.qualname in $good', severity: warning}]")
    change = "lists: {good: {append: [e.f]}}"
    (tmp_path / "a").mkdir()
    assert over_lists(tmp_path / "a", change, raised).unproved
    always = rule("T-1", raise_="[{when: 'import.qualname in $good', severity: critical}]")
    (tmp_path / "b").mkdir()
    assert over_lists(tmp_path / "b", change, always).proved


# Nothing is proved that facts disprove: every pair of these policies over all of these facts

POLICIES = [
    "",
    "lists: {bad: {append: [evil.run]}}",
    "lists: {bad: {remove: [os.system]}}",
    "lists: {bad: {replace: [evil.run]}}",
    "lists: {good: {append: [evil.run]}}",
    "lists: {good: {remove: [a.b]}}",
    "ignore: [T-1]",
    "ignore: [T-2]",
    "select: [T-1]",
    "severity: {T-1: info}",
    "severity: {T-2: critical, T-3: warning}",
    "maturity: [stable, experimental]",
    "allow: [{rules: [T-1], for: import, when: 'import.qualname == \"os.system\"', reason: r}]",
    "allow: [{rules: [T-2], for: import, when: 'import.qualname in $good', reason: r}]",
    "deny: [{id: D-1, title: t, for: artifact, severity: critical, when: 'artifact.size > 5'}]",
    "gate: {fail_on: critical}",
    "gate: {min_confidence: likely}",
    "gate: {max_findings: 1}",
    "gate: {on_incomplete: report}",
    "gate: {on_incomplete: fail, on_unknown_format: fail}",
]
FACTS = [
    "{imports: []}",
    "{imports: [{qualname: os.system}]}",
    "{imports: [{qualname: evil.run}]}",
    "{imports: [{qualname: a.b}]}",
    "{imports: [{qualname: x.y}, {qualname: os.system}]}",
    "{imports: [{qualname: x.y}, {qualname: z.y}]}",
    "{imports: [], incomplete: [imports]}",
    "{artifact: {size: 9}}",
    "{artifact: {format: unknown, coverage: none}}",
]
OVER = (
    BAD.replace("severity: warning", "severity: critical"),
    UNKNOWN.replace("confidence: likely", "confidence: possible"),
    rule("T-3", severity="info", when="'import.qualname in $good'"),
    rule("T-4", severity="info", status="experimental", absorbs="[T-1, T-2]", when="'import.name == \"run\"'"),
)


def test_no_proof_is_disproved_by_facts(tmp_path):
    pack = packs(tmp_path / "pack", *OVER)
    trees = [Examples().build(parse(text, "facts")[0][0]) for text in FACTS]
    sides = []
    for number, body in enumerate(POLICIES):
        path = tmp_path / f"p{number}.yaml"
        path.write_text(f"schema: modelaudit/policy@1\npolicy: p{number}\nversion: 1\n{body}\n")
        made, diagnostics = assembled([pack], str(path))
        assert made is not None, diagnostics
        sides.append((made, [judged(made, tree)[1].exit_code for tree in trees]))
    proved = 0
    for child, mine in sides:
        for parent, theirs in sides:
            verdict = stricter(child, parent)
            lets_pass = [
                FACTS[i] for i, codes in enumerate(zip(mine, theirs, strict=True)) if codes[0] == 0 and codes[1]
            ]
            proved += verdict.proved
            assert not (verdict.proved and lets_pass), (child.policy.policy, parent.policy.policy, lets_pass)
    assert proved > len(POLICIES)  # each over itself, and more


SHAPES = (
    f"{LISTS}  - {{id: numpy, kind: shapes, of: dotted, fold: none, items: [numpy.mean/ref]}}\n"
    "  - {id: good, kind: shapes, of: dotted, fold: none, items: ['@numpy', 'a.b/newobj']}\n"
    "  - {id: bad, kind: exact, of: dotted, fold: none, items: [os.system]}\n"
)


@pytest.mark.parametrize(
    ("change", "proved"),
    [
        ("numpy: {append: [numpy.sum/ref]}", False),
        ("numpy: {remove: [numpy.mean/ref]}", True),
        ("good: {append: ['c.d']}", False),
        ("good: {remove: ['a.b/newobj']}", True),
        ("good: {remove: ['@numpy']}", True),
    ],
)
def test_a_list_of_shapes_changes_with_the_lists_that_it_names(tmp_path, change, proved):
    strange = rule("T-1", unless="'listed(import.qualname, $good)'")
    packs(tmp_path / "pack", strange)
    (tmp_path / "pack" / "lists.yaml").write_text(SHAPES)
    sides = []
    for name, body in (("child", f"lists: {{{change}}}"), ("parent", "")):
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"schema: modelaudit/policy@1\npolicy: {name}\nversion: 1\n{body}\n")
        made, diagnostics = assembled([str(tmp_path / "pack")], str(path))
        assert made is not None, diagnostics
        sides.append(made)
    verdict = stricter(*sides)
    assert verdict.proved is proved
    assert proved or verdict.refuted == ["list t.good is longer, which makes T-1 leave more alone"]
