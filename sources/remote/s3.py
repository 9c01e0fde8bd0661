"""Objects of Amazon S3 and of services with its API, among them Cloudflare R2, by the client of s3fs.

Credentials are found as every AWS client finds them (variables, profiles, roles); without any a bucket is asked as
anybody may. `AWS_ENDPOINT_URL` names another service. `r2://` never speaks to AWS: its endpoint is that variable or
the account of `R2_ACCOUNT_ID`. An object is read as the ETag that was listed, or not at all.
"""

from __future__ import annotations

import os
import re
from threading import Lock
from urllib.parse import unquote

import s3fs
from aiobotocore.httpsession import AIOHTTPSession
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - the client's own
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)

from modelaudit.sources.address import host_of
from modelaudit.sources.errors import MISSING, REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote.buckets import bucket_of
from modelaudit.sources.remote.names import below
from modelaudit.sources.remote.service import Listed, Transient, endpoint
from modelaudit.sources.remote.trip import asking
from modelaudit.sources.remote.waiting import awaited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
    from typing import Any, TypeVar

    T = TypeVar("T")

CONNECT, READ = 10, 30  # seconds
R2 = "https://{}.r2.cloudflarestorage.com"
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
AMAZON = (".amazonaws.com", ".amazonaws.com.cn")
AWS = re.compile(r"https://[a-z0-9.-]+\.amazonaws\.com", re.ASCII)
REGION = "x-amz-bucket-region"
LED = "not followed: the service leads elsewhere"
CHANGED = frozenset({"PreconditionFailed", "412"})
GONE = frozenset({"NoSuchKey", "NoSuchBucket", "404", "NotFound", "NoSuchVersion"})
FORBIDDEN = frozenset({"AccessDenied", "403", "Forbidden", "AllAccessDisabled", "AccountProblem"})
UNKNOWN = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "401"})
BUSY = frozenset({"SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "InternalError", "503", "500"})


def connect(address: str) -> Bucket:
    """The object, or everything below the prefix, at an address; raises `SourceError`."""
    scheme, bucket, key = bucket_of(address)
    endpoint = next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), None)
    if scheme.lower() == "r2" and endpoint is None:
        account = os.environ.get("R2_ACCOUNT_ID", "")
        if not account.isalnum():
            said = "set R2_ACCOUNT_ID to the account, or AWS_ENDPOINT_URL to its endpoint"
            raise SourceError(MISSING, said, address)
        endpoint = R2.format(account)
    if scheme.lower() == "r2" and host_of(str(endpoint)).rstrip(".").endswith(AMAZON):
        said = "the endpoint is one of AWS: set R2_ACCOUNT_ID or AWS_ENDPOINT_URL to that of Cloudflare"
        raise SourceError(REFUSED, said, address)
    return Bucket(scheme.lower(), bucket, unquote(key) if "%" in key else key, endpoint)


