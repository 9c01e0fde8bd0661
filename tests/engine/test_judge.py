"""Judging: rules and policies over trees of facts, step by step of the fixed order."""

from __future__ import annotations

import pytest

from fixtures.rulesets import compiled, rule
from modelaudit.engine.facts import Artifact, Call, Defect, Import, Op, Place, Setattr
from modelaudit.engine.factset import FactSet
from modelaudit.engine.finding import finding_id
from modelaudit.engine.judge import evaluate_rule, judge
from modelaudit.engine.judging.findings import MAX_FINDINGS

PATH = "model.pkl"


def imported(qualname: str, path: str = PATH, offset: int = 0, **fields) -> Import:
    names = fields.pop("names", frozenset([qualname]))
    return Import(path, qualname=qualname, names=names, places=(Place(offset=offset),), **fields)


def tree(*facts, path: str = PATH, format: str = "pickle", children: tuple = (), **fields) -> FactSet:
    families = frozenset(fields.pop("families", ["pickle-family"]))
    node = FactSet(Artifact(path=path, format=format, families=families, **fields), children=list(children))
    for fact in facts:
        node.facts.setdefault(fact.KIND, []).append(fact)
    return node


@pytest.fixture
def judged(tmp_path):
    """Judge a tree by rules and a policy: its findings that count, and the whole judgement."""

    def run(facts: FactSet, rules: str, policy: str = ""):
        ruleset, diagnostics = compiled(tmp_path, rules, policy)
        assert ruleset is not None, "\n".join(d.render() for d in diagnostics)
        return judge(ruleset, facts)

    return run


def active(judgement) -> list[str]:
    return [finding.rule for finding in judgement.findings if finding.active]


OS = "'import.qualname == \"os.system\"'"


# Matching


def test_a_finding_carries_what_its_rule_and_fact_say(judged):
    rules = rule(when=OS, why="because", fix="so", cwes="[CWE-502]", tags="[x]", references="['https://a.example']")
    [finding] = judged(tree(imported("os.system", offset=28, n=3)), rules).findings
    assert (finding.rule, finding.name, finding.pack, finding.rule_version) == ("T-1", "t-1", "t", 1)
    assert (finding.severity, finding.confidence, finding.message) == ("warning", "likely", "T-1 says so")
    assert (finding.why, finding.fix, finding.cwes, finding.tags) == ("because", "so", ("CWE-502",), ("x",))
    assert (finding.kind, finding.subject, finding.artifact, finding.format) == ("import", "os.system", PATH, "pickle")
    assert (finding.places, finding.n, finding.source) == ((Place(offset=28),), 3, "rule")
    assert finding.active


def test_a_rule_sees_the_facts_of_its_kind_in_every_artifact(judged):
    inner = tree(imported("os.system", "a.zip!b.pkl"), path="a.zip!b.pkl", depth=1)
    outer = tree(path="a.zip", format="zip", families=["zip-family"], children=(inner,))
    [finding] = judged(outer, rule(when=OS)).findings
    assert finding.artifact == "a.zip!b.pkl"


@pytest.mark.parametrize(
    ("formats", "found"),
    [
        ("[pickle]", True),
        ("[pickle-family]", True),
        ("[zip]", True),
        ("[safetensors]", False),
        ("[image-family]", False),
    ],
)
def test_formats_are_the_artifacts_own_any_of_them_or_a_family(judged, formats, found):
    facts = tree(imported("os.system"), formats=frozenset(["pickle", "zip"]))
    assert bool(judged(facts, rule(when=OS, formats=formats)).findings) is found


@pytest.mark.parametrize(("inside", "found"), [("[zip]", True), ("[zip-family]", True), ("[pickle]", False)])
def test_inside_is_an_enclosing_artifact_at_any_height(judged, inside, found):
    deep = tree(imported("os.system", "a!b!c"), path="a!b!c")
    middle = tree(path="a!b", format="text", families=[], children=(deep,))
    outer = tree(path="a", format="zip", families=["zip-family"], children=(middle,))
    assert bool(judged(outer, rule(when=OS, inside=inside)).findings) is found


