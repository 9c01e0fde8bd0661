"""The generated pages of the reference are up to date."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("tool", ["generate_diagnostics.py", "generate_rules_reference.py"])
def test_a_generated_page_agrees_with_its_source(tool: str) -> None:
    done = subprocess.run(
        [sys.executable, f"tools/{tool}", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_of_the_built_in_packs_stands_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
    for path in (ROOT / "rules").rglob("rules/**/*.yaml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("  - id: "):
                assert f"### {line.removeprefix('  - id: ').strip()} " in page
