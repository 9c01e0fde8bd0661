"""Paths and addresses in policies: `vendor/**`, `/models/**`, `**/llamafile`, `hf://acme/**`.

A path is relative to the policy file. One that begins with `**` fits in any folder. `*` and `?` stay within a
segment, `**` is any number of segments.
"""

from __future__ import annotations

import os
import re

from modelaudit.engine.lang import globs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Json = Any

SCHEME = "://"
FILE = "file://"
MLFLOW = re.compile(r"(models|runs):/(?!/)")  # addresses of MLflow, which have one slash


def _whole(address: str) -> str:
    """An address with both of its slashes."""
    return MLFLOW.sub(r"\1://", address, count=1) if MLFLOW.match(address) else address


def has_scheme(pattern: str) -> bool:
    """Whether a pattern says what kind of source it is."""
    return SCHEME in _whole(pattern)


HOSTED = {"http": ":80", "https": ":443", "oci": ":443"}  # schemes whose address begins with a server; its own port
DOCKER = frozenset({"index.docker.io", "registry-1.docker.io"})  # other names of docker.io
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def canonical(address: str) -> str:
    """An address in one spelling (RFC 3986, 6.2.2): scheme and server in lower case, without user, default port and
    escapes that nothing needs. A path on disk stays as it is.
    """
    scheme, mark, rest = _whole(address).partition(SCHEME)
    if not mark:
        return address
    scheme = scheme.lower()
    server, slash, path = rest.partition("/")
    if scheme in HOSTED:
        server = server.rpartition("@")[2].lower().removesuffix(HOSTED[scheme])
        server = "docker.io" if scheme == "oci" and server in DOCKER else server
    return f"{scheme}{SCHEME}{_plain(server)}{slash}{_plain(path)}"


def _plain(text: str) -> str:
    def sign(match: re.Match[str]) -> str:
        found = chr(int(match[1], 16))
        return found if found in UNRESERVED else match[0].upper()

    return ESCAPE.sub(sign, text)


def located(pattern: str, folder: str) -> Json:
    """A pattern of a policy file in `folder` as compiled JSON: the place that it starts from, and a glob below it."""
    pattern = _whole(pattern)
    if SCHEME in pattern and not pattern.startswith(FILE):
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
    pattern = _whole(pattern)
    return globs.problem(pattern.removeprefix(FILE).partition(SCHEME)[2] or pattern.removeprefix(FILE), "uri")


def target(path: str, base: str | None = None) -> str:
    """Where a path on disk really is, links followed; an address stays as it is.

    A relative path starts from `base`, else from the working folder.
    """
    path = _whole(path)
    if SCHEME in path:
        return path.removeprefix(FILE) if path.startswith(FILE) else path
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
