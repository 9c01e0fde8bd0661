"""YAML files as trees of strings that know their places.

A small part of YAML 1.2: plain, quoted and block scalars, lists, mappings. Every scalar is read as a string
(`NO`, `1:30` and an all-digit hash stay what they are), and `modelaudit.engine.validation` types it by the
schema. Tags, anchors, aliases, merge keys and duplicate keys are mistakes.
"""

from __future__ import annotations

import re
from array import array

from modelaudit.engine.diagnostics import MAX_IN_FILE, Diagnostic, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Json = Any
    Event = Any  # a YAML event whose marks are there, which the stubs do not know
    YamlError = Any  # likewise

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 250_000  # values and keys of one file

_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_STYLES = {None: "plain", "": "plain", "'": "single", '"': "double", "|": "literal", ">": "folded"}


class Lines:
    """The lines of a text without their ends, each cut out when it is asked for."""

    __slots__ = ("_last", "_starts", "_text")

    def __init__(self, text: str = "") -> None:
        self._text = text
        self._starts = array("I", [0])
        self._starts.extend(match.end() for match in _BREAKS.finditer(text))
        self._last = (-1, "")  # one copy of a line serves everything that stands on it

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> str:
        if number != self._last[0]:
            self._last = (number, self._cut(number))
        return self._last[1]

    def _cut(self, number: int) -> str:
        start = self._starts[number]
        if number == len(self._starts) - 1:
            return self._text[start:]
        end = self._starts[number + 1]
        return self._text[start : end - (2 if self._text.startswith("\r\n", end - 2) else 1)]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, from 0, of a character of the text."""
        from bisect import bisect_right

        line = bisect_right(self._starts, offset) - 1
        return line, offset - self._starts[line]


class Node:
    """A value of a YAML file with its place.

    `data` is a string, a list of nodes or a dict of nodes. The span of a scalar is that of its first
    character, after the quote or on the first line of a block. `style` is `plain`, `single`, `double`,
    `literal` or `folded` for scalars, `list` or `mapping` otherwise.
    """

    __slots__ = ("data", "key_spans", "lines", "span", "style")

    def __init__(
        self,
        data: str | list[Node] | dict[str, Node],
        span: Span,
        style: str,
        lines: Lines | None = None,
    ) -> None:
        self.data = data
        self.span = span
        self.style = style
        self.key_spans: dict[str, Span] = {}
        self.lines = lines if lines is not None else Lines()

    @property
    def kind(self) -> str:
        """`scalar`, `list` or `mapping`."""
        return self.style if self.style in ("list", "mapping") else "scalar"

    @property
    def text(self) -> str:
        """The string of a scalar, empty for anything else."""
        return self.data if isinstance(self.data, str) else ""

    @property
    def items(self) -> list[Node]:
        """The items of a list, none for anything else."""
        return self.data if isinstance(self.data, list) else []

    @property
    def fields(self) -> dict[str, Node]:
        """The entries of a mapping, none for anything else."""
        return self.data if isinstance(self.data, dict) else {}

    def get(self, key: str) -> Node | None:
        """The value under a key of a mapping, or None."""
        return self.fields.get(key)

    def at(self, *path: str | int) -> Node | None:
        """The node at a path of keys and indices, or None."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, int):
                node = node.items[step] if step < len(node.items) else None
            else:
                node = node.get(step)
        return node

    def key_span(self, key: str) -> Span:
        """The place of a key of a mapping, or of the mapping when it has no such key."""
        return self.key_spans.get(key, self.span)

    def plain(self) -> Json:
        """The tree as plain lists, dicts and strings."""
        if isinstance(self.data, str):
            return self.data
        if isinstance(self.data, list):
            return [item.plain() for item in self.data]
        return {key: value.plain() for key, value in self.data.items()}

    def place(self, offset: int, length: int = 1) -> Span:
        """The place in the file of a part of a scalar's text; its start where that cannot be told."""
        span = self.span
        if self.style == "literal":
            line = self.text.count("\n", 0, offset)
            column = offset - (self.text.rfind("\n", 0, offset) + 1)
            source = self.lines[span.line - 1 + line] if span.line - 1 + line < len(self.lines) else ""
            return Span(span.file, span.line + line, span.column + column, max(1, length), source)
        raw = _raw_offsets(self, offset + length)
        if raw is None:
            return span
        start = raw[min(offset, len(raw) - 1)]
        end = raw[min(offset + length, len(raw) - 1)]
        return span.shifted(start, end - start)


