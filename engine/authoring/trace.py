"""Why a rule said what it said of a model: the value of every leaf of its conditions, fact by fact.

Nothing is short-cut and nothing comes from an index: each condition is evaluated by itself, also where an
earlier one has decided already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

from modelaudit.engine.facts import KINDS
from modelaudit.engine.judging.hits import as_text, facts_of
from modelaudit.engine.lang.evaluate import Env
from modelaudit.engine.lang.linker import QUANTIFIERS, Linker
from modelaudit.engine.lang.logic import all_of, any_of, count_of, negation, outcome
from modelaudit.engine.lang.quantify import source_of
from modelaudit.engine.lang.render import shown, spread
from modelaudit.engine.lang.values import UNKNOWN, Cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.lang.lists import Matcher
    from modelaudit.engine.ruleset import Rule

    Json = Any
    Value = Any
    Truth = bool | None

MAX_ITEMS = 10_000  # that a quantifier of a trace looks at
SHOWN_ITEMS = 3  # items of a quantifier that are shown
NOT_A_NUMBER = "every comparison with NaN is false"
SHOWN_VALUES = 6  # items of a set that are shown
_REACHING: Mapping[str, Truth] = {"any": True, "none": True, "count": True, "all": False}


@dataclass(slots=True)
class Step:
    """A condition, its value, what it looked at, and the conditions in it."""

    text: str
    value: Truth
    saw: str = ""  # the value of a leaf's left side, or how many items a quantifier counted
    steps: list[Step] = field(default_factory=list)
    item: bool = False  # one item of a quantifier, not a condition

    def blame(self) -> Step | None:
        """The first leaf, or quantifier, that made the value what it is when that is not true."""
        if self.value is True:
            return None
        if self.steps and not self.text.startswith("not ") and not any(step.item for step in self.steps):
            for step in self.steps:
                if step.value is self.value:
                    return step.blame()
        return self


@dataclass(slots=True)
class FactTrace:
    """What a rule said of one fact."""

    fact: str  # its kind and what it is about
    place: str
    outcome: str  # match | noted | suppressed | inconclusive | no-match
    when: Step
    unless: Step | None = None
    raises: list[Step] = field(default_factory=list)
    grade: str = ""  # severity and confidence of a match
    message: str = ""


@dataclass(slots=True)
class ArtifactTrace:
    """What a rule said of one artifact."""

    artifact: str
    format: str
    applies: bool
    incomplete: bool  # whether facts of the rule's kind may be missing
    facts: list[FactTrace] = field(default_factory=list)


def trace(rule: Rule, lists: Mapping[str, Matcher], tree: FactSet) -> list[ArtifactTrace]:
    """What a rule says of each artifact of a tree, outermost first."""
    tracer = Tracer(lists)
    found = []
    for node in tree.walk():
        artifact = node.artifact
        here = ArtifactTrace(artifact.path, artifact.format, rule.applies(node), rule.kind in artifact.incomplete)
        if here.applies:
            here.facts = [_fact(tracer, rule, node, fact) for fact in facts_of(node, rule.kind)]
        found.append(here)
    return found


def _fact(tracer: Tracer, rule: Rule, node: FactSet, fact: Fact) -> FactTrace:
    env = Env(node, fact)
    when = tracer.step(rule.doc["when"], env)
    exception = rule.doc["unless"]
    unless = tracer.step(exception, env) if exception is not None and when.value is not False else None
    said = outcome(when.value, unless.value if unless is not None else False)
    place = fact.places[0] if fact.places else None
    offset = f"at {place.offset:#x}" if place is not None and place.offset is not None else ""
    traced = FactTrace(f"{fact.KIND} {_subject(fact)}".strip(), offset, said, when, unless)
    if said in ("match", "noted"):
        traced.raises = [tracer.step(case["when"], env) for case in rule.doc["raise"]]
        traced.grade = ", ".join(rule.grade(env))
        traced.message = rule.message(env)
    return traced


def _subject(fact: Fact) -> str:
    return shown(as_text(getattr(fact, fact.SUBJECT))) if fact.SUBJECT else ""


class Tracer:
    """Evaluates conditions part by part."""

    def __init__(self, lists: Mapping[str, Matcher]) -> None:
        self.lists = lists

    def step(self, program: Json, env: Env) -> Step:
        """A condition with everything in it."""
        op = program["op"]
        if op in ("and", "or"):
            steps = [self.step(item, env) for item in program["of"]]
            return Step(_WORDS[op], _joined(op, steps), steps=steps)
        if op == "not":
            inner = self.step(program["of"], env)
            if inner.steps:
                return Step("not", negation(inner.value), steps=[inner])
            return Step(f"not {inner.text}", negation(inner.value), inner.saw)
        if op in QUANTIFIERS:
            return self.quantified(program, env)
        return self.leaf(program, env)

    def leaf(self, program: Json, env: Env) -> Step:
        """A leaf, with the value that it looked at."""
        value = Linker(self.lists).condition(program)(env)
        if program["op"] == "const":
            return Step(str(program["value"]).lower(), value)
        return Step(_text(program), value, self.saw(program, env))

    def saw(self, program: Json, env: Env) -> str:
        """The values that a leaf compared, as far as they are not constants."""
        sides = [program["path"]] if "path" in program else []
        values = [{"path": path} for path in sides] + [program[side] for side in ("left", "right") if side in program]
        read = [value for value in values if "path" in value or "call" in value]
        found = [Linker(self.lists).value(value)(env) for value in read]
        said = ", ".join(map(described, found))
        return f"{said}; {NOT_A_NUMBER}" if any(map(_is_nan, found)) else said

    def quantified(self, program: Json, env: Env) -> Step:
        """A quantifier: how many items satisfy its body, and those that tell most."""
        text = f"{program['op']} {program['name']} in {_over(program)}"
        found = source_of(Linker(self.lists), program)(env)
        if found is None or found is UNKNOWN:
            return Step(text, False if found is None else None, described(found))
        items, incomplete = found
        slot = int(program["var"][1:])
        steps: list[Step] = []
        for item, node in islice(items, MAX_ITEMS):
            env.vars[slot], env.nodes[slot] = item, node
            body = self.step(program["body"], env)
            steps.append(Step(f"{program['name']} = {described(item)}", body.value, steps=[body], item=True))
        rest = len(items) > MAX_ITEMS
        value = _quantity(program, [step.value for step in steps], incomplete or rest)
        return Step(text, value, _counted(steps, incomplete or rest), _telling(steps, program["op"]))


_WORDS = {"and": "all of", "or": "any of"}


def _joined(op: str, steps: list[Step]) -> Truth:
    values = [step.value for step in steps]
    decided = op == "or"
    if decided in values:
        return decided
    return None if None in values else not decided


def _quantity(program: Json, values: list[Truth], incomplete: bool) -> Truth:
    true, false, unknown = values.count(True), values.count(False), values.count(None)
    op = program["op"]
    if op == "count":
        return count_of(true, unknown, incomplete, program["cmp"], program["n"])
    if op == "all":
        return all_of(false, unknown, incomplete)
    exists = any_of(true, unknown, incomplete)
    return exists if op == "any" else negation(exists)


def _counted(steps: list[Step], incomplete: bool) -> str:
    true = sum(1 for step in steps if step.value is True)
    more = ", some may be missing" if incomplete else ""
    return f"{true} of {len(steps)}{more}"


def _telling(steps: list[Step], op: str) -> list[Step]:
    """The items that decide come first: those that satisfy, for `all` those that do not."""
    wanted = _REACHING[op]
    order = {wanted: 0, None: 1}
    return sorted(steps, key=lambda step: order.get(step.value, 2))[:SHOWN_ITEMS]


def _text(program: Json) -> str:
    """A leaf as it was written; a negation that was moved into it is said."""
    text = str(program.get("src", program["op"]))
    return f"not ({text})" if program.get("neg") and " not " not in f" {text}" else text


def _over(program: Json) -> str:
    over = program["over"]
    if "facts" in over:
        return f"{'tree.' if over['tree'] else ''}{KINDS[over['facts']].COLLECTION}"
    return ".".join(map(str, over["path"])) if "path" in over else "the values"


def _is_nan(value: Value) -> bool:
    return isinstance(value, float) and value != value


def described(value: Value) -> str:
    """A value of a fact as a trace shows it: texts in quotes, sets in braces, `absent`, `unknown`, `(cut)`, `NaN`."""
    if value is UNKNOWN:
        return "unknown"
    if value is None:
        return "absent"
    if type(value) is Cut:
        return f"{described(value.kept)} (cut)"
    if _is_nan(value):
        return "NaN"
    if isinstance(value, str):
        return f'"{shown(value)}"'
    if isinstance(value, (set, frozenset, tuple, list)):
        items = spread(value)
        more = ["…"] if len(items) > SHOWN_VALUES else []
        return "{" + ", ".join([described(item) for item in items[:SHOWN_VALUES]] + more) + "}"
    if hasattr(value, "KIND"):
        return f"{value.KIND} {_subject(value)}".strip()
    return shown(value) if isinstance(value, (bool, int, float, bytes)) else repr(value)
