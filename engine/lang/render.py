"""Messages: compiled templates as functions of an `Env`."""

from __future__ import annotations

from modelaudit.engine.lang.linker import Linker
from modelaudit.engine.lang.values import UNKNOWN, Cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from modelaudit.engine.lang.evaluate import Env, Getter, Predicate, Value
    from modelaudit.engine.lang.lists import Matcher
    from modelaudit.engine.lang.quantify import Source

    Json = Any
    Part = Callable[[Env], str]

MAX_VALUE = 200  # characters of one printed value
FIRST = 5  # items that a variable holds, and that a set prints
ABSENT = "?"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class Renderer:
    """Links templates."""

    def __init__(self, lists: Mapping[str, Matcher]) -> None:
        self.lists = lists

    def template(self, template: Json) -> Part:
        """A whole message as a function."""
        parts = [part if isinstance(part, str) else self.part(part) for part in template["parts"]]

        def message(env: Env) -> str:
            return "".join([part if isinstance(part, str) else part(env) for part in parts])

        return message

    def part(self, part: Json) -> Part:
        """One field as a function."""
        noun: list[str] = part.get("noun", [])
        if "n" in part:
            return lambda env: counted(env.n, part.get("format", ""), noun)
        values = self.row_values(part) if "row" in part else self.values(part)
        distinct, limit = part.get("distinct", False), part.get("limit", FIRST)
        join, form = part.get("join", ", "), part.get("format", "")
        empty: str = part.get("empty", ABSENT)

        def field(env: Env) -> str:
            texts: Iterable[str] = [counted(value, form, noun) for value in values(env)]
            if distinct:
                texts = dict.fromkeys(texts)
            every = list(texts)
            more = join + "…" if len(every) > limit else ""
            return (join.join(every[:limit]) + more) if every else empty

        return field

    def values(self, part: Json) -> Callable[[Env], list[Value]]:
        """The values of a path: one, or the items of a set in order, or one per item of a variable."""
        get = Linker(self.lists).value(part["value"])
        if "each" not in part:
            return lambda env: spread(get(env))
        satisfied = self.satisfying(part["each"])

        def each(env: Env) -> list[Value]:
            found: list[Value] = []
            for number, _ in enumerate(satisfied(env), 1):
                found += spread(get(env))
                if number >= FIRST:
                    break
            return found

        return each

    def satisfying(self, quantifier: Json) -> Callable[[Env], Iterator[None]]:
        """What binds a variable to one item after the other that satisfies the quantifier's body."""
        from modelaudit.engine.lang.quantify import source_of

        linker = Linker(self.lists)
        return _walker(int(quantifier["var"][1:]), source_of(linker, quantifier), linker.condition(quantifier["body"]))

    def row_values(self, part: Json) -> Callable[[Env], list[Value]]:
        """A column of the first row that a value of the condition is covered by."""
        name, column = part["row"], part["column"]
        probes = [
            ([self.satisfying(around) for around in probe["around"]], Linker(self.lists).value(probe["left"]))
            for probe in part["probes"]
        ]

        def values(env: Env) -> list[Value]:
            matcher = self.lists[name]
            for around, get in probes:
                for value in _probe(env, around, get):
                    row = matcher.row(value)
                    if row is not None:
                        return spread(row.get(column))
            return []

        return values


def _walker(slot: int, source: Source, body: Predicate) -> Callable[[Env], Iterator[None]]:
    def walk(env: Env) -> Iterator[None]:
        found = source(env)
        if found is None or found is UNKNOWN:
            return
        for item, node in found[0]:
            env.vars[slot], env.nodes[slot] = item, node
            if body(env) is True:
                env.vars[slot], env.nodes[slot] = item, node
                yield

    return walk


def _probe(env: Env, around: list[Callable[[Env], Iterator[None]]], get: Getter) -> Iterator[str]:
    """Every text that the condition looked up, over all items of the quantifiers around it."""
    if not around:
        for value in spread(get(env)):
            if isinstance(value, str):
                yield value
        return
    for _ in around[0](env):
        yield from _probe(env, around[1:], get)


def spread(value: Value) -> list[Value]:
    """The single values of a value; sets in order."""
    if value is None or value is UNKNOWN:
        return []
    if type(value) is Cut:
        if isinstance(value.kept, str):
            return [value.kept + "…"]
        value = value.kept
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return list(value) if isinstance(value, (tuple, list)) else [value]


def counted(value: Value, form: str, noun: list[str]) -> str:
    """A value as messages print it, followed by the noun that it counts: one of them, or many."""
    text = shown(value, form)
    return f"{text} {noun[value != 1]}" if noun else text


def shown(value: Value, form: str = "") -> str:
    """A value as messages print it: formatted, escaped, at most 200 characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number(value, form)
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return escape(value if isinstance(value, str) else operand(value))


def operand(record: Value) -> str:
    """An operand of a call: texts in quotes, numbers as they are, what is imported or made by its name."""
    kind: str = record.type
    if record.value is not None:
        text = f"b'{record.value}'" if kind in ("bytes", "bytearray") else record.value
        text = f"'{text}'" if kind == "str" else text
    elif record.qualname:
        text = record.qualname if kind == "import" else f"<{kind} of {record.qualname}>"
    else:
        text = "None" if kind == "none" else f"<{kind}>"
    name = getattr(record, "name", "")
    return f"{name}={text}" if name else text


def number(value: float, form: str) -> str:
    """A number in one of the formats `x`, `#x`, `d`, `.nf`, `size`."""
    if form == "size":
        return size(int(value))
    if form.endswith("f"):
        return f"{value:{form}}"
    if form and isinstance(value, int):
        return f"{value:{form}}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def size(value: int) -> str:
    """A number of bytes in the largest unit that fits, such as `1.5 MiB`."""
    amount, unit = float(value), 0
    while abs(amount) >= 1024 and unit < len(_UNITS) - 1:
        amount /= 1024
        unit += 1
    return f"{value} B" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    """The text on one line and without characters that a terminal obeys or that turn text around.

    What does not print is written `\\n`, `\\xNN`, `\\uNNNN` or `\\UNNNNNNNN`.
    """
    cut = text[: MAX_VALUE + 1]
    out = cut if cut.isprintable() else "".join([c if c.isprintable() else _escaped(c) for c in cut])
    return out if len(out) <= MAX_VALUE else out[: MAX_VALUE - 1] + "…"


def _escaped(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
