"""The demo is what a newcomer sees first: it has to end as it says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demo_builds_scans_and_compares(modelaudit, tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "demo.py")],
        cwd=tmp_path,
        env=modelaudit.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo/backup.zip!run-7/weights.zip!epoch-3.pt!archive/data.pkl (pos " in done.stdout
    assert "ACME-D1" in done.stdout
    assert "ACME-R1" in done.stdout
    assert done.stdout.count("→ exit code 1") == 2
