"""The tree of a skops schema, as calls, imports and state: what each loader does with the names of its node.

Sources: `skops/io/_general.py`, `_numpy.py`, `_scipy.py`, `_sklearn.py` of versions 0.2 to 0.16. Loaders before 0.12
took the module of an operator, and the class of a method's object, for what is shown only (CVE-2025-54412,
CVE-2025-54413); such a tree is a defect.
"""

from __future__ import annotations

from modelaudit.engine.facts import Call, Defect, Import, Limit, Place, Setattr, clean
from modelaudit.parsers.base import Property
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.pickle.names import Spelling
from modelaudit.parsers.skops.nodes import (
    JSON,
    argument,
    arguments,
    child,
    constant,
    is_node,
    keywords,
    loader,
    named,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from modelaudit.engine.facts import Arg, Fact, Kwarg
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.keras.document import Tree

    Handler = Callable[["Reading", Object, Place], Iterator[Fact]]

READ_MAX = 64 * 1024 * 1024  # bytes
POINTER_MAX = 500  # characters of a pointer that is told
STEP = 4096  # values between two looks at the clock
KEYS_MAX = 256
FACTS = frozenset({"import", "call", "setattr"})
PLAIN = {"DictNode": "dict", "ListNode": "list", "SetNode": "set", "TupleNode": "tuple"}  # loader and its own type
GENERATOR = "RandomGeneratorNode"


def parse_schema(artifact: Input, context: Context) -> Iterator[Fact | Property]:
    """The text itself, and what loading its tree does."""
    from modelaudit.parsers.plain.text import parse_text

    yield from parse_text(artifact, context)  # type: ignore[misc]
    reader, path = artifact.reader, artifact.path
    if reader.size > READ_MAX:
        yield Limit(path, what="size", at=reader.size, budget=READ_MAX, by="file", affects=FACTS)
        return
    try:
        tree = read_json(reader.read_at(0, reader.size))
    except TooLarge as large:
        yield Limit(path, what=large.what, at=large.at, budget=large.budget, by="file", affects=FACTS)
        return
    except DocumentError as error:
        yield Defect(path, code="skops-not-json", detail=clean(str(error))[0], affects=FACTS)
        return
    yield from _about(tree)
    yield from Reading(path, context).tree(tree)


def _about(tree: Tree) -> Iterator[Property]:
    """What wrote the file."""
    if not isinstance(tree, Object):
        return
    yield Property("producer", "skops")
    version = tree.text("_skops_version")
    if version is not None:
        yield Property("producer_version", version[:100])
    if isinstance(tree.get("protocol"), int):
        yield Property("version", str(tree.get("protocol")))


class Reading:
    """One tree while it is read."""

    def __init__(self, path: str, context: Context) -> None:
        self.path = path
        self.context = context
        self.id = 0

    def tree(self, tree: Tree) -> Iterator[Fact]:
        """The facts of every node, also of those that only another node's operands hold."""
        stack: list[tuple[Any, str]] = [(tree, "")]
        seen = 0
        while stack:
            value, pointer = stack.pop()
            seen += 1
            if seen % STEP == 0:
                self.context.check()
            if isinstance(value, list):
                stack.extend((item, f"{pointer}/{index}") for index, item in reversed(list(enumerate(value))))
            elif isinstance(value, Object):
                if is_node(value):
                    yield from HANDLERS.get(loader(value), _made)(self, value, self.place(pointer))
                stack.extend((item, f"{pointer}/{key}"[:POINTER_MAX]) for key, item in reversed(value.pairs))

    @staticmethod
    def place(pointer: str) -> Place:
        """The place of a node."""
        return Place(pointer=clean(pointer[:POINTER_MAX])[0])

    def resolved(self, spelling: Spelling, how: str, uses: set[str], place: Place) -> Import:
        """A name that a loader resolves."""
        return Import(
            self.path,
            module=spelling.module,
            name=spelling.name,
            qualname=spelling.qualname,
            names=spelling.names,
            segments=spelling.segments,
            opcode=how,
            uses=frozenset(uses),
            places=(place,),
            cut=frozenset({"module", "name"}) if spelling.cut else frozenset(),
            lossy=spelling.lossy,
        )

    def called(
        self,
        spelling: Spelling,
        kind: str,
        args: tuple[Arg, ...] | None,
        place: Place,
        kwargs: tuple[Kwarg, ...] = (),
    ) -> Call:
        """A call of what a name resolves to; operands that are None are not known."""
        self.id += 1
        return Call(
            self.path,
            id=self.id,
            target=spelling.qualname,
            names=spelling.names,
            kind=kind,
            args=args or (),
            kwargs=kwargs,
            consumed=True,
            places=(place,),
            unknown=frozenset({"args"}) if args is None else frozenset(),
        )

    def state(self, spelling: Spelling, node: Object | None, place: Place) -> Iterator[Setattr]:
        """The state that an instance is given."""
        content = child(node, "content") if node is not None else None
        if content is None:
            return
        values = [argument(value) for _, value in content.pairs]
        yield Setattr(
            self.path,
            target=spelling.qualname,
            names=spelling.names,
            target_is="instance",
            via="BUILD",
            keys=frozenset(clean(key)[0] for key, _ in content.pairs[:KEYS_MAX]),
            callable_values=frozenset(one.qualname for one in values if one.type == "import" and one.qualname),
            places=(place,),
        )

    def lie(self, detail: str, code: str, place: Place) -> Defect:
        """A node that shows another name than the one that is used."""
        return Defect(self.path, code=code, detail=clean(detail)[0], places=(place,))


def _spelling(node: Object) -> Spelling:
    module, name = named(node)
    return Spelling(module, name, 4)


def _nothing(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    """Loaders that resolve no name of the file."""
    return iter(())


def _reference(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    yield reading.resolved(_spelling(node), loader(node), {"ref"}, place)


def _made(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    """Loaders that call the class with what they make of the file, and loaders that nobody knows."""
    yield reading.resolved(_spelling(node), loader(node), {"called"}, place)


def _container(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    """A container of another type than the loader's own: it is called with the items, or with nothing."""
    word = PLAIN.get(loader(node))
    if named(node) == ("builtins", word):
        return
    spelling = _spelling(node)
    yield reading.resolved(spelling, loader(node), {"called"}, place)
    if loader(node) != "DefaultDictNode":
        empty = word == "dict"
        yield reading.called(spelling, "reduce", () if empty else (argument(None).replace(type="list"),), place)


def _object(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    spelling, content = _spelling(node), child(node, "content")
    yield reading.resolved(spelling, loader(node), {"called"}, place)
    yield reading.called(spelling, "newobj", (), place)
    yield from reading.state(spelling, content, place)


def _constructor(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    spelling = _spelling(node)
    yield reading.resolved(spelling, loader(node), {"called"}, place)
    yield reading.called(spelling, "reduce", arguments(child(node, "content")), place)


def _reduced(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    """Loaders that call a constructor with operands and set a state."""
    spelling = _spelling(node)
    yield reading.resolved(spelling, loader(node), {"called"}, place)
    yield reading.called(spelling, "reduce", arguments(child(node, "__reduce__", "args")), place)
    yield from reading.state(spelling, child(node, "content"), place)


def _method(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    """`getattr` of an object and a name; the node shows the class of the object, or another."""
    owner, content = child(node, "content", "obj"), child(node, "content")
    function = content.get("func") if content is not None else None
    yield _spelled(reading, node, place)
    text = argument(None).replace(type="str", value=clean(function)[0]) if isinstance(function, str) else None
    args = (argument(owner), text) if text is not None else None
    yield reading.called(Spelling("builtins", "getattr", 4), "implicit", args, place)
    if owner is None or named(owner) != named(node):
        shown, real = ".".join(named(node)), ".".join(named(owner)) if owner is not None else "nothing"
        yield reading.lie(f"a method of {shown} is one of {real}", "skops-method", place)


def _spelled(reading: Reading, node: Object, place: Place) -> Import:
    return reading.resolved(_spelling(node), loader(node), {"ref"}, place)


def _operator(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    """A function of `operator` that is called, whatever module the node shows."""
    module, name = named(node)
    spelling = Spelling("operator", name, 4)
    yield reading.resolved(spelling, loader(node), {"called"}, place)
    yield reading.called(spelling, "reduce", arguments(child(node, "attrs")), place)
    if module != "operator":
        yield _spelled(reading, node, place)
        yield reading.lie(f"{module}.{name} is operator.{name}", "skops-operator", place)


def _partial(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    spelling = Spelling("functools", "partial", 4)
    function, rest = child(node, "content", "func"), arguments(child(node, "content", "args"))
    args = (argument(function), *rest) if function is not None and rest is not None else None
    yield reading.resolved(spelling, loader(node), {"called"}, place)
    yield reading.called(spelling, "reduce", args, place, keywords(child(node, "content", "kwds")))


def _array(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    """An array, which is read; scalars and other classes are called with it."""
    uses = {"ref"} if named(node) == ("numpy", "ndarray") else {"called"}
    yield reading.resolved(_spelling(node), loader(node), uses, place)


def _generator(reading: Reading, node: Object, place: Place) -> Iterator[Fact]:
    """A generator of random numbers, whose source is looked up in `numpy.random` by a name in its state."""
    yield from _made(reading, node, place)
    name = constant(child(node, "content", "bit_generator", "content", "bit_generator"))
    if isinstance(name, str):
        yield reading.resolved(Spelling("numpy.random", name, 4), loader(node), {"called"}, place)


HANDLERS: dict[str, Handler] = {
    JSON: _nothing,
    "BytesNode": _nothing,
    "BytearrayNode": _nothing,
    "SliceNode": _nothing,
    "DTypeNode": _nothing,
    "CachedNode": _nothing,
    "FunctionNode": _reference,
    "TypeNode": _reference,
    "DictNode": _container,
    "DefaultDictNode": _container,
    "ListNode": _container,
    "SetNode": _container,
    "TupleNode": _container,
    "ObjectNode": _object,
    "ConstructorFromReduceNode": _constructor,
    "TreeNode": _reduced,
    "LossNode": _reduced,
    "QuantileForestNode": _reduced,
    "MethodNode": _method,
    "OperatorFuncNode": _operator,
    "PartialNode": _partial,
    "NdArrayNode": _array,
    GENERATOR: _generator,
}
