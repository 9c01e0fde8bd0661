"""Repositories of the Hugging Face Hub, or of a server with its API.

The hub's own client lists a repository and says which commit a revision is; bytes come from that commit by ranges, over
our own connections, so that the token goes to the hub alone and not to the storage that it leads to. The digest of a
large file is that of Git LFS; a small one is known by the digest of its Git blob.
"""

from __future__ import annotations

import os
import re
from threading import Lock
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from modelaudit.sources.address import without_secrets
from modelaudit.sources.errors import MISSING, REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote.http import Transport, origin_of, refusal
from modelaudit.sources.remote.ranges import Content
from modelaudit.sources.remote.service import BLOB, Listed, Transient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HUB = "https://huggingface.co"
KINDS = {"datasets": "dataset", "spaces": "space", "models": "model"}
PAGES = frozenset({"tree", "blob", "resolve", "raw"})  # what stands before the revision in the address of a page
REFERENCE = re.compile(r"refs/(?:pr|convert)/[^/]+")
TIMEOUT = 30.0  # seconds


class Place(NamedTuple):
    """Where an address leads."""

    kind: str  # model, dataset, space
    repo: str
    revision: str | None  # as the user says it
    path: str  # of a folder or a file in the repository; empty for all of it
    endpoint: str


def connect(address: str) -> Hub:
    """The repository, folder or file at an address; raises `SourceError`."""
    return Hub(place_of(address))


def place_of(address: str) -> Place:
    """An address taken apart: `hf://ORG/REPO[@REVISION][/PATH]`, or that of a page of the hub."""
    here = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    if address.lower().startswith("hf://"):
        kind, parts = _kind(address[5:].strip("/").split("/"))
        return _place(kind, parts, here or HUB, without_secrets(address))
    url = urlsplit(address)
    ours = bool(here) and url.hostname == urlsplit(here).hostname
    endpoint = here if ours else HUB
    path = url.path.strip("/").removeprefix(urlsplit(endpoint).path.strip("/")).strip("/")
    kind, parts = _kind([unquote(part) for part in path.split("/")])
    page = next((at for at in (1, 2) if len(parts) > at and parts[at] in PAGES), None)
    shown = without_secrets(address)
    if page is None:
        return _place(kind, parts, endpoint, shown)
    repo, rest = "/".join(parts[:page]), parts[page + 1 :]
    encoded = bool(rest) and "/" in rest[0]  # the address of a page has `refs%2Fpr%2F1`
    revision, below = (rest[0], "/".join(rest[1:])) if encoded else _revision("/".join(rest))
    return Place(kind, _checked(repo, shown), revision or None, below, endpoint)


def _kind(parts: list[str]) -> tuple[str, list[str]]:
    return (KINDS[parts[0]], parts[1:]) if parts[0] in KINDS and len(parts) > 1 else ("model", parts)


def _place(kind: str, parts: list[str], endpoint: str, shown: str) -> Place:
    """`[ORG/]REPO[@REVISION][/PATH]`. A name without an organisation is that of an old model, and has no path."""
    named = next((at for at, part in enumerate(parts[:2]) if "@" in part), min(len(parts), 2) - 1)
    name, sign, rest = "/".join(parts[named:]).partition("@")
    repo = "/".join([*parts[:named], name if sign else parts[named]])
    revision, below = _revision(rest) if sign else (None, "/".join(parts[named + 1 :]))
    return Place(kind, _checked(repo, shown), revision, below, endpoint)


def _revision(text: str) -> tuple[str, str]:
    """A revision and the path behind it."""
    found = REFERENCE.match(text)
    if found:
        return found[0], text[found.end() :].strip("/")
    revision, _, below = text.partition("/")
    return revision, below.strip("/")


def _checked(repo: str, shown: str) -> str:
    if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)?", repo, re.ASCII) or ".." in repo:
        raise SourceError(MISSING, "name a repository: hf://ORGANISATION/NAME", shown)
    return repo


class Hub:
    """A repository of the hub, at one commit."""

    def __init__(self, place: Place) -> None:
        self._place = place
        prefix = "" if place.kind == "model" else f"{place.kind}s/"
        said = f"@{place.revision}" if place.revision else ""
        self.address = f"hf://{prefix}{place.repo}{said}" + (f"/{place.path}" if place.path else "")
        self.repo: str | None = place.repo
        self.revision: str | None = None
        token = get_token()
        origin = origin_of(place.endpoint)
        self._token = token
        self._transport = Transport([origin.host], {origin: {"Authorization": f"Bearer {token}"}} if token else {})
        self._contents: dict[str, Content] = {}
        self._lock = Lock()

    def files(self) -> Iterable[Listed]:
        """Every file of the repository, or those at the path, as they are in the commit."""
        if constants.HF_HUB_OFFLINE:
            raise SourceError(UNREADABLE, "HF_HUB_OFFLINE forbids to ask the hub", self.address)
        place = self._place
        api = HfApi(endpoint=place.endpoint, token=self._token or False, library_name="modelaudit")
        try:
            found = api.repo_info(
                place.repo, revision=place.revision, repo_type=place.kind, files_metadata=True, timeout=TIMEOUT
            )
        except Exception as error:  # noqa: BLE001 - the client raises what its own client raises
            raise self._trouble(error) from None
        self.revision = found.sha
        return list(self._listed(found.siblings or ()))

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the file in the commit that was listed."""
        return self._content(file).read(start, stop)

    def close(self) -> None:
        """Close connections."""
        self._transport.close()
        for content in self._contents.values():
            content.close()

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

    def _content(self, file: Listed) -> Content:
        with self._lock:
            content = self._contents.get(file.key)
            if content is None:
                content = Content(
                    self._transport,
                    self._url(file),
                    f"{self.address}/{file.name}" if file.name else self.address,
                    size=file.size,
                    sha256=file.sha256,
                )
                self._contents[file.key] = content
            return content

    def _url(self, file: Listed) -> str:
        commit, _, name = file.key.partition("/")
        kind = "" if self._place.kind == "model" else f"{self._place.kind}s/"
        return f"{self._place.endpoint}/{kind}{self._place.repo}/resolve/{commit}/{quote(name)}"

    def _trouble(self, error: Exception) -> SourceError | Transient:
        """What the client's refusal means to the user."""
        if isinstance(error, GatedRepoError):
            said = "the repository is gated: accept its terms on its page, and set HF_TOKEN to a token of that account"
            return SourceError(REFUSED, said, self.address)
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
        if isinstance(error, OSError) or "timeout" in type(error).__name__.lower():
            return Transient("the hub does not answer")
        return SourceError(UNREADABLE, f"the hub's answer is not understood ({type(error).__name__})", self.address)
