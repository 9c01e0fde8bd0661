"""What a trace tells of each part of a condition."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.expressions import compiled, imported, matchers, tree
from fixtures.packs import RULE, changed
from modelaudit.engine.authoring.trace import Tracer, described, trace
from modelaudit.engine.facts import Artifact, Import
from modelaudit.engine.lang.evaluate import Env, link
from modelaudit.engine.lang.values import UNKNOWN, Cut
from modelaudit.engine.packs.load import compiled as compiled_packs
from modelaudit.engine.packs.load import gather
from modelaudit.engine.ruleset import Matchers, Rule
from modelaudit.reports.trace import render_trace


def steps(condition, fact=None, **more):
    fact = fact if fact is not None else imported()
    node = tree(fact, **more)
    return Tracer(matchers()).step(compiled(condition), Env(node, fact))


def flat(step):
    return [(step.text, step.value), *(pair for inner in step.steps for pair in flat(inner))]


def test_every_leaf_has_a_value_also_after_the_one_that_decided():
    assert flat(steps('import.name == "x" and import.module == "os"')) == [
        ("all of", False),
        ('import.name == "x"', False),
        ('import.module == "os"', True),
    ]


def test_a_leaf_tells_what_it_looked_at():
    assert steps('import.name == "x"').saw == '"system"'
    assert steps("import.names overlaps $exec").saw == '{"os.system"}'
    assert steps("len(import.names) > 3").saw == "1"


def test_an_unknown_value_is_told():
    step = steps('"called" in import.uses', imported(unknown=frozenset(["uses"])))
    assert (step.value, step.saw) == (None, "unknown")


def test_a_quantifier_counts_and_shows_the_items_that_decide_first():
    fact = imported(names=frozenset(["a", "b", "os.system"]))
    step = steps("any n in import.names: (n glob $exec)", fact)
    assert (step.text, step.value, step.saw) == ("any n in import.names", True, "1 of 3")
    assert [(item.text, item.value) for item in step.steps] == [
        ('n = "os.system"', True),
        ('n = "a"', False),
        ('n = "b"', False),
    ]
    assert steps("all n in import.names: (n glob $exec)", fact).steps[0].value is False


def test_a_collection_that_may_lack_facts_is_told():
    step = steps('any c in calls: (c.target == "a")', incomplete=["call"])
    assert (step.text, step.value, step.saw) == ("any c in calls", None, "0 of 0, some may be missing")
    assert steps("any a in tree.artifacts: (a.depth == 0)").text == "any a in tree.artifacts"


def test_the_first_leaf_that_said_no_is_named():
    step = steps('import.module == "os" and (import.name == "x" or import.name == "y") and import.computed')
    assert step.blame().text == 'import.name == "x"'
    assert steps('import.module == "os"').blame() is None


CONDITIONS = st.recursive(
    st.sampled_from(
        [
            *('import.name == "system"', 'import.module == "os"', "import.computed", "import.n > 1"),
            *('"called" in import.uses', "import.qualname glob $exec", 'import.name matches "^s"'),
            *('(any n in import.names: (n == "os.system"))', '(none n in import.names: (n startswith "os"))'),
            *("(count i in imports: (i.computed) >= 1)", '(all u in import.uses: (u == "called"))'),
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=5,
)


@given(
    CONDITIONS,
    st.booleans(),
    st.sampled_from(["os.system", "os.popen", "a.b"]),
    st.frozensets(st.sampled_from(["uses", "names"])),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_a_trace_says_what_the_judge_says(condition, computed, name, unknown, incomplete):
    fact = imported(name, computed=computed, unknown=unknown, uses=frozenset(["called"] if computed else []))
    node = tree(fact, incomplete=["import"] if incomplete else ())
    program = compiled(condition)
    assert Tracer(matchers()).step(program, Env(node, fact)).value is link(program, matchers())(Env(node, fact))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (UNKNOWN, "unknown"),
        (None, "absent"),
        (Cut("ab"), '"ab" (cut)'),
        ("a\nb", '"a\\nb"'),
        (frozenset("ba"), '{"a", "b"}'),
        (frozenset("abcdefgh"), '{"a", "b", "c", "d", "e", "f", …}'),
        (True, "true"),
        (3, "3"),
    ],
)
def test_values_are_shown_as_they_are(value, text):
    assert described(value) == text


def rule_of(write, text):
    write({"rules.yaml": text})
    document = compiled_packs(gather(["rules.yaml"]), [])
    lists = Matchers(document["lists"])
    return Rule(document["rules"][0], lists), lists


def test_a_trace_of_a_rule_reads_as_a_tree(write, alone):
    text = changed(
        RULE,
        ("when: 'import.qualname == \"acme.run\"'", "when: ['import.module == \"acme\"', 'import.name == \"run\"']"),
        ("formats: [pickle]", "raise: [{when: 'import.computed', severity: critical}]\n    formats: [pickle]"),
        ("message:", "unless: 'import.n > 5'\n    message:"),
    )
    rule, lists = rule_of(write, text)
    facts = [imported("acme.run"), imported("acme.walk"), imported("acme.run", n=9)]
    node = tree(*facts)
    assert render_trace(trace(rule, lists, node), "import", 5) == (
        "model.pkl (pickle)\n"
        "  import acme.run: match\n"
        "    when   ✓ all of\n"
        '             ✓ import.module == "acme"  — "acme"\n'
        '             ✓ import.name == "run"  — "run"\n'
        "    unless ✗ import.n > 5  — 1\n"
        "    raise  ✗ import.computed  — false\n"
        "    → warning, likely: acme.run is imported\n"
        "  import acme.run: suppressed by `unless`\n"
        "    when   ✓ all of\n"
        '             ✓ import.module == "acme"  — "acme"\n'
        '             ✓ import.name == "run"  — "run"\n'
        "    unless ✓ import.n > 5  — 9\n"
        '  import acme.walk: no-match, `import.name == "run"` said no\n'
        "    when   ✗ all of\n"
        '             ✓ import.module == "acme"  — "acme"\n'
        '             ✗ import.name == "run"  — "walk"\n'
    )
    assert render_trace(trace(rule, lists, node), "import", 1).endswith("  … 2 more: 1 suppressed, 1 no-match\n")


def test_an_artifact_of_another_format_is_named(write, alone):
    rule, lists = rule_of(write, RULE)
    other = tree(artifact=Artifact(path="m.zip", name="m.zip", format="zip"))
    assert render_trace(trace(rule, lists, other), "import", 5) == (
        "m.zip (zip)\n  the rule is not about artifacts of this format\n"
    )


def test_facts_that_may_be_missing_are_said(write, alone):
    rule, lists = rule_of(write, RULE)
    text = render_trace(trace(rule, lists, tree(incomplete=["import"])), "import", 5)
    assert "? import facts may be missing" in text
    assert "no import fact" in text


def test_what_comes_from_a_model_is_escaped(write, alone):
    rule, lists = rule_of(write, RULE)
    fact = Import("model.pkl", qualname="a\x1b[31m.b", name="b", module="a\x1b[31m")
    assert "\x1b" not in render_trace(trace(rule, lists, tree(fact)), "import", 5)
