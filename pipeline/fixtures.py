"""Fixtures of policy tests: scanned as any model, on the day that the test says."""

from __future__ import annotations

from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.ruleset import Ruleset


def scan_fixture(path: str, ruleset: Ruleset, today: str | None) -> ScanDocument:
    """The scan of a file or folder as it would be on a day (`YYYY-MM-DD`), today when none is given."""
    return scan([path], ruleset, Options(today=today))
