"""Notebooks: the code of their cells as source, the lines that a shell would run as commands.

Nothing of a notebook runs before somebody runs a cell, so that all of its code counts as code of functions.
"""

from __future__ import annotations

import ast
import re

from modelaudit.engine.facts import Code, Defect, Limit, Metadata, Place, clean
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.project import NOTEBOOK_MAX
from modelaudit.parsers.repository.source import FUNCTION, Calls, Names, parsed, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input

CELLS_MAX = 10_000
SOURCE_MAX = 4 * 1024 * 1024  # characters of all cells
COMMANDS_MAX = 10_000
SHOWN = 4096
FACTS = frozenset({"code", "metadata"})
SHELLS = ("bash", "sh", "script", "system", "sx", "!", "cmd", "powershell", "pwsh")
SHELL = re.compile(r"^\s*+(?:[\w.,\s\[\]]++=\s*+)?(?:!{1,2}|%(?:system|sx|sc)\b)\s*+(.+)")
MAGIC = re.compile(r"^\s*+(?:[\w.,\s\[\]]++=\s*+)?%{1,2}\w")
HELP = re.compile(r"^\s*\?|\?\s*$")
CELL = re.compile(r"^\s*%%(!|\w+)")
OF_PYTHON = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "pypy"})


def parse_notebook(artifact: Input, context: Context) -> Iterator[Fact]:
    """One `code` for all cells together, and a `command` for each line of a shell."""
    reader = artifact.reader
    try:
        tree = read_json(reader.read_at(0, NOTEBOOK_MAX))
    except TooLarge as large:
        yield Limit(artifact.path, what=large.what, at=large.at, budget=large.budget, by="file", affects=FACTS)
        return
    except DocumentError as error:
        yield Defect(artifact.path, code="notebook-malformed", detail=clean(str(error))[0], affects=FACTS)
        return
    read = Notebook(artifact.path)
    for n, source in enumerate(_sources(tree)):
        context.check()
        read.cell(source, n)
    yield from read.facts()


class Notebook:
    """The cells of a notebook while they are read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.commands: dict[str, int] = {}  # with the number of the cell
        self.trees: list[ast.Module] = []
        self.failed: list[int] = []
        self.size = 0

    def cell(self, source: str, number: int) -> None:
        """Take in the source of one cell."""
        self.size += len(source)
        if self.size > SOURCE_MAX:
            return
        magic = CELL.match(source)
        if magic is not None and magic[1] not in OF_PYTHON:
            if magic[1] in SHELLS:
                self._command(source.partition("\n")[2], number)
            return
        lines = [self._line(line, number) for line in source.split("\n")]
        tree = parsed("\n".join(lines).encode("utf-8", "replace"))
        if tree is None:
            self.failed.append(number)
        else:
            self.trees.append(tree)

    def _line(self, line: str, number: int) -> str:
        """A line as Python sees it: what IPython handles itself is taken out, its place kept."""
        shell = SHELL.match(line)
        if shell is not None:
            self._command(shell[1], number)
        if shell is None and not MAGIC.match(line) and not HELP.search(line):
            return line
        return " " * (len(line) - len(line.lstrip())) + "pass"

    def _command(self, text: str, number: int) -> None:
        if len(self.commands) < COMMANDS_MAX and text.strip():
            self.commands.setdefault(text.strip(), number)

    def facts(self) -> Iterator[Fact]:
        """What was found."""
        if self.size > SOURCE_MAX:
            yield Limit(self.path, what="source", at=self.size, budget=SOURCE_MAX, by="file", affects=FACTS)
        for text, number in self.commands.items():
            place = (Place(pointer=f"/cells/{number}"),)
            yield Metadata(self.path, key="command", value=clean(text[:SHOWN])[0], type="notebook", places=place)
        if self.failed:
            detail = f"{len(self.failed)} cells are no Python, the first is cell {self.failed[0]}"
            yield Defect(
                self.path, code="cell-syntax", detail=detail, places=(Place(pointer=f"/cells/{self.failed[0]}"),)
            )
        if self.trees:
            yield self._code()

    def _code(self) -> Code:
        whole = ast.Module([statement for tree in self.trees for statement in tree.body], [])
        names = Names(whole)
        found = Calls(names)
        found.module(whole)
        return Code(
            self.path,
            language="python",
            names=words(names.used),
            attributes=words(names.attributes),
            imports=words(names.imports),
            calls=words(set().union(*found.calls.values())),
            phase=FUNCTION,
            size=self.size,
            places=(Place(offset=0),),
        )


def _sources(tree: Any) -> Iterator[str]:  # noqa: ANN401 - any value
    """The source of each code cell, of layouts 3 and 4."""
    outer = tree if isinstance(tree, Object) else Object([])
    sheets = [outer, *(one for one in _list(outer.get("worksheets")) if isinstance(one, Object))]
    for sheet in sheets:
        for cell in _list(sheet.get("cells"))[:CELLS_MAX]:
            if isinstance(cell, Object) and cell.text("cell_type") == "code":
                source = cell.get("source") if cell.get("source") is not None else cell.get("input")
                parts = source if isinstance(source, list) else [source]
                yield "".join(part for part in parts if isinstance(part, str))


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any value
    return value if isinstance(value, list) else []
