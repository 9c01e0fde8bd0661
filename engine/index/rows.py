"""Judging facts that stand in columns: what is known of equal values, columns and rows is not asked again.

A fleet of models has the same few thousand values in millions of facts. The index is asked once for each distinct
column; a fact is made only where a rule is left open; and where rules that depend on nothing but some of its fields
were false before with the same values of these, they are false again. Only that is kept: a match is always evaluated,
with the fact that it is about.
"""

from __future__ import annotations

from modelaudit.engine.facts.columns import KEPT, SMALL, Memory
from modelaudit.engine.index.needs import needs
from modelaudit.engine.index.sources import of_env, of_field
from modelaudit.engine.lang.evaluate import Env
from modelaudit.engine.lang.paths import follow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.facts.columns import Columns
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.index.index import Allows, Index, Scope
    from modelaudit.engine.index.needs import Needs
    from modelaudit.engine.index.sources import OfValue
    from modelaudit.engine.index.table import Table
    from modelaudit.engine.judging.hits import Trial
    from modelaudit.engine.lang.lists import Matcher

    Json = Any
    Rules = frozenset[int]
    Numbers = tuple[int, ...]  # of rows
    Read = list[tuple[Sequence[Any], list[str | int]]]  # columns, and the way in their values
    Open = Mapping[int, Numbers]  # rules, and the rows that leave them open
    Look = Callable[[Columns, Env], Open]

QUIET = 16 * 1024 * 1024  # bytes of the facts about which it is kept that rules are false


class Rows:
    """The index and the rules about one kind, for facts in columns."""

    def __init__(self, index: Index, kind: str) -> None:
        self.index = index
        self.name = kind
        self.kind = index.of_kind(kind)
        sources = index.doc["kinds"][kind]["sources"]
        looks = [_look(kind, source, index.lists) for source in sources if not source["whole"]]
        names = {name for fields, _ in looks for name in fields or ()}
        self._look = _united([look for _, look in looks])
        if all(fields is not None for fields, _ in looks):
            self._look = _remembered(sorted(names), self._look)
        self._needs: dict[int, Needs | None] = {}
        self.quiet = Memory(QUIET)  # what rules were false about, or excepted

    def judge(self, node: FactSet, scope: Scope, facts: Columns, trials: dict[int, Trial], allows: Allows) -> None:
        """Evaluate on each fact the rules that it leaves open."""
        env = Env(node, node.artifact)
        found = self._look(facts, env)
        always = self.kind.always | self.kind.of_artifact(node)
        if always:
            found = {**found, **dict.fromkeys(always, tuple(range(len(facts))))}
        turn = _Turn(self, env, facts, trials, allows)
        for number, rows in found.items():
            if scope.fits(number):
                turn.rule(number, rows)

    def needs(self, number: int) -> Needs | None:
        """What a rule depends on."""
        if number not in self._needs:
            doc = self.index.rules[number].doc
            self._needs[number] = needs(self.name, doc["when"], doc["unless"])
        return self._needs[number]


