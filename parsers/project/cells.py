"""What IPython makes of the text of a cell: commands of a shell, magics with Python behind them, and Python.

https://ipython.readthedocs.io/en/stable/interactive/magics.html and IPython/core/inputtransformer2.py.
"""

from __future__ import annotations

import ast
import re

from modelaudit.parsers.repository.constants import folded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = r"^(\s*+)(?:[\w.,\s\[\]]++=\s*+)?"
SHELL = re.compile(PREFIX + r"(?:!{1,2}|%(?:system|sx|sc)\b)\s*+(.+)", re.DOTALL)
MAGIC = re.compile(PREFIX + r"%{1,2}(\w++)[ \t]*+(.*)", re.DOTALL)
HELP = re.compile(r"^\s*+(?:\?{1,2}\s*+[%\w.*]++\s*+|(?:[\w.,\s]++=\s*+)?%{0,2}[\w.*\[\]]++\?{1,2}\s*+)$")
CELL = re.compile(r"^\s*+%%(!|\w+)[ \t]*+([^\n]*+)\n?(.*)", re.DOTALL)
SHELLS = frozenset({"bash", "sh", "script", "system", "sx", "!", "cmd", "powershell", "pwsh", "perl", "ruby"})
OF_PYTHON = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "pypy", "memit", "mprun", "lprun"})
PROGRAMS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})  # magics that run the program of their name
OPTIONS = re.compile(r"^(?:-{1,2}\w++(?:[ \t]++\d++)?[ \t]*+)*+")
METHODS = frozenset({"system", "getoutput", "system_raw", "system_piped"})  # of the shell, with a command
RUN_LINE, RUN_CELL = "run_line_magic", "run_cell_magic"
LINES_MAX = 64 * 1024  # characters of a line that may be a magic


def plain(source: str) -> tuple[str, list[str]]:
    """The cell as Python sees it, places kept, and the commands that a shell runs."""
    whole = CELL.match(source)
    if whole is not None and whole[1] not in OF_PYTHON:
        if whole[1] in SHELLS:
            return "", [f"{whole[2]}\n{whole[3]}"]
        return "", []
    lines, shells = [], []
    for line in _joined(source):
        python, command = _line(line)
        lines.append(python)
        shells += [command] if command else []
    return "\n".join(lines), shells


def _joined(source: str) -> Iterator[str]:
    """The lines; one for a shell goes on in the next when it ends in a backslash."""
    begun = ""
    for line in source.split("\n"):
        if line.endswith("\\") and (begun or SHELL.match(line)):
            begun += line[:-1] + " "
            continue
        yield begun + line
        begun = ""
    if begun:
        yield begun


def _line(line: str) -> tuple[str, str]:
    """A line as Python sees it, and the command in it."""
    if len(line) > LINES_MAX or not line.strip():
        return line, ""
    shell = SHELL.match(line)
    if shell is not None:
        return shell[1] + "pass", shell[2]
    magic = MAGIC.match(line)
    if magic is not None:
        space, name, rest = magic.groups()
        if name in OF_PYTHON:
            return space + (_statement(rest) or "pass"), ""
        return space + "pass", f"{name} {rest}" if name in PROGRAMS else ""
    return (line, "") if not HELP.match(line) else (line[: len(line) - len(line.lstrip())] + "pass", "")


def _statement(text: str) -> str:
    """The statement behind the options of a magic, empty when it is none."""
    text = OPTIONS.sub("", text)
    try:
        return text if ast.parse(text).body else ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def commands(tree: ast.Module) -> Iterator[str]:
    """Commands that the cell hands to the shell by the functions that lines of a shell stand for."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        shell = node.func.value.func if isinstance(node.func.value, ast.Call) else None
        if not isinstance(shell, ast.Name) or shell.id != "get_ipython":
            continue
        args = [folded(one) or "" for one in node.args]
        if node.func.attr in METHODS:
            yield args[0]
        elif node.func.attr == RUN_LINE and args[0] in SHELLS | PROGRAMS:
            yield " ".join(args)
        elif node.func.attr == RUN_CELL and args[0] in SHELLS:
            yield "\n".join(args[1:])
