"""Inline tests of rules: the facts that they write down, judged by the code that judges a scan."""

from __future__ import annotations

from dataclasses import dataclass, field

from modelaudit.engine.diagnostics import Diagnostic, in_order
from modelaudit.engine.errors import UsageError
from modelaudit.engine.index.build import build
from modelaudit.engine.index.index import Index
from modelaudit.engine.index.verify import disagreements
from modelaudit.engine.judge import evaluate_rule
from modelaudit.engine.lazy import lazy
from modelaudit.engine.packs.asked import Asked
from modelaudit.engine.packs.coverage import Leaves
from modelaudit.engine.packs.examples import Examples
from modelaudit.engine.packs.load import compiled, gather, raise_errors
from modelaudit.engine.packs.pattern_tests import results as pattern_results
from modelaudit.engine.packs.testing_result import TestResult
from modelaudit.engine.ruleset import Matchers, Rule
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.authoring.trace import ArtifactTrace
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.judge import RuleResult
    from modelaudit.engine.packs.coverage import LeafCoverage
    from modelaudit.engine.packs.model import RuleSource, Sources
    from modelaudit.engine.yaml_tree import Node

    Json = Any
    Fixtures = Callable[[str], FactSet]

_MATCHES, _MATCHES_NOT = "match", "no-match"


@dataclass(slots=True)
class TestRun:
    """Every inline test of some packs."""

    __test__ = False

    results: list[TestResult] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)  # rules without a match or a no-match among them
    notices: tuple[str, ...] = ()
    rules: int = 0  # how many rules were tested
    patterns: int = 0  # how many patterns were tested
    coverage: list[LeafCoverage] = field(default_factory=list)  # of every leaf condition, rule by rule

    @property
    def failed(self) -> list[TestResult]:
        """The tests that did not say what was expected."""
        return [result for result in self.results if result.problems]

    @property
    def skipped(self) -> list[TestResult]:
        """The tests that did not run."""
        return [result for result in self.results if result.skipped]

    @property
    def ok(self) -> bool:
        """Whether every test that ran passed and every rule has the tests that it needs."""
        return not self.failed and not any(d.level == "error" for d in self.diagnostics)


def run_tests(rules: Sequence[str] = (), *, only: str | None = None, fixtures: Fixtures | None = None) -> TestRun:
    """Run the inline tests of the packs at these paths, or of the built-in packs when there are none.

    `only` is an id or name of a rule. `fixtures` scans a fixture by its name; without it those tests are
    skipped. Files with mistakes are refused with a `DiagnosticsError`.
    """
    asked = Asked(rules)
    sources = gather(rules, prepared=not asked.builtin)
    diagnostics = list(sources.diagnostics)
    document = compiled(sources, diagnostics)
    raise_errors(diagnostics)
    run = TestRun(diagnostics=diagnostics, notices=tuple(sources.notices))
    lists = Matchers(document["lists"])
    linked = {doc["id"]: Rule(doc, lists) for doc in document["rules"]}
    index = Index(build(document["rules"], document["lists"]), lazy(list(linked.values()), lambda rule: rule), lists)
    for source in sources.rules:
        wanted = only in (None, source.id, source.data["name"])
        if wanted and asked.takes(source.pack, source.span.file):
            run.rules += 1
            run.diagnostics.extend(_lacking(source))
            leaves = Leaves(linked[source.id], lists)
            run.results.extend(_Tester(source, leaves, run.diagnostics, fixtures, index).results())
            run.coverage.extend(leaves.coverage())
    _test_patterns(run, sources, document, lists, only, asked)
    if only is not None and not (run.rules or run.patterns):
        near = suggestion(only, [name for rule in sources.rules for name in (rule.id, rule.data["name"])])
        raise UsageError(f"there is no rule `{only}` here{'; ' + near if near else ''}")
    run.diagnostics = list(in_order(run.diagnostics))
    return run


def _test_patterns(
    run: TestRun, sources: Sources, document: Json, lists: Matchers, only: str | None, asked: Asked
) -> None:
    """Run the inline tests of the patterns."""
    docs = {(doc["pack"], doc["id"]): doc for doc in document["patterns"]}
    for pack in sources.packs:
        for source in pack.patterns:
            if only in (None, source.id) and asked.takes(pack, source.span.file):
                run.patterns += 1
                run.results.extend(pattern_results(source, pack, docs[pack.name, source.id], lists))


