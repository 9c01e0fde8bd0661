"""Repositories of the Hugging Face Hub, or of a server with its API.

The hub's own client lists a repository and says which commit a revision is; bytes come from that commit by ranges, over
our own connections, so that the token goes to the hub alone and not to the storage that it leads to. The digest of a
large file is that of Git LFS; a small one is known by the digest of its Git blob.
"""

from __future__ import annotations

from contextvars import ContextVar
from urllib.parse import quote, urljoin

from huggingface_hub import HfApi, constants, get_session, get_token
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from modelaudit.sources.errors import MISSING, REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote.http import MOVED, Refusal, Transport, origin_of, refusal
from modelaudit.sources.remote.hub import HOSTS, has_token, place_of, prefix_of
from modelaudit.sources.remote.ranges import Contents
from modelaudit.sources.remote.service import BLOB, Listed, Transient, endpoint
from modelaudit.sources.remote.trip import admit, asking
from modelaudit.sources.remote.waiting import left_alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from modelaudit.sources.remote.http import Origin
    from modelaudit.sources.remote.hub import Place

TIMEOUT = 30.0  # seconds
GATED = "the repository is gated: accept its terms on its page, and set HF_TOKEN to a token of that account"
OURS: ContextVar[Origin | None] = ContextVar("ours", default=None)  # where a request of ours may go

TRANSPORT = "TransportError"  # of httpx, which newer clients use: every failure to speak with a server


def connect(address: str) -> Hub:
    """The repository, folder or file at an address; raises `SourceError`."""
    return Hub(place_of(address))


class Hub:
    """A repository of the hub, at one commit."""

    def __init__(self, place: Place) -> None:
        self._place = place
        prefix = prefix_of(place.kind)
        said = f"@{place.revision}" if place.revision else ""
        self.address = f"hf://{prefix}{place.repo}{said}" + (f"/{place.path}" if place.path else "")
        self.repo: str | None = place.repo
        self.revision: str | None = None
        self.server = endpoint(place.endpoint)
        token = get_token() if has_token(place.endpoint) else None
        origin = origin_of(place.endpoint)
        self._token = token
        self._transport = Transport([origin.host], {origin: {"Authorization": f"Bearer {token}"}} if token else {})
        self._contents = Contents(self._transport)

    def files(self) -> Iterable[Listed]:
        """Every file of the repository, or those at the path, as they are in the commit."""
        if constants.HF_HUB_OFFLINE:
            raise SourceError(UNREADABLE, "HF_HUB_OFFLINE forbids to ask the hub", self.address)
        place = self._place
        try:
            found = left_alone(self._info)
        except SourceError as error:
            raise SourceError(error.code, error.message, self.address) from None
        except Exception as error:  # noqa: BLE001 - the client raises what its own client raises
            raise self._trouble(error) from None
        if found.id and found.id != place.repo:  # it has moved
            admit(f"hf://{prefix_of(place.kind)}{found.id}", self.address)
        self.revision = found.sha
        return list(self._listed(found.siblings or ()))

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the file in the commit that was listed."""
        shown = f"{self.address}/{file.name}" if file.name else self.address
        try:
            return self._contents.read(file, self._url(file), shown, start, stop)
        except Refusal as error:  # whoever may not read it may list it
            gated = error.headers.get("X-Error-Code") == "GatedRepo"
            raise SourceError(error.code, GATED, shown) if gated else error from None

    def _info(self) -> Any:  # noqa: ANN401 - what the client makes of the answer
        """What the hub's client is told of the repository, by the hub alone."""
        place = self._place
        api = HfApi(endpoint=place.endpoint, token=self._token or False, library_name="modelaudit")
        session: Any = get_session()
        hooks = getattr(session, "event_hooks", None)
        if hooks is None:  # that of `requests`, which knows answers alone
            hooks = session.hooks
            asking()
        for name, hook in (("request", _ask), ("response", _stay)):
            if name in hooks and hook not in hooks[name]:
                hooks[name].append(hook)
        before = OURS.set(origin_of(place.endpoint))
        try:
            return api.repo_info(
                place.repo, revision=place.revision, repo_type=place.kind, files_metadata=True, timeout=TIMEOUT
            )
        finally:
            OURS.reset(before)

    def close(self) -> None:
        """Close connections."""
        self._contents.close()

    def _listed(self, siblings: Iterable[object]) -> Iterator[Listed]:
        path = self._place.path
        for file in siblings:
            name = str(getattr(file, "rfilename", ""))
            if path and name != path and not name.startswith(f"{path}/"):
                continue
            lfs = getattr(file, "lfs", None)
            size = getattr(lfs, "size", None) if lfs else getattr(file, "size", None)
            digest = str(getattr(lfs, "sha256", None) or "").lower()
            blob = getattr(file, "blob_id", None)
            version = f"{BLOB}{blob}" if blob else str(self.revision)
            below = name[len(path) :].strip("/") if path else name
            yield Listed(below, size, f"{self.revision}/{name}", digest if len(digest) == 64 else "", version)

    def _url(self, file: Listed) -> str:
        commit, _, name = file.key.partition("/")
        return f"{self._place.endpoint}/{prefix_of(self._place.kind)}{self._place.repo}/resolve/{commit}/{quote(name)}"

    def _trouble(self, error: Exception) -> SourceError | Transient:
        """What the client's refusal means to the user."""
        if isinstance(error, GatedRepoError):
            return SourceError(REFUSED, GATED, self.address)
        if isinstance(error, RevisionNotFoundError):
            return SourceError(MISSING, f"the repository has no revision {self._place.revision}", self.address)
        if isinstance(error, RepositoryNotFoundError):
            hint = "" if self._token else "; a private one needs HF_TOKEN"
            return SourceError(MISSING, f"there is no such repository{hint}", self.address)
        if isinstance(error, HFValidationError):
            return SourceError(MISSING, "this is no name of a repository", self.address)
        if isinstance(error, OfflineModeIsEnabled):
            return SourceError(UNREADABLE, "the hub's client is set to work offline", self.address)
        if isinstance(error, HfHubHTTPError) and error.response is not None:
            return refusal(error.response.status_code, self.address, error.response.headers)
        if isinstance(error, OSError) or any(kind.__name__ == TRANSPORT for kind in type(error).__mro__):
            return Transient("the hub does not answer")
        return SourceError(UNREADABLE, f"the hub's answer is not understood ({type(error).__name__})", self.address)


def _ask(request: Any) -> None:  # noqa: ANN401 - of whichever library the client uses
    """Count a request, also one that the client makes of itself, before it goes to the hub, and to nobody else."""
    if OURS.get() is not None:
        _check(str(request.url))
        asking()


def _stay(response: Any, *_: object, **__: object) -> None:  # noqa: ANN401 - of whichever library the client uses
    """Refuse, before it is followed, a redirect to another server; requests that are not ours go on as they do."""
    leads = response.headers.get("location") if response.status_code in MOVED else None
    if leads:
        _check(urljoin(str(response.url), leads))


def _check(url: str) -> None:
    ours = OURS.get()
    if ours is None:
        return
    to = origin_of(url)
    if to != ours and not (to.scheme == "https" and to.port == 443 and {to.host, ours.host} <= HOSTS):
        raise SourceError(REFUSED, f"not followed: the hub leads to another server, {to.host}", "")
