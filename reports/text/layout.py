"""The text report as lines: what stands where, without colours and wrapping."""

from __future__ import annotations

from modelaudit.reports import digest
from modelaudit.reports.escape import visible
from modelaudit.reports.text.finding import finding_lines, suppressed_lines
from modelaudit.reports.text.line import Line, glued
from modelaudit.reports.text.verdict import answer_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.document import ArtifactSummary, ScanDocument
    from modelaudit.reports import View
    from modelaudit.reports.text.line import Piece

CLEAN_FILES = 10  # files without findings that are named without --verbose
MEMBERS = 10  # artifacts without full coverage that are named without --verbose
RULES = 3  # rules of one cause that are named without --verbose
ERRORS = 20
LABEL = 11  # cells of the labels at the end
OUTCOMES = {"pass": "PASS", "fail": "FAIL", "incomplete": "INCOMPLETE"}


def report_lines(document: ScanDocument, view: View) -> list[Line]:
    """The whole report: head, findings, coverage, what does not count, what failed, summary."""
    if view.quiet:
        return [*_quiet_findings(document), _decision_line(document)]
    sections = [
        _head(document),
        *_files_with_findings(document, view),
        _files_without_findings(document, view),
        _coverage(document, view),
        _suppressed(document, view),
        _inconclusive(document, view),
        _errors(document, view),
        _notices(document),
        summary_lines(document, view, listed=True),
    ]
    return _spaced([section for section in sections if section])


def summary_lines(document: ScanDocument, view: View, *, listed: bool = False) -> list[Line]:
    """Counts, policy, packs and the decision; `listed` says that several errors stand above."""
    decision = _decision_line(document, listed=listed)
    if view.quiet:
        return [decision]
    rows = [
        ("Files", _files_words(document)),
        *_scope_rows(document),
        ("Findings", _findings_words(document, verbose=view.verbose)),
        ("Policy", _policy_words(document, verbose=view.verbose)),
        *_pack_rows(document, verbose=view.verbose),
    ]
    return [*(_row(label, *pieces) for label, pieces in rows), decision]


def _spaced(sections: list[list[Line]]) -> list[Line]:
    out: list[Line] = []
    for section in sections:
        out += [Line(), *section] if out else section
    return out


def _row(label: str, *pieces: Piece) -> Line:
    return Line(("label", glued(f"{label:<{LABEL}}")), *pieces, hang=LABEL)


def _head(document: ScanDocument) -> list[Line]:
    return [Line(("title", glued(f"modelaudit {document.tool_version}")))]


# ── findings ──────────────────────────────────────────────────────────────────────────────────────────────


def _files_with_findings(document: ScanDocument, view: View) -> Iterator[list[Line]]:
    """A section for each file with findings, numbered through the whole report."""
    facts = {artifact.path: artifact for artifact in digest.files(document)}
    answers = digest.answers(document)
    section: list[Line] = []
    current = None
    for number, finding in enumerate(digest.shown_findings(document, verbose=view.verbose), 1):
        path = digest.top_level(finding.artifact)
        if path != current:
            if section:
                yield section
            current, section = path, [_file_head(path, facts.get(path)), *answer_lines(answers.get(path, ()), view, 2)]
        else:
            section.append(Line())
        section += finding_lines(number, finding, view)
    if section:
        yield section


def _quiet_findings(document: ScanDocument) -> list[Line]:
    findings = digest.shown_findings(document, verbose=False)
    return [finding_lines(n, finding, None)[0] for n, finding in enumerate(findings, 1)]


def _file_head(path: str, artifact: ArtifactSummary | None) -> Line:
    words = f" · {_file_words(artifact)}" if artifact else ""
    return Line(("path", glued(visible(path))), ("quiet", words), hang=2)


def _file_words(artifact: ArtifactSummary) -> str:
    if artifact.format == digest.LINK:
        return f"{artifact.format} · {glued('not followed')}"
    coverage = {"full": "read in full", "partial": "read in part", "none": "not read"}[artifact.coverage]
    if artifact.scope != "full" and artifact.coverage == "full":
        coverage = "structure read"
    return f"{artifact.format} · {glued(digest.human_size(artifact.size))} · {glued(coverage)}"


