"""Addresses: what is one, and how it may be shown, without what stands for a password in it."""

from __future__ import annotations

HIDDEN = "***"
STDIN = "-"
FILE = "file"
CONTAINERS = frozenset({"az", "abfs", "abfss"})  # what stands before `@` is no user but a container
PAGE, UNFOLDED = "/webapp/#/", "/webapp/"
ARN = "arn"  # how names of access points to buckets begin


def scheme_of(path: str) -> str:
    """The scheme of an address in lower case, empty for a path: `hf://org/model`, `models:/name/1`."""
    scheme, found, _ = path.partition(":/")
    if not found or len(scheme) < 2 or not scheme[0].isalpha():  # a letter alone is a drive
        return ""
    return scheme.lower() if scheme.isascii() and scheme.translate(_PLAIN).isalnum() else ""


def is_address(path: str) -> bool:
    """Whether what the user named is no path on this machine's disk: an address, or `-` for standard input."""
    return path == STDIN or scheme_of(path) not in {"", FILE}


def on_disk(path: str) -> str:
    """The path that a `file://` address means; any other path as it is."""
    if scheme_of(path) != FILE:
        return path
    from urllib.parse import unquote, urlsplit
    from urllib.request import url2pathname

    try:
        parts = urlsplit(path)
    except ValueError:  # half of an IPv6 address
        return path
    if parts.netloc not in {"", "localhost"}:
        return path
    return url2pathname(unquote(parts.path, errors="surrogateescape"))


def host_of(address: str) -> str:
    """The host of an address in lower case, empty when it has none that can be read."""
    from urllib.parse import urlsplit

    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


_PLAIN = str.maketrans("", "", "+.-")
_NAMED = str.maketrans("", "", "_.-")


def unfolded(address: str) -> str:
    """An address as it is; what old servers of Artifactory say behind `#` in those of their pages is in the path."""
    return address.replace(PAGE, UNFOLDED, 1) if PAGE in address else address


def without_secrets(path: str) -> str:
    """A path as it is; of an address neither the user nor what is behind `?` and `#`, where tokens stand."""
    scheme, found, rest = path.partition("://")
    if not found:
        return path
    if scheme.lower() == "dvc":
        from modelaudit.sources.dvc.location import shown

        return shown(path)
    rest = unfolded(rest)
    begin = _behind_user(scheme.lower(), rest)
    rest = rest[begin:]
    end = _host_ends(rest)
    host, tail = rest[:end], rest[end:]
    if begin:
        host = f"{HIDDEN}@{host}"
    for sign in "?#":
        before, found, _ = tail.partition(sign)
        tail = f"{before}{sign}{HIDDEN}" if found else tail
    return f"{scheme}://{host}{tail}"


def names_user(address: str) -> bool:
    """Whether a user, and maybe a password, seems to stand before the host or bucket of an address."""
    scheme, _, rest = address.partition("://")
    return _behind_user(scheme.lower(), rest) > 0


def _behind_user(scheme: str, rest: str) -> int:
    """Where the host begins. A password may have `/`, `?` or `#` in it, so that rather too much is taken for one."""
    end = _host_ends(rest)
    place = rest[:end]
    if scheme in CONTAINERS and ":" not in rest[: rest.rfind("@") + 1]:
        from modelaudit.engine.servers import AZURE

        if place.lower().endswith(AZURE):
            return 0
    named, colon, port = place.partition(":")
    numbered = not colon or port.isdigit()
    web = scheme in {"http", "https"}
    odd = (colon and named != ARN) or (web and ("@" in place or "." not in place))
    at = rest.rfind("@") if odd else -1
    while at >= end:
        scoped = numbered and rest[at - 1] == "/"  # the folder of a package: `/@scope/`
        if not scoped and _is_host(rest[at + 1 :]):
            return at + 1
        at = rest.rfind("@", 0, at)
    return place.rfind("@") + 1


def _host_ends(rest: str) -> int:
    return min((at for sign in "/?#" if (at := rest.find(sign)) >= 0), default=len(rest))


def _is_host(text: str) -> bool:
    """Whether a text begins as a host does, maybe with a port."""
    place = text[: _host_ends(text)]
    if place.startswith("["):
        return "]" in place
    name, colon, port = place.partition(":")
    return bool(name) and name.translate(_NAMED).isalnum() and (not colon or port.isdigit())
