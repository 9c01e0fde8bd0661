"""`dvc://PATH[@REMOTE]`: a path on this machine, and the remote that is asked for what is not there.

REMOTE is a name of the repository's settings, or the address or absolute path of a remote.
"""

from __future__ import annotations

import os
import re

from modelaudit.sources.address import without_secrets

SCHEME = "dvc"
REMOTE = re.compile(r"@(?=[^/@\\]+$|[A-Za-z][A-Za-z0-9+.-]*://|/)")
DRIVE = re.compile(r"@(?=[A-Za-z]:[\\/])")


def parts_of(address: str) -> tuple[str, str]:
    """The path and the remote, which is empty when none is named. A path that is there has no remote behind it."""
    rest = address.partition("://")[2]
    return (rest, "") if os.path.lexists(rest) else _split(rest)


def shown(address: str) -> str:
    """The address without what stands for a password in that of a remote."""
    scheme, _, rest = address.partition("://")
    path, remote = _split(rest)
    return f"{scheme}://{path}@{without_secrets(remote)}" if remote else address


def _split(rest: str) -> tuple[str, str]:
    found = REMOTE.search(rest) or (DRIVE.search(rest) if os.name == "nt" else None)
    return (rest[: found.start()], rest[found.end() :]) if found else (rest, "")
