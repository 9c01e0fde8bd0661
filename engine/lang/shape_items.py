"""Reads the entries of lists of call shapes: `name[/kind|kind][(argument, …)]`."""

from __future__ import annotations

import re

from modelaudit.engine.diagnostics import MAX_IN_FILE
from modelaudit.engine.lang import globs
from modelaudit.engine.lang.lists import MAX_ITEM, Problem
from modelaudit.engine.lang.shapes import CALLS, REF, STATES
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    Json = Any
    Resolve = Callable[[str], str | None]

KINDS = (REF, *sorted(CALLS), *sorted(STATES))
TYPES = (
    *("none", "bool", "int", "float", "complex", "str", "bytes", "bytearray", "list", "tuple", "dict", "set"),
    *("frozenset", "import", "result", "instance", "persistent", "module", "unknown"),
)  # the type words of an argument in the schema of facts
MAX_ARGS = 64
_TOKEN = re.compile(
    r"""\s*(?: (?P<text>b?"(?:[^"\\]|\\.)*") | (?P<list>@[A-Za-z_][\w.]*) | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<word>[A-Za-z_]\w*) | (?P<mark>[|,*]) | (?P<bad>\S) )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


class MalformedError(Exception):
    """An entry that is none: where it goes wrong, and what to write."""

    def __init__(self, message: str, start: int = 0, end: int = 0, hint: str = "", code: str = "E228") -> None:
        super().__init__(message)
        self.message, self.start, self.end, self.hint, self.code = message, start, end, hint, code


def compile_shapes(items: Sequence[Json], resolve: Resolve) -> tuple[Json, list[Problem]]:
    """A list of call shapes as compiled JSON, and the entries that are malformed (E209, E220, E223, E228).

    `resolve` gives the full name of a list that an entry names, None when there is no such list.
    """
    maker = _Maker(resolve)
    for index, item in enumerate(items):
        try:
            maker.add(item)
        except MalformedError as wrong:
            problem = Problem(index, wrong.code, wrong.message, wrong.hint)
            problem.start, problem.length = wrong.start, max(0, wrong.end - wrong.start)
            maker.problems.append(problem)
            if len(maker.problems) > MAX_IN_FILE:
                break
    return maker.compiled(), maker.problems


class _Maker:
    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.problems: list[Problem] = []
        self.seen: set[str] = set()
        self.forms: dict[str, int] = {}
        self.made: list[Json] = []
        self.names: dict[str, list[int]] = {}
        self.through: list[Json] = []

    def compiled(self) -> Json:
        """The compiled list."""
        made: Json = {"kind": "shapes", "of": "dotted", "fold": "none", "items": [*self.names]}
        made |= {"forms": self.made, "uses": [*self.names.values()], "through": self.through}
        return made | {"roots": globs.roots(self.names)}

    def add(self, item: Json) -> None:
        text = self.checked(item)
        name, kinds_at, args_at = _parts(text)
        kinds = _kinds(text, kinds_at, args_at) if kinds_at >= 0 else None
        args, more = self.arguments(text, args_at) if args_at >= 0 else (None, False)
        if args is not None and kinds is not None and CALLS.isdisjoint(kinds):
            hint = f"one of {', '.join(sorted(CALLS))}"
            raise MalformedError("arguments belong to a kind of call, and none is named", args_at, len(text), hint)
        form = [kinds, args, more]
        plain = kinds is None and args is None
        if name.startswith("@"):
            self.through.append([self.full_name(name, 0, len(name)), [] if plain else [self.number(form)]])
            return
        wrong = globs.problem(name, "dotted")
        if wrong:
            raise MalformedError(f"`{name}`: {wrong}", 0, len(name), code="E220")
        self.names.setdefault(name, []).append(self.number(form))

    def checked(self, item: Json) -> str:
        if not isinstance(item, str) or not item:
            raise MalformedError(
                "an entry is a name with the ways in which it may be used", hint="such as `acme.Net/newobj|build`"
            )
        if len(item) > MAX_ITEM:
            raise MalformedError("the entry is longer than 4 KiB", code="E223")
        if item in self.seen:
            raise MalformedError(f"`{item}` is in the list twice")
        self.seen.add(item)
        return item

    def number(self, form: Json) -> int:
        at = self.forms.setdefault(repr(form), len(self.made))
        if at == len(self.made):
            self.made.append(form)
        return at

    def full_name(self, word: str, start: int, end: int) -> str:
        full = self.resolve(word[1:])
        if full is None:
            raise MalformedError(
                f"unknown list `{word}`", start, end, "an argument `@list` names a list of the packs", "E209"
            )
        return full

    def arguments(self, text: str, start: int) -> tuple[list[Json], bool]:
        """The arguments between the parentheses, each as its choices, and whether more may follow."""
        if not text.endswith(")"):
            raise MalformedError(
                "the arguments do not end with `)`", start, len(text), "such as `acme.f/reduce(str,int)`"
            )
        found: list[Json] = [[]]
        before = ""  # the kind of part before this one
        for kind, word, at, end in _words(text, start):
            if before not in _FOLLOWS.get(kind, _BETWEEN):
                raise MalformedError(f"`{word}` cannot stand here", at, end, _ARGUMENTS)
            if kind == ",":
                found.append([])
            elif kind not in ("|", "*"):
                found[-1].append(self.choice(kind, word, at, end))
            before = kind if kind in (",", "|", "*") else "choice"
        if before in (",", "|"):
            raise MalformedError("an argument is missing", len(text) - 1, len(text), _ARGUMENTS)
        args = [choices for choices in found if choices]
        if len(args) > MAX_ARGS:
            raise MalformedError(f"more than {MAX_ARGS} arguments", start, len(text))
        return args, before == "*"

    def choice(self, kind: str, word: str, start: int, end: int) -> Json:
        if kind == "list":
            return ["list", self.full_name(word, start, end)]
        if kind == "text":
            return _text(word, start, end)
        if kind == "number":
            return ["lit", "float", repr(float(word))] if "." in word else ["lit", "int", repr(int(word))]
        return _word(word, start, end)


_FOLLOWS: Mapping[str, tuple[str, ...]] = {",": ("choice",), "|": ("choice",), "*": ("", ","), "bad": ()}
_BETWEEN = ("", ",", "|")  # what may stand before a choice
_ARGUMENTS = 'an argument is a type, a constant, choices `a|b`, `@list` or `*`, such as `(str,"latin1",*)`'


def _words(text: str, start: int) -> Iterator[tuple[str, str, int, int]]:
    """The parts between the parentheses: kind, text, beginning and end."""
    for match in _TOKEN.finditer(text, start + 1, len(text) - 1):
        name = str(match.lastgroup)
        word = match.group(name)
        yield (word if name == "mark" else name), word, match.start(name), match.end(name)


def _word(word: str, start: int, end: int) -> Json:
    """A type, or a constant that is a word."""
    if word == "any":
        return ["any"]
    if word in ("true", "false"):
        return ["lit", "bool", word]
    if word not in TYPES:
        raise MalformedError(f"`{word}` is no type of an argument", start, end, _closest(word, (*TYPES, "any")))
    return ["type", word]


def _closest(word: str, names: Sequence[str]) -> str:
    """A close name, or all of them."""
    return suggestion(word, names) or f"one of {', '.join(names)}"


def _parts(text: str) -> tuple[str, int, int]:
    """The name of an entry, and where its `/` and its `(` stand, -1 where they do not."""
    args = text.find("(")
    slash = text.find("/", 0, args if args >= 0 else len(text))
    end = slash if slash >= 0 else args if args >= 0 else len(text)
    name = text[:end]
    if not name or any(c.isspace() for c in name) or ")" in name:
        raise MalformedError(f"`{name or text}` is no name", 0, end or len(text), "such as `acme.Net/newobj|build`")
    return name, slash, args


def _kinds(text: str, start: int, end: int) -> list[str]:
    found: list[str] = []
    at = start + 1
    for word in text[at : end if end >= 0 else len(text)].split("|"):
        if word not in KINDS:
            hint = _closest(word, KINDS)
            raise MalformedError(f"`{word}` is no way to use a callable", at, at + len(word), hint)
        if word not in found:
            found.append(word)
        at += len(word) + 1
    return sorted(found)


def _text(token: str, start: int, end: int) -> Json:
    is_bytes = token.startswith("b")
    body = token[2 if is_bytes else 1 : -1]

    def plain(match: re.Match[str]) -> str:
        mark = match.group(1)
        if mark[0] == "x" and len(mark) == 3:
            return chr(int(mark[1:], 16))
        if mark not in _ESCAPES:
            raise MalformedError(f"`\\{mark}` is no escape", start, end, r"escapes are \\ \" \' \n \t \xNN")
        return _ESCAPES[mark]

    text = _ESCAPE.sub(plain, body)
    if not is_bytes:
        return ["lit", "str", text]
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        raise MalformedError("bytes hold characters up to \\xff", start, end) from None
    return ["lit", "bytes", data.replace(b"\\", b"\\\\").decode("ascii", "backslashreplace")]
