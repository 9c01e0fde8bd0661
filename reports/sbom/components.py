"""The artifacts of a scan as components: files in their folders, members in their files."""

from __future__ import annotations

from hashlib import sha256

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.component import Component, ComponentType, Pedigree
from cyclonedx.model.component_evidence import ComponentEvidence
from cyclonedx.model.contact import OrganizationalEntity
from packageurl import PackageURL

from modelaudit.reports.escape import visible
from modelaudit.reports.sbom.card import completed, model_card
from modelaudit.reports.sbom.fields import Fields, hub_name
from modelaudit.reports.sbom.hub import cached
from modelaudit.reports.sbom.licences import licences
from modelaudit.reports.sbom.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.document import ArtifactSummary, Description, ScanDocument

MODELS = frozenset({"model", "weights", "bundle"})  # roles
PARTS = frozenset({"model", "weights"})  # roles of files that a folder may speak for
HUB = "huggingface"
ADDRESS = "https://huggingface.co/"
ADAPTER = "lora-adapter"  # what needs its base to be used
LINK = "link"


class Components:
    """The components of a scan.

    `cards` has their model cards by `bom-ref`, `top` those that stand in no other, `needs` the base models that
    adapters are of no use without.
    """

    def __init__(self, document: ScanDocument) -> None:
        self.paths = Paths(document.paths)
        self.fields = Fields()
        self.needs: dict[str, list[str]] = {}
        self.cards: dict[str, dict[str, Any]] = {}
        self.artifacts = {a.path: a for a in document.artifacts if a.format != LINK}
        self._fetched = any(_stated(artifact)[0] for artifact in self.artifacts.values())
        self._bundles = sorted((a.path for a in self.artifacts.values() if a.role == "bundle"), key=len, reverse=True)
        self.by_path = {path: self._component(artifact) for path, artifact in self.artifacts.items()}
        self.top: list[Component] = []
        for path, component in self.by_path.items():
            parent = self._parent(path)
            if parent is None:
                self.top.append(component)
            else:
                self.by_path[parent].components.add(component)

    def __contains__(self, path: object) -> bool:
        return path in self.by_path

    def reference(self, path: str) -> str:
        """The `bom-ref` of the component at a path."""
        return reference(self.paths(path))

    def covered(self) -> Iterator[tuple[str, bool]]:
        """The `bom-ref` of each component, and whether its content was read in full."""
        for path, artifact in self.artifacts.items():
            yield self.reference(path), artifact.coverage == "full"

    def named(self) -> Iterator[str]:
        """The `bom-ref` of each base model, of which no more than the name is known."""
        for component in self.by_path.values():
            for base in component.pedigree.ancestors if component.pedigree is not None else ():
                yield str(base.bom_ref.value)

    def _parent(self, path: str) -> str | None:
        """The path of the file or the folder as a whole that an artifact stands in."""
        outer = path.rpartition("!")[0]
        if outer:
            return outer if outer in self.artifacts else None
        return next((one for one in self._bundles if path.startswith(f"{one.rstrip('/')}/")), None)

    def _component(self, artifact: ArtifactSummary) -> Component:
        said = artifact.described
        repo, revision, within = self._origin(artifact)
        whole = bool(repo) and not within and artifact.role == "bundle" and not (said is not None and said.repo)
        made = Component(
            name=repo.rpartition("/")[2] if whole else _name(artifact.path),
            type=ComponentType.MACHINE_LEARNING_MODEL if artifact.role in MODELS else ComponentType.FILE,
            bom_ref=self.reference(artifact.path),
            version=revision,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=artifact.sha256)] if artifact.sha256 else None,
            purl=hub_purl(repo, revision, within) if repo and artifact.role in MODELS else None,
            supplier=_owner(repo),
            external_references=_addresses(repo) if artifact.role in MODELS else None,
            properties=[
                Property(name=f"modelaudit:{name}", value=visible(value))
                for name, value in (*_facts(artifact, self.paths), *self._licence_evidence(artifact))
            ],
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
            self.cards[self.reference(artifact.path)] = card
        named = self.fields.values(said, "base_model")
        if not named and around is not None:
            named = self.fields.values(around, "base_model")
        bases = list(dict.fromkeys(hub_name(value) for value in named))
        if bases:
            ancestors = [_base(name, self.paths(artifact.path)) for name in bases]
            made.pedigree = Pedigree(ancestors=ancestors)
            if artifact.format == ADAPTER:
                self.needs[self.reference(artifact.path)] = [str(base.bom_ref.value) for base in ancestors]

    def _origin(self, artifact: ArtifactSummary) -> tuple[str, str | None, str]:
        """Repository and revision of an artifact, and its path within it where that is known."""
        stated = _stated(artifact)
        if stated[0]:
            return stated
        found = cached(artifact.path.partition("!")[0])
        if found is not None:
            return found
        if artifact.role == "bundle" and self._fetched:
            return self._of_files(artifact) or stated
        return stated

    def _of_files(self, folder: ArtifactSummary) -> tuple[str, str | None, str] | None:
        """Where a folder is from, as its files say."""
        start = f"{folder.path.rstrip('/')}/"
        for path, artifact in self.artifacts.items():
            if path.startswith(start):
                repo, revision, _ = _stated(artifact)
                if repo:
                    return repo, revision, _within(folder.path, repo)
        return None

    def _licence_evidence(self, artifact: ArtifactSummary) -> Iterator[tuple[str, str]]:
        """Each piece of evidence for the licences of an artifact, its own or that of the folder that speaks for it."""
        own = artifact.described.licences if artifact.described is not None else ()
        around = None if own else self._around(artifact)
        where = "" if around is None else "; of the folder"
        for item in own or (around.licences if around is not None else ()):
            yield "licence-evidence", f"{item.spdx}; {item.role}; {item.method}; {item.score:.3f}{where}"

    def _around(self, artifact: ArtifactSummary) -> Description | None:
        """What the folder says of the model that an artifact is a file of."""
        if artifact.role not in PARTS or "!" in artifact.path:
            return None
        parent = self._parent(artifact.path)
        return self.artifacts[parent].described if parent is not None else None


