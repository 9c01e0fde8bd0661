"""Build harmless demo models in ./demo, scan them under two policies, and show both results and exit codes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from demo_models import build

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = os.path.relpath(ROOT / "docs" / "examples")
DEFAULT: list[str] = []
ACME = ["--policy", f"{EXAMPLES}/acme-policy.yaml", "--rules", f"{EXAMPLES}/acme-rules"]
EXPECTED = {  # file: exit code under the default policy, and under Acme's
    "backup.zip": (1, 1),
    "checkpoint.pt": (0, 1),
    "encoder.safetensors": (0, 0),
    "ranker.safetensors": (0, 1),
    "sentiment.pkl": (1, 1),
}


def heading(words: str) -> None:
    """A line that stands out."""
    bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(f"\n\x1b[1;7m {words} \x1b[0m\n" if bold else f"\n=== {words}\n", flush=True)


def modelaudit(*arguments: str, show: bool = True) -> int:
    """Run the real command; its output goes to the terminal. Returns the exit code."""
    if show:
        print(f"$ modelaudit {shlex.join(arguments)}\n", flush=True)
    command = [sys.executable, "-m", "modelaudit", *arguments]
    code = subprocess.run(command, check=False, stdout=None if show else subprocess.DEVNULL).returncode
    if show:
        print(f"\n→ exit code {code}", flush=True)
    return code


def compare(folder: str) -> bool:
    """Print the exit code of each model under both policies; returns whether they are as expected."""
    print(f"{'model':<22}{'default':>9}{'acme':>7}")
    right = True
    for file, expected in EXPECTED.items():
        path = f"{folder}/{file}"
        codes = tuple(modelaudit("scan", path, *options, "--quiet", show=False) for options in (DEFAULT, ACME))
        print(f"{file:<22}{codes[0]:>9}{codes[1]:>7}", flush=True)
        right &= codes == expected
    return right


def main() -> int:
    """0 when every model ended as it should."""
    sys.stdout.reconfigure(errors="replace")  # a terminal may lack the arrow
    folder = "demo"
    heading("1. Demo models: harmless, made byte by byte, never loaded")
    for file, what in build(Path(folder)).items():
        print(f"  {folder}/{file:<22}{what}")
    heading("2. The built-in policy: code that would run fails, honest checkpoints pass")
    codes = [modelaudit("scan", folder, *DEFAULT)]
    heading("3. An organisation's policy: no pickles at all, and a rule of its own")
    codes.append(modelaudit("scan", folder, *ACME))
    heading("4. Exit codes for a pipeline: 0 passes, 1 fails, 2 is incomplete")
    right = compare(folder)
    print("\nNext: modelaudit explain MA1001, modelaudit rules list, modelaudit facts demo/sentiment.pkl")
    return 0 if right and codes == [1, 1] else 1


if __name__ == "__main__":
    sys.exit(main())