def _files_without_findings(document: ScanDocument, view: View) -> list[Line]:
    loud = {digest.top_level(f.artifact) for f in digest.shown_findings(document, verbose=view.verbose)}
    loud |= {digest.top_level(f.artifact) for f in digest.suppressed_findings(document, verbose=view.verbose)}
    loud |= {digest.top_level(item.artifact) for item in document.inconclusive}
    loud |= {digest.top_level(a.path) for a in document.artifacts if a.coverage != "full"}
    clean = [a for a in digest.files(document) if a.path not in loud]
    if not clean:
        return []
    shown = clean if view.verbose else clean[:CLEAN_FILES]
    lines = [Line(("title", "No findings"))]
    answers = digest.answers(document)
    for a in shown:
        lines.append(Line(("path", glued(visible(a.path))), ("quiet", f" · {_file_words(a)}"), indent=2, hang=4))
        lines += answer_lines(answers.get(a.path, ()), view, 4)
    return lines + _more(len(clean) - len(shown), "file")


def _more(left: int, noun: str) -> list[Line]:
    if left <= 0:
        return []
    return [Line(("quiet", f"… and {digest.counted(left, f'more {noun}')} (--verbose names all)"), indent=2)]


# ── what was not read, does not count, or failed ──────────────────────────────────────────────────────────


def _coverage(document: ScanDocument, view: View) -> list[Line]:
    wanted = [a for a in document.artifacts if view.verbose or a.coverage != "full"]
    if not wanted:
        return []
    shown = wanted if view.verbose else wanted[:MEMBERS]
    lines = [Line(("title", "Coverage" if view.verbose else "Not read in full"))]
    for artifact in shown:
        lines.append(
            Line(("path", glued(visible(artifact.path))), ("quiet", f" · {_file_words(artifact)}"), indent=2, hang=4)
        )
        lines += [Line(("", visible(reason)), indent=6) for reason in artifact.reasons]
        if view.verbose and (artifact.sha256 or artifact.unverified):
            lines.append(Line(("label", "sha256 "), ("quiet", artifact.sha256 or "unverified"), indent=6))
    return lines + _more(len(wanted) - len(shown), "artifact")


def _suppressed(document: ScanDocument, view: View) -> list[Line]:
    taken = digest.suppressed_findings(document, verbose=view.verbose)
    if not taken:
        return []
    lines = [Line(("title", "Not counted"), ("quiet", " (waived, allowed, ignored or stood for by another)"))]
    for finding in taken:
        lines += suppressed_lines(finding, view)
    return lines


def _inconclusive(document: ScanDocument, view: View) -> list[Line]:
    """Rules that could not be decided: for each artifact, a line for each cause."""
    if not document.inconclusive:
        return []
    causes: dict[str, dict[str, list[str]]] = {}
    for item in document.inconclusive:
        causes.setdefault(item.artifact, {}).setdefault(item.cause, []).append(item.rule)
    shown = list(causes) if view.verbose else list(causes)[:MEMBERS]
    lines = [Line(("title", "Could not be decided"))]
    for artifact in shown:
        lines.append(Line(("path", glued(visible(artifact))), indent=2, hang=4))
        lines += [_cause(cause, rules, view) for cause, rules in causes[artifact].items()]
    return lines + _more(len(causes) - len(shown), "artifact")


def _cause(cause: str, rules: list[str], view: View) -> Line:
    names = sorted(set(rules))
    shown = names if view.verbose else names[:RULES]
    left = " …" if len(shown) < len(names) else ""
    said = f" · {glued(digest.counted(len(names), 'rule'))}: {', '.join(shown)}{left}"
    return Line(("", visible(cause)), ("quiet", said), indent=6, hang=8)


def _errors(document: ScanDocument, view: View) -> list[Line]:
    """The errors, but for a single one that the decision names."""
    if not document.errors or (len(document.errors) == 1 and _is_for_an_error(document)):
        return []
    shown = document.errors if view.verbose else document.errors[:ERRORS]
    lines = [Line(("title", "Errors"))]
    lines += [Line(("incomplete", visible(error.message)), indent=2, hang=4) for error in shown]
    return lines + _more(len(document.errors) - len(shown), "error")


