"""Facts of a configuration: what it makes a loader import, fetch, trust or fill into templates."""

from __future__ import annotations

import re

from modelaudit.engine.facts import TEXT_MAX, Defect, Import, Limit, Metadata, Place, Reference, Text, clean, path_class
from modelaudit.parsers.keras.document import DocumentError, Object, Tagged, TooLarge, read_json
from modelaudit.parsers.repository.keys import KEYS
from modelaudit.parsers.repository.tags import tag_import
from modelaudit.parsers.repository.template import template_facts
from modelaudit.parsers.repository.tokens import is_tokenizer, token_facts
from modelaudit.parsers.repository.yaml import AliasBomb, Documents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.keras.document import Tree

READ_MAX = 64 * 1024 * 1024  # bytes
SHOWN = 1024  # characters of a name, value or pointer
ITEMS_MAX = 64  # of a list that is shown as one value
FLAT_DEPTH = 3  # of objects that are shown as values
TURNS = 1024  # values between two looks at the clock
FACTS = frozenset({"import", "reference", "metadata", "text", "code"})
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
RESOLVER = re.compile(r"\$\{\s*([A-Za-z_][\w.]*)\s*:(?![-+=?])")  # not what shells write so
NESTED = (Object, list, Tagged)  # values that have values in them
NESTED_SET = frozenset(NESTED)
OPCODE = "config-key"  # of the imports
PIPELINE = "_class_name"  # of the index of a diffusers pipeline, whose other values are pairs of library and class
INDEX, OF_PIPELINES = "model_index.json", "Pipeline"  # the index by its name, or by that of its class


def parse_config(artifact: Input, context: Context) -> Iterator[Fact]:
    """Facts of a JSON or YAML text. What is neither stays a text, and a JSON-like one may be YAML."""
    reader = artifact.reader
    if reader.size > READ_MAX:
        yield Limit(artifact.path, what="size", at=reader.size, budget=READ_MAX, by="file", affects=FACTS)
        return
    data = reader.read_at(0, reader.size)
    config = Config(artifact.path, context)
    if artifact.format == "repository-json":
        try:
            yield from config.tree(read_json(data))
            return
        except TooLarge as large:
            yield config.limit(large)
            return
        except DocumentError:
            pass
    yield from config.yaml(data)


