"""The compiled rule set as it runs: rules that link their programs only when a fact asks for them."""

from __future__ import annotations

import os

from modelaudit.engine.lazy import Lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.derived.deriver import Deriver
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.index.index import Index
    from modelaudit.engine.lang.evaluate import Env
    from modelaudit.engine.lang.lists import Matcher

    Json = Any
    Predicate = Callable[[Env], bool | None]
    Writer = Callable[[Env], str]
    Value = Any

FORMAT = "modelaudit/compiled@1"
# Limits where no policy says: seconds, requests to other machines, bytes that come from there.
LIMITS = {"timeout": 300.0, "max_requests": 100_000, "max_transfer": 4 * 1024**4}


class Matchers(dict[str, "Matcher"]):
    """The lists of a rule set by full name (`core.exec_callables`), each built when it is first looked up."""

    def __init__(self, compiled: Mapping[str, Json]) -> None:
        super().__init__()
        self._compiled = compiled

    def __reduce__(self) -> tuple[Any, ...]:
        return Matchers, (self._compiled,)

    def __missing__(self, name: str) -> Matcher:
        from modelaudit.engine.lang.lists import matcher

        made = matcher(self._compiled[name])
        self[name] = made
        return made


class Raise:
    """A case in which a match is graver or surer than the rule says."""

    __slots__ = ("confidence", "severity", "when")

    def __init__(self, doc: Mapping[str, Json], lists: Matchers) -> None:
        self.when: Predicate = _link(doc["when"], lists)
        self.severity: Writer | None = _writer(doc.get("severity"), lists)
        self.confidence: Writer | None = _writer(doc.get("confidence"), lists)


class Rule:
    """One rule of a pack, or one deny of a policy; the fields are those of the rule's file.

    `kind` is its `for:`, `source` is `rule` or `deny`, and the programs (`when`, `unless`, `raises`, `message`,
    `group`) are linked when they are first asked for.
    """

    __slots__ = (
        "_group",
        "_linked",
        "_lists",
        "_message",
        "_raises",
        "_unless",
        "_when",
        "absorbs",
        "aliases",
        "confidence",
        "cwes",
        "doc",
        "fix",
        "formats",
        "id",
        "inside",
        "kind",
        "name",
        "overridable",
        "pack",
        "pack_version",
        "reads",
        "references",
        "requires",
        "severity",
        "source",
        "status",
        "tags",
        "title",
        "version",
        "why",
    )

    def __init__(self, doc: Mapping[str, Json], lists: Matchers) -> None:
        self.doc = doc
        self.id: str = doc["id"]
        self.name: str = doc["name"]
        self.version: int = doc["version"]
        self.title: str = doc["title"]
        self.status: str = doc["status"]
        self.severity: str = doc["severity"]  # before any raise and before the policy
        self.confidence: str = doc["confidence"]
        self.kind: str = doc["for"]
        self.formats: frozenset[str] = frozenset(doc["formats"])
        self.inside: frozenset[str] = frozenset(doc["inside"])
        self.absorbs: tuple[str, ...] = tuple(doc["absorbs"])
        self.aliases: tuple[str, ...] = tuple(doc.get("aliases", ()))
        self.why: str = doc["why"]
        self.fix: str = doc["fix"]
        self.cwes: tuple[str, ...] = tuple(doc["cwes"])
        self.tags: tuple[str, ...] = tuple(doc["tags"])
        self.references: tuple[str, ...] = tuple(doc["references"])
        self.requires: tuple[str, ...] = tuple(doc["requires"])
        self.reads: tuple[str, ...] = tuple(doc["reads"])
        self.pack: str = doc["pack"]
        self.pack_version: str = doc["pack_version"]
        self.source: str = doc["source"]
        self.overridable: bool = bool(doc.get("overridable"))  # whether an extending policy may ignore this deny
        self._lists = lists
        self._linked: set[str] = set()
        self._when: Predicate
        self._unless: Predicate | None = None
        self._raises: tuple[Raise, ...] = ()
        self._message: Writer
        self._group: tuple[Callable[[Env], Value], ...] | None = None

    def __repr__(self) -> str:
        return f"Rule({self.id})"

    @property
    def when(self) -> Predicate:
        """The condition."""
        if "when" not in self._linked:
            self._when = _link(self.doc["when"], self._lists)
            self._linked.add("when")
        return self._when

    @property
    def unless(self) -> Predicate | None:
        """The exception, None when there is none."""
        if "unless" not in self._linked:
            program = self.doc["unless"]
            self._unless = None if program is None else _link(program, self._lists)
            self._linked.add("unless")
        return self._unless

    @property
    def raises(self) -> tuple[Raise, ...]:
        """The cases in which a match is graver or surer, the first that holds applies."""
        if "raise" not in self._linked:
            self._raises = tuple(Raise(item, self._lists) for item in self.doc["raise"])
            self._linked.add("raise")
        return self._raises

    @property
    def message(self) -> Writer:
        """What writes the message of a match."""
        if "message" not in self._linked:
            from modelaudit.engine.lang.evaluate import link_message

            self._message = link_message(self.doc["message"], self._lists)
            self._linked.add("message")
        return self._message

    @property
    def group(self) -> tuple[Callable[[Env], Value], ...] | None:
        """What gives the values by which matches are grouped, None when each fact is a finding of its own."""
        if "group" not in self._linked:
            programs = self.doc["group"]
            if programs is not None:
                from modelaudit.engine.lang.evaluate import link_value

                self._group = tuple(link_value(program, self._lists) for program in programs)
            self._linked.add("group")
        return self._group

    def grade(self, env: Env) -> tuple[str, str]:
        """Severity and confidence of a match: those of the rule, or what the first raise that is true says.

        A raise never lowers either, and `possible` is never above `warning`.
        """
        severity, confidence = self.severity, self.confidence
        for case in self.raises:
            if case.when(env) is True:
                severity = _graver(severity, case.severity, env, _SEVERITIES)
                confidence = _graver(confidence, case.confidence, env, _CONFIDENCES)
                break
        if confidence == "possible" and severity == "critical":
            severity = "warning"
        return severity, confidence

    def cves(self, env: Env) -> tuple[str, ...]:
        """CVE ids of a match, with those that a table names for what matched."""
        found: dict[str, None] = {}
        for item in self.doc["cves"]:
            writer = _writer(item, self._lists)
            for word in writer(env).replace(",", " ").split() if writer else ():
                if word.startswith("CVE-"):
                    found[word] = None
        return tuple(found)

    def applies(self, node: FactSet) -> bool:
        """Whether the rule is about artifacts of this format, in such containers."""
        return applies(self.formats, self.inside, node)


