"""Paths and addresses in policies: `vendor/**`, `/models/**`, `**/llamafile`, `hf://acme/**`.

A path is relative to the policy file. One that begins with `**` fits in any folder. `*` and `?` stay within a
segment, `**` is any number of segments.
"""

from __future__ import annotations

import os
import re
from posixpath import normpath

from modelaudit.engine.lang import globs
from modelaudit.engine.servers import BLOB, DFS, DOCKER, DOCKER_REGISTRY, DOCKER_TOO, HUGGING_FACE, HUGGING_FACE_TOO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Json = Any

SCHEME = "://"
FILE = "file://"
HERE = "localhost"  # what may stand in an address of a file; in a pattern it is a folder
DVC = "dvc"  # whose addresses hold a path on disk
ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")  # how one begins: MLflow's have one slash; a letter is a drive
ON_DISK = frozenset({"file", DVC})  # schemes with a path behind the slashes, which may begin with one
SAME = {"gcs": "gs", "az": "abfs", "abfss": "abfs"}  # schemes with several names
WEB = frozenset({"http", "https"})
PORTS = {"http": ":80", "https": ":443", "oci": ":443"}  # schemes whose address begins with a server; its own port
SERVERS = {  # other names of a server
    **dict.fromkeys((*DOCKER_TOO, DOCKER_REGISTRY), DOCKER),
    **dict.fromkeys(HUGGING_FACE_TOO, HUGGING_FACE),
}
LIBRARY = "library/"  # where docker.io has what is named without an owner
HIDDEN_GLOB = re.compile(r"%2a|%3f", re.I)  # a `*` or `?` that is no wildcard
UNSEEN = str.maketrans("", "", "\t\r\n")  # signs that clients take out of an address
SHORT = re.compile(r"[0-9a-fx.]+", re.ASCII)  # an IPv4 address as look-ups let it be written too: 127.1, 0x7f000001


def _whole(address: str) -> str:
    """An address with two slashes, and its scheme in lower case; a path on disk as it is."""
    found = ADDRESS.match(address)
    if not found:
        return address
    scheme, rest = found[1].lower(), address[found.end() :]
    if scheme in ON_DISK:
        rest = address[found.end(1) + len(SCHEME) :] if found[0].endswith("//") else f"/{rest}"
    return f"{scheme}{SCHEME}{rest}"


def has_scheme(pattern: str) -> bool:
    """Whether a pattern says what kind of source it is."""
    return ADDRESS.match(pattern) is not None


def canonical(address: str, *, glob: bool = False) -> str:
    """An address, or a pattern for some, in one spelling (RFC 3986, 6.2); a path on disk stays as it is.

    Escapes are resolved, scheme and server are in lower case; a server is without user, default port and the dot at its
    end, a number as it is usually written, a name outside of ASCII as it is looked up. `?` begins a query in an address
    of the web, and is a wildcard in a pattern.
    """
    if not has_scheme(address):
        return address
    scheme, _, rest = _whole(address).partition(SCHEME)
    scheme = SAME.get(scheme, scheme)
    if scheme == DVC:
        return f"{scheme}{SCHEME}{rest}"
    query = ""
    if scheme in WEB and not glob:
        rest, _, query = rest.partition("#")[0].translate(UNSEEN).partition("?")
    server, slash, path = rest.partition("/")
    if scheme == "file" and server.lower() == HERE and not glob:
        server = ""
    server, path = _server(scheme, server), _plain(path, glob=glob)
    if scheme in WEB:
        folder = "/" if path.endswith("/") and path.strip("/") else ""
        path = f"{normpath(f'/{path}').lstrip('/')}{folder}"
    elif scheme == "oci" and server == DOCKER and path not in {"", "**"} and "/" not in path:
        path = f"{LIBRARY}{path}"
    slash = "/" if scheme in WEB and not glob else slash
    sign = "?" if query else ""
    return f"{scheme}{SCHEME}{server}{slash}{path}{sign}{query.replace('/', '%2F')}"