def test_a_rule_for_artifact_reads_the_whole_tree(judged):
    inner = tree(imported("os.system", "a.zip!b.pkl"), path="a.zip!b.pkl", depth=1)
    outer = tree(path="a.zip", format="zip", children=(inner,))
    when = "['artifact.depth == 0', 'any i in tree.imports: (i.qualname == \"os.system\")']"
    rules = rule(for_="artifact", when=when, message="'{i.qualname} somewhere inside'")
    [finding] = judged(outer, rules).findings
    assert (finding.kind, finding.subject, finding.artifact) == ("artifact", "a.zip", "a.zip")
    assert finding.message == "os.system somewhere inside"


# The table of when and unless

UNKNOWN = "'has import.module'"


def sure(value: bool | None) -> str:
    """An expression with a value: true, false, or unknown on a fact whose `kind` is not known."""
    return {True: "'op.type == \"T\"'", False: "'op.type != \"T\"'", None: "'op has name and op.name == \"x\"'"}[value]


TABLE = [
    (True, False, "match"),
    (True, None, "match"),
    (True, True, "no-match"),
    (None, False, "inconclusive"),
    (None, None, "inconclusive"),
    (None, True, "no-match"),
    (False, False, "no-match"),
    (False, None, "no-match"),
    (False, True, "no-match"),
]


@pytest.mark.parametrize(("when", "unless", "outcome"), TABLE)
def test_the_outcome_table(tmp_path, when, unless, outcome):
    ruleset, diagnostics = compiled(tmp_path, rule(for_="op", when=sure(when), unless=sure(unless)))
    assert ruleset is not None, diagnostics
    facts = tree(Op(PATH, type="T", unknown=frozenset(["name"])))
    assert evaluate_rule(ruleset.rules[0], facts).outcome == outcome


# Raise


def test_the_first_raise_that_is_true_applies_and_the_id_stays(judged):
    plain = judged(tree(imported("os.system")), rule(when=OS)).findings[0]
    raises = "[{when: 'import.computed', severity: critical}, {when: '\"called\" in import.uses', confidence: proved}]"
    facts = tree(imported("os.system", uses=frozenset(["called"])))
    raised = judged(facts, rule(when=OS, raise_=raises)).findings[0]
    assert (raised.severity, raised.confidence) == ("warning", "proved")
    assert raised.id == plain.id


def test_a_raise_that_is_unknown_does_not_apply(judged):
    rules = rule(for_="op", raise_="[{when: 'op has name and op.name == \"x\"', severity: critical}]")
    [finding] = judged(tree(Op(PATH, type="T", unknown=frozenset(["name"]))), rules).findings
    assert finding.severity == "warning"


# Identity and uniting


def test_the_id_is_made_of_rule_member_and_identity_fields(judged):
    path = "/somewhere/a.zip!b.pkl"
    [finding] = judged(tree(imported("os.system", path, opcode="GLOBAL"), path=path), rule(when=OS)).findings
    assert finding.id == finding_id("T-1", "x!b.pkl", ("os.system", "GLOBAL"))


def test_findings_of_one_id_are_united_with_places_and_counts(judged):
    facts = [imported("os.system", offset=i, n=2, uses=frozenset([f"u{i}"])) for i in range(7)]
    [finding] = judged(tree(*facts), rule(when=OS)).findings
    assert finding.n == 14
    assert [place.offset for place in finding.places] == [0, 1, 2, 3, 4]


def test_a_united_finding_is_as_grave_and_sure_as_its_gravest_part(judged):
    raises = "[{when: '\"called\" in import.uses', severity: critical, confidence: proved}]"
    facts = tree(imported("os.system"), imported("os.system", offset=9, uses=frozenset(["called"])))
    [finding] = judged(facts, rule(when=OS, raise_=raises)).findings
    assert (finding.severity, finding.confidence) == ("critical", "proved")


