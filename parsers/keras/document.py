"""Configurations as trees: JSON with every pair that is written, YAML by its nodes. Nothing is constructed."""

from __future__ import annotations

import json
import re
from itertools import accumulate, islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Tree: TypeAlias = "Object | list[Any] | str | int | float | bool | None"
    Pairs: TypeAlias = list[tuple[str, Any]]

BRACKETS_MAX = 2_000_000  # objects and lists in a configuration
DEPTH_MAX = 900  # objects and lists in each other
TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
STEPS = bytes(2 if sign in b"[{" else 0 for sign in range(256))  # 0 for what closes
NO_BRACKETS = bytes(sign for sign in range(256) if sign not in b"[]{}")
NODES_MAX = 1_000_000  # of a YAML text, aliases written out
DIGITS_MAX = 300  # of a number; a longer one is none that a layer has, and none that a float can be
YAML_MAX = 16 * 1024 * 1024
PLAIN = frozenset(
    {
        "tag:yaml.org,2002:" + name
        for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "binary", "set", "omap")
    }
)


class DocumentError(ValueError):
    """The text is no document; the words say why."""


class TooLarge(Exception):  # noqa: N818 - a budget, no error
    """The document has more parts, or is nested deeper, than is read. `what` is the name of the budget."""

    def __init__(self, what: str, at: int | None, budget: int | None) -> None:
        super().__init__(what, at, budget)
        self.what = what
        self.at = at
        self.budget = budget


class Object:
    """A JSON object or YAML mapping as it is written; of a repeated key the last value counts, as loaders have it."""

    __slots__ = ("_last", "pairs", "tag")

    def __init__(self, pairs: Pairs, tag: str = "") -> None:
        self.pairs = pairs
        self.tag = tag  # of YAML, when it makes something else of the mapping
        self._last: dict[str, Any] | None = None

    def get(self, key: str) -> Any:  # noqa: ANN401 - whatever stands there
        """The value under a key, None when there is none."""
        if self._last is None:
            self._last = dict(self.pairs)
        return self._last.get(key)

    def text(self, key: str) -> str | None:
        """The value under a key when it is text."""
        value = self.get(key)
        return value if isinstance(value, str) else None

    def repeated(self) -> list[str]:
        """Keys that are written more than once."""
        if self._last is None:
            self._last = dict(self.pairs)
        if len(self._last) == len(self.pairs):
            return []
        seen: set[str] = set()
        return [key for key, _ in self.pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]


class Tagged:
    """A YAML scalar or sequence with a tag that makes something else of it."""

    __slots__ = ("tag", "value")

    def __init__(self, tag: str, value: Tree) -> None:
        self.tag = tag
        self.value = value


def read_json(data: bytes) -> Tree:
    """The tree of a JSON text in any of the encodings that `json.loads` takes."""
    brackets = data.count(b"{") + data.count(b"[")
    if brackets > BRACKETS_MAX:
        raise TooLarge("nodes", brackets, BRACKETS_MAX)
    try:
        text = data.decode(json.detect_encoding(data), "surrogatepass")
        if brackets > DEPTH_MAX and (depth := _depth(text)) > DEPTH_MAX:
            raise TooLarge("depth", depth, DEPTH_MAX)
        tree: Tree = DECODER.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise TooLarge("depth", None, None) from None
    except ValueError as error:
        raise DocumentError(str(error)[:200]) from None
    return tree


def _depth(text: str) -> int:
    """How deep objects and lists stand in each other, at most. How deep `json` goes is another in each Python."""
    signs = TEXT.sub("", text).encode("utf-8", "replace").translate(STEPS, NO_BRACKETS)
    return max(accumulate([step - 1 for step in signs]), default=0)


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= DIGITS_MAX else 0


DECODER = json.JSONDecoder(object_pairs_hook=Object, parse_int=_integer)


def read_yaml(data: bytes) -> Tree:
    """The tree of a YAML text: the first document's nodes, tags kept."""
    import yaml

    if len(data) > YAML_MAX:
        raise TooLarge("size", len(data), YAML_MAX)
    try:
        node = next(islice(yaml.compose_all(data.decode("utf-8-sig", "replace"), Loader=yaml.SafeLoader), 1), None)
    except yaml.YAMLError as error:
        raise DocumentError(" ".join(str(error).split())[:200]) from None
    except RecursionError:
        raise TooLarge("depth", None, None) from None
    tree: Tree = _Conversion().tree(node, 0)
    return tree


class _Conversion:
    """Nodes to a tree, aliases written out within the budget."""

    DEPTH = 200

    def __init__(self) -> None:
        self.nodes = 0

    def tree(self, node: Any, depth: int) -> Any:  # noqa: ANN401 - nodes of a library without types
        """What a node and those below it stand for."""
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise TooLarge("nodes", self.nodes, NODES_MAX)
        if node is None:
            return None
        if depth > self.DEPTH:
            raise TooLarge("depth", depth, self.DEPTH)
        tag = "" if node.tag in PLAIN else str(node.tag)
        if node.id == "mapping":
            return Object([(self.key(key), self.tree(value, depth + 1)) for key, value in node.value], tag)
        value: Any = node.value
        if node.id == "sequence":
            value = [self.tree(item, depth + 1) for item in node.value]
        elif node.tag == "tag:yaml.org,2002:null":
            value = None
        return Tagged(tag, value) if tag else value

    def key(self, node: Any) -> str:  # noqa: ANN401 - see above
        """The text of a key."""
        return str(node.value) if node.id == "scalar" else ""
