"""Where services lead: counted, and not followed where the policy denies it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.objects import registry
from fixtures.servers.ranges import redirecting, serve, without_ranges
from fixtures.servers.registries import Registry, Tokens
from fixtures.servers.serving import Handler, Server
from fixtures.servers.speaking import speaking
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy.origin import Origins
from modelaudit.engine.policy.where import located
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.remote.aliases import other_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelaudit.engine.ruleset import Ruleset

HEAD = "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\nextends: ['builtin:default']\n"
EVIL = b"cposix\nsystem\n(S'true'\ntR."
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def denying(ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Ruleset]:
    """Has the policy deny a source, as it is compiled from YAML."""

    def made(pattern: str) -> Ruleset:
        monkeypatch.setitem(ruleset.policy.doc, "sources", {"deny": [{"pattern": pattern, **located(pattern, "")}]})
        return ruleset

    return made


@pytest.mark.parametrize(
    ("to", "pattern"),
    [
        ("/secret/m.pkl", "**"),
        ("/secret/m.pkl?token=hunter2", "secret/**"),
        ("/%73ecret/m.pkl", "secret/**"),
        ("/open/../secret/m.pkl", "secret/**"),
    ],
)
def test_a_redirect_to_what_is_denied_is_not_followed(denying, to: str, pattern: str) -> None:
    with serve({"/secret/m.pkl": EVIL}) as other, Server(redirecting(lambda _: other.url + to)) as server:
        document = scan([f"{server.url}/m.pkl"], denying(f"{other.url}/{pattern}"))
        assert other.seen == []
    assert [error.code for error in document.errors] == ["source-refused"]
    assert "denies this source" in document.errors[0].message
    assert "hunter2" not in str(document)
    assert document.decision.exit_code == 2


def test_nor_is_one_within_the_same_server(denying) -> None:
    def respond(handler: Handler) -> None:
        handler.answer(302, Location="/secret/m.pkl") if handler.path == "/m.pkl" else handler.answer(200, EVIL)

    with Server(respond) as server:
        document = scan([f"{server.url}/m.pkl"], denying(f"{server.url}/secret/**"))
        assert {request.path for request in server.seen} == {"/m.pkl"}
    assert document.decision.exit_code == 2


def test_what_is_not_denied_is_followed_and_counted(denying) -> None:
    with serve({"/m.pkl": EVIL}) as other, Server(redirecting(lambda path: other.url + path)) as server:
        document = scan([f"{server.url}/m.pkl"], denying("https://evil.example/**"))
        assert document.decision.exit_code == 1
        assert document.transfer is not None
        assert document.transfer.requests == len(server.seen) + len(other.seen) == 3


@pytest.mark.parametrize("scope", ["structure", "full"])
def test_what_is_here_already_is_no_request(denying, scope: str) -> None:
    with Server(without_ranges({"/m.pkl": EVIL + bytes(3_000_000)})) as server:
        document = scan([f"{server.url}/m.pkl"], denying("https://evil.example/**"), Options(scope=scope))
        assert document.transfer is not None
        assert document.transfer.requests == len(server.seen) == 2


def test_blobs_and_tokens_from_where_it_is_denied(denying) -> None:
    kept = Registry()
    kept.manifest(kept.blob(pickle.dumps([1]), "x/y", "m.pkl"))
    with Server(redirecting(lambda path: path)) as other, Server(kept) as server:
        ruleset = denying(f"{other.url}/**")
        address = f"oci://127.0.0.1:{server.port}/acme/ranker:1"
        kept.storage = other
        assert [error.code for error in scan([address], ruleset).errors] == ["source-refused"] * 2  # config and layer
        kept.storage, kept.realm = None, f"{other.url}/token"
        assert [error.code for error in scan([address], ruleset).errors] == ["source-refused"]
        assert other.seen == []
    with Server(Tokens(kept, strict=False)) as tokens, Server(kept) as server:
        kept.realm = f"{tokens.url}/token"
        document = scan([f"oci://127.0.0.1:{server.port}/acme/ranker:1"], denying("https://evil.example/**"))
        assert not document.errors
        assert document.transfer is not None
        assert document.transfer.requests == len(server.seen) + len(tokens.seen)


def test_a_registry_that_leads_to_what_is_denied(denying, monkeypatch: pytest.MonkeyPatch) -> None:
    with speaking("mlflow", {"m.pkl": EVIL}, monkeypatch) as (address, server):
        document = scan([address], denying("s3://models/**"))
        assert server.seen == []
        assert [error.code for error in document.errors] == ["source-refused"]
        for store, pattern in (
            ("gs://b/x", "gcs://b/**"),
            ("abfss://box@acme.dfs.core.windows.net/x", "abfs://box@acme.dfs.core.windows.net/**"),
        ):
            with Server(registry(store)) as models:
                monkeypatch.setenv("MLFLOW_TRACKING_URI", models.url)
                assert [error.code for error in scan([address], denying(pattern)).errors] == ["source-refused"]


def test_the_store_of_a_registry_has_to_be_let_in_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(sources: str) -> tuple[list[str], list[str]]:
        (tmp_path / "p.yaml").write_text(f"{HEAD}sources: {{{sources}}}\n")
        with speaking("mlflow", {"a.pkl": EVIL, "b/c.json": b"{}"}, monkeypatch) as (address, server):
            document = scan([address], load_ruleset(str(tmp_path / "p.yaml")))
            got = [request.path for request in server.seen if "list-type" not in request.path]
            return [error.code for error in document.errors], got

    assert told("allow: ['models:/**']") == (["source-refused"], [])
    errors, got = told("allow: ['models:/**', 's3://models/**'], deny: ['s3://models/*/b/**', 'models:/*/*/a.pkl']")
    assert (errors, got) == (["source-refused"] * 2, [])
    errors, got = told("allow: ['models:/**', 's3://models/m/b/*']")
    assert (errors, [path.partition("?")[0] for path in got]) == (["source-refused"], ["/models/m/b/c.json"])


def test_a_repository_that_has_moved_to_what_is_denied(denying, monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(respond):
        def answer(handler: Handler) -> None:
            honest = handler.send
            handler.send = lambda body: honest(body.replace(b"acme/model", b"evil/model"))  # type: ignore[method-assign]
            respond(handler)

        return answer

    with speaking("hub", {"m.pkl": EVIL}, monkeypatch, moved) as (address, server):
        document = scan([address], denying("hf://evil/**"))
        assert [error.code for error in document.errors] == ["source-refused"]
        assert not any("/resolve/" in request.path for request in server.seen)


def test_the_terms_go_along_to_other_processes(denying) -> None:
    origins = pickle.loads(pickle.dumps(Origins(denying("https://evil.example/**"), other_names)))
    assert origins.denial("https://EVIL.example.:443/m")
    assert not origins.denial("https://good.example/m")


def test_an_address_that_cannot_be_taken_apart_has_no_other_name() -> None:
    assert other_names("http://[::1/x") == other_names("http://x:y/") == ()


def test_no_more_is_kept_than_the_limit_of_a_file(denying) -> None:
    def endless(handler: Handler) -> None:
        handler.head(200, {"Connection": "close"})
        for _ in range(10_000):
            handler.send(bytes(100_000))

    ruleset = denying("https://evil.example/**")
    with Server(endless) as server:
        document = scan([f"{server.url}/m.bin"], ruleset, Options(max_file_size=1_000_000))
        assert server.sent < 100_000_000
    assert [error.code for error in document.errors] == ["size-limit"]
    assert document.decision.exit_code == 2
    with Server(without_ranges({"/m.bin": bytes(2_000_000)})) as server:
        document = scan([f"{server.url}/m.bin"], ruleset, Options(max_file_size=1_000_000))
        assert [request.method for request in server.seen] == ["HEAD"]
    assert [error.code for error in document.errors] == ["size-limit"]
