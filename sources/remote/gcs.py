"""Objects of Google Cloud Storage, by the client of gcsfs.

Credentials are the application default ones; without any a bucket is asked as anybody may. `STORAGE_EMULATOR_HOST`
names another server. An object is read in the generation that was listed, or not at all.
"""

from __future__ import annotations

from threading import Lock
from urllib.parse import unquote

import gcsfs
from gcsfs.retry import validate_response
from google.auth.exceptions import TransportError

from modelaudit.sources.errors import MISSING, REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote.buckets import bucket_of
from modelaudit.sources.remote.http import DOCUMENT, plain
from modelaudit.sources.remote.names import below
from modelaudit.sources.remote.service import Listed, Transient, endpoint
from modelaudit.sources.remote.trip import asking
from modelaudit.sources.remote.waiting import awaited, left_alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

TIMEOUT = 30  # seconds
NOTHING: Mapping[str, str] = {}
ERROR = 64 * 1024  # bytes of an answer that says what is wrong
FIELDS = "items(name,size,generation),nextPageToken"
BUSY = frozenset({408, 429})


def connect(address: str) -> Bucket:
    """The object, or everything below the prefix, at an address; raises `SourceError`."""
    _, bucket, key = bucket_of(address)
    return Bucket(bucket, unquote(key) if "%" in key else key)


class Bucket:
    """Objects of one bucket."""

    repo: str | None = None
    revision: str | None = None

    def __init__(self, bucket: str, key: str) -> None:
        self.address = f"gs://{bucket}" + (f"/{key.rstrip('/')}" if key else "")
        self._bucket = bucket
        self._key = key
        self._client: Any = None
        self._lock = Lock()

    def files(self) -> Iterable[Listed]:
        """The object of that key, or those below it."""
        token: str | None = ""
        while token is not None:
            page = self._page(token)
            yield from self._listed(page.get("items") or ())
            token = page.get("nextPageToken") or None

    @property
    def server(self) -> str:
        """The endpoint that is asked."""
        return endpoint(self._filesystem().base)

    def find(self, name: str) -> Listed:
        """The object of that name below the key; `SourceError` when there is none."""
        key = f"{self._key.rstrip('/')}/{name}" if self._key else name

        said = self._said("b/{}/o/{}", self._bucket, key, fields="size,generation")
        return Listed(name, int(said["size"]), key, version=str(said["generation"]))

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the object in the generation that was listed."""
        asked = {"Range": f"bytes={start}-{stop - 1}"}
        given = {"alt": "media", "generation": file.version}
        return self._understood("b/{}/o/{}", self._bucket, file.key, most=stop - start + 1, given=given, headers=asked)

    def close(self) -> None:
        """Nothing is kept open that the client does not close itself."""

    def _page(self, token: str) -> Any:  # noqa: ANN401 - what the service answers
        given = {"prefix": self._key, "fields": FIELDS, **({"pageToken": token} if token else {})}
        return self._said("b/{}/o", self._bucket, **given)

    def _listed(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Listed]:
        for row in rows:
            key, size, generation = str(row["name"]), int(row["size"]), str(row["generation"])
            name = below(key, self._key)
            if name is not None and (size or not key.endswith("/")):  # an empty one is how consoles draw a folder
                yield Listed(name, size, key, version=generation)

    def _filesystem(self) -> Any:  # noqa: ANN401 - gcsfs has no types
        with self._lock:
            if self._client is None:
                self._client = left_alone(_client)  # it looks for a machine that knows credentials
            return self._client

    def _said(self, path: str, *names: str, **given: str) -> Any:  # noqa: ANN401 - what the service answers
        """A document that the service answers with."""
        data = self._understood(path, *names, most=DOCUMENT + 1, given=given)
        if len(data) > DOCUMENT:
            raise SourceError(UNREADABLE, f"the service's answer is larger than {DOCUMENT} bytes", self.address)
        return plain(data, self.address)

    def _understood(
        self, path: str, *names: str, most: int, given: Mapping[str, str], headers: Mapping[str, str] = NOTHING
    ) -> bytes:
        """What the service answers to GET, at most so many bytes of it."""
        asking()
        try:
            client = self._filesystem()
            return awaited(client.loop, _answer(client, path, names, dict(headers), dict(given), most))
        except SourceError as error:
            raise SourceError(error.code, error.message, self.address) from None
        except Exception as error:  # noqa: BLE001 - the client raises what its own clients raise
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> SourceError | Transient:
        """What the client's refusal means to the user; it has no errors of its own for most of them."""
        code = getattr(error, "code", None)
        if isinstance(error, FileNotFoundError):
            return SourceError(MISSING, "no such bucket, object or generation", self.address)
        if code in {401, 403} or str(error).startswith("Forbidden"):
            said = "the service does not allow it: sign in (`gcloud auth application-default login`) or ask its owner"
            return SourceError(REFUSED, said, self.address)
        if code is not None and (code in BUSY or code >= 500):
            return Transient(f"the service answers {code}")
        if code is not None:
            return SourceError(UNREADABLE, f"the service answers {code}", self.address)
        if isinstance(error, (OSError, TimeoutError, TransportError)) or "aiohttp" in type(error).__module__:
            return Transient(f"the service does not answer ({type(error).__name__})")
        return SourceError(UNREADABLE, f"the answer is not understood ({type(error).__name__})", self.address)


async def _answer(
    client: Any,  # noqa: ANN401 - gcsfs has no types
    path: str,
    names: tuple[str, ...],
    headers: dict[str, str],
    given: dict[str, str],
    most: int,
) -> bytes:
    """At most so many bytes of an answer. The client itself would read all of it, and follow where it leads."""
    await client._set_session()  # noqa: SLF001 - nothing else of it reads a part
    url = client._format_path(path, names)  # noqa: SLF001
    asked = {"params": client._get_params(given), "headers": client._get_headers(headers)}  # noqa: SLF001
    async with client.session.get(url, timeout=client.requests_timeout, allow_redirects=False, **asked) as answer:
        if 300 <= answer.status < 400:
            raise SourceError(REFUSED, "not followed: the service leads elsewhere", "")
        if answer.status >= 400:
            validate_response(answer.status, await _most_of(answer, ERROR), path, names)
        return await _most_of(answer, most)


async def _most_of(answer: Any, most: int) -> bytes:  # noqa: ANN401 - it has no types
    parts = []
    while most > 0 and (piece := await answer.content.read(most)):
        parts.append(piece)
        most -= len(piece)
    return b"".join(parts)


def _client() -> Any:  # noqa: ANN401 - gcsfs has no types
    return gcsfs.GCSFileSystem(
        access="read_only", requests_timeout=TIMEOUT, skip_instance_cache=True, use_listings_cache=False
    )
