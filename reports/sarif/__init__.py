"""The report as SARIF 2.1.0 (OASIS standard), which code hosts and editors show."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from modelaudit.engine.facts.text import clean
from modelaudit.reports import digest
from modelaudit.reports.escape import visible
from modelaudit.reports.sarif.artifacts import Artifacts
from modelaudit.reports.sarif.results import plain, result
from modelaudit.reports.sarif.rules import Catalogue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from modelaudit.engine.document import ArtifactSummary, ScanDocument, ScanError
    from modelaudit.engine.finding import Inconclusive
    from modelaudit.reports import View

    Json = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render_sarif(document: ScanDocument, view: View) -> str:
    """One run in ASCII JSON. Suppressed findings are results too; debug findings only when verbose."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(document, verbose=view.verbose)]}
    return json.dumps(_unicode(log), indent=2) + "\n"


def _run(document: ScanDocument, *, verbose: bool) -> Json:
    findings = digest.shown_findings(document, verbose=verbose) + digest.suppressed_findings(document)
    catalogue = Catalogue(document, findings)
    artifacts = Artifacts(document)
    driver = {
        "name": "modelaudit",
        "semanticVersion": document.tool_version,
        "rules": catalogue.descriptors,
        "notifications": [{"id": code} for code in _codes(document)],
    }
    if catalogue.taxa:
        driver["supportedTaxonomies"] = [{"name": "CWE", "index": 0}]
    run: Json = {
        "tool": {"driver": driver, "extensions": [_pack(p.pack, p.version, p.digest) for p in document.packs]},
        "invocations": [_invocation(document, catalogue, artifacts)],
        "artifacts": artifacts.entries,
        "results": [result(finding, catalogue, artifacts) for finding in findings],
        "columnKind": "unicodeCodePoints",
        "properties": _properties(document),
    }
    if catalogue.taxa:
        run["taxonomies"] = [catalogue.taxonomy()]
    return run


def _pack(name: str, version: str, digest: str) -> Json:
    return {"name": f"rule pack {name}", "version": version, "properties": {"digest": digest}}


def _properties(document: ScanDocument) -> Json:
    policy = document.policy
    said = {
        "policy": {"id": policy.policy, "version": policy.version, "digest": policy.digest, "failOn": policy.fail_on},
        "outcome": document.decision.outcome,
        "filesScanned": document.files_scanned,
        "bytesScanned": document.bytes_scanned,
    }
    return said | ({"contentHash": document.content_hash} if document.content_hash else {})


def _invocation(document: ScanDocument, catalogue: Catalogue, artifacts: Artifacts) -> Json:
    decision = document.decision
    partly = [a for a in document.artifacts if a.coverage != "full" and a.reasons]
    return {
        "executionSuccessful": decision.outcome != "incomplete",
        "exitCode": decision.exit_code,
        "exitCodeDescription": " ".join(visible(reason) for reason in decision.reasons) or decision.outcome,
        "startTimeUtc": _utc(document.started),
        "endTimeUtc": _utc(document.started + document.duration),
        "toolExecutionNotifications": [
            *(_error(error, artifacts) for error in document.errors),
            *(_undecided(item, catalogue, artifacts) for item in document.inconclusive),
            *(_partly(artifact, artifacts) for artifact in partly),
        ],
        "toolConfigurationNotifications": [
            {"descriptor": {"id": "notice"}, "level": "warning", "message": {"text": plain(notice)}}
            for notice in document.notices
        ],
    }


def _error(error: ScanError, artifacts: Artifacts) -> Json:
    said: Json = {"descriptor": {"id": error.code}, "level": "error", "message": {"text": plain(error.message)}}
    return said | ({"locations": [artifacts.location(error.path)]} if error.path else {})


def _undecided(item: Inconclusive, catalogue: Catalogue, artifacts: Artifacts) -> Json:
    return {
        "descriptor": {"id": "inconclusive"},
        "associatedRule": catalogue.reference(item.rule),
        "level": "warning" if digest.RANK[item.severity] >= digest.RANK["warning"] else "note",
        "message": {"text": plain(f"{item.rule} could not be decided: {item.cause}")},
        "locations": [artifacts.location(item.artifact)],
    }


def _partly(artifact: ArtifactSummary, artifacts: Artifacts) -> Json:
    words = "read in part" if artifact.coverage == "partial" else "not read"
    return {
        "descriptor": {"id": "coverage"},
        "level": "warning",
        "message": {"text": plain(f"{artifact.path} was {words}: {'; '.join(artifact.reasons)}")},
        "locations": [artifacts.location(artifact.path)],
    }


def _codes(document: ScanDocument) -> Iterable[str]:
    """The ids of all notifications of the run."""
    codes = dict.fromkeys(error.code for error in document.errors)
    if document.inconclusive:
        codes["inconclusive"] = None
    if any(a.coverage != "full" and a.reasons for a in document.artifacts):
        codes["coverage"] = None
    return codes | ({"notice": None} if document.notices else {})


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _unicode(value: object) -> object:
    """The same data with valid Unicode only: names of files may be bytes of any kind."""
    if isinstance(value, str):
        return clean(value)[0]
    if isinstance(value, dict):
        return {key: _unicode(item) for key, item in value.items()}
    return [_unicode(item) for item in value] if isinstance(value, list) else value
