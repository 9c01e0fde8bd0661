"""Policies at addresses that other policies extend: fetched once, when somebody asks, and kept by their digests."""

from __future__ import annotations

import os
from hashlib import sha256

from modelaudit.engine import yaml_tree
from modelaudit.engine.distribution import fetch
from modelaudit.engine.distribution.active import replace_file
from modelaudit.engine.distribution.errors import PackError
from modelaudit.engine.packs.load import raise_errors
from modelaudit.engine.policy.load import load_chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.policy.pinned import Pin

MAX_POLICIES = 64  # that one policy brings


def fetch_parents(policy: str) -> list[Pin]:
    """Fetch every policy that a policy extends, over others too, and that is not here; what was fetched comes back.

    Refuses with a `PackError` an address that does not answer, and a file that is not the one that is pinned; with a
    `DiagnosticsError` policies with mistakes, when all that can be fetched has been.
    """
    fetched: list[Pin] = []
    while (chain := load_chain(policy)).missing:
        for parent in dict.fromkeys(chain.missing):
            if len(fetched) == MAX_POLICIES:
                raise PackError(f"{policy} extends more than {MAX_POLICIES} policies at addresses")
            _keep(parent, fetch.download(parent.place, yaml_tree.MAX_BYTES))
            fetched.append(parent)
    raise_errors(chain.diagnostics)
    return fetched


def _keep(parent: Pin, data: bytes) -> None:
    """Store what was fetched, if it is what was pinned."""
    digest = sha256(data).hexdigest()
    if digest != parent.sha256:
        raise PackError(f"{parent.place} is not the policy that is pinned: its SHA-256 is {digest}")
    try:
        os.makedirs(os.path.dirname(parent.kept), mode=0o700, exist_ok=True)
        replace_file(parent.kept, data)
    except OSError as error:
        raise PackError(f"cannot write {parent.kept}: {error.strerror or error}") from error
