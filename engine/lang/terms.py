"""Checks values: paths, constants, calls. Every mistake is reported at its place, and the value is then None."""

from __future__ import annotations

from dataclasses import replace

from modelaudit.engine.lang import ast
from modelaudit.engine.lang.functions import FUNCTIONS, LATER
from modelaudit.engine.lang.macros import MAX_MACRO_NODES
from modelaudit.engine.lang.scope import MATCH, Argument, Scope, Value
from modelaudit.engine.lang.types import STR, STRINGS, Field, Type, accepts, schema
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelaudit.engine.lang.functions import Function
    from modelaudit.engine.lang.lists import ListType
    from modelaudit.engine.lang.source import Report

    Json = Any
    Guards = frozenset[tuple[str | int, ...]]

SAME_TEXT = frozenset(("lower", "fold", "skeleton"))  # functions whose result is a text of the same form


class ListNames:
    """The lists that an expression may name.

    `$x` is the pack's own list. In a policy (`anywhere`) it is, failing that, one of the core pack, or that of
    the only pack which has one.
    """

    def __init__(self, lists: Mapping[str, ListType], pack: str, anywhere: bool) -> None:
        self.lists = lists
        self.pack = pack
        self.anywhere = anywhere

    def resolve(self, name: str) -> str | None:
        """The full name, None when there is no such list or several."""
        if "." in name:
            return name if name in self.lists else None
        wanted = [f"{self.pack}.{name}", *([f"core.{name}"] if self.anywhere else [])]
        for full in wanted:
            if full in self.lists:
                return full
        several = self.homonyms(name) if self.anywhere else []
        return several[0] if len(several) == 1 else None

    def homonyms(self, name: str) -> list[str]:
        """Every list of that name, whatever its pack."""
        return sorted(full for full in self.lists if full.rpartition(".")[2] == name)

    def options(self) -> list[str]:
        """Every way to name a list here."""
        own = [full.rpartition(".")[2] for full in self.lists if self.anywhere or full.startswith(f"{self.pack}.")]
        return [*own, *self.lists]


