"""Requests over HTTP, for every service that has no client of its own.

Credentials belong to an origin (scheme, host and port) and are sent to no other, whatever a redirect says. Nothing is
tried again here, which `line.py` does; what may pass is `Transient`. A body is read as far as somebody asks for it,
then the connection is dropped. Proxies that the environment names are used; they look up names in our place.
"""

from __future__ import annotations

import json
import logging
import ssl
from base64 import b64encode
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote, urlencode, urljoin

from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError
from urllib3.exceptions import SSLError as TLSError
from urllib3.exceptions import TimeoutError as NoAnswer
from urllib3.util import parse_url

from modelaudit import __version__
from modelaudit.sources.address import unfolded, without_secrets
from modelaudit.sources.errors import MISSING, REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote.connections import Connections, Timed, Watch
from modelaudit.sources.remote.hosts import Guard
from modelaudit.sources.remote.service import CHECK, Transient
from modelaudit.sources.remote.trip import admit, asking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from urllib3.response import BaseHTTPResponse
    from urllib3.util import Url

    Secrets = Mapping["Origin", Mapping[str, str]]

REDIRECTS = 5
MOVED = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # and those above 511, which networks invented
BODY = 120.0  # seconds that one body may take
PIECE = 256 * 1024
DRAINED = 64 * 1024  # bytes of a body nobody wants that are read to keep the connection
DOCUMENT = 16 * 1024 * 1024
VALUES = 5_000_000  # of one document: each may take twenty times the memory of its bytes
OK = frozenset({200})
NOBODY: Secrets = {}
OURS: ContextVar[bool] = ContextVar("ours", default=False)  # whether a request is one of a scan


class Origin(NamedTuple):
    """What credentials belong to."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart: `url` has no credentials, `headers` say them to the origin."""

    url: str = field(repr=False)  # a token may stand behind `?`
    shown: str  # for messages and reports: neither credentials nor what stands behind `?`
    origin: Origin
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> Secrets:
        """The credentials of the address, by whom they are for."""
        return {self.origin: self.headers} if self.headers else {}


def target_of(address: str) -> Target:
    """A user's address; `SourceError` when it is none."""
    address = unfolded(address)
    shown = without_secrets(address).partition("?")[0].partition("#")[0]
    url = _parsed(address, shown)
    headers = {}
    if url.auth:
        user, _, password = url.auth.partition(":")
        headers = basic(unquote(user), unquote(password))
    return Target(url._replace(auth=None, fragment=None).url, shown, _origin(url), headers)


def origin_of(url: str) -> Origin:
    """The origin of a URL; `SourceError` when it has none."""
    return _origin(_parsed(url, without_secrets(url)))


def basic(user: str, password: str) -> dict[str, str]:
    """A name and a password as a header."""
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


