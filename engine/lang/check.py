"""Checks conditions against types and scope, and writes them in compiled form.

The compiled form is plain JSON, a dict per node with its operator under `op`:

    and, or          of: conditions
    not              of: a condition
    const            value: true, false or null
    any, all, none   var, name, type, over, body        over: {facts, tree} or a value
    count            the same with cmp and n
    has              path
    ==, !=, <, …     left, right
    in, overlaps, within, glob, matches, contains, startswith, endswith    left, right, neg
    is               left: a value of type bool

Every leaf has the text that it came from under `src`. `keep` marks a condition that `not` cannot be pushed
into, since an operand may be absent or not a number. Values are {path}, {lit}, {bytes}, {call, args}, {list},
{items}, {globs, of}, {regexes} or {pred}.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from modelaudit.engine.lang import ast
from modelaudit.engine.lang.macros import MAX_MACRO_DEPTH
from modelaudit.engine.lang.operands import Operands
from modelaudit.engine.lang.parse import MAX_DEPTH
from modelaudit.engine.lang.scope import Argument, Binding, Scope, Value, globals_of
from modelaudit.engine.lang.terms import ListNames, replace_end
from modelaudit.engine.lang.types import BOOL, FLOAT, Type, accepts, schema
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.lang.macros import Macro, Macros
    from modelaudit.engine.lang.source import Report

    Json = Any
    Guards = frozenset[tuple[str | int, ...]]

NOTHING: Guards = frozenset()
ORDERED = frozenset(("int", "float", "str", "bytes"))
MAX_SOURCE = 160  # characters of a leaf's text that are kept


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition, and the paths that are surely present when it is true, or false."""

    program: Json
    yes: Guards = NOTHING
    no: Guards = NOTHING