def _raw_offsets(node: Node, upto: int) -> list[int] | None:
    """Where each character of a one-line scalar stands in its source, from the scalar's first character."""
    raw, first = node.span.source, node.span.column - 1
    offsets, at = [0], first
    while len(offsets) <= min(upto, len(node.text)):
        if at >= len(raw):
            return None  # the scalar goes on in another line
        at += _raw_width(raw, at, node.style)
        offsets.append(at - first)
    return offsets


def _raw_width(raw: str, at: int, style: str) -> int:
    """How many characters of the source make the character at `at`."""
    if style == "single" and raw.startswith("''", at):
        return 2
    if style == "double":
        match = _ESCAPE.match(raw, at)
        if match:
            return len(match.group())
    return 1


def parse(text: str, file: str) -> tuple[list[Node], list[Diagnostic]]:
    """The documents of a YAML file, and every mistake in it (E101 to E104); `file` is the name to show.

    A file that is not YAML at all has no documents.
    """
    if len(text) > MAX_BYTES:
        problem = Diagnostic("E104", f"{file} is larger than 10 MB", Span(file, 1, 1))
        return [], [problem]
    composer = _Composer(text, file)
    composer.run(text)
    return ([] if composer.broken else composer.documents), composer.diagnostics


def read(path: str, shown: str | None = None) -> tuple[list[Node], list[Diagnostic]]:
    """The documents of a file on disk, and every mistake in it; a file that cannot be read is one (E100)."""
    name = shown or path
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return [], [Diagnostic("E100", f"cannot read {name}: {error.strerror}", Span(name, 1, 1))]
    return decode(data, name)


def decode(data: bytes, file: str) -> tuple[list[Node], list[Diagnostic]]:
    """The documents in the bytes of a file, and every mistake in them."""
    if len(data) > MAX_BYTES:
        return [], [Diagnostic("E104", f"{file} is larger than 10 MB", Span(file, 1, 1))]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return [], [Diagnostic("E101", "the file is not valid UTF-8", Span(file, line, column))]
    return parse(text, file)


class _Frame:
    """A list or mapping that is still being read."""

    __slots__ = ("key", "node")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.key: str | None = None  # of the entry whose value comes next


