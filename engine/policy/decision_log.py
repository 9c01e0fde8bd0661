"""The decision log: one JSON line for each scan, appended to a file that outlives the reports."""

from __future__ import annotations

import json
import os
import time

from modelaudit.engine.errors import UsageError
from modelaudit.engine.facts.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from modelaudit.engine.document import ScanDocument

    Json = Any

SCHEMA = "modelaudit/decision@1"


def entry(document: ScanDocument) -> Json:
    """What a line says of a scan: who decided by which rules and policy, about which bytes, and how."""
    decision, policy = document.decision, document.policy
    return {
        "schema": SCHEMA,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(document.started)),
        "tool": {"name": "modelaudit", "version": document.tool_version, "facts": document.facts_version},
        "policy": {
            "policy": policy.policy,
            "version": policy.version,
            "digest": policy.digest,
            "chain": list(policy.chain),
            "fail_on": policy.fail_on,
        },
        "packs": [{"pack": p.pack, "version": p.version, "digest": p.digest} for p in document.packs],
        "inputs": [
            {"path": clean(a.path)[0], "sha256": a.sha256, "size": a.size, "coverage": a.coverage}
            for a in document.artifacts
            if "!" not in a.path
        ],
        "content_hash": document.content_hash,
        "decision": {
            "outcome": decision.outcome,
            "exit_code": decision.exit_code,
            "by": list(decision.by),
            "reasons": [clean(reason)[0] for reason in decision.reasons],
        },
        "rules": rules_by_outcome(document),
        "errors": _counted(error.code for error in document.errors),
        "waivers": [{"id": w.id, "state": w.state, "findings": w.findings} for w in document.waivers],
    }


def rules_by_outcome(document: ScanDocument) -> Json:
    """Rules with the number of their findings or artifacts: `match`, `suppressed` by step, `inconclusive`.

    `no_match` is only a number, since it is nearly all of them.
    """
    steps: dict[str, list[str]] = {}
    for finding in document.findings:
        for other in finding.related:
            steps.setdefault("absorb", []).append(other.rule)
        if finding.suppression is not None:
            steps.setdefault(finding.suppression.step, []).append(finding.rule)
    matched = [finding.rule for finding in document.findings if finding.active]
    undecided = [item.rule for item in document.inconclusive]
    spoken = {*matched, *undecided, *(rule for rules in steps.values() for rule in rules)}
    return {
        "match": _counted(matched),
        "suppressed": {step: _counted(rules) for step, rules in sorted(steps.items())},
        "inconclusive": _counted(undecided),
        "no_match": sum(rule.id not in spoken for rule in document.rules),
    }


def _counted(words: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return dict(sorted(counts.items()))


def check(path: str) -> None:
    """Refuse a log that cannot be appended to, before the scan; a new file is made."""
    try:
        os.close(_open(path))
    except OSError as error:
        raise UsageError(f"cannot write decision log {path}: {error.strerror}") from error


def append(path: str, document: ScanDocument) -> None:
    """Append the line of a scan in one write, so that scans at the same time do not mix; `OSError` when it fails."""
    line = json.dumps(entry(document), separators=(",", ":")) + "\n"
    handle = _open(path)
    try:
        data = line.encode("ascii")
        if os.write(handle, data) != len(data):
            raise OSError(28, "the line was written in part")
    finally:
        os.close(handle)


def _open(path: str) -> int:
    """A handle that only appends; a new log is for its owner to read."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
