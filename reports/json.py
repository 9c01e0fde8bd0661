"""The JSON report: `schemas/report.schema.json` describes it, `docs/reference/json-report.md` explains it."""

from __future__ import annotations

import json

from modelaudit.engine.facts.text import clean
from modelaudit.reports import digest
from modelaudit.reports.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from modelaudit.engine.document import ArtifactSummary, RuleInfo, ScanDocument, ScannerSelection, WaiverUse
    from modelaudit.engine.facts import Place
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.verdict import Verdict
    from modelaudit.reports import View

    Json = dict[str, Any]

SCHEMA = "modelaudit/report@1"


def render_json(document: ScanDocument, view: View) -> str:
    """The report as ASCII JSON, two spaces deep, keys in a fixed order; the same bytes on every machine."""
    return json.dumps(_unicode(report(document, verbose=view.verbose)), indent=2) + "\n"


def report(document: ScanDocument, *, verbose: bool = False) -> Json:
    """The report as plain data. Findings of severity debug are in it only when `verbose`."""
    findings = digest.shown_findings(document, verbose=verbose)
    checks = _checks(document, findings)
    states = [check["status"] for check in checks]
    failed_to_scan = digest.has_errors(document)
    files = digest.files(document)
    return {
        "schema": SCHEMA,
        "tool": {"name": "modelaudit", "version": document.tool_version, "facts": document.facts_version},
        "success": not failed_to_scan,
        "has_errors": failed_to_scan,
        "decision": _decision(document),
        "policy": _policy(document),
        "packs": [{"pack": p.pack, "version": p.version, "digest": p.digest, "rules": p.rules} for p in document.packs],
        "paths": list(document.paths),
        "files_scanned": document.files_scanned,
        "bytes_scanned": document.bytes_scanned,
        "start_time": round(document.started, 3),
        "duration": round(document.duration, 6),
        **_filled(content_hash=document.content_hash),
        **({"unverified": True} if any(artifact.unverified for artifact in document.artifacts) else {}),
        "total_checks": len(checks),
        "passed_checks": states.count("passed"),
        "failed_checks": states.count("failed"),
        "issues": [_issue(finding, document.started) for finding in findings],
        "checks": checks,
        "suppressed": [_issue(f, document.started) for f in digest.suppressed_findings(document)],
        "inconclusive": [
            {"rule_code": i.rule, "severity": i.severity, "artifact": i.artifact, "cause": visible(i.cause)}
            for i in document.inconclusive
        ],
        "errors": [_filled(code=e.code, message=visible(e.message), path=e.path) for e in document.errors],
        "notices": [visible(notice) for notice in document.notices],
        **_transfer(document),
        **({"waivers": [_waiver(use) for use in document.waivers]} if document.waivers else {}),
        **_verdicts(document),
        "artifacts": [_artifact(artifact) for artifact in document.artifacts],
        "assets": [{"path": a.path, "type": a.format, "size": a.size} for a in files],
        "file_metadata": {a.path: _file_metadata(a) for a in files},
        "scannedFilesList": [a.path for a in files if digest.was_read(a)],  # clients look for locations that begin so
        **({"scanner_selection": _selection(document.selection)} if document.selection else {}),
        "scanner_names": sorted({a.format for a in document.artifacts if a.coverage != "none"}),
    }


def _unicode(value: object) -> object:
    """The same data with valid Unicode only: file names may be bytes of any kind."""
    if isinstance(value, str):
        return clean(value)[0]
    if isinstance(value, dict):
        return {_unicode(key): _unicode(item) for key, item in value.items()}
    return [_unicode(item) for item in value] if isinstance(value, list) else value


