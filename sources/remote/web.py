"""One file at an address of http or https. Pages are not searched for links: an address names the file itself."""

from __future__ import annotations

import re
from hashlib import sha256
from threading import Lock

from modelaudit.sources.errors import UNREADABLE, SourceError
from modelaudit.sources.remote.http import Transport, target_of
from modelaudit.sources.remote.ranges import Content
from modelaudit.sources.remote.service import Listed
from modelaudit.sources.remote.spool import SPOOLED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelaudit.sources.remote.http import Target

PAGES = frozenset({"text/html", "application/xhtml+xml"})
PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]*>\s*+)?(?>(?><!--.*?-->)\s*+)*+<(?:!doctype\s+html|html)\b", re.I | re.S
)
PAGE_NAMES = (".html", ".htm", ".xhtml")
LOOKED_AT = 1024  # bytes by which a page is told


def connect(address: str, most: int = SPOOLED) -> Web:
    """The file at an address; raises `SourceError`. `most` bytes are kept where a server sends no parts of it.

    A scan with a smaller limit for files keeps no more than that.
    """
    return Web(target_of(address), most)


class Web:
    """One file on a web server."""

    repo: str | None = None
    revision: str | None = None
    server = ""  # its address says it

    def __init__(self, target: Target, most: int) -> None:
        self.address = target.shown
        self._target = target
        self._most = most
        self._transport = Transport([target.origin.host], target.secrets)
        self._content: Content | None = None
        self._asked = False  # for size and version alone
        self._lock = Lock()

    def files(self) -> Iterable[Listed]:
        """The file, by what the server says of it; where that is too little, the first bytes are here then."""
        content = self._opened(None)
        if not self._asked:
            self._asked = True  # a server that does not answer to this is not asked so again
            if content.glance() and content.kind not in PAGES:
                return [self._listed(content)]
        content.begin()
        named = self.address.lower().endswith(PAGE_NAMES)
        if content.kind in PAGES and not named and PAGE.match(content.read(0, LOOKED_AT)):
            said = "the server answers with a web page and not with a file: name the address of the file itself"
            raise SourceError(UNREADABLE, said, self.address)
        return [self._listed(content)]

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the file as it was listed."""
        return self._opened(file).read(start, stop)

    def close(self) -> None:
        """Close connections, forget what was spooled."""
        self._transport.close()
        if self._content is not None:
            self._content.close()

    def _listed(self, content: Content) -> Listed:
        return Listed("", content.size, self._key, version=content.version)

    @property
    def _key(self) -> str:
        """The address with a digest in the place of what stands behind `?`, which may be a secret."""
        plain, _, query = self._target.url.partition("?")
        return f"{plain}?{sha256(query.encode()).hexdigest()}" if query else plain

    def _opened(self, file: Listed | None) -> Content:
        with self._lock:
            if self._content is None:
                size, version = (None, "") if file is None else (file.size, file.version)
                self._content = Content(
                    self._transport,
                    self._target.url,
                    self.address,
                    size=size,
                    version=version,
                    most=self._most,
                )
            return self._content
