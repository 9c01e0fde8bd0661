"""YAML as a tree, built from the parser's events: every document, tags kept, aliases not written out."""

from __future__ import annotations

from modelaudit.parsers.keras.document import PLAIN, DocumentError, Object, Tagged, TooLarge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from modelaudit.parsers.keras.document import Tree

YAML_MAX = 4 * 1024 * 1024  # bytes
DEPTH_MAX = 200
EXPANDED_MAX = 1_000_000  # values when aliases are written out
TURNS = 512


class AliasBomb(Exception):  # noqa: N818 - a finding about the document
    """Aliases of aliases stand for so many values; `tree` is what was read before."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


class Documents:
    """The documents of a text. `trees` are those that were read, even when what follows is no YAML."""

    def __init__(self, check: Callable[[], None]) -> None:
        self.trees: list[Tree] = []
        self.expanded = 0  # values, as a program sees them that copies what aliases name
        self._check = check
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: list[_Open] = []

    def read(self, data: bytes) -> None:
        """Take in a text. Raises `DocumentError`, `TooLarge`, `AliasBomb`."""
        import yaml

        if len(data) > YAML_MAX:
            raise TooLarge("size", len(data), YAML_MAX)
        try:
            for turn, event in enumerate(yaml.parse(data.decode("utf-8-sig", "replace"), Loader=yaml.SafeLoader)):
                if turn % TURNS == 0:
                    self._check()
                self._take(event)
        except yaml.YAMLError as error:
            self._drop()
            raise DocumentError(" ".join(str(error).split())[:200]) from None
        except RecursionError:
            raise TooLarge("depth", None, DEPTH_MAX) from None

    def _take(self, event: Any) -> None:  # noqa: ANN401 - events of a library without types
        name = type(event).__name__
        if name == "ScalarEvent":
            self._add(_scalar(event), 1, event.anchor)
        elif name == "AliasEvent":
            value, size = self._anchors.get(event.anchor, (None, 1))
            self._add(value, size, None)
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            if len(self._open) >= DEPTH_MAX:
                raise TooLarge("depth", len(self._open), DEPTH_MAX)
            self._open.append(_Open(event.tag, event.anchor, mapping=name.startswith("M")))
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            done = self._open.pop()
            self._add(done.value(), done.size, done.anchor)
        elif name == "DocumentEndEvent":
            self._anchors.clear()

    def _add(self, value: Any, size: int, anchor: str | None) -> None:  # noqa: ANN401 - any value
        """A value is complete: it goes into the one around it, or is a document."""
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._open:
            self.trees.append(value)
            return
        outer = self._open[-1]
        outer.size += size
        if outer.size > EXPANDED_MAX:
            self._drop()
            raise AliasBomb(outer.size)
        outer.items.append(value)

    def _drop(self) -> None:
        """What is not complete counts as far as it was read."""
        while self._open:
            done = self._open.pop()
            value = done.value()
            if self._open:
                self._open[-1].items.append(value)
            else:
                self.trees.append(value)


class _Open:
    """A mapping or sequence that is not complete yet; keys and values of a mapping alternate."""

    __slots__ = ("anchor", "items", "mapping", "size", "tag")

    def __init__(self, tag: str | None, anchor: str | None, *, mapping: bool) -> None:
        self.tag = tag
        self.anchor = anchor
        self.mapping = mapping
        self.items: list[Any] = []
        self.size = 1

    def value(self) -> Any:  # noqa: ANN401 - any value
        """What it is as a tree."""
        tag = "" if self.tag is None or self.tag in PLAIN else self.tag
        if not self.mapping:
            return Tagged(tag, self.items) if tag else self.items
        pairs = [(_key(key), value) for key, value in zip(self.items[::2], self.items[1::2], strict=False)]
        odd: list[tuple[str, Any]] = [("", key) for key in self.items[::2] if not isinstance(key, str)]
        return Object(pairs + odd, tag)


def _key(value: Any) -> str:  # noqa: ANN401 - any value
    """The text of a key."""
    if isinstance(value, Tagged):
        value = value.value
    return value if isinstance(value, str) else ""


def _scalar(event: Any) -> Any:  # noqa: ANN401 - see above
    """The value of a scalar: text, or what plain `true` and `null` stand for."""
    if event.tag and event.tag not in PLAIN:
        return Tagged(event.tag, event.value)
    plain = event.implicit[0] and event.style is None
    return WORDS.get(event.value.lower(), event.value) if plain else event.value


WORDS: dict[str, bool | None] = {
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
    "null": None,
    "~": None,
}