class _Turn:
    """The facts of one artifact on their way through the rules."""

    __slots__ = ("allows", "env", "facts", "node", "rows", "size", "trials")

    def __init__(self, rows: Rows, env: Env, facts: Columns, trials: dict[int, Trial], allows: Allows) -> None:
        self.rows = rows
        self.env = env
        self.node = env.node
        self.facts = facts
        self.trials = trials
        self.allows = allows
        self.size = facts.size  # that is not counted yet for what is kept

    def rule(self, number: int, rows: Numbers) -> None:
        """Evaluate a rule on some rows."""
        needs = self.rows.needs(number)
        around = None if needs is None else self.around(needs)
        if needs is None or around is None:
            for row in rows:
                self.evaluate(row, number)
            return
        facts = self.facts
        key = (number, around, len(facts), rows, *[facts.raw(name) for name in needs.fields])
        if key not in self.rows.quiet:
            read = [(facts.values(str(name)), steps) for name, *steps in needs.paths]
            told = [self.once(row, number, read, around) for row in rows]
            if not any(told):
                self.keep(key)

    def once(self, row: int, number: int, read: Read, around: Hashable) -> bool:
        """Evaluate a rule on a row, unless it is known to have nothing to say of such."""
        key = (number, around, *[follow(values[row], steps) if steps else values[row] for values, steps in read])
        try:
            if key in self.rows.quiet:
                return False
        except TypeError:  # a value that no dict takes as a key
            return self.evaluate(row, number)
        told = self.evaluate(row, number)
        if not told:
            self.keep(key)
        return told

    def evaluate(self, row: int, number: int) -> bool:
        """Whether a rule has something to say of a row."""
        return self.rows.index.evaluate(self.env.at(self.facts[row]), (number,), self.trials, self.allows)

    def keep(self, key: object) -> None:
        """Keep that a rule has nothing to say; the size of the facts counts once."""
        self.rows.quiet.keep(key, None, self.size)
        self.size = 0

    def around(self, needs: Needs) -> Hashable | None:
        """What a rule reads around the facts, as far as that can be compared; else None."""
        found: list[Hashable] = [self._outer(head, name) for head, name in needs.outer]
        for kind, name in needs.facts:
            others = self.node.facts.get(kind, ())
            if isinstance(others, (list, tuple)) and others:
                return None
            raw = b"" if isinstance(others, (list, tuple)) else others.raw(name)
            found.append((raw, len(others), kind in self.node.artifact.incomplete))
        return tuple(found)

    def _outer(self, head: str, name: str) -> Hashable:
        node = self.node.parent if head == "parent" else self.node.root if head == "root" else self.node
        if node is None:
            return None
        artifact = node.artifact
        return getattr(artifact, name), artifact.unknown, artifact.cut


def _look(kind: str, source: Json, lists: Mapping[str, Matcher]) -> tuple[Sequence[str] | None, Look]:
    """What a source says of the rows of columns, and the fields that it depends on, None when on more than those."""
    field = of_field(kind, source, lists)
    if field is not None:
        name, table, of_value = field
        names: Sequence[str] = (name, "unknown", "cut")
        return names, _remembered(names, _of_column(name, table, of_value))
    program = of_env(source, lists)

    def every(facts: Columns, env: Env) -> Open:
        return _by_rule(program(env.at(fact)) for fact in facts)

    depends = needs(kind, source["in"], source["term"])
    if depends is None or depends.outer or depends.facts:
        return None, every
    return depends.fields, _remembered(depends.fields, every)


def _united(looks: Sequence[Look]) -> Look:
    """What several sources say together."""

    def look(facts: Columns, env: Env) -> Open:
        found: dict[int, Numbers] = {}
        for each in looks:
            for number, rows in each(facts, env).items():
                known = found.get(number)
                found[number] = rows if known is None or known == rows else tuple(sorted({*known, *rows}))
        return found

    return look


def _by_rule(said: Iterable[Rules]) -> Open:
    """What each row leaves open, turned round."""
    found: dict[int, list[int]] = {}
    for row, rules in enumerate(said):
        for number in rules:
            found.setdefault(number, []).append(row)
    return {number: tuple(rows) for number, rows in found.items()}


def _of_column(name: str, table: Table, of_value: OfValue) -> Look:
    """What one field leaves open in each row."""

    def look(facts: Columns, env: Env) -> Open:
        values = facts.values(name)
        if not (facts.raw("unknown") or facts.raw("cut")):
            return _by_rule(map(of_value, values))
        doubts = zip(facts.values("unknown"), facts.values("cut"), strict=True)
        return _by_rule(
            table.rules if name in unknown or name in cut else of_value(value)
            for value, (unknown, cut) in zip(values, doubts, strict=True)
        )

    return look


def _remembered(names: Sequence[str], look: Look) -> Look:
    """The same, asked once for columns that are equal."""
    known = Memory(KEPT)

    def remember(facts: Columns, env: Env) -> Open:
        raw = [facts.raw(name) for name in names]
        size = sum(map(len, raw))
        if size > SMALL:
            return look(facts, env)
        key = (len(facts), *raw)
        found: Open | None = known.get(key)
        if found is None:
            found = look(facts, env)
            known.keep(key, found, size)
        return found

    return remember
