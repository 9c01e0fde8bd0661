"""What rules find: findings, what became of them, and rules that could not be decided."""

from __future__ import annotations

from hashlib import sha256

from modelaudit.engine.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.facts import Place

SEVERITIES = ("debug", "info", "warning", "critical")  # from least to most grave
CONFIDENCES = ("possible", "likely", "proved")


@record
class Suppression:
    """Why a finding does not count: the step of the decision order that took it out, and on whose word."""

    step: str  # ignore | maturity | allow | absorb | baseline | waiver
    reason: str
    source: str = ""  # policy id and item, such as `acme/strict allow[0]`
    owner: str = ""
    until: str = ""  # the day on which a waiver ends, YYYY-MM-DD
    approved_by: str = ""


@record
class Finding:
    """A rule that matched a fact, or a group of facts, in one artifact."""

    id: str
    rule: str
    name: str
    rule_version: int
    pack: str
    pack_version: str
    title: str
    severity: str
    confidence: str
    message: str
    why: str
    fix: str
    references: tuple[str, ...]
    cwes: tuple[str, ...]
    cves: tuple[str, ...]
    tags: tuple[str, ...]
    kind: str  # kind of the fact, or `artifact`
    subject: str
    artifact: str  # path of the artifact, `!` between nested members
    format: str
    places: tuple[Place, ...]
    n: int  # how many times the facts were seen
    source: str = "rule"  # rule | deny
    suppression: Suppression | None = None
    related: tuple[Finding, ...] = ()

    @property
    def active(self) -> bool:
        """Whether the finding counts in the decision."""
        return self.suppression is None


@record
class Inconclusive:
    """A rule that could not be decided on an artifact, and what was missing."""

    rule: str
    artifact: str
    cause: str
    severity: str


@record
class Judgement:
    """Everything that the rules said of one tree of artifacts."""

    findings: tuple[Finding, ...]
    inconclusive: tuple[Inconclusive, ...]
    questions: tuple[Finding, ...] = ()  # what verdicts are about, see `engine/verdict.py`: no findings


NOTHING_FOUND = Judgement((), ())  # of most files


def finding_id(rule: str, artifact: str, identity: tuple[str, ...]) -> str:
    """The stable id of a finding: 16 hex digits over rule, member path after the first `!`, and identity.

    Offsets, messages, severities, versions, counts and the scan root stay out, so that a baseline survives a
    re-export, a move and a newer pack.
    """
    member = artifact.partition("!")[2]
    text = "\x1f".join(("finding@1", rule, member, *identity))
    return sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
