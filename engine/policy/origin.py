"""Where models may come from: `sources` of the policy, asked before the first byte is read."""

from __future__ import annotations

import os

from modelaudit.engine.errors import UsageError
from modelaudit.engine.policy.where import FILE, Located, canonical, has_scheme, target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from modelaudit.engine.ruleset import Ruleset

    Json = Any


class Origins:
    """The sources that a policy admits. Local paths are judged by where they really are, links followed.

    `others` gives further names of a place, each of which may be what a pattern means.
    """

    __slots__ = ("_allow", "_deny", "_others", "_said", "policy")

    def __init__(self, ruleset: Ruleset, others: Callable[[str], Sequence[str]] = lambda _: ()) -> None:
        self._take(ruleset.policy.policy, ruleset.policy.doc.get("sources") or {}, others)

    def _take(self, policy: str, said: Json, others: Callable[[str], Sequence[str]]) -> None:
        self._others = others
        self._said = said
        self.policy = policy
        self._allow = _places(said["allow"]) if "allow" in said else None
        self._deny = _places(said.get("deny", ()))

    def __getstate__(self) -> tuple[str, Json, Callable[[str], Sequence[str]]]:
        return self.policy, self._said, self._others

    def __setstate__(self, state: tuple[str, Json, Callable[[str], Sequence[str]]]) -> None:
        self._take(*state)

    def denial(self, path: str) -> str:
        """Why nothing comes from a place, also when something else leads there; empty when it is not denied."""
        return self._denied(path, self._places(path))

    def refusal(self, path: str) -> str:
        """Why a file is not let in, empty when it is."""
        places = self._places(path)
        denied = self._denied(path, places)
        if denied:
            return denied
        if self._allow is None or any(located.fits(place) for _, located in self._allow for place in places):
            return ""
        known = ", ".join(pattern for pattern, _ in self._allow) or "none"
        return f"policy {self.policy} does not admit this source: {path} (admitted: {known})"

    def refusal_of_any(self, places: Sequence[str]) -> str:
        """Why a file is not let in that comes from several places, empty when all of them are."""
        return next((said for place in places if (said := self.refusal(place))), "")

    def check(self, paths: Sequence[str]) -> None:
        """Refuse with a `UsageError` when a path that the user named cannot hold anything that is let in.

        A folder is let in when something in it may be; its files are then asked about one by one.
        """
        refused = [said for path in paths if (said := self.refusal_of_all(path))]
        if refused:
            raise UsageError("\n".join(refused))

    def refusal_of_all(self, path: str) -> str:
        """Why nothing in a place is let in, empty when something in it may be."""
        said = self.refusal(path)
        if not said or not (has_scheme(path) or os.path.isdir(path)):
            return said
        places = self._places(path)
        if any(located.fits(place) for _, located in self._deny for place in places):
            return said
        return "" if any(located.may_hold(place) for _, located in self._allow or () for place in places) else said

    def _places(self, path: str) -> list[str]:
        spelled = canonical(path)
        first = spelled if has_scheme(spelled) and not spelled.startswith(FILE) else target(path)
        return list(dict.fromkeys((first, *map(target, self._others(spelled)))))

    def _denied(self, path: str, places: Sequence[str]) -> str:
        denied = next((pattern for pattern, located in self._deny if any(map(located.fits, places))), None)
        return "" if denied is None else f"policy {self.policy} denies this source: {path} ({denied})"


def _places(said: Sequence[Json]) -> list[tuple[str, Located]]:
    return [(item["pattern"], Located(item)) for item in said]
