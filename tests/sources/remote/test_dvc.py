"""`dvc://`: outputs that are only in a remote, and what a repository may say of where that is."""

from __future__ import annotations

import os
import pickle
from copy import copy
from typing import TYPE_CHECKING

import pytest

from fixtures.dvcs import EVIL, GOOD, Repository, digest, objects, remote
from fixtures.servers.cutting import Cut
from fixtures.servers.serving import Server
from modelaudit.engine.errors import UsageError
from modelaudit.engine.policy.where import located
from modelaudit.pipeline.dry import dry_run
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.store.shared import FactStore
from modelaudit.sources.address import without_secrets
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import line
from modelaudit.sources.remote.dvc import StoredLocation
from modelaudit.sources.remote.locations import Access
from modelaudit.sources.remote.service import Listed
from modelaudit.sources.remote.stores import Remote, configured_remote, named_remote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.ruleset import Ruleset

HEADER = b'{"w":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(3_000_000)
FOLDER = {"config.json": b"{}", "sub/evil.pkl": EVIL.replace(b"true", b"false"), "model.safetensors": WEIGHTS}


@pytest.fixture(autouse=True)
def no_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "STORAGE_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def repository(here: Path) -> Repository:
    """A repository with one file and one folder, of which neither workspace nor cache have anything."""
    made = Repository(here / "r")
    made.track("m.pkl", EVIL)
    made.track("models/d", FOLDER)
    return made


@pytest.fixture
def server(repository: Repository) -> Iterator[Server]:
    """A web server that has what the repository tracks."""
    with Server(objects(repository.objects)) as running:
        yield running


def critical(document: ScanDocument) -> set[str]:
    return {finding.artifact for finding in document.findings if finding.severity == "critical"}


def configure(repository: Repository, url: str, **more: str) -> None:
    (repository.root / ".dvc" / "config").write_text(remote(url, **more))


def test_a_web_server_that_the_user_names(repository: Repository, server: Server, ruleset: Ruleset) -> None:
    document = scan([f"dvc://r@{server.url}"], ruleset)
    assert critical(document) == {"dvc://r/m.pkl", "dvc://r/models/d/sub/evil.pkl"}
    assert not document.errors
    assert document.transfer is not None
    assert document.transfer.bytes < 300_000
    scopes = {artifact.path: artifact.scope for artifact in document.artifacts}
    assert scopes["dvc://r/models/d/model.safetensors"] == "structure"
    assert scopes["r/m.pkl.dvc"] == "full"
    assert any(artifact.path == "dvc://r/models/d" for artifact in document.artifacts)  # the folder as a whole
    assert len(server.seen) == sum(1 for seen in server.seen if not seen.secret)


def test_every_third_answer_is_cut(repository: Repository, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "FIRST", 0.001)
    cut = Cut(3)
    with Server(cut(objects(repository.objects))) as server:
        document = scan([f"dvc://r@{server.url}"], ruleset, Options(scope="full"))
    assert critical(document) == {"dvc://r/m.pkl", "dvc://r/models/d/sub/evil.pkl"}
    assert document.errors == ()
    assert document.transfer is not None
    assert (document.transfer.requests, cut.cut > 1) == (cut.asked.total(), True)


def test_one_pointer_asks_for_its_own_outputs(repository: Repository, server: Server, ruleset: Ruleset) -> None:
    document = scan([f"dvc://r/m.pkl.dvc@{server.url}"], ruleset)
    assert critical(document) == {"dvc://r/m.pkl"}
    assert [(seen.method, seen.path) for seen in server.seen] == [
        (method, f"/files/md5/{digest(EVIL)[:2]}/{digest(EVIL)[2:]}") for method in ("HEAD", "GET")
    ]


