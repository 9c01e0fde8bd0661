"""Options that change the policy, as one more policy that is merged last."""

from __future__ import annotations

import json

from modelaudit.engine.errors import OptionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Json = Any

LEVELS = ("critical", "warning", "info", "debug")


def changes(select: Sequence[str], ignore: Sequence[str], severity: Sequence[str]) -> str:
    """The text of the policy that the options make; empty without any. `OptionError` for a level that there is not."""
    said: dict[str, Json] = {}
    if select:
        said["select"] = _split(select)
    if ignore:
        said["ignore"] = _split(ignore)
    if severity:
        said["severity"] = dict(_level(word) for word in _split(severity))
    if not said:
        return ""
    whole: dict[str, Json] = {"schema": "modelaudit/policy@1", "policy": "command-line", "version": 1, **said}
    # YAML with a line for each option, which is what a message about one of them shows.
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in whole.items())


def _split(words: Sequence[str]) -> list[str]:
    """The items of all words, each once; a word may be several with commas."""
    return list(dict.fromkeys(item.strip() for word in words for item in word.split(",") if item.strip()))


def _level(word: str) -> tuple[str, str]:
    rule, _, level = word.rpartition("=")
    if not rule or level.lower() not in LEVELS:
        message = f"severity takes RULE=LEVEL with a level of {', '.join(LEVELS)}, not {word!r}"
        raise OptionError(message)
    return rule.strip(), level.lower()
