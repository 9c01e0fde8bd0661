"""What else an address is called, so that a policy that means a place means it by each of its names.

Spellings of one name are not told here, which the engine knows. Nothing is asked of anybody.
"""

from __future__ import annotations

import os
import re

from modelaudit.engine.servers import BLOB, DFS
from modelaudit.sources.address import scheme_of
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote.hub import names_of

ACCOUNT = re.compile(rf"https?://([a-z0-9]+)(?:{re.escape(BLOB)}|{re.escape(DFS)})/([^/?]+)([^?]*)")
# A bucket and what is in it, by its address of the web.
BUCKETS = (
    ("s3", re.compile(r"https?://([a-z0-9.-]+)\.s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?/([^?]*)")),
    ("s3", re.compile(r"https?://s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?/([^/?]+)/?([^?]*)")),
    ("gs", re.compile(r"https?://([a-z0-9._-]+)\.storage\.googleapis\.com/([^?]*)")),
    ("gs", re.compile(r"https?://storage\.(?:googleapis|cloud\.google)\.com/([^/?]+)/?([^?]*)")),
)
REVISION = re.compile(r"(oci://[^/]+/[^:@]*)[:@][^/]*(.*)", re.DOTALL)
ALIAS = re.compile(r"(models:/+[^@/]+)@(.*)", re.DOTALL)


def other_names(address: str) -> tuple[str, ...]:
    """Further names of an address in its plain spelling: each is what a pattern of a policy may mean."""
    scheme = scheme_of(address)
    if scheme in {"http", "https"}:
        plain = address.partition("?")[0]
        return (*({plain} - {address}), *names_of(address), *_artifactory(address), *_stored(plain))
    if scheme in {"az", "abfs", "abfss"}:
        return _azure(address)
    if scheme == "oci":
        return tuple(f"{found[1]}{found[2]}" for found in [REVISION.fullmatch(address)] if found)
    if scheme == "models":
        return tuple(f"{found[1]}/@{found[2]}" for found in [ALIAS.fullmatch(address)] if found)
    return names_of(address)


def _azure(address: str) -> tuple[str, ...]:
    """A container with its account, by the address of the web too, and without when it is that of the environment."""
    place, slash, key = address.partition("://")[2].partition("/")
    container, _, host = place.partition("@")
    mine = _account()
    account = host.partition(".")[0] or mine
    if not account:
        return ()
    short = (f"abfs://{container}{slash}{key}",) if account == mine else ()
    web = f"https://{account}{BLOB}/{container}{slash}{key}"
    return (f"abfs://{container}@{account}{DFS}{slash}{key}", web, *short)


def _account() -> str:
    """The account of Azure that the environment names."""
    said = dict(part.partition("=")[::2] for part in os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";"))
    return (said.get("AccountName") or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")).lower()


def _stored(address: str) -> tuple[str, ...]:
    """The bucket or container that an address of the web is in."""
    found = ACCOUNT.fullmatch(address)
    if found:
        return _azure(f"abfs://{found[2]}@{found[1]}{DFS}{found[3]}")
    named = ((scheme, pattern.fullmatch(address)) for scheme, pattern in BUCKETS)
    return tuple(f"{scheme}://{found[1]}/{found[2]}" for scheme, found in named if found)


def _artifactory(address: str) -> tuple[str, ...]:
    """What a file of Artifactory is called by its address and by those of the pages that show it."""
    from modelaudit.sources.remote.locations import service_of

    if service_of(address)[0] != "jfrog":
        return ()
    from modelaudit.sources.remote.jfrog import names_of as pages

    try:
        return pages(address)
    except SourceError:
        return ()