def test_other_identity_makes_another_finding(judged):
    facts = tree(imported("os.system", opcode="GLOBAL"), imported("os.system", opcode="INST"))
    assert len(judged(facts, rule(when=OS)).findings) == 2


# Groups


def ops(*domains: str, n: int = 1) -> list[Op]:
    return [
        Op(PATH, domain=domain, type=f"T{i}", name=f"node{i}", n=n, places=(Place(node=f"node{i}"),))
        for i, domain in enumerate(domains)
    ]


GROUPED = rule(
    for_="op",
    group="[op.domain]",
    when="'op.domain != \"\"'",
    message="'{op.domain}: {n} nodes, e.g. {op.name}'",
)


def test_a_group_is_one_finding_with_its_count_and_first_places(judged):
    facts = tree(*ops("evil", "", "evil", "evil", "other", "evil", "evil", "evil", n=2))
    first, second = judged(facts, GROUPED).findings
    assert (first.message, first.n, first.subject) == ("evil: 12 nodes, e.g. node0", 12, "evil")
    assert [place.node for place in first.places] == ["node0", "node2", "node3", "node5", "node6"]
    assert (second.message, second.n) == ("other: 2 nodes, e.g. node4", 2)


def test_the_id_of_a_group_depends_on_its_values_alone(judged):
    one = judged(tree(*ops("evil")), GROUPED).findings[0]
    two = judged(tree(*ops("a", "b", "evil", "evil")), GROUPED).findings[-1]
    assert one.id == two.id


def test_groups_are_made_within_one_artifact(judged):
    inner = tree(*ops("evil"), path="a!b")
    outer = tree(*ops("evil"), path="a", children=(inner,))
    assert [finding.artifact for finding in judged(outer, GROUPED).findings] == ["a", "a!b"]


# Inconclusive


def test_a_rule_that_matched_nothing_is_inconclusive_where_its_kind_is_incomplete(judged):
    judgement = judged(tree(imported("os.path"), incomplete=frozenset(["import"])), rule(when=OS))
    [undecided] = judgement.inconclusive
    assert (undecided.rule, undecided.artifact, undecided.severity) == ("T-1", PATH, "warning")
    assert undecided.cause == "import facts may be missing"


def test_a_match_that_was_seen_stands_where_the_kind_is_incomplete(judged):
    judgement = judged(tree(imported("os.system"), incomplete=frozenset(["import"])), rule(when=OS))
    assert active(judgement) == ["T-1"]
    assert judgement.inconclusive == ()


def test_a_fact_that_could_not_be_decided_makes_a_rule_inconclusive(judged):
    facts = tree(Op(PATH, type="T", unknown=frozenset(["name"])))
    [undecided] = judged(facts, rule(for_="op", when=sure(None))).inconclusive
    assert undecided.cause == "op.name was not computed"


def test_a_rule_for_other_formats_is_not_inconclusive(judged):
    facts = tree(incomplete=frozenset(["import"]))
    assert judged(facts, rule(when=OS, formats="[safetensors]")).inconclusive == ()


def test_an_inconclusive_rule_is_as_grave_as_it_could_become(judged):
    rules = rule(when=OS, raise_="[{when: 'import.computed', severity: critical}]")
    [undecided] = judged(tree(incomplete=frozenset(["import"])), rules).inconclusive
    assert undecided.severity == "critical"


def test_a_rule_whose_only_matches_are_allowed_stays_inconclusive(judged):
    allow = f"allow: [{{rules: [T-1], for: import, when: {OS}, reason: fine}}]\n"
    judgement = judged(tree(imported("os.system"), incomplete=frozenset(["import"])), rule(when=OS), allow)
    assert len(judgement.inconclusive) == 1


# Select, ignore, maturity


