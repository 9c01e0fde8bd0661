"""What a scan may ask of other machines: what is not read then is told with the reason."""

from __future__ import annotations

from threading import Event
from time import sleep
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.serving import Handler, Server
from fixtures.services import Memory, served
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan

if TYPE_CHECKING:
    from pathlib import Path

    from modelaudit.sources.remote.service import Listed

HEAD = "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\nextends: ['builtin:default']\n"
FILES = {f"{name}.pkl": b"\x80\x04X\xc8\0\0\0" + b"a" * 200 + b"." for name in "abcdef"}


@pytest.mark.parametrize(
    ("limits", "options", "read"),
    [
        ("", Options(jobs=1, stream=True), 6),
        ("", Options(max_requests=4, stream=True), 3),  # the listing is the first
        ("", Options(max_transfer=500, stream=True), 3),
        ("limits: {max_requests: 4}\n", Options(stream=True), 3),
        ("limits: {max_transfer: 500B}\n", Options(stream=True), 3),
        ("limits: {max_requests: 4}\n", Options(max_requests=6, stream=True), 5),
    ],
)
def test_a_scan_keeps_to_its_budgets(
    limits: str, options: Options, read: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.yaml").write_text(HEAD + limits)
    with served(monkeypatch, Memory(FILES)) as service:
        document = scan(["mem://acme/model"], load_ruleset(str(tmp_path / "p.yaml")), options)
    assert len(service.asked) == read
    files = [artifact for artifact in document.artifacts if artifact.path.endswith(".pkl")]
    assert sum(artifact.coverage == "full" for artifact in files) == read
    assert len(files) == len(FILES)
    assert [error.code for error in document.errors] == ["transfer-limit"] * (6 - read)
    assert all("is spent" in error.message for error in document.errors)
    assert document.decision.exit_code == (0 if read == 6 else 2)


def test_a_final_budget_is_not_loosened(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(f"{HEAD}limits: {{max_requests: 4}}\nfinal: [limits.max_requests]\n")
    with pytest.raises(UsageError, match=r"limits\.max_requests final at 4"):
        scan(["mem://acme/model"], load_ruleset(str(tmp_path / "p.yaml")), Options(max_requests=5))


def test_a_server_that_only_sends_the_whole_sends_no_more_than_is_left() -> None:
    def whole(handler: Handler) -> None:
        handler.answer(200, bytes(3_000_000))

    with Server(whole) as server:
        document = scan([f"{server.url}/m.pkl"], load_ruleset(), Options(max_transfer=1_000_000))
    assert [error.code for error in document.errors] == ["transfer-limit"]


def test_what_comes_as_a_whole_is_counted_as_a_whole() -> None:
    header = b'{"w":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}}'
    data = len(header).to_bytes(8, "little") + header + bytes(3_000_000)
    with Server(lambda handler: handler.answer(200, data)) as server:
        document = scan([f"{server.url}/m.safetensors"], load_ruleset())
        assert sum(request.method == "GET" for request in server.seen) == 1
    assert not document.errors
    assert document.transfer is not None
    assert document.transfer.bytes == len(data)


@pytest.mark.parametrize(("stream", "bound"), [(False, 32), (True, 1)])
def test_so_many_files_are_read_at_once_and_no_more(stream: bool, bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request waits until as many are there as are let in; one more would be seen."""

    class Slow(Memory):
        here = peak = 0
        full = Event()

        def read(self, file: Listed, start: int, stop: int) -> bytes:
            with self._lock:
                self.here += 1
                self.peak = max(self.peak, self.here)
                if self.here == bound:
                    self.full.set()
            self.full.wait(20)
            sleep(0.002)
            try:
                return super().read(file, start, stop)
            finally:
                with self._lock:
                    self.here -= 1

    files = {f"{number:03}.json": b"{}" for number in range(96)}
    with served(monkeypatch, Slow(files)) as service:
        document = scan(["mem://acme/model"], load_ruleset(), Options(stream=stream))
    assert document.files_scanned == len(files)
    assert service.peak == bound
