"""What the scan needs of a service that holds models: a listing, and bytes of what it lists.

A service lists each file with what identifies its content (a digest, an ETag, a generation, a commit), and reads from
that very content: a file that was replaced in between is an error, never other bytes. It knows nothing of formats,
caches, retries and budgets; `line.py` has these for all services.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from modelaudit.sources.address import without_secrets

BLOB = "git:"  # before a version that is the digest of a Git blob

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    class Service(Protocol):
        """A location that was opened: what the user named, and everything below it."""

        address: str  # as it is shown, without secrets; files stand below it
        repo: str | None  # the repository's name, where the service has repositories
        revision: str | None  # the commit, version or digest that the location was resolved to

        @property
        def server(self) -> str:
            """Which server has answered, where the address could mean several; empty when it names the server."""

        def files(self) -> Iterable[Listed]:
            """Everything at the location, in any order; `Transient` or `SourceError` when it cannot be listed."""

        def read(self, file: Listed, start: int, stop: int) -> bytes:
            """The bytes from `start` up to `stop`; fewer when the connection broke, which `Line` continues.

            Raises `Transient` for what may be better in a moment, `SourceError` for what will not.
            """

        def close(self) -> None:
            """Give connections back."""


# What a service may ask, from any thread, while bytes are on their way: it raises when the scan has no more time.
CHECK: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a service lists it. `name` is its path below the location, empty when the location is the file."""

    name: str
    size: int | None  # bytes; None when only reading tells
    key: str  # what the service calls it
    sha256: str = ""  # of the content in lower-case hex, when the service knows it
    version: str = ""  # whatever else pins the content: ETag, generation, version id, digest
    link: str = ""  # where a link leads, of which there is nothing to read
    place: str = ""  # its own address, where that is not below the location's
    tracked: str = ""  # the digest by which DVC tracks it, behind how it is taken: `md5:0f3a…`
    server: str = ""  # whose word all this is, where its address alone does not tell

    def identity(self, address: str) -> str:
        """What tells the content from any other, empty when the service does not say.

        A digest is the word of the server that gives it: another server's files are never taken for known by it.
        """
        server = f"{self.server} " if self.server else ""
        if self.sha256:
            return f"{server}{origin(self.place or address)} sha256:{self.sha256}"
        if self.tracked:  # no MD5 alone, which two files can share
            return f"{server}{self.place} {self.tracked} {self.version} {self.size}"
        if not self.version:
            return ""
        known = self.name if self.version.startswith(BLOB) else self.key  # a commit later it is the same content
        return f"{server}{address} {known} {self.version} {self.size}"


def origin(address: str) -> str:
    """The scheme and the server, bucket or owner of an address; all of one that names none."""
    scheme, mark, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if mark else address


def endpoint(url: str) -> str:
    """The address of a server as it tells it from others, without what stands for a password in it."""
    return without_secrets(url).partition("?")[0].rstrip("/").lower()


class Interrupted(BaseException):  # so that no client takes it for an error of its own
    """The scan has no more time; `why` is what its check raised, and what `Line` raises again."""

    def __init__(self, why: BaseException) -> None:
        super().__init__(why)
        self.why = why


class Transient(Exception):  # noqa: N818 - tried again, an error only when that does not help
    """A request that failed in a way that may pass; `after` are the seconds that the service asks to wait."""

    def __init__(self, words: str, after: float | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.after = after
