"""What is generated from the facts schema is up to date."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_fact_classes_and_reference_agree_with_the_schema() -> None:
    done = subprocess.run(
        [sys.executable, "tools/generate_facts.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
