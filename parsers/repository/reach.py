"""What the syntax tree of a Jinja template reaches: names, attributes, calls, filters, and branches on texts."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice

from jinja2 import Environment, nodes
from jinja2.ext import Extension

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2.parser import Parser

FOLDED_MAX = 4096  # characters of a text that is put together
DEPTH_MAX = 40  # of what is folded
SET_MAX = 1000  # variables with a text that is known
BRANCHES_MAX = 2000
OUTPUTS_MAX = 200
STEPS_MAX = 500_000  # nodes in conditions and under them, those in several as often
LOOPS = 4  # nested loops from which on they are counted as a call of their own
REPEATED = 1_000_000  # of a range or a repeated text
TEXT_TESTS = frozenset({"startswith", "endswith", "find", "index", "count"})
ATTRIBUTE_FILTERS = frozenset(
    {"attr", "map", "selectattr", "rejectattr", "groupby", "sort", "sum", "unique", "min", "max"}
)
SPEC = re.compile(r"%([scd])")
SIZED = frozenset({"center", "indent", "ljust", "rjust", "zfill", "batch", "expandtabs"})  # that make so much of a text
RAISE = "raise_exception"
PLAIN: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "strip": str.strip,
    "string": str,
    "safe": str,
}


class Generation(Extension):
    """The tag of transformers that marks what the assistant says."""

    tags = {"generation"}  # noqa: RUF012 - as the library declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """What stands between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@cache
def environment() -> Environment:
    """The syntax of chat templates; the environment is never used to render."""
    return Environment(  # noqa: S701 - nothing is rendered
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", "jinja2.ext.i18n", Generation],
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,  # folding runs filters
        cache_size=0,
    )


class Branch:
    """A condition that compares texts: with which, whose, and what is then put out."""

    __slots__ = ("compared", "names", "outputs")

    def __init__(self, compared: list[str], names: list[str], outputs: list[str]) -> None:
        self.compared = compared
        self.names = names
        self.outputs = outputs


