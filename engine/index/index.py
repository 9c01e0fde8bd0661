"""Judging by index: of all rules, only those that the anchors of a fact leave open are evaluated on it."""

from __future__ import annotations

from operator import attrgetter

from modelaudit.engine.index.fields import KEYS
from modelaudit.engine.index.sources import ask_fields, of_env
from modelaudit.engine.index.table import LONG, NONE
from modelaudit.engine.judging.hits import Trial
from modelaudit.engine.lang.evaluate import Env
from modelaudit.engine.ruleset import applies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.engine.facts.columns import Columns
    from modelaudit.engine.factset import Facts, FactSet
    from modelaudit.engine.index.rows import Rows
    from modelaudit.engine.lang.lists import Matcher
    from modelaudit.engine.lazy import Lazy
    from modelaudit.engine.ruleset import Allow, Rule

    Json = Any
    Rules = frozenset[int]
    Formats = frozenset[str]
    Allows = Mapping[str, Sequence[Allow]]


class Index:
    """The index of a rule set; `doc` is what `modelaudit.engine.index.build` made of `rules`."""

    def __init__(self, doc: Json, rules: Lazy[Rule], lists: Mapping[str, Matcher]) -> None:
        self.doc = doc
        self.rules = rules
        self.lists = lists
        self._groups = [(frozenset(each["formats"]), frozenset(each["inside"])) for each in doc["groups"]]
        self._kinds: dict[str, KindIndex] = {}
        self._rows: dict[str, Rows] = {}
        self._scopes: dict[tuple[str, Formats, Formats, Formats], dict[str, Scope]] = {}

    def trials(self, node: FactSet, allows: Allows) -> list[Trial]:
        """Every rule that matches in an artifact or is inconclusive there, in the order of kinds and rules."""
        found: list[Trial] = []
        present, missing = node.facts, node.artifact.incomplete
        for kind, scope in self.scopes(node).items():
            facts: Facts
            if kind == "artifact":
                facts = (node.artifact,)
            elif kind in present:
                facts = present[kind]
            elif kind in missing:
                facts = ()
            else:
                continue
            incomplete = kind in missing
            if facts or incomplete:
                found += self.kind(node, scope, facts, allows, incomplete=incomplete)
        return found

    def kind(self, node: FactSet, scope: Scope, facts: Facts, allows: Allows, *, incomplete: bool) -> Sequence[Trial]:
        """The rules about one kind of fact."""
        trials: dict[int, Trial] = {}
        if incomplete:
            for number in scope.numbers():
                trials[number] = self.trial(number, node, allows)
        if isinstance(facts, (list, tuple)):
            self.each(node, scope, facts, trials, allows)
        else:
            self.rows(node, scope, facts, trials, allows)
        if not trials:
            return ()
        found = [trials[number] for number in sorted(trials)]
        for trial in found:
            trial.close()
        return found

    def each(
        self, node: FactSet, scope: Scope, facts: Sequence[Fact], trials: dict[int, Trial], allows: Allows
    ) -> None:
        """Evaluate on each fact the rules that it leaves open."""
        kind = self.of_kind(scope.kind)
        always = kind.always | kind.of_artifact(node)
        for fact in facts:
            found = kind.of_fact(fact, node)
            numbers = (always | found if found else always) if always else found
            if numbers:
                self.evaluate(Env(node, fact), scope.within(numbers), trials, allows)

    def rows(self, node: FactSet, scope: Scope, facts: Columns, trials: dict[int, Trial], allows: Allows) -> None:
        """The same for facts that stand in columns."""
        from modelaudit.engine.index.rows import Rows

        rows = self._rows.get(scope.kind)
        if rows is None:
            rows = self._rows[scope.kind] = Rows(self, scope.kind)
        rows.judge(node, scope, facts, trials, allows)

    def evaluate(self, env: Env, numbers: Collection[int], trials: dict[int, Trial], allows: Allows) -> bool:
        """Evaluate rules on one fact; whether any matched it or could not be decided, and no exception held."""
        rules = self.rules
        told = False
        for number in numbers:
            when = rules[number].when(env)
            if when is not False:
                trial = trials.get(number)
                if trial is None:
                    trial = trials[number] = self.trial(number, env.node, allows)
                told = trial.consider(env, when) or told
        return told

    def trial(self, number: int, node: FactSet, allows: Allows) -> Trial:
        """An empty record of one rule on one artifact."""
        rule = self.rules[number]
        return Trial(rule, node, allows.get(rule.id, ()))

    def of_kind(self, name: str) -> KindIndex:
        """The tables for facts of one kind, made when such a fact is first seen."""
        found = self._kinds.get(name)
        if found is None:
            found = self._kinds[name] = KindIndex(name, self.doc["kinds"][name], self.lists)
        return found

    def scopes(self, node: FactSet) -> dict[str, Scope]:
        """The kinds for which rules fit the formats of an artifact and of what it is in, in order."""
        artifact = node.artifact
        outer = _NOWHERE if node.parent is None else _outer_names(node)
        key = (artifact.format, artifact.formats, artifact.families, outer)
        scopes = self._scopes.get(key)
        if scopes is None:
            fitting = [applies(formats, inside, node) for formats, inside in self._groups]
            every = [Scope(kind, doc["groups"], fitting, self.doc) for kind, doc in self.doc["kinds"].items()]
            ordered = sorted((scope for scope in every if scope.first >= 0), key=lambda scope: scope.first)
            scopes = self._scopes[key] = {scope.kind: scope for scope in ordered}
        return scopes


