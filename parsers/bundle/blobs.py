"""Blobs of an OCI layout, `blobs/sha256/DIGEST`: manifests must agree with what they describe."""

from __future__ import annotations

import re

from modelaudit.engine.facts import Relation
from modelaudit.parsers.oci import MANIFEST_MAX, recognise_manifest
from modelaudit.parsers.oci.manifest import descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder

BLOB = re.compile(r"(?:sha256-)?[0-9a-f]{64}")  # as Ollama names them, too
BLOBS_MAX = 10_000


def relate_blobs(folder: Folder, context: Context) -> Iterator[Fact]:
    """One `relation` for each blob that a manifest describes and that is there."""
    blobs = {name.removeprefix("sha256-"): name for name in folder.names[:BLOBS_MAX] if BLOB.fullmatch(name)}
    for name in blobs.values():
        context.check()
        reader = folder.open(name)
        if reader is None or reader.size > MANIFEST_MAX or not recognise_manifest(reader.read_at(0, 4096), reader):
            continue
        for described in descriptors(reader):
            other = blobs.get(described.digest.partition(":")[2])
            found = folder.open(other) if other is not None else None
            if other is None or found is None or described.size is None:
                continue
            agrees = found.size == described.size
            detail = None if agrees else f"{described.size} bytes are described, {found.size} are there"
            yield Relation(folder.path, kind="same-model", a=name, b=other, agrees=agrees, detail=detail)
