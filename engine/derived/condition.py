"""Conditions of patterns: they see one match and nothing of the artifact around it."""

from __future__ import annotations

from typing import cast

from modelaudit.engine.facts import Artifact
from modelaudit.engine.factset import FactSet
from modelaudit.engine.lang.evaluate import Env, Shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from modelaudit.engine.facts import Match

_NOWHERE = FactSet(Artifact(path="", name=""), {})


class _MatchEnv(Env):
    """What the condition of a pattern sees."""

    __slots__ = ()

    def __init__(self, match: Match) -> None:
        self.node = _NOWHERE
        self.fact = cast("Any", match)  # a record that is no fact of its own
        self.n = 1
        self.shared = Shared(_NOWHERE)
        self.vars = self.shared.vars
        self.nodes = self.shared.nodes


def holds(condition: Callable[[Env], bool | None], match: Match) -> bool:
    """Whether a linked condition is true of a match."""
    return condition(_MatchEnv(match)) is True
