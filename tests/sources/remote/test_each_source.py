"""Each source on a network that cuts every third answer: the same findings, and every request is counted."""

from __future__ import annotations

import pytest

from fixtures.servers.cutting import Cut
from fixtures.servers.sparse import header
from fixtures.servers.speaking import SOURCES, speaking
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.remote import line


def safetensors(size: int) -> bytes:
    return header(size) + bytes(size)


EVIL = b"cposix\nsystem\n(S'true'\ntR."
FILES = {"model.safetensors": safetensors(3_000_000), "sub/evil.pkl": EVIL, "x.json": b"{}"}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.mark.parametrize("source", SOURCES)
def test_every_third_answer_is_cut(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "FIRST", 0.001)
    files, rules = (FILES, {"MA1021"}) if source != "web" else ({"model.safetensors": safetensors(9_000_000)}, set())
    cut = Cut(3)
    with speaking(source, files, monkeypatch, cut) as (address, _):
        document = scan([address], load_ruleset(), Options(scope="full"))
    assert document.errors == ()
    assert {finding.rule for finding in document.findings if finding.severity == "critical"} == rules
    assert {artifact.coverage for artifact in document.artifacts} == {"full"}
    assert document.transfer is not None
    assert cut.cut >= 2
    # A client of a cloud sends a request once more by itself when the connection that it kept has ended.
    again = cut.cut // 2 if source in {"s3", "gcs", "azure", "mlflow"} else 0
    assert cut.asked.total() - again <= document.transfer.requests <= cut.asked.total(), cut.asked
