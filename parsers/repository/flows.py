"""What reaches the calls that run code, in Python source: through assignments, arguments and results within the file.

Nothing is run, and no order is looked at: a name stands for everything that it is ever given in its function. What the
functions of the file return, and what they are given, is followed by their names.
"""

from __future__ import annotations

import ast
import re

from modelaudit.parsers.repository.constants import is_backwards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    Key = tuple[str, str]  # function, or nothing for the module, and name in it; attributes begin with a dot

    class Namer(Protocol):
        """What names of the file mean."""

        def dotted(self, node: ast.AST) -> str:
            """The dotted name of an expression."""


STEPS_FREE = 100_000  # expressions that are looked at, all passes together
STEPS = 32  # times that each may be looked at besides
PASSES_MAX = 40  # forth and back over the text
SOURCES_MAX = 1024  # callables that one value comes from
RETURN = "return"
XOR, REVERSED, LITERAL = "operator.xor", "builtins.reversed", "literal"  # what operators and constants are told as
LOOK = 512  # characters of a text that are looked at
BYTES_MIN = 24  # bytes, or numbers of a list, that are a constant worth telling
CODED = re.compile(r"(?!(?:[0-9a-f]{40}|[0-9a-f]{64})$)(?!.*://)(?!.*\.\w{1,12}$)(?=.*\d)(?=.*[A-Za-z])\S{40,}")
WRITERS = frozenset({"write", "extend", "append", "update"})  # methods that put what they are given into their object
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Flows:
    """Where the values of one file come from. `cut` says that not everything was looked at."""

    def __init__(self, names: Namer, callers: frozenset[str]) -> None:
        self.cut = False
        self._names = names
        self._callers = callers  # functions that call what they are given
        self._gifts: list[tuple[Key, ast.AST, str]] = []  # what is given, by which expression, in which function
        self._params: dict[str, list[str]] = {}
        self._global: set[Key] = set()
        self._came: dict[Key, set[str]] = {}
        self._told: dict[int, set[str]] = {}  # calls that were asked about, which need not be looked at again
        self._left = STEPS_FREE

    def settle(self, trees: list[ast.Module]) -> None:
        """Take in all trees, and work out where each name's values come from."""
        for tree in trees:
            for node in ast.walk(tree):
                self._left += STEPS
                if isinstance(node, FUNCTIONS):
                    self._params.setdefault(node.name, _parameters(node.args))
        for tree in trees:
            self._take(tree)
        for _ in range(PASSES_MAX):
            changed = False
            for key, value, function in self._gifts:
                changed |= self._give(key, self.sources(value, function))
            if not changed or self._left < 0:
                return
            self._gifts.reverse()
        self.cut = True

    def _give(self, key: Key, found: set[str]) -> bool:
        known = self._came.setdefault(key, set())
        if found <= known:
            return False
        known |= found
        if len(known) > SOURCES_MAX:
            self.cut = True
            known.clear()
            return False
        return True

    def _take(self, tree: ast.Module) -> None:
        stack: list[tuple[ast.AST, str]] = [(tree, "")]
        while stack:
            node, function = stack.pop()
            inner = node.name if isinstance(node, FUNCTIONS) else function
            if isinstance(node, ast.Global):
                self._global.update((function, name) for name in node.names)
            for target, value in self._gives(node):
                for key in self._keys(target, function):
                    self._gifts.append((key, value, function))
            self._passed(node, function)
            stack += [(child, inner) for child in reversed(list(ast.iter_child_nodes(node)))]

    def _gives(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Targets of a statement with what each is given."""
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitXor):
            yield node.target, ast.BinOp(node.target, node.op, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and node.value is not None:
            yield node.target, node.value
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            yield node.target, node.iter
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield node.optional_vars, node.context_expr

    def _keys(self, target: ast.AST, function: str) -> Iterator[Key]:
        """The names that a target sets."""
        stack = [target]
        while stack:
            node = stack.pop()
            if isinstance(node, (ast.Tuple, ast.List)):
                stack += node.elts
            elif isinstance(node, (ast.Subscript, ast.Starred)):
                stack.append(node.value)
            elif isinstance(node, ast.Attribute):
                yield "", f".{node.attr}"
            elif isinstance(node, ast.Name):
                yield "" if (function, node.id) in self._global else function, node.id

    def _passed(self, node: ast.AST, function: str) -> None:
        """What functions of the file return, are given by default, and are given where they are called."""
        if isinstance(node, ast.Return) and node.value is not None:
            self._gifts.append(((function, RETURN), node.value, function))
        elif isinstance(node, FUNCTIONS):
            names = _parameters(node.args)
            for name, value in zip(reversed(names), reversed(node.args.defaults), strict=False):
                self._gifts.append(((node.name, name), value, function))
        elif isinstance(node, ast.Call):
            called, names = self._called(node.func, function)
            pairs = [*zip(names, node.args, strict=False), *((word.arg or "", word.value) for word in node.keywords)]
            self._gifts += [((called, name), value, function) for name, value in pairs if name in names]
            self._written(node, function)

    def _written(self, node: ast.Call, function: str) -> None:
        """What a method puts into its object."""
        if isinstance(node.func, ast.Attribute) and node.func.attr in WRITERS and node.args:
            for key in self._keys(node.func.value, function):
                self._gifts.append((key, node.args[0], function))

    def _called(self, node: ast.AST, function: str) -> tuple[str, list[str]]:
        """Which function of the file is called, and the names of its parameters."""
        if isinstance(node, ast.Lambda):
            return function, _parameters(node.args)
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        return name, self._params.get(name, [])

    def reaching(self, call: ast.Call, function: str) -> set[str]:
        """The callables that the first argument of a call comes from; of nested calls the inner one is asked first."""
        given = [*call.args[:1], *(word.value for word in call.keywords if not call.args)]
        found: set[str] = set().union(*(self.sources(one, function) for one in given))
        self._told[id(call)] = self.sources(call, function) | found
        return found

    def sources(self, value: ast.AST, function: str) -> set[str]:
        """The callables, as their names are known, that an expression's value comes from."""
        found: set[str] = set()
        stack = [value]
        while stack:
            node = stack.pop()
            self._left -= 1
            if self._left < 0:
                self.cut = True
                break
            if isinstance(node, ast.Call):
                told = self._told.get(id(node))
                if told is None:
                    stack += self._call(node, found)
                else:
                    found |= told
                continue
            if isinstance(node, ast.Name):
                self._look((function, node.id), found)
                self._look(("", node.id), found)
            elif isinstance(node, ast.Attribute):
                self._look(("", f".{node.attr}"), found)
            else:
                found |= _plain(node)
            stack += ast.iter_child_nodes(node)
        return found

    def _call(self, node: ast.Call, found: set[str]) -> list[ast.AST]:
        """Note what a call gives; returns the expressions that what it gives is made of."""
        name = self._names.dotted(node.func)
        given: list[ast.AST] = [*node.args, *(word.value for word in node.keywords)]
        if "." in name and "?" not in name:
            found.add(name)
        if name in self._callers:
            handed = {self._names.dotted(one) for one in given if isinstance(one, (ast.Name, ast.Attribute))}
            found |= {one for one in handed if "." in one and "?" not in one}
        own, _ = self._called(node.func, "")
        if own in self._params:
            self._look((own, RETURN), found)
        return [node.func, *given]

    def _look(self, key: Key, found: set[str]) -> None:
        known = self._came.get(key)
        if known:
            self._left -= len(known) // 8  # a set is taken in faster than an expression is looked at
            found |= known


def _plain(node: ast.AST) -> set[str]:
    """What an expression that calls nothing is told as: an operator that hides a text, or data that is written out."""
    if isinstance(node, ast.Constant):
        value = node.value
        coded = len(value) >= BYTES_MIN if isinstance(value, bytes) else isinstance(value, str) and _is_coded(value)
        return {LITERAL} if coded else set()
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
        return {XOR}
    if isinstance(node, ast.Subscript) and is_backwards(node.slice):
        return {REVERSED}
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) >= BYTES_MIN:
        first = node.elts[:BYTES_MIN]
        if all(isinstance(one, ast.Constant) and type(one.value) is int for one in first):
            return {LITERAL}
    return set()


def _is_coded(value: str) -> bool:
    """Whether a text may be data in an encoding: no address, path or digest, and without blanks."""
    return CODED.fullmatch("".join(value[:LOOK].split())) is not None and " " not in value[:LOOK].strip()


def _parameters(args: ast.arguments) -> list[str]:
    """Names of the parameters that take values by their place, without that of the object itself."""
    names = [one.arg for one in (*args.posonlyargs, *args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _pairs(target: ast.AST, value: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Targets with their values: of as many as there are values, each with its own."""
    several = (ast.Tuple, ast.List)
    if isinstance(target, several) and isinstance(value, several) and len(target.elts) == len(value.elts):
        yield from zip(target.elts, value.elts, strict=True)
    else:
        yield target, value
