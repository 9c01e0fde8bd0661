"""Models in registries."""

import hashlib
import json
from collections.abc import Callable

import pytest

from fixtures.servers.ranges import ranges
from fixtures.servers.registries import INDEX, MANIFEST, PROGRAM, Registry, Tokens, digest, push, real_registry
from fixtures.servers.serving import Handler, Server
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import docker, oci
from modelaudit.sources.remote.http import Origin
from modelaudit.sources.remote.registry import _belongs

WEIGHTS = bytes(range(256)) * 400
OLLAMA = "application/vnd.ollama.image."
KITOPS = "application/vnd.kitops.modelkit."
PACK = "application/vnd.cncf.model."
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@pytest.fixture(autouse=True)
def no_docker(monkeypatch, tmp_path) -> None:
    """Whatever docker knows on this machine takes no part."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(docker, "DAEMONS", (str(tmp_path / "daemon.json"),))


@pytest.fixture
def opened():
    """A service at an address, closed at the end."""
    services = []

    def connect(address: str) -> oci.Oci:
        services.append(oci.connect(address))
        return services[-1]

    yield connect
    for service in services:
        service.close()


def address(server: Server, rest: str = "/acme/ranker:1") -> str:
    return f"oci://127.0.0.1:{server.port}{rest}"


def sign_in(tmp_path, port: int, **entry: str) -> None:
    """Leave credentials as `docker login` does."""
    folder = tmp_path / "docker"
    folder.mkdir()
    values = entry or {"auth": "bWU6aHVudGVyMg=="}
    (folder / "config.json").write_text(json.dumps({"auths": {f"127.0.0.1:{port}": values}}))


def ranker() -> Registry:
    registry = Registry()
    registry.manifest(
        registry.blob(WEIGHTS, PACK + "weight.v1.raw", "model.safetensors"),
        registry.blob(b"tar", PACK + "weight.v1.tar", **{"org.cncf.model.filepath": "more/x.bin"}),
        registry.blob(b"print()", "text/x-python", "./code/a.py"),
    )
    return registry


def test_blobs_by_range_under_their_names(opened) -> None:
    with Server(ranker()) as server:
        service = opened(address(server))
        files = {file.name: file for file in service.files()}
        empty = f"blobs/sha256/{hashlib.sha256(b'{}').hexdigest()}"
        assert set(files) == {"model.safetensors", "more/x.bin.tar", "code/a.py", "manifest.json", empty}
        weights = files["model.safetensors"]
        assert (weights.size, weights.sha256) == (len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest())
        assert len(server.seen) == 1
        assert service.read(weights, 1000, 1100) == WEIGHTS[1000:1100]
        assert server.seen[-1].headers["range"] == "bytes=1000-1099"
        manifest = files["manifest.json"]
        assert digest(service.read(manifest, 0, manifest.size)) == service.revision == f"sha256:{manifest.sha256}"
        assert len(server.seen) == 2
        assert service.repo == "127.0.0.1/acme/ranker"
        assert service.address == address(server)


def test_another_process_reads_what_was_listed(opened) -> None:
    with Server(ranker()) as server:
        files = {file.name: file for file in opened(address(server)).files()}
        other = opened(address(server))
        assert other.read(files["model.safetensors"], 5, 9) == WEIGHTS[5:9]
        assert other.read(files["manifest.json"], 0, 2) == b'{"'


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (OLLAMA + "model", "model"),
        (OLLAMA + "license", "license"),
        (KITOPS + "model.v1.tar+gzip", "model.tar.gz"),
        (KITOPS + "code.v1.tar", "code.tar"),
        (PACK + "weight.config.v1.tar+zstd", "weight.config.tar.zst"),
        ("application/vnd.docker.ai.gguf.v3", "gguf"),
        ("application/vnd.docker.ai.chat.template.jinja", "chat.template.jinja"),
        (LAYER, f"blobs/sha256/{hashlib.sha256(b'x').hexdigest()}"),
        ("application/octet-stream", f"blobs/sha256/{hashlib.sha256(b'x').hexdigest()}"),
    ],
)
def test_names_by_kind(opened, kind: str, name: str) -> None:
    registry = Registry()
    registry.manifest(registry.blob(b"x", kind))
    with Server(registry) as server:
        assert name in {file.name for file in opened(address(server)).files()}


def test_names_that_are_taken(opened) -> None:
    registry = Registry()
    layers = [registry.blob(text, OLLAMA + "license") for text in (b"one", b"two", b"one")]
    registry.manifest(*layers, registry.blob(b"{ }", "application/json", "manifest.json"))
    with Server(registry) as server:
        names = sorted(file.name for file in opened(address(server)).files())
        two = hashlib.sha256(b"two").hexdigest()[:12]
        assert f"{two}/license" in names
        assert names.count("license") == names.count("manifest.json") == 1
        assert sum(name.endswith("/manifest.json") for name in names) == 1


def test_an_index_of_platforms(opened) -> None:
    registry = Registry()
    described = []
    for platform in ("amd64", "arm64", "unknown"):
        layer = registry.blob(platform.encode(), LAYER)
        manifest = registry.manifest(layer, tag=platform)
        system = "unknown" if platform == "unknown" else "linux"
        described.append({**manifest, "platform": {"os": system, "architecture": platform}})
    registry.index(*described)
    with Server(registry) as server:
        service = opened(address(server))
        folders = {file.name.partition("/")[0] for file in service.files()}
        assert folders == {"linux-amd64", "linux-arm64", described[2]["digest"][7:19], "index.json"}
        assert len(server.seen) == 4
        assert service.revision == digest(registry.manifests["1"])


def test_an_index_of_one(opened) -> None:
    registry = Registry()
    registry.index(registry.manifest(registry.blob(b"x", "text/plain", "a.txt"), tag="x"))
    with Server(registry) as server:
        assert {"a.txt", "index.json", "manifest.json"} < {file.name for file in opened(address(server)).files()}


def test_a_digest_in_the_address(opened) -> None:
    registry = ranker()
    wanted = digest(registry.manifests["1"])
    with Server(registry) as server:
        assert opened(address(server, f"/acme/ranker@{wanted}")).files()
        service = opened(address(server, f"/acme/ranker:other@{wanted}"))
        assert service.files()
        assert service.revision == wanted
        registry.manifests[wanted] += b" "
        with pytest.raises(SourceError, match="not the one with the digest"):
            opened(address(server, f"/acme/ranker@{wanted}")).files()


def test_a_manifest_is_what_the_registry_says_it_is(opened) -> None:
    registry = ranker()

    def respond(handler) -> None:
        handler.answer(200, registry.manifests["1"], Docker_Content_Digest="sha256:" + "0" * 64)

    with Server(respond) as server, pytest.raises(SourceError, match="not the one with the digest"):
        opened(address(server)).files()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "no JSON"),
        (b"[]", "no object"),
        (b'{"schemaVersion": 1, "fsLayers": []}', "neither layers nor manifests"),
        (b'{"layers": [7]}', "without a digest"),
        (b'{"layers": [{"digest": "sha256:../../etc", "size": 1}]}', "without a digest"),
        (b'{"layers": [{"digest": "sha256:' + b"0" * 64 + b'", "size": -1}]}', "without a digest or a size"),
        (b" " * (4 << 20) + b"{}", "larger than 4194304"),
    ],
)
def test_manifests_that_say_nonsense(opened, data: bytes, words: str) -> None:
    with Server(lambda handler: handler.answer(200, data)) as server, pytest.raises(SourceError, match=words):
        opened(address(server)).files()


def test_indexes_that_have_no_end(opened) -> None:
    registry = Registry()
    inner = registry.manifest(tag="x")
    for _ in range(5):
        inner = registry.index(inner)
    with Server(registry) as server, pytest.raises(SourceError, match="more than 3 deep"):
        opened(address(server)).files()


def test_layers_that_are_elsewhere_are_links(opened) -> None:
    registry = Registry()
    layer = registry.blob(b"x", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    registry.manifest({**layer, "urls": ["https://elsewhere.example/layer"]})
    with Server(registry) as server:
        assert "https://elsewhere.example/layer" in {file.link for file in opened(address(server)).files()}


def test_a_blob_of_another_size_than_the_manifest_says(opened) -> None:
    registry = ranker()
    with Server(registry) as server:
        service = opened(address(server))
        [file] = [file for file in service.files() if file.name == "model.safetensors"]
        registry.blobs[f"sha256:{file.sha256}"] = WEIGHTS + b"x"
        with pytest.raises(SourceError, match="changed"):
            service.read(file, 0, 10)


def both(registry: Registry, tokens: Tokens) -> Callable[[Handler], None]:
    """A registry that gives its tokens itself."""

    def respond(handler: Handler) -> None:
        (tokens if handler.path.partition("?")[0] == "/token" else registry)(handler)

    return respond


def test_another_port_is_not_shown_the_credentials(opened, tmp_path) -> None:
    registry = ranker()
    with Server(Tokens(registry)) as service, Server(registry) as server:
        registry.realm = service.url + "/token?scope=registry:catalog:*"
        sign_in(tmp_path, server.port)
        with pytest.raises(SourceError, match=f"given by 127.0.0.1:{service.port}, which is not shown credentials"):
            opened(address(server)).files()
        assert service.seen
        assert not any(request.secret or "catalog" in request.path for request in service.seen)


def test_tokens_for_everybody(opened) -> None:
    registry = ranker()
    tokens = Tokens(registry, strict=False)
    with Server(tokens) as service, Server(registry) as server:
        registry.realm = service.url + "/token"
        files = list(opened(address(server)).files())
        assert len(files) == 5
        assert tokens.asked == [{"service": "models", "scope": "repository:acme/ranker:pull"}]
        assert not service.seen[0].secret


def test_tokens_by_the_credentials_of_docker(opened, tmp_path) -> None:
    registry = ranker()
    with Server(both(registry, Tokens(registry))) as server:
        registry.realm = server.url + "/token"
        with pytest.raises(SourceError, match=r"no credentials for 127\.0\.0\.1") as caught:
            opened(address(server)).files()
        assert caught.value.code == "refused"
        sign_in(tmp_path, server.port)
        assert opened(address(server)).files()


def test_tokens_by_an_identity(opened, tmp_path) -> None:
    registry = ranker()
    tokens = Tokens(registry)
    with Server(both(registry, tokens)) as server:
        registry.realm = server.url + "/token"
        sign_in(tmp_path, server.port, identitytoken="hunter2", auth="MDAwOg==")
        assert opened(address(server)).files()
        assert [request.method for request in server.seen if request.path == "/token"] == ["POST"]
        assert tokens.asked[-1]["grant_type"] == "refresh_token"


def test_other_token_services_are_not_shown_the_credentials(opened, tmp_path, monkeypatch) -> None:
    registry = ranker()
    with Server(Tokens(registry), host="localhost") as service, Server(registry) as server:
        monkeypatch.setattr("modelaudit.sources.remote.hosts.public", lambda _: True)
        registry.realm = service.url + "/token"
        sign_in(tmp_path, server.port)
        with pytest.raises(SourceError, match="tokens are given by localhost, which is not shown credentials"):
            opened(address(server)).files()
        assert service.seen
        assert not any(request.secret for request in service.seen)


def test_a_token_service_in_the_local_network_is_refused(opened) -> None:
    registry = ranker()
    registry.realm = "http://169.254.169.254/latest"
    with Server(registry) as server, pytest.raises(SourceError, match="169"):
        opened(address(server)).files()


def test_a_token_that_has_ended_is_asked_for_again(opened, tmp_path) -> None:
    registry = ranker()
    tokens = Tokens(registry)
    with Server(both(registry, tokens)) as server:
        registry.realm = server.url + "/token"
        sign_in(tmp_path, server.port)
        source = opened(address(server))
        [file] = [file for file in source.files() if file.name == "model.safetensors"]
        assert source.read(file, 0, 10) == WEIGHTS[:10]
        registry.tokens.clear()
        assert source.read(file, 10, 20) == WEIGHTS[10:20]
        assert len(tokens.asked) == 2


def test_blobs_elsewhere_get_no_token(opened, tmp_path) -> None:
    registry = ranker()
    files = {f"/{name.partition(':')[2]}": data for name, data in registry.blobs.items()}
    with Server(ranges(files)) as storage, Server(registry) as server:
        registry.storage, registry.basic = storage, True
        sign_in(tmp_path, server.port)
        source = opened(address(server))
        [file] = [file for file in source.files() if file.name == "model.safetensors"]
        assert source.read(file, 0, 10) + source.read(file, 70_000, 70_010) == WEIGHTS[:10] + WEIGHTS[70_000:70_010]
        assert server.seen[-1].secret
        assert len(storage.seen) == 2
        assert not any(request.secret for request in storage.seen)


def test_a_storage_that_asks_for_credentials_gets_none(opened, tmp_path) -> None:
    registry = ranker()

    def greedy(handler) -> None:
        handler.answer(401, WWW_Authenticate=f'Basic realm="x", Bearer realm="{storage.url}"')

    with Server(greedy) as storage, Server(registry) as server:
        registry.storage, registry.basic = storage, True
        sign_in(tmp_path, server.port)
        source = opened(address(server))
        [file] = [file for file in source.files() if file.name == "model.safetensors"]
        with pytest.raises(SourceError, match="asks for credentials"):
            source.read(file, 0, 10)
        assert not any(request.secret for request in storage.seen)


@pytest.mark.parametrize(
    "challenge", ["", "Negotiate", "Bearer", 'Bearer realm="file:///x"', 'Bearer realm="http://[::1"']
)
def test_challenges_that_lead_nowhere(opened, challenge: str) -> None:
    words = r"asks for credentials|no service that gives tokens"
    with Server(lambda handler: handler.answer(401, WWW_Authenticate=challenge)) as server:
        service = opened(address(server))
        with pytest.raises(SourceError, match=words):
            service.files()


@pytest.mark.parametrize("answer", [b"{}", b"[]", b'{"token": 5}', b'{"token": "a\\r\\nX: y"}', b'{"token": ""}'])
def test_tokens_that_are_none(opened, answer: bytes) -> None:
    registry = ranker()
    with Server(lambda handler: handler.answer(200, answer)) as service, Server(registry) as server:
        registry.realm = service.url
        with pytest.raises(SourceError, match="gives no token"):
            opened(address(server)).files()


@pytest.mark.parametrize(
    ("realm", "registry", "belongs"),
    [
        ("ghcr.io", "ghcr.io", True),
        ("auth.docker.io", "registry-1.docker.io", True),
        ("gitlab.com", "registry.gitlab.com", True),
        ("auth.registry.example", "registry.example", True),
        ("evil.example", "registry.example", False),
        ("registry.example.evil.example", "registry.example", False),
        ("com", "registry.com", False),
        ("127.0.0.1", "registry.example", False),
    ],
)
def test_whom_credentials_are_shown_to(realm: str, registry: str, belongs: bool) -> None:
    assert _belongs(Origin("https", realm, 443), Origin("https", registry, 443)) is belongs


def test_credentials_in_the_address(opened) -> None:
    registry = ranker()
    registry.basic = True
    with Server(registry) as server:
        service = opened(f"oci://me:hunter2@127.0.0.1:{server.port}/acme/ranker:1")
        assert service.files()
        assert "hunter2" not in service.address


def test_what_docker_keeps_elsewhere_is_said(opened, tmp_path) -> None:
    registry = ranker()
    registry.basic = True
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text('{"credsStore": "desktop"}')
    with Server(registry) as server, pytest.raises(SourceError, match="credential helper"):
        opened(address(server)).files()


def test_logins(tmp_path) -> None:
    folder = tmp_path / "docker"
    folder.mkdir()
    auths = {
        "https://index.docker.io/v1/": {"auth": "bWU6aHVi"},
        "ghcr.io": {"auth": "!!"},
        "https://a.example/v2/": {"username": "me", "password": "a"},
        "b.example": {"registrytoken": "b"},
        "c.example": 7,
    }
    (folder / "config.json").write_text(json.dumps({"auths": auths, "credHelpers": {"d.example": "x"}}))
    assert docker.login("registry-1.docker.io")[:2] == ("me", "hub")
    assert docker.login("a.example").password == "a"
    assert docker.login("b.example").bearer == "b"
    assert not any(map(docker.login, ("ghcr.io", "c.example", "d.example")))
    assert docker.login("d.example").unread
    assert "hub" not in repr(docker.login("registry-1.docker.io"))
    (folder / "config.json").write_text("[" * 100_000)
    assert not docker.login("a.example")


def test_registries_without_encryption(tmp_path) -> None:
    listed = ["models.corp:5000", "10.0.0.0/8", 7, "x/y"]
    (tmp_path / "daemon.json").write_text(json.dumps({"insecure-registries": listed}))
    assert docker.insecure("models.corp:5000")
    assert docker.insecure("10.1.2.3:5000")
    assert not any(map(docker.insecure, ("models.corp", "11.1.2.3", "10.corp:80")))
    bases = {
        "models.corp:5000": "http",
        "localhost:5000": "http",
        "[::1]:5000": "http",
        "ghcr.io": "https",
    }
    for host, scheme in bases.items():
        assert oci.connect(f"oci://{host}/a/b")._reference.base == f"{scheme}://{host}"


@pytest.mark.parametrize(
    ("written", "base", "repository", "name"),
    [
        ("oci://ghcr.io/a/b", "https://ghcr.io", "a/b", "latest"),
        ("oci://ghcr.io/a/b:v1.2_x", "https://ghcr.io", "a/b", "v1.2_x"),
        ("oci://docker.io/busybox", "https://registry-1.docker.io", "library/busybox", "latest"),
        ("OCI://Registry.Ollama.ai/library/llama3:8b", "https://registry.ollama.ai", "library/llama3", "8b"),
        (f"oci://h:1/a:t@sha256:{'0' * 64}", "https://h:1", "a", f"sha256:{'0' * 64}"),
    ],
)
def test_addresses(written: str, base: str, repository: str, name: str) -> None:
    assert oci.connect(written)._reference == (base, repository, name)


NO_ADDRESSES = ("oci://h", "oci://h/", "oci:///a", "oci://h/a/../b", "oci://h/a//b", "oci://h/a?b", "oci://h/ä")


@pytest.mark.parametrize("written", [*NO_ADDRESSES, "oci://h/a@sha256:x"])
def test_what_is_no_address(written: str) -> None:
    with pytest.raises(SourceError, match="address"):
        oci.connect(written)


@pytest.mark.skipif(PROGRAM is None, reason="Debian's docker-registry is not installed")
@pytest.mark.parametrize("locked", [False, True])
def test_a_real_registry(opened, tmp_path, locked: bool) -> None:
    registry = ranker()
    first = {"digest": digest(registry.manifests["1"]), "size": len(registry.manifests["1"]), "mediaType": MANIFEST}
    registry.index({**first, "platform": {"os": "linux", "architecture": "amd64"}}, tag="all")
    with real_registry(tmp_path, locked=locked) as port:
        push(port, registry)
        if locked:
            sign_in(tmp_path, port)
        for tag in ("1", "all"):
            service = opened(f"oci://127.0.0.1:{port}/acme/ranker:{tag}")
            files = {file.name: file for file in service.files()}
            assert service.read(files["model.safetensors"], 50_000, 50_010) == WEIGHTS[50_000:50_010]
            assert service.revision == digest(registry.manifests[tag])
        with pytest.raises(SourceError, match="nothing is there"):
            opened(f"oci://127.0.0.1:{port}/acme/ranker:none").files()
    assert registry.kinds["all"] == INDEX
