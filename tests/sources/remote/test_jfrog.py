"""Files and folders of Artifactory."""

import hashlib
import json

import pytest
from click.testing import CliRunner

from fixtures.servers.artifactory import Artifactory
from fixtures.servers.ranges import ranges
from fixtures.servers.serving import Server
from modelaudit.cli.scan import scan as command
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy.where import located
from modelaudit.pipeline.scan import scan
from modelaudit.reports import FORMATS, View, render
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import jfrog
from modelaudit.sources.remote.artifactory import Place, place_of
from modelaudit.sources.remote.http import basic, target_of
from modelaudit.sources.remote.locations import service_of

WEIGHTS = bytes(range(256)) * 400
FILES = {
    "models/ranker/7/model.bin": WEIGHTS,
    "models/ranker/7/config.json": b"{}",
    "models/ranker/7/code/a b;c#d?.py": b"pass\n",
    "models/other/x": b"x",
}
FOLDER = "/artifactory/models/ranker/7"
OLD = "/webapp/#/artifacts/browse/tree/General"  # what stands in the address of an old server's page


EVIL = b"cposix\nsystem\n(S'true'\ntR."


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def opened():
    """A service at an address, closed at the end."""
    services = []

    def connect(address: str) -> jfrog.Artifactory:
        services.append(jfrog.connect(address))
        return services[-1]

    yield connect
    for service in services:
        service.close()


@pytest.mark.parametrize("lists", [True, False])
def test_a_folder_with_everything_in_it(opened, lists: bool) -> None:
    with Server(Artifactory(FILES, lists=lists)) as server:
        service = opened(server.url + FOLDER)
        files = {file.name: file for file in service.files()}
        assert set(files) == {"model.bin", "config.json", "code/a b;c#d?.py"}
        assert {name: file.sha256 for name, file in files.items()} == {
            name: sha256(FILES[f"models/ranker/7/{name}"]) for name in files
        }
        assert service.repo == "models"
        if lists:
            assert len(server.seen) == 2
        assert service.read(files["model.bin"], 100, 200) == WEIGHTS[100:200]
        assert server.seen[-1].headers["range"] == "bytes=100-199"
        assert service.read(files["code/a b;c#d?.py"], 0, 5) == b"pass\n"


def test_a_file(opened) -> None:
    with Server(Artifactory(FILES)) as server:
        service = opened(f"{server.url}{FOLDER}/model.bin")
        [file] = service.files()
        assert (file.name, file.size, file.sha256) == ("", len(WEIGHTS), sha256(WEIGHTS))
        assert service.read(file, 50_000, 50_010) == WEIGHTS[50_000:50_010]
        assert len(server.seen) == 2


def test_downloads_elsewhere_get_no_token(opened, monkeypatch) -> None:
    with Server(ranges({f"/{sha256(WEIGHTS)}": WEIGHTS})) as storage:
        shaped = Artifactory(FILES, secrets={"authorization": "Bearer hunter2"}, storage=storage)
        with Server(shaped) as server:
            monkeypatch.setenv("JFROG_URL", server.url)
            monkeypatch.setenv("JFROG_ACCESS_TOKEN", "hunter2")
            service = opened(f"{server.url}{FOLDER}/model.bin")
            [file] = service.files()
            assert (
                service.read(file, 0, 10) + service.read(file, 60_000, 60_010) == WEIGHTS[:10] + WEIGHTS[60_000:60_010]
            )
            assert all(request.secret for request in server.seen)
            assert len(server.seen) == 2  # the second range goes straight to the storage
            assert len(storage.seen) == 2
            assert "hunter2" not in str([(request.path, request.headers) for request in storage.seen])


@pytest.mark.parametrize(
    ("variable", "header", "value"),
    [
        ("JFROG_API_TOKEN", "x-jfrog-art-api", "hunter2"),
        ("JFROG_ACCESS_TOKEN", "authorization", "Bearer hunter2"),
    ],
)
def test_tokens_of_the_environment(opened, monkeypatch, variable: str, header: str, value: str) -> None:
    with Server(Artifactory(FILES, secrets={header: value})) as server:
        with pytest.raises(SourceError, match="asks for credentials") as caught:
            opened(server.url + FOLDER).files()
        assert caught.value.code == "refused"
        monkeypatch.setenv("JFROG_URL", f"{server.url}/")
        monkeypatch.setenv(variable, "hunter2")
        assert opened(server.url + FOLDER).files()


def test_credentials_in_the_address(opened) -> None:
    with Server(Artifactory(FILES, secrets=basic("me", "hunter2"))) as server:
        service = opened(f"http://me:hunter2@127.0.0.1:{server.port}{FOLDER}")
        assert service.files()
        assert "hunter2" not in service.address


