"""The facts of a configuration: objects, code, names of files, and what is wrong with the text itself."""

from __future__ import annotations

from binascii import Error, a2b_base64

from modelaudit.engine.facts import (
    TEXT_MAX,
    Defect,
    Layer,
    Limit,
    Metadata,
    Op,
    Place,
    Reference,
    Text,
    clean,
    decode,
    path_class,
)
from modelaudit.parsers.base import Nested, Property
from modelaudit.parsers.keras import objects
from modelaudit.parsers.keras.code import code_fact, decoded, looks_like_code
from modelaudit.parsers.keras.document import DocumentError, Object, Tagged, TooLarge, read_json, read_yaml
from modelaudit.parsers.reader import BytesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.keras.document import Tree
    from modelaudit.parsers.keras.objects import Found

READ_MAX = 64 * 1024 * 1024  # bytes of a configuration
SHOWN = 200  # characters of a value in facts
NAME_MAX = 1024
OVERLAP = 256  # characters that two pieces of a long text have in common
PAYLOAD_MIN = 24  # characters of an embedded file in base64
PAYLOAD_MAX = 64 * 1024 * 1024
TORCH = "TorchModuleWrapper"
NODE = "TensorFlowOpLayer"
PYTHON_TAG = "tag:yaml.org,2002:python/"
ABOUT = ("keras_version", "backend", "date_saved", "format", "generatedBy", "convertedBy")
FACTS = frozenset({"layer", "code", "reference", "metadata", "text", "op", "import"})


