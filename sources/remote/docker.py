"""What docker's own files on this machine say of registries: credentials, and which are spoken to without encryption.

Credential helpers and stores are programs. They are not run.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from binascii import Error
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from modelaudit.engine.servers import DOCKER_REGISTRY
from modelaudit.sources.remote.hosts import bare

LARGEST = 1024 * 1024
HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io")
DAEMONS = ("/etc/docker/daemon.json", "~/.config/docker/daemon.json", "~/.docker/daemon.json")


class Login(NamedTuple):
    """Credentials for one registry. `unread` says that there may be others, which only a program gives."""

    user: str = ""
    password: str = ""
    identity: str = ""  # a token that is exchanged for others
    bearer: str = ""  # a token that is sent as it is
    unread: bool = False

    def __bool__(self) -> bool:
        return bool(self.password or self.identity or self.bearer)

    def __repr__(self) -> str:
        return f"Login({bool(self)})"


def login(host: str) -> Login:
    """The credentials that `docker login` has left for a registry, `host` with its port."""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    config = _document(os.path.join(folder, "config.json"))
    auths = config.get("auths")
    helpers = config.get("credHelpers")
    unread = bool(config.get("credsStore")) or (isinstance(helpers, dict) and host in helpers)
    wanted = {_named(key) for key in HUB_KEYS} if host == DOCKER_REGISTRY else {host}
    for key, entry in auths.items() if isinstance(auths, dict) else ():
        if _named(key) in wanted and isinstance(entry, dict) and (found := _login(entry)):
            return found
    return Login(unread=unread)


def insecure(host: str) -> bool:
    """Whether docker's daemon was told to speak to a registry, `host` with its port, without encryption."""
    for path in DAEMONS:
        listed = _document(os.path.expanduser(path)).get("insecure-registries")
        entries = listed if isinstance(listed, list) else []
        if any(isinstance(entry, str) and _covers(entry, host) for entry in entries):
            return True
    return False


def _named(key: str) -> str:
    """The host of a key of `auths`, which may be an address."""
    return key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0]


def _login(entry: dict[str, object]) -> Login:
    texts = {key: value for key, value in entry.items() if isinstance(value, str)}
    user, password = texts.get("username", ""), texts.get("password", "")
    try:
        both = b64decode(texts.get("auth", "")).decode().rstrip("\0")
    except (Error, ValueError):
        both = ""
    if both:
        user, _, password = both.partition(":")
    return Login(user, password, texts.get("identitytoken", ""), texts.get("registrytoken", ""))


def _covers(entry: str, host: str) -> bool:
    if entry == host:
        return True
    try:
        return "/" in entry and ip_address(bare(host.rpartition(":")[0] or host)) in ip_network(entry, strict=False)
    except ValueError:
        return False


def _document(path: str) -> dict[str, object]:
    """A JSON object in a file; an empty one when there is none that can be read."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read(LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