_SEVERITIES = ("debug", "info", "warning", "critical")
_CONFIDENCES = ("possible", "likely", "proved")


def applies(formats: frozenset[str], inside: frozenset[str], node: FactSet) -> bool:
    """Whether an artifact has one of the formats and stands in one of the others; none named is any."""
    if formats and not _speaks(node, formats):
        return False
    if not inside:
        return True
    outer = node.parent
    while outer is not None:
        if _speaks(outer, inside):
            return True
        outer = outer.parent
    return False


def _speaks(node: FactSet, formats: frozenset[str]) -> bool:
    """Whether an artifact has one of the formats, or belongs to one of the families."""
    artifact = node.artifact
    return (
        artifact.format in formats
        or not formats.isdisjoint(artifact.formats)
        or not formats.isdisjoint(artifact.families)
    )


def _graver(now: str, writer: Writer | None, env: Env, order: tuple[str, ...]) -> str:
    said = writer(env) if writer is not None else now
    return said if said in order and order.index(said) > order.index(now) else now


def _link(program: Json, lists: Matchers) -> Predicate:
    from modelaudit.engine.lang.evaluate import link

    return link(program, lists)


def _writer(said: Json, lists: Matchers) -> Writer | None:
    """What gives a word that a rule says outright or takes from the column of a table."""
    if said is None:
        return None
    if isinstance(said, str):
        word = said
        return lambda env: word
    from modelaudit.engine.lang.evaluate import link_message

    return link_message(said["template"], lists)


class Allow:
    """Facts that never raise certain findings, on a policy's word."""

    __slots__ = ("_lists", "_program", "_when", "kind", "reason", "rules", "source")

    def __init__(self, doc: Mapping[str, Json], lists: Matchers) -> None:
        self.rules: tuple[str, ...] = tuple(doc["rules"])
        self.kind: str = doc["for"]
        self.reason: str = doc["reason"]
        self.source: str = doc["source"]
        self._program = doc["when"]
        self._lists = lists
        self._when: Predicate | None = None

    @property
    def when(self) -> Predicate:
        """The condition."""
        if self._when is None:
            self._when = _link(self._program, self._lists)
        return self._when


class Policy:
    """A thin view of the merged policy in a compiled rule set; `doc` has all of it."""

    __slots__ = (
        "allow",
        "chain",
        "digest",
        "doc",
        "gate",
        "ignore",
        "limits",
        "maturity",
        "policy",
        "select",
        "severity",
        "version",
    )

    def __init__(self, doc: Mapping[str, Json], lists: Matchers) -> None:
        self.doc = doc
        self.policy: str = doc["policy"]
        self.version = str(doc["version"])
        self.digest: str = doc["digest"]
        self.chain: tuple[str, ...] = tuple(doc["chain"])  # every policy that it extends, then itself
        self.select: tuple[str, ...] = tuple(doc["select"])
        self.ignore: tuple[str, ...] = tuple(doc["ignore"])
        self.maturity: tuple[str, ...] = tuple(doc["maturity"])
        self.severity: Mapping[str, str] = doc["severity"]  # by rule id, tag or pack
        self.gate: Mapping[str, str] = doc["gate"]
        self.limits: Mapping[str, Json] = doc.get("limits", {})
        self.allow = tuple(Allow(item, lists) for item in doc.get("allow", ()))


