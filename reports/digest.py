"""What every report says of a scan document: order, counts, places and sizes."""

from __future__ import annotations

from modelaudit.engine.finding import SEVERITIES
from modelaudit.engine.verdict import verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelaudit.engine.document import ArtifactSummary, ScanDocument
    from modelaudit.engine.facts import Place
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.verdict import Verdict

RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
LINK = "link"  # the format of a link that was not followed
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def top_level(artifact: str) -> str:
    """The path of the file on disk that an artifact was seen in."""
    return artifact.partition("!")[0]


def location(artifact: str, places: tuple[Place, ...]) -> str:
    """`PATH (pos N)`, or `PATH` alone when the first place has no byte offset."""
    offset = first_offset(places)
    return artifact if offset is None else f"{artifact} (pos {offset})"


def first_offset(places: tuple[Place, ...]) -> int | None:
    """The byte offset of the first place, if it has one."""
    return places[0].offset if places else None


def place_words(place: Place) -> str:
    """A place in words: `pos 28`, `layer fc.1`; empty when it says nothing."""
    if place.offset is not None:
        return f"pos {place.offset}"
    for kind in ("pointer", "node", "layer"):
        value = getattr(place, kind)
        if value is not None:
            return f"{kind} {value}"
    return ""


def human_size(size: int) -> str:
    """A number of bytes in words, in powers of 1024."""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{size} B" if unit == 0 else f"{value:.1f} {UNITS[unit]}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def shown_findings(document: ScanDocument, *, verbose: bool) -> list[Finding]:
    """The findings that stand, file by file in the order of the scan, the gravest of each file first."""
    standing = [f for f in document.findings if f.active and (verbose or f.severity != "debug")]
    order = file_order(document) if standing else {}
    return sorted(standing, key=lambda f: (order.get(top_level(f.artifact), len(order)), *_place_in_file(f)))


def suppressed_findings(document: ScanDocument, *, verbose: bool = True) -> list[Finding]:
    """The findings that the policy took out, file by file."""
    out = [f for f in document.findings if not f.active and (verbose or f.severity != "debug")]
    order = file_order(document) if out else {}
    return sorted(out, key=lambda f: (order.get(top_level(f.artifact), len(order)), *_place_in_file(f)))


def file_order(document: ScanDocument) -> dict[str, int]:
    """The rank of every file on disk in the order of the scan."""
    order: dict[str, int] = {}
    for artifact in document.artifacts:
        order.setdefault(top_level(artifact.path), len(order))
    return order


def answers(document: ScanDocument) -> dict[str, list[Verdict]]:
    """The verdicts by the path of their file on disk; those that the policy took out are answered all the same."""
    tags: dict[str, tuple[str, ...]] = {}

    def tags_of(rule: str) -> tuple[str, ...]:
        if not tags:
            tags.update({info.id: info.tags for info in document.rules})
        return tags.get(rule, ())

    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts((*document.findings, *document.questions), document.inconclusive, tags_of):
        found.setdefault(top_level(verdict.artifact), []).append(verdict)
    return found


def severity_counts(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings have each severity, gravest first; severities without any are left out."""
    counts = dict.fromkeys(reversed(SEVERITIES), 0)
    for finding in findings:
        counts[finding.severity] += 1
    return {severity: number for severity, number in counts.items() if number}


def has_errors(document: ScanDocument) -> bool:
    """Whether something that the scan was asked for could not be scanned or decided.

    A damaged file that a finding stands for is none: the finding says so.
    """
    if document.errors or document.decision.outcome == "incomplete":
        return True
    bar = RANK[document.policy.fail_on]
    told = {top_level(f.artifact) for f in document.findings if f.active and RANK[f.severity] >= bar}
    return any(RANK[i.severity] >= bar and top_level(i.artifact) not in told for i in document.inconclusive)


def files(document: ScanDocument) -> list[ArtifactSummary]:
    """The artifacts that are files on disk, each once, in the order of the scan."""
    seen: dict[str, ArtifactSummary] = {}
    for artifact in document.artifacts:
        if artifact.depth == 0 and artifact.role != "bundle" and artifact.format != LINK:
            seen.setdefault(artifact.path, artifact)
    return list(seen.values())


def unread(document: ScanDocument) -> str:
    """What the scope left unread, and what `full` would add; empty when every byte was to be read."""
    sparse = [artifact for artifact in document.artifacts if artifact.scope != "full"]
    if not sparse:
        return ""
    words = f"structure: {counted(len(sparse), 'file')} without weights; "
    words += "--scope full adds digests, the search for programs in weights, and their statistics"
    unknown = sum(artifact.unverified for artifact in sparse)
    return words + (f"; digests of {counted(unknown, 'file')} are unverified" if unknown else "")


def was_read(artifact: ArtifactSummary) -> bool:
    """Whether the bytes of a file were read, understood or not."""
    return artifact.sha256 is not None or artifact.coverage != "none"


def _place_in_file(finding: Finding) -> tuple[int, str, int, str, str]:
    offset = first_offset(finding.places)
    return (
        -RANK[finding.severity],
        finding.artifact,
        -1 if offset is None else offset,
        finding.rule,
        finding.id,
    )