class Reach:
    """What was found. `computed` says that an attribute is asked for whose name is not a constant."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.calls: set[str] = set()
        self.filters: set[str] = set()
        self.imports: set[str] = set()
        self.constants: dict[str, None] = {}
        self.branches: list[Branch] = []
        self.computed = False
        self.left = STEPS_MAX
        self.cut = False  # not everything was looked at
        self._set: dict[str, str | None] = {}

    def template(self, tree: nodes.Template) -> None:
        """Take in a template: first what variables are set to, then everything."""
        for node in _all(tree):
            if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
                self.cut = self.cut or len(self._set) >= SET_MAX
                if self.cut:
                    continue
                value = self.text(node.node)
                known = node.target.name not in self._set
                self._set[node.target.name] = value if known else None  # set twice: not known
        for node in _all(tree):
            self.node(node)
        self._loops(tree)

    def node(self, node: nodes.Node) -> None:
        """Note what one node names."""
        if isinstance(node, nodes.Name):
            self.names.add(node.name)
        elif isinstance(node, nodes.Getattr):
            self.attributes.add(node.attr)
        elif isinstance(node, nodes.Getitem):
            self._item(node)
        elif isinstance(node, nodes.Call):
            self.calls.add(_dotted(node.node))
            self.names.update(pair.key for pair in node.kwargs)
            self._range(node)
            self._sized(node.node.attr if isinstance(node.node, nodes.Getattr) else "", node.args)
        elif isinstance(node, nodes.Filter):
            self._filter(node)
        elif (isinstance(node, nodes.Const) and isinstance(node.value, str)) or isinstance(node, nodes.TemplateData):
            self.constants[node.value if isinstance(node, nodes.Const) else node.data] = None
        elif isinstance(node, (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            self.imports.add(self.text(node.template) or "?")
        elif isinstance(node, (nodes.If, nodes.CondExpr)):
            self._branch(node)
        elif isinstance(node, nodes.Mul):
            self._repeat(node)

    def text(self, node: nodes.Node | None, depth: int = 0) -> str | None:
        """The text that an expression stands for, None when it is not known or no text."""
        if node is None or depth > DEPTH_MAX:
            return None
        if isinstance(node, nodes.Const):
            return node.value[:FOLDED_MAX] if isinstance(node.value, str) else None
        if isinstance(node, nodes.Name):
            return self._set.get(node.name)
        if isinstance(node, nodes.Concat):
            return _joined([self.text(one, depth + 1) for one in node.nodes])
        if isinstance(node, nodes.BinExpr):
            return self._combined(node, depth)
        if isinstance(node, nodes.Filter):
            return self._filtered(node, depth)
        if isinstance(node, nodes.Getitem):
            return _part(self.text(node.node, depth + 1), node.arg)
        if isinstance(node, nodes.Call):
            return self._called(node, depth)
        return None

    def _texts(self, node: nodes.Node | None, depth: int) -> list[str | None]:
        items = _items(node)
        return [self.text(one, depth + 1) for one in items] if len(items) <= FOLDED_MAX else [None]

    def _filling(self, items: list[nodes.Node | None], depth: int) -> list[str | None]:
        """What is filled into a text: texts, and numbers as they are written."""
        numbers = [None if one is None else _number(one) for one in items]
        return [
            self.text(one, depth + 1) if number is None else str(number)
            for one, number in zip(items, numbers, strict=True)
        ]

    def _combined(self, node: nodes.BinExpr, depth: int) -> str | None:
        """What `+`, `%` and `*` make of texts."""
        if isinstance(node, nodes.Add):
            return _joined([self.text(node.left, depth + 1), self.text(node.right, depth + 1)])
        if isinstance(node, nodes.Mod):
            return _formatted(self.text(node.left, depth + 1), self._filling(_items(node.right), depth))
        return self._repeated(node, depth) if isinstance(node, nodes.Mul) else None

    def _repeated(self, node: nodes.Mul, depth: int) -> str | None:
        """A text that is written so many times."""
        for one, other in ((node.left, node.right), (node.right, node.left)):
            value, times = self.text(one, depth + 1), _number(other)
            if value is not None and times is not None and 0 <= times * len(value) <= FOLDED_MAX:
                return value * times
        return None

    def _filtered(self, node: nodes.Filter, depth: int) -> str | None:
        args = self._filling([*node.args], depth)
        if node.name == "join" and isinstance(node.node, (nodes.List, nodes.Tuple)):
            return _joined(self._texts(node.node, depth), args[0] or "" if args else "")
        value = self.text(node.node, depth + 1)
        return _changed(node.name, value, args)

    def _called(self, node: nodes.Call, depth: int) -> str | None:
        """What a method of a text makes of it."""
        if not isinstance(node.node, nodes.Getattr):
            return None
        if node.node.attr == "join" and node.args:
            return _joined(self._texts(node.args[0], depth), self.text(node.node.node, depth + 1) or "")
        args = self._filling([*node.args], depth)
        return _changed(node.node.attr, self.text(node.node.node, depth + 1), args)

    def _item(self, node: nodes.Getitem) -> None:
        key = self.text(node.arg)
        if key is not None:
            self.attributes.add(key)

    def _filter(self, node: nodes.Filter) -> None:
        self.filters.add(node.name)
        self._sized(node.name, node.args)
        if node.name == "attr":
            name = self.text(node.args[0]) if node.args else None
            self._attribute(name)
        elif node.name in ATTRIBUTE_FILTERS:
            named = [pair.value for pair in node.kwargs if pair.key == "attribute"]
            if node.name in ("selectattr", "rejectattr", "groupby"):
                named += node.args[:1]
            if node.name == "map" and node.args and self.text(node.args[0]) in ("attr", None):
                named += node.args[1:2] or node.args[:1]
            for one in named:
                self._attribute(self.text(one))

    def _attribute(self, name: str | None) -> None:
        """An attribute whose name is an argument."""
        if name is None:
            self.computed = True
        else:
            self.attributes.update(name.split("."))

    def _range(self, node: nodes.Call) -> None:
        """A range so long that it stops the program."""
        if isinstance(node.node, nodes.Name) and node.node.name == "range" and any(map(_is_huge, node.args)):
            self.calls.add("range.huge")

    def _sized(self, name: str, args: list[nodes.Expr]) -> None:
        """A filter or method that fills a text up to so many characters."""
        if name in SIZED and any(map(_is_huge, args)):
            self.calls.add("repeat.huge")

    def _repeat(self, node: nodes.Mul) -> None:
        sides = (node.left, node.right)
        if any(map(_is_huge, sides)) and any(isinstance(side, (nodes.List, nodes.Const)) for side in sides):
            self.calls.add("repeat.huge")

    def _loops(self, tree: nodes.Node) -> None:
        """Loops in loops in loops: each multiplies the work."""
        stack: list[tuple[nodes.Node, int]] = [(tree, 0)]
        while stack:
            node, depth = stack.pop()
            deeper = depth + isinstance(node, nodes.For)
            if deeper > LOOPS:
                self.calls.add("loops.nested")
                return
            stack += [(child, deeper) for child in node.iter_child_nodes()]

    def _branch(self, node: nodes.If | nodes.CondExpr) -> None:
        """A condition on texts, when something is put out under it."""
        if len(self.branches) >= BRANCHES_MAX or self.left < 0:
            self.cut = True
            return
        compared, names = self._compared(node.test)
        body = node.body if isinstance(node, nodes.If) else [node.expr1]
        outputs = list(islice((text for one in body for text in self._outputs(one)), OUTPUTS_MAX))
        if compared and outputs:
            self.branches.append(Branch(compared, names, outputs))

    def _compared(self, test: nodes.Node) -> tuple[list[str], list[str]]:
        """The texts of a condition, and the names and keys of what they are held against."""
        texts: list[str] = []
        names: list[str] = []
        for node in _all(test):
            self.left -= 1
            if self.left < 0:
                break
            if isinstance(node, nodes.Name):
                names.append(node.name)
            elif isinstance(node, nodes.Getattr):
                names.append(node.attr)
            elif isinstance(node, nodes.Getitem) and (key := self.text(node.arg)) is not None:
                names.append(key)
            elif isinstance(node, nodes.Compare):
                sides = [node.expr, *(one.expr for one in node.ops)]
                texts += [text for side in sides for text in self._texts(side, 0) if text]
            elif isinstance(node, nodes.Call) and _dotted(node.node).rpartition(".")[2] in TEXT_TESTS:
                texts += [text for arg in node.args if (text := self.text(arg))]
        return texts[:OUTPUTS_MAX], names[:OUTPUTS_MAX]

    def _outputs(self, node: nodes.Node | None) -> Iterator[str]:
        """Texts that stand in the body of a condition, those of inner conditions apart."""
        stack = [node]
        while stack:
            one = stack.pop()
            self.left -= 1
            if self.left < 0:
                return
            if one is None or isinstance(one, nodes.If):
                continue
            if isinstance(one, nodes.TemplateData):
                yield one.data
            elif isinstance(one, nodes.Const) and isinstance(one.value, str):
                yield one.value
            elif (
                isinstance(one, nodes.Call) and isinstance(one.node, nodes.Name) and one.node.name == "raise_exception"
            ):
                continue
            else:
                stack += list(one.iter_child_nodes())


def _all(tree: nodes.Node) -> Iterator[nodes.Node]:
    """A node and everything below it, without recursion."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(list(node.iter_child_nodes()))


