"""Blobs of Azure Storage and Data Lake, by the client of adlfs.

`az://CONTAINER/PATH` is in the account of `AZURE_STORAGE_ACCOUNT_NAME` or `AZURE_STORAGE_CONNECTION_STRING`;
`abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH` names the account itself. Credentials are those of the variables,
then those of the machine's sign-in; without any a container is asked as anybody may. A blob is read as the ETag that
was listed, or not at all.
"""

from __future__ import annotations

import os
import re
from threading import Lock
from urllib.parse import unquote

import adlfs
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from modelaudit.engine.servers import BLOB, DFS
from modelaudit.sources.address import without_secrets
from modelaudit.sources.errors import MISSING, REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote.line import FILES
from modelaudit.sources.remote.names import below
from modelaudit.sources.remote.service import Listed, Transient, endpoint
from modelaudit.sources.remote.trip import asking
from modelaudit.sources.remote.waiting import awaited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from typing import Any, TypeVar

    T = TypeVar("T")

CONNECT, READ = 10, 30  # seconds
BUSY = frozenset({408, 429})
ACCOUNT = re.compile(r"[a-z0-9]{3,24}", re.ASCII)
HOSTS = (DFS, BLOB)
# The variables that hold a credential; with one of them nobody else is asked for one.
SECRETS = ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CLIENT_ID")
STRING, NAME = "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_NAME"


def connect(address: str) -> Container:
    """The blob, or everything below the path, at an address; raises `SourceError`."""
    scheme, _, rest = address.partition("://")
    place, _, key = rest.partition("/")
    container, at, host = place.partition("@")
    if ":" in place and "@" in f"{place}{key}":
        said = f"credentials have no place in the address of a container: {scheme}://CONTAINER/PATH"
        raise SourceError(MISSING, said, without_secrets(address))
    if not container:
        raise SourceError(MISSING, f"name a container: {scheme}://CONTAINER/PATH", without_secrets(address))
    account = host.partition(".")[0] if at else os.environ.get(NAME, "")
    if at and (not ACCOUNT.fullmatch(account) or not host.lower().endswith(HOSTS)):
        raise SourceError(MISSING, f"this is no account of Azure: CONTAINER@ACCOUNT{DFS}", without_secrets(address))
    if not account and not os.environ.get(STRING):
        raise SourceError(MISSING, f"set {NAME} or {STRING} to name the account", without_secrets(address))
    if at and _held() and _known() not in {"", account}:
        said = f"the credentials in the environment are those of {_known()}: say {NAME}={account} and its own"
        raise SourceError(REFUSED, said, without_secrets(address))
    shown = f"{scheme.lower()}://{place}"
    return Container(shown, container, unquote(key) if "%" in key else key, account)


def _held() -> bool:
    """Whether the environment has credentials."""
    return any(os.environ.get(name) for name in (STRING, *SECRETS))


def _known() -> str:
    """The account that the environment's credentials are for, empty when it does not say."""
    said = dict(part.partition("=")[::2] for part in os.environ.get(STRING, "").split(";"))
    return said.get("AccountName") or os.environ.get(NAME, "")