class Pack:
    """A pack that takes part."""

    __slots__ = ("digest", "pack", "rules", "version")

    def __init__(self, doc: Mapping[str, Json]) -> None:
        self.pack: str = doc["pack"]
        self.version: str = doc["version"]
        self.digest: str = doc["digest"]
        self.rules: int = doc["rules"]  # how many


class Ruleset:
    """Every rule, list and decision of a scan, from the compiled form (`modelaudit/compiled@1`).

    With `verify_index` every artifact is judged without the index too, and a difference is refused.
    """

    __slots__ = (
        *("_deriver", "_index", "_wants", "doc", "incomplete", "lists", "notices"),
        *("packs", "policy", "rules", "verify_index"),
        "__weakref__",
    )

    def __init__(self, doc: Mapping[str, Json]) -> None:
        self.doc = doc
        self.lists = Matchers(doc["lists"])
        rules, lists = doc["rules"], self.lists
        self.rules: Lazy[Rule] = Lazy(len(rules), lambda number: Rule(rules[number], lists))
        self.policy = Policy(doc["policy"], self.lists)
        self.packs = tuple(Pack(pack) for pack in doc["packs"])
        self.notices: tuple[str, ...] = tuple(doc["notices"])
        self.incomplete: bool = doc["incomplete"]  # a pack or rule was left out as too new
        self.verify_index = bool(os.environ.get("MODELAUDIT_VERIFY_INDEX"))
        self._index: Index | None = None
        self._deriver: Deriver | None = None
        self._wants: frozenset[str] | None = None

    @classmethod
    def from_json(cls, doc: Mapping[str, Json]) -> Ruleset:
        """The rule set that a compiled document describes."""
        return cls(doc)

    def __reduce__(self) -> tuple[Any, ...]:
        return _ruleset, (self.doc, self.verify_index)

    @property
    def index(self) -> Index:
        """What finds the rules that can be about a fact; made here when the document comes without its tables."""
        if self._index is None:
            from modelaudit.engine.index.index import Index

            self._index = Index(self._indexed(), self.rules, self.lists)
        return self._index

    @property
    def once(self) -> Sequence[str]:
        """The ids of the rules that say a thing once in a scan."""
        index = self.doc.get("index")
        found: Sequence[str] = (self.index.doc if index is None else index).get("once", ())
        return found

    def _indexed(self) -> Json:
        found = self.doc.get("index")
        if found is None:
            from modelaudit.engine.index.build import build

            allows, patterns = self.policy.doc.get("allow", ()), self.doc.get("patterns", ())
            found = build(self.doc["rules"], self.doc["lists"], allows, patterns)
        return found

    @property
    def deriver(self) -> Deriver:
        """What finds the patterns of the packs in the texts of facts."""
        if self._deriver is None:
            from modelaudit.engine.derived.deriver import Deriver

            self._deriver = Deriver(self.doc.get("patterns", ()), self.lists, self.wants)
        return self._deriver

    def every_pattern(self) -> Deriver:
        """What finds the patterns of the packs whether or not a rule reads what they give."""
        from modelaudit.engine.derived.deriver import Deriver

        return Deriver(self.doc.get("patterns", ()), self.lists)

    def wants(self, name: str) -> bool:
        """Whether a live rule or an allow reads this kind (`member`) or this computed field (`tensor.stats`).

        A rule that the policy ignores, or whose maturity it does not select, is not live.
        """
        if self._wants is None:
            self._wants = frozenset(self.index.doc["wants"])
        return name in self._wants

    @property
    def awake(self) -> list[Rule]:
        """The rules that the index has: all but those that decide nothing and require what nothing else does."""
        from modelaudit.engine.index.build import is_idle

        return [rule for rule in self.rules if not is_idle(rule.doc, self.index.doc["wants"])]

    def rule(self, id: str) -> Rule | None:
        """The rule with this id, name or former id."""
        for rule in self.rules:
            if id in (rule.id, rule.name) or id in rule.aliases:
                return rule
        return None


def _ruleset(doc: Mapping[str, Json], verify_index: bool) -> Ruleset:
    """A rule set as another process had it."""
    made = Ruleset(doc)
    made.verify_index = verify_index
    return made
