"""Connections that go to checked addresses only, and that nobody can hold on to by sending slowly.

A timeout of a socket counts from the last byte. Whoever sends a byte now and then would never meet it, so that each
step of a request has an end by the clock as well, and all of them end when the scan does: the connection is then cut
from another thread.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from time import monotonic
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util import make_headers, parse_url

from modelaudit.sources.errors import UNREADABLE, SourceError
from modelaudit.sources.remote.service import CHECK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from urllib3 import HTTPResponse
    from urllib3._base_connection import BaseHTTPConnection
    from urllib3.util import Url

    from modelaudit.sources.remote.hosts import Guard

CONNECT = 10.0  # seconds to one number of a host
SILENCE = 30.0  # seconds between two pieces of an answer
GREETING = 20.0  # seconds until a connection is there, to whichever number and with whatever encryption
ANSWER = 35.0  # seconds until the head of an answer is there; both are less than a worker may be silent
POLL = 0.2  # seconds between two looks at the time that the scan has left
KEPT = 32  # connections to one host that are kept open
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Watch(Thread):
    """Calls `cut` after some seconds, or when the scan has no more time, unless it is cancelled before."""

    def __init__(self, seconds: float, cut: Callable[[], None]) -> None:
        super().__init__(name="modelaudit-watch", daemon=True)
        self._end = monotonic() + seconds
        self._cut = cut
        self._check = CHECK.get()
        self._cancelled = Event()
        self.start()

    def run(self) -> None:
        """Wait."""
        while (left := self._end - monotonic()) > 0 and not self._spent():
            if self._cancelled.wait(min(left, POLL)):
                return
        self._cut()

    def cancel(self) -> None:
        """Do nothing any more."""
        self._cancelled.set()

    def _spent(self) -> bool:
        try:
            if self._check is not None:
                self._check()
        except Exception:  # noqa: BLE001 - whoever waits for the bytes asks again, and is told why
            return True
        return False


class Timed(HTTPConnection):
    """A connection that is cut when a step takes too long, and that goes where the guard lets it."""

    guard: Guard | None = None  # none on the way to a proxy
    _copy: socket.socket | None = None  # of the socket, which encryption and answers take over
    was_cut = False  # by the watch
    _held = False  # an answer is being read, maybe of a connection that counts as closed

    def _new_conn(self) -> socket.socket:
        self.was_cut = False
        if self.guard is not None:
            return self._checked(self.guard)
        made = super()._new_conn()
        self._know(made)
        return made

    def _checked(self, guard: Guard) -> socket.socket:
        trouble: OSError | None = None
        for family, where in guard.targets(self.host, self.port or 0, f"{self.host}:{self.port}"):
            try:
                return self._connected(family, where)
            except OSError as error:
                trouble = error
                if self.was_cut:
                    break
        if self.was_cut or isinstance(trouble, TimeoutError):
            raise ConnectTimeoutError(self, "no answer") from trouble
        raise NewConnectionError(self, "no connection") from trouble

    def _connected(self, family: socket.AddressFamily, where: tuple[str | int | bytes, ...]) -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._know(made)
            for option in self.socket_options or ():
                made.setsockopt(*option)
            made.settimeout(CONNECT)
            made.connect(where)
        except BaseException:
            made.close()
            raise
        return made

    def _know(self, made: socket.socket) -> None:
        """Have a hold on a socket whoever takes it over."""
        self._forget()
        self._copy = made.dup()

    def connect(self) -> None:
        """Connect, and agree on encryption in good time."""
        with self.within(GREETING):
            super().connect()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """The head of an answer, in good time; `let_go` when all of it was read."""
        self._held = True
        try:
            with self.within(ANSWER):
                return super().getresponse()
        except BaseException:
            self.let_go()
            raise

    def let_go(self) -> None:
        """The answer was read, or nobody wants it."""
        self._held = False
        if self.sock is None:
            self._forget()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut the connection when what is done with it takes longer; TimeoutError when it looks as if it were done."""
        watch = self.cut_after(seconds)
        try:
            yield
        finally:
            watch.cancel()
        if self.was_cut:
            raise TimeoutError

    def cut_after(self, seconds: float) -> Watch:
        """A running clock that cuts the connection at its end, unless it is cancelled."""
        return Watch(seconds, self._cut)

    def _cut(self) -> None:
        self.was_cut = True
        copy = self._copy
        if copy is not None:
            with suppress(OSError):
                copy.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; it can be made again."""
        super().close()
        if not self._held:
            self._forget()

    def _forget(self) -> None:
        copy, self._copy = self._copy, None
        if copy is not None:
            copy.close()


class _TimedTLS(Timed, HTTPSConnection):
    """The same, encrypted."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = Timed
    guard: Guard | None = None

    def _new_conn(self) -> BaseHTTPConnection:
        made = super()._new_conn()
        if isinstance(made, Timed):
            made.guard = self.guard
        return made


