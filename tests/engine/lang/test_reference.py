"""The reference of the language says what the compiler does."""

import re
import subprocess
import sys
from pathlib import Path

from fixtures.expressions import compiled

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "reference" / "language.md").read_text(encoding="utf-8")


def test_the_table_of_functions_is_up_to_date():
    done = subprocess.run([sys.executable, "tools/generate_language.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_every_example_compiles():
    lines = [
        (kind, line)
        for kind, block in re.findall(r"```expr (\w+)\n(.*?)```", TEXT, re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(lines) > 5
    for kind, line in lines:
        assert compiled(line, kind=kind)
