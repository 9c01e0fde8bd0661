"""Measure rules: how judging grows with their number, how fast a compiled pack loads, and which have no anchor.

`python tools/bench_rules.py [--facts N]` prints one line for each measurement; CPU is that of this process.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from modelaudit.engine.facts import Artifact, Import
from modelaudit.engine.factset import FactSet
from modelaudit.engine.index.build import build, unanchored
from modelaudit.engine.index.verify import naive
from modelaudit.engine.judge import judge
from modelaudit.engine.packs import load
from modelaudit.engine.ruleset import Ruleset

SIZES = (100, 1_000, 10_000)
NAIVE_FACTS = 200  # on which all rules are tried one by one; the time for all facts is taken to be in proportion
SHAPES = (  # of twenty rules: 12 by name, 4 by beginning, 3 by a part, 1 by a regular expression
    *(['import.qualname == "pkg{few}.mod{n}.call"'] * 12),
    *(['import.qualname glob "ns{n}.sub.**"'] * 4),
    *(['import.qualname contains "part_{n:05d}_"'] * 3),
    'import.qualname matches r"tok_{n:05d}_[a-f0-9]+x"',
)
MANIFEST = """schema: modelaudit/pack@1
pack: acme
version: 1.0.0
engine: '>=0'
rules: rules-*.yaml
"""
RULE = """  - id: ACME-{n}
    name: acme-rule-{n}
    version: 1
    title: Rule {n} of a large pack
    status: stable
    severity: warning
    confidence: likely
    formats: [pickle]
    for: import
    when: '{when}'
    message: '{{import.qualname}} is imported by {{import.opcode}}'
    why: The organisation does not allow this callable in its models.
    fix: Ask the publisher for another export.
    references: ['https://example.com/{n}']
    tests:
      - {{name: hit, facts: {{imports: [{{qualname: a.b}}]}}, expect: match}}
      - {{name: miss, facts: {{imports: [{{qualname: c.d}}]}}, expect: no-match}}
"""


def write_pack(folder: Path, count: int) -> None:
    """Make a pack of so many rules, 1,000 in a file."""
    folder.mkdir()
    (folder / "pack.yaml").write_text(MANIFEST, encoding="utf-8")
    for first in range(0, count, 1_000):
        rules = []
        for n in range(first, min(first + 1_000, count)):
            when = SHAPES[n % len(SHAPES)].format(n=n, few=n % 997)
            rules.append(RULE.format(n=n, when=when))
        text = "schema: modelaudit/rules@1\nrules:\n" + "".join(rules)
        (folder / f"rules-{first:05}.yaml").write_text(text, encoding="utf-8")


def tree(count: int) -> FactSet:
    """A pickle with so many imports, of which a few match rules of any pack of `pack`."""
    rng = random.Random(1)
    names = [f"torch.nn.modules.layer{n}.Class{rng.randrange(10**6)}" for n in range(count)]
    for n in range(0, count, 500):
        few = n // 500
        names[n] = rng.choice((f"pkg{few}.mod{few}.call", f"ns{few}.sub.deep.name", f"a.part_{few:05d}_b.c"))
    facts = [
        Import("m.pkl", module=name.rpartition(".")[0], name=name.rpartition(".")[2], qualname=name) for name in names
    ]
    artifact = Artifact(path="m.pkl", name="m.pkl", format="pickle", formats=frozenset({"pickle"}))
    return FactSet(artifact, {"import": list(facts)})


def cpu() -> float:
    """CPU seconds of this process."""
    return time.process_time()


def judged(document: dict[str, object], facts: FactSet) -> tuple[float, list[tuple[str, str]]]:
    """Seconds that judging takes, and what it finds."""
    ruleset = Ruleset.from_json(document)
    ruleset.verify_index = False
    gc.collect()
    start = cpu()
    found = judge(ruleset, facts)
    return cpu() - start, sorted((finding.rule, finding.subject) for finding in found.findings)


def one_by_one(document: dict[str, object], facts: FactSet) -> tuple[float, list[tuple[str, str]]]:
    """Seconds that every rule on every fact takes, and what it finds."""
    ruleset = Ruleset.from_json(document)
    for rule in ruleset.rules:
        _ = rule.when
    gc.collect()
    start = cpu()
    trials = [naive(rule, facts) for rule in ruleset.rules]
    spent = cpu() - start
    return spent, sorted({(t.rule.id, getattr(hit.fact, "qualname", "")) for t in trials for hit in t.hits})


def growth(document: dict[str, object], count: int) -> None:
    """Judge `count` facts with packs of each size, and some of them without the index."""
    facts = tree(count)
    few = FactSet(facts.artifact, {"import": facts.facts["import"][:NAIVE_FACTS]})
    own = [rule for rule in document["rules"] if rule["pack"] != "core"]
    times = {}
    for size in SIZES:
        chosen = {**document, "rules": own[:size]}
        chosen["index"] = build(own[:size], document["lists"])
        chosen = json.loads(json.dumps(chosen))
        times[size], _ = min(judged(chosen, facts) for _ in range(3))
        slow, said = one_by_one(chosen, few)
        _, by_index = judged(chosen, few)
        same = "identical" if said == by_index else f"DIFFERENT: {set(said) ^ set(by_index)}"
        ratio = slow * count / NAIVE_FACTS / times[size]
        print(
            f"{size:6} rules × {count} facts: {times[size] * 1000:7.1f} ms, naive {ratio:6.0f} × that; outcomes {same}"
        )
    print(f"growth from {SIZES[0]} to {SIZES[-1]} rules: {times[SIZES[-1]] / times[SIZES[0]]:.2f} × (bar: ≤ 3)")


def loading(path: str) -> dict[str, object]:
    """Load a pack from YAML and from the cache; the compiled document comes back."""
    start = cpu()
    document, inputs = load.build(None, [path])
    load.entries.store(load._request(None, [path]), inputs, document)  # noqa: SLF001
    compiled = cpu() - start
    gc.collect()
    best = min(_cached(path) for _ in range(3))
    print(f"loading {len(document['rules'])} rules: YAML {compiled:.2f} s, cache {best:.3f} s CPU", end="")
    print(f" = {100 * best / compiled:.1f} % (bars: ≤ 10 %, ≤ 0.4 s)")
    start = cpu()
    rules = list(load.load_ruleset(None, [path]).rules)
    print(f"the same with each of the {len(rules)} rules looked at: {cpu() - start:.3f} s CPU")
    return document


def _cached(path: str) -> float:
    start = cpu()
    ruleset = load.load_ruleset(None, [path])
    ruleset.index.of_kind("import")
    return cpu() - start


def anchors() -> None:
    """Say which rules of the built-in packs have no anchor."""
    document, _ = load.build()
    without = unanchored(document["rules"], document["lists"])
    always = [n for kind in document["index"]["kinds"].values() for n in kind["always"]]
    share = 100 * len(without) / len(document["rules"])
    print(f"rules without an anchor: {len(without)} of {len(document['rules'])} = {share:.1f} % (bar: ≤ 1 %)", *without)
    print(f"rules evaluated on every fact of their kind: {len(always)}", *(document["rules"][n]["id"] for n in always))


def main() -> None:
    """Run all measurements."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--facts", type=int, default=20_000)
    facts = options.parse_args().facts
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MODELAUDIT_CACHE_DIR"] = folder
        path = Path(folder) / "acme"
        write_pack(path, SIZES[-1])
        growth(loading(str(path)), facts)
    anchors()


if __name__ == "__main__":
    sys.exit(main())
