"""The built-in pack: its own tests, its lists, what it says of dangerous names and of ordinary models."""

import collections
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import pickle
import re
import types
import uuid
from pathlib import Path

import pytest

from modelaudit.engine.facts import Arg, Artifact, Call, Import
from modelaudit.engine.factset import FactSet
from modelaudit.engine.judge import judge
from modelaudit.engine.judging.hits import facts_of
from modelaudit.engine.lang.evaluate import Env, link
from modelaudit.engine.lang.lists import matcher
from modelaudit.engine.lang.lower import leaves
from modelaudit.engine.packs.examples import Examples
from modelaudit.engine.packs.load import compiled, gather, load_ruleset
from modelaudit.engine.packs.testing import run_tests
from modelaudit.engine.ruleset import Matchers, Rule
from modelaudit.engine.yaml_tree import parse
from modelaudit.pipeline.scan import scan

ROOT = Path(__file__).resolve().parents[2]
CRITICAL = ("process", "code", "import", "deserialise", "native", "file_write", "install", "scanner")
GRADED = ("network", "file_read", "environment")
# Callables that run or fetch what they are given, and that ordinary pickles hold all the same: harmless as long
# as their operands are.
ON_BOTH = {
    "collections.ChainMap",
    "numpy.memmap",  # the class of an array that was saved
    "numpy.vectorize",
    "operator.attrgetter",
    "__builtin__.enumerate",
    "__builtin__.getattr",
    "__builtin__.iter",
    "__builtin__.max",
    "__builtin__.min",
    "__builtin__.reversed",
    "__builtin__.sorted",
    "__builtin__.sum",
    "__builtin__.zip",
    "_functools.reduce",
    "_operator.getitem",
    "_operator.itemgetter",
    "builtins.all",
    "builtins.any",
    "builtins.callable",
    "builtins.enumerate",
    "builtins.getattr",
    "builtins.iter",
    "builtins.max",
    "builtins.min",
    "builtins.print",
    "builtins.reversed",
    "builtins.sorted",
    "builtins.sum",
    "builtins.type",
    "builtins.zip",
    "collections.UserDict",
    "collections.defaultdict",
    "copyreg.__newobj__",
    "copyreg.__newobj_ex__",
    "copyreg._reconstructor",
    "functools.partial",
    "functools.reduce",
    "itertools.chain",
    "operator.getitem",
    "operator.itemgetter",
    "pandas.core.indexes.base._new_Index",
    "re.sub",
    "re.subn",
    "torch._tensor._rebuild_from_type_v2",
    "types.SimpleNamespace",
}
SAID_BY_MEMBERS = {"encrypted-member"}  # defects of which the member's own fact says the same


@pytest.fixture(scope="module")
def sources():
    return gather()


@pytest.fixture(scope="module")
def document(sources):
    diagnostics = list(sources.diagnostics)
    made = compiled(sources, diagnostics)
    assert diagnostics == []
    return made


def names_of(document, prefix):
    """The names in each list of a kind; of call shapes without the shapes."""
    return {
        name.removeprefix(f"core.{prefix}_"): made["items"]
        for name, made in document["lists"].items()
        if name.startswith(f"core.{prefix}_") and made["kind"] != "regex"
    }


def example(name):
    return name.replace("**", "x").replace("*", "x")


def found_in(ruleset, **facts):
    tree = FactSet(Artifact(path="model.pkl", format="pickle", families=frozenset(("pickle-family",))), facts)
    said = judge(ruleset, tree)
    assert said.inconclusive == ()
    return [finding for finding in said.findings if finding.active]


def imported(name, **more):
    module, _, last = name.rpartition(".")
    parts = frozenset(name.split("."))
    return Import(
        "model.pkl", module=module, name=last, qualname=name, names=frozenset((name,)), segments=parts, **more
    )


def called(name, **more):
    return Call("model.pkl", target=name, names=frozenset((name,)), **more)


# The pack's own tests


