"""Every configured object in a configuration, wherever it stands, and what its keys name."""

from __future__ import annotations

import json
import os

from modelaudit.parsers.keras.document import Object, Tagged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

POINTER_MAX = 1024  # characters
TURNS = 1024  # values between two looks at the clock
FUNCTION, TYPE_SPEC, LAMBDA, LAMBDA_LAYER, TUPLE = "function", "__typespec__", "__lambda__", "Lambda", "__tuple__"


class Keys:
    """The keys of `keys.json`."""

    __slots__ = ("code", "files", "named", "suffixes", "symbols")

    def __init__(self) -> None:
        with open(os.path.join(os.path.dirname(__file__), "keys.json"), "rb") as file:
            doc = json.loads(file.read())
        self.files = frozenset(doc["files"])
        self.named = frozenset(doc["named"])
        self.suffixes = tuple(doc["named_suffixes"])
        self.code = frozenset(doc["code"])
        self.symbols: dict[str, str] = doc["symbols"]

    def names_object(self, key: str) -> bool:
        """Whether a text under this key is the name of a function or object."""
        return key in self.named or key.endswith(self.suffixes)


class Found:
    """A value of the tree: `key` is the last key above it, `owner` the class of the object around it.

    `listed` says that a list stands between the key and the value.
    """

    __slots__ = ("key", "listed", "owner", "pointer", "value")

    def __init__(
        self,
        value: Any,  # noqa: ANN401 - any value
        pointer: str,
        key: str,
        owner: str,
        *,
        listed: bool = False,
    ) -> None:
        self.value = value
        self.pointer = pointer
        self.key = key
        self.owner = owner
        self.listed = listed


def walk(tree: Any, pointer: str, check: Callable[[], None]) -> Iterator[Found]:  # noqa: ANN401 - any value
    """Every value of a tree, in the order in which it is written."""
    open_values = [Found(tree, pointer, "", "")]
    turns = 0
    while open_values:
        found = open_values.pop()
        turns += 1
        if turns % TURNS == 0:
            check()
        yield found
        open_values += reversed(_below(found))


def _below(found: Found) -> list[Found]:
    """The values in a value."""
    value, pointer, owner = found.value, found.pointer[:POINTER_MAX], found.owner
    if isinstance(value, Tagged):
        return [Found(value.value, pointer, found.key, owner, listed=found.listed)]
    if isinstance(value, list):
        return [Found(item, f"{pointer}/{n}", found.key, owner, listed=True) for n, item in enumerate(value)]
    if isinstance(value, Object):
        owner = value.text("class_name") or owner
        return [Found(item, f"{pointer}/{_escaped(key)}", key, owner) for key, item in value.pairs]
    return []


def _escaped(key: str) -> str:
    return key[:200].replace("~", "~0").replace("/", "~1")


def is_object(value: Any) -> bool:  # noqa: ANN401 - any value
    """Whether a value describes an object: loaders want both keys."""
    if not isinstance(value, Object) or value.text("class_name") is None:
        return False
    return any(key == "config" for key, _ in value.pairs)


def qualname(value: Object, keys: Keys) -> str | None:
    """The dotted name that a loader looks up, None when it goes by the class name alone."""
    class_name, module, config = value.text("class_name") or "", value.text("module"), value.get("config")
    inner = config if isinstance(config, Object) else None
    if class_name in keys.symbols and inner is not None:
        symbol = inner.text(keys.symbols[class_name])
        method = inner.text("method_name")
        return f"tensorflow.{symbol}{f'.{method}' if method else ''}" if symbol else None
    if class_name == LAMBDA_LAYER and inner is not None and inner.text("function_type") == "function":
        function, holder = inner.text("function"), inner.text("module")
        return f"{holder}.{function}" if holder and function else function
    if not module:
        return None
    if class_name == FUNCTION and isinstance(config, str):
        return f"{module}.{config}"
    if class_name == TYPE_SPEC:
        return f"{module}.{value.text('spec_name') or ''}"
    return f"{module}.{class_name}"


def written_code(value: Object, keys: Keys) -> list[tuple[str, str]]:
    """Key and text of the code that an object of these classes carries."""
    class_name, config = value.text("class_name"), value.get("config")
    if not isinstance(config, Object) or class_name not in (LAMBDA, LAMBDA_LAYER):
        return []
    found = []
    for key, item in config.pairs:
        if key in keys.code and (text := _code_text(item, class_name, config.text(f"{key}_type"))) is not None:
            found.append((key, text))
    return found


def _code_text(item: Any, class_name: str, kind: str | None) -> str | None:  # noqa: ANN401 - any value
    """The text of marshalled code, which stands alone or first in a list or tuple."""
    if isinstance(item, Object) and item.text("class_name") == TUPLE:
        item = item.get("items")
    if isinstance(item, list):
        first = item[0] if item else None
        return first if isinstance(first, str) and (class_name == LAMBDA or kind == "lambda") else None
    if isinstance(item, str) and (class_name == LAMBDA or kind == "lambda"):
        return item
    return None
