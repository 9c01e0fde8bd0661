"""Requests to one repository of an OCI registry, by the distribution specification and docker's token protocol.

A registry answers a request with the address of a service that gives tokens. Credentials are shown to it only when it
stands at the registry's own host, below or above it, or is known as that registry's; any other one is asked for the
token of a stranger. Tokens are for reading this repository, whatever the registry would like them to be for.
"""

from __future__ import annotations

import re
from threading import Lock
from urllib.parse import parse_qsl, urlencode

from modelaudit.engine.servers import DOCKER_REGISTRY
from modelaudit.sources.errors import REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote.hosts import bare
from modelaudit.sources.remote.http import Origin, Transport, basic, origin_of, refusal, target_of
from modelaudit.sources.remote.ranges import Content
from modelaudit.sources.remote.trip import admit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelaudit.sources.remote.docker import Login
    from modelaudit.sources.remote.http import Document, Exchange, Secrets

MANIFEST = 4 * 1024 * 1024  # bytes of one, by the specification
TOKEN = 64 * 1024
TOKEN_HOSTS = {DOCKER_REGISTRY: "auth.docker.io"}
CLIENT = "modelaudit"
OURS = frozenset({"service", "scope"})  # what is asked for is ours to say
ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
PARAMETER = re.compile(r'\b(\w++)="([^"]*)"')
PRINTED = re.compile(r"[!-~]+")


class Registry:
    """A repository. `base` is the address of the registry, `shown` what messages say."""

    def __init__(self, base: str, repository: str, shown: str, login: Login) -> None:
        self._origin = origin_of(base)
        self._base = f"{base}/v2/{repository}"
        self._repository = repository
        self._shown = shown
        self._login = login
        self._transport = Transport([self._origin.host])
        self._bound: Secrets = {}
        self._kept_back = ""  # a token service that was not shown the credentials
        self._lock = Lock()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def manifest(self, reference: str) -> Document:
        """The manifest or index under a tag or digest."""
        url = f"{self._base}/manifests/{reference}"
        asked = {"Accept": ACCEPT}
        bound = self._bound
        answer = self._transport.fetch(url, self._shown, most=MANIFEST, headers=asked, bound=bound, accept={200, 401})
        if answer.status == 200:
            return answer
        bound = self.sign_in(answer)
        try:
            return self._transport.fetch(url, self._shown, most=MANIFEST, headers=asked, bound=bound)
        except SourceError as error:
            raise self._explained(error) from None

    def content(self, digest: str, size: int, sha256: str, shown: str) -> Content:
        """The blob with a digest."""
        url = f"{self._base}/blobs/{digest}"
        return Content(
            self._transport, url, shown, size=size, sha256=sha256, bound=self._bound, challenged=self.sign_in
        )

    def sign_in(self, answer: Document | Exchange) -> Secrets:
        """The headers by which a registry lets somebody in whom it has answered with 401."""
        if answer.origin != self._origin:
            raise refusal(401, self._shown)  # a storage has nothing to ask us for
        challenge = answer.headers.get("WWW-Authenticate", "")
        kind = challenge.partition(" ")[0].lower()
        with self._lock:
            if kind == "basic" and self._login.password:
                headers = basic(self._login.user, self._login.password)
            elif "bearer" in challenge.lower():
                headers = {"Authorization": f"Bearer {self._login.bearer or self._token(challenge)}"}
            else:
                raise self._explained(refusal(401, self._shown))
            self._bound = {self._origin: headers}
            return self._bound

    def _token(self, challenge: str) -> str:
        said = dict(PARAMETER.findall(challenge))
        try:
            realm = target_of(said.get("realm", "")).url
            origin = origin_of(realm)
        except SourceError:
            raise SourceError(UNREADABLE, "the registry names no service that gives tokens", self._shown) from None
        if self._origin.scheme == "https" and origin.scheme != "https":
            raise SourceError(REFUSED, "the registry has tokens given without encryption", self._shown)
        if origin != self._origin:
            admit(realm.partition("?")[0], self._shown)
        asked = {"service": said.get("service", ""), "scope": f"repository:{self._repository}:pull"}
        asked = {name: value for name, value in asked.items() if value}
        trusted = bool(self._login) and _belongs(origin, self._origin)
        self._kept_back = "" if trusted or not self._login else self._service(origin)
        form: Mapping[str, str] | None = None
        bound: Secrets = {}
        if trusted and self._login.identity:
            asked |= {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": self._login.identity}
            form = asked
        elif trusted:
            bound = {origin: basic(self._login.user, self._login.password)}
        url = _asked_for(realm, {} if form is not None else asked)
        try:
            answer = self._transport.json(url, self._shown, most=TOKEN, bound=bound, form=form)
        except SourceError as error:
            raise self._explained(error) from None
        return _token_of(answer, self._shown)

    def _service(self, origin: Origin) -> str:
        """What a token service is called; by its port where that alone tells it from the registry."""
        return origin.host if origin.host != self._origin.host else f"{origin.host}:{origin.port}"

    def _explained(self, error: Exception) -> Exception:
        """An error with what the user can do about it, as far as we know."""
        if not isinstance(error, SourceError) or error.code != REFUSED:
            return error
        said = error.message
        if self._kept_back:
            said += f"; tokens are given by {self._kept_back}, which is not shown credentials for {self._origin.host}"
        elif self._login.unread:
            said += "; what a credential helper of docker keeps is not read"
        elif not self._login:
            said += f"; docker's configuration has no credentials for {self._origin.host}"
        return SourceError(error.code, said, error.path)


def _belongs(realm: Origin, registry: Origin) -> bool:
    """Whether the credentials of a registry may be shown to a token service."""
    theirs, ours = bare(realm.host), bare(registry.host)
    named = theirs == ours and realm.scheme == "https"  # by its certificate whoever has the name listens there
    if realm[::2] != registry[::2] and realm[::2] != ("https", 443) and not named:
        return False  # somebody else's program may listen there
    if theirs == ours or TOKEN_HOSTS.get(ours) == theirs:
        return True
    above = "." in theirs and ours.endswith(f".{theirs}")
    return above or theirs.endswith(f".{ours}")


def _asked_for(realm: str, asked: Mapping[str, str]) -> str:
    """The address of a token service with what we ask for, in the place of what the registry would ask for."""
    plain, _, query = realm.partition("?")
    own = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in OURS]
    query = urlencode([*own, *asked.items()])
    return f"{plain}?{query}" if query else plain


def _token_of(answer: object, shown: str) -> str:
    values = answer if isinstance(answer, dict) else {}
    token = values.get("token") or values.get("access_token")
    if not isinstance(token, str) or not PRINTED.fullmatch(token):
        raise SourceError(UNREADABLE, "the registry's token service gives no token", shown)
    return token