class Config:
    """One configuration while it is read."""

    def __init__(self, path: str, context: Context) -> None:
        self.path = path
        self.context = context
        self.seen: set[int] = set()  # what aliases of YAML lead to is read once

    def limit(self, large: TooLarge) -> Limit:
        """Where reading stopped."""
        return Limit(self.path, what=large.what, at=large.at, budget=large.budget, by="file", affects=FACTS)

    def yaml(self, data: bytes) -> Iterator[Fact]:
        """Facts of all documents of a YAML text."""
        documents = Documents(self.context.check)
        try:
            documents.read(data)
        except TooLarge as large:
            yield self.limit(large)
        except AliasBomb as bomb:
            detail = f"more than {bomb.count} values"
            yield Defect(self.path, code="yaml-alias-bomb", detail=detail, affects=FACTS)
        except DocumentError:
            pass  # the rest is text
        for tree in documents.trees:
            yield from self.tree(tree)

    def tree(self, tree: Tree) -> Iterator[Fact]:
        """Facts of everything in a tree."""
        if is_tokenizer(tree):
            yield from token_facts(self.path, tree, self.context)
        stack: list[tuple[Any, str, str]] = [(tree, "", "")]
        turns = 0
        while stack:
            value, key, pointer = stack.pop()
            turns += 1
            if turns % TURNS == 0:
                self.context.check()
            if type(value) in NESTED:
                if id(value) in self.seen:
                    continue
                self.seen.add(id(value))
            yield from self.value(value, key, pointer)
            stack += reversed(list(_below(value, key, pointer)))

    def value(self, value: Any, key: str, pointer: str) -> Iterator[Fact]:  # noqa: ANN401 - any value
        """Facts of one value where it stands."""
        if isinstance(value, Object):
            yield from self.object(value, pointer)
        elif isinstance(value, Tagged):
            yield from self.tag(value.tag, pointer)
        elif isinstance(value, str) and "${" in value:
            yield from self.resolvers(value, key, pointer)

    def object(self, value: Object, pointer: str) -> Iterator[Fact]:
        """An object or mapping: its tag, and what its keys say together."""
        if value.tag:
            yield from self.tag(value.tag, pointer)
        for key, item in value.pairs:
            if KEYS.tells(key) or _is_paired(value, key):
                yield from self.pair(key, item, value, Place(pointer=_pointer(pointer, key)))
        if not pointer and self.is_index(value.get(PIPELINE)):
            yield from self.components(value)

    def pair(self, key: str, item: Any, value: Object, place: Place) -> Iterator[Fact]:  # noqa: ANN401 - any value
        """What a key that loaders know, and the value under it, say."""
        if key in KEYS.targets or _is_paired(value, key):
            yield from self.target(item, place)
        if key in KEYS.maps and isinstance(item, Object):
            yield from self.auto_map(item, place)
        if key in KEYS.templates:
            yield from self.templates(item, place)
        if key in KEYS.sources and isinstance(item, str) and item:
            yield self.reference(item, "repository", key, key, place)
        if key in KEYS.values or key.startswith(KEYS.prefixes):
            yield from self.metadata(item, key, place)

    def tag(self, tag: str, pointer: str) -> Iterator[Fact]:
        """What a tag of YAML makes of its node."""
        found = tag_import(self.path, tag, Place(pointer=_shown(pointer)))
        if found is not None:
            yield found

    def target(self, value: Any, place: Place) -> Iterator[Fact]:  # noqa: ANN401 - any value
        """A callable that is named."""
        if not isinstance(value, str) or not value:
            return
        if "${" in value:
            yield self.named(value, place, computed=True)
        elif DOTTED.fullmatch(value.strip().replace(":", ".")):
            yield self.named(value.strip(), place)

    def named(self, qualname: str, place: Place, *, computed: bool = False) -> Import:
        """The import of a dotted name; `module:name`, as entry points have it, is taken for the same."""
        from modelaudit.parsers.dotted import dotted_import

        qualname = _shown(qualname if computed else qualname.replace(":", "."))
        return dotted_import(self.path, qualname, place, opcode=OPCODE, computed=computed)

    def auto_map(self, value: Object, place: Place) -> Iterator[Fact]:
        """Which classes of the repository's own code, or of another repository's, a loader takes."""
        for key, item in value.pairs:
            for one in item if isinstance(item, list) else [item]:
                if isinstance(one, str) and one:
                    yield self.reference(one, "auto_map", key, "auto_map", place)

    def reference(self, target: str, kind: str, owner: str, key: str, place: Place) -> Reference:
        """Something outside that is named."""
        shown, lossy = clean(target[:TEXT_MAX])
        return Reference(
            self.path,
            target=shown,
            kind=kind,
            owner=_shown(owner),
            key=key,
            path_class=path_class(target[:TEXT_MAX]),
            places=(place,),
            lossy=lossy,
        )

    def metadata(self, value: Any, key: str, place: Place) -> Iterator[Fact]:  # noqa: ANN401 - any value
        """A value as text; of an object its keys and values."""
        for name, item in _flat(value, key):
            number = float(item) if isinstance(item, (int, float)) and not isinstance(item, bool) else None
            kind = "null" if item is None else type(item).__name__
            text = str(item).lower() if isinstance(item, bool) or item is None else str(item)
            yield Metadata(self.path, key=_shown(name), value=_shown(text), number=number, type=kind, places=(place,))

    def templates(self, value: Any, place: Place) -> Iterator[Fact]:  # noqa: ANN401 - any value
        """One template, or a list of templates with names."""
        items = value if isinstance(value, list) else [value]
        for item in items:
            text = item.get("template") if isinstance(item, Object) else item
            if isinstance(text, str):
                shown, lossy = clean(text[:TEXT_MAX])
                cut = frozenset({"value"}) if len(text) > TEXT_MAX else frozenset[str]()
                yield Text(
                    self.path,
                    value=shown,
                    role="template",
                    owner="chat_template",
                    lossy=lossy,
                    cut=cut,
                    places=(place,),
                )
                yield from template_facts(self.path, text, place)

    def is_index(self, name: Any) -> bool:  # noqa: ANN401 - any value
        """Whether a class makes the file the index of a pipeline: parts of one have lists of two names as well."""
        return name is not None and (self.path.endswith(INDEX) or OF_PIPELINES in str(name))

    def components(self, value: Object) -> Iterator[Fact]:
        """Library and class of each part of a diffusers pipeline, and file and class of one that is no class of it."""
        for key, item in value.pairs:
            pair = item if isinstance(item, list) and len(item) == 2 else []
            if len(pair) == 2 and all(isinstance(word, str) and word for word in pair):
                yield self.reference(
                    f"{pair[0]}.{pair[1]}", "component", pair[0], key, Place(pointer=f"/{_shown(key)}")
                )

    def resolvers(self, value: str, key: str, pointer: str) -> Iterator[Fact]:
        """Functions that OmegaConf calls to fill in a value."""
        for name in dict.fromkeys(RESOLVER.findall(value[:TEXT_MAX])):
            yield self.reference(value[:SHOWN], "resolver", name, _shown(key), Place(pointer=_shown(pointer)))


