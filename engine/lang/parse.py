"""Text of an expression → syntax tree, or one diagnostic with its place."""

from __future__ import annotations

import functools
import os
import re

from modelaudit.engine.lang import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.lang.source import Report, Source

    Children = list[Any]

MAX_TEXT = 16 * 1024  # characters of one expression
MAX_DEPTH = 64  # levels of parentheses, negations and quantifiers
MAX_NODES = 2_000
MAX_INT = 2**63 - 1
SIZES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}

_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_SIMPLE = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t"}


class ExpressionError(Exception):
    """A mistake that ends the parse: code, message, offsets, label and help."""

    def __init__(self, code: str, message: str, start: int, end: int, label: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.start, self.end, self.label, self.hint = code, message, start, end, label, hint


def parse(source: Source, report: Report) -> ast.Node | None:
    """The tree of an expression; None when it has a mistake, which is reported (E201, E202, E219)."""
    try:
        return _parse(source.text)
    except ExpressionError as problem:
        report.add(
            problem.code,
            problem.message,
            source,
            problem.start,
            problem.end,
            label=problem.label,
            hint=problem.hint,
        )
        return None


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> ast.Node:
    from lark.exceptions import UnexpectedInput, VisitError

    if len(text) > MAX_TEXT:
        raise ExpressionError("E202", f"the expression is longer than {MAX_TEXT} characters", 0, 1, hint=_SPLIT)
    if not text.strip():
        raise ExpressionError("E201", "the expression is empty", 0, 1)
    try:
        tree: ast.Node = _parser().parse(text)
    except UnexpectedInput as error:
        from modelaudit.engine.lang.mistakes import syntax_problem

        raise syntax_problem(error, text) from None
    except VisitError as error:
        if isinstance(error.orig_exc, ExpressionError):
            raise error.orig_exc from None
        raise
    if tree.depth > MAX_DEPTH:
        raise ExpressionError("E202", f"the expression is nested deeper than {MAX_DEPTH} levels", 0, 1, hint=_SPLIT)
    if tree.size > MAX_NODES:
        raise ExpressionError("E202", f"the expression has more than {MAX_NODES} parts", 0, 1, hint=_SPLIT)
    return tree


_SPLIT = "put constants into a list and repeated conditions into a macro"


@functools.lru_cache(maxsize=1)
def _parser() -> Any:  # noqa: ANN401 - lark has no useful types
    import lark

    class Builder(_Nodes, lark.Transformer):  # type: ignore[type-arg]
        """The callbacks of the grammar."""

    with open(os.path.join(os.path.dirname(__file__), "grammar.lark"), encoding="utf-8") as stream:
        grammar = stream.read()
    return lark.Lark(
        grammar, parser="lalr", lexer="contextual", transformer=Builder(visit_tokens=False), keep_all_tokens=True
    )


def _ends(children: Children) -> tuple[int, int]:
    """Where the first child starts and the last one ends."""
    first, last = children[0], children[-1]
    start = first.start if isinstance(first, ast.Node) else first.start_pos
    end = last.end if isinstance(last, ast.Node) else last.end_pos
    return start, end


def _place(children: Children) -> tuple[int, int, int, int]:
    """Start, end, depth and size of the node above these children."""
    start, end = _ends(children)
    nodes = [child for child in children if isinstance(child, ast.Node)]
    depth = 1 + max((node.depth for node in nodes), default=0)
    return start, end, depth, 1 + sum(node.size for node in nodes)


def _nodes(children: Children) -> Children:
    return [child for child in children if isinstance(child, ast.Node)]


class _Nodes:
    """What each production of the grammar becomes; children are nodes and all tokens."""

    def start(self, children: Children) -> ast.Node:
        node: ast.Node = children[0]
        return node

    def or_(self, children: Children) -> ast.Node:
        return ast.Or(*_place(children), tuple(_nodes(children)))

    def and_(self, children: Children) -> ast.Node:
        return ast.And(*_place(children), tuple(_nodes(children)))

    def not_(self, children: Children) -> ast.Node:
        return ast.Not(*_place(children), children[1])

    def quant(self, children: Children) -> ast.Node:
        op, var, _in, source, _colon, _open, body, _close = children
        return ast.Quant(*_place(children), str(op), str(var), var.start_pos, source, body)

    def count(self, children: Children) -> ast.Node:
        op, var, _in, source, _colon, _open, body, _close, cmp, number = children
        bound = _int(number)
        return ast.Quant(*_place(children), str(op), str(var), var.start_pos, source, body, str(cmp), bound)

    def has(self, children: Children) -> ast.Node:
        return ast.Has(*_place(children), children[0], children[2])

    def compare(self, children: Children) -> ast.Node:
        return ast.Compare(*_place(children), str(children[1]), children[0], children[2])

    def member(self, children: Children) -> ast.Node:
        return ast.Member(*_place(children), "in", False, children[0], children[2])

    def not_member(self, children: Children) -> ast.Node:
        return ast.Member(*_place(children), "in", True, children[0], children[3])

    def relation(self, children: Children) -> ast.Node:
        return ast.Member(*_place(children), str(children[1]), False, children[0], children[2])

    def match(self, children: Children) -> ast.Node:
        return ast.Match(*_place(children), str(children[1]), False, children[0], children[2])

    def not_match(self, children: Children) -> ast.Node:
        return ast.Match(*_place(children), str(children[2]), True, children[0], children[3])

    def items(self, children: Children) -> ast.Node:
        return ast.Items(*_place(children), tuple(_nodes(children)))

    def group(self, children: Children) -> ast.Node:
        return ast.Group(*_place(children), children[1])

    def call(self, children: Children) -> ast.Node:
        name = children[0]
        return ast.Call(*_place(_present(children)), str(name), name.end_pos, tuple(_nodes(children)))

    def macro(self, children: Children) -> ast.Node:
        call = children[1]
        return ast.MacroCall(*_place(children), call.name, call.name_end, call.args)

    def listref(self, children: Children) -> ast.Node:
        return ast.ListRef(*_place(children), str(children[0])[1:])

    def path(self, children: Children) -> ast.Node:
        head = children[0]
        start, end, _, size = _place(children)
        return ast.Path(start, end, 1, size, str(head), tuple(_nodes(children)), head.end_pos)

    def field(self, children: Children) -> ast.Node:
        name = children[1]
        return ast.Step(name.start_pos, name.end_pos, 1, 0, str(name))

    def index(self, children: Children) -> ast.Node:
        number = _int(children[1])
        start, end = _ends(children)
        if number < 0:
            raise ExpressionError("E219", "an index counts from 0", start, end)
        return ast.Step(start, end, 1, 0, number)

    def string(self, children: Children) -> ast.Node:
        return ast.Literal(*_place(children), "str", _unescape(children[0], 1))

    def raw(self, children: Children) -> ast.Node:
        return ast.Literal(*_place(children), "str", str(children[0])[2:-1], True)

    def bytes_(self, children: Children) -> ast.Node:
        token = children[0]
        text = _unescape(token, 2)
        if not text.isascii() and any(ord(c) > 255 for c in text):
            hint = "write other bytes as `\\xNN`"
            raise ExpressionError("E219", "bytes hold characters up to `\\xff`", *_ends(children), hint=hint)
        return ast.Literal(*_place(children), "bytes", text.encode("latin-1"))

    def int_(self, children: Children) -> ast.Node:
        return ast.Literal(*_place(children), "int", _int(children[0]))

    def float_(self, children: Children) -> ast.Node:
        value = float(children[0])
        if value in (float("inf"), float("-inf")):
            raise ExpressionError("E219", "the number is too large", *_ends(children))
        return ast.Literal(*_place(children), "float", value)

    def size(self, children: Children) -> ast.Node:
        token = children[0]
        value = _int(token, str(token)[:-3]) * SIZES[str(token)[-3:]]
        if value > MAX_INT:
            raise ExpressionError("E219", "the size is too large", *_ends(children))
        return ast.Literal(*_place(children), "int", value)

    def true(self, children: Children) -> ast.Node:
        return ast.Literal(*_place(children), "bool", True)

    def false(self, children: Children) -> ast.Node:
        return ast.Literal(*_place(children), "bool", False)


def _present(children: Children) -> Children:
    """The children without the place of a missing optional one."""
    return [child for child in children if child is not None]


def _int(token: Any, text: str | None = None) -> int:  # noqa: ANN401
    """The value of an integer token, which fits into 64 bits."""
    digits = str(token) if text is None else text
    value = int(digits, 16 if "x" in digits else 10) if len(digits) <= 20 else MAX_INT + 1
    if abs(value) > MAX_INT:
        raise ExpressionError("E219", "the number does not fit into 64 bits", token.start_pos, token.end_pos)
    return value


def _unescape(token: Any, prefix: int) -> str:  # noqa: ANN401
    """The text of a quoted token; an escape that does not exist is a mistake."""
    body = str(token)[prefix:-1]
    if "\\" not in body:
        return body

    def replace(match: re.Match[str]) -> str:
        word = match.group()
        kind = word[1]
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if len(word) > 2:
            return _character(word, token.start_pos + prefix + match.start())
        start = token.start_pos + prefix + match.start()
        message = f"`{word}` is no escape"
        hint = r'escapes are \\ \" \' \n \t \xNN \uNNNN; for a regular expression write r"…"'
        raise ExpressionError("E219", message, start, start + len(word), hint=hint)

    return _ESCAPE.sub(replace, body)


def _character(word: str, start: int) -> str:
    value = chr(int(word[2:], 16))
    if "\ud800" <= value <= "\udfff":
        raise ExpressionError("E219", f"`{word}` is half of a character", start, start + len(word))
    return value
