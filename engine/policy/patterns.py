"""How policies name rules: `MA1001`, `import-process`, `MA10*`, `tag:licence`, `core/*`, `core/MA1001`, `*`."""

from __future__ import annotations

from fnmatch import fnmatchcase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Rule = Mapping[str, Any]

TAG = "tag:"

# How closely a pattern names a rule: the closer one decides the severity.
BY_ID, BY_NAME, BY_GLOB, BY_TAG, BY_PACK = 5, 4, 3, 2, 1


def closeness(pattern: str, rule: Rule) -> int:
    """How closely a pattern names a rule (a rule's JSON); 0 when it does not."""
    if pattern.startswith(TAG):
        wanted = pattern[len(TAG) :]
        return BY_TAG if any(fnmatchcase(tag, wanted) for tag in rule.get("tags", ())) else 0
    pack, slash, word = pattern.rpartition("/")
    if slash and not fnmatchcase(str(rule["pack"]), pack):
        return 0
    return _by_word(word, rule)


def _by_word(word: str, rule: Rule) -> int:
    if word == "*":
        return BY_PACK
    if word == rule["id"] or word in rule.get("aliases", ()):
        return BY_ID
    if word == rule["name"]:
        return BY_NAME
    globbed = "*" in word and (fnmatchcase(str(rule["id"]), word) or fnmatchcase(str(rule["name"]), word))
    return BY_GLOB if globbed else 0


def matching(pattern: str, rules: Iterable[Rule]) -> list[Rule]:
    """The rules that a pattern names."""
    return [rule for rule in rules if closeness(pattern, rule)]


def names_deny(pattern: str, deny: Rule) -> bool:
    """Whether a pattern names a deny rule. Only its id does: no tag, name or glob ever reaches one."""
    return bool(pattern == deny["id"])


def first_match(patterns: Sequence[str], rule: Rule) -> int | None:
    """The index of the first pattern that names a rule."""
    return next((i for i, pattern in enumerate(patterns) if closeness(pattern, rule)), None)


def is_glob(pattern: str) -> bool:
    """Whether a pattern may rightly name nothing today, as `MA7*` does before such rules exist."""
    return "*" in pattern


def vocabulary(rules: Iterable[Rule]) -> list[str]:
    """Every word that names something: ids, names, tags and packs."""
    words: dict[str, None] = {}
    for rule in rules:
        words[str(rule["id"])] = None
        words[str(rule["name"])] = None
        words[f"{rule['pack']}/*"] = None
        words.update((f"{TAG}{tag}", None) for tag in rule.get("tags", ()))
    return list(words)
