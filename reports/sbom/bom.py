"""The whole SBOM: subject, tools, components, findings; one serial for one content."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

from modelaudit.reports.escape import visible
from modelaudit.reports.sbom import composition
from modelaudit.reports.sbom.card import into_json, into_xml
from modelaudit.reports.sbom.components import Components
from modelaudit.reports.sbom.composition import compositions
from modelaudit.reports.sbom.findings import vulnerabilities
from modelaudit.reports.sbom.paths import last_part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.document import PackInfo, ScanDocument

EPOCH = "SOURCE_DATE_EPOCH"  # https://reproducible-builds.org/specs/source-date-epoch/


def written(document: ScanDocument, version: str, format: str) -> str:
    """The SBOM as text."""
    components = Components(document)
    bom = _bom(document, components)
    output = OutputFormat.JSON if format == "json" else OutputFormat.XML
    text = make_outputter(bom, output, SchemaVersion.from_version(version)).output_as_string()
    whole = compositions(components.covered(), components.named())
    if format == "xml":
        return into_xml(text, components.cards, whole, components.needs) + "\n"
    made = composition.into_json(into_json(json.loads(text), components.cards), whole, components.needs)
    return json.dumps(made, indent=2) + "\n"


def _bom(document: ScanDocument, components: Components) -> Bom:
    subject = Component(name=_subject(document), type=_kind(components), bom_ref="subject")
    bom = Bom(
        serial_number=_serial(document, components),
        components=components.top,
        metadata=BomMetaData(
            timestamp=_moment(document),
            component=subject,
            tools=ToolRepository(components=[_tool(document)]),
            properties=[Property(name=f"modelaudit:{name}", value=visible(value)) for name, value in _scan(document)],
        ),
        vulnerabilities=vulnerabilities(document, components),
    )
    bom.register_dependency(subject, components.top)
    return bom


def _kind(components: Components) -> ComponentType:
    """What the bill is about: a model when that is all there is."""
    single = components.top[0] if len(components.top) == 1 else None
    is_model = single is not None and single.type == ComponentType.MACHINE_LEARNING_MODEL
    return ComponentType.MACHINE_LEARNING_MODEL if is_model else ComponentType.FILE


def _subject(document: ScanDocument) -> str:
    """What was scanned: the last part of the one path, else how many there were."""
    if len(document.paths) == 1:
        return visible(last_part(document.paths[0])) or "."
    return f"{len(document.paths)} paths"


def _tool(document: ScanDocument) -> Component:
    return Component(
        name="modelaudit",
        type=ComponentType.APPLICATION,
        bom_ref="tool-modelaudit",
        version=document.tool_version,
        components=[_pack(pack) for pack in document.packs],
    )


def _pack(pack: PackInfo) -> Component:
    return Component(
        name=f"rule pack {pack.pack}",
        type=ComponentType.DATA,
        bom_ref=f"tool-pack-{pack.pack}",
        version=pack.version,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=pack.digest)],
    )


def _scan(document: ScanDocument) -> Iterator[tuple[str, str]]:
    policy, decision = document.policy, document.decision
    yield "policy", f"{policy.policy} {policy.version}"
    yield "policy-digest", policy.digest
    yield "outcome", decision.outcome
    for reason in decision.reasons:
        yield "outcome:reason", reason
    for error in document.errors:
        yield "error", error.message


def _moment(document: ScanDocument) -> datetime:
    """The time of the scan, or the one that the environment sets for builds that can be repeated."""
    given = os.environ.get(EPOCH, "")
    seconds = int(given) if given.isdecimal() else int(document.started)
    return datetime.fromtimestamp(seconds, UTC)


def _serial(document: ScanDocument, components: Components) -> UUID:
    """The same for the same content, judged by the same rules and policy with the same outcome."""
    shown = components.paths
    said = {
        "content": document.content_hash,
        "tool": document.tool_version,
        "packs": sorted((pack.pack, pack.version, pack.digest) for pack in document.packs),
        "policy": document.policy.digest,
        "artifacts": sorted((shown(a.path), a.format, a.coverage, a.sha256 or "") for a in document.artifacts),
        "findings": sorted(
            (f.id, shown(f.artifact), f.severity, f.suppression.step if f.suppression is not None else "")
            for f in document.findings
        ),
    }
    return uuid5(NAMESPACE_URL, "modelaudit:sbom:" + json.dumps(said, sort_keys=True))