def _dotted(node: nodes.Node) -> str:
    """The dotted name of an expression; what is no name is `?`."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr):
        parts.append(node.attr)
        node = node.node
    parts.append(node.name if isinstance(node, nodes.Name) else "?")
    return ".".join(reversed(parts))


def _joined(parts: list[str | None], between: str = "") -> str | None:
    known = [part for part in parts if part is not None]
    return between.join(known)[:FOLDED_MAX] if len(known) == len(parts) else None


def _items(node: nodes.Node | None) -> list[nodes.Node | None]:
    """The items of a list, or the one value that is none."""
    return [*node.items] if isinstance(node, (nodes.Tuple, nodes.List)) else [node]


def _formatted(pattern: str | None, values: list[str | None]) -> str | None:
    """A text with `%s` and the like in it, filled in."""
    specs = [] if pattern is None else SPEC.findall(pattern)
    if pattern is None or None in values or len(specs) != len(values) or not specs:
        return None
    filled = [_sign(str(value)) if spec == "c" else str(value) for spec, value in zip(specs, values, strict=True)]
    pieces = SPEC.split(pattern)[::2]
    return ("".join(piece + value for piece, value in zip(pieces, [*filled, ""], strict=True)))[:FOLDED_MAX]


def _sign(value: str) -> str:
    """The character of a number."""
    is_number = value.isascii() and value.isdigit() and len(value) < 8
    return chr(int(value)) if is_number and int(value) < 0x110000 else value


def _changed(name: str, value: str | None, args: list[str | None]) -> str | None:
    """What a filter or method makes of a text."""
    if value is None:
        return None
    if name == "replace" and len(args) >= 2 and args[0] and args[1] is not None:
        return value.replace(args[0], args[1], FOLDED_MAX // max(1, len(args[1])) + 1 if args[1] else -1)[:FOLDED_MAX]
    if name == "format":
        return _formatted(value, args) if SPEC.search(value) else _braces(value, args)
    if name in PLAIN:
        return PLAIN[name](value)
    return value[::-1] if name == "reverse" else None


def _braces(value: str, args: list[str | None]) -> str | None:
    """A text with `{}` in it, filled in."""
    if None in args or value.count("{}") != len(args):
        return None
    return _formatted(value.replace("%s", "%%").replace("{}", "%s"), args)


def _part(value: str | None, arg: nodes.Node) -> str | None:
    """A character or slice of a text."""
    if value is None:
        return None
    if isinstance(arg, nodes.Slice):
        bounds = [_number(one) for one in (arg.start, arg.stop, arg.step)]
        return value[bounds[0] : bounds[1] : bounds[2] or None]
    at = _number(arg)
    return value[at] if at is not None and -len(value) <= at < len(value) else None


def _number(node: nodes.Node | None) -> int | None:
    if isinstance(node, nodes.Neg):
        inner = _number(node.node)
        return None if inner is None else -inner
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, int) else None


def _is_huge(node: nodes.Node) -> bool:
    """Whether an expression is a number that nothing in a chat has."""
    if isinstance(node, nodes.Pow):
        base, power = _number(node.left), _number(node.right)
        return base is not None and power is not None and base > 1 and power * base.bit_length() > 20
    number = _number(node)
    return number is not None and number > REPEATED
