"""Rule and policy files that are made to cost time and memory: refused in a few seconds and within 300 MB."""

import os
import subprocess
import sys

import pytest

SECONDS = 25  # of CPU time on a slow machine; each case takes two to six here
MEMORY = 300 * 1024 * 1024
MOST = 10 * 1024 * 1024 - 1000  # bytes, just below what is refused unread
HEAD = "schema: modelaudit/rules@1\nrules:\n"
RULE = """\
  - id: ACME-{n}
    name: a-rule
    version: 1
    title: Something
    status: stable
    severity: warning
    confidence: likely
    for: import
    when: {when}
    message: 'm'
    absorbs: [{absorbs}]
    tests:
      - {{name: a, facts: {{imports: [{{qualname: os.system}}]}}, expect: match}}
      - {{name: b, facts: {{imports: []}}, expect: no-match}}
"""
POLICY = "schema: modelaudit/policy@1\npolicy: acme/x\nversion: 1\nowner: me\n"


def rules(count: int = 1, when: str = "'import.computed'", absorbs: str = "MA1090") -> str:
    return HEAD + "".join(RULE.format(n=n, when=when.replace("%n", str(n)), absorbs=absorbs) for n in range(count))


def filled(line: str, head: str = HEAD, most: int = MOST) -> str:
    return head + line * ((most - len(head)) // len(line))


def several(head: str, line: str, count: int) -> str:
    return head + "".join(line.replace("%n", str(n)) for n in range(count))


LONG = " or ".join(f'import.module == "{n}"' for n in range(390))
FILES = {
    "a million broken rules": (lambda: filled("- {a: 1}\n"), "E104"),
    "as many broken rules as a file may hold": (lambda: filled("- {a: 1}\n", most=700_000), "E133"),
    "keys given twice": (lambda: filled("a: 1\n", ""), "E133"),
    "brackets": (lambda: "[" * MOST, "E101"),
    "nested lists": (lambda: "- " * (MOST // 2) + "x", "E104"),
    "anchors that explode": (
        lambda: (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefghijkl", "bcdefghijklm", strict=True)
            )
        ),
        "E103",
    ),
    "tags": (lambda: filled("- !a x\n", ""), "E133"),
    "a line of ten megabytes": (lambda: HEAD + "- {id: " + "x" * MOST + "}\n", "E111"),
    "mistakes in one long line": (
        lambda: rules(1, "[" + ", ".join(["'import.modul == 1'"] * 90_000) + "]"),
        "E113",
    ),
    "a mistake in every rule": (lambda: rules(800, "'import.modul == 1'"), "E133"),
    "rules that name rules that are not there": (lambda: rules(800, absorbs="MA1O9O"), "E133"),
    "a long expression": (lambda: rules(1, f"'{' or '.join(['import.computed'] * 400_000)}'"), "E202"),
    "parentheses": (lambda: rules(1, f"'{'(' * 900_000}true{')' * 900_000}'"), "E202"),
    "many long expressions": (lambda: rules(300, f"'import.name == \"%n\" or {LONG}'"), "E202"),
    "repetitions that multiply": (lambda: rules(1, "'import.module matches r\"((a{1,900}){1,900}){1,900}\"'"), "E222"),
    "a pattern that looks back": (lambda: rules(1, "'import.module matches r\"(a+)\\1+$\"'"), "E221"),
    "a long pattern": (lambda: rules(1, f"'import.module matches r\"{'(a?)*' * 2_000}\"'"), "E223"),
}
POLICIES = {
    "rules to ignore that are not there": (lambda: several(POLICY + "ignore:\n", "  - MAx%n\n", 1_900), "E133"),
    "waivers for nothing": (
        lambda: several(
            POLICY + "waivers:\n",
            "  - {id: W%n, rules: [MB9999], match: {path: 'a/**'}, reason: x}\n",
            2_000,
        ),
        "E133",
    ),
}
LISTS = "schema: modelaudit/lists@1\nlists:\n  - id: many\n    kind: {kind}\n    of: dotted\n    items:\n"
PACKS = {
    "an entry again and again": ({"lists": filled("      - a\n", LISTS.format(kind="exact"), 2_000_000)}, "E133"),
    "patterns": ({"lists": several(LISTS.format(kind="regex"), "      - a%n(b|c)+\n", 200_000)}, "E228"),
    "macros that use the next": (
        {
            "macros": several(
                "schema: modelaudit/macros@1\nmacros:\n", "  'm%n(n: str)': '@m%n1(n) or @m%n1(n)'\n", 80_000
            )
        },
        "E113",
    ),
}
for parts, _ in PACKS.values():
    parts.setdefault("lists", LISTS.format(kind="exact") + "      - a\n")


MEASURE = """\
import os, resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
process = subprocess.Popen(sys.argv[2:], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


def measured(folder, *arguments: str) -> tuple[int, str, float, int]:
    """Exit code, what was said, CPU seconds and most memory of a command; more seconds end it.

    A small process starts it: the memory of a process counts what the one had that it was forked from.
    """
    with open(folder / "said", "w+", encoding="utf-8") as said:
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(SECONDS), sys.executable, "-m", "modelaudit", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=said,
            env={**os.environ, "MODELAUDIT_CACHE_DIR": str(folder / "cache")},
            check=True,
        )
        said.seek(0)
        text = said.read()
    code, seconds, memory = done.stdout.split()
    unit = 1 if sys.platform == "darwin" else 1024
    return int(code), text, float(seconds), int(memory) * unit


def refused(folder, code: str, *arguments: str) -> None:
    exit_code, text, seconds, memory = measured(folder, *arguments)
    assert exit_code == 2, text[-2000:]
    assert f"error[{code}]" in text, text[:2000]
    assert len(text) < 200_000
    assert seconds < SECONDS
    assert memory < MEMORY


@pytest.mark.parametrize(("make", "code"), FILES.values(), ids=FILES)
def test_a_hostile_rule_file_is_refused_soon(tmp_path, make, code) -> None:
    (tmp_path / "rules.yaml").write_text(make(), encoding="utf-8")
    refused(tmp_path, code, "rules", "lint", "rules.yaml")


@pytest.mark.parametrize(("make", "code"), POLICIES.values(), ids=POLICIES)
def test_a_hostile_policy_is_refused_soon(tmp_path, make, code) -> None:
    (tmp_path / "policy.yaml").write_text(make(), encoding="utf-8")
    refused(tmp_path, code, "policy", "check", "./policy.yaml")


@pytest.mark.parametrize(("parts", "code"), PACKS.values(), ids=PACKS)
def test_a_hostile_pack_is_refused_soon(tmp_path, parts, code) -> None:
    manifest = "schema: modelaudit/pack@1\npack: acme\nversion: 1.0.0\nengine: '>=0'\nrules: rules.yaml\n"
    manifest += "".join(f"{part}: {part}.yaml\n" for part in parts)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "pack.yaml").write_text(manifest, encoding="utf-8")
    (tmp_path / "pack" / "rules.yaml").write_text(rules(), encoding="utf-8")
    for part, text in parts.items():
        (tmp_path / "pack" / f"{part}.yaml").write_text(text, encoding="utf-8")
    refused(tmp_path, code, "rules", "lint", "pack")


def test_a_regular_expression_made_to_hang_is_decided_at_once(tmp_path) -> None:
    when = "'import.module matches r\"(a+)+$\"'"
    text = rules(1, when).replace("{qualname: os.system}", f"{{qualname: os.system, module: {'a' * 60_000}b}}")
    (tmp_path / "rules.yaml").write_text(text.replace("expect: match", "expect: no-match"), encoding="utf-8")
    exit_code, text, seconds, memory = measured(tmp_path, "rules", "test", "rules.yaml")
    assert exit_code == 1, text  # it lacks a test that matches
    assert "0 failed" in text
    assert seconds < SECONDS
    assert memory < MEMORY


@pytest.mark.parametrize("format", ["json", "sarif"])
def test_machines_are_told_no_more_than_people(tmp_path, format) -> None:
    (tmp_path / "rules.yaml").write_text(filled("- {a: 1}\n", most=700_000), encoding="utf-8")
    exit_code, text, _, memory = measured(tmp_path, "rules", "lint", "rules.yaml", "-f", format)
    assert exit_code == 2
    assert "E133" in text
    assert len(text) < 200_000
    assert memory < MEMORY
