"""Formats without a mark of their own, as the catalogue says who claims them."""

from __future__ import annotations

import re

from modelaudit.engine.document import ArtifactSummary
from modelaudit.engine.facts import Artifact, Reference
from modelaudit.engine.factset import FactSet
from modelaudit.parsers.registry import UNKNOWN, Registry
from modelaudit.pipeline.claims import settle
from modelaudit.pipeline.one import claimed

ENTRY = {
    "title": "Numbers of a model",
    "families": ["safetensors-family"],
    "extensions": [],
    "role": "weights",
    "parser": "modelaudit.parsers.safetensors",
    "magics": [],
    "claimed": {"by": "safetensors", "reference": "link", "key": "data"},
}


def registry() -> Registry:
    """The catalogue with one more format."""
    own = Registry.load()._catalogue
    return Registry({**own, "formats": {**own["formats"], "numbers": ENTRY}})


def test_who_claims_is_known_and_says_how() -> None:
    known = Registry.load()
    for by, claim in known.claims.items():
        assert {by, claim.format} <= set(known.formats)
        assert bool(claim.names) != bool(claim.reference and claim.key)
        re.compile(claim.parts)


def test_a_format_is_claimed_as_its_entry_says() -> None:
    known = registry()
    lead = Reference("d/m.safetensors", target="w.bin", kind="link", key="data", exists=True, target_kind="file")
    missing = Reference("d/m.safetensors", target="x.bin", kind="link", key="data", exists=False)
    other = Reference("d/m.safetensors", target="y.bin", kind="link", key="other", exists=True, target_kind="file")
    record = Artifact(path="d/m.safetensors", format="safetensors", role="weights", coverage="full")
    tree = FactSet(record, {"reference": [lead, missing, other]})
    claims = claimed(tree, known)
    assert claims == (("d/w.bin", "numbers"),)
    [settled] = settle([ArtifactSummary("d/w.bin", UNKNOWN, "other", 1, 0, "none")], claims, known)
    assert (settled.format, settled.role, settled.coverage) == ("numbers", "weights", "full")
    assert claimed(tree, Registry.load()) == ()