def _below(value: Any, key: str, pointer: str) -> Iterator[tuple[Any, str, str]]:  # noqa: ANN401 - any value
    """The values in a value, but those that vocabularies are made of."""
    if isinstance(value, Tagged):
        yield value.value, key, pointer
    elif isinstance(value, list):
        reaches = _reaches if key in KEYS.skip and len(value) > ITEMS_MAX else _says
        for n, item in enumerate(value):
            if reaches(item):
                yield item, key, f"{pointer}/{n}"
    elif isinstance(value, Object):
        reaches = _reaches if key in KEYS.skip and len(value.pairs) > ITEMS_MAX else _says
        for name, item in value.pairs:
            if reaches(item):
                yield item, name, _pointer(pointer, name)


def _says(item: Any) -> bool:  # noqa: ANN401 - any value
    """Whether an item may lead to something, or is filled in by a function."""
    return type(item) in NESTED_SET or (type(item) is str and "${" in item)


def _reaches(item: Any) -> bool:  # noqa: ANN401 - any value
    """Whether an item of a vocabulary is an object, or leads to one; what vocabularies are made of does not."""
    return type(item) is Object or (type(item) in NESTED and _holds_nested(item))


def _holds_nested(item: Any) -> bool:  # noqa: ANN401 - any value
    return not isinstance(item, list) or not NESTED_SET.isdisjoint(map(type, item))


def _is_paired(value: Object, key: str) -> bool:
    """Whether a key that often means something else stands beside one that goes with a callable."""
    return key in KEYS.paired and any(value.get(other) is not None for other in KEYS.paired[key])


def _flat(value: Any, key: str, depth: int = 0) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any value
    """A plain value, the plain ones of a list and of those in it, or those of an object with the keys above them."""
    if isinstance(value, list):
        for item in value[:ITEMS_MAX]:
            if isinstance(item, (str, int, float)):
                yield key, item
            elif isinstance(item, list) and depth < FLAT_DEPTH:
                yield from _flat(item, key, depth + 1)
    elif isinstance(value, Object):
        for name, item in value.pairs[:ITEMS_MAX] if depth < FLAT_DEPTH else ():
            yield from _flat(item, f"{key}.{name}", depth + 1)
    elif not isinstance(value, Tagged):
        yield key, value


def _pointer(pointer: str, key: str) -> str:
    return _shown(f"{pointer}/{key[:200].replace('~', '~0').replace('/', '~1')}")


def _shown(text: str) -> str:
    text = text[:SHOWN]
    return text if text.isascii() else clean(text)[0]
