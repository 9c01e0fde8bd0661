"""Write `docs/images/scan.svg`: what a scan of a demo model looks like in a terminal.

`python tools/screenshot.py` scans and writes it; `--check` writes nothing and exits 1 when it would look different.
What differs from run to run, or with every new rule, is left out: the time, and the lines about policy and packs.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from demo_models import build
from generated import deliver

import modelaudit
from modelaudit.reports import View, render

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images" / "scan.svg"
MODEL = "sentiment.pkl"
WIDTH = 88
LEFT_OUT = ("Policy", "Packs")
_TIME = re.compile(r"in \d+\.\d\d s")
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_PLAIN = re.compile(r"\x1b\[[0-9;]*m")


def scanned() -> str:
    """The report with the colours of a terminal."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        build(Path())
        document = modelaudit.scan(MODEL, cache=False).document
    text = render(document, "text", View(colour=True, width=WIDTH, whole_headlines=False))
    kept = [line for line in text.splitlines() if not _PLAIN.sub("", line).startswith(LEFT_OUT)]
    return _TIME.sub("in 0.01 s", "\n".join(kept))


def picture(text: str) -> str:
    """The text as SVG, with the fonts of whoever looks at it: nothing is fetched."""
    from rich.console import Console
    from rich.text import Text

    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH + 2, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(f"$ modelaudit scan {MODEL}\n"))
        console.print(Text.from_ansi(text + "\n"))
        svg = console.export_svg(title="modelaudit", unique_id="modelaudit")
    return _FONTS.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono") + "\n"


def main() -> int:
    """Write or check the picture; 1 when a check finds a difference."""
    with contextlib.redirect_stderr(io.StringIO()):
        text = scanned()
    return deliver("screenshot", {TARGET: picture(text)})


if __name__ == "__main__":
    sys.exit(main())