class Terms:
    """Checks the values of expressions; `Checker` adds the conditions."""

    def __init__(self, report: Report, lists: ListNames) -> None:
        self.report = report
        self.lists = lists
        self.expanded = 0  # nodes that macros have brought in

    # Reporting

    def wrong(self, code: str, message: str, node: ast.Node, scope: Scope, label: str = "", hint: str = "") -> None:
        """Report a mistake at a node."""
        self.report.add(code, message, scope.source, node.start, node.end, label=label, hint=hint)

    # Values

    def value(self, node: ast.Node, scope: Scope, guards: Guards) -> Value | None:
        """Any value."""
        if isinstance(node, ast.Literal):
            return Value(Type(node.type), literal_term(node), False, node, scope)
        if isinstance(node, ast.Path):
            return self.path(node, scope, guards)
        if isinstance(node, ast.Call):
            return self.call(node, scope, guards)
        if isinstance(node, ast.ListRef):
            full = self.list_name(node, scope)
            return None if full is None else Value(STRINGS, {"list": full}, False, node, scope)
        return self.condition_value(node, scope, guards)

    def loose(self, node: ast.Node, scope: Scope) -> Value | None:
        """A value that may be absent, such as one that is only printed."""
        return self.resolve(node, scope, None) if isinstance(node, ast.Path) else self.value(node, scope, frozenset())

    def condition_value(self, node: ast.Node, scope: Scope, guards: Guards) -> Value | None:
        """A condition, or what a macro stands for, as a value."""
        raise NotImplementedError

    def list_name(self, node: ast.ListRef, scope: Scope) -> str | None:
        """The full name of a list; an unknown one is a mistake (E209)."""
        full = self.lists.resolve(node.name)
        if full is None:
            self.unknown_list(node.name, node, scope)
        return full

    def unknown_list(self, name: str, node: ast.Node, scope: Scope) -> None:
        """Report a list that does not exist, or that several packs have."""
        several = self.lists.homonyms(name.rpartition(".")[2])
        label = suggestion(name, self.lists.options())
        if len(several) > 1 and self.lists.anywhere and "." not in name:
            message, hint = (
                f"several packs have a list `${name}`",
                "write one of " + ", ".join(f"`${n}`" for n in several),
            )
            self.wrong("E209", message, node, scope, hint=hint)
            return
        hint = f"another pack has it: write `${several[0]}`" if several and "." not in name else ""
        self.wrong("E209", f"unknown list `${name}`", node, scope, "" if hint else label, hint)

    # Paths

    def path(self, node: ast.Path, scope: Scope, guards: Guards) -> Value | None:
        """The value at a path; optional fields must be guarded (E214)."""
        found = self.resolve(node, scope, guards)
        if found is not None and found.type.name == "tree":
            self.wrong("E206", "`tree` stands before a collection", node, scope, hint="write `tree.imports`")
            return None
        return found

    def resolve(self, node: ast.Path, scope: Scope, guards: Guards | None) -> Value | None:
        """The value at a path; with `guards` None optional fields need no guard."""
        bound = scope.names.get(node.head)
        if isinstance(bound, Argument):
            return self.through_argument(node, bound, scope, guards)
        if bound is None:
            self.unknown_name(node, scope)
            return None
        start = Value(bound.type, {"path": list(bound.path)}, False, node, scope)
        if bound.optional and guards is not None and node.steps and not self.guarded(bound.path, guards):
            first = scope.source.text[node.head_end : node.end].lstrip(" .")
            self.maybe_absent(node, node.end, f"{node.head} has {first}", scope)
            return None
        start = replace(start, absent=bound.optional)
        return self.steps(start, node.steps, node, scope, guards)

    def through_argument(self, node: ast.Path, bound: Argument, scope: Scope, guards: Guards | None) -> Value | None:
        """The value of a macro's parameter, or of a field of it."""
        given = bound.node
        inside = self.argument_scope(bound, node, scope)
        if inside is None:
            return None
        if isinstance(given, ast.Path):
            start = self.resolve(given, inside, guards)
        else:
            start = self.value(given, inside, guards if guards is not None else frozenset())
        if start is None or not node.steps:
            return start if start is None else replace(start, argument=given)
        if "path" not in start.term:
            self.wrong("E203", f"`{node.head}` has no fields", node, scope)
            return None
        return self.steps(start, node.steps, node, scope, guards)

    def argument_scope(self, bound: Argument, node: ast.Node, scope: Scope) -> Scope | None:
        """The scope of an argument where it is used: its own names, and the quantifiers around the use."""
        if not self.spend(bound.node.size, node, scope):
            return None
        return replace(bound.scope, depth=scope.depth)

    def spend(self, size: int, node: ast.Node, scope: Scope) -> bool:
        """Count what a macro brings in; too much is a mistake (E212)."""
        self.expanded += size
        if self.expanded <= MAX_MACRO_NODES:
            return True
        self.wrong("E212", f"macros bring in more than {MAX_MACRO_NODES} parts", node, scope)
        return False

    def steps(
        self,
        value: Value,
        steps: tuple[ast.Step, ...],
        node: ast.Path,
        scope: Scope,
        guards: Guards | None,
    ) -> Value | None:
        """Follow the fields and indices of a path."""
        covered = guards is None
        for step in steps:
            before = scope.source.text[node.start : step.start].rstrip(". ")
            if isinstance(step.name, int):
                found = self.indexed(value, step, before, scope)
            else:
                covered = covered or f"{value.type.of}.{step.name}" in scope.requires
                sure = guards if guards is not None and not covered else None
                found = self.stepped(value, step, before, node, scope, sure)
            if found is None:
                return None
            value = found
        return replace(value, node=node, scope=scope)

    def stepped(
        self, value: Value, step: ast.Step, before: str, node: ast.Path, scope: Scope, guards: Guards | None
    ) -> Value | None:
        """The value of a field; with `guards` an optional one must be among them."""
        field = self.field(value.type, step, before, scope)
        if field is None:
            return None
        found = field_value(value, field, str(step.name))
        if guards is not None and field.optional and not self.guarded(tuple(found.term["path"]), guards):
            owner, _, rest = scope.source.text[node.start : step.end].partition(".")
            self.maybe_absent(node, step.end, f"{owner} has {rest.strip()}", scope)
            return None
        return found

    def indexed(self, value: Value, step: ast.Step, before: str, scope: Scope) -> Value | None:
        """The value of an item of a list; absent when the list is shorter."""
        if value.type.name != "list" or value.type.item is None:
            hint = f"write `any k in {before}: (…)`" if value.type.name == "set" else ""
            self.wrong("E224", f"`{before}` is {value.type} and has no index", step, scope, hint=hint)
            return None
        term = {"path": [*value.term["path"], step.name]}
        return replace(value, type=value.type.item, term=term, absent=True)

    def field(self, owner: Type, step: ast.Step, before: str, scope: Scope) -> Field | None:
        """A field of a fact or record; an unknown one is a mistake (E203)."""
        name = str(step.name)
        if not owner.structured:
            hint = f'write `get({before}, "{name}")`' if owner.name == "map" else ""
            if owner.name in ("set", "list") and owner.item is not None and owner.item.structured:
                hint = f"write `any k in {before}: (k.{name} …)` or `{before}[0].{name}`"
            self.wrong("E203", f"`{before}` is {owner} and has no field `{name}`", step, scope, hint=hint)
            return None
        fields = schema().fields[owner.of]
        if name not in fields:
            label = suggestion(name, fields)
            self.wrong("E203", f"unknown field `{name}` on `{before}`", step, scope, label)
            return None
        return fields[name]

    @staticmethod
    def guarded(path: tuple[str | int, ...], guards: Guards) -> bool:
        """Whether a condition before made sure that the path is present."""
        return any(guard[: len(path)] == path for guard in guards)

    def maybe_absent(self, node: ast.Path, end: int, guard: str, scope: Scope) -> None:
        """Report an optional field that nothing made sure of."""
        text = scope.source.text[node.start : end]
        self.report.add("E214", f"`{text}` may be absent", scope.source, node.start, end, hint=f"write `{guard} and …`")

    def unknown_name(self, node: ast.Path, scope: Scope) -> None:
        """Report a name that nothing here has (E204)."""
        place = replace_end(node, node.head_end)
        kinds, collections = schema().kinds, schema().collections
        head = node.head
        if scope.kind == MATCH:
            hint = "write `match.text`, `match.before`, `match.groups[1]` …"
            self.wrong("E204", f"unknown name `{head}`: a pattern sees its match alone", place, scope, hint=hint)
        elif head in collections:
            hint = f"write `any {head[0]} in {head}: (…)`"
            self.wrong("E204", f"`{head}` is a collection, not a value", place, scope, hint=hint)
        elif head in kinds:
            name = next(name for name, kind in collections.items() if kind == head)
            hint = f"the rule is for `{scope.kind}`; write `any {head[0]} in {name}: ({head[0]}.…)`"
            self.wrong("E204", f"there is no single `{head}` here", place, scope, hint=hint)
        elif head == "tree":
            hint = "`tree` stands before a collection: `any i in tree.imports: (…)`"
            self.wrong("E204", "`tree` is not a value", place, scope, hint=hint)
        else:
            label = suggestion(head, [*scope.names, *collections])
            names = ", ".join(f"`{name}`" for name in sorted(scope.names))
            self.wrong("E204", f"unknown name `{head}`", place, scope, label, "" if label else f"names here: {names}")

    # Calls

    def call(self, node: ast.Call, scope: Scope, guards: Guards) -> Value | None:
        """The value of a function call."""
        function = FUNCTIONS.get(node.name)
        place = replace_end(node, node.name_end)
        if function is None:
            self.unknown_function(node, place, scope)
            return None
        least = sum(1 for param in function.params if not param.endswith("?"))
        if not least <= len(node.args) <= len(function.params):
            message = f"`{node.name}` takes {_number(least, len(function.params))}, not {len(node.args)}"
            self.wrong("E207", message, place, scope, hint=function.signature)
            return None
        pairs = zip(node.args, function.params, strict=False)
        args = [self.argument(arg, param, function, scope, guards) for arg, param in pairs]
        known = [arg for arg in args if arg is not None]
        if len(known) < len(args):
            return None
        return self.called(node, function, known, scope)

    def called(self, node: ast.Call, function: Function, args: list[Value], scope: Scope) -> Value:
        """A call whose arguments are right."""
        result = result_type(function)
        if function.name in SAME_TEXT:
            result = replace(result, text=args[0].type.text)
        absent = function.result.endswith("?") or any(arg.absent for arg in args)
        term = {"call": function.name, "args": [arg.term for arg in args]}
        return Value(result, term, absent, node, scope)

    def unknown_function(self, node: ast.Call, place: ast.Node, scope: Scope) -> None:
        """Report a function that the table does not have (E205, E229)."""
        if node.name in LATER:
            message = f"`{node.name}` ({LATER[node.name]}) is not in this engine version"
            self.wrong("E229", message, place, scope)
            return
        label = suggestion(node.name, FUNCTIONS)
        self.wrong("E205", f"unknown function `{node.name}`", place, scope, label)

    def argument(self, node: ast.Node, param: str, function: Function, scope: Scope, guards: Guards) -> Value | None:
        """An argument of a call, of one of the types that the parameter takes."""
        value = self.value(node, scope, guards)
        if value is None:
            return None
        words = param.rstrip("?").split("|")
        if not any(_takes(word, value.type) for word in words):
            shown = " or ".join(words)
            message = f"`{function.name}` takes {shown} here, and `{value.shown}` is {value.type}"
            self.wrong("E206", message, node, scope, hint=function.signature)
            return None
        if "strings" in words and not self.is_plain_list(value, function, node, scope):
            return None
        if "shapes" in words and not self.is_shapes(value, function, node, scope):
            return None
        return value

    def is_shapes(self, value: Value, function: Function, node: ast.Node, scope: Scope) -> bool:
        """Whether a list given to a function holds call shapes."""
        full = value.term.get("list")
        if full is not None and self.lists.lists[full].kind == "shapes":
            return True
        message = f"`{function.name}` takes a list of kind shapes here, and `{value.shown}` is none"
        self.wrong("E213", message, node, scope, hint=function.signature)
        return False

    def is_plain_list(self, value: Value, function: Function, node: ast.Node, scope: Scope) -> bool:
        """Whether a list given to a function has entries that are names."""
        if "list" not in value.term:
            return True
        given = self.lists.lists[value.term["list"]]
        if given.kind in ("exact", "table", "glob"):
            return True
        message = f"`{function.name}` cannot look into `{value.shown}`, a list of kind {given.kind}"
        self.wrong("E213", message, node, scope)
        return False


