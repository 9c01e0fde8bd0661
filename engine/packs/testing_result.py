"""What comes of an inline test."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.authoring.trace import ArtifactTrace
    from modelaudit.engine.diagnostics import Span


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one inline test; `problems` is empty when it passed."""

    __test__ = False  # not a test of this product's own suite

    rule: str  # or pattern
    pack: str
    name: str
    span: Span
    expected: str  # match | no-match | inconclusive
    outcome: str  # the same words
    problems: tuple[str, ...] = ()
    skipped: str = ""  # why the test did not run
    traces: Sequence[ArtifactTrace] = ()  # of a rule whose test failed: what every part of its conditions said
    kind: str = ""  # of the facts that it judges

    @property
    def passed(self) -> bool:
        """Whether the test ran and said what was expected."""
        return not self.problems and not self.skipped
