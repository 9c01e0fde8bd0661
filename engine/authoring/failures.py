"""Failed tests of rules as diagnostics, for editors and code hosts."""

from __future__ import annotations

from modelaudit.engine.diagnostics import Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.packs.testing import TestRun

FAILED = "E132"


def as_diagnostics(run: TestRun) -> list[Diagnostic]:
    """The mistakes of a run with a diagnostic for each test that failed, in the order of files and lines."""
    from modelaudit.engine.diagnostics import in_order

    failed = [
        Diagnostic(FAILED, f"test `{result.name}` failed: {problem}", result.span, note=f"rule {result.rule}")
        for result in run.failed
        for problem in result.problems
    ]
    return list(in_order([*run.diagnostics, *failed]))
