"""The facts of a model of TensorFlow.js."""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, Op, Place, Reference, Tensor, clean, decode, path_class
from modelaudit.parsers.base import Property
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.notes import FileBudget, Notes
from modelaudit.parsers.tfjs.manifest import groups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested
    from modelaudit.parsers.keras.document import Tree
    from modelaudit.parsers.tfjs.manifest import Group

SIZE = 64 * 1024 * 1024
CONTENT = frozenset({"op", "tensor", "text", "metadata", "reference"})
KNOWN = ("modelTopology", "weightsManifest")
INPUTS = 8
CHECKED = 4096  # steps between two looks at the time


def parse_model(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the model says; the configuration of layers is read by the parser of Keras."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Model(notes).items())


class _Model:
    """One model while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def items(self) -> Iterator[Fact | Nested | Property]:
        """Text, metadata, operators, weights."""
        reader = self.notes.reader
        if reader.size > SIZE:
            raise FileBudget("size", reader.size, SIZE)
        raw = reader.read_at(0, reader.size)
        text, lossy = decode(raw[: 4 * TEXT_MAX])
        self.notes.words(text, "config", "model", 0, lossy=lossy, cut=len(raw) > 4 * TEXT_MAX)
        try:
            tree = read_json(raw)
        except DocumentError as bad:
            self.notes.fail("bad-json", str(bad), 0)
        except TooLarge as large:
            raise FileBudget(large.what, large.at or 0, large.budget or 0) from None
        else:
            yield from self.model(tree)
        yield from self.notes.flush()

    def model(self, tree: Tree) -> Iterator[Fact | Nested | Property]:
        """The parts of the outermost object."""
        if not isinstance(tree, Object):
            self.notes.fail("bad-json", "the model is no object", 0)
            return
        for key in tree.repeated():
            self.notes.defect("duplicate-keys", key, 0)
        yield Property("producer", clean((tree.text("generatedBy") or "")[:256])[0])
        for key, value in tree.pairs:
            if key not in KNOWN:
                self.texts(f"/{key}", value)
        yield from self.notes.flush()
        for topology in (value for key, value in tree.pairs if key == "modelTopology"):
            if isinstance(topology, Object):
                yield from self.graph(topology)
        for group in groups(tree):
            yield from self.group(group)

    def texts(self, path: str, value: Tree) -> None:
        """Note every text below a key as metadata."""
        rest = [(path, value)]
        while rest:
            path, value = rest.pop()
            if isinstance(value, Object):
                rest += [(f"{path}/{key}"[:1024], inner) for key, inner in value.pairs]
            elif isinstance(value, list):
                rest += [(path, inner) for inner in value]
            elif isinstance(value, str) and value:
                key, text = clean(path.removeprefix("/"))[0], clean(value)
                self.notes.metadata(key, text[0], "string", 0, lossy=text[1])

    def graph(self, topology: Object) -> Iterator[Fact | Nested]:
        """The operators of a graph and of its functions."""
        library = topology.get("library")
        listed = _list(library.get("function")) if isinstance(library, Object) else []
        functions = [(_name(one), one) for one in listed if isinstance(one, Object)]
        local = frozenset(name for name, _ in functions)
        yield from self.nodes(topology.get("node"), "graph", local)
        for name, function in functions:
            yield from self.nodes(function.get("nodeDef"), name or "function", local)

    def nodes(self, listed: Tree, path: str, local: frozenset[str]) -> Iterator[Fact | Nested]:
        """The operators of one list."""
        for n, node in enumerate(_list(listed)):
            if n % CHECKED == 0:
                self.notes.context.check()
            if isinstance(node, Object) and node.text("op"):
                yield self.operator(node, path, local)

    def operator(self, node: Object, path: str, local: frozenset[str]) -> Op:
        """The fact of an operator."""
        (type, lossy), (name, lossy_name) = (clean((node.text(key) or "")[:1024]) for key in ("op", "name"))
        device = node.text("device")
        return Op(
            self.notes.path,
            domain="",
            type=type,
            name=name,
            graph_path=clean(path[:1024])[0],
            attributes={"_device": clean(device[:256])[0]} if device else {},
            const_inputs=("?",) * min(len(_list(node.get("input"))), INPUTS),
            local=node.text("op") in local,
            places=(Place(node=name),),
            lossy=lossy or lossy_name,
        )

    def group(self, group: Group) -> Iterator[Fact]:
        """The files of a group, and its tensors."""
        for path in group.paths:
            target, lossy = clean(path[:4096])
            yield Reference(
                self.notes.path,
                target=target,
                kind="tfjs-weights",
                owner="weightsManifest",
                key="paths",
                path_class=path_class(target),
                lossy=lossy,
            )
        for weight in group.weights:
            name, lossy = clean(weight.name[:1024])
            if not weight.sound:
                self.notes.defect("bad-shape", weight.name[:200], 0)
            yield Tensor(
                self.notes.path,
                name=name,
                dtype=clean(weight.dtype[:100])[0],
                shape=weight.shape,
                rows=weight.shape[0] if weight.shape else None,
                nbytes=weight.nbytes or 0,
                lossy=lossy,
            )


def _name(function: Object) -> str:
    """The name by which operators call a function."""
    signature = function.get("signature")
    return (signature.text("name") if isinstance(signature, Object) else None) or ""


def _list(value: Tree) -> list[Tree]:
    return value if isinstance(value, list) else []