class Checker(Operands):
    """Checks the conditions of one rule or policy; mistakes go to the report."""

    def __init__(self, report: Report, lists: ListNames, macros: Macros) -> None:
        super().__init__(report, lists)
        self.macros = macros
        self.level = 0  # of conditions within conditions

    def condition(self, node: ast.Node, scope: Scope, guards: Guards = NOTHING) -> Condition | None:
        """A condition in compiled form, None when it has a mistake."""
        self.level += 1
        try:
            if self.level > MAX_DEPTH:
                self.wrong(
                    "E202", f"with its macros the expression is nested deeper than {MAX_DEPTH} levels", node, scope
                )
                return None
            return self.any_condition(node, scope, guards)
        finally:
            self.level -= 1

    def any_condition(self, node: ast.Node, scope: Scope, guards: Guards) -> Condition | None:
        """A condition of any form."""
        method = _METHODS.get(type(node))
        if method is not None:
            found: Condition | None = getattr(self, method)(node, scope, guards)
            return found
        argument = scope.names.get(node.head) if isinstance(node, ast.Path) and not node.steps else None
        if isinstance(argument, Argument):
            inside = self.argument_scope(argument, node, scope)
            return None if inside is None else self.condition(argument.node, inside, guards)
        return self.bool_value(node, scope, guards)

    def bool_value(self, node: ast.Node, scope: Scope, guards: Guards) -> Condition | None:
        """A value that is a condition by itself."""
        value = self.value(node, scope, guards)
        if value is None:
            return None
        if value.type.name != "bool":
            hint = f"write `{value.shown} has …` or compare it" if value.type.structured else "compare it with a value"
            self.wrong("E206", f"`{value.shown}` is {value.type}, not a condition", node, scope, hint=hint)
            return None
        if "lit" in value.term:
            return Condition({"op": "const", "value": value.term["lit"]})
        return Condition(leaf({"op": "is", "left": value.term}, node, scope, value.absent))

    def condition_value(self, node: ast.Node, scope: Scope, guards: Guards) -> Value | None:
        """A condition in parentheses or a macro, as a value."""
        if isinstance(node, ast.Group):
            if not isinstance(node.body, tuple(_METHODS)) or isinstance(node.body, (ast.Group, ast.MacroCall)):
                return self.value(node.body, scope, guards)
            return self.as_value(node.body, scope, guards)
        if isinstance(node, ast.MacroCall):
            inner = self.macro_scope(node, scope, guards)
            if inner is None:
                return None
            body, inside = inner
            return (
                self.value(body, inside, guards)
                if not isinstance(body, tuple(_METHODS))
                else self.as_value(body, inside, guards)
            )
        return self.as_value(node, scope, guards)

    def as_value(self, node: ast.Node, scope: Scope, guards: Guards) -> Value | None:
        """A condition as a truth value."""
        found = self.condition(node, scope, guards)
        return None if found is None else Value(BOOL, {"pred": found.program}, False, node, scope)

    # Connectives

    def check_group(self, node: ast.Group, scope: Scope, guards: Guards) -> Condition | None:
        """What is in the parentheses."""
        return self.condition(node.body, scope, guards)

    def check_not(self, node: ast.Not, scope: Scope, guards: Guards) -> Condition | None:
        """A negation: what was sure when its body is true is sure when it is false."""
        found = self.condition(node.body, scope, guards)
        if found is None:
            return None
        return Condition({"op": "not", "of": found.program}, found.no, found.yes)

    def check_and(self, node: ast.And, scope: Scope, guards: Guards) -> Condition | None:
        """A conjunction."""
        return self.conjunction([(item, scope) for item in node.items], guards)

    def conjunction(self, items: list[tuple[ast.Node, Scope]], guards: Guards = NOTHING) -> Condition | None:
        """All of these; each sees what the ones before it made sure of."""
        programs: list[Json] = []
        yes: Guards = NOTHING
        no: Guards | None = None
        whole = True
        for item, scope in items:
            found = self.condition(item, scope, guards | yes)
            if found is None:
                whole = False
                continue
            programs.append(found.program)
            yes |= found.yes
            no = found.no if no is None else no & found.no
        return Condition({"op": "and", "of": programs}, yes, no or NOTHING) if whole else None

    def check_or(self, node: ast.Or, scope: Scope, guards: Guards) -> Condition | None:
        """A disjunction; each item sees what is sure when those before it are false."""
        programs: list[Json] = []
        no: Guards = NOTHING
        yes: Guards | None = None
        whole = True
        for item in node.items:
            found = self.condition(item, scope, guards | no)
            if found is None:
                whole = False
                continue
            programs.append(found.program)
            no |= found.no
            yes = found.yes if yes is None else yes & found.yes
        return Condition({"op": "or", "of": programs}, yes or NOTHING, no) if whole else None

    # Leaves

    def check_has(self, node: ast.Has, scope: Scope, guards: Guards) -> Condition | None:
        """Whether a field is present."""
        left = self.resolve(node.left, scope, None)
        if left is None:
            return None
        if not left.type.structured or "path" not in left.term:
            hint = "`has` stands between a fact or record and one of its fields"
            self.wrong("E206", f"`{left.shown}` is {left.type} and has no fields", node.left, scope, hint=hint)
            return None
        head = ast.Step(node.right.start, node.right.head_end, 1, 0, node.right.head)
        path = ast.Path(node.left.start, node.right.end, 1, 1, node.left.head, (), node.left.head_end)
        steps = (head, *node.right.steps)
        value = self.has_field(left, steps, path, scope)
        if value is None:
            return None
        program = leaf({"op": "has", "path": value.term["path"]}, node, scope)
        return Condition(program, frozenset((tuple(value.term["path"]),)))

    def has_field(self, left: Value, steps: tuple[ast.Step, ...], path: ast.Path, scope: Scope) -> Value | None:
        """The field that a `has` asks for; a first step that fails is named after the left side."""
        field = self.field(left.type, steps[0], left.shown, scope)
        return None if field is None else self.steps(left, steps, path, scope, None)

    def check_compare(self, node: ast.Compare, scope: Scope, guards: Guards) -> Condition | None:
        """Two values of one type, compared."""
        left, right = self.value(node.left, scope, guards), self.value(node.right, scope, guards)
        if left is None or right is None:
            return None
        left, right = as_float(left, right.type), as_float(right, left.type)
        if not self.comparable(left, right, node, scope):
            return None
        program = {"op": node.op, "left": left.term, "right": right.term}
        keep = left.absent or right.absent or left.type == FLOAT or node.op not in ("==", "!=")
        return Condition(leaf(program, node, scope, keep))

    def comparable(self, left: Value, right: Value, node: ast.Compare, scope: Scope) -> bool:
        """Whether two values can be compared by this operator."""
        for value, side in ((left, node.left), (right, node.right)):
            if not value.type.scalar:
                self.wrong(
                    "E206",
                    f"`{value.shown}` is {value.type} and cannot be compared",
                    side,
                    scope,
                    hint=_many_hint(value),
                )
                return False
        if left.type.name != right.type.name:
            message = f"`{left.shown}` is {left.type}, `{right.shown}` is {right.type}"
            self.wrong("E206", message, node, scope, hint=_cross_hint(left, right))
            return False
        if node.op not in ("==", "!=") and left.type.name not in ORDERED:
            self.wrong("E206", f"{left.type} values have no order", node, scope)
            return False
        return self.possible(left.type, right, scope) and self.possible(right.type, left, scope)

    # Quantifiers

    def check_quant(self, node: ast.Quant, scope: Scope, guards: Guards) -> Condition | None:
        """A quantifier."""
        over = self.over(node, scope, guards)
        if not self.quantifier_fits(node, scope) or over is None:
            return None
        item, source, absent = over
        inner = scope.inner(node.var, item)
        body = self.condition(node.body, inner, guards)
        if body is None:
            return None
        program: Json = {"op": node.op, "var": f"v{scope.depth}", "name": node.var, "type": item.as_json()}
        program |= {"over": source, "body": body.program}
        if node.op == "count":
            program |= {"cmp": node.cmp, "n": node.number}
        if absent:
            program["keep"] = True
        return Condition(program)

    def quantifier_fits(self, node: ast.Quant, scope: Scope) -> bool:
        """Whether quantifiers are not nested too deep and the variable hides no other name."""
        most = 3 if scope.kind == "artifact" else 2
        place = ast.Node(node.var_start, node.var_start + len(node.var), 1, 1)
        fits = True
        if scope.depth >= most:
            words = "twice in a rule for `artifact`" if most == 3 else "once in a rule for single facts"
            self.wrong("E217", f"quantifiers nest at most {words}", replace_end(node, node.start + len(node.op)), scope)
            fits = False
        if node.var in scope.names or node.var == "tree":
            self.wrong("E218", f"`{node.var}` has a meaning here already", place, scope, hint="take another name")
            fits = False
        return fits

    def over(self, node: ast.Quant, scope: Scope, guards: Guards) -> tuple[Type, Json, bool] | None:
        """What a quantifier ranges over: the type of its items, the compiled source, whether it may be absent."""
        source = node.source
        if isinstance(source, ast.Path):
            collection = self.collection(source, scope)
            if collection is not None:
                return collection
            if source.head == "tree":
                return None
        value = self.value(source, scope, guards)
        if value is None:
            return None
        if value.type.name not in ("set", "list") or value.type.item is None:
            hint = "quantifiers range over collections, sets and lists"
            self.wrong("E216", f"`{value.shown}` is {value.type}", source, scope, hint=hint)
            return None
        return value.type.item, value.term, value.absent

    def collection(self, path: ast.Path, scope: Scope) -> tuple[Type, Json, bool] | None:
        """The collection that a path names, if it names one."""
        collections = schema().collections
        name, steps = path.head, path.steps
        bound = scope.names.get(name)
        if bound is not None and (steps or isinstance(bound, Argument) or bound.type.many):
            return None
        tree = name == "tree" and bound is None
        if tree:
            if len(steps) != 1 or steps[0].name not in collections:
                self.unknown_collection(path, scope)
                return None
            name = str(steps[0].name)
        elif steps:
            return None
        if name not in collections:
            return None
        kind = collections[name]
        return Type("fact", of=kind), {"facts": kind, "tree": tree}, False

    def unknown_collection(self, path: ast.Path, scope: Scope) -> None:
        """Report a `tree.x` that is no collection."""
        collections = schema().collections
        if not path.steps:
            self.wrong("E216", "`tree` stands before a collection", path, scope, hint="write `tree.imports`")
            return
        step = path.steps[0]
        place: ast.Node = step if str(step.name) not in collections else path.steps[1]
        label = suggestion(str(step.name), collections)
        self.wrong("E203", f"`tree` has no collection `{step.name}`", place, scope, label)

    # Macros

    def check_macro(self, node: ast.MacroCall, scope: Scope, guards: Guards) -> Condition | None:
        """A macro, with its arguments in place of the parameters."""
        inner = self.macro_scope(node, scope, guards)
        return None if inner is None else self.condition(*inner, guards)

    def macro_scope(self, node: ast.MacroCall, scope: Scope, guards: Guards) -> tuple[ast.Node, Scope] | None:
        """The body of a macro and the scope in which its parameters stand for the arguments."""
        macro = self.macros.get(node.name)
        place = replace_end(node, node.name_end)
        if macro is None:
            label = suggestion(node.name, self.macros.names())
            self.wrong("E210", f"unknown macro `@{node.name}`", place, scope, label)
            return None
        if node.name in scope.macros or len(scope.macros) >= MAX_MACRO_DEPTH:
            self.endless(node, place, scope)
            return None
        if len(node.args) != len(macro.params):
            message = f"`@{node.name}` takes {len(macro.params)} arguments, not {len(node.args)}"
            self.wrong("E207", message, place, scope, hint=macro.signature)
            return None
        if macro.body is None:
            return None
        if not self.spend(macro.body.size, place, scope):
            return None
        return self.bound(node, macro, macro.body, scope, guards)

    def endless(self, node: ast.MacroCall, place: ast.Node, scope: Scope) -> None:
        """Report a macro that uses itself, or that is nested too deep."""
        if node.name in scope.macros:
            ring = " → ".join(f"@{name}" for name in (*scope.macros[scope.macros.index(node.name) :], node.name))
            self.wrong("E211", f"macro `@{node.name}` uses itself", place, scope, hint=ring)
        else:
            self.wrong("E212", f"macros are nested deeper than {MAX_MACRO_DEPTH} levels", place, scope)

    def bound(
        self, node: ast.MacroCall, macro: Macro, body: ast.Node, scope: Scope, guards: Guards
    ) -> tuple[ast.Node, Scope] | None:
        """The body's scope, when every argument has the type that its parameter declares."""
        names: dict[str, Binding | Argument] = globals_of(scope.kind)
        fits = True
        for arg, (name, wanted) in zip(node.args, macro.params.items(), strict=True):
            names[name] = Argument(arg, scope)
            given = self.resolve(arg, scope, None) if isinstance(arg, ast.Path) else self.value(arg, scope, guards)
            if given is None:
                fits = False
            elif not accepts(wanted, as_float(given, wanted).type):
                message = f"`@{node.name}` takes {wanted} as `{name}`, and `{given.shown}` is {given.type}"
                self.wrong("E206", message, arg, scope, hint=macro.signature)
                fits = False
        if not fits:
            return None
        inside = replace(scope, source=macro.source, names=names, macros=(*scope.macros, node.name))
        return body, inside


