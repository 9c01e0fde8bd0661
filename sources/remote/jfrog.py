"""Files and folders of JFrog Artifactory, by its REST API ("Folder Info", "File Info", "File List").

An address is that of a file or folder below `…/artifactory/`, or the one that a browser shows for it. Tokens of the
environment belong to the server of `JFROG_URL`, as does who signs in there; without it, tokens belong to the one at
`*.jfrog.io` that the user names.
"""

from __future__ import annotations

import os
from urllib.parse import quote

from modelaudit.sources.errors import MISSING, REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote import artifactory
from modelaudit.sources.remote.artifactory import CLOUD, place_of, server_named
from modelaudit.sources.remote.hosts import loopback
from modelaudit.sources.remote.http import Transport, origin_of, plain, target_of
from modelaudit.sources.remote.ranges import Contents
from modelaudit.sources.remote.service import Listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from modelaudit.sources.remote.artifactory import Place
    from modelaudit.sources.remote.http import Document, Secrets, Target

LISTING = 64 * 1024 * 1024  # bytes of one listing
FOLDERS = 10_000  # that are asked for one by one where a server does not list them as a whole
NO_LIST = frozenset({200, 400, 404, 405, 501})  # what servers without the list say


def connect(address: str) -> Artifactory:
    """The file or folder at an address; raises `SourceError`."""
    target = target_of(address)
    server = server_named()
    place = place_of(target.url, server)
    if not place.path:
        raise SourceError(MISSING, "name a repository: …/artifactory/REPOSITORY/PATH", target.shown)
    return Artifactory(target, place, target.secrets or _secrets(target, server))


def names_of(address: str) -> tuple[str, ...]:
    """What a file or folder is called by its own address and by those of its pages; `SourceError` when it is none."""
    return artifactory.names_of(place_of(target_of(address).url, server_named()))


class Artifactory:
    """A file or a folder of an Artifactory server."""

    revision: str | None = None
    server = ""  # its address says it

    def __init__(self, target: Target, place: Place, secrets: Secrets) -> None:
        self.address = target.shown.rstrip("/")
        self.repo: str | None = place.path.partition("/")[0]
        self._place = place
        self._transport = Transport([target.origin.host], secrets)
        self._contents = Contents(self._transport)

    def files(self) -> Iterable[Listed]:
        """Everything below the address."""
        info = self._info(self._place.path)
        if "children" not in info:
            return [_file("", self._place.path, info)]
        listed = self._list()
        return list(self._walk(info)) if listed is None else listed

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of a file."""
        shown = f"{self.address}/{file.name}" if file.name else self.address
        return self._contents.read(file, f"{self._place.base}/{quote(file.key)}", shown, start, stop)

    def close(self) -> None:
        """Close connections, forget what was spooled."""
        self._contents.close()

    def _api(self, path: str) -> str:
        return f"{self._place.base}/api/storage/{quote(path)}"

    def _info(self, path: str) -> Mapping[str, object]:
        return _object(self._transport.fetch(self._api(path), self.address), self.address)

    def _list(self) -> list[Listed] | None:
        """All files below in one answer; None when the server does not give such a list."""
        url = f"{self._api(self._place.path)}?list&deep=1&listFolders=0"
        answer = self._transport.fetch(url, self.address, most=LISTING, accept=NO_LIST)
        if answer.status != 200:
            return None
        files = _object(answer, self.address).get("files")
        if not isinstance(files, list):
            raise SourceError(UNREADABLE, "the server's list has no files", self.address)
        found = []
        for entry in files:
            name = _name(entry)
            if name and not entry.get("folder"):
                found.append(_file(name, f"{self._place.path}/{name}", entry))
        return found

    def _walk(self, info: Mapping[str, object]) -> Iterator[Listed]:
        """The same, folder by folder."""
        folders = [("", info)]
        asked = 0
        while folders:
            below, info = folders.pop()
            children = info.get("children")
            for child in children if isinstance(children, list) else ():
                name = _name(child)
                if not name or "/" in name or name in {".", ".."}:
                    raise SourceError(UNREADABLE, "the server names what cannot be in a folder", self.address)
                asked += 1
                if asked > FOLDERS:
                    said = f"the server lists no folder as a whole, and more than {FOLDERS} files and folders are here"
                    raise SourceError(UNREADABLE, said, self.address)
                name = f"{below}{name}"
                path = f"{self._place.path}/{name}"
                about = self._info(path)
                if "children" in about:
                    folders.append((f"{name}/", about))
                else:
                    yield _file(name, path, about)


def _secrets(target: Target, server: str) -> Secrets:
    """The tokens of the environment, else who signs in by `JFROG_URL`, when they belong to the server of an address."""
    headers: Mapping[str, str] = {}
    if token := os.environ.get("JFROG_ACCESS_TOKEN"):
        headers = {"Authorization": f"Bearer {token}"}
    elif key := os.environ.get("JFROG_API_TOKEN"):
        headers = {"X-JFrog-Art-Api": key}
    elif server:
        headers = target_of(server).headers
    owns = origin_of(server) == target.origin if server else target.origin.host.endswith(CLOUD)
    if not headers or not owns:
        return {}
    if (
        target.origin.scheme != "https"
        and not server.lower().startswith("http://")
        and not loopback(target.origin.host)
    ):
        raise SourceError(REFUSED, "a token is not sent without encryption", target.shown)
    return {target.origin: headers}


def _object(answer: Document, shown: str) -> Mapping[str, object]:
    value = plain(answer.data, shown)
    if not isinstance(value, dict):
        raise SourceError(UNREADABLE, "the server's answer is not that of Artifactory", shown)
    return value


def _name(entry: object) -> str:
    """A listed path without the slash before it."""
    uri = entry.get("uri") if isinstance(entry, dict) else None
    return uri.removeprefix("/") if isinstance(uri, str) else ""


def _file(name: str, path: str, about: Mapping[str, object]) -> Listed:
    """A file by what the server says of it: "File Info" has the checksums in an object, "File List" beside the size."""
    sums = about.get("checksums")
    sums = sums if isinstance(sums, dict) else {"sha1": about.get("sha1"), "sha256": about.get("sha2")}
    sha256, sha1 = str(sums.get("sha256") or "").lower(), str(sums.get("sha1") or "")
    size = str(about.get("size", ""))
    return Listed(
        name,
        int(size) if size.isascii() and size.isdigit() and len(size) < 19 else None,
        path,
        sha256=sha256 if len(sha256) == 64 and not sha256.strip("0123456789abcdef") else "",
        version=sha1 or str(about.get("lastModified") or ""),
    )