def test_every_inline_test_passes():
    run = run_tests()
    assert [(test.rule, test.name, test.problems) for test in run.failed] == []
    assert run.skipped == []
    assert run.diagnostics == []
    assert run.rules > 80


def test_every_condition_is_seen_true_and_false(sources, document):
    rules = {doc["id"]: doc for doc in document["rules"]}
    lists = Matchers(document["lists"])
    missed = []
    for source in sources.rules:
        rule = Rule(rules[source.id], lists)
        for name, program in programs(rule.doc):
            missed += [(source.id, name, *gap) for gap in unseen(source, rule, program, lists)]
    assert missed == [], "\n" + "\n".join(map(repr, missed))


def programs(doc):
    yield "when", doc["when"]
    if doc["unless"]:
        yield "unless", doc["unless"]
    for case in doc["raise"]:
        yield "raise", case["when"]


def unseen(source, rule, program, lists):
    seen = collections.defaultdict(set)
    test = link(program, lists, lambda number, value: seen[number].add(value))
    for node in source.node.get("tests").items:
        tree = Examples(source.value("formats"), source.value("inside")).build(node.get("facts"))
        for part in tree.walk():
            if rule.applies(part):
                for fact in facts_of(part, rule.kind):
                    test(Env(part, fact))
    for number, leaf in enumerate(leaves(program)):
        for value in {True, False} - seen[number]:
            yield leaf.get("src"), value


def test_every_rule_tells_what_happens_and_what_to_do(sources):
    for rule in sources.rules:
        why, fix = rule.value("why"), rule.value("fix")
        assert why.endswith("."), rule.id
        assert fix.endswith("."), rule.id
        assert why.count(". ") == 0, f"{rule.id}: why is one sentence"
        assert rule.value("references"), rule.id
        assert rule.value("tags"), rule.id


def test_a_cve_stands_only_beside_a_proved_condition(sources):
    assert [rule.id for rule in sources.rules if rule.value("cves") and rule.value("confidence") != "proved"] == []


# Lists


def test_no_name_is_both_denied_and_allowed_without_a_reason(document):
    deny = names_of(document, "callables_deny")
    assert set(deny) == {*CRITICAL, *GRADED, "indirect"}
    both = set()
    for names in names_of(document, "callables_allow").values():
        for name in names:
            if any(matcher(document["lists"][f"core.callables_deny_{kind}"]).contains(name) for kind in deny):
                both.add(name)
    spared = names_of(document, "callables")["spared"]
    assert both <= ON_BOTH.union(spared)


def test_no_class_pattern_reaches_a_denied_callable(document):
    patterns = [made for made in document["lists"].values() if made["kind"] == "regex" and made["of"] == "dotted"]
    assert len(patterns) > 10
    for kind, names in names_of(document, "callables_deny").items():
        for name in names:
            for pattern in patterns:
                assert not matcher(pattern).contains(example(name)), (kind, name)


def test_a_name_is_denied_for_one_reason(document):
    deny = names_of(document, "callables_deny")
    every = [name for names in deny.values() for name in names]
    assert len(every) > 1700
    assert len(every) == len(set(every))


# Dangerous names


@pytest.mark.parametrize("kind", CRITICAL)
def test_every_denied_name_is_critical_when_it_is_imported_and_when_it_is_called(document, ruleset, kind):
    names = [example(name) for name in names_of(document, "callables_deny")[kind]]
    kept = [imported(name, opcode="GLOBAL", uses=frozenset(("ref",))) for name in names if name != "numpy.memmap"]
    findings = found_in(ruleset, **{"import": kept})  # the class of arrays that were memory maps is kept as such
    assert {finding.subject for finding in findings if finding.severity == "critical"} >= {
        fact.qualname for fact in kept
    }
    findings = found_in(ruleset, call=[called(name, kind="obj") for name in names])
    proved = {f.subject for f in findings if f.severity == "critical" and f.confidence == "proved"}
    assert proved >= set(names)


