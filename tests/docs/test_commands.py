"""The commands of the tutorial and of the how-to pages do what the pages show.

A page that begins with `<!-- tested -->` is carried out from top to bottom in an empty folder: a block after
`<!-- file: NAME -->` is written to that file, a `console` block is run. A line `…` of the output stands for any
lines, and `…` in a line for anything.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TESTED = "<!-- tested -->"
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if path.read_text(encoding="utf-8").startswith(TESTED)]
BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<kind>\w+)\n(?P<body>.*?)```", re.DOTALL)
END = "@@end@@"


@pytest.fixture
def shell(tmp_path, cache_folder):
    """Runs commands in the test's own folder; `modelaudit` is the one under test."""
    programs = tmp_path / "bin"
    programs.mkdir()
    shim = programs / "modelaudit"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m modelaudit "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    folder = tmp_path / "work"
    folder.mkdir()
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")}
    env = {
        **kept,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "MODELAUDIT_CACHE_DIR": str(cache_folder),
        "PYTHONPYCACHEPREFIX": str(cache_folder / "bytecode"),
    }

    def run(commands):
        script = "\n".join(f"{command}\n__code=$?; echo {END}; (exit $__code)" for command in commands)
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return done.stdout.split(f"{END}\n")[: len(commands)]

    run.folder = folder
    return run


def commands_of(body):
    """Each command of a block with the output that the page shows for it."""
    found = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found[-1][0].endswith("\\"):
            found[-1][0] += f"\n{line.removeprefix('> ')}"
        else:
            found[-1][1].append(line)
    return [(command, lines) for command, lines in found]


def fits(shown, got):
    """Whether an output is what the page shows; a command without any output on the page may say anything."""
    if not shown:
        return True
    parts = [r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"[ ]*\n" for line in shown]
    return re.fullmatch("".join(parts), got if got.endswith("\n") or not got else got + "\n") is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_does_what_it_shows(page, shell):
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["file"]:
            path = shell.folder / block["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["body"], encoding="utf-8")
        if block["kind"] == "console":
            pairs = commands_of(block["body"])
            outputs = shell([command for command, _ in pairs])
            assert len(outputs) == len(pairs)
            for (command, shown), got in zip(pairs, outputs, strict=True):
                assert fits(shown, got), f"$ {command}\n{got}"


def test_there_are_pages_to_test():
    assert {"first-rule", "ban-a-format", "allow-our-own-classes", "gate-a-pull-request"} <= {p.stem for p in PAGES}
