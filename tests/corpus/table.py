"""Scans the corpus and prints what stands: by family, then every distinct finding.

Run by `make corpus` with the package itself: `python tests/corpus/table.py FOLDER [PART…]`. The exit code is 1 when a file that
should be silent is critical, when a rule cannot be decided, or when more than one in a hundred has a warning that `expected.yaml`
does not name.
"""

import fnmatch
import pathlib
import sys
import time
from collections import Counter, defaultdict

import yaml

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import Options, scan

HERE = pathlib.Path(__file__).parent
GRADES = ("critical", "warning")
BAR = 0.01  # share of the files that may have a warning
HOUR = 3600.0


class Family:
    """What came of one folder."""

    def __init__(self, name):
        self.name = name
        self.files = self.bytes = 0
        self.grades = Counter()
        self.named = Counter()
        self.incomplete = []
        self.undecided = []
        self.seconds = 0.0


def reason(expected, path):
    """Why a warning on this file is right, as `expected.yaml` says."""
    return next((entry["why"] for entry in expected if fnmatch.fnmatchcase(path, entry["files"])), None)


def judged(family, folder, ruleset, expected, seen):
    """Scan one family."""
    started = time.process_time()
    paths = sorted(path for path in (folder / family.name).rglob("*") if path.is_file())
    document = scan([str(folder / family.name)], ruleset, Options(HOUR))
    family.seconds = time.process_time() - started
    worst = {}
    for finding in document.findings:
        if not finding.active or finding.severity not in GRADES:
            continue
        path = str(pathlib.Path(finding.artifact.split("!")[0]).relative_to(folder))
        worst[path] = min(worst.get(path, "warning"), finding.severity)
        seen[finding.rule, finding.severity, finding.message].append(path)
    family.files = len(paths)
    family.bytes = sum(path.stat().st_size for path in paths)
    for path, grade in worst.items():
        family.grades[grade] += 1
        if grade == "warning" and reason(expected, path):
            family.named[reason(expected, path)] += 1
    family.incomplete = [
        f"{artifact.path} ({', '.join(artifact.reasons)})"
        for artifact in document.artifacts
        if artifact.coverage == "partial"
    ]
    family.undecided = [f"{each.artifact} ({each.rule}: {each.cause})" for each in document.inconclusive]
    family.incomplete += [error.message for error in document.errors]


def told(families, seen):
    """Print the table, then the findings."""
    print(f"{'family':<12}{'files':>7}{'MB':>7}{'silent':>8}{'named':>7}{'warning':>9}{'critical':>10}{'CPU s':>8}")
    for family in families:
        warned, critical = family.grades["warning"], family.grades["critical"]
        named = sum(family.named.values())
        silent = family.files - warned - critical
        print(
            f"{family.name:<12}{family.files:>7}{family.bytes / 1e6:>7.1f}{silent:>8}{named:>7}{warned - named:>9}{critical:>10}{family.seconds:>8.1f}"
        )
    for (rule, grade, message), paths in sorted(seen.items(), key=lambda item: (item[0][1], -len(item[1]))):
        print(f"\n{grade} {rule} x{len(paths)}: {message[:160]}\n    {paths[0]}")
    for family in families:
        for line in family.incomplete[:10]:
            print(f"\nincomplete: {line}")
        for line in family.undecided[:10]:
            print(f"\nundecided: {line}")


def main():
    """Scan all families, print the table; the exit code says whether the bars hold."""
    folder = pathlib.Path(sys.argv[1])
    expected = yaml.safe_load((HERE / "expected.yaml").read_text(encoding="utf-8"))
    names = sys.argv[2:] or sorted(path.name for path in folder.iterdir() if path.is_dir())
    ruleset = load_ruleset()
    families, seen = [Family(name) for name in names], defaultdict(list)
    for family in families:
        judged(family, folder, ruleset, expected, seen)
    told(families, seen)
    files = sum(family.files for family in families)
    critical = sum(family.grades["critical"] for family in families)
    named = sum(sum(family.named.values()) for family in families)
    others = sum(family.grades["warning"] for family in families) - named
    print(
        f"\n{files} files: {critical} critical, {others} with a warning that nothing justifies, {named} with one that expected.yaml names"
    )
    undecided = sum(len(family.undecided) for family in families)
    return int(critical > 0 or undecided > 0 or others > BAR * files)


if __name__ == "__main__":
    sys.exit(main())
