"""Inline tests of patterns: their texts, searched by the code that searches those of a scan."""

from __future__ import annotations

from modelaudit.engine.derived.deriver import Deriver
from modelaudit.engine.facts import Arg, Call, License, Text
from modelaudit.engine.facts.likeness import Likeness
from modelaudit.engine.packs.testing_result import TestResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.engine.lang.lists import Matcher
    from modelaudit.engine.packs.model import Pack, PatternSource

    Json = Any


def results(source: PatternSource, pack: Pack, doc: Json, lists: Mapping[str, Matcher]) -> Iterator[TestResult]:
    """The result of each test of a pattern, in order."""
    deriver = Deriver([doc], lists)
    likeness = Likeness(deriver.licences)
    for index, test in enumerate(source.data["tests"]):
        node = source.node.at("tests", index) or source.node
        said = test["text"]
        text = said if isinstance(said, str) else "".join(said)
        owner = test.get("owner", next(iter(doc["owners"]), ""))
        found = deriver.derive(_fact(text, test.get("role") or doc["in"][0], owner))[1]
        found += [License(spdx=name, score=score) for name, score in likeness.find(text, lambda: None)]
        outcome = "match" if found else "no-match"
        problems = tuple(_differences(test, outcome, found))
        yield TestResult(source.id, pack.name, test["name"], node.span, test["expect"], outcome, problems)


def _fact(text: str, role: str, owner: str) -> Fact:
    """A fact that has the text in this role."""
    if role == "argument":
        return Call(target=owner, args=(Arg(type="str", value=text),))
    return Text(value=text, role=role, owner=owner)


def _differences(test: Mapping[str, Json], outcome: str, found: list[Fact]) -> Iterator[str]:
    if outcome != test["expect"]:
        yield f"expected {test['expect']}, got {outcome}"
        return
    for key, names in (("value", ("value", "target", "spdx")), ("validated", ("validated",))):
        got = [getattr(fact, name) for fact in found for name in names if hasattr(fact, name)]
        if key in test and test[key] not in got:
            yield f"expected {key} `{test[key]}`, got {', '.join(f'`{each}`' for each in got)}"
