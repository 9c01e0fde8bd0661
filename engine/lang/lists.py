"""Lists and tables of packs: compiled to plain JSON, and looked up fast.

An exact entry costs one look-up in a dict, `name.**` one per segment of the value, and only other globs and
regular expressions are tried one by one. When several rows of a table cover a value, an exact one wins, then
the longest `name.**`, then the first in the file.
"""

from __future__ import annotations

from modelaudit.engine.lang import globs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    Json = Any
    Row = Mapping[str, Any]

KINDS = ("exact", "glob", "regex", "table", "shapes")
ALL = "all"  # of the operators below: every one that takes a list
OPERATORS: Mapping[str, frozenset[str]] = {
    "exact": frozenset(("in", "overlaps", "within", "contains", "startswith", "endswith")),
    "glob": frozenset(("glob", "overlaps", "within")),
    "regex": frozenset(("matches",)),
    "table": frozenset(("in", "glob", "overlaps", "within")),
    "shapes": frozenset(),
}
MAX_REGEX = 10_000  # entries, each of which is compiled
KNOWN_MAX = 4096  # values of which a list remembers what covers them
MAX_ITEM = 4 * 1024  # characters of one entry


class ListType:
    """What the compiler knows of a list: its kind, what it holds, its folding and the columns of a table."""

    __slots__ = ("columns", "fold", "kind", "of")

    def __init__(self, kind: str, of: str = "plain", fold: str = "none", columns: tuple[str, ...] = ()) -> None:
        self.kind = kind  # exact | glob | regex | table | shapes
        self.of = of  # dotted | path | uri | plain
        self.fold = fold  # none | case | skeleton
        self.columns = columns


class Problem:
    """An entry that does not fit its list."""

    __slots__ = ("code", "help", "index", "length", "message", "start")

    def __init__(self, index: int, code: str, message: str, hint: str = "") -> None:
        self.index = index  # of the entry; past the last one when it is about the whole list
        self.start = self.length = 0  # the part of the entry that is wrong; no length for all of it
        self.code = code
        self.message = message
        self.help = hint

    def __repr__(self) -> str:
        return f"Problem({self.index}, {self.code}, {self.message!r})"


def compile_list(
    kind: str, of: str, fold: str, items: Sequence[Json], resolve: Callable[[str], str | None] = str
) -> tuple[Json, list[Problem]]:
    """A list as compiled JSON, and the entries that do not fit it (E209, E220, E221, E222, E223, E228, E229).

    `fold` defaults to none when empty. Entries of a table are mappings with a `key`; all others are strings.
    `resolve` gives the full name of a list that a call shape names, None when there is no such list.
    """
    if kind == "shapes":
        from modelaudit.engine.lang.shape_items import compile_shapes

        return compile_shapes(items, resolve)
    from modelaudit.engine.diagnostics import MAX_IN_FILE

    maker = _Maker(kind, of, fold or "none")
    if kind not in KINDS:
        maker.problem(len(items), "E229", f"lists of kind `{kind}` are not in this engine version")
        return maker.compiled, maker.problems
    if kind == "regex" and len(items) > MAX_REGEX:
        maker.problem(len(items), "E228", f"a list of kind regex holds at most {MAX_REGEX:,} entries")
        return maker.compiled, maker.problems
    for index, item in enumerate(items):
        maker.add(index, item)
        if len(maker.problems) > MAX_IN_FILE:
            break
    if kind in ("glob", "table") and of == "dotted" and maker.fold == "none":
        maker.compiled["roots"] = globs.roots(maker.compiled["items"])
    return maker.compiled, maker.problems


