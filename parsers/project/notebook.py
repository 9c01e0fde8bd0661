"""Notebooks: the code of their cells as source, the lines that a shell would run as commands.

Nothing of a notebook runs before somebody runs a cell, so that all of its code counts as code of functions.
"""

from __future__ import annotations

import ast

from modelaudit.engine.facts import Code, Defect, Limit, Metadata, Place, clean
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.project import NOTEBOOK_MAX
from modelaudit.parsers.project.cells import commands, plain
from modelaudit.parsers.repository.source import (
    FUNCTION,
    TOKENS_MAX,
    Calls,
    Names,
    crowded,
    cut_short,
    pairs,
    parsed,
    tokens,
    words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input

SOURCE_MAX = 4 * 1024 * 1024  # characters of all cells
COMMANDS_MAX = 10_000
SHOWN = 4096
FACTS = frozenset({"code", "metadata"})


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
        self.tokens = 0
        self.cut: tuple[str, int, int] | None = None

    def cell(self, source: str, number: int) -> None:
        """Take in the source of one cell."""
        self.size += len(source)
        if self.size > SOURCE_MAX:
            self.cut = "source", self.size, SOURCE_MAX
            return
        python, shells = plain(source)
        for text in shells:
            self._command(text, number)
        data = python.encode("utf-8", "replace")
        self.tokens += tokens(data)
        if self.tokens >= TOKENS_MAX:
            self.cut = "tokens", self.tokens, TOKENS_MAX
            return
        tree = parsed(data)
        if tree is None:
            self.failed.append(number)
            return
        self.trees.append(tree)
        for text in commands(tree):
            self._command(text, number)

    def _command(self, text: str, number: int) -> None:
        if len(self.commands) >= COMMANDS_MAX:
            self.cut = "commands", len(self.commands) + 1, COMMANDS_MAX
        elif text.strip():
            self.commands.setdefault(text.strip(), number)

    def facts(self) -> Iterator[Fact]:
        """What was found."""
        if self.cut is not None:
            what, at, budget = self.cut
            yield Limit(self.path, what=what, at=at, budget=budget, by="file", affects=FACTS)
        for text, number in self.commands.items():
            place = (Place(pointer=f"/cells/{number}"),)
            yield Metadata(self.path, key="command", value=clean(text[:SHOWN])[0], type="notebook", places=place)
        if self.failed:
            detail = f"{len(self.failed)} cells are no Python, the first is cell {self.failed[0]}"
            yield Defect(
                self.path, code="cell-syntax", detail=detail, places=(Place(pointer=f"/cells/{self.failed[0]}"),)
            )
        if self.trees:
            code = self._code()
            yield code
            yield from cut_short(self.path, [code])

    def _code(self) -> Code:
        whole = ast.Module([statement for tree in self.trees for statement in tree.body], [])
        names = Names(whole)
        found = Calls(names)
        found.module(whole)
        calls: set[str] = set().union(*found.calls.values())
        flows: set[tuple[str, str]] = set().union(*found.flows().values())
        return Code(
            self.path,
            language="python",
            names=words(names.used),
            attributes=words(names.attributes),
            imports=words(names.imports),
            calls=words(calls),
            assembled=words(names.assembled),
            flows=pairs(flows),
            phase=FUNCTION,
            size=self.size,
            places=(Place(offset=0),),
            cut=frozenset(crowded(names, calls, cut=found.cut)),
        )


def _sources(tree: Any) -> Iterator[str]:  # noqa: ANN401 - any value
    """The source of each code cell, of layouts 3 and 4."""
    outer = tree if isinstance(tree, Object) else Object([])
    sheets = [outer, *(one for one in _list(outer.get("worksheets")) if isinstance(one, Object))]
    for sheet in sheets:
        for cell in _list(sheet.get("cells")):
            if isinstance(cell, Object) and cell.text("cell_type") == "code":
                source = cell.get("source") if cell.get("source") is not None else cell.get("input")
                parts = source if isinstance(source, list) else [source]
                yield "".join(part for part in parts if isinstance(part, str))


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any value
    return value if isinstance(value, list) else []