_METHODS = {
    ast.Group: "check_group",
    ast.Not: "check_not",
    ast.And: "check_and",
    ast.Or: "check_or",
    ast.Has: "check_has",
    ast.Compare: "check_compare",
    ast.Member: "check_member",
    ast.Match: "check_match",
    ast.Quant: "check_quant",
    ast.MacroCall: "check_macro",
}


def leaf(program: Json, node: ast.Node, scope: Scope, keep: bool = False) -> Json:
    """A leaf with the text that it came from."""
    text = " ".join(scope.source.text[node.start : node.end].split())
    program["src"] = text if len(text) <= MAX_SOURCE else text[: MAX_SOURCE - 1] + "…"
    if keep:
        program["keep"] = True
    return program


def as_float(value: Value, other: Type) -> Value:
    """An integer constant where a float is expected."""
    if other == FLOAT and value.type.name == "int" and isinstance(value.node, ast.Literal):
        return replace(value, type=FLOAT, term={"lit": float(value.term["lit"])})
    return value


def _many_hint(value: Value) -> str:
    if value.type.name in ("set", "list"):
        return f"write `any k in {value.shown}: (k == …)`, `… in {value.shown}`, or `overlaps`, `within`"
    if value.type.structured:
        return "compare one of its fields"
    return ""


def _cross_hint(left: Value, right: Value) -> str:
    names = {left.type.name, right.type.name}
    if names == {"int", "float"}:
        return "only a whole number written as such can stand for a float"
    if "str" in names and "bytes" in names:
        return 'bytes are written b"…"'
    return ""
