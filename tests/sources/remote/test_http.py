"""Where requests go, and what goes with them."""

import socket
import threading
from ipaddress import ip_address

import pytest

from fixtures.servers.certificates import certificate
from fixtures.servers.proxies import proxy
from fixtures.servers.ranges import part, redirecting, serve
from fixtures.servers.serving import Handler, Server
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import web
from modelaudit.sources.remote.hosts import Guard, loopback, public
from modelaudit.sources.remote.http import Origin, Transport, basic, target_of
from modelaudit.sources.remote.service import Transient

DATA = bytes(range(256)) * 300
PATH = "/m.bin"
LOOKED_UP = socket.getaddrinfo


@pytest.fixture
def transports():
    """A maker of transports, closed at the end."""
    made = []

    def make(*named: str, secrets=None) -> Transport:
        made.append(Transport(named, secrets))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def names(monkeypatch):
    """Names of hosts and what they mean at each look-up, the last for ever."""
    known: dict[str, list[str]] = {}

    def look_up(host, port, *args, **options):
        numbers = known.get(host)
        if numbers is None:
            return LOOKED_UP(host, port, *args, **options)
        number = numbers.pop(0) if len(numbers) > 1 else numbers[0]
        return LOOKED_UP(number, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def named(server: Server, host: str, path: str = PATH) -> str:
    return f"http://{host}:{server.port}{path}"


def test_credentials_in_an_address_go_to_its_host_and_are_not_shown() -> None:
    with serve({PATH: DATA}) as server:
        service = web.connect(f"http://us%40er:hunter2@127.0.0.1:{server.port}{PATH}")
        [file] = service.files()
        service.close()
        assert server.seen[0].headers["authorization"] == basic("us@er", "hunter2")["Authorization"]
        assert "hunter2" not in repr(service.__dict__) + service.address + repr(file)


def test_no_credential_crosses_a_redirect() -> None:
    with serve({PATH: DATA}) as other, Server(redirecting(lambda path: other.url + path)) as server:
        service = web.connect(f"http://user:hunter2@127.0.0.1:{server.port}{PATH}")
        [file] = service.files()
        assert service.read(file, 40_000, 40_010) == DATA[40_000:40_010]
        service.close()
        assert server.seen[0].secret
        assert other.seen
        assert not any(request.secret for request in other.seen)
        assert not any("hunter2" in str(request.headers) + request.path for request in other.seen)


def test_nor_does_it_come_back_with_one() -> None:
    def there_and_back(handler: Handler) -> None:
        if handler.path == "/secret":
            handler.answer(200, b"public")
        else:
            handler.answer(302, Location=other.url + "/x")

    with Server(there_and_back) as server, Server(redirecting(lambda _: server.url + "/secret")) as other:
        service = web.connect(f"http://user:hunter2@127.0.0.1:{server.port}{PATH}")
        service.files()
        content = service._content
        content.close()
        content._spool = None
        content.size = None
        content.begin()  # goes straight to where the redirects ended, as a stranger
        service.close()
        assert [request.secret for request in server.seen] == [True, False, True, False, False]
        assert len(other.seen) == 2


def test_credentials_in_a_redirect_are_not_sent() -> None:
    with serve({PATH: DATA}) as other:
        with Server(redirecting(lambda path: f"http://a:b@127.0.0.1:{other.port}{path}")) as server:
            service = web.connect(server.url + PATH)
            service.files()
            service.close()
        assert not other.seen[0].secret


def test_a_redirect_to_the_same_server_keeps_the_credentials_and_is_made_once() -> None:
    def respond(handler: Handler) -> None:
        if handler.path == "/latest":
            handler.answer(302, Location="/m\xc3\xa9.bin")
        else:
            part(handler, DATA)

    with Server(respond) as server:
        service = web.connect(f"http://user:hunter2@127.0.0.1:{server.port}/latest")
        [file] = service.files()
        assert service.read(file, 40_000, 40_010) == DATA[40_000:40_010]
        service.close()
        assert [request.path for request in server.seen] == ["/latest", "/m%C3%A9.bin", "/m%C3%A9.bin"]
        assert all(request.secret for request in server.seen)


def test_redirects_come_to_an_end() -> None:
    with Server(redirecting(lambda path: path + "x")) as server:
        service = web.connect(server.url + PATH)
        with pytest.raises(SourceError, match="more than 5 redirects"):
            service.files()
        service.close()
        assert len(server.seen) == 6


@pytest.mark.parametrize("to", ["file:///etc/passwd", "gopher://x/", "http://[::1", "javascript:x", "http://x:y/"])
def test_redirects_lead_to_http_alone(to: str) -> None:
    with Server(redirecting(lambda _: to)) as server:
        service = web.connect(server.url + PATH)
        with pytest.raises(SourceError, match="no address"):
            service.files()
        service.close()


def test_what_is_sent_in_a_form_is_not_sent_elsewhere(transports) -> None:
    with serve({}) as other, Server(redirecting(lambda _: other.url + "/x", 307)) as server:
        with pytest.raises(SourceError, match="elsewhere"):
            transports("127.0.0.1").fetch(server.url + PATH, "shown", form={"token": "hunter2"})
        assert server.seen[0].method == "POST"
        assert not other.seen


# Where a redirect leads, which no user named. `localhost` and numbers in other bases are looked up.
INSIDE = ("127.0.0.2", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "192.168.1.1",
          "169.254.169.254", "100.100.100.200", "168.63.129.16", "0.0.0.0", "224.0.0.1", "[fe80::1]", "[fd00:ec2::254]",
          "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]")  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_a_redirect_into_the_local_network_is_refused(host: str) -> None:
    with serve({PATH: DATA}) as inside, Server(redirecting(lambda _: f"http://{host}:{inside.port}/x")) as server:
        service = web.connect(server.url + PATH)
        with pytest.raises(SourceError, match="only an address that names this very host") as caught:
            service.files()
        service.close()
        assert (caught.value.code, caught.value.path) == ("refused", server.url + PATH)
        assert not inside.seen


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_the_public_net(text: str) -> None:
    assert public(ip_address(text))


@pytest.mark.parametrize(
    "text", ["192.0.0.192", "198.18.0.1", "240.0.0.1", "255.255.255.255", "fec0::1", "ff02::1", "::"]
)
def test_what_is_not_public(text: str) -> None:
    assert not public(ip_address(text))


def test_this_machine_by_name() -> None:
    assert all(map(loopback, ("localhost", "LOCALHOST.", "x.localhost", "127.3.2.1", "[::1]", "::1")))
    assert not any(map(loopback, ("localhost.example", "10.0.0.1", "example")))


def test_a_named_host_may_be_private(names) -> None:
    names["models.corp"] = ["127.0.0.1"]
    with serve({PATH: DATA}) as server:
        service = web.connect(named(server, "models.corp"))
        assert service.files()
        service.close()
        assert server.seen[0].headers["host"] == f"models.corp:{server.port}"


def test_a_name_that_moves_inside_is_not_followed(names) -> None:
    guard = Guard(["models.example"])
    names["models.example"] = ["8.8.8.8", "127.0.0.1", "8.8.4.4"]
    assert guard.targets("models.example", 80, "")[0][1][0] == "8.8.8.8"
    with pytest.raises(SourceError, match="this machine"):
        guard.targets("models.example", 80, "")
    assert guard.targets("models.example", 80, "")[0][1][0] == "8.8.4.4"


def test_a_name_leads_to_no_service_of_the_cloud(names) -> None:
    names["models.example"] = ["169.254.169.254"]
    with pytest.raises(SourceError, match="a link-local address"):
        Guard(["models.example"]).targets("models.example", 80, "")
    assert Guard(["169.254.169.254"]).targets("169.254.169.254", 80, "")


def test_what_is_checked_is_connected_to(names, monkeypatch, transports) -> None:
    names["elsewhere.example"] = ["8.8.8.8", "127.0.0.1"]
    reached = []

    def connect(_: socket.socket, where: object) -> None:
        reached.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Transient):
        transports().open("http://elsewhere.example/x", "shown")
    assert reached == [("8.8.8.8", 80)]


