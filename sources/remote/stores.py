"""Remotes of DVC: which storage one is, and its objects, each asked for by its name.

What a repository says of its remotes is somebody else's text. It chooses a bucket, or a server of the public net, and
nothing else: no credential, profile, proxy or certificate, and no other service than the one that the environment of
whoever scans names. To a remote that the user names himself this does not apply.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Lock
from urllib.parse import quote

from modelaudit.engine.servers import DFS
from modelaudit.sources.address import host_of, on_disk, scheme_of, without_secrets
from modelaudit.sources.errors import MISSING, REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote.http import Transport, target_of
from modelaudit.sources.remote.ranges import Content
from modelaudit.sources.remote.service import Listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from modelaudit.sources.remote.http import Exchange, Target

    class Store(Protocol):
        """Objects below an address."""

        address: str

        @property
        def server(self) -> str:
            """As that of a service."""

        def find(self, name: str) -> Listed:
            """The object of that name; `SourceError` when there is none."""

        def read(self, file: Listed, start: int, stop: int) -> bytes:
            """Bytes of an object as it was found."""

        def close(self) -> None:
            """Give connections back."""


# Schemes of remotes, and how the sources call the same storage.
CLOUDS = {"s3": "s3", "r2": "r2", "gs": "gs", "gcs": "gs", "azure": "az", "az": "az", "abfs": "abfs", "abfss": "abfss"}
WEB = frozenset({"http", "https"})
ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "gs": ("STORAGE_EMULATOR_HOST",),
}
ACCOUNT = "AZURE_STORAGE_ACCOUNT_NAME"
VERSIONED = ("version_aware", "worktree")
REFERENCE = "remote"  # a scheme whose host is the name of another remote
LEADS = 5  # remotes that lead to others


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote: `url` is the address of a storage, or a real path on this machine. `named` says that the user named it.

    It travels to other processes, where it is opened again.
    """

    url: str
    named: bool = False

    @property
    def on_disk(self) -> bool:
        """Whether it is a folder of this machine."""
        return not scheme_of(self.url)

    @property
    def shown(self) -> str:
        """The address without what stands for a password in it."""
        return without_secrets(self.url)

    def open(self) -> Store:
        """Its objects; raises `SourceError`, also for a client that is not installed."""
        if scheme_of(self.url) in WEB:
            return WebStore(self.url, named=self.named)
        from modelaudit.sources.remote.locations import connect

        found: Store = connect(self.url)  # type: ignore[assignment]  # all clouds find single objects
        return found


def named_remote(text: str) -> Remote:
    """The remote that the user wrote: an address, or a path on this machine; raises `SourceError`."""
    path = on_disk(text)
    if not scheme_of(path):
        return Remote(os.path.realpath(path), named=True)
    return Remote(_storage(path, without_secrets(path)), named=True)


def configured_remote(name: str, remotes: Mapping[str, Mapping[str, str]], folder: str, shown: str) -> Remote:
    """The remote of a name in a repository's settings, which stand in a folder; raises `SourceError`."""
    said = remotes[name]
    url = said.get("url", "")
    for _ in range(LEADS):
        if scheme_of(url) != REFERENCE:
            break
        other, _, below = url.partition("://")[2].partition("/")
        if other not in remotes:
            raise SourceError(MISSING, f"the remote {name} leads to {other}, which is none", shown)
        said = {**remotes[other], **{key: value for key, value in said.items() if key != "url"}}
        url = f"{remotes[other].get('url', '').rstrip('/')}/{below}"
    if any(said.get(key, "").lower() in {"true", "1", "yes", "on"} for key in VERSIONED):
        words = f"the remote {name} is kept by versions of the cloud ({', '.join(VERSIONED)}), which is not read"
        raise SourceError(UNREADABLE, words, shown)
    path = on_disk(url)
    if not scheme_of(path):
        return Remote(_folder(path, folder, name, shown))
    _check_endpoint(url, said, name, shown)
    return Remote(_account(_storage(_bare(url), shown), said, name, shown))


def _folder(path: str, folder: str, name: str, shown: str) -> str:
    if not path or "\0" in path or path.startswith(("\\\\", "//")):
        raise SourceError(UNREADABLE, f"the remote {name} has no address that is read", shown)
    return os.path.realpath(os.path.join(folder, path))


