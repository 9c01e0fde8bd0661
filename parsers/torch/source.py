"""Source text in PyTorch archives: what it imports, calls and names, by its syntax tree; nothing is compiled or run.

TorchScript keeps the code of a module as a subset of Python (`torch/csrc/jit/serialization/python_print.cpp`), with
operators of Python written as `^name(…)`. A package of torch.package holds the modules themselves, which are read
as Python source is anywhere; what does not parse is read here, by name.
"""

from __future__ import annotations

import ast
import re
import warnings

from modelaudit.engine.facts import Code, Defect, Limit, Place, clean
from modelaudit.parsers.repository.source import code_facts, cut_short

SOURCE_MAX = 8 * 1024 * 1024  # bytes of one member that are read
PART_MAX = 256 * 1024  # characters that are parsed at once
FOUND_MAX = 4096  # different names of one kind
TEXT_MAX = 1024  # characters of a constant
CONSTANTS_MAX = 256
PYTHON = "python"
FIELDS = ("names", "attributes", "imports", "calls")
PYTHON_OP = "prim.PythonOp"
_CALLED = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_TOP = re.compile(r"^(?=(?:class|def|import|from)\b)", re.MULTILINE)
_PYTHON_OP = re.compile(r"(?<![\w)\]])\s*\^\s*(\w+)\s*\(")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.reader import Reader


class Source:
    """What was found in one text. `inside` is what runs when something in it is called, `outside` on import."""

    __slots__ = ("aliases", "attributes", "broken", "constants", "imports", "inside", "names", "outside")

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.constants: dict[str, None] = {}
        self.imports: set[str] = set()
        self.inside: set[str] = set()
        self.outside: set[str] = set()
        self.aliases: dict[str, str] = {}
        self.broken = False

    def part(self, text: str) -> None:
        """Take in a part of the text that begins at the left margin."""
        plain, operators = _PYTHON_OP.subn(rf" {PYTHON_OP}.\1(", text)
        if operators:
            self.inside.add(PYTHON_OP)
        try:
            if len(text) > PART_MAX:
                raise ValueError("a part is too long")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(plain)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.broken = True
            self.inside.update(_CALLED.findall(plain)[:FOUND_MAX])
            return
        self.tree(tree)

    def tree(self, tree: ast.Module) -> None:
        """Take in a syntax tree."""
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self.imported(node)
        queue: list[tuple[ast.AST, bool]] = [(tree, False)]
        while queue:
            node, inside = queue.pop()
            self.node(node, inside=inside)
            deeper = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            queue.extend((child, deeper) for child in ast.iter_child_nodes(node))

    def imported(self, node: ast.Import | ast.ImportFrom) -> None:
        """Note what a statement imports, and under which name."""
        module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            whole = f"{module}.{alias.name}" if module else alias.name
            self.imports.add(module or alias.name)
            first = alias.name if module else alias.name.partition(".")[0]
            self.aliases[alias.asname or first] = whole if module or alias.asname else first

    def node(self, node: ast.AST, *, inside: bool) -> None:
        """Note what one node names, calls or holds."""
        if isinstance(node, ast.Call):
            name = self.dotted(node.func)
            if name:
                (self.inside if inside else self.outside).add(name)
        elif isinstance(node, ast.Name):
            self.names.add(node.id)
        elif isinstance(node, ast.Attribute):
            self.attributes.add(node.attr)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.names.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(self.constants) < FOUND_MAX:
            self.constants[clean(node.value[:TEXT_MAX])[0]] = None

    def dotted(self, node: ast.AST) -> str:
        """The dotted name of an expression; of what is no name only the attribute, such as `.forward`."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            parts.append(self.aliases.get(node.id, node.id))
        elif parts:
            return f"?.{parts[0]}"
        return ".".join(reversed(parts))


def read(path: str, name: str, reader: Reader, language: str, offset: int) -> Iterator[Fact]:
    """The facts of one member: what runs on import apart from what runs when it is called."""
    data = reader.read_at(0, SOURCE_MAX)
    place = Place(offset=offset)
    if reader.size > SOURCE_MAX:
        yield Limit(path, what="source", at=reader.size, budget=SOURCE_MAX, by="file", affects=frozenset(["code"]))
    codes = code_facts(path, data) if language == PYTHON else None
    if codes is not None:
        for code in codes:
            yield code.replace(excerpt=clean(name)[0], places=(place,))
        yield from cut_short(path, codes)
        return
    text = data.decode("utf-8", "replace")
    source = Source()
    for part in _parts(text):
        source.part(part)
    if source.broken:
        yield Defect(path, code="source-syntax", detail=clean(name)[0], places=(place,))
    always = "import" if language == PYTHON else "function"
    for phase, calls in (("import", source.outside), ("function", source.inside)):
        if calls or phase == always:
            yield _fact(path, name, language, phase, source, calls, len(text), place)


def _parts(text: str) -> Iterator[str]:
    """The text, cut before definitions and imports at the left margin, in parts that are parsed one by one."""
    start, parts = 0, [match.start() for match in _TOP.finditer(text)] + [len(text)]
    last = 0
    for end in parts:
        if end - start > PART_MAX and last > start:
            yield text[start:last]
            start = last
        last = end
    if start < len(text):
        yield text[start:]


def _fact(
    path: str, name: str, language: str, phase: str, source: Source, calls: set[str], size: int, place: Place
) -> Code:
    found = (source.names, source.attributes, source.imports, calls)
    names, attributes, imports, called = (frozenset([clean(w)[0] for w in sorted(f)[:FOUND_MAX]]) for f in found)
    cut = [key for key, words in zip(FIELDS, found, strict=True) if len(words) > FOUND_MAX]
    return Code(
        path,
        language=language,
        names=names,
        attributes=attributes,
        imports=imports,
        calls=called,
        constants=tuple(source.constants)[:CONSTANTS_MAX],
        computed_attribute="getattr" in calls,
        phase=phase,
        excerpt=clean(name)[0],
        size=size,
        places=(place,),
        cut=frozenset([*cut, *(["constants"] if len(source.constants) > CONSTANTS_MAX else [])]),
    )