def test_unknown_names(names, monkeypatch, transports) -> None:
    def no(*_: object, **__: object):
        raise socket.gaierror(code, "")

    monkeypatch.setattr(socket, "getaddrinfo", no)
    code = socket.EAI_NONAME
    with pytest.raises(SourceError, match="no host has the name x") as caught:
        transports().open("http://x/", "shown")
    assert caught.value.path == "shown"
    code = socket.EAI_AGAIN
    with pytest.raises(Transient, match="at the moment"):
        transports().open("http://x/", "shown")


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    return path, certificate(path)


def test_encryption_by_the_bundle_that_is_named(tls, names, monkeypatch) -> None:
    path, context = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    names["models.example"] = ["127.0.0.1"]
    with Server(serve({PATH: DATA}).respond, tls=context) as server:
        service = web.connect(f"https://models.example:{server.port}{PATH}")
        [file] = service.files()
        assert service.read(file, 40_000, 40_010) == DATA[40_000:40_010]
        service.close()
        names["other.example"] = ["127.0.0.1"]
        service = web.connect(f"https://other.example:{server.port}{PATH}")
        with pytest.raises(SourceError, match="the certificate of other"):
            service.files()
        service.close()


def test_a_certificate_of_nobody_is_not_trusted(tls) -> None:
    with Server(serve({PATH: DATA}).respond, tls=tls[1]) as server:
        service = web.connect(server.url + PATH)
        with pytest.raises(SourceError, match="not trusted"):
            service.files()
        service.close()


