"""YAML and INI as pointers and settings of DVC are written in, as plain values and within bounds.

Values stay texts. Aliases stand for the value that they name, which is not copied; nothing is merged or constructed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEPTH_MAX = 64
EVENTS_MAX = 250_000  # four seconds of the parser


class NotationError(Exception):
    """A text that is not read; the words say why."""


def yaml_value(data: bytes) -> Any:  # noqa: ANN401 - any value
    """The first document of a text: dicts, lists and texts. Raises `NotationError`."""
    import yaml

    builder = _Builder()
    try:
        for number, event in enumerate(yaml.parse(data.decode("utf-8-sig", "replace"), Loader=yaml.SafeLoader)):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            if number > EVENTS_MAX:
                raise NotationError(f"it has more than {EVENTS_MAX} values")
            builder.take(event)
    except yaml.YAMLError:
        raise NotationError("it is no YAML") from None
    except RecursionError:
        raise NotationError("it is nested too deep") from None
    return builder.value


class _Builder:
    """A value as the events of a parser tell it."""

    def __init__(self) -> None:
        self.value: Any = None
        self._anchors: dict[str, Any] = {}
        self._open: list[tuple[list[Any], bool, str | None]] = []  # items, whether they are keys and values, anchor

    def take(self, event: Any) -> None:  # noqa: ANN401 - events of a library without types
        """Take in the next event."""
        name = type(event).__name__
        if name == "ScalarEvent":
            self._add(event.value, event.anchor)
        elif name == "AliasEvent":
            self._add(self._anchors.get(event.anchor), None)
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            if len(self._open) >= DEPTH_MAX:
                raise NotationError("it is nested too deep")
            self._open.append(([], name.startswith("M"), event.anchor))
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            items, mapping, anchor = self._open.pop()
            self._add(_mapping(items) if mapping else items, anchor)

    def _add(self, value: Any, anchor: str | None) -> None:  # noqa: ANN401 - any value
        if anchor:
            self._anchors[anchor] = value
        if self._open:
            self._open[-1][0].append(value)
        else:
            self.value = value


def _mapping(items: list[Any]) -> dict[str, Any]:
    pairs = zip(items[::2], items[1::2], strict=False)
    return {key: value for key, value in pairs if isinstance(key, str)}


def sections(data: bytes) -> dict[str, dict[str, str]]:
    """The sections of settings with their keys in lower case. Raises `NotationError`.

    The library's reader takes an indented line for a part of the value before it, and fails on some of them.
    """
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] | None = None
    for line in data.decode("utf-8-sig", "replace").splitlines():
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        if text[0] == "[":
            name, end, _ = text[1:].rpartition("]")
            section = found.setdefault(name.strip(), {}) if end else None
        if section is None:
            raise NotationError("it is no file of settings")
        if text[0] != "[":
            key, _, value = text.partition("=")
            section[key.strip().lower()] = _plain(value)
    return found


def _plain(text: str) -> str:
    """A value without the comment behind it and without quotes."""
    text = text.strip()
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text
    return text.partition(" #")[0].strip()