@pytest.mark.parametrize("page", ["/ui/native", "/ui/repos/tree/General", OLD, f"/artifactory{OLD}"])
def test_what_a_browser_shows_is_scanned_and_judged(page: str, monkeypatch) -> None:
    ruleset = load_ruleset()
    with Server(Artifactory({"models/evil.pkl": EVIL})) as server:
        monkeypatch.setenv("JFROG_URL", f"{server.url}/artifactory")
        document = scan([f"{server.url}{page}/models/evil.pkl"], ruleset)
        assert (document.errors, document.decision.exit_code) == ((), 1)
        asked = len(server.seen)
        for pattern in (f"{server.url}/artifactory/models/**", f"{server.url}/artifactory{OLD}/models/*"):
            denied = {"deny": [{"pattern": pattern, **located(pattern, "")}]}
            monkeypatch.setitem(ruleset.policy.doc, "sources", denied)
            with pytest.raises(UsageError, match="denies this source"):
                scan([f"{server.url}{page}/models/evil.pkl"], ruleset)
        assert len(server.seen) == asked


def test_who_signs_in_by_the_address_of_the_server(monkeypatch) -> None:
    with Server(ranges({f"/{sha256(EVIL)}": EVIL})) as storage:
        shaped = Artifactory({"models/evil.pkl": EVIL}, secrets=lower(basic("me", "hunter2")), storage=storage)
        with Server(shaped) as server, Server(ranges({"/evil.pkl": EVIL})) as other:
            monkeypatch.setenv("JFROG_URL", server.url.replace("//", "//me:hunter2@"))
            document = scan([f"{server.url}/artifactory/models", f"{other.url}/evil.pkl"], load_ruleset())
            assert all(request.secret for request in server.seen)
        assert storage.seen
        assert not any(request.secret for request in (*storage.seen, *other.seen))
        assert "hunter2" not in str([(request.path, request.headers) for request in storage.seen])
    assert document.errors == ()
    assert {finding.artifact for finding in document.findings} == {
        f"{server.url}/artifactory/models/evil.pkl",
        f"{other.url}/evil.pkl",
    }
    for format in FORMATS:
        assert "hunter2" not in render(document, format, View(verbose=True)), format


@pytest.mark.parametrize(
    ("option", "header", "value"),
    [
        ("--jfrog-api-token", "x-jfrog-art-api", "hunter2"),
        ("--jfrog-access-token", "authorization", "Bearer hunter2"),
    ],
)
def test_tokens_of_the_command_line(option: str, header: str, value: str, monkeypatch, cache_folder) -> None:
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))
    for variable in ("JFROG_API_TOKEN", "JFROG_ACCESS_TOKEN"):
        monkeypatch.setenv(variable, "")  # what the option puts there goes with the test
    with Server(Artifactory({"models/evil.pkl": EVIL}, secrets={header: value})) as server:
        monkeypatch.setenv("JFROG_URL", server.url)
        given = [f"{server.url}/artifactory/models", option, "hunter2"]
        done = CliRunner().invoke(command, given, standalone_mode=False)
        assert done.return_value == 1, (done.output, done.exception)
        assert {request.headers.get(header) for request in server.seen} == {value}
    assert "hunter2" not in done.output


def test_a_token_belongs_to_one_server(opened, monkeypatch) -> None:
    monkeypatch.setenv("JFROG_URL", "https://acme.jfrog.io")
    monkeypatch.setenv("JFROG_ACCESS_TOKEN", "hunter2")
    with Server(Artifactory(FILES)) as server:
        assert opened(server.url + FOLDER).files()
        assert not any(request.secret for request in server.seen)
    other = target_of("https://other.jfrog.io/artifactory/x")
    assert jfrog._secrets(other, "https://acme.jfrog.io") == {}
    assert jfrog._secrets(other, "") == {other.origin: {"Authorization": "Bearer hunter2"}}
    assert jfrog._secrets(target_of("https://jfrog.io.example/x"), "") == {}


def test_nor_is_it_sent_in_clear(monkeypatch) -> None:
    monkeypatch.setenv("JFROG_API_TOKEN", "hunter2")
    with pytest.raises(SourceError, match="without encryption"):
        jfrog.connect("http://acme.jfrog.io/artifactory/models")


