"""What a policy keeps of the policies that it extends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modelaudit.engine.errors import UsageError
from modelaudit.engine.policy.load import load_chain
from modelaudit.engine.policy.merge import resolve

if TYPE_CHECKING:
    from modelaudit.engine.policy.resolved import Resolved

HEAD = "schema: modelaudit/policy@1\npolicy: {name}\nversion: {version}\n"


def write(folder: Path, name: str, body: str, version: int = 1) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(HEAD.format(name=name, version=version) + body, encoding="utf-8")
    return path


def merged(folder: Path, parent: str, child: str) -> Resolved:
    """The child over its parent."""
    write(folder, "parent", parent)
    return resolve(load_chain(str(write(folder, "child", f"extends: [./parent.yaml]\n{child}"))))


def codes(policy: Resolved) -> list[str]:
    return [d.code for d in (*policy.chain.diagnostics, *policy.diagnostics)]


def values(entries: list) -> list[str]:
    return [entry.value for entry in entries]


def test_the_child_select_replaces_the_parents(tmp_path):
    policy = merged(tmp_path, "select: ['core/*', 'acme/*']\n", "select: ['core/*']\n")
    assert values(policy.select) == ["core/*"]


def test_a_child_without_select_keeps_the_parents(tmp_path):
    policy = merged(tmp_path, "select: ['core/*']\n", "ignore: [MA1]\n")
    assert values(policy.select) == ["core/*"]


def test_ignore_unites_and_remembers_who_said_it(tmp_path):
    policy = merged(tmp_path, "ignore: [A1]\n", "ignore: [A2, A3]\n")
    assert [e.source("ignore") for e in policy.ignore] == ["parent ignore[0]", "child ignore[0]", "child ignore[1]"]
    assert values(policy.ignore) == ["A1", "A2", "A3"]


def test_gate_merges_per_key_and_the_child_wins(tmp_path):
    policy = merged(tmp_path, "gate: {fail_on: critical, on_incomplete: fail}\n", "gate: {fail_on: warning}\n")
    assert policy.gate == {
        "fail_on": "warning",
        "min_confidence": "possible",
        "on_incomplete": "fail",
        "on_unknown_format": "report",
    }


def test_a_gate_that_nobody_sets_has_the_defaults_of_the_schema(tmp_path):
    policy = resolve(load_chain(str(write(tmp_path, "bare", ""))))
    assert policy.gate["fail_on"] == "warning"
    assert policy.gate["on_incomplete"] == "error"
    assert policy.maturity == ["test", "stable", "deprecated"]


def test_limits_merge_per_key_and_are_numbers(tmp_path):
    policy = merged(
        tmp_path,
        "limits: {max_file_size: 20GiB, timeout: 300}\n",
        "limits: {max_total_size: 1.5 MB, timeout: 2.5}\n",
    )
    assert policy.limits == {"max_file_size": 20 * 1024**3, "max_total_size": 1_500_000, "timeout": 2.5}


def test_maturity_of_the_child_wins(tmp_path):
    policy = merged(tmp_path, "maturity: [stable]\n", "maturity: [stable, experimental]\n")
    assert policy.maturity == ["stable", "experimental"]


def test_severity_merges_per_key_and_keeps_every_word_in_order(tmp_path):
    policy = merged(tmp_path, "severity: {A1: info, A2: critical}\n", "severity: {A1: warning}\n")
    assert {key: values(said) for key, said in policy.severity.items()} == {
        "A1": ["info", "warning"],
        "A2": ["critical"],
    }


def test_deny_unites_parent_first(tmp_path):
    deny = "deny: [{{id: ACME-D{0}, title: t, for: artifact, severity: warning, when: 'true'}}]\n"
    policy = merged(tmp_path, deny.format(1), deny.format(2))
    assert [e.value["id"] for e in policy.deny] == ["ACME-D1", "ACME-D2"]
    assert codes(policy) == []


def test_the_same_deny_twice_is_a_mistake_with_both_places(tmp_path):
    deny = "deny: [{id: ACME-D1, title: t, for: artifact, severity: warning, when: 'true'}]\n"
    policy = merged(tmp_path, deny, deny)
    [found] = policy.diagnostics
    assert (found.code, found.span.line, found.span.column) == ("E309", 5, 13)
    assert found.label.endswith("parent.yaml:4")


def test_allow_and_tests_unite_and_repeat_no_id(tmp_path):
    body = (
        "allow: [{id: one, rules: [A1], for: import, when: 'true', reason: r}]\n"
        "tests: [{name: two, facts: {}, expect: {decision: pass}}]\n"
    )
    policy = merged(tmp_path, body, body)
    assert codes(policy) == ["E309", "E309"]
    assert len(policy.allow) == len(policy.tests) == 2


def test_allows_without_id_never_collide(tmp_path):
    allow = "allow: [{rules: [A1], for: import, when: 'true', reason: r}]\n"
    assert codes(merged(tmp_path, allow, allow)) == []


def test_list_changes_are_kept_in_the_order_of_the_chain(tmp_path):
    policy = merged(
        tmp_path,
        "lists: {names: {append: [a]}}\n",
        "lists: {names: {append: [c], remove: [a]}, others: {replace: []}}\n",
    )
    assert [(c.name, c.op, c.items) for c in policy.lists] == [
        ("names", "append", ("a",)),
        ("names", "remove", ("a",)),
        ("names", "append", ("c",)),
        ("others", "replace", ()),
    ]


def test_extends_goes_left_to_right_and_this_file_last(tmp_path):
    write(tmp_path, "one", "gate: {fail_on: critical, on_incomplete: fail}\n")
    write(tmp_path, "two", "gate: {fail_on: warning}\n")
    policy = resolve(load_chain(str(write(tmp_path, "last", "extends: [one.yaml, two.yaml]\n"))))
    assert policy.names == ("one@1", "two@1", "last@1")
    assert (policy.gate["fail_on"], policy.gate["on_incomplete"]) == ("warning", "fail")


def test_a_policy_that_is_extended_twice_is_merged_once(tmp_path):
    write(tmp_path, "base", "ignore: [A1]\n")
    write(tmp_path, "one", "extends: [base.yaml]\n")
    write(tmp_path, "two", "extends: [base.yaml]\n")
    policy = resolve(load_chain(str(write(tmp_path, "last", "extends: [one.yaml, two.yaml]\n"))))
    assert policy.names == ("base@1", "one@1", "two@1", "last@1")
    assert values(policy.ignore) == ["A1"]


def test_a_path_in_extends_is_relative_to_its_own_file(tmp_path):
    (tmp_path / "deep").mkdir()
    write(tmp_path, "base", "ignore: [A1]\n")
    write(tmp_path / "deep", "middle", "extends: ['../base.yaml']\n")
    policy = resolve(load_chain(str(write(tmp_path, "last", "extends: [deep/middle.yaml]\n"))))
    assert policy.names == ("base@1", "middle@1", "last@1")


def test_a_built_in_policy_can_be_extended_and_is_named_as_such(tmp_path):
    policy = resolve(load_chain(str(write(tmp_path, "last", "extends: ['builtin:strict']\n"))))
    assert policy.names[:2] == ("builtin:default@1", "builtin:strict@1")
    assert codes(policy) == []


def test_no_policy_means_the_built_in_default():
    assert load_chain(None).policy.ident == "builtin:default"


@pytest.mark.parametrize("word", ["strict", "builtin:strict"])
def test_a_word_without_slash_and_dot_is_a_built_in_name(word):
    assert load_chain(word).policy.ident == "builtin:strict"


def test_an_unknown_name_is_a_usage_error_with_a_guess():
    with pytest.raises(UsageError, match=r"unknown policy `strickt`; did you mean `strict`\?"):
        load_chain("strickt")


def test_a_file_that_is_not_there_is_a_usage_error():
    with pytest.raises(UsageError, match=r"policy file \./nowhere\.yaml does not exist"):
        load_chain("./nowhere.yaml")


def test_every_file_read_is_an_input_of_the_cache(tmp_path):
    write(tmp_path, "parent", "")
    chain = load_chain(str(write(tmp_path, "child", "extends: [parent.yaml]\n")))
    assert [Path(path).name for path, digest in chain.inputs if len(digest) == 64] == ["child.yaml", "parent.yaml"]


def test_the_digest_changes_with_any_file_of_the_chain(tmp_path):
    write(tmp_path, "parent", "")
    child = write(tmp_path, "child", "extends: [parent.yaml]\n")
    before = load_chain(str(child)).digest
    write(tmp_path, "parent", "ignore: [A1]\n")
    assert load_chain(str(child)).digest != before


# Final keys

LOOSER = [
    ("gate: {on_incomplete: fail}", "gate.on_incomplete", "gate: {on_incomplete: report}", (5, 23)),
    ("gate: {fail_on: warning}", "gate.fail_on", "gate: {fail_on: critical}", (5, 17)),
    ("gate: {fail_on: warning}", "gate", "gate: {fail_on: critical}", (5, 17)),
    ("gate: {min_confidence: possible}", "gate.min_confidence", "gate: {min_confidence: proved}", (5, 24)),
    ("gate: {on_unknown_format: fail}", "gate.on_unknown_format", "gate: {on_unknown_format: error}", (5, 27)),
    ("limits: {max_file_size: 1GiB}", "limits.max_file_size", "limits: {max_file_size: 2GiB}", (5, 25)),
    ("limits: {timeout: 5}", "limits", "limits: {timeout: 6}", (5, 19)),
    ("select: [A1, A2]", "select", "select: [A1]", (5, 1)),
    ("maturity: [stable, test]", "maturity", "maturity: [stable]", (5, 1)),
    ("ignore: [A1]", "ignore", "ignore: [A2]", (5, 10)),
    ("lists: {names: {append: [a]}}", "lists", "lists: {names: {append: [b]}}", (5, 9)),
    ("owner: me", "allow", "allow: [{rules: [A1], for: import, when: 'true', reason: r}]", (5, 9)),
]


@pytest.mark.parametrize(("parent", "key", "child", "place"), LOOSER)
def test_a_final_key_cannot_be_loosened(tmp_path, parent, key, child, place):
    policy = merged(tmp_path, f"{parent}\nfinal: [{key}]\n", f"{child}\n")
    [found] = policy.diagnostics
    assert found.code == "E310"
    assert (found.span.line, found.span.column) == place
    assert found.span.file.endswith("child.yaml")
    assert "is final in parent" in found.message


STRICTER = [
    ("gate: {on_incomplete: report}", "gate.on_incomplete", "gate: {on_incomplete: error}"),
    ("gate: {fail_on: critical}", "gate", "gate: {fail_on: warning}"),
    ("limits: {max_file_size: 1GiB}", "limits.max_file_size", "limits: {max_file_size: 1GB}"),
    ("select: [A1]", "select", "select: ['*']"),
    ("select: [A1]", "select", "select: [A1, A2]"),
    ("maturity: [stable]", "maturity", "maturity: [stable, test]"),
    ("ignore: [A1]", "ignore", "ignore: [A1]"),
]


@pytest.mark.parametrize(("parent", "key", "child"), STRICTER)
def test_a_final_key_can_be_made_stricter(tmp_path, parent, key, child):
    assert codes(merged(tmp_path, f"{parent}\nfinal: [{key}]\n", f"{child}\n")) == []


def test_a_policy_is_not_bound_by_what_it_makes_final_itself(tmp_path):
    body = "gate: {on_incomplete: fail}\n"
    assert codes(merged(tmp_path, body, "gate: {on_incomplete: report}\nfinal: [gate.on_incomplete]\n")) == []


def test_a_final_key_binds_the_grandchild_too(tmp_path):
    write(tmp_path, "top", "gate: {fail_on: warning}\nfinal: [gate.fail_on]\n")
    write(tmp_path, "middle", "extends: [top.yaml]\n")
    policy = resolve(load_chain(str(write(tmp_path, "low", "extends: [middle.yaml]\ngate: {fail_on: critical}\n"))))
    assert codes(policy) == ["E310"]


# Waivers, their rules, sources, baselines


def test_waivers_unite_and_the_same_id_twice_is_a_mistake(tmp_path):
    one = "waivers: [{id: W-1, rules: [A1], match: {path: a}}]\n"
    two = "waivers: [{id: W-2, rules: [A1], match: {path: b}}]\n"
    assert [e.value["id"] for e in merged(tmp_path, one, two).waivers] == ["W-1", "W-2"]
    assert codes(merged(tmp_path, one, one)) == ["E309"]


def test_rules_of_waivers_merge_per_key_over_the_defaults(tmp_path):
    policy = merged(tmp_path, "waiver_rules: {max_days: 90, on_unused: fail}\n", "waiver_rules: {max_days: 120}\n")
    assert policy.waiver_rules == {"on_expired": "fail", "on_unused": "fail", "max_days": 120}


def test_sources_merge_per_key_and_the_child_wins(tmp_path):
    parent = "sources: {allow: ['file://**'], deny: ['file:///a/**']}\n"
    policy = merged(tmp_path, parent, "sources: {allow: ['hf://acme/**']}\n")
    assert {key: values(said) for key, said in policy.sources.items()} == {
        "allow": ["hf://acme/**"],
        "deny": ["file:///a/**"],
    }


def test_a_baseline_lies_beside_the_policy_that_names_it(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", "parent", "gate: {baseline: known.json, new_only: true}\n")
    policy = resolve(load_chain(str(write(tmp_path, "child", "extends: [./sub/parent.yaml]\n"))))
    assert policy.gate["baseline"] == str(tmp_path / "sub" / "known.json")
    assert policy.gate["new_only"] is True


def test_the_child_may_turn_the_baseline_off(tmp_path):
    policy = merged(tmp_path, "gate: {baseline: b.json, new_only: true}\n", "gate: {new_only: false}\n")
    assert policy.gate["new_only"] is False


LOOSENED = [
    ("waivers", "", "waivers: [{id: W, rules: [A], match: {path: a}}]", "nothing can be waived"),
    ("waiver_rules", "waiver_rules: {max_days: 90}", "waiver_rules: {max_days: 91}", "it stands at 90"),
    ("waiver_rules.max_days", "waiver_rules: {max_days: 90}", "waiver_rules: {max_days: 91}", "it stands at 90"),
    ("waiver_rules", "", "waiver_rules: {on_expired: report}", "it stands at fail"),
    ("waiver_rules", "waiver_rules: {on_unused: fail}", "waiver_rules: {on_unused: report}", "it stands at fail"),
    ("waiver_rules", "waiver_rules: {require: [owner, reason]}", "waiver_rules: {require: [owner]}", "it stands at"),
    ("sources", "sources: {allow: ['file:///a/**']}", "sources: {allow: ['file://**']}", "no other source"),
    ("sources.deny", "sources: {deny: ['file:///a/**']}", "sources: {deny: []}", "stays denied"),
    ("gate", "", "gate: {max_findings: 1}", "it is not set"),
    ("gate.max_findings", "gate: {max_findings: 1}", "gate: {max_findings: 2}", "it stands at 1"),
    ("gate", "gate: {baseline: a.json}", "gate: {new_only: true}", "it is not set"),
    ("gate.baseline", "gate: {baseline: a.json, new_only: true}", "gate: {baseline: b.json}", "it stands at"),
]


@pytest.mark.parametrize(("key", "parent", "child", "said"), LOOSENED)
def test_what_is_final_of_waivers_sources_and_gate_cannot_be_loosened(tmp_path, key, parent, child, said):
    policy = merged(tmp_path, f"{parent}\nfinal: [{key}]\n", f"{child}\n")
    assert codes(policy) == ["E310"]
    assert said in policy.diagnostics[0].message


TIGHTENED = [
    ("waiver_rules", "waiver_rules: {max_days: 90}", "waiver_rules: {max_days: 30}"),
    ("waiver_rules", "waiver_rules: {require: [owner]}", "waiver_rules: {require: [owner, reason]}"),
    ("waiver_rules", "", "waiver_rules: {max_days: 30, on_unused: fail}"),
    ("sources", "sources: {allow: ['file:///a/**', 'hf://x/**']}", "sources: {allow: ['hf://x/**']}"),
    ("sources", "sources: {deny: ['file:///a/**']}", "sources: {deny: ['file:///a/**', 'file:///b/**']}"),
    ("sources", "", "sources: {allow: ['file:///a/**']}"),
    ("gate", "gate: {max_findings: 2}", "gate: {max_findings: 1}"),
    ("gate", "gate: {baseline: a.json, new_only: true}", "gate: {new_only: false}"),
]


@pytest.mark.parametrize(("key", "parent", "child"), TIGHTENED)
def test_what_is_final_of_waivers_sources_and_gate_can_be_made_stricter(tmp_path, key, parent, child):
    assert codes(merged(tmp_path, f"{parent}\nfinal: [{key}]\n", f"{child}\n")) == []
