"""Addresses of JFrog Artifactory, taken apart. Nothing is asked of anybody."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from modelaudit.sources.address import host_of, unfolded
from modelaudit.sources.remote.hub import server_of

CLOUD = ".jfrog.io"
CONTEXT = "artifactory"
TAB = "General"  # of a page, one of several
# What stands before REPO/PATH where a browser shows a folder, below the server and below its context.
PAGES = (("ui", "native"), ("ui", "repos", "tree", TAB))
OLD_PAGES = tuple(("webapp", "artifacts", "browse", view, TAB) for view in ("tree", "simple"))


class Place(NamedTuple):
    """Where an address leads: the server's own address, and a repository with a path in it."""

    base: str
    path: str  # REPO/PATH


def server_named() -> str:
    """The server that the user works with; empty when none was named. A user and a password may stand in it."""
    return os.environ.get("JFROG_URL", "")


def is_artifactory(address: str) -> bool:
    """Whether an address of http is one of Artifactory's."""
    return host_of(address).endswith(CLOUD) or _below(unfolded(address), server_named()) is not None


def place_of(url: str, server: str) -> Place:
    """An address without credentials, taken apart, where the user works with a server."""
    parts = urlsplit(url)
    path = parts.path
    base = f"{parts.scheme}://{parts.netloc}"
    below = _below(url, server)
    if below is not None:
        base, path = base + path[: len(path) - len(below)], below
    names = _names(path)
    shown = _shown(names)
    if shown is not None:
        return Place(f"{base}/{CONTEXT}", "/".join(shown))
    if names[:1] == [CONTEXT]:
        return Place(f"{base}/{CONTEXT}", "/".join(names[1:]))
    return Place(base, "/".join(names))


def names_of(place: Place) -> tuple[str, ...]:
    """What a file or folder is called by its own address and by those of its pages."""
    base, path = place.base, quote(place.path)
    server = base.removesuffix(f"/{CONTEXT}")
    old = (f"{CONTEXT}/{page[0]}/%23/{'/'.join(page[1:])}" for page in OLD_PAGES)  # as patterns say it
    pages = (*("/".join(page) for page in PAGES), *old)
    return f"{base}/{path}", f"{server}/{CONTEXT}/{path}", *(f"{server}/{page}/{path}" for page in pages)


def _below(address: str, server: str) -> str | None:
    """The path of an address below the root of a server, whoever signs in; None when it does not stand there.

    The server is named with its context or without; its pages stand beside the context.
    """
    here, there = server_of(address), server_of(server)
    if not here[0] or here != there:
        return None
    one, other = urlsplit(address), urlsplit(server)
    if one.scheme.lower() != other.scheme.lower():
        return None
    own = other.path.rstrip("/")
    root = own.removesuffix(f"/{CONTEXT}")
    below = one.path[len(root) :]
    page = one.path.startswith(f"{root}/") and _shown(_names(below)) is not None
    return below if page or one.path == own or one.path.startswith(f"{own}/") else None


def _names(path: str) -> list[str]:
    return [unquote(name) for name in path.split("/") if name]


def _shown(names: list[str]) -> list[str] | None:
    """REPO/PATH of a page, whichever tab of it; None for what is no page."""
    pages = [(names, PAGES), (names[1:] if names[:1] == [CONTEXT] else names, OLD_PAGES)]
    for said, known in pages:
        for page in known:
            length = len(page) - (page[-1] == TAB)
            if tuple(said[:length]) == page[:length]:
                return said[len(page) :]
    return None
