"""Each source on a network that cuts every third answer: the same findings, and every request is counted."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.sparse import header
from fixtures.servers.speaking import SOURCES, speaking
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.remote import line

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.servers.serving import Handler


def safetensors(size: int) -> bytes:
    return header(size) + bytes(size)


EVIL = b"cposix\nsystem\n(S'true'\ntR."
FILES = {"model.safetensors": safetensors(3_000_000), "sub/evil.pkl": EVIL, "x.json": b"{}"}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


class Cut:
    """Cuts every so manieth answer of all servers, in its middle and before it begins by turns; counts who asks."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.asked: Counter[str] = Counter()
        self.cut = 0
        self._lock = Lock()

    def __call__(self, respond: Callable[[Handler], None]) -> Callable[[Handler], None]:
        def answer(handler: Handler) -> None:
            with self._lock:
                self.asked[handler.path] += 1
                cut = self.asked.total() % self.every == 0
                self.cut += cut
            if cut:
                whole = handler.send
                handler.send = lambda body: whole(body[: len(body) // 2])  # type: ignore[method-assign]
                handler.drop()
            if not cut or self.cut % 2:  # else there is not even a head
                respond(handler)

        return answer


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