def _lacking(source: RuleSource) -> Iterator[Diagnostic]:
    """A rule is shown to match something and to leave something alone (E130)."""
    expected = {expected_outcome(test["expect"]) for test in source.data["tests"]}
    for word in (_MATCHES, _MATCHES_NOT):
        if word not in expected:
            message = f"rule {source.id} has no test that expects `{word}`"
            yield Diagnostic("E130", message, source.span, help="a rule needs at least one of either")


def expected_outcome(expect: Json) -> str:
    """The outcome that an `expect` asks for."""
    if isinstance(expect, str):
        return expect
    return _MATCHES_NOT if expect.get("match") == 0 else _MATCHES


class _Tester:
    """Runs the tests of one rule."""

    def __init__(
        self,
        source: RuleSource,
        leaves: Leaves,
        diagnostics: list[Diagnostic],
        fixtures: Fixtures | None,
        index: Index,
    ) -> None:
        self.source = source
        self.index = index
        self.leaves = leaves
        self.diagnostics = diagnostics
        self.fixtures = fixtures

    def results(self) -> Iterator[TestResult]:
        """The result of each test, in order."""
        tests = self.source.node.get("tests")
        for node, test in zip(tests.items if tests else (), self.source.data["tests"], strict=True):
            yield self.result(node, test)

    def result(self, node: Node, test: Mapping[str, Json]) -> TestResult:
        """Judge the facts of one test and compare."""
        expect = test["expect"]
        about = (self.source.id, self.source.pack.name, test["name"], node.span, expected_outcome(expect))
        facts = node.get("facts")
        if facts is not None:
            examples = Examples(self.source.value("formats"), self.source.value("inside"))
            tree = examples.build(facts)
            if examples.diagnostics:
                self.diagnostics.extend(examples.diagnostics)
                return TestResult(*about, "", ("its facts have mistakes",))
        elif self.fixtures is None:
            return TestResult(*about, "", skipped="fixtures are not built here")
        else:
            try:
                tree = self.fixtures(test["fixture"])
            except UsageError as error:
                return TestResult(*about, "", (str(error),))
        said = evaluate_rule(self.leaves.rule, tree)
        apart = (*self.leaves.disagreements(tree), *disagreements(self.leaves.rule, tree, self.index))
        problems = (*differences(expect, said), *apart)
        traces = self.traces(tree) if problems else ()
        return TestResult(*about, said.outcome, problems, traces=traces, kind=self.leaves.rule.kind)

    def traces(self, tree: FactSet) -> Sequence[ArtifactTrace]:
        """What every part of the rule's conditions said of the facts of a test."""
        from modelaudit.engine.authoring.trace import trace

        return trace(self.leaves.rule, self.leaves.lists, tree)


def differences(expect: Json, said: RuleResult) -> Iterator[str]:
    """In what a rule's result differs from what a test expects, one sentence each."""
    expected = expected_outcome(expect)
    if said.outcome != expected:
        because = f": {'; '.join(said.causes)}" if said.outcome == "inconclusive" else ""
        yield f"expected {expected}, got {said.outcome}{because}"
        return
    if isinstance(expect, str):
        return
    if "match" in expect and len(said.findings) != expect["match"]:
        yield f"expected {expect['match']} findings, got {len(said.findings)}"
    for key in ("severity", "confidence"):
        got = sorted({getattr(finding, key) for finding in said.findings})
        if key in expect and got != [expect[key]]:
            yield f"expected {key} {expect[key]}, got {', '.join(got)}"
    yield from _texts(expect, said)


def _texts(expect: Mapping[str, Json], said: RuleResult) -> Iterator[str]:
    if "message" in expect:
        got = [finding.message for finding in said.findings]
        if expect["message"] not in got:
            yield f"expected message `{expect['message']}`, got {', '.join(f'`{text}`' for text in got)}"
    if "group" in expect:
        wanted = tuple(_text(value) for value in expect["group"])
        if wanted not in said.groups:
            yield f"expected group {wanted}, got {', '.join(map(str, said.groups))}"
    places = {place for finding in said.findings for place in _places(finding)}
    for wanted in expect.get("at", ()):
        if not any(place == wanted or place.endswith((f"!{wanted}", f"/{wanted}")) for place in places):
            yield f"expected a finding at {wanted}, got {', '.join(sorted(places))}"


def _text(value: Json) -> str:
    """A value of a group as the judge writes it."""
    return str(value)


def _places(finding: Finding) -> Iterator[str]:
    """Where a finding is, as `at:` writes it: the artifact, with the offset, pointer, node or layer."""
    yield finding.artifact
    for place in finding.places:
        if place.offset is not None:
            yield f"{finding.artifact}@{place.offset:#x}"
        for word in (place.pointer, place.node, place.layer):
            if word is not None:
                yield f"{finding.artifact}@{word}"