class Transport:
    """Requests of one location. `named` are the hosts that the user named, `secrets` the credentials by origin."""

    def __init__(self, named: Iterable[str], secrets: Secrets | None = None) -> None:
        self.secrets = dict(secrets or {})
        self._connections = Connections(Guard(named))

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def open(
        self,
        url: str,
        shown: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        bound: Secrets | None = None,
        accept: Collection[int] = OK,
        form: Mapping[str, str] | None = None,
    ) -> Exchange:
        """An answer with a status of `accept`, after redirects; any other is `Transient` or a `SourceError`.

        `bound` are headers for one origin alone, in place of the transport's secrets.
        """
        secrets: Secrets = self.secrets if bound is None else bound
        at = _parsed(url, shown)._replace(auth=None, fragment=None)
        for _ in range(REDIRECTS + 1):
            sent = {**(headers or {}), **secrets.get(_origin(at), {})}
            exchange = Exchange(self._ask(method, at, shown, sent, form), at, own=secrets is not NOBODY)
            leads = exchange.leads
            if leads is None:
                return _accepted(exchange, accept, shown)
            exchange.drain()
            if form is not None:
                raise SourceError(UNREADABLE, "the server sends what it was given elsewhere", shown)
            before, at = at, _followed(at, leads, shown)
            admit(at._replace(query=None).url, shown)
            if _origin(before) != _origin(at):
                secrets = NOBODY  # also when it leads back
        raise SourceError(UNREADABLE, f"more than {REDIRECTS} redirects", shown)

    def fetch(
        self,
        url: str,
        shown: str,
        *,
        most: int = DOCUMENT,
        headers: Mapping[str, str] | None = None,
        bound: Secrets | None = None,
        accept: Collection[int] = OK,
        form: Mapping[str, str] | None = None,
    ) -> Document:
        """A whole answer of at most `most` bytes; `SourceError` when there are more."""
        method = "GET" if form is None else "POST"
        with self.open(url, shown, method=method, headers=headers, bound=bound, accept=accept, form=form) as exchange:
            data = exchange.read(most + 1)
            if len(data) > most:
                raise SourceError(UNREADABLE, f"the server's answer is larger than {most} bytes", shown)
            nothing = exchange.status == 200 and not data  # as an answer looks whose head broke off
            if exchange.broken or nothing:
                raise Transient("the connection broke within an answer")
            return Document(exchange.status, exchange.headers, exchange.origin, data)

    def json(
        self,
        url: str,
        shown: str,
        *,
        most: int = DOCUMENT,
        headers: Mapping[str, str] | None = None,
        bound: Secrets | None = None,
        form: Mapping[str, str] | None = None,
    ) -> object:
        """An answer in JSON, as plain values."""
        asked = {"Accept": "application/json", **(headers or {})}
        return plain(self.fetch(url, shown, most=most, headers=asked, bound=bound, form=form).data, shown)

    def _ask(
        self, method: str, url: Url, shown: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> BaseHTTPResponse:
        """One request and the head of its answer."""
        sent = {"User-Agent": f"modelaudit/{__version__}", "Accept-Encoding": "identity", "Accept": "*/*", **headers}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if (check := CHECK.get()) is not None:
            check()
        asking()
        before = OURS.set(True)
        try:
            pool = self._connections.pool(url, shown)
            return pool.urlopen(
                method,
                url.url if pool.proxy is not None and url.scheme == "http" else url.request_uri,
                body=None if form is None else urlencode(form),
                headers=sent,
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
        except SourceError as error:
            raise SourceError(error.code, error.message, shown) from None
        except (HTTPError, HTTPException, OSError) as error:
            raise _trouble(error, url, shown) from None
        finally:
            OURS.reset(before)


def _discreet(record: logging.LogRecord) -> bool:
    """Leave out of what the library tells of a request what stands behind `?` in it, where tokens are."""
    if OURS.get() and isinstance(record.args, tuple):
        record.args = tuple(said.partition("?")[0] if isinstance(said, str) else said for said in record.args)
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_discreet)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    origin: Origin
    data: bytes


class Exchange:
    """An answer whose body is on its way.

    `broken` says that the body ended too early, `own` that no redirect led to another origin.
    """

    def __init__(self, response: BaseHTTPResponse, url: Url, *, own: bool) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.url = url.url
        self.origin = _origin(url)
        self.own = own
        self.broken = False
        self._response = response
        self._connection = response.connection
        self._check = CHECK.get()
        self._watch: Watch | None = None
        self.allow(BODY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    @property
    def leads(self) -> str | None:
        """Where the answer sends us."""
        text = self.headers.get("Location") if self.status in MOVED else None
        try:
            return text.encode("latin-1").decode() if text else text  # as headers are read, and as they are meant
        except UnicodeError:
            return text

    @property
    def length(self) -> int | None:
        """Bytes that the body has, where the server says so."""
        text = self.headers.get("Content-Length", "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def read(self, most: int) -> bytes:
        """At most `most` bytes that come next; fewer when the body ends or the connection breaks."""
        parts = []
        while most > 0:
            if self._check is not None:
                self._check()
            piece = self._piece(min(most, PIECE))
            if not piece:
                break
            parts.append(piece)
            most -= len(piece)
        return b"".join(parts)

    def allow(self, seconds: float) -> None:
        """Let the rest of the body take so long from now."""
        if self._watch is not None:
            self._watch.cancel()
        if isinstance(self._connection, Timed):
            self._watch = self._connection.cut_after(seconds)

    def drain(self) -> None:
        """Have done with the body; a short one is read so that the connection can be used again."""
        if (self.length or 0) <= DRAINED:
            self.read(DRAINED)
        self.close()

    def close(self) -> None:
        """Give the connection back, or drop it when there is more on its way."""
        if self._watch is not None:
            self._watch.cancel()
        if not self._response.closed and self._response.length_remaining != 0:
            self._response.close()
        self._response.release_conn()
        if isinstance(self._connection, Timed):
            self._connection.let_go()

    def _piece(self, most: int) -> bytes:
        try:
            piece = self._response.read1(most)
        except (HTTPError, HTTPException, OSError, ValueError):
            self.broken = True
            return b""
        if not piece and isinstance(self._connection, Timed) and self._connection.was_cut:
            self.broken = True  # a body without a length looks as if it were over
        return piece or b""


def plain(data: bytes, shown: str) -> object:
    """What JSON says; `SourceError` when it is none, or holds more than a listing does."""
    if sum(map(data.count, (b",", b"[", b"{"))) > VALUES:
        raise SourceError(UNREADABLE, f"the server's answer has more than {VALUES} values", shown)
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError):
        raise SourceError(UNREADABLE, "the server's answer is no JSON", shown) from None
    return value


def _parsed(address: str, shown: str) -> Url:
    """The parser whose result is connected to is the one whose result is judged."""
    try:
        url = parse_url(address)
    except (HTTPError, ValueError):
        raise SourceError(MISSING, "this is no address", shown) from None
    if url.scheme not in {"http", "https"} or not url.host or not url.host.isprintable() or " " in url.host:
        raise SourceError(MISSING, "this is no address of http or https", shown)
    return url


def _origin(url: Url) -> Origin:
    return Origin(url.scheme or "", (url.host or "").rstrip("."), url.port or (443 if url.scheme == "https" else 80))


def _followed(at: Url, leads: str, shown: str) -> Url:
    """Where a redirect leads. Credentials in it are not ours to send."""
    try:
        joined = urljoin(at.url, leads)
    except ValueError:
        raise SourceError(UNREADABLE, "the server leads to what is no address", shown) from None
    to = _parsed(joined, shown)._replace(auth=None, fragment=None)
    if at.scheme == "https" and to.scheme != "https":
        raise SourceError(REFUSED, f"not followed: the server leads from https to http, at {to.host}", shown)
    return to


def _accepted(exchange: Exchange, accept: Collection[int], shown: str) -> Exchange:
    """An answer as it was hoped for."""
    if exchange.status in accept:
        return exchange
    exchange.drain()
    raise refusal(exchange.status, shown, exchange.headers)


class Refusal(SourceError):  # noqa: N818 - as a sentence has it
    """A server does not allow it, or not with these credentials; `headers` say more to who knows the service."""

    headers: Mapping[str, str] = MappingProxyType({})


def refusal(status: int, shown: str, headers: Mapping[str, str] | None = None) -> SourceError | Transient:
    """What a status means that is no success."""
    if status in PASSING or 511 < status < 600:
        return Transient(f"the server answers {status}", _asked(headers or {}))
    if status in {404, 410}:
        return SourceError(MISSING, f"nothing is there (the server answers {status})", shown)
    if status in {401, 403, 407, 451}:
        wants = "asks for credentials, or for others" if status in {401, 407} else "does not allow it"
        refused = Refusal(REFUSED, f"the server {wants} (it answers {status})", shown)
        refused.headers = headers or {}
        return refused
    return SourceError(UNREADABLE, f"the server answers {status}", shown)


def _asked(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _trouble(error: Exception, url: Url, shown: str) -> SourceError | Transient:
    """What went wrong below HTTP. The texts of libraries have addresses in them and are not passed on."""
    if isinstance(error, TLSError):
        cause = error.args[0] if error.args else None
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SourceError(
                UNREADABLE, f"the certificate of {url.host} is not trusted: {cause.verify_message}", shown
            )
        return Transient(f"no encryption could be agreed on with {url.host}")
    if isinstance(error, ProxyError):
        return Transient("the proxy does not connect")
    if isinstance(error, (NoAnswer, OSError)) and not isinstance(error, NewConnectionError):
        return Transient(f"no answer from {url.host} in time")
    if isinstance(error, NewConnectionError):
        return Transient(f"no connection to {url.host}")
    return Transient(f"the connection to {url.host} broke")