def field_value(value: Value, field: Field, name: str) -> Value:
    """The value of a field."""
    path = value.term["path"]
    if field.type.name == "fact":
        path = ["artifact"] if path == [value.type.of] else [*path, "@artifact"]
    else:
        path = [*path, name]
    return replace(value, type=field.type, term={"path": path}, absent=value.absent or field.optional)


def _takes(word: str, given: Type) -> bool:
    if word in ("set", "list", "map"):
        return given.name == word
    if word in schema().kinds:
        return given.name == "fact" and given.of == word
    return accepts(STRINGS if word in ("strings", "shapes") else Type(word), given)


def _number(least: int, most: int) -> str:
    if least == most:
        return f"{least} argument{'s' if least != 1 else ''}"
    return f"{least} to {most} arguments"


def result_type(function: Function) -> Type:
    """The type of a function's result."""
    word = function.result.rstrip("?")
    return Type("set", STR) if word == "set<str>" else Type(word)


def literal_term(node: ast.Literal) -> Json:
    """A constant in compiled form."""
    if isinstance(node.value, bytes):
        return {"bytes": node.value.decode("latin-1")}
    return {"lit": node.value}


def replace_end(node: ast.Node, end: int) -> ast.Node:
    """The beginning of a node, as a place for a report."""
    return ast.Node(node.start, end, 1, 1)