def parse_file(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Facts of a configuration that is a file or member of its own; a text that does not parse is only text."""
    reader = artifact.reader
    if reader.size > READ_MAX:
        yield Limit(artifact.path, what="size", at=reader.size, budget=READ_MAX, by="file", affects=FACTS)
        return
    config = Config(artifact.path, context)
    yield from config.document(reader.read_at(0, reader.size))
    if config.version is not None:
        yield Property("producer", "keras")
        yield Property("producer_version", config.version)


class Config:
    """One configuration while it is read. `names` are name and class of the layers, `version` what wrote it.

    `names` stay empty when the outermost object is no model that lists its layers.
    """

    def __init__(self, path: str, context: Context) -> None:
        self.path = path
        self.context = context
        self.keys = objects.Keys()
        self.names: list[tuple[str, str]] = []
        self.version: str | None = None

    def document(self, data: bytes, *, pointer: str = "", whole: bool = False) -> Iterator[Fact | Nested]:
        """Facts of the bytes of a text. `whole` says that they have to be a configuration and nothing else."""
        if not whole:
            yield from self.text(data)
        try:
            tree: Tree = _read(data, yaml=not whole)
        except TooLarge as large:
            yield Limit(self.path, what=large.what, at=large.at, budget=large.budget, by="file", affects=FACTS)
            return
        except DocumentError as error:
            if whole:
                detail = clean(f"{pointer or 'the configuration'}: {error}")[0]
                yield self.defect("config-not-json", detail, pointer, affects=FACTS)
            return
        yield from self.tree(tree, pointer)

    def tree(self, tree: Tree, pointer: str = "") -> Iterator[Fact | Nested]:
        """Facts of everything in a tree."""
        if isinstance(tree, Object):
            yield from self.about(tree, pointer)
        listed = _lists_layers(tree)
        for found in objects.walk(tree, pointer, self.context.check):
            value = found.value
            if isinstance(value, Object):
                yield from self.object(found, value)
            elif isinstance(value, Tagged):
                yield from self.tag(value.tag, found)
            elif isinstance(value, str):
                yield from self.string(found, value)
        if not listed:
            self.names = []

    def defect(self, code: str, detail: str, pointer: str, *, affects: frozenset[str] = frozenset()) -> Defect:
        """A defect of the configuration."""
        return Defect(self.path, code=code, detail=detail, affects=affects, places=(Place(pointer=_shown(pointer)),))

    def about(self, tree: Object, pointer: str) -> Iterator[Fact]:
        """What the configuration says of its origin."""
        for key in ABOUT:
            value = tree.get(key)
            if isinstance(value, str):
                if key == "keras_version":
                    self.version = clean(value[:NAME_MAX])[0]
                place = Place(pointer=f"{pointer}/{key}")
                yield Metadata(self.path, key=key, value=clean(value[:TEXT_MAX])[0], type="str", places=(place,))

    # Objects

    def object(self, found: Found, value: Object) -> Iterator[Fact | Nested]:
        """An object or mapping."""
        for key in value.repeated()[:3]:
            yield self.defect("config-repeated-key", _shown(f"{found.pointer}/{key}"), found.pointer)
        if value.tag:
            yield from self.tag(value.tag, found)
        if objects.is_object(value):
            yield from self.layer(found, value)

    def layer(self, found: Found, value: Object) -> Iterator[Fact | Nested]:
        """A configured object, and the code in it."""
        class_name = value.text("class_name") or ""
        codes = objects.written_code(value, self.keys)
        name = _name_of(value)
        if found.key == "layers" and name is not None:
            self.names.append((name, class_name))
        yield Layer(
            self.path,
            class_name=_word(class_name),
            module=_optional(value.text("module")),
            registered_name=_optional(value.text("registered_name")),
            name=_optional(name),
            qualname=_optional(objects.qualname(value, self.keys)),
            slot=_optional(found.key or None),
            code=clean(codes[0][1][:SHOWN])[0] if codes else None,
            places=(Place(pointer=_shown(found.pointer), layer=_optional(name)),),
        )
        for key, text in codes:
            yield from self.code(text, f"{found.pointer}/config/{key}")
        yield from self.special(found, value)

    def special(self, found: Found, value: Object) -> Iterator[Fact | Nested]:
        """What only some classes have in their configuration: graph nodes, and whole files."""
        class_name, config = value.text("class_name"), value.get("config")
        if not isinstance(config, Object):
            return
        if class_name == NODE and (node := config.text("node_def")) is not None:
            yield from self.node(node, found)
        if class_name == TORCH and (payload := config.text("module")) is not None:
            data = _payload(payload)
            if data is not None:
                yield Nested(f"{TORCH}{found.pointer[:NAME_MAX]}", BytesReader(data), role="member", view="hidden")

    def code(self, text: str, pointer: str) -> Iterator[Fact]:
        """The code in a text that has to be code."""
        if looks_like_code(text) and decoded(text) is not None:
            return  # `string` comes by this text as well
        made = decoded(text)
        if made is None:
            detail = _shown(f"{pointer}: {len(text)} characters")
            yield self.defect("code-not-decoded", detail, pointer, affects=frozenset({"code"}))
        else:
            yield code_fact(self.path, made[0], made[1], Place(pointer=_shown(pointer)))

    def node(self, text: str, found: Found) -> Iterator[Fact]:
        """The operator in the node of a TensorFlow layer."""
        try:
            node = read_json(text.encode("utf-8", "surrogatepass"))
        except (DocumentError, TooLarge):
            return
        if isinstance(node, Object) and (type := node.text("op")) is not None:
            name = node.text("name")
            place = Place(pointer=_shown(found.pointer), node=_optional(name))
            yield Op(self.path, type=_word(type), name=_optional(name), places=(place,))

    def tag(self, tag: str, found: Found) -> Iterator[Fact]:
        """What a tag of YAML makes of its node."""
        kind, _, target = tag.removeprefix(PYTHON_TAG).partition(":")
        if not tag.startswith(PYTHON_TAG) or not target:
            return
        from modelaudit.parsers.dotted import dotted_import

        module, _, name = _word(target).rpartition(".")
        qualname = f"{module}.{name}" if module else name
        place = Place(pointer=_shown(found.pointer))
        yield dotted_import(self.path, qualname, place, opcode="yaml-tag", called=kind.startswith("object"))

    # Texts

    def string(self, found: Found, value: str) -> Iterator[Fact]:
        """A text: code, the name of a function, or of a file."""
        place = Place(pointer=_shown(found.pointer))
        if looks_like_code(value) and (made := decoded(value)) is not None:
            yield code_fact(self.path, made[0], made[1], place)
        elif not value or not found.owner:
            return
        elif found.key in self.keys.files and not found.listed:
            yield self.reference(found, value, place)
        elif self.keys.names_object(found.key):
            yield Layer(self.path, class_name=_word(value), slot=found.key, by_name=True, places=(place,))

    def reference(self, found: Found, value: str, place: Place) -> Reference:
        """A file, folder or address that is named."""
        target = clean(value[:TEXT_MAX])[0]
        classes = path_class(value)
        owner = _word(found.owner)
        return Reference(
            self.path, target=target, kind="layer", owner=owner, key=found.key, path_class=classes, places=(place,)
        )

    def text(self, data: bytes) -> Iterator[Fact]:
        """The text itself in pieces that are never cut, when somebody reads it."""
        if not self.context.wants("text"):
            return
        text, lossy = _decoded(data)
        for at in range(0, max(1, len(text)), TEXT_MAX - OVERLAP):
            place = (Place(offset=at),)
            yield Text(
                self.path, value=text[at : at + TEXT_MAX], role="config", owner="config", lossy=lossy, places=place
            )


def _read(data: bytes, *, yaml: bool) -> Tree:
    """The tree of a text that is JSON, or YAML where that may be."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if not yaml or start in (b"{", b"[", b"\xff", b"\xfe", b"\0") or b"\0" in data[:4]:
        return read_json(data)
    return read_yaml(data)


def _decoded(data: bytes) -> tuple[str, bool]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return clean(data.decode("utf-16", "replace"))
    return decode(data)


def _name_of(value: Object) -> str | None:
    """The name that an object is given; of a function it is all that there is."""
    config = value.get("config")
    if isinstance(config, str):
        return config
    name = config.text("name") if isinstance(config, Object) else None
    return name if name is not None else value.text("name")


def _lists_layers(tree: Tree) -> bool:
    """Whether the outermost object lists its layers, as models do that are not written as a class of their own."""
    config = tree.get("config") if isinstance(tree, Object) else None
    return isinstance(config, Object) and isinstance(config.get("layers"), list)


def _payload(text: str) -> bytes | None:
    """The bytes of a file that stands in a text, as base64 or as they are."""
    if not PAYLOAD_MIN <= len(text) <= PAYLOAD_MAX:
        return None
    try:
        return a2b_base64(text.encode("ascii"))
    except (UnicodeEncodeError, Error):
        return text.encode("latin-1", "replace")


def _word(text: str) -> str:
    return clean(text[:NAME_MAX])[0]


def _optional(text: str | None) -> str | None:
    return None if text is None else _word(text)


def _shown(text: str) -> str:
    return clean(text[:NAME_MAX])[0]
