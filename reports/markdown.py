"""The report as GitHub-flavoured Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

import re

from modelaudit.reports import digest
from modelaudit.reports.escape import paragraphs, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.finding import Finding
    from modelaudit.reports import View

FINDINGS = 50  # rows; a comment holds 65,536 characters
RULES = 20
LINES = 20  # of every other list
LONGEST = 200  # characters of one message or path
STANDS = {"pass": "passed", "fail": "failed", "incomplete": "not complete"}


def render_markdown(document: ScanDocument, view: View) -> str:
    """The decision, findings in a table, why and what to do folded away; lists are cut unless verbose."""
    findings = digest.shown_findings(document, verbose=view.verbose)
    ranked = sorted(findings, key=lambda finding: -digest.RANK[finding.severity])
    parts = [
        [f"## modelaudit: {STANDS[document.decision.outcome]}"],
        [_decision(document)],
        _counts(document, ranked),
        [f"Read: {words(unread)}."] if (unread := digest.unread(document)) else [],
        _table(ranked, view),
    ]
    if not view.quiet:
        parts += [
            _rules(ranked, view),
            _folded("Not counted", [_suppressed(f) for f in digest.suppressed_findings(document)], view),
            _folded("Errors", [f"- {words(error.message)}" for error in document.errors], view),
            _folded("Not read in full", list(_coverage(document)), view),
            _folded("Could not be decided", list(_undecided(document)), view),
            _folded("Verdicts", list(_verdicts(document)), view),
            _folded("Notices", [f"- {words(notice)}" for notice in document.notices], view),
            [_foot(document)],
        ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def words(text: str, longest: int = LONGEST) -> str:
    """Text that stands for itself in Markdown: no markup, link, mention or issue number comes of it."""
    shown = visible(text)
    if len(shown) > longest:
        shown = shown[:longest] + "…"
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", shown)
    shown = re.sub(r"([@#])(?=\w)", r"\1<!-- -->", shown)
    shown = re.sub(r"(?i)\b(https?|ftp|www)([:.])", r"\1<!-- -->\2", shown)
    return re.sub(r"^(\d*)([-+=#.)])(?=\s|$|[-+=#])", r"\1\\\2", shown)


def _decision(document: ScanDocument) -> str:
    return " ".join(words(reason) for reason in document.decision.reasons) + (
        f" Exit code {document.decision.exit_code}."
    )


def _counts(document: ScanDocument, findings: Sequence[Finding]) -> list[str]:
    counts = [f"**{number} {severity}**" for severity, number in digest.severity_counts(findings).items()]
    taken = len(digest.suppressed_findings(document))
    read = f"{digest.counted(document.files_scanned, 'file')}, {digest.human_size(document.bytes_scanned)}"
    return [" · ".join([*counts, *([f"{taken} not counted"] if taken else []), read])]


def _table(findings: Sequence[Finding], view: View) -> list[str]:
    if not findings:
        return ["No findings."]
    shown = findings if view.verbose else findings[:FINDINGS]
    rows = ["| Severity | Where | What | Rule |", "|---|---|---|---|"]
    for finding in shown:
        where = words(digest.location(finding.artifact, finding.places))
        what = words(finding.message)
        rows.append(f"| {finding.severity} | {where} | {what} | {words(f'{finding.rule} {finding.name}')} |")
    return rows + _more(len(findings) - len(shown), "finding")


def _rules(findings: Sequence[Finding], view: View) -> list[str]:
    """Why and what to do, once for each rule."""
    first = {finding.rule: finding for finding in reversed(findings)}
    told = [first[rule] for rule in dict.fromkeys(f.rule for f in findings) if first[rule].why or first[rule].fix]
    if not told:
        return []
    shown = told if view.verbose else told[:RULES]
    lines = ["<details><summary>Why, and what to do</summary>"]
    for finding in shown:
        lines += ["", f"**{words(finding.rule)} {words(finding.title)}**"]
        lines += ["", words(paragraphs(finding.why), 1000)] if finding.why else []
        lines += ["", f"Fix: {words(paragraphs(finding.fix), 1000)}"] if finding.fix else []
        links = [f"<{each}>" for each in finding.references if re.fullmatch(r"https?://[^\s<>]+", each)]
        lines += ["", " · ".join(links)] if links else []
    return [*lines, *_more(len(told) - len(shown), "rule"), "", "</details>"]


def _folded(title: str, items: Sequence[str], view: View) -> list[str]:
    if not items:
        return []
    shown = items if view.verbose else items[:LINES]
    head = f"<details><summary>{title} ({len(items)})</summary>"
    return [head, "", *shown, *_more(len(items) - len(shown), "line"), "", "</details>"]


def _more(left: int, noun: str) -> list[str]:
    return ["", f"… and {digest.counted(left, f'more {noun}')}."] if left else []


def _suppressed(finding: Finding) -> str:
    taken = finding.suppression
    assert taken is not None  # noqa: S101 - the caller chose suppressed findings
    until = f" until {taken.until}" if taken.until else ""
    where = words(digest.location(finding.artifact, finding.places))
    said = f"{taken.step}{until}: {words(taken.reason)}"
    return f"- {where}: {finding.severity}, {words(finding.message)} ({words(finding.rule)}; {said})"


def _coverage(document: ScanDocument) -> Iterable[str]:
    for artifact in document.artifacts:
        if artifact.coverage != "full":
            reasons = words("; ".join(artifact.reasons))
            yield f"- {words(artifact.path)} ({words(artifact.format)}): {reasons}"


def _undecided(document: ScanDocument) -> Iterable[str]:
    for item in document.inconclusive:
        yield f"- {words(item.rule)} on {words(item.artifact)}: {words(item.cause)}"


def _verdicts(document: ScanDocument) -> Iterable[str]:
    for answers in digest.answers(document).values():
        for each in answers:
            because = f", because {words('; '.join(each.reasons))}" if each.reasons else ""
            yield f"- {words(each.artifact)}: {words(each.question)}: {each.answer}{because}"


def _foot(document: ScanDocument) -> str:
    policy = document.policy
    packs = ", ".join(f"{words(p.pack)} {words(p.version)}" for p in document.packs)
    said = f"modelaudit {document.tool_version}, policy {words(policy.policy)} version {words(policy.version)}"
    return f"<sub>{said}, fails on {policy.fail_on}, rule packs {packs or 'none'}</sub>"