@pytest.mark.parametrize(
    ("address", "server", "place"),
    [
        ("https://a.jfrog.io/artifactory/r/p/x", "", Place("https://a.jfrog.io/artifactory", "r/p/x")),
        ("https://a.jfrog.io/ui/native/r/p", "", Place("https://a.jfrog.io/artifactory", "r/p")),
        ("https://a.jfrog.io/ui/repos/tree/General/r/p", "", Place("https://a.jfrog.io/artifactory", "r/p")),
        ("https://h/jf/artifactory/r/p", "https://h/jf", Place("https://h/jf/artifactory", "r/p")),
        ("https://h/jf/artifactory/r/p", "https://h/jf/artifactory/", Place("https://h/jf/artifactory", "r/p")),
        ("https://h/r/p%20q", "https://h", Place("https://h", "r/p q")),
        ("https://h/jf/artifactory/r/p", "https://me:pw@H:443/jf", Place("https://h/jf/artifactory", "r/p")),
        ("https://h/jf/ui/native/r/p", "https://h/jf/artifactory", Place("https://h/jf/artifactory", "r/p")),
        ("https://a.jfrog.io/ui/repos/tree/Xray/r/p?x=1", "", Place("https://a.jfrog.io/artifactory", "r/p")),
        (f"https://a.jfrog.io/artifactory{OLD}/r/p%20q", "", Place("https://a.jfrog.io/artifactory", "r/p q")),
        (f"https://h/jf{OLD}/r/p", "https://h/jf/artifactory", Place("https://h/jf/artifactory", "r/p")),
        ("https://h/webapp/#/artifacts/browse/simple/Builds/r", "https://h", Place("https://h/artifactory", "r")),
        ("https://h/artifactory/ui/native/p", "https://h", Place("https://h/artifactory", "ui/native/p")),
    ],
)
def test_addresses(address: str, server: str, place: Place) -> None:
    assert place_of(target_of(address).url, server) == place


def test_no_repository() -> None:
    with pytest.raises(SourceError, match="name a repository"):
        jfrog.connect("https://a.jfrog.io/artifactory/")


def test_nothing_there(opened) -> None:
    with Server(Artifactory(FILES)) as server, pytest.raises(SourceError, match="nothing is there") as caught:
        opened(server.url + "/artifactory/models/none").files()
    assert caught.value.code == "missing-path"


@pytest.mark.parametrize(
    "answer",
    [b"[]", b"null", b"{", b'{"children": [{"uri": "/../x"}]}', b'{"children": [7]}', b'{"children": [{"uri": "/"}]}'],
)
def test_other_answers(opened, answer: bytes) -> None:
    def respond(handler) -> None:
        handler.answer(404) if "list" in handler.path else handler.answer(200, answer)

    with Server(respond) as server, pytest.raises(SourceError, match=r"no JSON|not that of Artifactory|cannot be in"):
        opened(server.url + FOLDER).files()


def test_a_list_that_says_nonsense(opened) -> None:
    entries = [
        7,
        {"uri": 5},
        {"uri": "/a", "size": -5, "sha2": "zz"},
        {"uri": "/b", "size": "9" * 30},
        {"uri": "/c", "folder": True},
    ]

    def respond(handler) -> None:
        handler.answer(200, json.dumps({"files": entries} if "list" in handler.path else {"children": []}).encode())

    with Server(respond) as server:
        assert [(file.name, file.size, file.sha256) for file in opened(server.url + FOLDER).files()] == [
            ("a", None, ""),
            ("b", None, ""),
        ]


def test_another_file_than_was_listed(opened) -> None:
    shaped = Artifactory(dict(FILES))
    with Server(shaped) as server:
        service = opened(f"{server.url}{FOLDER}/model.bin")
        [file] = service.files()
        shaped.files["models/ranker/7/model.bin"] = WEIGHTS[::-1]
        with pytest.raises(SourceError, match="changed"):
            service.read(file, 0, 10)


@pytest.mark.parametrize(
    ("address", "module"),
    [
        ("https://acme.jfrog.io/artifactory/r/p", "jfrog"),
        ("https://me:hunter2@Artifacts.example/jf/artifactory/r/p", "jfrog"),
        ("https://artifacts.example/jf/ui/native/r/p", "jfrog"),
        ("https://artifacts.example/jfx/r", "web"),
        ("https://artifacts.example/ui/native/r", "web"),
        ("http://artifacts.example/jf/r", "web"),
        ("https://other.example/jf/r", "web"),
    ],
)
def test_which_addresses_are_taken_for_artifactory(address: str, module: str, monkeypatch) -> None:
    for server in ("https://artifacts.example/jf/", "https://me:hunter2@artifacts.example:443/jf/artifactory"):
        monkeypatch.setenv("JFROG_URL", server)
        assert service_of(address) == (module, "")
