"""What rules cost."""

from fixtures.packs import RULE, changed
from modelaudit.engine.authoring.bench import bench, synthetic
from modelaudit.engine.packs.load import compiled, gather
from modelaudit.engine.ruleset import Matchers, Rule


def test_each_rule_is_measured_on_the_facts_that_it_is_about(write, alone):
    other = changed(
        RULE.partition("rules:\n")[2],
        ("ACME-1", "ACME-2"),
        ("acme-one", "two"),
        ("formats: [pickle]", "formats: [zip]"),
    )
    write({"rules.yaml": RULE + other})
    sources = gather(["rules.yaml"])
    document = compiled(sources, [])
    lists = Matchers(document["lists"])
    trees = synthetic(sources.rules)
    assert len(trees) == 4
    costs = bench([Rule(doc, lists) for doc in document["rules"]], trees)
    assert {(cost.rule, cost.facts, cost.hits) for cost in costs} == {("ACME-1", 2, 1), ("ACME-2", 2, 1)}
    assert all(cost.nanoseconds > 0 for cost in costs)
    assert costs[0].microseconds >= costs[1].microseconds


def test_a_rule_without_facts_costs_nothing(write, alone):
    write({"rules.yaml": RULE})
    document = compiled(gather(["rules.yaml"]), [])
    (cost,) = bench([Rule(document["rules"][0], Matchers(document["lists"]))], [])
    assert (cost.facts, cost.hits, cost.nanoseconds) == (0, 0, 0.0)
