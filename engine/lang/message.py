"""Message templates: `{path|limit:3:x}`, typed when they are compiled.

A compiled template is {parts}, each part a text or a dict: {value} a term; {each, value} a term with a variable
of the condition; {n} the count; {row, column, probes} a column of the table row that matched. With them stand
`distinct`, `limit`, `join`, `noun` and `format` where given, and under `empty` what stands for no operands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from modelaudit.engine.lang import ast
from modelaudit.engine.lang.parse import parse
from modelaudit.engine.lang.scope import Binding, Scope
from modelaudit.engine.lang.source import Source
from modelaudit.engine.lang.types import INT, Type
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.lang.check import Checker
    from modelaudit.engine.lang.source import Report

    Json = Any

MAX_TEMPLATE = 4 * 1024  # characters
OPERANDS = frozenset(("arg", "kwarg"))  # records that are printed as an operand is written
ROW_OPERATORS = frozenset(("in", "glob", "matches", "overlaps", "within"))

_FORMAT = re.compile(r":(x|#x|d|\.[0-9]{1,2}f|size)\Z")
_COLUMN = re.compile(r"\$((?:[A-Za-z_][A-Za-z0-9_]*\.)?[A-Za-z_][A-Za-z0-9_]*)\.([A-Za-z_][A-Za-z0-9_-]*)\Z")
_FITS = {"x": ("int",), "#x": ("int",), "d": ("int",), "size": ("int",), "f": ("float", "int")}


@dataclass(frozen=True, slots=True)
class _Inset:
    """A part of a text, with its place."""

    outer: Source
    at: int

    def place(self, offset: int, length: int = 1) -> Span:
        """The place of a part of it."""
        return self.outer.span(self.at + offset, self.at + offset + length)


class Template:
    """Compiles one template."""

    def __init__(self, checker: Checker, report: Report, scope: Scope, when: Json | None) -> None:
        self.checker = checker
        self.report = report
        self.source = scope.source
        self.when = when
        self.anys = _outer_anys(when)
        variables = {name: Binding(Type.from_json(node["type"]), (node["var"],)) for name, node in self.anys.items()}
        self.scope = replace(scope, names={**scope.names, **variables})

    def compile(self) -> Json:
        """The compiled template; mistakes are in the report (E225 to E227)."""
        text = self.source.text
        if len(text) > MAX_TEMPLATE:
            self.wrong("E225", "the message is longer than 4 KiB", 0, len(text))
            return {"parts": []}
        parts: list[Json] = []
        for start, end, is_field in self.pieces():
            if not is_field:
                parts.append(text[start:end].replace("{{", "{").replace("}}", "}"))
            else:
                part = self.field(start, end)
                if part is not None:
                    parts.append(part)
        return {"parts": parts}

    def wrong(self, code: str, message: str, start: int, end: int, label: str = "", hint: str = "") -> None:
        """Report a mistake in a part of the template."""
        self.report.add(code, message, self.source, start, end, label=label, hint=hint)

    def pieces(self) -> Iterator[tuple[int, int, bool]]:
        """The texts and fields of the template in order; a field without its braces."""
        text = self.source.text
        at = start = 0
        while at < len(text):
            if text[at] != "{":
                at += 1
            elif text.startswith("{{", at):
                at += 2
            else:
                if start < at:
                    yield start, at, False
                end = text.find("}", at)
                if end < 0:
                    self.wrong("E225", "`{` is not closed", at, at + 1, hint="write `{{` for a brace")
                    return
                yield at + 1, end, True
                at = start = end + 1
        if start < at:
            yield start, at, False

    def field(self, start: int, end: int) -> Json | None:
        """One field in compiled form."""
        text = self.source.text[start:end]
        form = _FORMAT.search(text)
        body = text[: form.start()] if form else text
        path, *filters = body.split("|")
        part = self.filters(filters, start + len(path) + 1)
        if part is None:
            return None
        found = self.subject(path, start)
        if found is None:
            return None
        made, type_ = found
        if "noun" in part and type_.name != "int":
            at = start + len(path)
            self.wrong("E226", f"`|noun` counts an int, and `{path}` is {type_}", at, start + len(body))
            return None
        if form is not None and not self.form_fits(form.group(1), type_, start + form.start(), end, path):
            return None
        return {**made, **part, **({"format": form.group(1)} if form else {})}

    def filters(self, filters: list[str], at: int) -> Json | None:
        """`distinct`, `limit`, `join` and `noun`."""
        part: Json = {}
        for text in filters:
            name, _, argument = text.partition(":")
            if name == "distinct" and not argument:
                part["distinct"] = True
            elif name == "limit" and argument.isascii() and argument.isdigit() and 0 < int(argument[:4]) <= 100:
                part["limit"] = int(argument[:4])
            elif name == "join":
                part["join"] = argument
            elif name == "noun" and argument:
                one, _, many = argument.partition("/")
                part["noun"] = [one, many or f"{one}s"]
            else:
                label = suggestion(name, ("distinct", "limit", "join", "noun"))
                hint = "filters are `distinct`, `limit:n` (up to 100), `join:text` and `noun:one/many`"
                self.wrong("E225", f"`|{text}` is no filter", at, at + max(1, len(text)), label, hint)
                return None
            at += len(text) + 1
        return part

    def subject(self, path: str, start: int) -> tuple[Json, Type] | None:
        """What a field prints, and its type."""
        if path.startswith("$"):
            return self.column(path, start)
        if not path.strip():
            self.wrong("E225", "`{}` names nothing", start - 1, start + 1, hint="write `{{` for a brace")
            return None
        source = Source(path, _Inset(self.source, start))
        colon = path.find(":")
        if colon >= 0:
            hint = "formats are `x`, `#x`, `d`, `.2f` and `size`"
            self.wrong("E226", f"`{path[colon:]}` is no format", start + colon, start + len(path), hint=hint)
            return None
        node = parse(source, self.report)
        if node is None:
            return None
        if not isinstance(node, ast.Path):
            self.wrong("E225", "a field is a path", start, start + len(path))
            return None
        if node.head == "n" and not node.steps and "n" not in self.scope.names:
            return {"n": True}, INT
        return self.path(node, replace(self.scope, source=source))

    def path(self, node: ast.Path, scope: Scope) -> tuple[Json, Type] | None:
        """A path of a fact, or of a variable of the condition."""
        found = self.checker.resolve(node, scope, None)
        if found is None:
            return None
        type_ = found.type.item if found.type.name in ("set", "list") else found.type
        if type_ is not None and type_.of in OPERANDS:
            return {"value": found.term, "empty": ""}, type_
        if type_ is None or not type_.scalar:
            hint = "print one of its fields" if type_ is not None and type_.structured else ""
            self.checker.wrong("E225", f"`{found.shown}` is {found.type} and cannot be printed", node, scope, hint=hint)
            return None
        made: Json = {"value": found.term}
        if node.head in self.anys:
            made["each"] = _bare(self.anys[node.head])
        return made, type_

    def form_fits(self, form: str, type_: Type, start: int, end: int, path: str) -> bool:
        """Whether a format fits the type of what it prints."""
        wanted = _FITS[form if form in _FITS else "f"]
        if type_.name in wanted:
            return True
        self.wrong("E226", f"`:{form}` prints {' or '.join(wanted)}, and `{path}` is {type_}", start, end)
        return False

    def column(self, path: str, start: int) -> tuple[Json, Type] | None:
        """A column of the row that the condition found."""
        end = start + len(path)
        match = _COLUMN.match(path)
        if match is None:
            self.wrong("E225", f"`{path}` is no column", start, end, hint="write `{$list.column}`")
            return None
        name, column = match.groups()
        node = ast.ListRef(start, start + 1 + len(name), 1, 1, name)
        full = self.checker.list_name(node, self.scope)
        if full is None:
            return None
        given = self.checker.lists.lists[full]
        columns = ("key", *given.columns) if given.kind == "table" else ("key",)
        if given.kind != "table" or column not in columns:
            label = suggestion(column, columns)
            hint = f"columns are {', '.join(columns)}" if given.kind == "table" else "only a table has columns"
            at = start + match.start(2)
            self.wrong("E227", f"list `${name}` has no column `{column}`", at, end, label, "" if label else hint)
            return None
        probes = list(_probes(self.when, full, []))
        if not probes:
            hint = "a column is that of the row which the condition found"
            self.wrong("E227", f"the condition does not look into `${name}`", start, end, hint=hint)
            return None
        return {"row": full, "column": column, "probes": probes}, Type("str")


def _outer_anys(when: Json | None) -> dict[str, Json]:
    """The outermost `any`s of a condition by the name of their variable."""
    if when is None:
        return {}
    items = when["of"] if when["op"] == "and" else [when]
    return {item["name"]: item for item in items if item["op"] == "any"}


def _bare(node: Json) -> Json:
    """A quantifier as far as it says which items satisfy it."""
    return {key: node[key] for key in ("var", "over", "body")}


def _probes(node: Json | None, full: str, around: list[Json]) -> Iterator[Json]:
    """Every place in a condition where a value is looked up in a list: the value, and the quantifiers around."""
    if node is None:
        return
    op = node["op"]
    if op in ("and", "or"):
        for item in node["of"]:
            yield from _probes(item, full, around)
    elif op == "any":
        yield from _probes(node["body"], full, [*around, _bare(node)])
    elif op in ROW_OPERATORS and node["right"].get("list") == full and not node.get("neg"):
        yield {"around": around, "left": node["left"]}