@pytest.mark.parametrize("kind", [*GRADED, "indirect"])
def test_every_graded_name_is_at_least_a_warning_when_it_is_called(document, ruleset, kind):
    names = [example(name) for name in names_of(document, "callables_deny")[kind]]
    data = (Arg(type="list"),)
    unknown = (Arg(type="unknown"),)
    for operands in (data, unknown):
        findings = found_in(ruleset, call=[called(name, args=operands) for name in names])
        graded = {finding.subject for finding in findings if finding.severity in ("warning", "critical")}
        harmless = ON_BOTH if operands == data else set()
        assert graded >= set(names) - harmless


@pytest.mark.parametrize("name", ["acme.Net", "sklearn.nothing", "torch.nn.modules.conv.os", "numpy.ndarray.ctypes"])
def test_a_name_on_no_list_is_a_warning_and_critical_under_strict(ruleset, name):
    facts = {"import": [imported(name, opcode="GLOBAL", uses=frozenset(("called",)))]}
    assert [finding.severity for finding in found_in(ruleset, **facts)] in (["warning"], ["critical"])
    strict = load_ruleset("strict", cache=False)
    assert {finding.severity for finding in found_in(strict, **facts)} == {"critical"}


def test_a_called_import_is_one_finding(ruleset):
    facts = {
        "import": [imported("os.system", opcode="GLOBAL", uses=frozenset(("called",)))],
        "call": [called("os.system")],
    }
    (finding,) = found_in(ruleset, **facts)
    assert finding.rule == "MA1021"
    assert [other.rule for other in finding.related] == ["MA1001"]


# What parsers report


def test_every_defect_that_a_parser_reports_has_a_rule():
    pattern = re.compile(r"""(?:(?:defect|report|fail|Break)\(\s*|code=|defects\.append\(\()"([a-z0-9-]+)\"""")
    codes = set()
    for folder in ("parsers", "pipeline"):
        for path in (ROOT / folder).rglob("*.py"):
            codes.update(pattern.findall(path.read_text(encoding="utf-8")))
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules" / "core" / "rules").rglob("*.yaml"))
    assert len(codes) > 30
    assert {code for code in codes if f'"{code}"' not in rules} == SAID_BY_MEMBERS


# Ordinary models

STATE_DICT = """
imports:
  - {qualname: collections.OrderedDict, opcode: GLOBAL, uses: [called]}
  - {qualname: torch._utils._rebuild_tensor_v2, opcode: GLOBAL, uses: [called]}
  - {qualname: torch.FloatStorage, opcode: GLOBAL, uses: [ref]}
calls:
  - {target: collections.OrderedDict, kind: reduce}
  - {target: torch._utils._rebuild_tensor_v2, kind: reduce, args: [{type: persistent}, {type: int, value: '0'}, {type: tuple}, {type: tuple}, {type: bool}, {type: result}]}
setattrs:
  - {target: collections.OrderedDict, target_is: result, via: BUILD, keys: [_metadata]}
"""
MODULE = """
imports:
  - {qualname: torch.nn.modules.container.Sequential, opcode: GLOBAL, uses: [called]}
  - {qualname: torch.nn.modules.linear.Linear, opcode: GLOBAL, uses: [called]}
  - {qualname: torch._utils._rebuild_parameter, opcode: GLOBAL, uses: [called]}
  - {qualname: torch._C._nn.gelu, opcode: GLOBAL, uses: [stored]}
calls:
  - {target: torch.nn.modules.container.Sequential, kind: newobj}
  - {target: torch.nn.modules.linear.Linear, kind: newobj}
setattrs:
  - {target: torch.nn.modules.linear.Linear, target_is: instance, via: BUILD, keys: [training]}
"""
FOREST = """
imports:
  - {qualname: sklearn.ensemble._forest.RandomForestClassifier, opcode: STACK_GLOBAL, uses: [called]}
  - {qualname: sklearn.tree._tree.Tree, opcode: STACK_GLOBAL, uses: [called]}
  - {qualname: joblib.numpy_pickle.NumpyArrayWrapper, opcode: STACK_GLOBAL, uses: [called]}
  - {qualname: numpy.dtype, opcode: STACK_GLOBAL, uses: [called]}
  - {qualname: numpy.ndarray, opcode: STACK_GLOBAL, uses: [ref]}
calls:
  - {target: sklearn.ensemble._forest.RandomForestClassifier, kind: newobj}
  - {target: sklearn.tree._tree.Tree, kind: reduce, args: [{type: int}, {type: result}, {type: int}]}
setattrs:
  - {target: sklearn.ensemble._forest.RandomForestClassifier, target_is: instance, via: BUILD, keys: [n_estimators]}
"""
TRANSFORMER = """
imports:
  - {qualname: sklearn.preprocessing._function_transformer.FunctionTransformer, opcode: STACK_GLOBAL, uses: [called]}
  - {qualname: numpy.log1p, opcode: STACK_GLOBAL, uses: [stored]}
setattrs:
  - target: sklearn.preprocessing._function_transformer.FunctionTransformer
    target_is: instance
    via: BUILD
    keys: [func, validate]
    callable_values: [numpy.log1p]
"""
ARGUMENTS = """
imports:
  - {qualname: transformers.training_args.TrainingArguments, opcode: STACK_GLOBAL, uses: [called]}
  - {qualname: transformers.trainer_utils.IntervalStrategy, opcode: STACK_GLOBAL, uses: [called]}
  - {qualname: torch.device, opcode: STACK_GLOBAL, uses: [called]}
"""


