"""Checks membership and pattern tests: sets, patterns, and lists of the right kind."""

from __future__ import annotations

from modelaudit.engine.lang import ast, globs
from modelaudit.engine.lang.lists import OPERATORS
from modelaudit.engine.lang.patterns import check, prepare
from modelaudit.engine.lang.scope import Argument, Scope, Value
from modelaudit.engine.lang.terms import Terms, literal_term
from modelaudit.engine.lang.types import FLOAT, STR, Type
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.lang.check import Condition

    Json = Any
    Guards = frozenset[tuple[str | int, ...]]

MAX_ITEMS = 256  # constants in brackets


class Operands(Terms):
    """Checks `in`, `overlaps`, `within` and the pattern operators."""

    # Membership

    def check_member(self, node: ast.Member, scope: Scope, guards: Guards) -> Condition | None:
        """A value or set against a set."""
        left = self.value(node.left, scope, guards)
        item = None if left is None else self.item_type(left, node, scope)
        if left is None or item is None:
            self.set_operand(node, None, scope, guards)
            return None
        right = self.set_operand(node, item, scope, guards)
        if right is None:
            return None
        term, absent = right
        return self.leaf(node, left, term, scope, absent)

    def leaf(
        self, node: ast.Member | ast.Match, left: Value, right: Json, scope: Scope, absent: bool = False
    ) -> Condition:
        """A checked leaf."""
        from modelaudit.engine.lang.check import Condition, leaf

        program = {"op": node.op, "left": left.term, "right": right}
        if node.negated:
            program["neg"] = True
        return Condition(leaf(program, node, scope, left.absent or absent or left.type == FLOAT))

    def item_type(self, left: Value, node: ast.Member, scope: Scope) -> Type | None:
        """The type that the items of the right side must have."""
        if node.op == "in":
            if left.type.scalar:
                return left.type
            hint = f"write `{left.shown} overlaps …` or `{left.shown} within …`" if left.type.many else ""
            self.wrong("E206", f"`{left.shown}` is {left.type}; `in` takes a single value", node.left, scope, hint=hint)
            return None
        item = left.type.item if left.type.name in ("set", "list") else None
        if item is None or not item.scalar:
            hint = f"write `{left.shown} in …`" if left.type.scalar else ""
            message = f"`{left.shown}` is {left.type}; `{node.op}` takes a set"
            self.wrong("E206", message, node.left, scope, hint=hint)
            return None
        return item

    def set_operand(
        self, node: ast.Member, item: Type | None, scope: Scope, guards: Guards
    ) -> tuple[Json, bool] | None:
        """The right side in compiled form, and whether it may be absent; `item` None only looks for mistakes."""
        right = node.right
        inside = scope
        while (
            isinstance(right, ast.Path)
            and not right.steps
            and isinstance(argument := inside.names.get(right.head), Argument)
        ):
            right, inside = argument.node, argument.scope
        if isinstance(right, ast.ListRef):
            term = self.list_operand(node.op, item, right, inside)
            return None if term is None else (term, False)
        if isinstance(right, ast.Items):
            items = self.items(right, item, inside)
            return None if items is None else ({"items": items}, False)
        value = self.value(node.right, scope, guards)
        if value is None or item is None:
            return None
        return self.set_value(value, item, node, scope)

    def set_value(self, value: Value, item: Type, node: ast.Member, scope: Scope) -> tuple[Json, bool] | None:
        """A field on the right side."""
        given = value.type.item if value.type.name in ("set", "list") else None
        if value.type.name == "map" and node.op == "in":
            given = STR
        if given is None:
            message = f"`{value.shown}` is {value.type}, not a set"
            self.wrong("E206", message, node.right, scope)
            return None
        if given.name != item.name:
            message = f"`{value.shown}` holds {given}, not {item}"
            self.wrong("E206", message, node.right, scope)
            return None
        if isinstance(node.left, ast.Literal):
            literal = Value(item, literal_term(node.left), False, node.left, scope)
            if not self.possible(given, literal, scope):
                return None
        return value.term, value.absent

    def items(self, node: ast.Items, item: Type | None, scope: Scope) -> list[Json] | None:
        """Constants in brackets, all of the wanted type."""
        if len(node.items) > MAX_ITEMS:
            self.wrong("E202", f"more than {MAX_ITEMS} constants in brackets", node, scope, hint="make it a list")
            return None
        if item is None:
            return None
        found = [self.item(literal, item, scope) for literal in node.items]
        return None if None in found else [each for (each,) in filter(None, found)]

    def item(self, literal: ast.Literal, item: Type, scope: Scope) -> tuple[Json] | None:
        """One constant, in a tuple since it may be false."""
        value = literal.value
        if item == FLOAT and literal.type == "int":
            value = float(value)
        elif literal.type != item.name:
            self.wrong("E206", f"a constant of type {literal.type} among {item} values", literal, scope)
            return None
        if not self.possible(item, Value(item, {"lit": value}, False, literal, scope), scope):
            return None
        return ({"bytes": value.decode("latin-1")} if isinstance(value, bytes) else value,)

    def possible(self, wanted: Type, value: Value, scope: Scope) -> bool:
        """Whether a constant is one of the values that a field can have (E208)."""
        constant = value.term.get("lit")
        if not wanted.enum or not isinstance(constant, str) or constant in wanted.enum:
            return True
        label = suggestion(constant, wanted.enum)
        hint = "" if label else "it is one of " + ", ".join(wanted.enum)
        self.report.add(
            *("E208", f'the field is never "{constant}"', value.scope.source, value.node.start, value.node.end),
            label=label,
            hint=hint,
        )
        del scope
        return False

    # Lists

    def list_operand(self, op: str, item: Type | None, node: ast.ListRef, scope: Scope) -> Json | None:
        """A list on the right side of an operator that fits its kind."""
        full = self.list_name(node, scope)
        if full is None or item is None:
            return None
        given = self.lists.lists[full]
        if given.kind not in OPERATORS:
            message = f"`${node.name}`: lists of kind {given.kind} are not in this engine version"
            self.wrong("E229", message, node, scope)
            return None
        if item.name != "str":
            self.wrong("E206", f"`${node.name}` holds texts, not {item} values", node, scope)
            return None
        if op not in OPERATORS[given.kind]:
            fitting = " or ".join(f"`{each}`" for each in _ORDER if each in OPERATORS[given.kind])
            fitting = fitting or f"`shaped(…, ${node.name})` or `listed(…, ${node.name})`"
            message = f"`{op}` does not fit `${node.name}`, a list of kind {given.kind}"
            self.wrong("E213", message, node, scope, hint=f"write {fitting}")
            return None
        if not fits_text(op, given.of, item.text):
            message = f"`${node.name}` holds {given.of} names, and the value is {_TEXTS[item.text]}"
            self.wrong("E213", message, node, scope)
            return None
        return {"list": full}

    # Patterns

    def check_match(self, node: ast.Match, scope: Scope, guards: Guards) -> Condition | None:
        """A text against a pattern."""
        left = self.value(node.left, scope, guards)
        if left is not None and not self.is_text(left, node, scope):
            left = None
        item = None if left is None else left.type
        if isinstance(node.right, ast.ListRef):
            right = self.list_operand(node.op, item, node.right, scope)
        else:
            right = self.patterns(node, item, scope)
        if left is None or right is None:
            return None
        return self.leaf(node, left, right, scope)

    def is_text(self, left: Value, node: ast.Match, scope: Scope) -> bool:
        """Whether the left side is a text; for a set the mistake says how to write it."""
        if left.type.name in ("str", "bytes"):
            return True
        if left.type.name in ("set", "list"):
            pattern = scope.source.text[node.right.start : node.right.end]
            negated = "not " if node.negated else ""
            hint = f"write: any k in {left.shown}: (k {negated}{node.op} {pattern})"
            self.wrong(
                "E215", f"`{left.shown}` is {left.type}; `{node.op}` takes one text", node.left, scope, hint=hint
            )
        else:
            self.wrong("E206", f"`{left.shown}` is {left.type}; `{node.op}` takes a text", node.left, scope)
        return False

    def patterns(self, node: ast.Match, item: Type | None, scope: Scope) -> Json | None:
        """Constant patterns, each checked."""
        right = node.right
        literals = right.items if isinstance(right, ast.Items) else (right,)
        if len(literals) > MAX_ITEMS:
            self.wrong("E202", f"more than {MAX_ITEMS} constants in brackets", right, scope, hint="make it a list")
            return None
        texts = [self.pattern(each, node.op, item, scope) for each in literals if isinstance(each, ast.Literal)]
        known = [text for text in texts if text is not None]
        if len(known) < len(texts) or item is None:
            return None
        if node.op == "glob":
            return {"globs": known, "of": item.text}
        if node.op == "matches":
            return {"regexes": [prepare(text) for text in known]}
        return {"items": [{"bytes": text} for text in known] if item.name == "bytes" else known}

    def pattern(self, node: ast.Literal, op: str, item: Type | None, scope: Scope) -> str | None:
        """A pattern as text; bytes as one character each."""
        value = node.value
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if item is not None and node.type != item.name:
            hint = 'bytes are written b"…"' if item.name == "bytes" else ""
            self.wrong("E206", f"a pattern of type {node.type} for a value of type {item}", node, scope, hint=hint)
            return None
        if len(text) > globs.MAX_PATTERN:
            self.wrong("E223", "the pattern is longer than 4 KiB", node, scope)
            return None
        if op == "matches":
            return text if self.regex(node, text, scope) else None
        wrong = globs.problem(text, item.text) if op == "glob" and item is not None else ""
        if wrong:
            self.wrong("E220", wrong, node, scope)
            return None
        return text

    def regex(self, node: ast.Literal, text: str, scope: Scope) -> bool:
        """Whether a regular expression is one that RE2 takes."""
        found = check(text)
        if found is None:
            return True
        start, end = node.start, node.end
        if found.length and (node.raw or len(text) == node.end - node.start - 2):
            start += (2 if node.raw else 1) + found.start
            end = start + found.length
        self.report.add(found.code, found.message, scope.source, start, end, hint=found.help)
        return False


_ORDER = ("in", "glob", "matches", "overlaps", "within", "contains", "startswith", "endswith")
_TEXTS = {"dotted": "a dotted name", "path": "a path", "uri": "a URI", "plain": "plain text"}


def fits_text(op: str, of: str, text: str) -> bool:
    """Whether globs of a list mean the same on a text: both have the same separator, or one has none."""
    return op != "glob" or of == text or "plain" in (of, text)
