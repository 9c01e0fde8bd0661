"""What a scan of scope structure does not read leaves no rule open, nor does it when its facts are judged again."""

import json
import struct
from pathlib import Path

import pytest

from fixtures import ggufs
from modelaudit.engine.document import ScanDocument
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.rejudge import scan_facts
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.stored import write


def safetensors(values: bytes) -> bytes:
    """The weights of a classifier."""
    header = json.dumps({"lm_head.weight": {"dtype": "F32", "shape": [16, 16], "data_offsets": [0, 1024]}}).encode()
    return struct.pack("<Q", len(header)) + header + values


def scanned(path: Path, scope: str) -> ScanDocument:
    return scan([str(path)], load_ruleset(), Options(scope=scope))


@pytest.mark.parametrize("data", [safetensors(bytes(1024)), ggufs.model()], ids=["safetensors", "gguf"])
def test_weights_that_were_not_read_leave_nothing_open(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model").write_bytes(data)
    document = scanned(tmp_path / "model", "structure")
    assert (document.decision.exit_code, document.inconclusive) == (0, ())


def test_what_is_wrong_with_weights_is_found_when_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(safetensors(b"\xff" * 1024))
    assert {finding.rule for finding in scanned(tmp_path / "model", "full").findings} == {"MA5801"}
    assert not scanned(tmp_path / "model", "structure").findings


@pytest.mark.parametrize("policy", ["default", "strict"])
def test_facts_of_a_structure_are_judged_as_the_scan_was(tmp_path: Path, policy: str) -> None:
    (tmp_path / "model").write_bytes(safetensors(bytes(1024)))
    facts = tmp_path / "model.facts.jsonl"
    facts.write_text("".join(write([str(tmp_path / "model")], Options(scope="structure"))))
    again = scan_facts([str(facts)], load_ruleset(policy), Options())
    once = scan([str(tmp_path / "model")], load_ruleset(policy), Options(scope="structure"))
    assert (again.decision.exit_code, again.inconclusive) == (once.decision.exit_code, once.inconclusive) == (0, ())
    assert [artifact.scope for artifact in again.artifacts] == ["structure"]