@pytest.mark.parametrize("pattern", ["T-1", "t-1", "T-*", "t/*", "t/T-1", "*", "tag:licence", "tag:lic*"])
def test_an_ignored_finding_is_kept_and_says_who_ignores_it(judged, pattern):
    rules = rule(when=OS, tags="[licence]")
    [finding] = judged(tree(imported("os.system")), rules, f"ignore: ['{pattern}']\n").findings
    assert finding.suppression.step == "ignore"
    assert (finding.suppression.source, finding.suppression.reason) == (
        "acme/p ignore[0]",
        f"acme/p ignores `{pattern}`",
    )


def test_a_rule_that_is_not_selected_takes_no_part(judged):
    rules = rule("T-1", when=OS) + rule("T-2", when=OS)
    assert [f.rule for f in judged(tree(imported("os.system")), rules, "select: [T-2]\n").findings] == ["T-2"]


def test_an_ignored_rule_is_never_inconclusive(judged):
    facts = tree(incomplete=frozenset(["import"]))
    assert judged(facts, rule(when=OS), "ignore: [T-1]\n").inconclusive == ()


def test_an_experimental_rule_reports_and_never_decides(judged):
    [finding] = judged(tree(imported("os.system")), rule(when=OS, status="experimental")).findings
    assert (finding.suppression.step, finding.suppression.source) == ("maturity", "acme/p maturity")


def test_a_policy_can_let_experimental_rules_decide(judged):
    policy = "maturity: [experimental]\n"
    assert active(judged(tree(imported("os.system")), rule(when=OS, status="experimental"), policy)) == ["T-1"]


def test_ignore_comes_before_maturity(judged):
    rules = rule(when=OS, status="experimental")
    [finding] = judged(tree(imported("os.system")), rules, "ignore: [T-1]\n").findings
    assert finding.suppression.step == "ignore"


# Severity

OVERRIDES = [
    ("{T-1: info}", "info"),
    ("{'t/*': info}", "info"),
    ("{'t/*': info, 'tag:x': critical}", "critical"),
    ("{'tag:x': critical, T-1: debug}", "debug"),
    ("{'tag:x': info, 'tag:y': critical}", "critical"),
    ("{'*': critical, 'T-*': info}", "info"),
    ("{'T-*': critical, t-1: info}", "info"),
    ("{t-1: critical, T-1: info}", "info"),
]


@pytest.mark.parametrize(("severity", "expected"), OVERRIDES)
def test_the_closest_pattern_gives_the_severity(judged, severity, expected):
    rules = rule(when=OS, tags="[x, y]")
    [finding] = judged(tree(imported("os.system")), rules, f"severity: {severity}\n").findings
    assert finding.severity == expected


def test_the_policys_severity_stands_above_a_raise(judged):
    rules = rule(when=OS, raise_="[{when: 'true', severity: critical}]")
    [finding] = judged(tree(imported("os.system")), rules, "severity: {T-1: info}\n").findings
    assert finding.severity == "info"


def test_the_policys_severity_holds_for_inconclusive_rules_too(judged):
    [undecided] = judged(tree(incomplete=frozenset(["import"])), rule(when=OS), "severity: {T-1: info}\n").inconclusive
    assert undecided.severity == "info"


# Allow

ALLOW = "allow: [{{rules: [T-1], for: {kind}, when: {when}, reason: it is ours}}]\n"


def test_an_allowed_fact_does_not_count_and_the_rest_does(judged):
    policy = ALLOW.format(kind="import", when="'import.qualname == \"acme.f\"'")
    judgement = judged(tree(imported("acme.f"), imported("os.system")), rule(), policy)
    allowed, standing = judgement.findings
    assert (allowed.suppression.step, allowed.suppression.reason) == ("allow", "it is ours")
    assert allowed.suppression.source == "acme/p allow[0]"
    assert (standing.subject, standing.active) == ("os.system", True)


def test_an_allow_that_is_unknown_does_not_apply(judged):
    policy = ALLOW.format(kind="op", when=sure(None))
    facts = tree(Op(PATH, type="T", unknown=frozenset(["name"])))
    assert active(judged(facts, rule(for_="op", when=sure(True)), policy)) == ["T-1"]