class Container:
    """Blobs of one container."""

    repo: str | None = None
    revision: str | None = None

    def __init__(self, shown: str, container: str, key: str, account: str) -> None:
        self.address = shown + (f"/{key.rstrip('/')}" if key else "")
        self._container = container
        self._key = key
        self._account = account
        self._client: Any = None
        self._anonymous = False
        self._lock = Lock()

    def files(self) -> Iterable[Listed]:
        """The blob of that name, or those below it."""
        return self._understood(self._list)

    @property
    def server(self) -> str:
        """The account's own address."""
        return endpoint(self._filesystem().service_client.url)

    def find(self, name: str) -> Listed:
        """The blob of that name below the key; `SourceError` when there is none."""
        key = f"{self._key.rstrip('/')}/{name}" if self._key else name

        async def head() -> Listed:
            async with self._filesystem().service_client.get_blob_client(self._container, key) as client:
                said = await client.get_blob_properties(**ASKED)
                return Listed(name, int(said.size), key, version=str(said.etag or ""))

        return self._understood(head)

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the blob that was listed."""

        async def part() -> bytes:
            client = self._filesystem().service_client.get_blob_client(self._container, file.key)
            async with client:
                stream = await client.download_blob(
                    offset=start,
                    length=stop - start,
                    etag=file.version,
                    match_condition=MatchConditions.IfNotModified,
                    max_concurrency=1,
                    **ASKED,
                    raw_response_hook=_bounded(stop - start),
                )
                data: bytes = await stream.readall()
                return data

        return self._understood(part)

    def close(self) -> None:
        """Nothing is kept open that the client does not close itself."""

    async def _list(self) -> list[Listed]:
        client = self._filesystem().service_client.get_container_client(self._container)
        found: list[Listed] = []
        async with client:
            async for blob in client.list_blobs(name_starts_with=self._key or None, **ASKED):
                if len(found) > FILES:
                    break  # which is too many, whoever counts them
                key, size = str(blob.name), int(blob.size)
                name = below(key, self._key)
                folder = (blob.metadata or {}).get("hdi_isfolder") == "true" or (key.endswith("/") and not size)
                if name is not None and not folder:
                    found.append(Listed(name, size, key, version=str(blob.etag or "")))
        return found

    def _filesystem(self) -> Any:  # noqa: ANN401 - adlfs has no types
        with self._lock:
            if self._client is None:
                self._client = adlfs.AzureBlobFileSystem(
                    account_name=self._account or None,
                    anon=True if self._anonymous else None if _held() else False,
                    connection_timeout=CONNECT,
                    read_timeout=READ,
                    skip_instance_cache=True,
                    use_listings_cache=False,
                )
            return self._client

    def _understood(self, call: Callable[[], Coroutine[object, object, T]]) -> T:
        """What a call gives; without credentials it is made once more as anybody may."""
        try:
            return awaited(self._filesystem().loop, call())
        except ClientAuthenticationError as error:
            if self._anonymous or error.response is not None:
                raise self._trouble(error) from None
            with self._lock:
                self._anonymous, self._client = True, None
            return self._understood(call)
        except Exception as error:  # noqa: BLE001 - the client raises what its own clients raise
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> SourceError | Transient:
        """What the client's refusal means to the user."""
        if isinstance(error, SourceError):
            return SourceError(error.code, error.message, self.address)
        if isinstance(error, ResourceModifiedError):
            return SourceError(UNREADABLE, "the file changed while it was read", self.address)
        if isinstance(error, ResourceNotFoundError):
            return SourceError(MISSING, "no such account, container or blob", self.address)
        status = getattr(error, "status_code", None)
        if isinstance(error, ClientAuthenticationError) or status in {401, 403}:
            return SourceError(REFUSED, "the service does not allow it, or not with these credentials", self.address)
        if isinstance(error, HttpResponseError) and status is not None:
            return self._refusal(status)
        broken = (ServiceRequestError, ServiceResponseError, HttpResponseError, OSError, TimeoutError)
        if isinstance(error, broken) or "aiohttp" in type(error).__module__:
            return Transient(f"the connection broke ({type(error).__name__})")
        return SourceError(UNREADABLE, f"the answer is not understood ({type(error).__name__})", self.address)

    def _refusal(self, status: int) -> SourceError | Transient:
        """What a status means that is no success."""
        if 300 <= status < 400:
            return SourceError(REFUSED, "not followed: the service leads elsewhere", self.address)
        if status in BUSY or status >= 500:
            return Transient(f"the service answers {status}")
        return SourceError(UNREADABLE, f"the service answers {status}", self.address)


def _counted(_: object) -> None:
    """Count a request before it is made."""
    asking()


# Where a request leads is not followed, and who tries again is `Line`.
ASKED: Mapping[str, Any] = {"permit_redirects": False, "retry_total": 0, "raw_request_hook": _counted}


def _bounded(most: int) -> Callable[[Any], None]:
    """Refuse an answer before its body is read, all of which the client keeps, when it is longer than was asked."""

    def check(answer: Any) -> None:  # noqa: ANN401 - of whichever transport the client uses
        response = answer.http_response
        said = str(response.headers.get("Content-Length", ""))
        if response.status_code in {200, 206} and not (said.isascii() and said.isdigit() and int(said[:19]) <= most):
            raise SourceError(UNREADABLE, "the service sends more bytes than it was asked for", "")

    return check
