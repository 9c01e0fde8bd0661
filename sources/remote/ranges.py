"""The bytes behind one URL, by ranges (RFC 9110, section 14), all of them from one content.

What the first answer says of the content holds for all that follow: its size, and its ETag or date. An answer that says
something else is the end of reading. Where a server sends the whole file whatever it is asked for, this is spooled.
"""

from __future__ import annotations

import re
from operator import itemgetter
from threading import Lock

from modelaudit.sources.errors import SPENT, TOO_LARGE, UNREADABLE, SourceError
from modelaudit.sources.remote.http import origin_of
from modelaudit.sources.remote.service import Transient
from modelaudit.sources.remote.spool import SPOOLED, Spool, too_large
from modelaudit.sources.remote.trip import bytes_left, moved, spared, terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelaudit.sources.remote.http import Exchange, Origin, Secrets, Transport
    from modelaudit.sources.remote.service import Listed

FIRST = 64 * 1024  # bytes that the first request asks for: those that a reader wants first
SPOOLING = 600.0  # seconds that a whole file may take
PIECE = 1024 * 1024
UNDERSTOOD = frozenset({200, 206, 412, 416})
STALE = frozenset({400, 401, 403, 404, 410})  # what a storage says to an address that was signed for some minutes
RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
NOTHING = re.compile(r"bytes \*/(\d{1,18})", re.ASCII)
CHANGED = "the file changed while it was read"
ENCODED = {"gzip": (".gz", ".tgz"), "x-gzip": (".gz", ".tgz"), "zstd": (".zst",), "br": (".br",)}