def test_version_2_and_servers_without_heads(here: Path, ruleset: Ruleset) -> None:
    made = Repository(here / "r", version=2)
    made.track("d", {"a.pkl": EVIL, "b.txt": b"a\r\nb\r\n"})
    with Server(objects(made.objects, heads=False)) as server:
        document = scan([f"dvc://{here}/r/d.dvc@{server.url}/"], ruleset, Options(scope="full"))
    assert critical(document) == {f"dvc://{here}/r/d/a.pkl"}
    assert [error.path for error in document.errors] == [f"dvc://{here}/r/d/b.txt"]  # the digest is of other line ends
    made = Repository(here / "s", version=2)
    made.track("b.txt", b"a\nb\n")
    key = digest(b"a\nb\n")
    made.objects[f"{key[:2]}/{key[2:]}"] = b"a\r\nb\r\n"
    pointer = here / "s" / "b.txt.dvc"
    pointer.write_text(pointer.read_text().replace("size: 4", "size: 6"))
    with Server(objects(made.objects)) as server:
        document = scan([f"dvc://s/b.txt.dvc@{server.url}"], ruleset, Options(scope="full"))
    assert not document.errors


def test_a_second_scan_asks_for_no_content(repository: Repository, server: Server, ruleset: Ruleset) -> None:
    address = f"dvc://r@{server.url}"
    first = scan([address], ruleset, store=FactStore())
    asked = len(server.seen)
    second = scan([address], ruleset, store=FactStore())
    listing = {name for name in repository.objects if name.endswith(".dir")}
    assert {seen.path.strip("/") for seen in server.seen[asked:] if seen.method == "GET"} == listing
    assert critical(second) == critical(first)
    assert [finding.rule for finding in second.findings] == [finding.rule for finding in first.findings]


def test_another_content_under_a_digest_is_an_error(repository: Repository, ruleset: Ruleset) -> None:
    key = digest(EVIL)
    repository.objects[f"files/md5/{key[:2]}/{key[2:]}"] = GOOD + EVIL[2:]
    with Server(objects(repository.objects)) as server:
        document = scan([f"dvc://r/m.pkl.dvc@{server.url}"], ruleset, Options(scope="full"))
        assert document.decision.exit_code != 0
        assert "its digest" in document.errors[0].message
        repository.objects[f"files/md5/{key[:2]}/{key[2:]}"] = GOOD
        document = scan([f"dvc://r/m.pkl.dvc@{server.url}"], ruleset)
    assert "2 bytes" in document.errors[0].message


def test_another_list_of_a_folder_is_not_believed(repository: Repository, ruleset: Ruleset) -> None:
    for name in repository.objects:
        if name.endswith(".dir"):
            repository.objects[name] = b"[]"
    with Server(objects(repository.objects)) as server:
        document = scan([f"dvc://r/models@{server.url}"], ruleset)
    assert [error.path for error in document.errors] == ["r/models/d"]
    assert "not the one that is tracked" in document.errors[0].message


def test_what_the_remote_lacks_is_told(repository: Repository, ruleset: Ruleset) -> None:
    with Server(objects({})) as server:
        document = scan([f"dvc://r@{server.url}"], ruleset)
    assert document.decision.exit_code == 2
    assert {(error.code, error.path) for error in document.errors} == {
        ("missing-path", "r/m.pkl"),
        ("missing-path", "r/models/d"),
    }


def test_a_remote_that_does_not_answer_is_asked_once(
    here: Path, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "FIRST", 0.001)
    made = Repository(here / "r")
    for number in range(5):
        made.track(f"m{number}.pkl", b"%d" % number)
    with Server(lambda handler: handler.answer(500)) as server:
        document = scan([f"dvc://r@{server.url}"], ruleset)
    assert len(server.seen) == line.ATTEMPTS
    assert len(document.errors) == 2
    assert "r/m1.pkl, r/m2.pkl, r/m3.pkl and 1 more" in document.errors[1].message


def test_what_is_here_is_not_asked_for(repository: Repository, server: Server, ruleset: Ruleset) -> None:
    (repository.root / "m.pkl").write_bytes(EVIL)
    repository.cached()
    document = scan([f"dvc://r/m.pkl.dvc@{server.url}", f"dvc://r/models/d.dvc@{server.url}"], ruleset)
    assert not server.seen
    assert critical(document) == {"r/m.pkl", "r/models/d/sub/evil.pkl"}


def test_a_remote_on_this_machine(here: Path, repository: Repository, ruleset: Ruleset) -> None:
    configure(repository, "../../store")
    repository.store(here / "store")
    for address in ("dvc://r", "dvc://r@origin", f"dvc://r@{here}/store", f"dvc://r@file://{here}/store"):
        document = scan([address], ruleset)
        assert critical(document) == {"r/m.pkl", "r/models/d/sub/evil.pkl"}
        assert not document.errors
        assert document.transfer is not None
        assert document.transfer.requests == 0
        assert all(artifact.scope == "full" for artifact in document.artifacts)
    assert scan(["r"], ruleset).transfer is None


