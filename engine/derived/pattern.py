"""A compiled pattern as it runs: where it occurs in a text, and the fact that a match becomes."""

from __future__ import annotations

from modelaudit.engine.facts import License, Match, Reference, Secret, path_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from modelaudit.engine.derived.spots import Spot
    from modelaudit.engine.facts import Fact
    from modelaudit.engine.lang.evaluate import Env
    from modelaudit.engine.lang.lists import Matcher

    Json = Any
    Predicate = Callable[[Env], bool | None]

LONGEST = 4096  # characters of a match
AROUND = 64  # characters before and behind it that conditions see
MATCHES = 1000  # that one pattern may have in one text
REDACT = 4  # characters of a secret that are shown
HIDDEN = "…"


class Found:
    """A match that fulfils the conditions: where its value stands, and the fact that it becomes."""

    __slots__ = ("end", "fact", "shown", "start")

    def __init__(self, start: int, end: int, shown: str, fact: Fact) -> None:
        self.start = start
        self.end = end
        self.shown = shown  # in the place of a secret
        self.fact = fact


class Pattern:
    """One pattern of a pack."""

    __slots__ = (
        *("_lists", "_regex", "_validated", "_where", "doc", "group", "id", "keywords"),
        *("kind", "owners", "parts", "redact", "regex", "roles"),
    )

    def __init__(self, doc: Mapping[str, Json], lists: Mapping[str, Matcher]) -> None:
        self.doc = doc
        self.id: str = doc["id"]
        self.kind: str = doc["kind"]
        self.regex: str = doc["regex"]
        self.keywords: tuple[str, ...] = tuple(doc["keywords"])
        self.roles: frozenset[str] = frozenset(doc["in"])
        owners: tuple[str, ...] = tuple(doc.get("owners", ()))
        self.owners = frozenset(owner for owner in owners if owner[0] != "*")
        self.parts = tuple(owner.strip("*") for owner in owners if owner[0] == "*")
        self.group: int = doc["group"]
        self.redact: int = doc["redact"]
        self._lists = lists
        self._regex: Any = None
        self._where: Predicate | None = None
        self._validated: Predicate | None = None

    def looks_into(self, owner: str) -> bool:
        """Whether the pattern looks into what belongs to this key, class or callable."""
        if not self.owners and not self.parts:
            return True
        lowered = owner.lower()
        return lowered in self.owners or any(part in lowered for part in self.parts)

    def search(self, spot: Spot) -> Iterator[Found | None]:
        """Every match that fulfils the conditions, in order; None at last when there are more than are looked at."""
        if self._regex is None:
            from modelaudit.engine.lang.regex import compile_regex

            self._regex = compile_regex(self.regex)
        data = spot.text.encode("utf-8", "backslashreplace")
        plain = len(data) == len(spot.text)
        for count, hit in enumerate(self._regex.finditer(data)):
            if count == MATCHES:
                yield None
                return
            fact = self._fact(data, hit, spot)
            if fact is not None:
                start, end = hit.span(self.group)
                shown = self.hidden(_text(hit.group(self.group)))
                if not plain:
                    start, end = _characters(data, start), _characters(data, end)
                yield Found(start, end, shown, fact)

    def _fact(self, data: bytes, hit: Any, spot: Spot) -> Fact | None:  # noqa: ANN401 - a match of RE2
        """What a match becomes, None when it is too long, lacks the group or does not fulfil the conditions."""
        if hit.start(self.group) < 0 or hit.end() - hit.start() > LONGEST:
            return None
        groups = tuple(_text(part) for part in (hit.group(0), *hit.groups()))
        match = Match(
            text=groups[self.group],
            before=_text(data[max(0, hit.start() - AROUND) : hit.start()]),
            after=_text(data[hit.end() : hit.end() + AROUND]),
            groups=groups,
            role=spot.role,
            owner=spot.owner,
        )
        if self.doc["where"] is not None and not self._holds("where", match):
            return None
        validated = self.doc["validated"]
        sure = validated if isinstance(validated, bool) else self._holds("validated", match)
        return MAKERS[self.kind](self, match, spot, sure)

    def _holds(self, key: str, match: Match) -> bool:
        """Whether a condition is true of a match; one that is unknown is not."""
        from modelaudit.engine.derived.condition import holds

        slot = f"_{key}"
        program = getattr(self, slot)
        if program is None:
            from modelaudit.engine.lang.evaluate import link

            program = link(self.doc[key], self._lists)
            setattr(self, slot, program)
        return holds(program, match)

    def hidden(self, value: str) -> str:
        """A value of which only the first characters are shown."""
        return value[: self.redact] + HIDDEN


def _text(data: bytes | None) -> str:
    return "" if data is None else data.decode("utf-8", "replace")


def _characters(data: bytes, end: int) -> int:
    return len(data[:end].decode("utf-8", "replace"))


def _secret(pattern: Pattern, match: Match, spot: Spot, sure: bool) -> Fact:
    return Secret(
        spot.artifact,
        kind=pattern.id,
        validated=sure,
        value=pattern.hidden(match.text),
        role=spot.role,
        owner=spot.owner,
        places=spot.places,
    )


def _url(pattern: Pattern, match: Match, spot: Spot, sure: bool) -> Fact:
    return Reference(
        spot.artifact,
        target=match.text,
        kind="url",
        owner=spot.owner,
        key=pattern.id,
        path_class=path_class(match.text),
        role=spot.role,
        places=spot.places,
    )


def _license(pattern: Pattern, match: Match, spot: Spot, sure: bool) -> Fact | None:
    """The licence that the value names; none when it names nothing."""
    from modelaudit.engine.facts.licences import licence_expression
    from modelaudit.engine.lang import spdx

    found = licence_expression(match.text)
    if not found:
        return None
    score = 1.0 if sure else 0.5
    role = "metadata" if spot.role == "metadata" else "tag"
    ids = spdx.ids(found)
    return License(spot.artifact, spdx=found, ids=ids, role=role, method=pattern.id, score=score, places=spot.places)


MAKERS: Mapping[str, Callable[[Pattern, Match, Spot, bool], Fact | None]] = {
    "secret": _secret,
    "url": _url,
    "license": _license,
}
