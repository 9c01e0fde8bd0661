"""Measure stored facts: judging a fleet of models again with a changed pack, against scanning it again.

`python tools/bench_store.py [--models N] [--size BYTES] [--dense PER-CENT] [--runs N]` builds N models of mixed formats
in a temporary folder, and prints CPU and wall time of each step, and the ratios that matter. The full measure is
`--models 1000 --size 5000000`: 5 GB of disk.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench import MODELAUDIT, Usage, run
from fleet import build

RULES = """\
schema: modelaudit/rules@1
rules:
  - id: FLEET-1
    name: retired-ranker
    version: {version}
    title: Model needs the retired ranking package
    status: stable
    severity: critical
    confidence: proved
    for: import
    when: 'import.qualname glob "{package}.**"'
    message: '{{import.qualname}} is gone'
    why: The package is retired.
    fix: Export again.
    references: ['https://acme.example/ranking']
    tests:
      - {{name: ranker, facts: {{imports: [{{qualname: {package}.Tree}}]}}, expect: match}}
      - {{name: other, facts: {{imports: [{{qualname: acme_models.Tree}}]}}, expect: no-match}}
"""


def median(command: list[str], runs: int) -> Usage:
    """The middle of several runs of a command."""
    found = [run(command, watched=True) for _ in range(runs)]
    return Usage(
        statistics.median(usage.cpu for usage in found),
        statistics.median(usage.wall for usage in found),
        max(usage.peak for usage in found),
        found[-1].code,
    )


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Build, run every step, print the table."""
    models, runs = options.models, options.runs
    os.environ["MODELAUDIT_CACHE_DIR"] = str(folder / "cache")
    fleet, facts = folder / "fleet", str(folder / "facts.jsonl")
    total = build(fleet, models, options.size, options.dense)
    old, new = folder / "old.yaml", folder / "new.yaml"
    old.write_text(RULES.format(version=1, package="acme_older"))
    new.write_text(RULES.format(version=2, package="acme_legacy"))
    print(f"{models} models, {total / 1e9:.2f} GB, {platform.machine()}, Python {platform.python_version()}")
    print("| step | CPU s | wall s | peak MiB | exit code |\n|---|---|---|---|---|")
    scan = [*MODELAUDIT, "scan", "--quiet", "--timeout", "100000"]

    def step(name: str, *command: str, times: int = runs) -> Usage:
        found = median(list(command), times)
        if found.code not in (0, 1):
            raise SystemExit(f"{name}: exit code {found.code}")
        print(f"| {name} | {found.cpu:.2f} | {found.wall:.2f} | {found.peak:.0f} | {found.code} |", flush=True)
        return found

    step("scan, nothing known, no cache of rules", *scan, "--rules", str(old), str(fleet), times=1)
    known = step("scan, all files known to the store", *scan, "--rules", str(old), str(fleet))
    step("facts into a document", *MODELAUDIT, "facts", str(fleet), "-o", facts, "--timeout", "100000", times=1)
    first = step(
        "judge the document, pack changed, compiled now", *scan, "--rules", str(new), "--facts", facts, times=1
    )
    again = step("judge the document, changed pack compiled before", *scan, "--rules", str(new), "--facts", facts)
    whole = step(
        "scan with --no-cache, changed pack compiled before", *scan, "--rules", str(new), "--no-cache", str(fleet)
    )
    diff = step(
        "policy diff of two policies over the document",
        *MODELAUDIT,
        "policy",
        "diff",
        "default",
        "strict",
        "--facts",
        facts,
    )
    print(f"document: {os.path.getsize(facts) / 1e6:.1f} MB; store: {_store(folder) / 1e6:.1f} MB")
    print(f"policy diff: {diff.cpu:.2f} s CPU, {diff.wall:.2f} s")
    for name, other in (("judging", again), ("judging with compilation", first), ("scan with the store", known)):
        print(f"{name}: {whole.cpu / other.cpu:.1f} x less CPU, {whole.wall / other.wall:.1f} x faster than --no-cache")


def _store(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "cache" / "facts").glob("facts.db*"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--size", type=int, default=5_000_000, help="bytes of a model on average")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dense", type=int, default=0, help="per cent of models that are Python objects alone")
    parser.add_argument("--keep", metavar="FOLDER", help="work in this folder and leave it")
    options = parser.parse_args()
    if options.keep:
        measure(Path(options.keep), options)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options)


if __name__ == "__main__":
    main()
