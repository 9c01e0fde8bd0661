"""What an artifact says of itself, drawn from its facts: licences, metadata, types of its tensors."""

from __future__ import annotations

from modelaudit.engine.document import Description, LicenceEvidence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.factset import FactSet

KINDS = frozenset({"license", "metadata", "tensor", "text"})  # read for it; licence tags stand in texts
PAIRS = 1000  # of metadata
VALUE = 1024  # characters of a value
EVIDENCE = 100


def described(node: FactSet) -> Description:
    """The description of one artifact."""
    artifact = node.artifact
    return Description(
        version=artifact.version,
        producer=artifact.producer,
        producer_version=artifact.producer_version,
        repo=artifact.repo,
        revision=artifact.revision,
        licences=tuple(_licences(node)),
        metadata=tuple(_metadata(node)),
        dtypes=tuple(sorted({getattr(tensor, "dtype", "") for tensor in node.facts.get("tensor", ())} - {""})),
    )


def _licences(node: FactSet) -> Iterator[LicenceEvidence]:
    for fact in list(node.facts.get("license", ()))[:EVIDENCE]:
        yield LicenceEvidence(
            getattr(fact, "spdx", ""),
            getattr(fact, "role", ""),
            getattr(fact, "method", ""),
            getattr(fact, "score", 0.0),
        )


def _metadata(node: FactSet) -> Iterator[tuple[str, str]]:
    for fact in list(node.facts.get("metadata", ()))[:PAIRS]:
        yield getattr(fact, "key", ""), str(getattr(fact, "value", ""))[:VALUE]
