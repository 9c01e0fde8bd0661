"""Lists that two policies make differ: whether a rule matches less because of one."""

from __future__ import annotations

import json

from modelaudit.engine.judging.grades import is_suppressed
from modelaudit.engine.policy.polarity import EITHER, LESS, MORE, blockers, names, polarities, reached, triggers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from modelaudit.engine.ruleset import Rule, Ruleset

    Json = Any


class Lists:
    """Every list that differs, and what that does to rules that can fail the parent's scan."""

    def __init__(
        self, child: Ruleset, parent: Ruleset, counting: set[str], always_counts: Callable[[Rule], bool]
    ) -> None:
        self.child, self.parent = child, parent
        self.counting = counting
        self.always_counts = always_counts
        self.more_matches: set[str] = set()  # rules that may match more than there
        self._refuted: dict[str, list[str]] = {}  # a reason, and the rules or allows that it is about
        self._unproved: dict[str, list[str]] = {}
        for name, direction in _changes(child.doc["lists"], parent.doc["lists"]):
            self.differs(name, direction)

    @property
    def refuted(self) -> list[str]:
        """Why the child is not as strict."""
        return [reason.format(", ".join(about)) for reason, about in self._refuted.items()]

    @property
    def unproved(self) -> list[str]:
        """What could not be proved."""
        return [reason.format(", ".join(about)) for reason, about in self._unproved.items()]

    def differs(self, name: str, direction: int) -> None:
        """Take one list that differs; direction is MORE when it only grew, LESS when it only shrank."""
        for rule in self.child.rules:
            if name not in _all_names(rule):
                continue
            self.more_matches.add(rule.id)
            if rule.id in self.counting and not is_suppressed(rule):
                self.condition(rule, name, direction)
                self.exception(rule, name, direction)
        for allow in self.child.policy.doc.get("allow", ()):
            effects = {effect * direction for effect in polarities(allow["when"], name)}
            if set(allow["rules"]) & self.counting and effects - {LESS}:
                _add(self._unproved, f"list {name} differs, which may let {{}} allow more", allow["source"])

    def condition(self, rule: Rule, name: str, direction: int) -> None:
        """What a list that differs does to what a rule looks for."""
        effects = {effect * direction for effect in polarities(rule.doc["when"], name)}
        graver = name in names(rule.doc["raise"]) and not self.always_counts(rule)
        if EITHER in effects or graver:
            _add(self._unproved, f"list {name} differs, which may let {{}} find less", rule.id)
        elif LESS in effects and direction == LESS:
            _add(self._refuted, f"list {name} is shorter, and what it lost is no longer looked for by {{}}", rule.id)
        elif LESS in effects and not self.taken_over(rule, name):
            _add(self._unproved, f"list {name} is longer, which makes {{}} leave more alone", rule.id)

    def exception(self, rule: Rule, name: str, direction: int) -> None:
        """What a list that differs does to what a rule leaves alone."""
        effects = {-effect * direction for effect in polarities(rule.doc["unless"], name)}
        word = "longer" if direction == MORE else "shorter"
        if EITHER in effects:
            _add(self._unproved, f"list {name} differs, which may make {{}} leave more alone", rule.id)
        elif LESS in effects:
            _add(self._refuted, f"list {name} is {word}, which makes {{}} leave more alone", rule.id)

    def taken_over(self, rule: Rule, name: str) -> bool:
        """Whether what a rule leaves alone for being in a list is found by another one that always counts.

        Rules about unknown names leave alone what a list of dangerous ones holds: another rule is about those.
        """
        if self.child.policy.gate["on_incomplete"] == "report":
            return False
        wanted = blockers(rule.doc["when"], name)
        return wanted is not None and all(
            any(self.finds(other, test, rule) for other in self.child.rules) for test in wanted
        )

    def finds(self, other: Rule, test: Json, rule: Rule) -> bool:
        """Whether a rule surely matches and counts wherever a test on a fact is true."""
        return (
            other.kind == rule.kind
            and other.doc["unless"] is None
            and (not other.formats or (bool(rule.formats) and rule.formats <= other.formats))
            and not other.inside
            and test in triggers(other.doc["when"])
            and self.always_counts(other)
            and not any(other.id in allow["rules"] for allow in self.child.policy.doc.get("allow", ()))
        )


def _add(reasons: dict[str, list[str]], reason: str, about: str) -> None:
    reasons.setdefault(reason, []).append(about)


def same(one: Json, other: Json) -> bool:
    """Whether two parts of compiled documents are equal; one just made has tuples where a stored one has lists."""
    return one is other or json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _changes(child: Json, parent: Json) -> Iterator[tuple[str, int]]:
    """Every list that differs, in itself or in a list that it names, and in which direction."""
    own = {
        name: _direction(parent.get(name), child.get(name))
        for name in {*child, *parent}
        if not same(parent.get(name), child.get(name))
    }
    for name in sorted({*child, *parent}) if own else ():
        directions = {own[other] for other in reached({name}, child, parent) if other in own}
        if directions:
            yield name, directions.pop() if len(directions) == 1 else EITHER


def _direction(before: Json, after: Json) -> int:
    """How a compiled list changed: MORE, LESS, or EITHER when it did both or cannot be compared."""
    if before is None or after is None:
        return EITHER
    if not same(*({key: side.get(key) for key in ("kind", "of", "fold")} for side in (before, after))):
        return EITHER
    old, new = _entries(before), _entries(after)
    if old is None or new is None:
        return EITHER
    return MORE if old <= new else LESS if new <= old else EITHER


def _entries(compiled: Json) -> set[str] | None:
    """What a list holds, as texts that can be compared; None for a kind that this module does not know."""
    if compiled["kind"] in ("exact", "glob", "regex", "table"):
        return set(map(json.dumps, compiled["items"]))
    if compiled["kind"] != "shapes":
        return None
    forms = [json.dumps(form) for form in compiled["forms"]]
    named = zip(compiled["items"], compiled["uses"], strict=True)
    held = {f"{name} {forms[at]}" for name, numbers in named for at in numbers}
    for name, numbers in compiled["through"]:
        held |= {f"@{name} {forms[at]}" for at in numbers} or {f"@{name}"}
    return held


def _all_names(rule: Rule) -> set[str]:
    return names([rule.doc["when"], rule.doc["unless"], rule.doc["raise"]])
