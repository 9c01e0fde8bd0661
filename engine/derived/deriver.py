"""What the patterns of a rule set find in the facts that parsers state."""

from __future__ import annotations

from modelaudit.engine.derived.keywords import Keywords
from modelaudit.engine.derived.pattern import MATCHES, Pattern
from modelaudit.engine.derived.spots import spots, target
from modelaudit.engine.facts import Limit
from modelaudit.engine.facts.sieve import Sieve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from modelaudit.engine.derived.pattern import Found
    from modelaudit.engine.derived.spots import Spot
    from modelaudit.engine.facts import Fact
    from modelaudit.engine.facts.likeness import Fingerprint
    from modelaudit.engine.lang.lists import Matcher

    Json = Any

SHORT = 64  # characters of a text whose answer is kept
KEPT = 4096  # such texts for each role
SECRET = "secret"  # noqa: S105 - a kind of fact
FACTS: Mapping[str, str] = {SECRET: SECRET, "url": "reference", "license": "license"}  # kind of pattern → of fact
# What parsers must state so that patterns for a role have something to look into.
SOURCES: Mapping[str, tuple[str, ...]] = {
    "metadata": ("metadata", "text"),
    "source": ("code", "text"),
    "argument": ("call",),
}
LONG = 4096  # characters from which on a text is looked at for any keyword before it is for each


class Patterns:
    """The patterns for one role. Each keyword is looked for once, however many of them share it."""

    __slots__ = ("_all", "_always", "_by_keyword", "_known", "_sieve")

    def __init__(self, patterns: list[Pattern]) -> None:
        self._all = patterns
        self._always = [pattern for pattern in patterns if not pattern.keywords]
        self._known: dict[str, list[Pattern]] = {}  # of short texts, which come again and again
        self._by_keyword: dict[str, list[Pattern]] = {}
        self._sieve: Sieve | None = None  # of the keywords, once somebody looks for them
        for pattern in patterns:
            for keyword in pattern.keywords:
                self._by_keyword.setdefault(keyword, []).append(pattern)

    def words(self) -> Iterable[str]:
        """The keywords; the empty one, which is everywhere, when a pattern has none."""
        return ("",) if self._always else self._by_keyword

    def keys(self) -> Iterable[str]:
        """Parts of keys by whose values patterns for secrets go."""
        return [part for pattern in self._all if pattern.kind == SECRET for part in pattern.parts]

    def that_may_occur(self, text: str) -> list[Pattern]:
        """Those that a text has a keyword of, whatever its case, and those without keywords, in order."""
        known = self._known.get(text)
        if known is not None:
            return known
        patterns = self._told(text.lower())
        if len(text) <= SHORT:
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[text] = patterns
        return patterns

    def _told(self, lowered: str) -> list[Pattern]:
        if self._sieve is None:
            self._sieve = Sieve(self._by_keyword)
        found = self._sieve.occurring(lowered)
        if not found:
            return self._always
        told = {*self._always}.union(*[self._by_keyword[keyword] for keyword in found])
        return [pattern for pattern in self._all if pattern in told]


