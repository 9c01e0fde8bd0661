"""Texts that Python source puts together of constants; nothing is run, and what is not plain stays unknown."""

from __future__ import annotations

import ast

FOLDED_MAX = 4096  # characters
DEPTH_MAX = 40


def folded(node: ast.AST | None, depth: int = 0) -> str | None:
    """The text that an expression stands for; None when it is not known, or is none."""
    if node is None or depth > DEPTH_MAX:
        return None
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.JoinedStr):
        return _several(node.values, depth)
    if isinstance(node, ast.FormattedValue):
        return folded(node.value, depth + 1) if node.format_spec is None else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined([folded(node.left, depth + 1), folded(node.right, depth + 1)])
    if isinstance(node, ast.Subscript):
        value = folded(node.value, depth + 1)
        return value[::-1] if value is not None and is_backwards(node.slice) else None
    return _called(node, depth) if isinstance(node, ast.Call) else None


def _constant(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("latin-1")[:FOLDED_MAX]
    return value[:FOLDED_MAX] if isinstance(value, str) else None


def _several(nodes: list[ast.expr], depth: int, between: str = "") -> str | None:
    """So many texts put together; more of them are no text that is known, and are not looked at."""
    return _joined([folded(one, depth + 1) for one in nodes], between) if len(nodes) <= FOLDED_MAX else None


def _joined(parts: list[str | None], between: str = "") -> str | None:
    known = [part for part in parts if part is not None]
    return between.join(known)[:FOLDED_MAX] if len(known) == len(parts) else None


def is_backwards(node: ast.expr) -> bool:
    """Whether a slice is `[::-1]`."""
    if not isinstance(node, ast.Slice) or node.lower is not None or node.upper is not None:
        return False
    step = node.step
    return (
        isinstance(step, ast.UnaryOp)
        and isinstance(step.op, ast.USub)
        and ast.dump(step.operand) == "Constant(value=1)"
    )


def _called(node: ast.Call, depth: int) -> str | None:
    """What a function or method makes of texts."""
    if isinstance(node.func, ast.Name):
        return _sign(node.args[0]) if node.func.id == "chr" and len(node.args) == 1 else None
    if not isinstance(node.func, ast.Attribute):
        return None
    args = [folded(one, depth + 1) for one in node.args]
    if node.func.attr == "join" and len(node.args) == 1 and isinstance(node.args[0], (ast.List, ast.Tuple)):
        return _several(node.args[0].elts, depth, folded(node.func.value, depth + 1) or "")
    if node.func.attr == "fromhex" and args and args[0] is not None:
        return _hex(args[0])
    value = folded(node.func.value, depth + 1)
    if value is None or None in args:
        return None
    return _method(node.func.attr, value, [one for one in args if one is not None])


def _sign(node: ast.expr) -> str | None:
    """The character of a number."""
    number = node.value if isinstance(node, ast.Constant) else None
    return chr(number) if type(number) is int and 0 <= number < 0x110000 else None


def _method(name: str, value: str, args: list[str]) -> str | None:
    if name == "replace" and len(args) == 2 and args[0]:
        return value.replace(args[0], args[1], FOLDED_MAX // max(1, len(args[1])) + 1 if args[1] else -1)[:FOLDED_MAX]
    if name in ("decode", "encode", "strip", "lower"):
        return value.lower() if name == "lower" else value.strip() if name == "strip" else value
    return None


def _hex(text: str) -> str | None:
    try:
        return bytes.fromhex(text).decode("latin-1")[:FOLDED_MAX]
    except ValueError:
        return None