class Contents:
    """The files of one service that were read, each opened once. Threads share them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._opened: dict[str, Content] = {}
        self._lock = Lock()

    def read(self, file: Listed, url: str, shown: str, start: int, stop: int) -> bytes:
        """Bytes of a file as it was listed, which stands at a URL; fewer when the connection broke."""
        with self._lock:
            content = self._opened.get(file.key)
            if content is None:
                content = Content(self._transport, url, shown, size=file.size, sha256=file.sha256)
                self._opened[file.key] = content
        return content.read(start, stop)

    def close(self) -> None:
        """Close connections, forget what was spooled."""
        self._transport.close()
        for content in self._opened.values():
            content.close()


class Content:
    """What one URL gives. `size` and `version` are those of the first answer unless they are known before.

    `bound` are headers for one origin in place of the transport's secrets; `challenged` gives others when the server
    answers that it wants them. `most` are the bytes that may be spooled.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        shown: str,
        *,
        size: int | None = None,
        version: str = "",
        sha256: str = "",
        bound: Secrets | None = None,
        challenged: Callable[[Exchange], Secrets] | None = None,
        most: int = SPOOLED,
    ) -> None:
        self.size = size
        self.version = version
        self.kind = ""  # the media type of the first answer
        self._bound = bound
        self._challenged = challenged
        self._sha256 = sha256
        self._transport = transport
        self._url = url
        self._shown = shown
        self._most = most
        self._from: Origin | None = None  # who said the version
        self._direct = ""  # where redirects ended
        self._own = True  # they did not lead to anybody else
        self._glanced = ""  # who told size and version without the content, until somebody gives it
        self._begin = b""
        self._spool: Spool | None = None
        self._lock = Lock()

    def glance(self) -> bool:
        """Ask for size and version without the content; False when that does not tell them."""
        accept = range(100, 600)  # whoever does not understand is asked for the first bytes
        with self._transport.open(self._url, self._shown, method="HEAD", bound=self._bound, accept=accept) as exchange:
            headers = exchange.headers
            encoded = headers.get("Content-Encoding", "").strip().lower() not in {"", "identity"}
            pinned = headers.get("ETag", "").strip() or headers.get("Last-Modified", "").strip()
            if exchange.status != 200 or not exchange.length or not pinned or encoded:
                return False
            self._settle(exchange, exchange.length)
            self._glanced = exchange.url
            self._follow(exchange)
            return True

    def begin(self) -> None:
        """Make the first request, unless it was made: size, version and the first bytes are known then."""
        if self.size is None:
            self._begin = self._ask(0, FIRST)
            if self._spool is not None:
                moved(len(self._begin))  # nobody was given them

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`; fewer when the connection broke, the file ends, or some are here."""
        self.begin()
        if self._spool is not None and self._spool.closed:
            self._again()
        stop = min(stop, self.size or 0)
        if start < stop and self._spool is None and start >= len(self._begin):
            return self._ask(start, stop)
        spared()
        if start >= stop:
            return b""
        spool = self._spool
        return self._begin[start:stop] if spool is None else _kept(spool, start, stop)

    def close(self) -> None:
        """Forget what is kept."""
        self._begin = b""
        if self._spool is not None:
            self._spool.close()

    def _ask(self, start: int, stop: int) -> bytes:
        with self._opened(start, stop) as exchange:
            if exchange.status == 206:
                return self._part(exchange, start, stop)
            if exchange.status == 200:
                return self._whole(exchange, start, stop)
            empty = NOTHING.fullmatch(exchange.headers.get("Content-Range", ""))
            if exchange.status == 416 and not start and self.size is None and (empty is None or empty[1] == "0"):
                self._settle(exchange, 0)
                return b""
            raise SourceError(UNREADABLE, CHANGED, self._shown)

    def _opened(self, start: int, stop: int) -> Exchange:
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        direct = self._direct
        if direct:
            asked = {**headers, **self._condition(direct)}
            accept = UNDERSTOOD | STALE
            bound = self._bound if self._own else {}
            exchange = self._transport.open(direct, self._shown, headers=asked, bound=bound, accept=accept)
            if exchange.status not in STALE:
                return exchange
            exchange.drain()
            self._direct = ""
        asked = {**headers, **self._condition(self._url)}
        exchange = self._first_hand(asked)
        self._follow(exchange)
        return exchange

    def _follow(self, exchange: Exchange) -> None:
        """Go straight to where redirects ended."""
        self._own = exchange.own
        self._direct = exchange.url if exchange.url != self._url else ""

    def _first_hand(self, headers: Mapping[str, str]) -> Exchange:
        """An answer from the address itself, or from where it leads."""
        if self._challenged is not None:
            accept = UNDERSTOOD | {401}
            exchange = self._transport.open(self._url, self._shown, headers=headers, bound=self._bound, accept=accept)
            if exchange.status in UNDERSTOOD:
                return exchange
            exchange.drain()
            self._bound = self._challenged(exchange)
        return self._transport.open(self._url, self._shown, headers=headers, bound=self._bound, accept=UNDERSTOOD)

    def _condition(self, url: str) -> Mapping[str, str]:
        """Ask for this content alone, where whoever is asked knows it by this version."""
        if not self.version or self._glanced or self._from != origin_of(url) or self.version.startswith("W/"):
            return {}
        return {"If-Match" if self.version.startswith('"') else "If-Unmodified-Since": self.version}

    def _part(self, exchange: Exchange, start: int, stop: int) -> bytes:
        text = exchange.headers.get("Content-Range")
        if text is None:
            raise Transient("the head of an answer broke off")
        said = RANGE.fullmatch(text)
        if said is None or int(said[1]) != start or not start <= int(said[2]) < stop:
            raise SourceError(UNREADABLE, "the server sends other bytes than it was asked for", self._shown)
        if said[3] == "*" and self.size is None:
            return self._reread(start, stop)
        self._settle(exchange, self.size if said[3] == "*" else int(said[3]))
        data = exchange.read(int(said[2]) + 1 - start)
        if not data:
            raise Transient("the connection broke")
        return data

    def _reread(self, start: int, stop: int) -> bytes:
        """Ask for the whole file, since no part of it says how long it is."""
        with self._transport.open(self._url, self._shown, bound=self._bound) as exchange:
            return self._whole(exchange, start, stop)

    def _whole(self, exchange: Exchange, start: int, stop: int) -> bytes:
        with self._lock:
            if self._spool is None:
                self._spool = self._spooled(exchange)
            return _kept(self._spool, start, stop)

    def _again(self) -> None:
        """What was spooled had to make room: it is asked for once more, and must be the same content."""
        with self._lock:
            if self._spool is not None and self._spool.closed:
                self._spool = None

    def _spooled(self, exchange: Exchange) -> Spool:
        length = exchange.length
        most, code = self._room()
        if length is not None and length > most:
            raise SourceError(code, too_large(most), self._shown)
        if length is not None:
            self._settle(exchange, length)
        spool = Spool(most, code)
        try:
            exchange.allow(SPOOLING)
            while piece := exchange.read(PIECE):
                moved(len(piece))
                spool.add(piece, self._shown)
            if exchange.broken or (length is None and not spool.size):
                raise Transient("the connection broke before the whole file was there")
            self._settle(exchange, spool.size)
            spool.again = True
        except BaseException:
            spool.close()
            raise
        return spool

    def _room(self) -> tuple[int, str]:
        """Bytes that may be spooled, and the code of the error when there are more."""
        rooms = ((self._most, UNREADABLE), (terms().most, TOO_LARGE), (bytes_left(), SPENT))
        return min(((most, code) for most, code in rooms if most is not None), key=itemgetter(0))

    def _settle(self, exchange: Exchange, size: int | None) -> None:
        """Take or compare what an answer says of the content."""
        self._check_encoding(exchange)
        headers = exchange.headers
        digest = headers.get("X-Checksum-Sha256", "").lower()
        if (self.size is not None and size != self.size) or (digest and self._sha256 and digest != self._sha256):
            raise SourceError(UNREADABLE, CHANGED, self._shown)
        tag, date = headers.get("ETag", "").strip(), headers.get("Last-Modified", "").strip()
        other, self._glanced = bool(self._glanced) and self._glanced != exchange.url, ""
        if not self.version or other:  # who gives the content may call it by another name than who told of it
            self.version, self._from = tag or date, exchange.origin
        else:
            tagged = self.version.startswith(('"', "W/"))
            now = tag if tagged else date
            if now and now.removeprefix("W/") != self.version.removeprefix("W/") and not self._elsewhere(exchange):
                raise SourceError(UNREADABLE, CHANGED, self._shown)
            self._from = exchange.origin if now else self._from
        self.size = size
        self.kind = self.kind or headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def _elsewhere(self, exchange: Exchange) -> bool:
        """Whether another server of content that is known by its digest answers, which names it in its own way."""
        return bool(self._sha256) and self._from != exchange.origin

    def _check_encoding(self, exchange: Exchange) -> None:
        """Bytes that were packed for the way are not those of the file; a packed file's own name says so."""
        encoding = exchange.headers.get("Content-Encoding", "").strip().lower()
        if encoding in {"", "identity"}:
            return
        path = self._url.partition("?")[0]
        if not path.endswith(ENCODED.get(encoding, ())):
            raise SourceError(UNREADABLE, "the server sends it packed although it was not asked to", self._shown)


def _kept(spool: Spool, start: int, stop: int) -> bytes:
    """Bytes of a spool, which were counted when they came."""
    data = spool.read(start, stop)
    moved(-len(data))
    return data