def test_allowed_facts_are_taken_out_of_a_group(judged):
    policy = ALLOW.format(kind="op", when="'op.type == \"T0\"'")
    allowed, standing = judged(tree(*ops("evil", "evil", "evil")), GROUPED, policy).findings
    assert (allowed.n, allowed.active) == (1, False)
    assert (standing.n, standing.active, standing.message) == (2, True, "evil: 2 nodes, e.g. node1")


def test_an_allow_by_tag_reaches_the_rules_of_its_kind_alone(judged):
    rules = rule("T-1", tags="[x]") + rule("T-2", for_="call", tags="[x]")
    policy = "allow: [{rules: ['tag:x'], for: call, when: 'true', reason: r}]\n"
    facts = tree(imported("os.system"), Call(PATH, target="os.system"))
    assert active(judged(facts, rules, policy)) == ["T-1"]


# Deny

DENY = (
    "deny: [{{id: ACME-D1, title: 'No {{os}}', for: import, severity: critical, when: {when}, overridable: {over}}}]\n"
)


def test_a_deny_is_a_finding_of_the_policy(judged):
    policy = DENY.format(when=OS, over="false")
    facts = tree(imported("os.system"))
    finding = next(f for f in judged(facts, rule(when="'false'"), policy).findings if f.rule == "ACME-D1")
    assert (finding.source, finding.pack, finding.pack_version) == ("deny", "acme/p", "7")
    assert (finding.severity, finding.confidence, finding.message) == ("critical", "proved", "No {os}")


def test_select_never_touches_a_deny(judged):
    policy = "select: [T-1]\n" + DENY.format(when=OS, over="true")
    assert active(judged(tree(imported("os.system")), rule(when="'false'"), policy)) == ["ACME-D1"]


@pytest.mark.parametrize("pattern", ["*", "acme/p/*", "ACME-*", "acme-*"])
def test_no_glob_and_no_pack_ignores_a_deny(judged, pattern):
    policy = f"ignore: ['{pattern}', '*']\n" + DENY.format(when=OS, over="true")
    assert active(judged(tree(imported("os.system")), rule(when=OS), policy)) == ["ACME-D1"]


def test_an_overridable_deny_is_ignored_by_its_id(judged):
    policy = "ignore: [ACME-D1]\n" + DENY.format(when=OS, over="true")
    [finding] = judged(tree(imported("os.system")), rule(when="'false'"), policy).findings
    assert finding.suppression.step == "ignore"


def test_an_allow_by_glob_never_touches_a_deny(judged):
    policy = "allow: [{rules: ['*'], for: import, when: 'true', reason: r}]\n" + DENY.format(when=OS, over="true")
    assert active(judged(tree(imported("os.system")), rule(when=OS), policy)) == ["ACME-D1"]


def test_a_deny_counts_whatever_maturity_the_policy_wants(judged):
    policy = "maturity: [test]\n" + DENY.format(when=OS, over="false")
    assert active(judged(tree(imported("os.system")), rule(when=OS), policy)) == ["ACME-D1"]


# Absorb


def chain_of(*absorbs: str) -> str:
    return "".join(rule(f"T-{n}", when=OS, absorbs=names) for n, names in enumerate(absorbs, 1))


def shape(judgement) -> dict[str, list[str]]:
    return {f.rule: [r.rule for r in f.related] for f in judgement.findings}


FACTS = tree(imported("os.system"))


def test_an_absorbed_finding_goes_to_related_and_says_why(judged):
    [finding] = judged(FACTS, chain_of("[T-2]", "[]")).findings
    assert finding.rule == "T-1"
    [absorbed] = finding.related
    assert (absorbed.rule, absorbed.suppression.step, absorbed.suppression.source) == ("T-2", "absorb", "T-1")


def test_a_rule_may_absorb_several(judged):
    assert shape(judged(FACTS, chain_of("[T-2, T-3]", "[]", "[]"))) == {"T-1": ["T-2", "T-3"]}


