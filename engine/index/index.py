"""Judging by index: of all rules, only those that the anchors of a fact leave open are evaluated on it."""

from __future__ import annotations

from operator import attrgetter

from modelaudit.engine.index.sources import of_env, of_fact, of_few_values
from modelaudit.engine.index.table import LONG, NONE
from modelaudit.engine.judging.hits import Trial, facts_of
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
    from modelaudit.engine.index.sources import OfEnv
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
            if kind in present or kind == "artifact" or kind in missing:
                facts = facts_of(node, kind)
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
        if not facts:
            return
        kind = self.of_kind(scope.kind)
        env = Env(node, facts[0])
        always = kind.always | kind.of_artifact(env)
        for fact in facts:
            found = kind.of_fact(fact, env)
            numbers = (always | found if found else always) if always else found
            if numbers:
                self.evaluate(env.at(fact), scope.within(numbers), trials, allows)

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
_NOWHERE: Formats = frozenset()  # what an artifact is in that stands on disk


class KindIndex:
    """The tables for facts of one kind."""

    def __init__(self, kind: str, doc: Json, lists: Mapping[str, Matcher]) -> None:
        self.always: Rules = frozenset(doc["always"])
        self._fields = []
        self._values = []
        self._whole = []
        self._few: list[tuple[str, OfEnv]] = []
        for source in doc["sources"]:
            if source["whole"]:
                few = of_few_values(source, lists)
                self._few += [few] if few is not None else []
                self._whole += [of_env(source, lists)] if few is None else []
                continue
            by_fact = of_fact(kind, source, lists)
            if by_fact is not None:
                self._fields.append(by_fact)
            else:
                self._values.append(of_env(source, lists))
        self._answers: dict[tuple[object, ...], Rules] = {}
        self._key = attrgetter("unknown", "cut", *dict.fromkeys(name for name, _ in self._few))

    def of_artifact(self, env: Env) -> Rules:
        """The rules that an artifact leaves open for all of its facts."""
        key = self._key(env.node.artifact)
        found = self._answers.get(key)
        if found is None:
            found = NONE.union(*[say(env) for _, say in self._few])
            if len(self._answers) < _KEPT and not any(isinstance(each, str) and len(each) > LONG for each in key):
                self._answers[key] = found
        for source in self._whole:
            found |= source(env)
        return found

    def of_fact(self, fact: Fact, env: Env) -> Rules:
        """The rules that a fact leaves open, besides those that the artifact does."""
        found: Rules = NONE
        for field in self._fields:
            more = field(fact)
            if more:
                found = found | more if found else more
        if self._values:
            inner = env.at(fact)
            for value in self._values:
                found |= value(inner)
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
