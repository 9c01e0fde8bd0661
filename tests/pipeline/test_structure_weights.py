"""What a scan of scope structure does not read leaves no rule open; facts that are kept say what they do not know."""

import json
import struct
from pathlib import Path

import pytest

from fixtures import ggufs
from modelaudit.engine.document import ScanDocument
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan


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