def _filled(**fields: object) -> Json:
    """The fields that have a value: `None` and empty text are left out, never written as null."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def _decision(document: ScanDocument) -> Json:
    decision = document.decision
    return {
        "outcome": decision.outcome,
        "exit_code": decision.exit_code,
        "reasons": list(decision.reasons),
        "by": list(decision.by),
    }


def _policy(document: ScanDocument) -> Json:
    policy = document.policy
    return {
        "policy": policy.policy,
        "version": policy.version,
        "digest": policy.digest,
        "chain": list(policy.chain),
        "fail_on": policy.fail_on,
    }


def _issue(finding: Finding, timestamp: float) -> Json:
    issue = {
        "severity": finding.severity,
        "message": visible(finding.message),
        "location": digest.location(finding.artifact, finding.places),
        **_filled(offset=digest.first_offset(finding.places), why=finding.why, fix=finding.fix),
        "rule_code": finding.rule,
        "id": finding.id,
        "name": finding.name,
        "title": finding.title,
        "confidence": finding.confidence,
        "pack": finding.pack,
        "pack_version": finding.pack_version,
        "rule_version": finding.rule_version,
        "type": finding.kind,
        "subject": visible(finding.subject),
        "artifact": finding.artifact,
        "format": finding.format,
        "source": finding.source,
        "count": finding.n,
        "places": [_place(finding.artifact, place) for place in finding.places],
        "cwes": list(finding.cwes),
        "cves": list(finding.cves),
        "tags": list(finding.tags),
        "references": list(finding.references),
        "related": [_related(finding.artifact, other) for other in finding.related],
        "details": _details(finding),
        "timestamp": round(timestamp, 3),
    }
    if finding.suppression is not None:
        issue["suppression"] = _suppression(finding)
    return issue


def _suppression(finding: Finding) -> Json:
    taken = finding.suppression
    assert taken is not None  # noqa: S101 - the caller asked
    return {
        "step": taken.step,
        "reason": taken.reason,
        **_filled(source=taken.source, owner=taken.owner, approved_by=taken.approved_by, until=taken.until),
    }


def _waiver(use: WaiverUse) -> Json:
    return {
        "id": use.id,
        "source": use.source,
        "state": use.state,
        "findings": use.findings,
        "rules": list(use.rules),
        **_filled(reason=visible(use.reason), owner=visible(use.owner), approved_by=visible(use.approved_by)),
        **_filled(created=use.created, expires=use.expires),
    }


def _selection(selection: ScannerSelection) -> Json:
    return {
        "requested_scanner_ids": list(selection.requested),
        "enabled_scanner_ids": list(selection.enabled),
        "excluded_scanner_ids": list(selection.excluded),
    }


def _related(artifact: str, finding: Finding) -> Json:
    return {
        "rule_code": finding.rule,
        "id": finding.id,
        "severity": finding.severity,
        "message": visible(finding.message),
        "location": digest.location(finding.artifact or artifact, finding.places),
    }


def _details(finding: Finding) -> Json:
    path, _, member = finding.artifact.partition("!")
    return {"path": path, **_filled(member=member)}


def _place(artifact: str, place: Place) -> Json:
    return {
        "location": digest.location(artifact, (place,)),
        **_filled(offset=place.offset, pointer=place.pointer, node=place.node, layer=place.layer),
    }


def _artifact(artifact: ArtifactSummary) -> Json:
    return {
        "path": artifact.path,
        "format": artifact.format,
        "formats": list(artifact.formats or (artifact.format,)),
        "role": artifact.role,
        "size": artifact.size,
        "depth": artifact.depth,
        "coverage": artifact.coverage,
        "scope": artifact.scope,
        **({"reasons": [visible(r) for r in artifact.reasons]} if artifact.reasons else {}),
        **_filled(sha256=artifact.sha256),
        **({"unverified": True} if artifact.unverified else {}),
    }


def _verdicts(document: ScanDocument) -> Json:
    """The answers to the questions that are asked of every stream of some kind; left out when nothing was asked."""
    rows = [_verdict(each) for answers in digest.answers(document).values() for each in answers]
    return {"verdicts": rows} if rows else {}


def _verdict(verdict: Verdict) -> Json:
    return {
        "name": verdict.name,
        "artifact": verdict.artifact,
        **_filled(offset=verdict.offset),
        "question": visible(verdict.question),
        "answer": verdict.answer,
        "reasons": [visible(reason) for reason in verdict.reasons],
    }


def _transfer(document: ScanDocument) -> Json:
    moved = document.transfer
    if moved is None:
        return {}
    return {"transfer": {"requests": moved.requests, "bytes": moved.bytes, "retries": moved.retries}}


def _file_metadata(artifact: ArtifactSummary) -> Json:
    hashes = {"file_hashes": {"sha256": artifact.sha256}} if artifact.sha256 else {}
    return {"file_size": artifact.size, "format": artifact.format, **hashes}


def _checks(document: ScanDocument, findings: list[Finding]) -> list[Json]:
    """What was looked for and what came of it; no two rows alike.

    One failed row for each finding that is at least a warning, one row for each file that says how much of it
    was read, one for each rule that found nothing, and a skipped row for what was suppressed or not decided.
    """
    rows = [
        *(_failed(finding) for finding in findings if digest.RANK[finding.severity] >= digest.RANK["warning"]),
        *(_suppressed(finding) for finding in digest.suppressed_findings(document)),
        *_undecided(document),
        *(_coverage(artifact) for artifact in digest.files(document)),
        *_quiet_rules(document, findings),
    ]
    return list(_unique(rows, round(document.started, 3)))


def _failed(finding: Finding) -> Json:
    return {
        "name": finding.title,
        "status": "failed",
        "severity": finding.severity,
        "message": visible(finding.message),
        "location": digest.location(finding.artifact, finding.places),
        **_filled(why=finding.why),
        "rule_code": finding.rule,
    }


def _suppressed(finding: Finding) -> Json:
    taken = _suppression(finding)
    return {
        **_failed(finding),
        "status": "skipped",
        "severity": "debug",
        "message": f"{visible(finding.message)} (not counted: {taken['step']}, {visible(taken['reason'])})",
    }


def _undecided(document: ScanDocument) -> Iterable[Json]:
    titles = {rule.id: rule.title for rule in document.rules}
    for item in document.inconclusive:
        yield {
            "name": titles.get(item.rule, item.rule),
            "status": "skipped",
            "severity": "debug",
            "message": f"Could not be decided: {visible(item.cause)}",
            "location": item.artifact,
            "rule_code": item.rule,
        }


def _coverage(artifact: ArtifactSummary) -> Json:
    full = artifact.coverage == "full"
    reasons = "; ".join(artifact.reasons)
    words = {"partial": f"Read in part: {reasons}", "none": f"Not read: {reasons}"}
    return {
        "name": "File was read in full",
        "status": "passed" if full else "skipped",
        "severity": "debug",
        "message": f"{artifact.format}, {digest.human_size(artifact.size)}, read in full"
        if full
        else visible(words[artifact.coverage]),
        "location": artifact.path,
    }


def _quiet_rules(document: ScanDocument, findings: list[Finding]) -> Iterable[Json]:
    """A passed row for every rule whose findings, if any, are below a warning."""
    noted = [f.rule for f in findings if digest.RANK[f.severity] < digest.RANK["warning"]]
    spoken = {f.rule for f in document.findings} - set(noted) | {item.rule for item in document.inconclusive}
    for rule in document.rules:
        if rule.id not in spoken:
            yield _passed(rule, document.files_scanned, noted.count(rule.id))


def _passed(rule: RuleInfo, files: int, noted: int) -> Json:
    said = f"{digest.counted(noted, 'note')}, nothing graver" if noted else "nothing found"
    return {
        "name": rule.title,
        "status": "passed",
        "severity": "debug",
        "message": f"{rule.id} {rule.name}: {said} in {digest.counted(files, 'file')}",
        "rule_code": rule.id,
    }


def _unique(rows: list[Json], timestamp: float) -> Iterable[Json]:
    """The rows with a timestamp; a row whose name, location and message came before says how often it came."""
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        key = (row["name"], row.get("location"), row["message"])
        seen[key] = again = seen.get(key, 0) + 1
        if again > 1:
            row["message"] += f" [{again}]"
        yield {**row, "timestamp": timestamp}
