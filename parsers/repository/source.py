"""Python source beside a model: what it imports and calls, by its syntax tree; nothing is compiled or run.

What runs on import, what runs when an object is made, copied or thrown away, and what runs when it is called are
apart. Module level, class bodies, decorators and default values belong to the first, and so do functions they call.
Text that is written out as the argument of `exec` or `eval` runs where the call stands. Methods of the commands of
`setup.py` are called by pip: https://setuptools.pypa.io/en/latest/userguide/extension.html.
"""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import warnings
from functools import cache
from itertools import islice

from modelaudit.engine.facts import Code, Defect, Flow, Limit, Place, clean
from modelaudit.parsers.repository.constants import folded
from modelaudit.parsers.repository.flows import Flows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader

READ_MAX = 8 * 1024 * 1024  # bytes
PARSED_MAX = 1024 * 1024  # characters of a text that is parsed
TOKENS_MAX = 200_000  # of a text that is parsed: a tree takes up to two thousand bytes for each
FOUND_MAX = 16_384  # names of one kind
CONSTANTS_MAX = 256
FLOWS_MAX = 4096
SHOWN = 1024
DEPTH_MAX = 60  # expressions in the arguments of others that say what these are
KNOWN_MAX = 10_000  # expressions whose names are kept
STARS_MAX = 256  # modules of which all names are imported that are told apart
STARRED_MAX = 262_144  # names that calls may have by them
WRITTEN_MAX = 256  # texts that are run where they are written out
BUILTINS = frozenset(dir(builtins))
IMPORT, METHOD, FUNCTION = "import", "method", "function"
TOKEN = re.compile(rb"[\w\x80-\xff]++|[^\w\s]")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
LITERALS = (ast.Constant, ast.Dict, ast.DictComp, ast.List, ast.ListComp, ast.Set, ast.SetComp, ast.Tuple)


@cache
def _calls() -> dict[str, Any]:
    """What runs without a call by name: `calls.json`."""
    with open(os.path.join(os.path.dirname(__file__), "calls.json"), "rb") as file:
        doc: dict[str, Any] = json.loads(file.read())
    return doc


@cache
def _followed() -> frozenset[str]:
    return frozenset(_calls()["followed"])


def is_source(reader: Reader) -> bool:
    """Whether a text parses as Python and has a statement that does something."""
    tree = parsed(reader.read_at(0, reader.size))
    if tree is None:
        return False
    acting = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, acting) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            return True
        if not isinstance(node, ast.Expr) and any(isinstance(inner, ast.Call) for inner in ast.walk(node)):
            return True
    return False


def parse_source(artifact: Input, context: Context) -> Iterator[Fact]:
    """The facts of a file: one `code` for each time at which a part of it runs."""
    reader = artifact.reader
    if reader.size > READ_MAX:
        affects = frozenset({"code"})
        yield Limit(artifact.path, what="source", at=reader.size, budget=READ_MAX, by="file", affects=affects)
        return
    context.check()
    yield from source_facts(artifact.path, reader.read_at(0, reader.size))


def source_facts(path: str, data: bytes) -> Iterator[Fact]:
    """The facts of source text; a defect when it is no Python."""
    affects = frozenset({"code"})
    if tokens(data) >= TOKENS_MAX:
        yield Limit(path, what="source", at=TOKENS_MAX, budget=TOKENS_MAX, by="file", affects=affects)
        return
    codes = code_facts(path, data)
    if codes is None:
        yield Defect(path, code="python-syntax", detail="the source does not parse", affects=affects)
        return
    yield from codes
    yield from cut_short(path, codes)


def cut_short(path: str, codes: list[Code]) -> Iterator[Limit]:
    """That not all calls were told or looked for, when that is so."""
    if any("calls" in code.cut for code in codes):
        yield Limit(path, what="source", at=FOUND_MAX, budget=FOUND_MAX, by="file", affects=frozenset({"code"}))


def code_facts(path: str, data: bytes) -> list[Code] | None:
    """What runs on import first, always; then what runs by itself, and what runs when it is called. None: no Python."""
    tree = parsed(data)
    if tree is None:
        return None
    names = Names(tree)
    found = Calls(names)
    found.module(tree)
    phases = [phase for phase in (IMPORT, METHOD, FUNCTION) if found.calls[phase] or phase == IMPORT]
    flows = found.flows()
    return [_fact(path, phase, found, names, len(data), flows[phase]) for phase in phases]


