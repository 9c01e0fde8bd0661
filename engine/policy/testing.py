"""Tests inside policy files: facts written down, or fixtures, and what the policy has to decide about them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from modelaudit.engine.diagnostics import Diagnostic, DiagnosticsError
from modelaudit.engine.document import ArtifactSummary
from modelaudit.engine.errors import UsageError
from modelaudit.engine.judge import judge
from modelaudit.engine.packs.examples import Examples
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy.acceptance import Acceptance, one_by_one
from modelaudit.engine.policy.gate import decide
from modelaudit.engine.policy.load import load_chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.document import Decision, ScanDocument
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.policy.load import PolicyFile
    from modelaudit.engine.ruleset import Ruleset
    from modelaudit.engine.yaml_tree import Node

    Json = Any
    Scan = Callable[[str, Ruleset, str | None], ScanDocument]  # a path, and the day that it takes place on

# What a test may name, and the step that has to take the finding out.
STEPS = {"waived": "waiver", "ignored": "ignore", "allowed": "allow"}


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one test; `problems` is empty when it passed."""

    __test__ = False  # not a test of this product's own suite

    policy: str  # whose test it is
    name: str
    span: Span
    problems: tuple[str, ...] = ()
    skipped: str = ""  # why the test did not run


@dataclass(slots=True)
class TestRun:
    """Every test of a policy."""

    __test__ = False

    policy: str
    results: list[TestResult] = field(default_factory=list)

    @property
    def failed(self) -> list[TestResult]:
        """The tests that did not come out as expected."""
        return [result for result in self.results if result.problems]

    @property
    def skipped(self) -> list[TestResult]:
        """The tests that did not run."""
        return [result for result in self.results if result.skipped]


def run_tests(
    policy: str | None, rules: Sequence[str] = (), *, inherited: bool = False, scan: Scan | None = None
) -> TestRun:
    """Run the tests in a policy file, as `--policy` names it, under everything that it extends.

    `inherited` runs those of the policies that it extends too, under the policy named. `scan` scans a fixture;
    without it those tests are skipped. Mistakes, those in the facts of tests too, are a `DiagnosticsError`.
    """
    ruleset = one_by_one(load_ruleset(policy, rules))
    chain = load_chain(policy)
    run = TestRun(ruleset.policy.policy)
    mistakes: list[Diagnostic] = []
    for file in chain.files if inherited else [chain.policy]:
        run.results += _Tester(file, ruleset, mistakes, scan).results()
    if mistakes:
        raise DiagnosticsError(tuple(mistakes))
    return run


class _Tester:
    """Runs the tests of one file."""

    def __init__(self, file: PolicyFile, ruleset: Ruleset, mistakes: list[Diagnostic], scan: Scan | None) -> None:
        self.file = file
        self.folder = file.folder
        self.ruleset = ruleset
        self.mistakes = mistakes
        self.scan = scan

    def results(self) -> Iterator[TestResult]:
        """The result of each test, in order."""
        nodes = self.file.node.get("tests")
        for node, test in zip(nodes.items if nodes else (), self.file.data.get("tests", ()), strict=True):
            yield self.result(node, test)

    def result(self, node: Node, test: Mapping[str, Json]) -> TestResult:
        """Judge and compare."""
        about = (self.file.ident, test["name"], node.span)
        if ("facts" in test) == ("fixture" in test):
            message = f"test `{test['name']}` needs either `facts` or a `fixture`"
            self.mistakes.append(Diagnostic("E336", message, node.span))
            return TestResult(*about)
        if "fixture" in test and self.scan is None:
            return TestResult(*about, skipped="fixtures are not scanned here")
        try:
            found, decision = self.fixture(test) if "fixture" in test else self.facts(node, test)
        except UsageError as error:
            return TestResult(*about, (str(error),))
        return TestResult(*about, tuple(differences(test["expect"], found, decision)))

    def facts(self, node: Node, test: Mapping[str, Json]) -> tuple[Sequence[Finding], Decision]:
        """What is found and decided about facts that are written down; their paths start at the policy's folder."""
        examples = Examples()
        facts = node.get("facts")
        assert facts is not None  # noqa: S101 - the caller looked
        tree = examples.build(facts)
        self.mistakes += examples.diagnostics
        return judged(self.ruleset, tree, test.get("now"), self.folder)

    def fixture(self, test: Mapping[str, Json]) -> tuple[Sequence[Finding], Decision]:
        """What is found and decided about a file or folder."""
        path = os.path.join(self.folder, test["fixture"])
        if not os.path.exists(path):
            raise UsageError(f"there is no fixture {test['fixture']} beside the policy")
        assert self.scan is not None  # noqa: S101 - the caller looked
        document = self.scan(path, self.ruleset, test.get("now"))
        return document.findings, document.decision


def judged(
    ruleset: Ruleset, tree: FactSet, today: str | None = None, base: str | None = None
) -> tuple[Sequence[Finding], Decision]:
    """The findings of one tree and the decision on it alone."""
    artifacts = summaries(tree)
    [judgement], uses = Acceptance(ruleset, today, base).apply([judge(ruleset, tree)], artifacts)
    return judgement.findings, decide(ruleset, [judgement], artifacts=artifacts, waivers=uses)


def summaries(tree: FactSet) -> list[ArtifactSummary]:
    """What the gate has to know of the artifacts of a tree."""
    return [
        ArtifactSummary(a.path, a.format, a.role, a.size, a.depth, a.coverage, a.sha256)
        for a in (node.artifact for node in tree.walk())
    ]


def differences(expect: Mapping[str, Json], found: Sequence[Finding], decision: Decision) -> Iterator[str]:
    """In what a decision differs from what a test expects, one sentence each."""
    if expect.get("decision", decision.outcome) != decision.outcome:
        yield f"expected {expect['decision']}, got {decision.outcome}: {' '.join(decision.reasons)}"
    for rule in expect.get("by", ()):
        if rule not in decision.by:
            yield f"expected {rule} to fail it, got {', '.join(decision.by) or 'no rule'}"
    for word, step in STEPS.items():
        rules = {f.rule for f in found if f.suppression is not None and f.suppression.step == step}
        for rule in expect.get(word, ()):
            if rule not in rules:
                yield f"expected {rule} to be {word}, {_instead(rule, found)}"


def _instead(rule: str, found: Sequence[Finding]) -> str:
    """What became of a rule instead."""
    steps = sorted({f.suppression.step if f.suppression else "" for f in found if f.rule == rule})
    if not steps:
        return "it is not found"
    return "it counts" if steps == [""] else f"the step that took it out is {', '.join(filter(None, steps))}"
