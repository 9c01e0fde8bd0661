"""Addresses: what is one, and how it may be shown, without what stands for a password in it."""

from __future__ import annotations

HIDDEN = "***"
STDIN = "-"
FILE = "file"


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


def without_secrets(path: str) -> str:
    """A path as it is; of an address neither the user nor what is behind `?` and `#`, where tokens stand."""
    scheme, found, rest = path.partition("://")
    if not found:
        return path
    if scheme.lower() == "dvc":
        from modelaudit.sources.dvc.location import shown

        return shown(path)
    end = min((at for sign in "/?#" if (at := rest.find(sign)) >= 0), default=len(rest))
    host, tail = rest[:end], rest[end:]
    if "@" in host:
        host = f"{HIDDEN}@{host.rpartition('@')[2]}"
    for sign in "?#":
        before, found, _ = tail.partition(sign)
        tail = f"{before}{sign}{HIDDEN}" if found else tail
    return f"{scheme}://{host}{tail}"