class _Maker:
    def __init__(self, kind: str, of: str, fold: str) -> None:
        self.kind, self.of, self.fold = kind, of, fold
        self.problems: list[Problem] = []
        self.seen: dict[str, int] = {}
        self.compiled: Json = {"kind": kind, "of": of, "fold": fold, "items": []}
        if kind == "table":
            self.compiled["rows"] = []
        if kind == "regex":
            self.compiled["tests"] = []

    def problem(self, index: int, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(index, code, message, hint))

    def add(self, index: int, item: Json) -> None:
        key = self.key(index, item)
        if key is None or not self.fits(index, key):
            return
        if key in self.seen:
            self.problem(index, "E228", f"`{_short(key)}` is in the list twice", f"first as entry {self.seen[key] + 1}")
            return
        self.seen[key] = index
        self.compiled["items"].append(key)
        if self.kind == "table":
            self.compiled["rows"].append({name: value for name, value in item.items() if name != "key"})
        if self.kind == "regex":
            from modelaudit.engine.lang.patterns import prepare

            self.compiled["tests"].append(prepare(key))

    def key(self, index: int, item: Json) -> str | None:
        """The text of an entry, None when it is of the wrong form."""
        if self.kind == "table":
            key = item.get("key") if isinstance(item, dict) else None
            if not isinstance(key, str):
                self.problem(index, "E228", "an entry of a table is a row with a `key`", "write `{key: …, column: …}`")
                return None
            return key
        if not isinstance(item, str):
            hint = "make the list `kind: table` to give columns"
            self.problem(index, "E228", f"an entry of a list of kind {self.kind} is a string", hint)
            return None
        return item

    def fits(self, index: int, key: str) -> bool:
        if not key and self.kind != "exact":
            self.problem(index, "E228", "the entry is empty")
            return False
        if len(key) > MAX_ITEM:
            self.problem(index, "E223", "the entry is longer than 4 KiB")
            return False
        if self.kind == "regex":
            return self.regex(index, key)
        return self.plain(index, key)

    def regex(self, index: int, key: str) -> bool:
        from modelaudit.engine.lang.patterns import check

        found = check(key)
        if found is not None:
            self.problem(index, found.code, found.message, found.help)
        return found is None

    def plain(self, index: int, key: str) -> bool:
        if self.kind == "exact":
            if globs.is_glob(key) and self.of != "plain":
                hint = "make the list `kind: glob`"
                self.problem(index, "E228", f"`{_short(key)}` is a glob in a list of kind exact", hint)
                return False
            return True
        wrong = globs.problem(key, self.of) if self.of in globs.SEPARATORS else ""
        if wrong:
            self.problem(index, "E220", f"`{_short(key)}`: {wrong}")
        return not wrong


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def matcher(compiled: Json) -> Matcher:
    """What looks values up in a compiled list."""
    if compiled["kind"] == "regex":
        return RegexMatcher(compiled)
    if compiled["kind"] == "shapes":
        from modelaudit.engine.lang.shapes import ShapesMatcher

        return ShapesMatcher(compiled)
    return Matcher(compiled)