class Deriver:
    """The patterns of a rule set by the role of the texts that they look into.

    Patterns for secrets always run, so that no text leaves the scan with one in it; others run when a live rule
    reads the facts that they give.
    """

    __slots__ = ("_by_role", "_docs", "_keywords", "_lists", "licences")

    def __init__(
        self, patterns: Iterable[Json], lists: Mapping[str, Matcher], wants: Callable[[str], bool] | None = None
    ) -> None:
        live = (doc for doc in patterns if doc["kind"] == SECRET or wants is None or wants(FACTS[doc["kind"]]))
        self._docs = tuple(live)
        self._lists = lists
        self._keywords: dict[str, Keywords] = {}
        by_role: dict[str, list[Pattern]] = {}
        likes = [doc for doc in self._docs if doc.get("like")]  # parsers know licences by their texts
        self.licences: tuple[tuple[str, Fingerprint], ...] = tuple([_named(doc) for doc in likes])
        for doc in self._docs:
            if doc.get("like"):
                continue
            pattern = Pattern(doc, lists)
            for role in pattern.roles:
                by_role.setdefault(role, []).append(pattern)
        self._by_role = {role: Patterns(patterns) for role, patterns in by_role.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return Deriver, (self._docs, self._lists)

    def __bool__(self) -> bool:
        return bool(self._by_role)

    @property
    def digest(self) -> str:
        """SHA-256 over what is looked for; empty when nothing is."""
        import json
        from hashlib import sha256

        return sha256(json.dumps(self._docs, sort_keys=True).encode()).hexdigest() if self._docs else ""

    def keywords(self, role: str, others: Callable[[], Iterable[str]] = tuple) -> Keywords | None:
        """What one of the texts that the patterns for a role find has in it; None when no pattern looks there.

        `others` gives words that are looked for besides, the same at each call.
        """
        if role not in self._by_role:
            return None
        found = self._keywords.get(role)
        if found is None:
            words = self._by_role[role].words()
            if role == "literal" and "metadata" in self._by_role:  # there keys are literals as well
                words = {*words, *self._by_role["metadata"].keys()}
            found = self._keywords[role] = Keywords([*words, *others()])
        return found

    def derive(self, fact: Fact) -> tuple[Fact, list[Fact]]:
        """The fact without the secrets in its texts, and the facts that come of it."""
        derived: list[Fact] = []
        for spot in spots(fact):
            patterns = self._by_role.get(spot.role)
            if patterns:
                hidden = self._search(spot, patterns, derived)
                if hidden is not None:
                    fact = spot.put(fact, hidden)
        return fact, derived

    def without_secrets(self, fact: Fact) -> Fact:
        """A reference whose target shows no secret: what is found in it is told of the text that it stands in."""
        spot = target(fact)
        patterns = self._by_role.get(spot.role)
        hidden = self._search(spot, patterns, []) if patterns else None
        return fact if hidden is None else spot.put(fact, hidden)

    def _search(self, spot: Spot, patterns: Patterns, derived: list[Fact]) -> str | None:
        """Add what is found in a text; returns the text without its secrets when there are any."""
        if len(spot.text) >= LONG and not self._may_occur(spot):
            return None
        secrets: list[Found] = []
        for pattern in patterns.that_may_occur(spot.text):
            if not pattern.looks_into(spot.owner):
                continue
            for found in pattern.search(spot):
                if found is None:
                    derived.append(_cut_short(spot, FACTS[pattern.kind]))
                    break
                derived.append(found.fact)
                if pattern.kind == SECRET:
                    secrets.append(found)
        return _redacted(spot.text, secrets) if secrets else None

    def _may_occur(self, spot: Spot) -> bool:
        keywords = self.keywords(spot.role)
        return keywords is not None and keywords.find(spot.text.encode("utf-8", "backslashreplace")) >= 0


def _named(doc: Json) -> tuple[str, Fingerprint]:
    """The fingerprint of a licence's text, with a name that no other text has."""
    length, packed = doc["like"]
    return f"{doc['license']}@{doc['pack']}/{doc['id']}", (length, packed)


def _cut_short(spot: Spot, kind: str) -> Fact:
    affects = frozenset({kind})
    return Limit(spot.artifact, what="matches", at=MATCHES, budget=MATCHES, by="file", affects=affects)


def _redacted(text: str, secrets: list[Found]) -> str:
    """A text with every secret as its fact shows it; where two overlap the longer one hides the other."""
    kept: list[str] = []
    at = 0
    for found in sorted(secrets, key=lambda each: (each.start, -each.end)):
        if found.start >= at:
            kept += (text[at : found.start], found.shown)
            at = found.end
        elif found.end > at:
            at = found.end
    return "".join((*kept, text[at:]))


def read_by(patterns: Iterable[Json], wants: Iterable[str]) -> set[str]:
    """Every kind that parsers must state for the patterns whose facts are wanted, with what was wanted before."""
    names = set(wants)
    for doc in patterns:
        if FACTS[doc["kind"]] in names:
            names.update(*(SOURCES.get(role, ("text",)) for role in doc["in"]))
    return names