class Bucket:
    """Objects of one bucket. `address` ends where names of files begin."""

    repo: str | None = None
    revision: str | None = None

    def __init__(self, scheme: str, bucket: str, key: str, endpoint: str | None) -> None:
        self.address = f"{scheme}://{bucket}" + (f"/{key.rstrip('/')}" if key else "")
        self._bucket = bucket
        self._key = key
        self._endpoint = endpoint
        self._region = "auto" if scheme == "r2" else None
        self._client: Any = None
        self._anonymous = False
        self._lock = Lock()

    def files(self) -> Iterable[Listed]:
        """The object of that key, or those below it."""
        more: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=self._key, **more)
            yield from self._listed(page.get("Contents") or ())
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    @property
    def server(self) -> str:
        """The endpoint that is asked; empty for AWS, where a bucket has one name in all regions of a partition."""
        client = self._filesystem()._s3  # noqa: SLF001 - its settings may name the endpoint as well
        asked = str(self._endpoint or "") if client is None else str(client.meta.endpoint_url)
        return AWS.sub("", endpoint(asked))

    def find(self, name: str) -> Listed:
        """The object of that name below the key; `SourceError` when there is none."""
        key = f"{self._key.rstrip('/')}/{name}" if self._key else name
        head = self._call("head_object", Key=key)
        return Listed(name, int(head["ContentLength"]), key, version=str(head.get("ETag") or ""))

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the object that was listed."""
        pinned = {"IfMatch": file.version} if file.version else {}

        async def part() -> bytes:
            answer = await self._ask("get_object", Key=file.key, Range=f"bytes={start}-{stop - 1}", **pinned)
            body = answer["Body"]
            try:
                return await _all_of(body, stop - start + 1)
            finally:
                body.close()

        return self._understood(part)

    def close(self) -> None:
        """Nothing is kept open that the client does not close itself."""

    def _listed(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Listed]:
        for row in rows:
            key, size = str(row["Key"]), int(row["Size"])
            name = below(key, self._key)
            if name is not None and (size or not key.endswith("/")):  # an empty one is how consoles draw a folder
                yield Listed(name, size, key, version=str(row.get("ETag") or ""))

    def _call(self, method: str, **given: str) -> Any:  # noqa: ANN401 - what the service answers
        return self._understood(lambda: self._ask(method, **given))

    async def _ask(self, method: str, **given: str) -> Any:  # noqa: ANN401 - what the service answers
        return await self._filesystem()._call_s3(method, Bucket=self._bucket, **given)  # noqa: SLF001 - it can be cancelled

    def _filesystem(self) -> Any:  # noqa: ANN401 - s3fs has no types
        with self._lock:
            if self._client is None:
                self._client = s3fs.S3FileSystem(
                    anon=self._anonymous,
                    endpoint_url=self._endpoint,
                    client_kwargs={"region_name": self._region} if self._region else {},
                    config_kwargs={
                        "connect_timeout": CONNECT,
                        "read_timeout": READ,
                        "retries": {"total_max_attempts": 1},
                        "http_session_cls": Unled,
                    },
                    skip_instance_cache=True,
                )
                self._client.retries = 1  # who waits and tries again is `Line`
            return self._client

    def _understood(self, call: Callable[[], Coroutine[object, object, T]]) -> T:
        """What a call gives; without credentials it is made once more as anybody may."""
        asking()
        try:
            return awaited(self._filesystem().loop, call())
        except Exception as error:  # noqa: BLE001 - the client raises what its own clients raise
            cause = _cause(error)
            if isinstance(cause, (NoCredentialsError, PartialCredentialsError)) and not self._anonymous:
                with self._lock:
                    self._anonymous, self._client = True, None
                return self._understood(call)
            raise self._trouble(cause) from None

    def _trouble(self, error: BaseException) -> SourceError | Transient:
        if isinstance(error, ClientError):
            return self._refusal(error)
        if isinstance(error, TokenRetrievalError):
            return SourceError(REFUSED, "the sign-in has expired: sign in again", self.address)
        if isinstance(error, HTTPClientError) and isinstance(error.kwargs.get("error"), SourceError):
            return SourceError(REFUSED, LED, self.address)
        if isinstance(error, (ConnectionError, HTTPClientError)):
            return Transient(f"the service does not answer ({type(error).__name__})")
        if isinstance(error, BotoCoreError):
            return SourceError(UNREADABLE, f"the client refuses ({type(error).__name__})", self.address)
        if isinstance(error, OSError) or "aiohttp" in type(error).__module__:
            return Transient(f"the connection broke ({type(error).__name__})")
        return SourceError(UNREADABLE, f"the answer is not understood ({type(error).__name__})", self.address)

    def _refusal(self, error: ClientError) -> SourceError | Transient:
        """What the service's own code means to the user."""
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in CHANGED:
            return SourceError(UNREADABLE, "the file changed while it was read", self.address)
        if code in GONE:
            return SourceError(MISSING, "no such bucket or object", self.address)
        if code in FORBIDDEN:
            hint = "; there are no credentials" if self._anonymous else ""
            return SourceError(REFUSED, f"the service does not allow it{hint}", self.address)
        if code in UNKNOWN:
            return SourceError(REFUSED, f"the credentials are not taken ({code})", self.address)
        if 300 <= status < 400:
            return SourceError(REFUSED, LED, self.address)
        if code in BUSY or status >= 500 or status == 429:
            return Transient(f"the service answers {code or status}")
        return SourceError(UNREADABLE, f"the service answers {code or status}", self.address)


class Unled(AIOHTTPSession):  # type: ignore[misc]  # it has no types
    """Connections that follow no redirect: it would carry the session's token along."""

    async def _get_session(self, proxy_url: str | None) -> Here:
        return Here(await super()._get_session(proxy_url))


class Here:
    """A client of HTTP that stays where it is sent."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - it has no types
        self._session = session

    async def request(self, *given: object, **named: object) -> Any:  # noqa: ANN401 - what the client gives
        """What the address itself answers; the client knows what to do when that is the region of a bucket."""
        answer = await self._session.request(*given, **{**named, "allow_redirects": False})
        if 300 <= answer.status < 400 and "Location" in answer.headers and REGION not in answer.headers:
            answer.close()
            raise SourceError(REFUSED, LED, "")
        return answer


async def _all_of(body: Any, most: int) -> bytes:  # noqa: ANN401 - it has no types
    """At most so many bytes of a body, which gives what has come at each call."""
    parts = []
    while most > 0 and (piece := await body.read(most)):
        parts.append(piece)
        most -= len(piece)
    return b"".join(parts)


def _cause(error: BaseException) -> BaseException:
    """The client's error behind the one that the file system makes of it."""
    cause = error.__cause__
    return cause if isinstance(cause, (ClientError, BotoCoreError)) else error
