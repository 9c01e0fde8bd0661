"""Manifests of container images and of models that are kept as such: OCI, Docker, ModelPack, KitOps, Ollama.

Layout: https://github.com/opencontainers/image-spec/blob/main/manifest.md, `docker save` (`manifest.json`),
https://github.com/modelpack/model-spec, https://kitops.org/docs/kitfile/format/ (what a ModelKit is packed from).
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Searched
    from modelaudit.parsers.reader import Reader

VERSION = re.compile(rb"^[\"']?manifestVersion[\"']?[ \t]*:", re.MULTILINE)
PART = re.compile(rb"^[\"']?(?:package|model|code|datasets|docs|prompts)[\"']?[ \t]*:", re.MULTILINE)
SPACE = b" \t\r\n"
MANIFEST_MAX = 4 * 1024 * 1024  # bytes; registries take no larger ones
MARKS = (  # keys that stand together in one kind of file
    (b'"schemaVersion"', b'"layers"'),
    (b'"schemaVersion"', b'"manifests"'),
    (b'"schemaVersion"', b'"fsLayers"'),
    (b'"Config"', b'"Layers"'),
    (b'"rootfs"', b'"diff_ids"'),
)


def recognise_manifest(head: bytes, reader: Reader) -> bool:
    """Whether a JSON text lists the layers of an image, or configures one."""
    if head.lstrip(SPACE)[:1] not in (b"{", b"[") or reader.size > MANIFEST_MAX:
        return False
    data = head if reader.size <= len(head) else reader.read_at(0, reader.size)
    return any(data.find(one) >= 0 and data.find(other) >= 0 for one, other in MARKS)


def recognise_kitfile(head: bytes, reader: Reader) -> bool:
    """Whether a YAML text describes a ModelKit."""
    if 0 in head or not VERSION.search(head):
        return False
    data = head if reader.size <= len(head) else reader.read_at(0, MANIFEST_MAX)
    return reader.size <= MANIFEST_MAX and bool(PART.search(data))


RECOGNISERS = {"oci-manifest": recognise_manifest, "kitfile": recognise_kitfile}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched]:
    """What the manifest names and sets, and its text."""
    if artifact.format == "kitfile":
        from modelaudit.parsers.oci.kitfile import parse_kitfile

        return parse_kitfile(artifact, context)
    from modelaudit.parsers.oci.manifest import parse_manifest

    return parse_manifest(artifact, context)
