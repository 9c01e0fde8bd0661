"""Hits into findings: grouped, of one id united, with identity, message and places."""

from __future__ import annotations

from modelaudit.engine.finding import CONFIDENCES, SEVERITIES, Finding, Suppression, finding_id
from modelaudit.engine.judging.hits import as_text
from modelaudit.engine.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelaudit.engine.facts import Place
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.judging.hits import Hit
    from modelaudit.engine.ruleset import Rule

MAX_PLACES = 5
MAX_FINDINGS = 1000  # of one rule in one artifact and those nested in it; the others are one in each
_RANK = {word: rank for rank, word in enumerate(SEVERITIES)}
_SURE = {word: rank for rank, word in enumerate(CONFIDENCES)}


class Draft:
    """A finding with its rule, every subject that it is about (a group may have several) and its group."""

    __slots__ = ("finding", "group", "rule", "subjects")

    def __init__(self, finding: Finding, rule: Rule, subjects: frozenset[str], group: tuple[str, ...]) -> None:
        self.group = group
        self.finding = finding
        self.rule = rule
        self.subjects = subjects


def drafts(rule: Rule, node: FactSet, hits: Iterable[Hit], most: int = MAX_FINDINGS) -> list[Draft]:
    """One finding per id, allowed hits apart from those that stand, in the order of their first hit.

    Of more than `most` the gravest come first, and those behind them are one finding.
    """
    bundles: dict[tuple[str, str | None], list[Hit]] = {}
    for hit in hits:
        key = (identify(rule, node, hit), hit.allow.source if hit.allow else None)
        bundles.setdefault(key, []).append(hit)
    if len(bundles) > most:
        return _united(rule, node, bundles, most)
    return [_draft(rule, node, key[0], bundle) for key, bundle in bundles.items()]


def _united(rule: Rule, node: FactSet, bundles: dict[tuple[str, str | None], list[Hit]], most: int) -> list[Draft]:
    """The findings of a rule that has very many: a report of a hundred thousand lines is read by nobody."""
    ordered = sorted(bundles.items(), key=lambda item: -max(_RANK[hit.severity] for hit in item[1]))
    found = [_draft(rule, node, key[0], bundle) for key, bundle in ordered[:most]]
    rest: dict[str | None, list[list[Hit]]] = {}
    for (_, allow), bundle in ordered[most:]:
        rest.setdefault(allow, []).append(bundle)
    for bundled in rest.values():
        id = finding_id(rule.id, node.artifact.path, ("…",))
        draft = _draft(rule, node, id, [hit for bundle in bundled for hit in bundle])
        more = f" (and {len(bundled) - 1} more of this rule)" if len(bundled) > 1 else ""
        finding = replace(draft.finding, subject="", message=draft.finding.message + more)
        found.append(Draft(finding, rule, frozenset(("…",)), draft.group))
    return found


def identify(rule: Rule, node: FactSet, hit: Hit) -> str:
    """The id of the finding that a hit belongs to: over its group, else the identity fields of its fact."""
    identity = hit.group
    if identity is None:
        fact = hit.fact
        identity = tuple([as_text(getattr(fact, name)) for name in fact.IDENTITY])
    return finding_id(rule.id, node.artifact.path, identity)


def _draft(rule: Rule, node: FactSet, id: str, hits: list[Hit]) -> Draft:
    first = max(hits, key=lambda hit: (_RANK[hit.severity], _SURE[hit.confidence]))
    subjects = dict.fromkeys(as_text(getattr(hit.fact, hit.fact.SUBJECT)) for hit in hits)
    n = sum(hit.fact.n for hit in hits)
    standing = rule.doc.get("standing") or {}
    finding = Finding(
        id=id,
        rule=rule.id,
        name=rule.name,
        rule_version=rule.version,
        pack=rule.pack,
        pack_version=rule.pack_version,
        title=rule.title,
        severity=standing.get("severity") or first.severity,
        confidence=max((hit.confidence for hit in hits), key=_SURE.__getitem__),
        message=_message(rule, first, n),
        why=rule.why,
        fix=rule.fix,
        references=rule.references,
        cwes=rule.cwes,
        cves=tuple(dict.fromkeys(cve for hit in hits for cve in rule.cves(hit.env))),
        tags=rule.tags,
        kind=rule.kind,
        subject=next(iter(subjects)) if len(subjects) == 1 else ", ".join(hits[0].group or subjects),
        artifact=node.artifact.path,
        format=node.artifact.format,
        places=_places(hits),
        n=n,
        source=rule.source,
        suppression=_suppression(standing, first),
    )
    return Draft(finding, rule, frozenset(subjects), hits[0].group or ())


def _message(rule: Rule, hit: Hit, n: int) -> str:
    hit.env.n = n
    return rule.message(hit.env)


def _places(hits: Iterable[Hit]) -> tuple[Place, ...]:
    """The first five places, each once."""
    places: dict[Place, None] = {}
    for hit in hits:
        for place in hit.fact.places:
            places[place] = None
            if len(places) == MAX_PLACES:
                return tuple(places)
    return tuple(places)


def _suppression(standing: dict[str, dict[str, str]], hit: Hit) -> Suppression | None:
    """What takes the finding out: the word on the whole rule first, then the allow that accepted the fact."""
    out = standing.get("suppression")
    if out:
        return Suppression(out["step"], out["reason"], out["source"])
    if hit.allow is not None:
        return Suppression("allow", hit.allow.reason, hit.allow.source)
    return None
