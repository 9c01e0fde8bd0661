"""Addresses of the Hugging Face Hub, taken apart. Nothing is asked of anybody."""

from __future__ import annotations

import os
import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from modelaudit.engine.servers import HUGGING_FACE, HUGGING_FACE_TOO
from modelaudit.sources.address import scheme_of, without_secrets
from modelaudit.sources.errors import MISSING, SourceError

HUB = f"https://{HUGGING_FACE}"
HOSTS = HUGGING_FACE_TOO | {HUGGING_FACE}
USUAL = {"http": 80, "https": 443}
KINDS = {"datasets": "dataset", "spaces": "space", "models": "model"}
PAGES = frozenset({"tree", "blob", "resolve", "raw"})  # what stands before the revision in the address of a page
REFERENCE = re.compile(r"refs/(?:pr|convert)/[^/]+")


class Place(NamedTuple):
    """Where an address leads."""

    kind: str  # model, dataset, space
    repo: str
    revision: str | None  # as the user says it
    path: str  # of a folder or a file in the repository; empty for all of it
    endpoint: str


def is_hub(address: str) -> bool:
    """Whether an address of http is one of the hub, or of the server that takes its place."""
    server = server_of(address)
    if server[0] in HOSTS:
        return server[1] in USUAL.values()
    return bool(server[0]) and server == server_of(os.environ.get("HF_ENDPOINT", ""))


def server_of(address: str) -> tuple[str, int]:
    """The host and the port of an address, whoever signs in there; no host when none can be read."""
    try:
        url = urlsplit(address)
        port = url.port
    except ValueError:
        return "", 0
    return (url.hostname or "").rstrip(".").lower(), USUAL.get(url.scheme, 0) if port is None else port


def has_token(endpoint: str) -> bool:
    """Whether the user's token is for a server: for that of `HF_ENDPOINT` alone where it is set."""
    here = os.environ.get("HF_ENDPOINT", "")
    return not here or server_of(here) == server_of(endpoint)


def names_of(address: str) -> tuple[str, ...]:
    """What an address of the hub is called as `hf://` and as a page, without its revision; nothing for any other."""
    if scheme_of(address) != "hf" and not is_hub(address):
        return ()
    try:
        place = place_of(address)
    except SourceError:
        return ()
    name = f"{prefix_of(place.kind)}{place.repo}" + (f"/{place.path}" if place.path else "")
    return f"hf://{name}", f"{HUB}/{name}"


def prefix_of(kind: str) -> str:
    """What stands before the name of a repository of some kind."""
    return "" if kind == "model" else f"{kind}s/"


def place_of(address: str) -> Place:
    """An address taken apart: `hf://ORG/REPO[@REVISION][/PATH]`, or that of a page of the hub."""
    here = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    if address.lower().startswith("hf://"):
        kind, parts = _kind(address[5:].strip("/").split("/"))
        return _place(kind, parts, here or HUB, without_secrets(address))
    url = urlsplit(address)
    ours = server_of(address) == server_of(here)
    endpoint = here if ours else HUB
    path = url.path.strip("/").removeprefix(urlsplit(endpoint).path.strip("/")).strip("/")
    kind, parts = _kind([unquote(part) for part in path.split("/")])
    page = next((at for at in (1, 2) if len(parts) > at and parts[at] in PAGES), None)
    shown = without_secrets(address)
    if page is None:
        return _place(kind, parts, endpoint, shown)
    repo, rest = "/".join(parts[:page]), parts[page + 1 :]
    encoded = bool(rest) and "/" in rest[0]  # the address of a page has `refs%2Fpr%2F1`
    revision, below = (rest[0], "/".join(rest[1:])) if encoded else _revision("/".join(rest))
    return Place(kind, _checked(repo, shown), revision or None, below, endpoint)


def _kind(parts: list[str]) -> tuple[str, list[str]]:
    return (KINDS[parts[0]], parts[1:]) if parts[0] in KINDS and len(parts) > 1 else ("model", parts)


def _place(kind: str, parts: list[str], endpoint: str, shown: str) -> Place:
    """`[ORG/]REPO[@REVISION][/PATH]`. A name without an organisation is that of an old model, and has no path."""
    named = next((at for at, part in enumerate(parts[:2]) if "@" in part), min(len(parts), 2) - 1)
    name, sign, rest = "/".join(parts[named:]).partition("@")
    repo = "/".join([*parts[:named], name if sign else parts[named]])
    revision, below = _revision(rest) if sign else (None, "/".join(parts[named + 1 :]))
    return Place(kind, _checked(repo, shown), revision, below, endpoint)


def _revision(text: str) -> tuple[str, str]:
    """A revision and the path behind it."""
    found = REFERENCE.match(text)
    if found:
        return found[0], text[found.end() :].strip("/")
    revision, _, below = text.partition("/")
    return revision, below.strip("/")


def _checked(repo: str, shown: str) -> str:
    if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)?", repo, re.ASCII) or ".." in repo:
        raise SourceError(MISSING, "name a repository: hf://ORGANISATION/NAME", shown)
    return repo
