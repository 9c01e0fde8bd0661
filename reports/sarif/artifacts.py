"""The artifacts of a run, and places in them."""

from __future__ import annotations

from modelaudit.reports import digest
from modelaudit.reports.address import part, uri
from modelaudit.reports.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.document import ArtifactSummary, ScanDocument
    from modelaudit.engine.facts import Place

    Json = dict[str, Any]


class Artifacts:
    """The `artifacts` of a run, and locations that refer to them."""

    def __init__(self, document: ScanDocument) -> None:
        listed = {artifact.path: artifact for artifact in document.artifacts}
        self.index = {path: index for index, path in enumerate(listed)}
        self.entries = [self._entry(artifact) for artifact in listed.values()]

    def location(self, path: str, place: Place | None = None) -> Json:
        """Where a finding shows: the file on disk, for a nested artifact without the offset inside of it."""
        physical: Json = {"artifactLocation": self._address(digest.top_level(path))}
        if place is not None and place.offset is not None and "!" not in path:
            physical["region"] = {"byteOffset": place.offset}
        logical = _logical(path, place)
        return {"physicalLocation": physical, **({"logicalLocations": logical} if logical else {})}

    def inside(self, path: str, place: Place) -> Json:
        """A place in an artifact itself, nested or not."""
        physical: Json = {"artifactLocation": self._address(path)}
        if place.offset is not None:
            physical["region"] = {"byteOffset": place.offset}
        logical = _logical(path, place)
        return {
            "physicalLocation": physical,
            "message": {"text": digest.place_words(place) or "another place"},
            **({"logicalLocations": logical} if logical else {}),
        }

    def _entry(self, artifact: ArtifactSummary) -> Json:
        parent = self.index.get(artifact.path.rpartition("!")[0])
        said = {"format": artifact.format, "role": artifact.role, "coverage": artifact.coverage}
        reasons = {"reasons": [visible(reason) for reason in artifact.reasons]} if artifact.reasons else {}
        return {
            "location": {"uri": _uri(artifact.path)},
            **({"parentIndex": parent} if parent is not None else {}),
            **({"roles": ["analysisTarget"]} if artifact.depth == 0 and artifact.role != "bundle" else {}),
            **({"roles": ["directory"]} if artifact.role == "bundle" else {}),
            "length": artifact.size,
            **({"hashes": {"sha-256": artifact.sha256}} if artifact.sha256 else {}),
            "properties": said | reasons,
        }

    def _address(self, path: str) -> Json:
        index = self.index.get(path)
        return {"uri": _uri(path), **({"index": index} if index is not None else {})}


def _uri(path: str) -> str:
    container, _, name = path.rpartition("!")
    name = name.replace("%21", "!").replace("%25", "%")
    return part(name) if container else uri(name)


def _logical(path: str, place: Place | None) -> list[Json]:
    """The nested artifact, and what in it has a name."""
    found = [{"fullyQualifiedName": visible(path), "kind": "member"}] if "!" in path else []
    for kind in ("pointer", "node", "layer"):
        value = None if place is None else getattr(place, kind)
        if value is not None:
            found.append({"fullyQualifiedName": visible(str(value)), "kind": kind})
    return found