def _stated(artifact: ArtifactSummary) -> tuple[str, str | None, str]:
    """What the source of an artifact says of where it is from."""
    said = artifact.described
    if said is None or not said.repo:
        return "", said.revision if said is not None else None, ""
    return said.repo, said.revision, _within(artifact.path, said.repo)


def _within(path: str, repo: str) -> str:
    """The path of a file in its repository, where an address gives it; empty of the repository itself."""
    before, found, rest = path.partition("!")[0].partition(f"/{repo}")
    return rest.partition("/")[2] if found and "://" in f"{before}/" and rest[:1] in ("", "@", "/") else ""


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
    purl = hub_purl(name)
    return Component(
        name=visible(name),
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"base-{key}",
        purl=purl,
        supplier=_owner(name) if purl is not None else None,
        external_references=_addresses(name),
    )


def _owner(repo: str) -> OrganizationalEntity | None:
    """Who publishes a repository of the hub."""
    return OrganizationalEntity(name=visible(repo.partition("/")[0])) if "/" in repo else None


def _addresses(repo: str) -> list[ExternalReference] | None:
    """Where a repository of the hub is."""
    if hub_purl(repo) is None:
        return None
    return [ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(f"{ADDRESS}{repo}"))]


def _name(path: str) -> str:
    last = path.rpartition("!")[2].rstrip("/").rpartition("/")[2].rpartition("\\")[2]
    return visible(last.replace("%21", "!").replace("%25", "%")) or visible(path) or "."


def _facts(artifact: ArtifactSummary, shown: Paths) -> Iterator[tuple[str, str]]:
    yield "path", shown(artifact.path)
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
