"""Compiles rules to tables of anchors, as plain JSON that is kept with them.

    {"ids": […], "group_of": […], "groups": [{"formats", "inside"}…], "wants": […], "once": [ids],
     "kinds": {kind: {"groups": {group: [rules]}, "always": [rules], "sources": [source…]}}}

Rules are numbers. A source is `{"in": [steps], "term": value, "whole": bool, "rules": [all that ask it], …}` with
one table for each sort of test; `whole` says that the artifact decides it, not the fact.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from functools import cache

from modelaudit.engine.derived.deriver import read_by
from modelaudit.engine.index.anchors import OUTER, TEXTS, Anchors
from modelaudit.engine.judging.grades import has_suppression
from modelaudit.engine.lang.functions import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from typing import Any

    Json = Any
    Keys = list[tuple[str, Json]]

TEXT, LITERAL = "text", "literal"
LITERALS = "text.literal"  # what parsers are asked for by rules that read the strings of pickles
CALL = re.compile(r'"call": ?"(\w+)"')
TOIL = 16.0  # more than anything that is told by a plain value
COMMON = frozenset({"str", "int", "float", "bool", "list", "null"})  # values that many facts have
ATOM = 4  # characters of the part of a text by which it is looked for
_WORTH = {"eq": 0.0, "under": 2.0, "below": 2.0, "prefix": 2.0, "suffix": 2.0, "list": 3.0, "contains": 4.0}
_WORTH |= {"order": 9.0, "test": 10.0, "regex": 10.5, "absent": 10.0, "present": 11.0, "ne": 12.0}
_TOLD = frozenset(("eq", "ne", "absent", "under", "below", *TEXTS.values(), "list", "regex"))


def build(
    rules: Sequence[Json], lists: Mapping[str, Json], allows: Sequence[Json] = (), patterns: Iterable[Json] = ()
) -> Json:
    """The index of compiled rules; `lists` are the compiled lists that they name, `patterns` those that are searched.

    A rule that decides nothing and requires what nothing else does is in no table: that is not computed for it.
    """
    anchors = anchors_of(rules, lists)
    wants = read_by(patterns, wanted(rules, allows))
    groups: dict[str, int] = {}
    group_of = [groups.setdefault(_group(rule), len(groups)) for rule in rules]
    kinds: dict[str, Json] = {}
    for number, rule in enumerate(rules):
        if is_idle(rule, wants):
            continue
        kind = kinds.setdefault(rule["for"], {"groups": {}, "always": [], "keys": []})
        kind["groups"].setdefault(str(group_of[number]), []).append(number)
        keys = anchors[number]
        if keys is None:
            kind["always"].append(number)
        else:
            kind["keys"] += [(source, test, number) for source, test in keys]
    return {
        "ids": [rule["id"] for rule in rules],
        "group_of": group_of,
        "groups": [json.loads(text) for text in groups],
        "kinds": {name: _kind(name, kind) for name, kind in kinds.items()},
        "wants": sorted(wants),
        "once": [rule["id"] for rule in rules if rule.get("once")],
    }


def is_idle(rule: Json, wants: Container[str]) -> bool:
    """Whether a compiled rule is suppressed and requires something that nobody wants."""
    return has_suppression(rule) and not all(name in wants for name in rule["requires"])


def anchors_of(rules: Sequence[Json], lists: Mapping[str, Json]) -> list[Keys | None]:
    """The anchor of each rule: keys that few rules share beat those that many do."""
    shared: Counter[str] = Counter()

    def count(keys: Keys) -> float:
        shared.update(map(_text, keys))
        return 0.0

    def score(keys: Keys) -> float:
        worths = (_worth(test) + math.log2(1 + shared[_text((source, test))]) + _toil(source) for source, test in keys)
        return max(worths, default=-1.0)

    for rule in rules:
        keys = Anchors(rule["for"], lists, count).of(rule["when"])
        if keys:
            count(keys)
    return [Anchors(rule["for"], lists, score).of(rule["when"]) for rule in rules]


def unanchored(rules: Sequence[Json], lists: Mapping[str, Json]) -> list[str]:
    """The ids of the rules without an anchor.

    Only equality, membership, overlap, prefix, suffix, glob, containment and regular expressions on values count
    here. Orders and mere presence, which are looked up too, do not.
    """
    found = []
    for rule, keys in zip(rules, anchors_of(rules, lists), strict=True):
        if keys is None or not all(test[0] in _TOLD and '"term": {"lit"' not in source for source, test in keys):
            found.append(rule["id"])
    return found


def wanted(rules: Iterable[Json], allows: Iterable[Json] = ()) -> set[str]:
    """Every kind and field that live rules and allows read; a rule that the policy takes out is not live."""
    from modelaudit.engine.lang.reads import reads

    names = {name for allow in allows for name in (allow["for"], *allow.get("reads", ()))}
    for rule in rules:
        if not has_suppression(rule):
            names |= {rule["for"], *rule["requires"], *rule["reads"], *reads([rule.get("message"), rule["cves"]])}
            if TEXT in rule["reads"] and not (rule["for"] == TEXT and _of_other_roles(rule["when"])):
                names.add(LITERALS)
    return names | {LITERALS} if any(TEXT in allow.get("reads", ()) for allow in allows) else names


def _of_other_roles(when: Json) -> bool:
    """Whether a condition about a text holds of none that is a string of a pickle, by what it says of the role."""
    if when.get("op") == "and":
        return any(_of_other_roles(part) for part in when["of"])
    if when.get("left") != {"path": [TEXT, "role"]} or when["op"] not in ("==", "in") or when.get("neg"):
        return False
    right = when["right"]
    return LITERAL not in ([right.get("lit", LITERAL)] if when["op"] == "==" else right.get("items", (LITERAL,)))


def _worth(test: Json) -> float:
    word = test[0]
    if word == "eq" and isinstance(test[1], bool):
        return 9.0
    if word == "eq" and (isinstance(test[1], int) or test[1] in COMMON):
        return 6.0
    if word == "list" and test[2]:
        return 12.0
    if word in TEXTS.values():
        return _WORTH[word] + 4 / len(test[1])
    return _WORTH[word]


@cache
def _toil(source: str) -> float:
    """What a source costs that has to search for its value: every fact would be asked for it."""
    return TOIL if any(FUNCTIONS[name].cost in ("search", "pairs") for name in CALL.findall(source)) else 0.0


def _text(key: tuple[str, Json]) -> str:
    return f"{key[0]}{json.dumps(key[1], ensure_ascii=False)}"


def _group(rule: Json) -> str:
    return json.dumps({"formats": sorted(rule["formats"]), "inside": sorted(rule["inside"])})


def _kind(name: str, kind: Json) -> Json:
    sources: dict[str, list[tuple[Json, int]]] = {}
    for source, test, number in kind["keys"]:
        sources.setdefault(source, []).append((test, number))
    made = [_source(name, json.loads(source), tests) for source, tests in sources.items()]
    return {"groups": kind["groups"], "always": kind["always"], "sources": made}


def _source(kind: str, source: Json, tests: list[tuple[Json, int]]) -> Json:
    """One source with its tables."""
    made = {**source, "whole": kind in OUTER or _is_whole(source), "rules": sorted({number for _, number in tests})}
    for test, number in tests:
        if test[0] in _ADD:
            _ADD[test[0]](made, test, number)
    literals = [(test[1], number) for test, number in tests if test[0] == "contains"]
    others = [(test[1], number) for test, number in tests if test[0] == "ne"]
    exact = [(test[1], number) for test, number in tests if test[0] == "test"]
    if exact:
        made["tests"] = _exact(exact)
    if literals:
        made["atoms"] = _atoms(literals)
    if others:
        made["ne"] = _unequal(others)
    return made


def _is_whole(source: Json) -> bool:
    """Whether no part of a source reads the fact itself."""
    chain = source["in"]
    if chain:
        return "facts" in chain[0]["over"]
    return source["term"].get("path", [""])[0] in OUTER


def _eq(made: Json, test: Json, number: int) -> None:
    constant = test[1]
    if isinstance(constant, str):
        _put(made.setdefault("eq", {}), constant, number)
    else:
        made.setdefault("same", []).append([constant, number])


def _under(made: Json, test: Json, number: int) -> None:
    _put(made.setdefault(test[0], {}).setdefault(test[1], {}), test[2], number)


def _part(made: Json, test: Json, number: int) -> None:
    _put(made.setdefault(test[0], {}), test[1], number)


def _list(made: Json, test: Json, number: int) -> None:
    found = made.setdefault("lists", {}).setdefault(test[1], {"in": [], "out": []})
    found["out" if test[2] else "in"].append(number)


def _order(made: Json, test: Json, number: int) -> None:
    made.setdefault("orders", []).append([test[1], test[2], number])


def _regex(made: Json, test: Json, number: int) -> None:
    _put(made.setdefault("regexes", {}), test[1], number)


def _flag(made: Json, test: Json, number: int) -> None:
    made.setdefault(test[0], []).append(number)


_ADD = {"eq": _eq, "under": _under, "below": _under, "prefix": _part, "suffix": _part, "list": _list}
_ADD |= {"order": _order, "regex": _regex, "present": _flag, "absent": _flag}


def _put(table: dict[str, list[int]], key: str, number: int) -> None:
    numbers = table.setdefault(key, [])
    if number not in numbers[-1:]:
        numbers.append(number)


def _exact(tests: list[tuple[Json, int]]) -> Json:
    """Tests that nothing stands in for, each put once however many rules ask it."""
    found: dict[str, tuple[Json, list[int]]] = {}
    for test, number in tests:
        _, numbers = found.setdefault(json.dumps(test, sort_keys=True), (test, []))
        numbers.append(number)
    return [[test, numbers] for test, numbers in found.values()]


def _unequal(tests: list[tuple[list[Json], int]]) -> Json:
    """Rules that ask for other values than some: a rule that asks so twice is left out by what both name."""
    named: dict[int, list[Json]] = {}
    for constants, number in tests:
        named[number] = [each for each in named.get(number, constants) if each in constants]
    made: Json = {"rules": list(named), "texts": {}, "others": []}
    for number, constants in named.items():
        for constant in constants:
            if isinstance(constant, str):
                _put(made["texts"], constant, number)
            else:
                made["others"].append([constant, number])
    return made


def _atoms(literals: list[tuple[str, int]]) -> Json:
    """Texts that must occur, each under the part of it that the fewest others have: {part: [[text, rules]…]}."""
    texts: dict[str, list[int]] = {}
    for text, number in literals:
        _put(texts, text, number)
    common = Counter(part for text in texts for part in set(_parts(text)))
    atoms: dict[str, list[Json]] = {}
    for text, numbers in texts.items():
        atoms.setdefault(min(_parts(text), key=lambda part: (common[part], part)), []).append([text, numbers])
    return atoms


def _parts(text: str) -> list[str]:
    return [text[at : at + ATOM] for at in range(max(1, len(text) - ATOM + 1))]
