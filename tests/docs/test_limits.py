"""The page on limits says what the code does."""

import re
from pathlib import Path

from modelaudit.engine.ruleset import LIMITS
from modelaudit.parsers.base import Context
from modelaudit.pipeline.budget import MAX_DEPTH
from modelaudit.pipeline.workers.bounds import Bounds

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "limits.md").read_text(encoding="utf-8")


def test_every_budget_stands_there_with_its_default():
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", PAGE, re.MULTILINE))
    assert {name: int(value.replace(",", "")) for name, value in rows.items()} == Context.BUDGETS
    assert f"| `max_depth` | {MAX_DEPTH} |" in PAGE
    assert f"| `timeout` | {LIMITS['timeout']:g} |" in PAGE


def test_the_bounds_of_a_worker_stand_there():
    bounds = Bounds()
    assert f"| memory | {bounds.memory // 1024**3} GiB" in PAGE
    assert f"| processor time | {bounds.cpu} s for one file, {bounds.cpu_per_gib} s more for each GiB" in PAGE
    assert f"| open files | {bounds.open_files} |" in PAGE
    assert f"| no sign of life | {bounds.stall:g} s |" in PAGE
    assert f"| end of the scan's time | {bounds.grace:g} s later |" in PAGE
