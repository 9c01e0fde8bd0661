"""`--blacklist`: names that are not wanted, as items of the lists that rules about names read."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PARTS, WHOLE, LOOKS = "blocked_names", "blocked_patterns", "blocked_looks"  # lists of the core pack
EXPRESSION = "re:"
GLOB = frozenset("*?[")
SEPARATORS = "-_. "
SPACED_MIN = 6  # letters and digits of a word that is found with other separators


def blocked_lists(patterns: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """The items of each list; empty without patterns. Raises `UsageError` for what is no pattern."""
    if not patterns:
        return {}
    from modelaudit.engine.lang.functions import normalize_name
    from modelaudit.engine.lang.unicode import skeleton

    parts: list[str] = []
    whole: list[str] = []
    for pattern in patterns:
        if pattern.startswith(EXPRESSION):
            whole.append(_checked(pattern, pattern.removeprefix(EXPRESSION)))
        elif GLOB & set(pattern):
            whole.append(_checked(pattern, expression(pattern)))
        else:
            parts.append(_lowered(pattern))
            whole += _spaced(parts[-1])
    looks = dict.fromkeys(skeleton(normalize_name(part)) for part in parts)
    return {PARTS: tuple(dict.fromkeys(parts)), WHOLE: tuple(dict.fromkeys(whole)), LOOKS: tuple(looks)}


def expression(glob: str) -> str:
    """A pattern for a whole name as a regular expression; `*` stands for any text, `[…]` for one character."""
    import re

    out, at = "", 0
    while at < len(glob):
        end = glob.find("]", at + 2) if glob[at] == "[" else -1
        if end > 0:
            inner = glob[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out += f"[^{inner[1:]}]" if inner[0] == "!" else f"[{inner}]"
            at = end
        else:
            out += {"*": ".*", "?": "."}.get(glob[at], re.escape(glob[at]))
        at += 1
    return f"(?is)^{out}$"


def _spaced(word: str) -> list[str]:
    """The word without its separators, or with one anywhere when it has none, as a whole word of a name."""
    import re

    letters = [letter for letter in word if letter not in SEPARATORS]
    if len([letter for letter in letters if letter.isalnum()]) < SPACED_MIN:
        return []
    between = "" if len(letters) < len(word) else f"[{re.escape(SEPARATORS)}]?"
    return [f"(?i)(?:^|[^a-z0-9]){between.join(map(re.escape, letters))}(?:[^a-z0-9]|$)"]


def _lowered(pattern: str) -> str:
    from modelaudit.engine.errors import UsageError

    if not pattern.strip():
        raise UsageError("blacklist: an empty pattern stands in every name")
    return pattern.lower()


def _checked(written: str, pattern: str) -> str:
    from modelaudit.engine.errors import UsageError
    from modelaudit.engine.lang import patterns

    problem = patterns.check(pattern) if pattern else None
    if problem is not None or not pattern:
        words = problem.message if problem is not None else "it is empty"
        raise UsageError(f"blacklist {written!r}: no regular expression: {words}")
    return pattern
