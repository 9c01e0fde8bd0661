"""Addresses of buckets, which name no user."""

from __future__ import annotations

from modelaudit.sources.address import names_user, without_secrets
from modelaudit.sources.errors import MISSING, SourceError


def bucket_of(address: str) -> tuple[str, str, str]:
    """Scheme, bucket and key of an address `SCHEME://BUCKET/KEY`; raises `SourceError`."""
    scheme, _, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    if names_user(address) or "@" in bucket:
        said = f"credentials have no place in the address of a bucket: {scheme}://BUCKET/KEY"
        raise SourceError(MISSING, said, without_secrets(address))
    if not bucket:
        raise SourceError(MISSING, f"name a bucket: {scheme}://BUCKET/KEY", address)
    return scheme, bucket, key
