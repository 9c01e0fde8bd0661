"""What stands around the findings: the decision, what was scanned, what went wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from modelaudit.reports import digest
from modelaudit.reports.html.markup import Raw, element, panel, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.document import ScanDocument

OUTCOMES = {"pass": "Pass", "fail": "Fail", "incomplete": "Incomplete"}
REASONS = 20  # of one verdict
ROWS = 1000  # of each table; the JSON report has all


def title(document: ScanDocument) -> str:
    """The title of the page."""
    return f"{OUTCOMES[document.decision.outcome]}: modelaudit scan of {', '.join(document.paths)[:200]}"


def header(document: ScanDocument) -> Raw:
    """The decision with its reasons, and what was scanned."""
    decision = document.decision
    badge = element("span", OUTCOMES[decision.outcome], class_=f"outcome {decision.outcome}")
    reasons = " ".join(decision.reasons)
    return element(
        "header",
        element("h1", "modelaudit ", badge),
        element("p", f"{reasons} Exit code {decision.exit_code}.", class_="reason"),
        element("dl", *(Raw(element("dt", name) + element("dd", value)) for name, value in _facts(document))),
    )


def _facts(document: ScanDocument) -> list[tuple[str, str]]:
    policy = document.policy
    day = datetime.fromtimestamp(document.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    read = f"{digest.counted(document.files_scanned, 'file')}, {digest.human_size(document.bytes_scanned)}"
    rows = [
        ("Scanned", ", ".join(document.paths) or "–"),
        ("Read", f"{read}, in {document.duration:.2f} s"),
        ("Started", day),
        ("Policy", f"{policy.policy} version {policy.version}, fails on {policy.fail_on}, digest {policy.digest[:12]}"),
        (
            "Rule packs",
            ", ".join(f"{p.pack} {p.version} ({digest.counted(p.rules, 'rule')})" for p in document.packs) or "none",
        ),
    ]
    unread = digest.unread(document)
    rows += [("Scope", unread)] if unread else []
    return rows + ([("Content hash", document.content_hash)] if document.content_hash else [])


def undecided(document: ScanDocument) -> Raw:
    """Rules that could not be decided."""
    rows = [(i.rule, i.severity, i.artifact, i.cause) for i in document.inconclusive]
    if not rows:
        return Raw("")
    said = table(("Rule", "Severity", "Artifact", "What is missing"), rows[:ROWS])
    return panel("Could not be decided", said, *_more(len(rows) - ROWS), id="undecided")


def verdicts(document: ScanDocument) -> Raw:
    """The answers to questions that are asked of every stream of some kind."""
    answers = [each for those in digest.answers(document).values() for each in those]
    rows = [(each.question, each.answer, each.artifact, "; ".join(each.reasons[:REASONS])) for each in answers]
    if not rows:
        return Raw("")
    said = table(("Question", "Answer", "Artifact", "Because"), rows[:ROWS])
    return panel("Verdicts", said, *_more(len(rows) - ROWS), id="verdicts")


def problems(document: ScanDocument) -> Raw:
    """Errors and notices."""
    rows = [("error", error.code, error.message) for error in document.errors]
    rows += [("notice", "", notice) for notice in document.notices]
    if not rows:
        return Raw("")
    said = table(("Kind", "Code", "What"), rows[:ROWS])
    return panel("Errors and notices", said, *_more(len(rows) - ROWS), id="problems")


def footer(document: ScanDocument) -> Raw:
    """What made the page."""
    return element("footer", f"Made by modelaudit {document.tool_version}. Nothing was loaded or run.")


def _more(left: int) -> list[Raw]:
    return [more(left, "row")] if left > 0 else []


def more(left: int, noun: str) -> Raw:
    """What a list leaves out."""
    return element("p", f"{digest.counted(left, f'more {noun}')} in the JSON report.", class_="more")
