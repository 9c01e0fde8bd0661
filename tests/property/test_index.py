"""By index and without it, rules say the same of facts, whatever of those is unknown, cut or missing."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fixtures.expressions import LISTS, compiler, span
from fixtures.rulesets import RULE, ruleset
from modelaudit.engine.facts import Arg, Artifact, Call, Import, Kwarg, Member, Metadata, Stats, Tensor, Text
from modelaudit.engine.facts.columns import Columns, columns_of, split
from modelaudit.engine.factset import FactSet
from modelaudit.engine.index.build import build
from modelaudit.engine.index.index import Index
from modelaudit.engine.index.verify import verify
from modelaudit.engine.lang.lists import compile_list
from modelaudit.engine.lang.reads import reads

COMPILED = {name: compile_list(*parts)[0] for name, parts in LISTS.items()}
NAMES = [
    "acme.Net",
    "acme.f",
    "",
    "os",
    "os.system",
    "os.path.join",
    "subprocess",
    "subprocess.run",
    "a.evil",
    "evil",
    "abc",
    "a.b.c",
    "tok_1f",
]
WORDS = ["", "a", "os", ".sys", "evil", "sub", "abc", "é", "tok"]
GLOBS = ["os.**", "**.evil", "*.b.*", "os.*", "a.**.c", "evil", "s?b*", "*", "**"]
REGEXES = [
    "^a.c$",
    "^os",
    "evil$",
    "tok_[0-9a-f]+",
    "(?i)EVIL",
    "sub|sys",
    "(?:ab|os)c?",
    "x*",
    "[a-c]{2}",
    "e(v|w)il+",
    r"\.b\.",
]
OPCODES, KINDS, ROLES = ["GLOBAL", "INST"], ["reduce", "build"], ["template", "config"]
FLAGS = ["link", "nul", "slack"]
NUMBERS = [0, 1, 2, 100]
FLOATS = ["0.5", "1.0", "2.0", "100.0"]

names = st.sampled_from(NAMES)
quoted = st.sampled_from(NAMES + WORDS).map(json.dumps)


def several(items, least=1):
    return st.lists(items, min_size=least, max_size=3, unique=True)


def listed(items):
    return several(items).map(lambda found: f"[{', '.join(found)}]")


def written(template: str, **parts):
    return st.fixed_dictionaries(parts).map(lambda found: template.format(**found))


def texts(path: str, of: str = "plain"):
    """Conditions on a text."""
    globs = st.sampled_from(GLOBS if of == "dotted" else ["*", "os*", "*evil", "a*c", "evil", "?b*"]).map(json.dumps)
    raw = st.sampled_from(REGEXES).map(lambda text: f'r"{text}"')
    negation = st.sampled_from(["", "not "])
    return st.one_of(
        written("{p} {op} {v}", p=st.just(path), op=st.sampled_from(["==", "!="]), v=quoted),
        written("{v} == {p}", p=st.just(path), v=quoted),
        written("{p} {n}in {v}", p=st.just(path), n=negation, v=listed(quoted)),
        written("{p} {n}in $names", p=st.just(path), n=negation),
        written(
            "{p} {n}{op} {v}",
            p=st.just(path),
            n=negation,
            op=st.sampled_from(["contains", "startswith", "endswith"]),
            v=st.one_of(quoted, listed(quoted), st.just("$names")),
        ),
        written("{p} {n}glob {v}", p=st.just(path), n=negation, v=st.one_of(globs, listed(globs))),
        written("{p} {n}matches {v}", p=st.just(path), n=negation, v=st.one_of(raw, listed(raw), st.just("$words"))),
        written("{p} {n}glob {v}", p=st.just(path), n=negation, v=st.sampled_from(["$exec", "$deny"]))
        if of == "dotted"
        else st.nothing(),
        written("{f}({p}) == {v}", p=st.just(path), f=st.sampled_from(["lower", "fold"]), v=quoted),
        written(
            "len({p}) {op} {v}", p=st.just(path), op=st.sampled_from([">", "<=", "=="]), v=st.integers(0, 8).map(str)
        ),
    )


def words(path: str, values: list[str]):
    """Conditions on one of a few words."""
    word = st.sampled_from(values).map(json.dumps)
    return st.one_of(
        written("{p} {op} {v}", p=st.just(path), op=st.sampled_from(["==", "!="]), v=word),
        written("{p} {n}in {v}", p=st.just(path), n=st.sampled_from(["", "not "]), v=listed(word)),
    )


def sets(path: str, words, lists=()):
    """Conditions on a set."""
    word = st.sampled_from(words).map(json.dumps)
    negation = st.sampled_from(["", "not "])
    right = st.one_of(listed(word), *map(st.just, lists))
    return st.one_of(
        written("{v} {n}in {p}", p=st.just(path), n=negation, v=word),
        written("{p} {op} {v}", p=st.just(path), op=st.sampled_from(["overlaps", "within"]), v=right),
    )


def numbers(path: str, values=FLOATS):
    return written(
        "{p} {op} {v}",
        p=st.just(path),
        op=st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        v=st.sampled_from(values),
    )


def quantified(over: str, body, *, count=True):
    """A condition on the items of a set or collection; `n` is the variable."""
    plain = written("({q} n in {o}: ({b}))", q=st.sampled_from(["any", "all", "none"]), o=st.just(over), b=body)
    compare = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    counted = written(
        "(count n in {o}: ({b}) {c} {k})", o=st.just(over), b=body, c=compare, k=st.integers(0, 2).map(str)
    )
    return st.one_of(plain, counted) if count else plain


def both(*leaves):
    """Leaves under `and`, `or` and `not`."""
    return st.recursive(
        st.one_of(*leaves),
        lambda inner: st.one_of(
            written("({a} and {b})", a=inner, b=inner),
            written("({a} or {b})", a=inner, b=inner),
            written("not ({a})", a=inner),
        ),
        max_leaves=4,
    )


OF_ARTIFACT = [
    texts("artifact.format"),
    st.sampled_from(["artifact.depth == 0", "parent has format", 'parent has format and parent.format == "zip"']),
    quantified(
        "tree.imports",
        both(texts("n.qualname", "dotted"), sets("n.names", NAMES, ["$exec"]), texts("n.artifact.format")),
    ),
    quantified("calls", both(words("n.kind", KINDS), texts("n.target", "dotted"))),
    quantified(
        "imports",
        quantified("n.names", texts("n", "dotted")).map(
            lambda text: text.replace("n in n.", "m in n.").replace("(n ", "(m ")
        ),
    ),
]
CONDITIONS = {
    "import": both(
        texts("import.qualname", "dotted"),
        words("import.opcode", OPCODES),
        sets("import.names", NAMES, ["$exec"]),
        st.sampled_from(["import.computed", "not import.computed", "import.opcode == import.module"]),
        quantified(
            "import.names", both(texts("n", "dotted"), words("import.opcode", OPCODES), st.just("n == import.module"))
        ),
        *OF_ARTIFACT,
    ),
    "call": both(
        texts("call.target", "dotted"),
        sets("call.flows_from", NAMES, ["$exec"]),
        st.sampled_from(["shaped(call, $shapes)", "not shaped(call, $shapes)", "listed(call.target, $shapes)"]),
        quantified(
            "call.args",
            both(
                words("n.type", ["str", "import"]),
                written("n has value and {t}", t=texts("n.value")),
                written("n has qualname and {t}", t=texts("n.qualname", "dotted")),
            ),
        ),
        quantified("call.kwargs", texts("n.name")),
        quantified("imports", both(words("n.opcode", OPCODES), st.just("n.qualname == call.target"))),
    ),
    "member": both(
        sets("member.flags", FLAGS),
        st.sampled_from(
            [
                "member has crc_ok",
                "not (member has crc_ok)",
                "member has crc_ok and member.crc_ok",
                "member has crc_ok and not member.crc_ok",
                "not (member has crc_ok and member.crc_ok)",
            ]
        ),
        numbers("member.ratio"),
        texts("member.name", "path").filter(lambda text: "glob" not in text),
        written(
            "member has link_target and {t}", t=texts("member.link_target").filter(lambda text: "glob" not in text)
        ),
    ),
    "text": both(texts("text.value"), words("text.role", ROLES)),
    "metadata": both(
        texts("metadata.key"),
        written("metadata has number and {t}", t=numbers("metadata.number")),
        written("not (metadata has number and {t})", t=numbers("metadata.number")),
    ),
    "tensor": both(
        numbers("tensor.stats.mean"), texts("tensor.name", "dotted"), numbers("tensor.nbytes", ["0", "1", "100"])
    ),
    "artifact": both(*OF_ARTIFACT),
}


@st.composite
def rules(draw):
    """Compiled rules about several kinds of facts."""
    made = []
    for at in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(sorted(CONDITIONS)))
        text = draw(CONDITIONS[kind])
        maker = compiler()
        program = maker.expression([(text, span(text))], kind, requires=["tensor.stats"])
        if program is None and any(mistake.code not in {"E214", "E206"} for mistake in maker.diagnostics):
            raise AssertionError([(text, mistake.code, mistake.message) for mistake in maker.diagnostics])
        if program is not None:
            formats = draw(st.sampled_from([[], ["pickle"], ["zip", "family"]]))
            made.append(
                {
                    "id": f"T{at}",
                    "for": kind,
                    "when": program,
                    "formats": formats,
                    "reads": sorted(reads(program)),
                    "message": [text],
                }
            )
    assume(made)
    return [{**RULE, **json.loads(json.dumps(each))} for each in made]


def subset(items):
    return st.frozensets(st.sampled_from(items), max_size=3)


def facts(kind, /, *, doubted, **fields):
    """Facts of a kind, of which fields of `doubted` are unknown or cut."""
    doubt = {"unknown": subset(doubted), "cut": subset([name for name in doubted if name != "stats"] or ["none"])}
    return st.builds(
        lambda **given: kind("m", **given),
        **fields,
        **{name: st.one_of(st.just(frozenset()), st.just(frozenset()), choice) for name, choice in doubt.items()},
    )


text_values = st.one_of(names, st.sampled_from(WORDS), st.text("abcos.é_1t", max_size=6))
numbers_seen = st.sampled_from([0.0, 0.5, 1.0, 2.0, 100.0, 1e9, float("nan")])
args = st.builds(
    Arg, type=st.sampled_from(["str", "int", "import"]), value=st.none() | text_values, qualname=st.none() | names
)
SEEN = {
    "import": facts(
        Import,
        doubted=["qualname", "names", "opcode", "computed", "module"],
        module=names,
        qualname=text_values,
        names=subset(NAMES),
        opcode=st.sampled_from(OPCODES),
        computed=st.booleans(),
    ),
    "call": facts(
        Call,
        doubted=["target", "args", "kwargs", "flows_from", "kind"],
        target=names,
        kind=st.sampled_from(KINDS),
        args=st.lists(args, max_size=2).map(tuple),
        kwargs=st.lists(st.builds(Kwarg, name=names, type=st.just("str")), max_size=2).map(tuple),
        flows_from=subset(NAMES),
    ),
    "member": facts(
        Member,
        doubted=["name", "flags", "crc_ok", "ratio", "link_target"],
        name=names,
        flags=subset(FLAGS),
        crc_ok=st.none() | st.booleans(),
        ratio=numbers_seen,
        link_target=st.none() | names,
    ),
    "text": facts(Text, doubted=["value", "role"], value=text_values, role=st.sampled_from(ROLES)),
    "metadata": facts(Metadata, doubted=["key", "number"], key=names, number=st.none() | numbers_seen),
    "tensor": facts(
        Tensor,
        doubted=["stats", "name"],
        name=names,
        nbytes=st.sampled_from([0, 1, 100]),
        stats=st.none() | st.builds(Stats, mean=st.none() | numbers_seen),
    ),
}


@st.composite
def trees(draw, depth=1):
    """An artifact with facts of all kinds, some of which may be missing, and what is nested in it."""
    record = Artifact(
        path="m",
        name="m",
        format=draw(st.sampled_from(["pickle", "zip", "os"])),
        families=draw(st.sampled_from([frozenset(), frozenset({"family"})])),
        depth=1 - depth,
        incomplete=draw(st.one_of(st.just(frozenset()), subset([*SEEN, "artifact"]))),
    )
    children = draw(st.lists(trees(depth - 1), max_size=2)) if depth else ()
    return FactSet(record, {kind: draw(st.lists(seen, max_size=3)) for kind, seen in SEEN.items()}, children)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules(), trees())
def test_rules_say_the_same_with_and_without_the_index(docs, tree):
    rule_set = ruleset()
    rule_set = type(rule_set)({**rule_set.doc, "rules": docs, "lists": COMPILED})
    index = Index(json.loads(json.dumps(build(docs, COMPILED))), rule_set.rules, rule_set.lists)
    for node in tree.walk():
        verify(node, rule_set.rules, index.trials(node, {}), {})


def in_columns(tree):
    """The same artifacts with their facts in columns, as stored facts are read."""
    made = FactSet(tree.artifact, children=[in_columns(child) for child in tree.children])
    for kind, records in tree.facts.items():
        raw = split(line.encode() for line in columns_of(kind, records))
        made.facts[kind] = Columns(kind, len(records), raw, "m") if records else []
    return made


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules(), st.lists(trees(), min_size=1, max_size=3))
def test_what_is_kept_of_earlier_facts_changes_nothing(docs, seen):
    """One index judges several trees in columns, twice, and says each time what every rule says of every fact."""
    rule_set = ruleset()
    rule_set = type(rule_set)({**rule_set.doc, "rules": docs, "lists": COMPILED})
    index = Index(json.loads(json.dumps(build(docs, COMPILED))), rule_set.rules, rule_set.lists)
    for tree in (*map(in_columns, seen), *map(in_columns, seen)):
        for node in tree.walk():
            verify(node, rule_set.rules, index.trials(node, {}), {})