class _TLSPool(_Pool, HTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _TimedTLS


class Connections:
    """All connections of one location, by host; also those through the proxies that the environment names."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._pools: dict[tuple[str, str, int], HTTPConnectionPool] = {}
        self._trust: ssl.SSLContext | None = None
        self._lock = Lock()

    def pool(self, url: Url, shown: str) -> HTTPConnectionPool:
        """The connections to a URL's host; `SourceError` when it must not be gone to."""
        scheme, host, port = url.scheme or "", url.host or "", url.port or (443 if url.scheme == "https" else 80)
        proxy = proxy_for(scheme, host, port)
        if proxy:
            self._guard.check_unresolved(host, shown)
        key = (scheme, host, port)
        with self._lock:
            pool = self._pools.get(key)
            if pool is None:
                pool = self._pools[key] = self._made(key, proxy, shown)
        return pool

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def _made(self, key: tuple[str, str, int], proxy: str, shown: str) -> HTTPConnectionPool:
        scheme, host, port = key
        timeout = Timeout(connect=CONNECT, read=SILENCE)
        if proxy:
            return _proxied(proxy, timeout, self._trusted(), shown).connection_from_host(host, port, scheme)
        if scheme == "https":
            pool: _Pool = _TLSPool(host, port, maxsize=KEPT, timeout=timeout, ssl_context=self._trusted())
        else:
            pool = _Pool(host, port, maxsize=KEPT, timeout=timeout)
        pool.guard = self._guard
        return pool

    def _trusted(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = certificates()
        return self._trust


def proxy_for(scheme: str, host: str, port: int) -> str:
    """The proxy that the environment names for a host, empty when there is none."""
    proxies = getproxies()
    if not proxies or proxy_bypass(f"{host}:{port}"):
        return ""
    return proxies.get(scheme) or proxies.get("all") or ""


def _proxied(proxy: str, timeout: Timeout, context: ssl.SSLContext, shown: str) -> ProxyManager:
    url = parse_url(proxy if "://" in proxy else f"http://{proxy}")
    if url.scheme not in {"http", "https"}:
        said = f"the environment names a proxy of the kind {url.scheme}; http and https are understood"
        raise SourceError(UNREADABLE, said, shown)
    headers = make_headers(proxy_basic_auth=unquote(url.auth)) if url.auth else None
    bare = url._replace(auth=None).url
    manager = ProxyManager(
        bare, proxy_headers=headers, proxy_ssl_context=context, ssl_context=context, maxsize=KEPT, timeout=timeout
    )
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
    return manager


def certificates() -> ssl.SSLContext:
    """Whom to trust: the bundle that the environment names, else the system's store, else certifi's."""
    named = next((value for name in CERTIFICATES if (value := os.environ.get(name))), None)
    if named and os.path.isdir(named):
        return ssl.create_default_context(capath=named)
    if named and os.path.isfile(named):
        return ssl.create_default_context(cafile=named)
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not context.get_ca_certs() and not paths.cafile and not paths.capath:
        with suppress(ImportError):
            from certifi import where

            context.load_verify_locations(where())
    return context
