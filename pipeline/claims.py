"""Files of no known format that a model beside them says are its numbers: they are listed as what they are.

What a file is, its own bytes say; numbers say nothing. Which formats are told so, and by which, the catalogue says. A
claim is part of one scan and never of what is stored of a file.
"""

from __future__ import annotations

import os
import re

from modelaudit.engine.facts import Reference, quote_member
from modelaudit.engine.record import replace
from modelaudit.parsers.registry import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelaudit.engine.document import ArtifactSummary
    from modelaudit.engine.factset import FactSet
    from modelaudit.parsers.registry import Claim, Registry

    Claimed = tuple[str, str]  # a path, and the format of the file, or of the parts in the folder

EXPANDED = "!content"  # what a compressed file holds
LEVELS = 64  # folders between a part and the description of its array


def claims(tree: FactSet, claim: Claim) -> tuple[Claimed, ...]:
    """What one model says of files beside it, on disk or in the same archive, as its format makes such claims."""
    artifact = tree.artifact
    folder = os.path.dirname(artifact.path)
    if claim.names:
        described = artifact.name in claim.names and bool(tree.facts.get("tensor"))
        return ((os.path.join(folder, ""), claim.format),) if described else ()
    found = {
        (_joined(folder, quote_member(fact.target)), claim.format)
        for fact in tree.facts.get("reference", ())
        if isinstance(fact, Reference) and _leads_to_file(fact, claim)
    }
    return tuple(sorted(found))


def _joined(folder: str, target: str) -> str:
    """A path below a folder, which may be an address."""
    scheme, sign, place = folder.rpartition("://")
    return scheme + sign + os.path.normpath(os.path.join(place, target))


def _leads_to_file(fact: Reference, claim: Claim) -> bool:
    """Whether a reference is of the sort that claims a file, and there is one."""
    meant = fact.kind == claim.reference and fact.key == claim.key
    return meant and bool(fact.exists) and fact.target_kind == "file"


def settle(
    artifacts: Iterable[ArtifactSummary], claimed: Iterable[Claimed], registry: Registry
) -> list[ArtifactSummary]:
    """The artifacts, with those that are claimed as what they are."""
    known = dict(claimed)
    return [_settled(artifact, known, registry) if artifact.format == UNKNOWN else artifact for artifact in artifacts]


def _settled(artifact: ArtifactSummary, known: dict[str, str], registry: Registry) -> ArtifactSummary:
    path = os.path.normpath(artifact.path.removesuffix(EXPANDED))
    format = known.get(path) or _part(path, known, registry)
    if not format:
        return artifact
    return replace(artifact, format=format, formats=(format,), role=registry.role(format), coverage="full", reasons=())


def _part(path: str, known: dict[str, str], registry: Registry) -> str:
    """The format of a part of an array that a folder above it describes, empty when there is none."""
    folder = path
    for _ in range(LEVELS):
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
        format = known.get(os.path.join(os.path.normpath(folder), ""))
        if format:
            key = os.path.relpath(path, folder).replace(os.sep, "/")
            claim = registry.formats[format].claim
            return format if claim is not None and re.fullmatch(claim.parts, key) else ""
    return ""