def test_names_that_lead_elsewhere_are_not_followed(here: Path, ruleset: Ruleset) -> None:
    made = Repository(here / "r")
    made.track("d", {"../up.pkl": EVIL, "/abs.pkl": EVIL, "a.txt": b"words"})
    with Server(objects(made.objects)) as server:
        document = scan([f"dvc://r@{server.url}"], ruleset)
    assert sum("leads out of the folder" in error.message for error in document.errors) == 2
    assert not critical(document) or critical(document) == {"r/d"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1"])
def test_a_repository_leads_to_no_machine_of_this_network(
    repository: Repository, server: Server, host: str, ruleset: Ruleset
) -> None:
    configure(repository, f"http://me:pw@{host}:{server.port}/")
    document = scan(["dvc://r"], ruleset)
    assert not server.seen
    assert document.decision.exit_code == 2
    assert any("only an address that names this very host" in error.message for error in document.errors)


def test_credentials_of_the_scanned_tree_are_not_used(
    repository: Repository, server: Server, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(repository, server.url.replace("//", "//me:secret@"), auth="basic", user="me", password="secret")
    (repository.root / ".dvc" / "config.local").write_text("['remote \"origin\"']\n    password = secret\n")
    monkeypatch.setenv("JFROG_URL", server.url)
    monkeypatch.setenv("JFROG_ACCESS_TOKEN", "secret")
    monkeypatch.setattr("modelaudit.sources.remote.hosts.Guard._allows", lambda *_: True)
    document = scan(["dvc://r"], ruleset)
    assert critical(document)
    assert server.seen
    assert not any(seen.secret for seen in server.seen)
    assert "secret" not in repr([document.errors, document.findings, document.artifacts])


def test_credentials_of_a_named_remote_go_to_it_and_are_not_shown(
    repository: Repository, server: Server, ruleset: Ruleset
) -> None:
    document = scan([f"dvc://r@{server.url.replace('//', '//me:secret@')}"], ruleset)
    assert all(seen.secret for seen in server.seen)
    assert critical(document)
    shown = repr([document.paths, document.errors, document.findings, document.artifacts])
    assert "secret" not in shown
    assert "***@127.0.0.1" in document.paths[0]


def admitting(ruleset: Ruleset, folder: Path, **sources: list[str]) -> Ruleset:
    """The rules under a policy with these sources."""
    changed = copy(ruleset)
    changed.policy = copy(ruleset.policy)
    said = {key: [{**located(each, str(folder)), "pattern": each} for each in value] for key, value in sources.items()}
    changed.policy.doc = {**ruleset.policy.doc, "sources": said}
    return changed


@pytest.mark.parametrize(
    ("sources", "asks"),
    [
        ({"deny": ["http://**"]}, False),
        ({"allow": ["file://**"]}, False),
        ({"allow": ["file://**", "dvc://**"]}, False),
        ({"allow": ["file://**", "http://**"]}, True),
    ],
)
def test_the_policy_is_asked_about_the_remote_first(
    here: Path, repository: Repository, server: Server, sources: dict[str, list[str]], asks: bool, ruleset: Ruleset
) -> None:
    guarded = admitting(ruleset, here, **sources)
    address = f"dvc://r@{server.url}"
    document = scan([address], guarded)
    assert bool(server.seen) == asks
    assert bool(critical(document)) == asks
    if not asks:
        assert {error.code for error in document.errors} == {"source-refused"}
        assert "127.0.0.1" in document.errors[0].message
        assert {error.code for error in dry_run([address], guarded).errors} == {"source-refused"}
        assert not server.seen


def test_a_policy_refuses_a_named_path_and_a_remote_on_disk(
    here: Path, repository: Repository, ruleset: Ruleset
) -> None:
    repository.store(here / "store")
    with pytest.raises(UsageError, match="denies this source"):
        scan(["dvc://r"], admitting(ruleset, here, deny=["dvc://**"]))
    with pytest.raises(UsageError, match="does not admit"):
        dry_run(["dvc://r"], admitting(ruleset, here, allow=["s3://**"]))
    document = scan([f"dvc://r@{here}/store"], admitting(ruleset, here, deny=["file://store/**"]))
    assert not critical(document)
    assert {error.code for error in document.errors} == {"source-refused"}


@pytest.mark.parametrize(
    ("url", "more", "said"),
    [
        ("ssh://host/x", {}, "remotes at ssh: are not read"),
        ("hdfs://host/x", {}, "remotes at hdfs: are not read"),
        ("webdavs://host/x", {}, "remotes at webdavs: are not read"),
        ("oss://bucket/x", {}, "remotes at oss: are not read"),
        ("gdrive://id/x", {}, "remotes at gdrive: are not read"),
        ("s3://bucket/x", {"version_aware": "true"}, "versions of the cloud"),
        ("s3://bucket/x", {"endpointurl": "https://evil.example"}, "set AWS_ENDPOINT_URL=https://evil.example"),
        ("gs://bucket/x", {"endpointurl": "https://evil.example"}, "set STORAGE_EMULATOR_HOST"),
        ("azure://box/x", {"account_name": "evil.example/"}, "no address that is read"),
        ("remote://nobody/x", {}, "leads to nobody"),
        ("remote://origin/x", {}, "remotes at remote: are not read"),
        ("//host/share", {}, "no address that is read"),
        ("", {}, "no address that is read"),
        ("s3://", {}, "remotes at s3: are not read"),
    ],
)
def test_remotes_that_are_not_read(
    repository: Repository, url: str, more: dict[str, str], said: str, ruleset: Ruleset
) -> None:
    configure(repository, url, **more)
    document = scan(["dvc://r"], ruleset)
    assert document.decision.exit_code == 2
    assert len(document.errors) == 1
    assert said in document.errors[0].message
    assert "r/m.pkl" in document.errors[0].message


def test_without_a_remote_the_way_is_told(repository: Repository, ruleset: Ruleset) -> None:
    assert "name one behind @" in scan(["dvc://r"], ruleset).errors[0].message
    configure(repository, "s3://bucket")
    assert "known are origin" in scan(["dvc://r@cold"], ruleset).errors[0].message
    assert scan(["dvc://nowhere.dvc"], ruleset).errors[0].code == "missing-path"


def test_which_storage_a_remote_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def configured(url: str, **more: str) -> str:
        others = {"base": {"url": "s3://bucket/base/", "endpointurl": "https://s3.acme.example/"}}
        return configured_remote("x", {**others, "x": {"url": url, **more}}, str(tmp_path), "").url

    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3.acme.example")
    assert configured("s3://bucket/x", profile="root", endpointurl="https://s3.acme.example/") == "s3://bucket/x"
    assert configured("remote://base/below") == "s3://bucket/base/below"
    assert configured("gs://bucket/x", credentialpath="/x") == "gs://bucket/x"
    assert configured("azure://box/x") == "az://box/x"
    assert configured("azure://box/x", account_name="acme") == "abfs://box@acme.dfs.core.windows.net/x"
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acme")
    assert configured("azure://box/x", account_name="acme") == "az://box/x"
    assert configured("https://me:pw@host/x?token=1#y") == "https://host/x"
    assert configured("kept") == str(tmp_path / "kept")
    assert named_remote("https://me:pw@host/x") == Remote("https://me:pw@host/x", named=True)
    with pytest.raises(SourceError, match="ssh"):
        named_remote("ssh://me@host/x")
    assert without_secrets("dvc://r/x@1/m.dvc@https://me:pw@host/x") == "dvc://r/x@1/m.dvc@https://***@host/x"


def test_a_location_is_opened_again_in_another_process(repository: Repository, server: Server) -> None:
    location = StoredLocation("dvc://r", Remote(server.url, named=True), Access(), frozenset({"m.pkl"}))
    again = pickle.loads(pickle.dumps(location))
    file = Listed("m.pkl", len(EVIL), f"files/md5/{digest(EVIL)[:2]}/{digest(EVIL)[2:]}", tracked=f"md5:{digest(EVIL)}")
    with again.open(file, "dvc://r/m.pkl", None, full=True) as reader:
        assert reader.read_at(0, 100) == EVIL
        assert reader.finish()
        assert not reader.changed()
    again.close()