def test_encryption_is_not_given_up(tls, monkeypatch) -> None:
    path, context = tls
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    with serve({PATH: DATA}) as other, Server(redirecting(lambda _: other.url + PATH), tls=context) as server:
        service = web.connect(server.url + PATH)
        with pytest.raises(SourceError, match="from https to http"):
            service.files()
        service.close()
        assert not other.seen


def test_a_proxy_that_the_environment_names(monkeypatch, tls) -> None:
    path, context = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with (
        serve({PATH: DATA}) as plain,
        Server(serve({PATH: DATA}).respond, tls=context) as secure,
        proxy({"models.test": plain.port, "models.example": secure.port}) as through,
    ):
        monkeypatch.setenv("http_proxy", f"http://us:p%40ss@127.0.0.1:{through.port}")
        monkeypatch.setenv("https_proxy", f"127.0.0.1:{through.port}")
        for address in (f"http://models.test{PATH}", f"https://models.example{PATH}", plain.url + PATH):
            service = web.connect(address)
            [file] = service.files()
            assert service.read(file, 40_000, 40_010) == DATA[40_000:40_010]
            service.close()
        assert [seen.method for seen in through.seen] == ["HEAD", "GET", "CONNECT"]
        assert through.seen[0].headers["proxy-authorization"] == basic("us", "p@ss")["Authorization"]
        assert not any(seen.secret for seen in plain.seen + secure.seen)


@pytest.mark.parametrize("host", ["169.254.169.254", "localhost", "[::1]"])
def test_a_proxy_is_not_asked_for_the_local_network(monkeypatch, host: str) -> None:
    with Server(redirecting(lambda _: f"http://{host}/x")) as through:
        monkeypatch.setenv("http_proxy", through.url)
        service = web.connect("http://models.test/x")
        with pytest.raises(SourceError, match="only an address that names this very host"):
            service.files()
        service.close()
        assert len(through.seen) == 1


def test_other_kinds_of_proxies(monkeypatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    service = web.connect("http://models.test/x")
    with pytest.raises(SourceError, match="a proxy of the kind socks5"):
        service.files()


def test_documents_are_bounded(transports) -> None:
    with serve({"/big": b" " * 2000, "/bad": b"{", "/deep": b"[" * 100_000, "/good": b'{"a": 1}'}) as server:
        transport = transports("127.0.0.1")
        assert transport.json(server.url + "/good", "shown") == {"a": 1}
        with pytest.raises(SourceError, match="larger than 1000 bytes"):
            transport.json(server.url + "/big", "shown", most=1000)
        for path in ("/bad", "/deep"):
            with pytest.raises(SourceError, match="no JSON"):
                transport.json(server.url + path, "shown")


def test_half_a_document_may_pass(transports) -> None:
    def respond(handler: Handler) -> None:
        handler.head(200, {"Content-Length": "100"})
        handler.send(b"{}")
        handler.drop()

    with Server(respond) as server, pytest.raises(Transient, match="broke"):
        transports("127.0.0.1").json(server.url, "shown")


def test_heads_alone(transports) -> None:
    with serve({PATH: DATA}) as server:
        transport = transports("127.0.0.1")
        with transport.open(server.url + PATH, "shown", method="HEAD") as exchange:
            assert exchange.length == len(DATA)
            assert exchange.read(100) == b""
        assert server.sent == 0


def test_origins() -> None:
    target = target_of("HTTPS://user:pw@Host.Example/a%20b?c=d#e")
    assert target.origin == Origin("https", "host.example", 443)
    assert (target.url, target.shown) == ("https://host.example/a%20b?c=d", "HTTPS://***@Host.Example/a%20b")
    assert "pw" not in repr(target)
    assert "c=d" not in repr(target)


def test_nothing_stays_behind() -> None:
    with serve({PATH: DATA}) as server:
        service = web.connect(server.url + PATH)
        [file] = service.files()
        for at in range(0, 70_000, 10_000):
            service.read(file, at, at + 10)
        service.close()
    watches = [thread for thread in threading.enumerate() if thread.name == "modelaudit-watch"]
    for watch in watches:
        watch.join(5)
        assert not watch.is_alive()