@pytest.mark.parametrize("text", [STATE_DICT, MODULE, FOREST, TRANSFORMER, ARGUMENTS])
def test_facts_of_an_ordinary_model_give_no_finding(ruleset, text):
    (node,), diagnostics = parse(text, "facts.yaml")
    examples = Examples(["pickle"])
    tree = examples.build(node)
    assert [*diagnostics, *examples.diagnostics] == []
    said = judge(ruleset, tree)
    assert [(finding.rule, finding.message) for finding in said.findings] == []
    assert said.inconclusive == ()


class Colour(enum.Enum):
    RED = 1


VALUES = {
    "numbers": [1, 2.5, 1 + 2j, True, None, 2**70],
    "words that look dangerous": ["os.system", "eval", "__import__", "subprocess"],
    "bytes": [b"abc", bytearray(b"abc")],
    "sets": [{1, 2}, frozenset((1, 2))],
    "containers": [(1, 2), [3], {"a": {"b": ()}}],
    "ordered dictionary": collections.OrderedDict(a=1),
    "dictionary with a factory": collections.defaultdict(list, {"a": [1]}),
    "counter": collections.Counter("abc"),
    "deque": collections.deque([1, 2], maxlen=3),
    "moments": [dt.datetime(2026, 1, 2, tzinfo=dt.UTC), dt.date(2026, 1, 2), dt.timedelta(1)],
    "decimals and fractions": [decimal.Decimal("1.5"), fractions.Fraction(1, 3)],
    "identifier": uuid.UUID(int=1),
    "path": pathlib.PurePosixPath("/a/b"),
    "pattern": re.compile("a+", re.I),
    "types": [int, str, dict, type(None), type(...)],
    "singletons": [..., NotImplemented],
    "range and slice": [range(3), slice(1, 2)],
    "exception": ValueError("x"),
    "namespace": types.SimpleNamespace(a=1),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_pickles_of_plain_values_give_no_finding(ruleset, tmp_path, value, protocol):
    path = tmp_path / "value.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    result = scan([str(path)], ruleset)
    assert [(finding.rule, finding.message) for finding in result.findings] == []
    assert result.decision.exit_code == 0


@pytest.mark.parametrize("protocol", range(2, 6))
def test_an_own_class_is_one_unknown_callable(ruleset, tmp_path, protocol):
    path = tmp_path / "own.pkl"
    path.write_bytes(pickle.dumps(Colour.RED, protocol))
    result = scan([str(path)], ruleset)
    assert [(finding.rule, finding.severity) for finding in result.findings if finding.active] == [
        ("MA1090", "warning")
    ]
    assert result.decision.exit_code == 1