class Matcher:
    """A list of names or globs."""

    __slots__ = (
        "_exact",
        "_fold",
        "_globs",
        "_heads",
        "_known",
        "_roots",
        "_separators",
        "_tails",
        "items",
        "of",
        "rows",
    )

    def __init__(self, compiled: Json) -> None:
        self.items: Sequence[str] = compiled["items"]
        self.of: str = compiled["of"]
        self.rows: Sequence[Row] | None = compiled.get("rows")
        self._separators = globs.SEPARATORS.get(self.of, "")
        self._fold = folding(compiled["fold"])
        roots = compiled.get("roots")
        self._roots = None if roots is None else frozenset(roots)  # first segments of what a dotted list covers
        self._exact: dict[str, int] = {}
        self._heads: dict[str, int] = {}
        self._tails: dict[str, int] = {}
        self._globs: list[tuple[Callable[[str], bool], int]] = []
        self._known: dict[str, int] = {}
        items = self.items if self._fold is None else [self._fold(item) for item in self.items]
        if compiled["kind"] == "exact":
            self._exact = {item: at for at, item in enumerate(items)}
        else:
            self._fill(items)

    def _fill(self, items: Iterable[str]) -> None:
        for at, item in enumerate(items):
            if "*" not in item and "?" not in item:
                self._exact.setdefault(item, at)
                continue
            kind, text = globs.shape(item, self.of)
            if kind == "under":
                self._heads.setdefault(text, at)
            elif kind == "below":
                self._tails.setdefault(text, at)
            else:
                self._globs.append((globs.compile_glob(item, self.of), at))

    def contains(self, value: str) -> bool:
        """Whether an entry covers the value."""
        return self.find(value) >= 0

    def row(self, value: str) -> Row | None:
        """The columns of the row that covers the value, with its `key`; None when none does or there are no rows."""
        at = self.find(value)
        if at < 0 or self.rows is None:
            return None
        return {"key": self.items[at], **self.rows[at]}

    def find(self, value: str) -> int:
        """The number of the entry that covers the value, -1 when none does."""
        at = self._exact.get(value, -1) if self._fold is None else -2
        if at >= 0 or (at == -1 and not self._heads and not self._tails and not self._globs):
            return at
        if self._roots is not None and value.partition(".")[0] not in self._roots:
            return -1
        known = self._known
        found = known.get(value)
        if found is None:
            found = self._search(value if self._fold is None else self._fold(value))
            if len(known) >= KNOWN_MAX:
                known.clear()  # rules ask for the names of one fact one after the other
            known[value] = found
        return found

    def every(self, value: str) -> list[int]:
        """The numbers of all entries that cover the value; a list that folds is not asked for them."""
        if self._roots is not None and value.partition(".")[0] not in self._roots:
            return []
        found = [at for at in [self._exact.get(value, -1)] if at >= 0]
        if self._heads:
            found += _inits(self._heads, value)
        if self._tails:
            found += _rests(self._tails, value)
        return found + [number for test, number in self._globs if test(value)]

    def _search(self, value: str) -> int:
        at = self._exact.get(value, -1)
        if at >= 0:
            return at
        if self._heads:
            at = _longest(self._heads, value, self._separators)
        if at < 0 and self._tails:
            at = _longest_tail(self._tails, value, self._separators)
        if at >= 0:
            return at
        for test, number in self._globs:
            if test(value):
                return number
        return -1


class RegexMatcher(Matcher):
    """A list of regular expressions, each compiled when it is first tried."""

    __slots__ = ("_prepared", "_tests")

    def __init__(self, compiled: Json) -> None:
        super().__init__({**compiled, "kind": "exact"})
        self._prepared: Sequence[Json] = compiled["tests"]
        self._tests: list[Callable[[str], bool]] | None = None

    def find(self, value: str) -> int:
        """The number of the first expression that occurs in the value, -1 when none does."""
        if self._tests is None:
            from modelaudit.engine.lang.regex import searcher

            self._tests = [searcher(item) for item in self._prepared]
        text = value if self._fold is None else self._fold(value)
        for at, test in enumerate(self._tests):
            if test(text):
                return at
        return -1


def folding(name: str) -> Callable[[str], str] | None:
    """What makes texts equal before they are compared, None for nothing."""
    if name == "none":
        return None
    from modelaudit.engine.lang import unicode

    return unicode.fold if name == "case" else unicode.skeleton


def _longest(heads: Mapping[str, int], value: str, separators: str) -> int:
    """The number of the longest head that is the value or its beginning up to a separator, -1 without one."""
    head = value
    while True:
        found = heads.get(head)
        if found is not None:
            return found
        at = head.rfind(separators) if len(separators) == 1 else max([head.rfind(each) for each in separators])
        if at < 0:
            return -1
        head = head[:at]


def _inits(heads: Mapping[str, int], value: str) -> list[int]:
    """The numbers of all heads that are the dotted value or its beginning up to a dot."""
    parts = value.split(".")
    tried = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return [heads[each] for each in tried if each in heads]


def _rests(tails: Mapping[str, int], value: str) -> list[int]:
    """The numbers of all tails that are the dotted value or its end after a dot."""
    parts = value.split(".")
    tried = [".".join(parts[count:]) for count in range(len(parts))]
    return [tails[each] for each in tried if each in tails]


def _longest_tail(tails: Mapping[str, int], value: str, separators: str) -> int:
    """The number of the longest tail that is the value or its end after a separator, -1 without one."""
    tail = value
    while True:
        found = tails.get(tail)
        if found is not None:
            return found
        places = [at for at in [tail.find(each) for each in separators] if at >= 0]
        if not places:
            return -1
        tail = tail[min(places) + 1 :]
