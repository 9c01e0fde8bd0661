"""Kill workers in the middle of a scan, many times, and show that nothing else is lost.

`python tools/losses.py [--losses N] [--files N] [--jobs N]` scans a folder of harmless files, adds files whose toy
parser kills its process (SIGKILL, SIGSEGV, an exit), hangs or eats memory, scans again, and compares every other file's
result. The parser is that of `tests/fixtures/fatal.py`. Exit code 1 when anything differs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

if TYPE_CHECKING:
    from modelaudit.engine.document import ScanDocument

HANG = 4.0  # seconds without a sign of life; less, and a busy machine looks like a hang
DEATHS = ["kill SIGKILL", "kill SIGSEGV", "spin", "hungry", "exit 9"]


def build(root: Path, files: int) -> None:
    """Harmless files in several folders."""
    from fixtures.toys import member, toy

    for n in range(files):
        folder = root / f"d{n % 10}"
        folder.mkdir(exist_ok=True)
        data = toy(f"import m n{n}", member("x.toy", toy("text inner", "defect odd")), "#" * (n % 500))
        (folder / f"{n:05}.toy").write_bytes(data)


def poison(root: Path, losses: int) -> None:
    """Files that are the end of whoever reads them, between the others."""
    from fixtures.fatal import fatal

    for n in range(losses):
        data = fatal(f"import bad n{n}", DEATHS[n % len(DEATHS)], isolated=True)
        (root / f"d{n % 10}" / f"{n:05}-bad.native").write_bytes(data)


def read(root: Path, jobs: int) -> tuple[ScanDocument, Counter[str]]:
    """A scan by the built-in rules; how many workers were lost, and to what."""
    from fixtures.fatal import registry
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.pipeline.events import Event, WorkerLost
    from modelaudit.pipeline.limits import Options
    from modelaudit.pipeline.scan import scan
    from modelaudit.pipeline.workers.bounds import Bounds

    lost: Counter[str] = Counter()

    def hear(event: Event) -> None:
        if isinstance(event, WorkerLost):
            lost[event.what] += 1

    bounds = Bounds(memory=128 * 1024 * 1024, stall=HANG)
    options = Options(timeout=3600, jobs=jobs, bounds=bounds)
    return scan([str(root)], load_ruleset(None, ()), options, hear, registry()), lost


def main() -> int:
    """Compare a calm scan with a disturbed one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", type=int, default=1000)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="modelaudit-losses-") as name:
        root = Path(name)
        build(root, arguments.files)
        calm, _ = read(root, arguments.jobs)
        poison(root, arguments.losses)
        began = time.monotonic()
        document, lost = read(root, arguments.jobs)
        seconds = time.monotonic() - began
    return report(calm, document, lost, seconds)


def report(calm: ScanDocument, document: ScanDocument, lost: Counter[str], seconds: float) -> int:
    """Say what came of it."""
    others = [a for a in document.artifacts if not a.path.endswith(".native")]
    bad = [a for a in document.artifacts if a.path.endswith(".native")]
    coverage = dict(Counter(a.coverage for a in bad))
    reasons = dict(Counter(reason for a in bad for reason in a.reasons))
    findings = [f for f in document.findings if not f.artifact.endswith(".native")]
    same = others == list(calm.artifacts) and findings == list(calm.findings)
    print(f"{len(others)} artifacts in harmless files, {'the same' if same else 'NOT THE SAME'} as in a calm scan")
    print(f"{len(bad)} files that end their reader: coverage {coverage}, {reasons}, {len(document.errors)} errors")
    print(f"workers lost: {dict(lost)} (memory that a parser asks for in vain costs no worker)")
    print(f"{seconds:.0f} s, exit code {document.decision.exit_code}, {os.cpu_count()} processors")
    expected = document.decision.exit_code == (calm.decision.exit_code or 2)
    return 0 if same and expected and coverage == {"partial": len(bad)} else 1


if __name__ == "__main__":
    sys.exit(main())