def _storage(url: str, shown: str) -> str:
    """The address as the sources write it; `SourceError` for a storage that none of them reads."""
    scheme, rest = scheme_of(url), url.partition("://")[2]
    if scheme in WEB and host_of(url):
        return f"{scheme}://{rest}"
    if scheme not in CLOUDS or not rest:
        known = ", ".join(("folders", *sorted(CLOUDS), *sorted(WEB)))
        words = f"remotes at {scheme}: are not read (read are {known}); `dvc fetch` brings the files to the cache"
        raise SourceError(UNREADABLE, words, shown)
    return f"{CLOUDS[scheme]}://{rest}"


def _bare(url: str) -> str:
    """An address without the user and what stands behind `?` and `#`, which are not the repository's to say."""
    scheme, _, rest = url.partition("://")
    rest = rest.partition("?")[0].partition("#")[0]
    place, slash, below = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2] if scheme.lower() in WEB else place}{slash}{below}"


def _check_endpoint(url: str, said: Mapping[str, str], name: str, shown: str) -> None:
    """Refuse a service that the environment does not name: requests to it carry the user's signature."""
    endpoint = said.get("endpointurl", "")
    variables = ENDPOINTS.get(CLOUDS.get(scheme_of(url), ""), ())
    if not endpoint or any(os.environ.get(variable, "").rstrip("/") == endpoint.rstrip("/") for variable in variables):
        return
    where = without_secrets(endpoint)
    how = f"set {variables[-1]}={where} to allow it" if variables else "it is not read"
    raise SourceError(REFUSED, f"the remote {name} is at {where}, which you did not name: {how}", shown)


def _account(url: str, said: Mapping[str, str], name: str, shown: str) -> str:
    """The address of a container with the account that the repository says, where the environment says another."""
    account = said.get("account_name", "")
    if scheme_of(url) != "az" or not account or account == os.environ.get(ACCOUNT, ""):
        return url
    container, _, key = url.partition("://")[2].partition("/")
    if "@" in container or not account.isascii() or not account.isalnum():
        raise SourceError(UNREADABLE, f"the remote {name} has no address that is read", shown)
    return f"abfs://{container}@{account}{DFS}/{key}"


class WebStore:
    """Files below an address of http or https, each asked for its head first."""

    server = ""  # its address says it

    def __init__(self, url: str, *, named: bool) -> None:
        target: Target = target_of(url)
        self.address = target.shown.rstrip("/")
        self._base = target.url.partition("?")[0].rstrip("/")
        hosts = [target.origin.host] if named else []
        self._transport = Transport(hosts, target.secrets if named else {})
        self._contents: dict[str, Content] = {}
        self._lock = Lock()

    def find(self, name: str) -> Listed:
        """The file of that name; `SourceError` when there is none."""
        shown = f"{self.address}/{name}"
        accept = frozenset({200, 405, 501})
        with self._transport.open(self._url(name), shown, method="HEAD", accept=accept) as exchange:
            size, version = exchange.length, _version(exchange)
            exchange.read(1)  # nothing comes behind a head, and the connection is free once that was found
            known = exchange.status == 200 and size is not None and not exchange.headers.get("Content-Encoding")
        if known:
            return Listed(name, size, name, version=version)
        content = self._content(Listed(name, None, name))
        content.begin()
        return Listed(name, content.size, name, version=content.version)

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of a file as it was found."""
        return self._content(file).read(start, stop)

    def close(self) -> None:
        """Close connections, forget what was spooled."""
        self._transport.close()
        for content in self._contents.values():
            content.close()

    def _content(self, file: Listed) -> Content:
        with self._lock:
            content = self._contents.get(file.key)
            if content is None:
                shown = f"{self.address}/{file.key}"
                content = Content(self._transport, self._url(file.key), shown, size=file.size, version=file.version)
                self._contents[file.key] = content
            return content

    def _url(self, name: str) -> str:
        return f"{self._base}/{quote(name)}"


def _version(exchange: Exchange) -> str:
    headers = exchange.headers
    return headers.get("ETag", "").strip() or headers.get("Last-Modified", "").strip()
