"""The one document that every report is made from."""

from __future__ import annotations

from modelaudit.engine.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.finding import Finding, Inconclusive


SKIPPED = "skipped by request"  # the reason for the coverage of what the user left out


@record
class LicenceEvidence:
    """What says which licence an artifact has."""

    spdx: str  # SPDX expression
    role: str  # file | card | tag | metadata
    method: str
    score: float


@record
class Description:
    """What an artifact says of itself; gathered only for reports that show it."""

    version: str | None
    producer: str | None
    producer_version: str | None
    repo: str | None
    revision: str | None
    licences: tuple[LicenceEvidence, ...]
    metadata: tuple[tuple[str, str], ...]  # keys and values in the order of the file
    dtypes: tuple[str, ...]  # of its tensors, sorted


@record
class ArtifactSummary:
    """One artifact, and how much of it was understood."""

    path: str
    format: str
    role: str
    size: int
    depth: int
    coverage: str  # full | partial | none
    sha256: str | None = None  # files on disk only
    formats: tuple[str, ...] = ()  # every format that accepts the bytes
    reasons: tuple[str, ...] = ()  # why the coverage is not full
    described: Description | None = None  # only when the scan was asked for it
    scope: str = "full"  # structure: what can run or configure was read, and no weights

    @property
    def unverified(self) -> bool:
        """Whether it is a file that was read in part, and neither the service nor we know its digest."""
        parts = self.scope != "full" and self.depth == 0 and self.coverage != "none"
        return parts and self.sha256 is None and self.role != "bundle"


@record
class ScanError:
    """Something outside the models that kept the scan from being complete."""

    # missing-path, missing-extra, unreadable, refused, source-refused, timeout, size-limit, unknown-format,
    # nothing-scanned, crash
    code: str
    message: str
    path: str | None = None


@record
class RuleInfo:
    """A rule that took part in the scan."""

    id: str
    name: str
    title: str
    severity: str
    pack: str
    version: int
    why: str
    fix: str
    tags: tuple[str, ...]
    cwes: tuple[str, ...]
    references: tuple[str, ...]
    kind: str


@record
class PackInfo:
    """A rule pack that took part in the scan."""

    pack: str
    version: str
    digest: str
    rules: int


@record
class PolicyInfo:
    """The policy that decided."""

    policy: str
    version: str
    digest: str
    chain: tuple[str, ...]  # every policy that it extends, then itself
    fail_on: str


@record
class WaiverUse:
    """One waiver of the policy, and what became of it in this scan."""

    id: str
    source: str  # policy and item
    state: str  # used | unused | expired | pending (its first day is yet to come)
    findings: int  # how many it covers, or would if it were live
    rules: tuple[str, ...]  # of those findings
    reason: str
    owner: str
    approved_by: str
    created: str  # YYYY-MM-DD, empty when it does not say
    expires: str


@record
class ScannerSelection:
    """Which parsers the user let take part, by the ids of their formats."""

    requested: tuple[str, ...]  # asked for alone; none when all were but for the excluded
    enabled: tuple[str, ...]
    excluded: tuple[str, ...]  # left out by name


@record
class Decision:
    """What the policy makes of the findings."""

    exit_code: int  # 0 pass | 1 fail | 2 incomplete
    outcome: str  # pass | fail | incomplete
    reasons: tuple[str, ...]  # one sentence each, the deciding one first
    by: tuple[str, ...]  # ids of the rules that made it fail


@record
class Transfer:
    """What came from other machines."""

    requests: int
    bytes: int
    retries: int  # requests that were made once more


@record
class ScanDocument:
    """A whole scan: what was read, what was found, what was decided."""

    tool_version: str
    facts_version: str
    started: float  # seconds since the epoch
    duration: float  # seconds
    paths: tuple[str, ...]  # as the user gave them
    artifacts: tuple[ArtifactSummary, ...]
    findings: tuple[Finding, ...]  # suppressed ones too
    inconclusive: tuple[Inconclusive, ...]
    errors: tuple[ScanError, ...]
    notices: tuple[str, ...]
    rules: Sequence[RuleInfo]
    packs: tuple[PackInfo, ...]
    policy: PolicyInfo
    decision: Decision
    files_scanned: int  # files on disk
    bytes_scanned: int  # their sizes
    content_hash: str | None = None  # over the SHA-256 of all files, sorted; None when there are none or one is unknown
    waivers: tuple[WaiverUse, ...] = ()  # every waiver of the policy
    selection: ScannerSelection | None = None  # only when parsers were left out
    questions: tuple[Finding, ...] = ()  # what verdicts are about, see `engine/verdict.py`
    transfer: Transfer | None = None  # only when an address was scanned
