"""The artifacts of a scan as components: files in their folders, members in their files."""

from __future__ import annotations

from hashlib import sha256

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.component import Component, ComponentType, Pedigree
from cyclonedx.model.component_evidence import ComponentEvidence
from packageurl import PackageURL

from modelaudit.reports.escape import visible
from modelaudit.reports.sbom.card import completed, model_card
from modelaudit.reports.sbom.fields import Fields, hub_name
from modelaudit.reports.sbom.hub import cached
from modelaudit.reports.sbom.licences import licences

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.document import ArtifactSummary, Description, ScanDocument

MODELS = frozenset({"model", "weights", "bundle"})  # roles
PARTS = frozenset({"model", "weights"})  # roles of files that a folder may speak for
HUB = "huggingface"
LINK = "link"


class Components:
    """The components of a scan. `cards` has their model cards by `bom-ref`, `top` those that stand in no other."""

    def __init__(self, document: ScanDocument) -> None:
        self.fields = Fields()
        self.cards: dict[str, dict[str, Any]] = {}
        self.artifacts = {a.path: a for a in document.artifacts if a.format != LINK}
        self._bundles = sorted((a.path for a in self.artifacts.values() if a.role == "bundle"), key=len, reverse=True)
        self.by_path = {path: self._component(artifact) for path, artifact in self.artifacts.items()}
        self.top: list[Component] = []
        for path, component in self.by_path.items():
            parent = self._parent(path)
            if parent is None:
                self.top.append(component)
            else:
                self.by_path[parent].components.add(component)

    def _parent(self, path: str) -> str | None:
        """The path of the file or the folder as a whole that an artifact stands in."""
        outer = path.rpartition("!")[0]
        if outer:
            return outer if outer in self.artifacts else None
        return next((one for one in self._bundles if path.startswith(f"{one.rstrip('/')}/")), None)

    def _component(self, artifact: ArtifactSummary) -> Component:
        said = artifact.described
        repo, revision, within = _origin(artifact)
        whole = bool(repo) and not within and artifact.role == "bundle" and not (said is not None and said.repo)
        made = Component(
            name=repo.rpartition("/")[2] if whole else _name(artifact.path),
            type=ComponentType.MACHINE_LEARNING_MODEL if artifact.role in MODELS else ComponentType.FILE,
            bom_ref=reference(artifact.path),
            version=revision,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=artifact.sha256)] if artifact.sha256 else None,
            purl=hub_purl(repo, revision, within) if repo and artifact.role in MODELS else None,
            properties=[Property(name=f"modelaudit:{name}", value=visible(value)) for name, value in _facts(artifact)],
        )
        if said is not None:
            self._describe(made, artifact, said)
        return made

    def _describe(self, made: Component, artifact: ArtifactSummary, said: Description) -> None:
        """Add licences with their evidence, the card of a model and what it was made from.

        What a model does not say itself, the folder that it stands in says for it.
        """
        around = self._around(artifact)
        evidence = said.licences or (around.licences if around is not None else ())
        if evidence:
            made.licenses = licences(evidence)
            made.evidence = ComponentEvidence(licenses=licences(evidence))
        if artifact.role not in MODELS:
            return
        card = model_card(said, self.fields)
        if around is not None:
            card = completed(card, model_card(around, self.fields))
        if card:
            self.cards[reference(artifact.path)] = card
        named = self.fields.values(said, "base_model")
        if not named and around is not None:
            named = self.fields.values(around, "base_model")
        bases = list(dict.fromkeys(hub_name(value) for value in named))
        if bases:
            made.pedigree = Pedigree(ancestors=[_base(name, artifact.path) for name in bases])

    def _around(self, artifact: ArtifactSummary) -> Description | None:
        """What the folder says of the model that an artifact is a file of."""
        if artifact.role not in PARTS or "!" in artifact.path:
            return None
        parent = self._parent(artifact.path)
        return self.artifacts[parent].described if parent is not None else None


def _origin(artifact: ArtifactSummary) -> tuple[str, str | None, str]:
    """Repository and revision of an artifact, and its path within it where that is known."""
    said = artifact.described
    if said is not None and said.repo:
        return said.repo, said.revision, ""
    found = cached(artifact.path.partition("!")[0])
    if found is None:
        return "", said.revision if said is not None else None, ""
    return found


def reference(path: str) -> str:
    """The `bom-ref` of the component at a path."""
    return f"component-{sha256(path.encode('utf-8', 'backslashreplace')).hexdigest()[:24]}"


def hub_purl(repo: str, revision: str | None = None, within: str = "") -> PackageURL | None:
    """The package URL of a model on the hub, None for what is no name of one."""
    parts = repo.split("/")
    if len(parts) != 2 or not all(part and part not in (".", "..") and _is_plain(part) for part in parts):
        return None
    return PackageURL(type=HUB, namespace=parts[0], name=parts[1], version=revision or None, subpath=within or None)


def _is_plain(part: str) -> bool:
    return all(char.isascii() and (char.isalnum() or char in "-_.") for char in part)


def _base(name: str, path: str) -> Component:
    key = reference(f"{path}\0{name}")
    return Component(
        name=visible(name), type=ComponentType.MACHINE_LEARNING_MODEL, bom_ref=f"base-{key}", purl=hub_purl(name)
    )


def _name(path: str) -> str:
    last = path.rpartition("!")[2].rstrip("/").rpartition("/")[2].rpartition("\\")[2]
    return visible(last.replace("%21", "!").replace("%25", "%")) or visible(path) or "."


def _facts(artifact: ArtifactSummary) -> Iterator[tuple[str, str]]:
    yield "path", artifact.path
    yield "format", artifact.format
    yield "role", artifact.role
    yield "size", str(artifact.size)
    yield "coverage", artifact.coverage
    for reason in artifact.reasons:
        yield "coverage:reason", reason
    said = artifact.described
    if said is None:
        return
    for name in ("version", "producer", "producer_version"):
        value = getattr(said, name)
        if value:
            yield f"format-{name}" if name == "version" else name.replace("_", "-"), value
    for item in said.licences:
        yield "licence-evidence", f"{item.spdx}; {item.role}; {item.method}; {item.score:.3f}"