def _fact(path: str, phase: str, found: Calls, names: Names, size: int, flows: set[tuple[str, str]]) -> Code:
    calls = found.calls[phase]
    cut = {"constants"} if len(names.constants) > CONSTANTS_MAX else set()
    return Code(
        path,
        language="python",
        names=words(names.used),
        attributes=words(names.attributes),
        imports=words(names.imports),
        calls=words(calls),
        constants=tuple(clean(text[:SHOWN])[0] for text in list(names.constants)[:CONSTANTS_MAX]),
        computed_attribute="builtins.getattr" in calls,
        assembled=words(names.assembled),
        flows=pairs(flows),
        phase=phase,
        size=size,
        places=(Place(offset=0),),
        cut=frozenset(cut | crowded(names, calls, cut=found.cut)),
    )


def words(found: set[str]) -> frozenset[str]:
    """Names as facts have them, so many of them."""
    return frozenset(clean(word[:SHOWN])[0] for word in sorted(found)[:FOUND_MAX])


def pairs(found: set[tuple[str, str]]) -> tuple[Flow, ...]:
    """What reaches calls as facts have it, so many of them."""
    return tuple(Flow(target=target, source=clean(source[:SHOWN])[0]) for target, source in sorted(found)[:FLOWS_MAX])


def crowded(names: Names, calls: set[str], *, cut: bool) -> set[str]:
    """Fields of which more was found than is told; `cut` says that there are calls that were not looked for."""
    fields = {"names": names.used, "attributes": names.attributes, "imports": names.imports, "calls": calls}
    most = {field for field, found in fields.items() if len(found) > FOUND_MAX}
    return most | {"names", "attributes", "imports", "calls", "assembled", "flows"} if cut or names.cut else most


def parsed(data: bytes) -> ast.Module | None:
    """The syntax tree of a text, None when it has none. The encoding is the one that the text declares."""
    if len(data) > PARSED_MAX * 4 or tokens(data) >= TOKENS_MAX:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError):
        return None


def tokens(data: bytes) -> int:
    """How many words and signs a text has; `TOKENS_MAX` for any number that is no smaller."""
    return sum(1 for _ in islice(TOKEN.finditer(data), TOKENS_MAX))


