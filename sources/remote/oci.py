"""Models in OCI registries: the blobs that a manifest lists, by ranges.

Manifests and indexes are those of the OCI image specification and docker's second schema. A blob is named by its
annotation, else by the media type that ModelPack, KitOps, Ollama or Docker give it, else as in an OCI layout.
"""

from __future__ import annotations

import hashlib
import re
from threading import Lock
from typing import NamedTuple

from modelaudit.engine.servers import DOCKER, DOCKER_REGISTRY, DOCKER_TOO
from modelaudit.sources.address import without_secrets
from modelaudit.sources.errors import MISSING, UNREADABLE, SourceError
from modelaudit.sources.remote.docker import Login, insecure, login
from modelaudit.sources.remote.hosts import loopback
from modelaudit.sources.remote.http import origin_of, plain, target_of
from modelaudit.sources.remote.registry import Registry
from modelaudit.sources.remote.service import Listed
from modelaudit.sources.remote.trip import spared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelaudit.sources.remote.ranges import Content

ADDRESS = re.compile(
    r"(?i:oci)://(?P<host>[^/]+)/(?P<path>[A-Za-z0-9._/-]+?)(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9:]+))?/?",
    re.ASCII,
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
HUBS = DOCKER_TOO | {DOCKER}
MANIFESTS = 200  # of one index, with those below it
DESCRIBED = 64 * 1024 * 1024  # bytes of all manifests
DEPTH = 3
BLOBS = 100_000
TITLES = ("org.opencontainers.image.title", "org.cncf.model.filepath", "org.cnai.model.filepath")
UNPACKED = "io.deis.oras.content.unpack"  # the title is that of a folder, the blob an archive of it
KIND = re.compile(
    r"application/vnd\.(?:ollama\.image|kitops\.modelkit|cncf\.model|cnai\.model|docker\.ai)\.(?P<name>[a-z][a-z0-9._-]*?)"
    r"(?:\.v\d+(?:\.\d+)?)?(?:\.(?P<form>raw|tar|gguf|safetensors))?(?:\+(?P<packed>gzip|zstd|json))?"
)
ENDINGS = {"gzip": ".gz", "zstd": ".zst", "json": ".json"}
ELSEWHERE = ("nondistributable", "foreign")  # in the media types of layers that registries do not keep


class Reference(NamedTuple):
    """An address taken apart."""

    base: str  # of the registry, with http or https
    repository: str
    name: str  # a tag, or a digest


class Blob(NamedTuple):
    """What a manifest says of something in the registry."""

    digest: str
    size: int
    kind: str
    notes: Mapping[str, object]
    link: str

    @property
    def hex(self) -> str:
        """The digest without the name of its algorithm."""
        return self.digest.partition(":")[2]

    @property
    def sha256(self) -> str:
        """The digest, where it is that of a listing."""
        return self.hex if self.digest.startswith("sha256:") else ""


def connect(address: str) -> Oci:
    """The artifact or image at an address; raises `SourceError`."""
    shown = without_secrets(address)
    found = ADDRESS.fullmatch(address)
    parts = found["path"].split("/") if found else [""]
    if found is None or not all(parts) or not {".", ".."}.isdisjoint(parts):
        raise SourceError(MISSING, "this is no address of the form oci://HOST/REPOSITORY:TAG", shown)
    if found["digest"] and not DIGEST.fullmatch(found["digest"]):
        raise SourceError(MISSING, "the digest in the address is not of the form sha256:…", shown)
    named = target_of(f"https://{found['host']}")
    host = found["host"].rpartition("@")[2].lower()
    if host in HUBS:
        host, parts = DOCKER_REGISTRY, parts if len(parts) > 1 else ["library", *parts]
    clear = loopback(named.origin.host) or insecure(host)
    base = f"{'http' if clear else 'https'}://{host}"
    reference = Reference(base, "/".join(parts), found["digest"] or found["tag"] or "latest")
    return Oci(shown.rstrip("/"), reference, _login(found["host"]) or login(host))


class Oci:
    """An artifact in a registry."""

    revision: str | None = None
    server = ""  # its address says it

    def __init__(self, shown: str, reference: Reference, credentials: Login) -> None:
        self.address = shown
        self.repo: str | None = f"{origin_of(reference.base).host}/{reference.repository}"
        self._reference = reference
        self._registry = Registry(reference.base, reference.repository, shown, credentials)
        self._documents: dict[str, bytes] = {}  # manifests by digest
        self._bytes = 0  # of all these
        self._contents: dict[str, Content] = {}
        self._lock = Lock()

    def files(self) -> Iterable[Listed]:
        """Every blob of the artifact, of all its manifests, and the manifests."""
        found: dict[str, Listed] = {}
        self._collect(self._reference.name, "", found, 0)
        return list(found.values())

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of a blob or a manifest."""
        if file.version == "manifest":
            spared()
            return self._document(file.key)[start:stop]
        with self._lock:
            content = self._contents.get(file.key)
            if content is None:
                shown = f"{self.address}/{file.name}"
                content = self._registry.content(file.key, file.size or 0, file.sha256, shown)
                self._contents[file.key] = content
        return content.read(start, stop)

    def close(self) -> None:
        """Close connections, forget what was spooled."""
        self._registry.close()
        for content in self._contents.values():
            content.close()

    def _document(self, reference: str) -> bytes:
        """A manifest or an index that is what its digest says."""
        data = self._documents.get(reference)
        if data is not None:
            return data
        answer = self._registry.manifest(reference)
        self._bytes += len(answer.data)
        if self._bytes > DESCRIBED:
            raise self._wrong(f"its manifests have more than {DESCRIBED} bytes")
        said = answer.headers.get("Docker-Content-Digest", "").strip()
        for digest in (reference, said):
            if DIGEST.fullmatch(digest) and _digest(answer.data, digest) != digest:
                raise SourceError(UNREADABLE, f"the manifest is not the one with the digest {digest}", self.address)
        self._documents[_digest(answer.data)] = self._documents[reference] = answer.data
        if self.revision is None:
            self.revision = reference if DIGEST.fullmatch(reference) else _digest(answer.data)
        return answer.data

    def _collect(self, reference: str, below: str, found: dict[str, Listed], depth: int) -> None:
        """List what a manifest describes, and what those in an index describe."""
        data = self._document(reference)
        document = plain(data, self.address)
        if not isinstance(document, dict):
            raise self._wrong("it is no object")
        listed = document.get("manifests")
        if isinstance(listed, list):
            self._descend(listed, below, found, depth)
        elif isinstance(document.get("layers"), list):
            self._blobs(document, below, found)
        else:
            raise self._wrong("it has neither layers nor manifests")
        digest = reference if DIGEST.fullmatch(reference) else _digest(data)
        name = _free(f"{below}{'manifest' if listed is None else 'index'}.json", digest, found)
        found[name] = Listed(name, len(data), digest, sha256=_digest(data)[7:], version="manifest")

    def _descend(self, listed: list[object], below: str, found: dict[str, Listed], depth: int) -> None:
        if depth >= DEPTH:
            raise self._wrong(f"indexes are nested more than {DEPTH} deep")
        for entry in listed:
            if len(self._documents) > 2 * MANIFESTS:
                raise self._wrong(f"it lists more than {MANIFESTS} manifests")
            blob = self._blob(entry)
            folder = _platform(entry) or blob.hex[:12]
            taken = any(name.startswith(f"{below}{folder}/") for name in found)
            inner = "" if len(listed) == 1 else f"{blob.hex[:12] if taken else folder}/"
            self._collect(blob.digest, f"{below}{inner}", found, depth + 1)

    def _blobs(self, document: dict[str, object], below: str, found: dict[str, Listed]) -> None:
        config, layers = document.get("config"), document["layers"]
        described = [*([config] if config else []), *(layers if isinstance(layers, list) else [])]
        for entry in described:
            blob = self._blob(entry)
            name = _free(below + _name(blob, config=entry is config), blob.digest, found)
            found[name] = Listed(name, blob.size, blob.digest, blob.sha256, blob.digest, blob.link)
            if len(found) > BLOBS:
                raise self._wrong(f"it lists more than {BLOBS} blobs")

    def _blob(self, entry: object) -> Blob:
        values = entry if isinstance(entry, dict) else {}
        digest, size, kind, notes = (values.get(key) for key in ("digest", "size", "mediaType", "annotations"))
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest) or type(size) is not int or size < 0:
            raise self._wrong("it describes a blob without a digest or a size")
        urls = values.get("urls")
        url = urls[0] if isinstance(urls, list) and urls and isinstance(urls[0], str) else ""
        kind = kind if isinstance(kind, str) else ""
        link = url if any(word in kind for word in ELSEWHERE) else ""
        return Blob(digest, size, kind, notes if isinstance(notes, dict) else {}, link)

    def _wrong(self, words: str) -> SourceError:
        return SourceError(UNREADABLE, f"the manifest cannot be followed: {words}", self.address)


def _login(host: str) -> Login:
    """Credentials in the address."""
    user, found, _ = host.rpartition("@")
    name, _, password = user.partition(":")
    return Login(name, password) if found else Login()


def _digest(data: bytes, like: str = "sha256:") -> str:
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def _platform(entry: object) -> str:
    """The name of a platform that is known, such as `linux-arm64-v8`."""
    platform = entry.get("platform") if isinstance(entry, dict) else None
    values = [platform.get(key) for key in ("os", "architecture", "variant")] if isinstance(platform, dict) else []
    parts = [value for value in values if isinstance(value, str) and re.fullmatch(r"\w[\w.]{0,30}", value, re.ASCII)]
    return "" if len(parts) < 2 or "unknown" in parts else "-".join(parts)


def _name(blob: Blob, *, config: bool) -> str:
    """The path of a blob: as it is titled, by its kind, or as in an OCI layout; a model's `config.json` is another."""
    kind = None if config else KIND.fullmatch(blob.kind)
    ending = _ending(kind) if kind else ""
    title = next((text for key in TITLES if isinstance(text := blob.notes.get(key), str) and text.strip("./")), "")
    if title:
        if blob.notes.get(UNPACKED) == "true":
            ending = ".tar.gz" if blob.kind.endswith("gzip") else ".tar"
        title = title.removeprefix("./").rstrip("/")
        return title if title.endswith(ending) or not ending.startswith(".tar") else f"{title}{ending}"
    return f"{kind['name']}{ending}" if kind else f"blobs/{blob.digest.replace(':', '/')}"


def _ending(kind: re.Match[str]) -> str:
    form = kind["form"] or ""
    return f".{form}" * (form not in {"", "raw"}) + ENDINGS.get(kind["packed"] or "", "")


def _free(name: str, digest: str, found: Mapping[str, Listed]) -> str:
    """A name that nothing else has; the same content needs no second one."""
    if name not in found or found[name].key == digest:
        return name
    folder, _, last = name.rpartition("/")
    return f"{folder}{'/' * bool(folder)}{digest.partition(':')[2][:12]}/{last}"
