"""A dry run: what a scan would read, without opening a file."""

from __future__ import annotations

import os
from time import monotonic, time

from modelaudit import __version__
from modelaudit.engine.document import ArtifactSummary, Decision, PackInfo, ScanDocument, ScanError
from modelaudit.engine.policy.gate import Gate
from modelaudit.parsers.registry import UNKNOWN, Registry
from modelaudit.pipeline.limits import Options, check_final
from modelaudit.pipeline.one import shown
from modelaudit.pipeline.reach import Reach
from modelaudit.pipeline.read import extension_of
from modelaudit.pipeline.scan import FACTS_VERSION, origins_of, policy_info
from modelaudit.sources.address import without_secrets
from modelaudit.sources.errors import SourceError
from modelaudit.sources.local import SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.ruleset import Ruleset

UNREAD = "this is a dry run"


def dry_run(
    paths: Sequence[str], ruleset: Ruleset, options: Options | None = None, registry: Registry | None = None
) -> ScanDocument:
    """The document of a scan that reads nothing: files with the formats that their names promise, and paths in error.

    Its exit code is 0, or 2 when a path cannot be read. What the policy does not let in is not listed either.
    """
    options = options or Options()
    Gate(ruleset, options.fail_on)
    check_final(options, ruleset.policy)
    started, clock = time(), monotonic()
    registry = registry or Registry.load()
    artifacts: list[ArtifactSummary] = []
    errors: list[ScanError] = []
    origins = origins_of(paths, ruleset)
    with Reach(paths, origins=origins) as reach:
        for entry in reach.entries():
            judged = entry.origins if isinstance(entry, SourceFile) else ()
            said = origins.refusal_of_any(judged) if origins is not None else ""
            if said:
                errors.append(ScanError("source-refused", said, shown(entry.path)))
            elif isinstance(entry, SourceFile):
                artifacts.append(_listed(entry, registry))
            elif isinstance(entry, SourceError):
                errors.append(ScanError(entry.code, str(entry), shown(entry.path)))
    return ScanDocument(
        tool_version=__version__,
        facts_version=FACTS_VERSION,
        started=started,
        duration=monotonic() - clock,
        paths=tuple(map(without_secrets, paths)),
        artifacts=tuple(artifacts),
        findings=(),
        inconclusive=(),
        errors=tuple(errors),
        notices=tuple(ruleset.notices),
        rules=(),
        packs=tuple(PackInfo(p.pack, p.version, p.digest, p.rules) for p in ruleset.packs),
        policy=policy_info(ruleset, options.fail_on),
        decision=_decision(len(artifacts), errors),
        files_scanned=0,
        bytes_scanned=0,
        selection=options.selection,
    )


def _listed(file: SourceFile, registry: Registry) -> ArtifactSummary:
    promise = registry.promise(extension_of(os.path.basename(file.path)))
    format = promise.id if promise is not None else UNKNOWN
    return ArtifactSummary(shown(file.path), format, registry.role(format), file.size(), 0, "none", reasons=(UNREAD,))


def _decision(files: int, errors: Sequence[ScanError]) -> Decision:
    if errors:
        return Decision(2, "incomplete", tuple(error.message for error in errors), ())
    would = "1 file would" if files == 1 else f"{files} files would"
    return Decision(0, "pass", (f"Dry run: {would} be read, nothing was.",), ())