class Names:
    """What names of a module mean: imports under their own names, and what the module itself defines."""

    def __init__(self, tree: ast.Module) -> None:
        self.aliases: dict[str, str] = {}
        self.own: set[str] = set()  # what is defined or set in the module, so that it is no built-in
        self.defined: set[str] = set()  # functions, classes and literals: none of them is a module
        self.changed: set[str] = set()  # what is set to something else somewhere
        self.imports: set[str] = set()
        self.used: set[str] = set()
        self.attributes: set[str] = set()
        self.constants: dict[str, None] = {}
        self.assembled: set[str] = set()  # names that are put together, or decoded, before they are looked up
        self._renamed: list[ast.Assign] = []  # where a name in a function is given another one
        self.stars: list[str] = []  # modules of which all names are imported
        self.cut = False
        self._known: dict[int, tuple[ast.AST, str]] = {}  # by the identity of the expression, which is kept
        self._depth = 0
        self.take(tree)

    def take(self, tree: ast.Module) -> None:
        """Take in the names of a module, or of a text that it runs."""
        self._known.clear()
        for node in ast.walk(tree):
            self._note(node)
        self._assigned(tree)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._imported(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.own.add(node.name)
            self.defined.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.value, LITERALS):
            self.defined.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.Assign):
            self.changed.update(target.id for target in node.targets if isinstance(target, ast.Name))
            self._renamed += [node] if isinstance(node.value, (ast.Name, ast.Attribute)) else []
        elif isinstance(node, ast.Name):
            self.used.add(node.id)
        elif isinstance(node, ast.Attribute):
            self.attributes.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.constants[node.value] = None

    def _imported(self, node: ast.Import | ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            if alias.name == "*" and module not in self.stars:
                self.cut = self.cut or len(self.stars) >= STARS_MAX
                self.stars += [module] if len(self.stars) < STARS_MAX else []
            whole = f"{module}.{alias.name}" if module else alias.name
            self.imports.add(module or alias.name)
            first = alias.name if module else alias.name.partition(".")[0]
            self.aliases[alias.asname or first] = whole if module or alias.asname else first

    def _assigned(self, tree: ast.Module) -> None:
        """Names at module level that stand for something else: `run = os.system`, `__import__("os")`."""
        for node in tree.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                value = self.dotted(node.value)
                name = node.targets[0].id
                if value and "?" not in value and len(value) <= SHOWN:
                    self.aliases.setdefault(name, value)
                else:
                    self.own.add(name)
                self._known.clear()
        followed = _calls()["followed"]
        for renamed in self._renamed:
            if (value := self.dotted(renamed.value)) in followed and isinstance(renamed.targets[0], ast.Name):
                self.aliases.setdefault(renamed.targets[0].id, value)
        self._renamed.clear()
        self._known.clear()

    def is_module(self, name: str) -> bool:
        """Whether a name with a dot behind it may be that of a module: nothing that is plainly something else."""
        return name in self.aliases or name not in self.defined or name in self.changed

    def dotted(self, node: ast.AST) -> str:
        """The dotted name of an expression, as far as it is one; what it starts from otherwise is `?`."""
        known = self._known.get(id(node))
        if known is not None:
            return known[1]
        if self._depth >= DEPTH_MAX:
            return "?"
        if not self._depth and len(self._known) > KNOWN_MAX:
            self._known.clear()
        self._depth += 1
        for inner in reversed(self._within(node)):
            self._known[id(inner)] = inner, self._spelled(inner)
        self._depth -= 1
        return self._known[id(node)][1]

    def _within(self, node: ast.AST) -> list[ast.AST]:
        """The expression and those that it is of, from the outermost on; what was named before is left out."""
        found = [node]
        while isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
            node = node.func if isinstance(node, ast.Call) else node.value
            if id(node) in self._known:
                break
            found.append(node)
        return found

    def _spelled(self, node: ast.AST) -> str:
        parts: list[str] = []
        hidden = False
        while True:
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif (pair := self._fetched(node) or self._looked_up(node)) is not None:
                hidden = hidden or not isinstance(_name_in(node, 1), ast.Constant)
                parts.append(pair[1])
                node = pair[0]
            else:
                break
        base = self._base(node)
        parts.append(base if not parts or self.is_module(base) else "?")
        name = ".".join(reversed(parts))
        if (hidden or (base != "?" and self._is_assembled(node))) and len(self.assembled) < FOUND_MAX:
            self.assembled.add(name)
        return name

    def _fetched(self, node: ast.AST) -> tuple[ast.AST, str] | None:
        """Object and name of `getattr(x, "name")`."""
        if not isinstance(node, ast.Call) or len(node.args) < 2 or self.dotted(node.func) != "builtins.getattr":
            return None
        name = folded(node.args[1])
        return None if name is None else (node.args[0], name)

    def _looked_up(self, node: ast.AST) -> tuple[ast.AST, str] | None:
        """Object and name of `x.__dict__["name"]` and `vars(x)["name"]`, which are the attribute of that name."""
        name = folded(node.slice) if isinstance(node, ast.Subscript) else None
        if name is None or not isinstance(node, ast.Subscript):
            return None
        outer = node.value
        if isinstance(outer, ast.Attribute) and outer.attr == "__dict__":
            return outer.value, name
        if isinstance(outer, ast.Name) and outer.id == "__builtins__":
            return outer, name
        is_vars = isinstance(outer, ast.Call) and len(outer.args) == 1 and self.dotted(outer.func) == "builtins.vars"
        return (outer.args[0], name) if isinstance(outer, ast.Call) and is_vars else None

    def _base(self, node: ast.AST) -> str:
        if isinstance(node, ast.Subscript) and self.dotted(node.value) == "sys.modules":
            return folded(node.slice) or "?"
        if isinstance(node, ast.Name):
            if node.id == "__builtins__" and node.id not in self.own:
                return "builtins"
            if node.id in self.aliases:
                return self.aliases[node.id]
            known = node.id in BUILTINS and node.id not in self.own
            return f"builtins.{node.id}" if known else node.id
        if isinstance(node, ast.Call) and node.args:
            head = self.dotted(node.func)
            if head == _calls()["partial"]:
                return self.dotted(node.args[0])
            loads = head == "builtins.__import__" or self._is_import_module(node.func)
            name = folded(node.args[0]) if loads else None
            if name is not None:
                return name
        return "?"

    def _is_assembled(self, node: ast.AST) -> bool:
        """Whether a module that is imported, or looked up, is named by more than one text as it stands."""
        if isinstance(node, ast.Call) and self.dotted(node.func) == _calls()["partial"]:
            return False
        return isinstance(node, (ast.Call, ast.Subscript)) and not isinstance(_name_in(node, 0), ast.Constant)

    def _is_import_module(self, node: ast.AST) -> bool:
        """Whether an expression is `importlib.import_module`, whose result is the module that it is given."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return self.aliases.get(node.value.id) == "importlib" and node.attr == "import_module"
        return isinstance(node, ast.Name) and self.aliases.get(node.id) == "importlib.import_module"


class Calls:
    """Callables by the time at which they are called."""

    def __init__(self, names: Names) -> None:
        self.calls: dict[str, set[str]] = {IMPORT: set(), METHOD: set(), FUNCTION: set()}
        self._names = names
        commands = _calls()["commands"]
        also = commands["methods"] if not names.imports.isdisjoint(commands["modules"]) else ()
        self._implicit = frozenset((*_calls()["implicit"], *also))
        self._inside: dict[str, set[str]] = {}  # what functions of the module call
        self._texts: set[str] = set()  # that are run where they are written out
        self._left = PARSED_MAX  # characters of further ones
        self._stars_left = STARRED_MAX
        self._trees: list[ast.Module] = []  # of the module, and of those texts
        self._sinks: list[tuple[ast.Call, str, str, str]] = []  # calls that are followed: phase, function, callable
        self.cut = False

    def module(self, tree: ast.Module) -> None:
        """Take in a module, and follow what it calls of its own on import."""
        self._trees.append(tree)
        self._walk([(child, IMPORT, "") for child in tree.body])
        for phase in (IMPORT, METHOD):
            self._follow(phase)

    def _walk(self, stack: list[tuple[ast.AST, str, str]]) -> None:
        while stack:
            node, phase, function = stack.pop()
            if isinstance(node, FUNCTIONS):
                stack += self._function(node, phase, function)
                continue
            if isinstance(node, ast.If) and _is_main(node.test):
                stack += [(child, FUNCTION, function) for child in node.body]
                stack += [(child, phase, function) for child in node.orelse]
                continue
            if isinstance(node, ast.Call):
                self._call(node, phase, function)
                stack += [(child, phase, function) for child in self._written(node)]
                for name in self._handed(node):
                    self._add(name, phase, function)
                if isinstance(node.func, ast.Lambda):
                    stack += [(child, phase, function) for child in _at_once(node, node.func)]
                    continue
            stack += [(child, phase, function) for child in ast.iter_child_nodes(node)]

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, phase: str, function: str
    ) -> Iterator[tuple[ast.AST, str, str]]:
        """What of a function runs when it is defined, and what later."""
        for default in [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]:
            yield default, phase, function
        if isinstance(node, ast.Lambda):
            yield node.body, FUNCTION, function
            return
        for decorator in node.decorator_list:
            yield decorator, phase, function
            name = self._names.dotted(decorator)
            if not isinstance(decorator, ast.Call) and "?" not in name:
                self._add(name, phase, function)
        later = METHOD if node.name in self._implicit else FUNCTION
        self._inside.setdefault(node.name, set())
        for child in node.body:
            yield child, later, node.name

    def _handed(self, node: ast.Call) -> Iterator[str]:
        """Callables of other modules that a call calls itself."""
        if self._names.dotted(node.func) not in _calls()["callers"]:
            return
        for one in [*node.args, *(pair.value for pair in node.keywords)]:
            name = self._names.dotted(one) if isinstance(one, (ast.Name, ast.Attribute)) else "?"
            if "." in name and "?" not in name:
                yield name

    def _call(self, node: ast.Call, phase: str, function: str) -> None:
        name = self._names.dotted(node.func)
        if name and name != "?":
            self._add(name, phase, function)
            if name in _followed() and _takes_code(node, name):
                self.cut = self.cut or len(self._sinks) >= FOUND_MAX
                self._sinks += [(node, phase, function, name)] if len(self._sinks) < FOUND_MAX else []
            if "." not in name and name not in self._names.own:
                self._starred(name, phase, function)

    def _starred(self, name: str, phase: str, function: str) -> None:
        """A name that modules may have given of which all names are imported."""
        self._stars_left -= len(self._names.stars)
        if self._stars_left < 0:
            self.cut = True
            return
        for module in self._names.stars:
            self._add(f"{module}.{name}", phase, function)

    def _written(self, node: ast.Call) -> list[ast.stmt]:
        """The statements of a text that is run where it is written out."""
        first = node.args[0] if node.args and self._names.dotted(node.func) in _calls()["runners"] else None
        if isinstance(first, ast.Call) and first.args and self._names.dotted(first.func) == "builtins.compile":
            first = first.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, (str, bytes)):
            text: str | None = first.value if isinstance(first.value, str) else first.value.decode("utf-8", "replace")
        else:
            text = folded(first)
        tree = self._parsed(text) if text is not None and text not in self._texts else None
        if tree is None:
            return []
        self._names.take(tree)
        self._trees.append(tree)
        return tree.body

    def _parsed(self, text: str) -> ast.Module | None:
        """The tree of a text that is run; texts can give ever more of them, so that there is a measure."""
        self._left -= len(text)
        if self._left < 0 or len(self._texts) >= WRITTEN_MAX:
            self.cut = True
            return None
        self._texts.add(text)
        return parsed(text.encode("utf-8", "replace"))

    def flows(self) -> dict[str, set[tuple[str, str]]]:
        """What reaches the calls that are followed, by the time of the call: pairs of callable and source."""
        found: dict[str, set[tuple[str, str]]] = {phase: set() for phase in self.calls}
        if not self._sinks:
            return found
        flows = Flows(self._names, frozenset(_calls()["callers"]))
        flows.settle(self._trees)
        for node, phase, function, name in reversed(self._sinks):
            come = {(name, source) for source in flows.reaching(node, function)}
            for when, calls in self.calls.items():
                if when == phase or (function and not calls.isdisjoint((function, f"self.{function}"))):
                    found[when] |= come
        self.cut = self.cut or flows.cut or any(len(come) > FLOWS_MAX for come in found.values())
        return found

    def _add(self, name: str, phase: str, function: str) -> None:
        self.calls[phase].add(name)
        if function:
            self._inside.setdefault(function, set()).add(name)

    def _follow(self, phase: str) -> None:
        """Functions of the module that are called at a time: what they call is called then, too."""
        found = self.calls[phase]
        queue = list(found)
        while queue:
            name = queue.pop()
            for inner in self._inside.get(name.removeprefix("self."), ()) if name.count(".") <= 1 else ():
                if inner not in found:
                    found.add(inner)
                    queue.append(inner)


def _takes_code(call: ast.Call, name: str) -> bool:
    """Whether a call that is followed runs or unpickles what it is given: keywords of some say that they do not."""
    given = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
    unless, needed = _calls()["followed_unless"].get(name, {}), _calls()["followed_if"].get(name, {})
    known = {word.arg for word in call.keywords}
    if any(given.get(key) is value for key, value in unless.items()):
        return False
    return all(key in known and given.get(key, value) is value for key, value in needed.items())


def _name_in(node: ast.AST, place: int) -> ast.AST | None:
    """The expression of the name in a subscript, or in the argument of a call at that place."""
    if isinstance(node, ast.Call):
        return node.args[place] if len(node.args) > place else None
    return node.slice if isinstance(node, ast.Subscript) else None


def _at_once(call: ast.Call, function: ast.Lambda) -> Iterator[ast.AST]:
    """What runs with the call of a lambda that is written where it is called."""
    yield from call.args
    yield from call.keywords
    yield function.body
    yield function.args


def _is_main(test: ast.AST) -> bool:
    """Whether a condition is `__name__ == "__main__"`, or holds only when that does."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    for part in parts:
        if isinstance(part, ast.Compare) and isinstance(part.left, ast.Name) and part.left.id == "__name__":
            return isinstance(part.ops[0], ast.Eq)
    return False
