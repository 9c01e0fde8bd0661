"""Verdicts: what several rules say together of one stream, in one line with its reasons.

A rule tagged `subject:NAME` says of which streams the question is asked, and its message is the question: it makes no
finding. Rules tagged `verdict:NAME` are the reasons against. The answer is `yes` when none of them matched, `no` when
one did, and `unknown` when one of them could not be decided.
"""

from __future__ import annotations

from modelaudit.engine.finding import Inconclusive
from modelaudit.engine.record import record

SUBJECT, REASON = "subject:", "verdict:"
YES, NO, UNKNOWN = "yes", "no", "unknown"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.ruleset import Rule, Ruleset


@record
class Verdict:
    """The answer to one question about one stream; `reasons` are the messages of the rules against, each once."""

    name: str
    artifact: str
    offset: int | None  # where the stream starts
    question: str
    answer: str  # yes | no | unknown
    reasons: tuple[str, ...]


def verdicts(
    findings: Iterable[Finding], inconclusive: Iterable[Inconclusive], tags: Callable[[str], Iterable[str]]
) -> list[Verdict]:
    """The verdicts that the findings hold, in the order of the streams; `tags` gives the tags of a rule by its id."""
    found = list(findings)
    subjects = _tagged(found, SUBJECT)
    if not subjects:
        return []
    against = _tagged(found, REASON)
    undecided = [(tag, item.artifact) for item in inconclusive for tag in tags(item.rule) if tag.startswith(REASON)]
    verdicts: list[Verdict] = []
    for (name, artifact), streams in subjects.items():
        streams.sort(key=_start)
        reasons = _reasons(against, name, artifact)
        is_open = any(tag == REASON + name and _holds(where, artifact) for tag, where in undecided)
        for number, stream in enumerate(streams):
            begin = _start(stream) if number else 0
            stop = _start(streams[number + 1]) if number + 1 < len(streams) else None
            told = [r.message for r in reasons if r.artifact != artifact or _is_within(r, begin, stop)]
            answer = NO if told else UNKNOWN if is_open else YES
            offset = stream.places[0].offset if stream.places else None
            verdicts.append(Verdict(name, artifact, offset, stream.message, answer, tuple(dict.fromkeys(told))))
    return verdicts


def _tagged(findings: Iterable[Finding], prefix: str) -> dict[tuple[str, str], list[Finding]]:
    """The findings of rules with a tag of a prefix, by the rest of the tag and the artifact."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        for tag in finding.tags:
            if tag.startswith(prefix):
                found.setdefault((tag.removeprefix(prefix), finding.artifact), []).append(finding)
    return found


def _reasons(against: Mapping[tuple[str, str], list[Finding]], name: str, artifact: str) -> list[Finding]:
    """The findings of one verdict in an artifact and in those around it, rule by rule in the order of the bytes."""
    found: list[Finding] = []
    for (of, where), findings in against.items():
        if of == name and _holds(where, artifact):
            found += findings
    return sorted(found, key=lambda finding: (finding.rule, _start(finding)))


def _holds(outer: str, artifact: str) -> bool:
    """Whether an artifact is another one or nested in it."""
    return artifact == outer or artifact.startswith(f"{outer}!")


def _start(finding: Finding) -> int:
    return (finding.places[0].offset or 0) if finding.places else 0


def _is_within(finding: Finding, begin: int, stop: int | None) -> bool:
    """Whether a place of the finding lies in a stream; one without places is about every stream."""
    offsets = [place.offset for place in finding.places if place.offset is not None]
    return not offsets or any(offset >= begin and (stop is None or offset < stop) for offset in offsets)


def asks(rule: Rule) -> bool:
    """Whether a rule asks a question and finds nothing."""
    return any(tag.startswith(SUBJECT) for tag in rule.tags)


def is_reason(rule: Rule) -> bool:
    """Whether a rule is a reason against some verdict."""
    return any(tag.startswith(REASON) for tag in rule.tags)


def judges(ruleset: Ruleset) -> list[Rule]:
    """The rules that verdicts are made of."""
    return [rule for rule in ruleset.rules if asks(rule) or is_reason(rule)]


def verdicts_of(rules: Sequence[Rule], tree: FactSet) -> list[Verdict]:
    """The verdicts that rules give on a tree, before any policy."""
    from modelaudit.engine.judging.findings import drafts
    from modelaudit.engine.judging.hits import Trial, run

    findings: list[Finding] = []
    inconclusive: list[Inconclusive] = []
    for node in tree.walk():
        for rule in rules:
            if rule.applies(node):
                trial = Trial(rule, node)
                run([trial], node, rule.kind)
                findings += [draft.finding for draft in drafts(rule, node, trial.hits)]
                if trial.cause is not None:
                    inconclusive.append(Inconclusive(rule.id, node.artifact.path, trial.cause, rule.severity))
    return verdicts(findings, inconclusive, {rule.id: rule.tags for rule in rules}.__getitem__)