def _notices(document: ScanDocument) -> list[Line]:
    if not document.notices:
        return []
    return [
        Line(("title", "Notices")),
        *(Line(("", visible(notice)), indent=2, hang=4) for notice in document.notices),
    ]


# ── summary ───────────────────────────────────────────────────────────────────────────────────────────────


def _files_words(document: ScanDocument) -> list[Piece]:
    nested = sum(a.depth > 0 for a in document.artifacts)
    partly = sum(a.coverage != "full" for a in document.artifacts)
    words = f"{document.files_scanned} scanned, {glued(digest.human_size(document.bytes_scanned))}"
    words += f", in {glued(f'{document.duration:.2f} s')}"
    words += f"; {glued(digest.counted(nested, 'nested artifact'))}" if nested else ""
    words += f"; {glued(f'{partly} not read in full')}" if partly else ""
    return [("", words)]


def _scope_rows(document: ScanDocument) -> list[tuple[str, list[Piece]]]:
    """What was left unread by the scope, and what came from other machines."""
    unread = digest.unread(document)
    rows: list[tuple[str, list[Piece]]] = [("Scope", [("", unread)])] if unread else []
    moved = document.transfer
    if moved is not None:
        words = f"{digest.human_size(moved.bytes)} in {digest.counted(moved.requests, 'request')}"
        words += f", {digest.counted(moved.retries, 'retry', 'retries')}" if moved.retries else ""
        rows.append(("Moved", [("", words)]))
    return rows


def _findings_words(document: ScanDocument, *, verbose: bool) -> list[Piece]:
    counts = digest.severity_counts(digest.shown_findings(document, verbose=verbose))
    words = [(severity, f"{number} {severity}") for severity, number in counts.items()] or [("", "none")]
    taken = len(digest.suppressed_findings(document))
    if taken:
        words.append(("quiet", f"{taken} not counted"))
    last = words.pop()
    return [*((style, f"{glued(text)}, ") for style, text in words), (last[0], glued(last[1]))]


def _policy_words(document: ScanDocument, *, verbose: bool) -> list[Piece]:
    policy = document.policy
    shown = policy.digest if verbose else policy.digest[:12]
    chain = f", extends {', '.join(policy.chain[:-1])}" if len(policy.chain) > 1 else ""
    return [
        ("", glued(f"{visible(policy.policy)} version {policy.version},")),
        ("quiet", f" fails on {policy.fail_on}{chain}, {glued(f'digest {shown}')}"),
    ]


def _pack_rows(document: ScanDocument, *, verbose: bool) -> list[tuple[str, list[Piece]]]:
    """All packs in one row; with `verbose` one row for each, and its digest."""
    packs = [glued(f"{visible(p.pack)} {p.version} ({digest.counted(p.rules, 'rule')})") for p in document.packs]
    if not verbose:
        return [("Packs", [("", ", ".join(packs) or "none")])]
    return [
        ("Pack", [("", f"{words},"), ("quiet", f" {glued(f'digest {pack.digest}')}")])
        for words, pack in zip(packs, document.packs, strict=True)
    ]


def _is_for_an_error(document: ScanDocument) -> bool:
    """Whether the first reason of the decision is one of the errors."""
    first = document.decision.reasons[:1]
    return any(
        error.message.removesuffix(".") == reason.removesuffix(".") for reason in first for error in document.errors
    )


def _decision_line(document: ScanDocument, *, listed: bool = False) -> Line:
    decision = document.decision
    reason = visible(decision.reasons[0]) if decision.reasons else ""
    if listed and len(document.errors) > 1 and _is_for_an_error(document):
        reason = f"{len(document.errors)} errors, see above."
    return Line(
        (decision.outcome, glued(f"{OUTCOMES.get(decision.outcome, decision.outcome):<{LABEL}}")),
        ("", f"{reason} "),
        ("quiet", glued(f"(exit code {decision.exit_code})")),
        hang=LABEL,
    )