class Scope:
    """The rules about one kind of fact that fit one sort of artifact."""

    __slots__ = ("_all", "_fitting", "_group_of", "_groups", "_known", "first", "kind")

    def __init__(self, kind: str, groups: Mapping[str, Sequence[int]], fitting: Sequence[bool], doc: Json) -> None:
        self.kind = kind
        self._groups = [numbers for group, numbers in groups.items() if fitting[int(group)]]
        self._all = len(self._groups) == len(groups)
        self._fitting = fitting
        self._group_of: Sequence[int] = doc["group_of"]
        self._known: dict[Rules, Collection[int]] = {}
        self.first: int = min((numbers[0] for numbers in self._groups), default=-1)

    def numbers(self) -> Iterator[int]:
        """All of them."""
        for numbers in self._groups:
            yield from numbers

    def fits(self, number: int) -> bool:
        """Whether a rule fits."""
        return self._fitting[self._group_of[number]]

    def within(self, numbers: Rules) -> Collection[int]:
        """Those of some rules that fit."""
        if self._all:
            return numbers
        found = self._known.get(numbers)
        if found is None:
            found = [number for number in numbers if self._fitting[self._group_of[number]]]
            if len(self._known) < _KEPT:
                self._known[numbers] = found
        return found


_KEPT = 4096
FEW_VALUES = frozenset({"depth", "format", "repo", "role", "view"})  # fields with few values in all artifacts
_NOWHERE: Formats = frozenset()  # what an artifact is in that stands on disk


class KindIndex:
    """The tables for facts of one kind."""

    def __init__(self, kind: str, doc: Json, lists: Mapping[str, Matcher]) -> None:
        self.always: Rules = frozenset(doc["always"])
        fields, programs = ask_fields([each for each in doc["sources"] if not each["whole"]], kind, lists)
        self._fields = [(field.get, field.known, field) for field in fields]
        self._names = frozenset().union(*[field.names for field in fields])
        self._programs = [of_env(each, lists) for each in programs]
        fields, programs = ask_fields([each for each in doc["sources"] if each["whole"]], "artifact", lists)
        self._few = [field for field in fields if field.name in FEW_VALUES]
        self._many = [field for field in fields if field.name not in FEW_VALUES]
        self._outer, programs = ask_fields(programs, "parent", lists)
        self._around = [of_env(each, lists) for each in programs]
        self._answers: dict[tuple[object, ...], Rules] = {}
        self._key = attrgetter("unknown", "cut", *[field.name for field in self._few])

    def of_artifact(self, node: FactSet) -> Rules:
        """The rules that an artifact leaves open for all of its facts."""
        artifact = node.artifact
        key = self._key(artifact)
        found = self._answers.get(key)
        if found is None:
            found = NONE.union(*[field.of(artifact) for field in self._few])
            if len(self._answers) < _KEPT and not any(isinstance(each, str) and len(each) > LONG for each in key):
                self._answers[key] = found
        for field in self._many:
            more = field.of(artifact)
            if more:
                found |= more
        for field in self._outer:
            more = field.of_none() if node.parent is None else field.of(node.parent.artifact)
            if more:
                found |= more
        if self._around:
            env = Env(node, artifact)
            found = found.union(*[program(env) for program in self._around])
        return found

    def of_fact(self, fact: Fact, node: FactSet) -> Rules:
        """The rules that a fact leaves open, besides those that the artifact does."""
        found: Rules = NONE
        unknown, cut = fact.unknown, fact.cut
        doubtful = (unknown or cut) and not (self._names.isdisjoint(unknown) and self._names.isdisjoint(cut))
        for get, known, field in self._fields:
            if doubtful and field.is_doubtful(fact):
                more: Rules | None = field.rules
            else:
                value = get(fact)
                more = known.get(value) if type(value) in KEYS else None
                if more is None:
                    more = field.ask(value)
            if more:
                found = found | more if found else more
        if self._programs:
            env = Env(node, fact)
            found = found.union(*[program(env) for program in self._programs])
        return found


def _names(node: FactSet) -> Formats:
    artifact = node.artifact
    return frozenset((artifact.format, *artifact.formats, *artifact.families))


def _outer_names(node: FactSet) -> Formats:
    names: set[str] = set()
    outer = node.parent
    while outer is not None:
        names |= _names(outer)
        outer = outer.parent
    return frozenset(names)