class _Composer:
    """Builds nodes from YAML events."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = Lines(text)
        self.documents: list[Node] = []
        self.diagnostics: list[Diagnostic] = []
        self.stack: list[_Frame] = []
        self.nodes = 0
        self.broken = False  # the rest was not read

    def run(self, text: str) -> None:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            for event in yaml.parse(text, Loader=loader):
                self.event(event)
                if self.enough():
                    self.broken = True
                    return
        except yaml.MarkedYAMLError as error:
            self.not_yaml(error)
        except yaml.YAMLError as error:
            place = self.lines.place(getattr(error, "position", 0))
            self.refuse("this is not YAML: a character that no text file should hold", self.span(*place))
        except UnicodeEncodeError as error:
            self.refuse("this is not YAML: a lone surrogate", self.span(*self.lines.place(error.start)))

    def enough(self) -> bool:
        """Whether reading ends here: too deep, too much, or more mistakes than anybody reads."""
        if len(self.stack) > MAX_DEPTH:
            self.report("E104", f"nested deeper than {MAX_DEPTH} levels", self.stack[-1].node.span)
            return True
        if self.nodes > MAX_NODES:
            span = self.stack[-1].node.span if self.stack else Span(self.file, 1, 1)
            hint = "move a part of it to another file"
            self.report("E104", f"the file holds more than {MAX_NODES:,} keys and values", span, hint=hint)
            return True
        return len(self.diagnostics) > MAX_IN_FILE

    def not_yaml(self, error: YamlError) -> None:
        """Report where the grammar is broken, and what had begun there."""
        mark, begun = error.problem_mark or error.context_mark, error.context_mark
        span = self.span(mark.line, mark.column) if mark else Span(self.file, 1, 1)
        span, label = (span, "") if span.source else (self.last(), "the file ends here")
        hint = ""
        if begun is not None and error.context and error.problem and begun.line + 1 < span.line:
            hint = f"{error.context} that begins in line {begun.line + 1}"
        self.refuse(f"this is not YAML: {error.problem or error.context}", span, label, hint)

    def refuse(self, message: str, span: Span, label: str = "", hint: str = "") -> None:
        self.broken = True
        self.report("E101", message, span, label, hint)

    def last(self) -> Span:
        """The place behind the last character that is not blank."""
        line = len(self.lines) - 1
        while line and not self.lines[line].strip():
            line -= 1
        return self.span(line, len(self.lines[line].rstrip()))

    def report(self, code: str, message: str, span: Span, label: str = "", hint: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, hint))

    def span(self, line: int, column: int, length: int = 1) -> Span:
        source = self.lines[line] if line < len(self.lines) else ""
        return Span(self.file, line + 1, column + 1, max(1, length), source)

    def event(self, event: Event) -> None:
        name = type(event).__name__
        if name == "ScalarEvent":
            self.refuse_decoration(event)
            self.add(self.scalar(event))
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            self.refuse_decoration(event)
            mapping = name == "MappingStartEvent"
            span = self.span(event.start_mark.line, event.start_mark.column)
            node = Node({} if mapping else [], span, "mapping" if mapping else "list", self.lines)
            self.add(node)
            self.stack.append(_Frame(node))
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            self.stack.pop()
        elif name == "AliasEvent":
            span = self.span(
                event.start_mark.line, event.start_mark.column, event.end_mark.column - event.start_mark.column
            )
            self.report("E103", "aliases (`*name`) are not part of these files", span, hint="repeat the value")
            self.add(Node("", span, "plain", self.lines))

    def refuse_decoration(self, event: Event) -> None:
        span = self.span(event.start_mark.line, event.start_mark.column)
        if event.anchor is not None:
            self.report("E103", "anchors (`&name`) are not part of these files", span, hint="repeat the value")
        if event.tag is not None:
            self.report("E103", "tags (`!name`) are not part of these files", span, hint="leave the tag out")

    def scalar(self, event: Event) -> Node:
        style = _STYLES.get(event.style, "plain")
        mark, end = event.start_mark, event.end_mark
        if style in ("literal", "folded"):
            span = self.block_start(mark.line, event.value)
        else:
            quote = 0 if style == "plain" else 1
            width = end.column - mark.column - 2 * quote if end.line == mark.line else len(event.value)
            span = self.span(mark.line, mark.column + quote, width)
        return Node(event.value, span, style, self.lines)

    def block_start(self, header: int, value: str) -> Span:
        """The place of the first character of a block scalar, below its `|` or `>`."""
        line = header + 1
        first = value.split("\n", 1)[0]
        while line < len(self.lines) - 1 and not self.lines[line].strip() and first:
            line += 1
        source = self.lines[line] if line < len(self.lines) else ""
        column = len(source) - len(source.lstrip(" "))
        return self.span(line, column, len(first))

    def add(self, node: Node) -> None:
        self.nodes += 1
        if not self.stack:
            self.documents.append(node)
            return
        frame = self.stack[-1]
        if isinstance(frame.node.data, list):
            frame.node.data.append(node)
        elif frame.key is None:
            frame.key = self.key(frame.node, node)
        else:
            frame.node.fields.setdefault(frame.key, node)
            frame.key = None

    def key(self, mapping: Node, node: Node) -> str:
        """The key that a node stands for, with whatever is wrong about it reported."""
        if not isinstance(node.data, str):
            self.report("E103", "a key must be a plain word", node.span)
            return ""
        if node.data == "<<" and node.style == "plain":
            self.report("E103", "merge keys (`<<`) are not part of these files", node.span, hint="repeat the entries")
        elif node.data in mapping.key_spans:
            first = mapping.key_spans[node.data].line
            self.report("E102", f"key `{node.data}` is given twice", node.span, f"first in line {first}")
        if not mapping.key_spans and mapping.span.line == node.span.line:
            mapping.span = node.span if mapping.span.column == node.span.column else mapping.span
        mapping.key_spans.setdefault(node.data, node.span)
        return node.data


_MANY = 1_000  # options from which on only those one slip away are looked for


def suggestion(word: str, options: Iterable[str]) -> str:
    """`did you mean ...?` for a mistyped word, or an empty string when nothing comes near.

    A word with digits, such as an id, is near what one slip of the keyboard makes of it, and nothing else: another
    number is another thing.
    """
    words = list(options)
    if len(words) > _MANY or any(map(str.isdigit, word)):
        near = next((option for option in words if _one_slip(word, option)), None)
    else:
        import difflib

        near = next(iter(difflib.get_close_matches(word, words, n=1, cutoff=0.6)), None)
    return f"did you mean `{near}`?" if near is not None else ""


def _one_slip(word: str, other: str) -> bool:
    """Whether one character too many, too few or another, two that changed places, or case alone part two words."""
    if abs(len(word) - len(other)) > 1:
        return False
    if word.casefold() == other.casefold():
        return True
    same = next(
        (at for at, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]),
        len(min(word, other, key=len)),
    )
    one, two = word[same:], other[same:]
    swapped = len(one) > 1 and one[1::-1] == two[:2] and one[2:] == two[2:]
    return swapped or one[1:] == two[1:] or one[1:] == two or one == two[1:]


def validate(node: Node, schema: str) -> tuple[Json, list[Diagnostic]]:
    """The node as typed plain JSON and its mistakes; see `modelaudit.engine.validation`."""
    from modelaudit.engine import validation

    return validation.validate(node, schema)
