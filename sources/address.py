"""Addresses as they may be shown: without what stands for a password in them."""

from __future__ import annotations

HIDDEN = "***"


def without_secrets(path: str) -> str:
    """A path as it is; of an address neither the user nor what is behind `?` and `#`, where tokens stand."""
    scheme, found, rest = path.partition("://")
    if not found:
        return path
    end = min((at for sign in "/?#" if (at := rest.find(sign)) >= 0), default=len(rest))
    host, tail = rest[:end], rest[end:]
    if "@" in host:
        host = f"{HIDDEN}@{host.rpartition('@')[2]}"
    for sign in "?#":
        before, found, _ = tail.partition(sign)
        tail = f"{before}{sign}{HIDDEN}" if found else tail
    return f"{scheme}://{host}{tail}"
