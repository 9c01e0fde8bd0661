"""Baselines: findings that are known already, as a file that `policy baseline` writes and `gate.baseline` names.

`{"schema": "modelaudit/baseline@1", "findings": [{"id", "rule", "path", "sha256"}, …]}`; paths are relative to
the file. A finding is known when its id stands there with the SHA-256 or the path of its top-level file.
"""

from __future__ import annotations

import json
import os

from modelaudit.engine.errors import UsageError
from modelaudit.engine.policy.where import has_scheme, target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from modelaudit.engine.document import ArtifactSummary
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.ruleset import Ruleset

    Json = Any

SCHEMA = "modelaudit/baseline@1"
MAX_BYTES = 64 * 1024 * 1024


class Baseline:
    """The findings of a baseline file."""

    __slots__ = ("_known", "path")

    def __init__(self, path: str, findings: Iterable[Mapping[str, Json]]) -> None:
        self.path = path
        folder = os.path.dirname(os.path.abspath(path))
        self._known: set[tuple[str, str]] = set()  # an id, with the digest or the place of its file
        for item in findings:
            if item.get("sha256"):
                self._known.add((item["id"], item["sha256"]))
            if item.get("path"):
                self._known.add((item["id"], target(item["path"], folder)))

    def knows(self, finding: Finding, place: str, sha256: str | None) -> bool:
        """Whether a finding stands in the baseline; a deny never does."""
        if finding.source == "deny":
            return False
        return (finding.id, place) in self._known or (sha256 is not None and (finding.id, sha256) in self._known)


def read(path: str) -> Baseline:
    """The baseline in a file; `UsageError` when there is none that can be read."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "; `modelaudit policy baseline MODEL -o FILE` makes one"
        raise UsageError(f"cannot read baseline {path}: {error.strerror}{hint}") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"baseline {path} is larger than {MAX_BYTES} bytes")
    try:
        return Baseline(path, _findings(json.loads(content)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} is not a baseline of this version: {error}") from error


def without(ruleset: Ruleset) -> Ruleset:
    """The same rule set under a policy that knows no baseline: for making one."""
    policy = ruleset.doc["policy"]
    gate = {key: value for key, value in policy["gate"].items() if key not in ("baseline", "new_only")}
    return ruleset.from_json({**ruleset.doc, "policy": {**policy, "gate": gate}})


def _findings(doc: Json) -> list[Json]:
    if doc.get("schema") != SCHEMA:
        raise ValueError(f"expected schema `{SCHEMA}`")
    for item in doc["findings"]:
        texts = (item["id"], item.get("path", ""), item.get("sha256", ""))
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("`id`, `path` and `sha256` are strings")
    return list(doc["findings"])


def render(findings: Iterable[Finding], artifacts: Iterable[ArtifactSummary], path: str) -> str:
    """The text of a baseline file at `path` with all of the findings that count, in a stable order.

    Denies are left out, since no baseline touches them.
    """
    digests = {artifact.path: artifact.sha256 for artifact in artifacts}
    folder = os.path.dirname(os.path.realpath(path))
    rows = {}
    for finding in findings:
        if finding.active and finding.source != "deny":
            top = finding.artifact.partition("!")[0]
            row = {"id": finding.id, "rule": finding.rule, "path": _relative(disk_path(top), folder)}
            sha256 = digests.get(top)
            rows[(row["path"], row["rule"], row["id"])] = {**row, "sha256": sha256} if sha256 else row
    lines = ",\n".join(f"  {json.dumps(rows[key])}" for key in sorted(rows))
    return f'{{"schema": "{SCHEMA}", "findings": [\n{lines}\n]}}\n' if rows else _EMPTY


_EMPTY = f'{{"schema": "{SCHEMA}", "findings": []}}\n'


def disk_path(top: str) -> str:
    """The path of a top-level file on disk, from its artifact path."""
    return top.replace("%21", "!").replace("%25", "%")


def _relative(path: str, folder: str) -> str:
    if has_scheme(path):
        return path
    real = os.path.realpath(path)
    try:
        return os.path.relpath(real, folder).replace(os.sep, "/")
    except ValueError:  # another drive
        return real