def test_in_a_chain_the_topmost_stands_for_all(judged):
    assert shape(judged(FACTS, chain_of("[]", "[T-1]", "[T-2]"))) == {"T-3": ["T-1", "T-2"]}


def test_in_a_circle_one_finding_stands(judged):
    assert shape(judged(FACTS, chain_of("[T-2]", "[T-3]", "[T-1]"))).keys() == {"T-1"}


def test_findings_about_other_subjects_are_not_absorbed(judged):
    rules = rule("T-1", when=OS, absorbs="[T-2]") + rule("T-2", when="'import.qualname != \"os.system\"'")
    facts = tree(imported("os.system"), imported("os.popen"))
    assert shape(judged(facts, rules)) == {"T-1": [], "T-2": []}


def test_findings_in_other_artifacts_are_not_absorbed(judged):
    rules = rule("T-1", when=OS, absorbs="[T-2]", inside="[zip]") + rule("T-2", when=OS)
    inner = tree(imported("os.system", "a!b"), path="a!b")
    outer = tree(imported("os.system", "a"), path="a", format="zip", children=(inner,))
    assert [(f.rule, f.artifact) for f in judged(outer, rules).findings] == [("T-2", "a"), ("T-1", "a!b")]


def test_one_subject_may_be_of_several_kinds(judged):
    rules = rule("T-1", for_="call", absorbs="[T-2, T-3]") + rule("T-2") + rule("T-3", for_="setattr")
    facts = tree(imported("os.system"), Call(PATH, target="os.system"), Setattr(PATH, target="os.system"))
    assert shape(judged(facts, rules)) == {"T-1": ["T-2", "T-3"]}


@pytest.mark.parametrize("policy", ["ignore: [T-1]\n", ALLOW.format(kind="import", when="'true'")])
def test_a_finding_that_does_not_count_absorbs_nothing(judged, policy):
    judgement = judged(FACTS, chain_of("[T-2]", "[]"), policy)
    assert active(judgement) == ["T-2"]


def test_an_experimental_rule_absorbs_nothing(judged):
    rules = rule("T-1", when=OS, absorbs="[T-2]", status="experimental") + rule("T-2", when=OS)
    assert active(judged(FACTS, rules)) == ["T-2"]


def test_a_group_of_several_subjects_is_absorbed_only_whole(judged):
    group = rule("T-2", for_="op", group="[op.domain]")
    some = rule("T-1", for_="op", when="'op.type == \"T0\"'", absorbs="[T-2]")
    every = rule("T-1", for_="op", absorbs="[T-2]")
    facts = tree(*ops("evil", "evil"))
    assert active(judged(facts, some + group)) == ["T-1", "T-2"]
    assert active(judged(facts, every + group)) == ["T-1", "T-1"]


def test_absorbing_does_not_slow_down_with_many_findings_about_one_subject(judged):
    defects = [Defect(PATH, code="bad", detail=str(n)) for n in range(5_000)]
    every = rule("T-1", for_="defect", absorbs="[T-2]") + rule("T-2", for_="defect")
    judgement = judged(tree(*defects), every)
    assert len(judgement.findings) == MAX_FINDINGS + 1  # the last one stands for the others
    assert {finding.rule for finding in judgement.findings if finding.active} == {"T-1"}


# One rule alone


def test_a_rule_alone_gives_its_groups(tmp_path):
    ruleset, _ = compiled(tmp_path, GROUPED)
    result = evaluate_rule(ruleset.rules[0], tree(*ops("evil", "other")))
    assert (result.outcome, result.groups) == ("match", (("evil",), ("other",)))


def test_a_rule_alone_is_inconclusive_with_its_causes(tmp_path):
    ruleset, _ = compiled(tmp_path, rule(when=OS))
    result = evaluate_rule(ruleset.rules[0], tree(incomplete=frozenset(["import"])))
    assert (result.outcome, result.causes) == ("inconclusive", ("import facts may be missing",))
