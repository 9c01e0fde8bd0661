"""Whole files that stand in the reference as examples are accepted by the commands that check them.

What the tutorial and the how-to pages show is carried out by `test_commands`.
"""

import re
from pathlib import Path

import pytest

from fixtures.packs import MANIFEST, RULE
from modelaudit.engine.packs.testing import run_tests
from modelaudit.engine.policy.check import check

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```yaml\n(?P<body>schema: modelaudit/(?P<kind>\w+)@1\n.*?)```", re.DOTALL)
PAGES = [*sorted((ROOT / "docs" / "reference").glob("*.md")), ROOT / "README.md"]
EXAMPLES = [
    pytest.param(found["kind"], found["body"], id=f"{page.name}-{found['kind']}")
    for page in PAGES
    for found in BLOCK.finditer(page.read_text(encoding="utf-8").replace("# internal-host.yaml\n", ""))
    if found["kind"] in ("policy", "patterns", "rules")
]


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_an_example_is_right(tmp_path, kind, text):
    path = tmp_path / "example.yaml"
    path.write_text(text, encoding="utf-8")
    if kind == "policy":
        (checked,) = check([str(path)])
        assert checked.ok, checked.render()
        return
    if kind == "patterns":
        (tmp_path / "pack.yaml").write_text(MANIFEST + "patterns: example.yaml\n", encoding="utf-8")
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "one.yaml").write_text(RULE, encoding="utf-8")
    run = run_tests([str(tmp_path if kind == "patterns" else path)])
    assert [(result.name, result.problems) for result in run.failed] == []
    assert [each.message for each in run.diagnostics] == []


def test_there_are_examples():
    assert {example.values[0] for example in EXAMPLES} == {"policy", "patterns", "rules"}