def _plain(text: str, *, glob: bool = False) -> str:
    """A text without escapes. Those of wildcards are in a pattern what fits any sign: a glob cannot say them."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(HIDDEN_GLOB.sub("?", text) if glob else text)


def _server(scheme: str, server: str) -> str:
    """What stands before the path, in one spelling."""
    server = _plain(server).translate(UNSEEN)
    if scheme == "abfs":
        container, at, host = server.lower().partition("@")
        host = host.rstrip(".")
        account = next((host.removesuffix(end) for end in (BLOB, DFS) if host.endswith(end)), "")
        return f"{container}{at}{f'{account}{DFS}' if account else host}"
    if scheme not in PORTS:
        return server
    server = server.rpartition("@")[2].lower().removesuffix(PORTS[scheme])
    host, colon, port = server.rpartition(":")
    if not (colon and port.isdigit()):
        host, colon, port = server, "", ""
    host = _host(host.rstrip("."))
    return f"{SERVERS.get(host, host)}{colon}{port}"


def _host(host: str) -> str:
    """A name as it is looked up, or a number as it is usually written."""
    if not host.isascii():
        from unicodedata import normalize

        labels = normalize("NFC", host).split(".")
        host = ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
    if not (host.startswith("[") or SHORT.fullmatch(host)):
        return host
    import socket
    from ipaddress import IPv4Address, IPv6Address

    try:
        if not host.startswith("["):
            return str(IPv4Address(socket.inet_aton(host)))
        number = IPv6Address(host.strip("[]").partition("%")[0])
    except (OSError, ValueError):
        return host
    return str(number.ipv4_mapped) if number.ipv4_mapped is not None else f"[{number}]"


def located(pattern: str, folder: str) -> Json:
    """A pattern of a policy file in `folder` as compiled JSON: the place that it starts from, and a glob below it."""
    pattern = canonical(pattern, glob=True)
    if has_scheme(pattern) and not pattern.startswith(FILE):
        scheme, _, rest = pattern.partition(SCHEME)
        return {"base": f"{scheme}{SCHEME}", "glob": rest}
    pattern = pattern.removeprefix(FILE)
    if pattern.startswith(("/", "**")):
        return {"base": "", "glob": pattern.lstrip("/")}
    base = folder
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    while parts and parts[0] == "..":
        base = os.path.dirname(base)
        parts.pop(0)
    return {"base": _slashes(base), "glob": "/".join(parts)}


def problem(pattern: str) -> str:
    """What is wrong with a pattern, empty when nothing is."""
    pattern = canonical(pattern, glob=True)
    return globs.problem(pattern.partition(SCHEME)[2] if has_scheme(pattern) else pattern, "uri")


def target(path: str, base: str | None = None) -> str:
    """Where a path on disk really is, links followed; an address in one spelling.

    A relative path starts from `base`, else from the working folder.
    """
    path = canonical(path).removeprefix(FILE)
    if has_scheme(path):
        return path
    return _slashes(os.path.realpath(os.path.join(base, path) if base else path))


class Located:
    """A compiled pattern that tells whether a place fits."""

    __slots__ = ("_base", "_fits", "prefix")

    def __init__(self, doc: Mapping[str, str]) -> None:
        base, glob = doc["base"], doc["glob"]
        literal = _literal(glob)
        if not base and literal:  # an absolute path: what of it is no pattern may be a link
            base = _slashes(os.path.realpath(f"/{literal}"))
            glob = glob[len(literal) :].lstrip("/")
        rest = _literal(glob)
        joint = "" if base.endswith(SCHEME) else "/"
        self.prefix = joint.join(part for part in (base, rest) if part)  # everything that fits lies here
        self._base = base
        self._fits = globs.compile_glob(glob, "uri") if glob else None

    def fits(self, place: str) -> bool:
        """Whether a place, as `target` gives it, fits."""
        below = _below(place, self._base)
        if below is None:
            return False
        return self._fits(below) if self._fits is not None else not below

    def may_hold(self, folder: str) -> bool:
        """Whether something in a folder may fit."""
        return _below(folder, self.prefix) is not None or _below(self.prefix, folder) is not None


def _below(place: str, base: str) -> str | None:
    """The part of a place below a base, None when it does not lie there."""
    if base.endswith(SCHEME):
        return place[len(base) :] if place.startswith(base) else None
    if not base:
        return None if SCHEME in place else place.lstrip("/")
    if place == base:
        return ""
    return place[len(base) + 1 :] if place.startswith(base.rstrip("/") + "/") else None


def _literal(glob: str) -> str:
    """The first segments of a glob that have no wildcard."""
    parts = []
    for part in glob.split("/"):
        if globs.is_glob(part):
            break
        parts.append(part)
    return "/".join(parts)


def _slashes(path: str) -> str:
    return path.replace(os.sep, "/") if os.sep != "/" else path
