"""Rules as people look them up: a line each, or one with all its text and tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import gather, raise_errors
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from modelaudit.engine.packs.model import RuleSource

    Json = Any


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule in a line."""

    id: str
    name: str
    severity: str
    confidence: str
    status: str
    title: str
    pack: str
    kind: str
    tags: tuple[str, ...]
    place: str  # file:line


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule with everything that its file says; `data` has the keys of the file, in its order."""

    line: RuleLine
    pack_version: str
    data: Mapping[str, Json]
    tests: tuple[Mapping[str, Json], ...]
    lists: tuple[str, ...] = field(default=())  # full names of the lists that it uses


@dataclass(frozen=True, slots=True)
class Listing:
    """The rules of some packs, and what was left out."""

    rules: tuple[RuleLine, ...]
    notices: tuple[str, ...]


def list_rules(rules: Sequence[str] = ()) -> Listing:
    """The rules of the built-in packs and of those at these paths, by pack and id."""
    sources = gather(rules)
    raise_errors(sources.diagnostics)
    lines = sorted((_line(rule) for rule in sources.rules), key=lambda line: (line.pack, line.id))
    return Listing(tuple(lines), tuple(sources.notices))


def show_rule(word: str, rules: Sequence[str] = ()) -> RuleText:
    """The rule with this id, former id or name; a word that names none is a `UsageError`."""
    sources = gather(rules)
    raise_errors(sources.diagnostics)
    for rule in sources.rules:
        if word in (rule.id, rule.data["name"], *rule.value("aliases")):
            return _text(rule, list(sources.lists))
    known = [name for rule in sources.rules for name in (rule.id, rule.data["name"])]
    near = suggestion(word, known)
    raise UsageError(
        f"there is no rule `{word}`; {near or '`modelaudit rules list` shows them all, --rules adds your own'}"
    )


def _line(rule: RuleSource) -> RuleLine:
    data = rule.data
    return RuleLine(
        id=rule.id,
        name=data["name"],
        severity=data["severity"],
        confidence=data["confidence"],
        status=data["status"],
        title=data["title"],
        pack=rule.pack.name,
        kind=data["for"],
        tags=tuple(rule.value("tags")),
        place=f"{rule.span.file}:{rule.span.line}",
    )


def _text(rule: RuleSource, lists: Sequence[str]) -> RuleText:
    data = {key: value for key, value in rule.data.items() if key != "tests"}
    return RuleText(
        line=_line(rule),
        pack_version=rule.pack.version,
        data=data,
        tests=tuple(rule.data["tests"]),
        lists=tuple(name for name in lists if _uses(rule, name)),
    )


def _uses(rule: RuleSource, name: str) -> bool:
    """Whether a rule names a list, by its full name or, in its own pack, by its short one."""
    import re

    pack, _, short = name.partition(".")
    words = [name, short] if pack == rule.pack.name else [name]
    pattern = re.compile(rf"\$(?:{'|'.join(map(re.escape, words))})(?![\w])")
    return any(pattern.search(text) for text in _strings(rule.data))


def _strings(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for each in value.values() for text in _strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return []
