"""Whose packs are taken: the signers that count, and what becomes of a pack that nobody signed."""

from __future__ import annotations

from dataclasses import dataclass

from modelaudit.engine.distribution import signature
from modelaudit.engine.distribution.errors import UntrustedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.distribution.contents import Contents
    from modelaudit.engine.distribution.signature import Key

CORE = "core"
REFUSE, ALLOW = "refuse", "allow"


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys whose signatures count, and whether a pack without a signature is taken."""

    signers: tuple[Key, ...] = ()
    unsigned: str = ALLOW


def check_signature(contents: Contents, trust: Trust) -> Key | None:
    """Who signed the manifest of sums, None for an unsigned pack that is taken.

    Refuses, with an `UntrustedError`, an unsigned pack under `refuse`, and under any setting a signature that no
    known signer made. Call `contents.check` too: a signature says nothing about files that do not fit the sums.
    """
    if not contents.signature:
        if trust.unsigned == REFUSE:
            raise UntrustedError(f"{contents.where} is not signed, and packs without a signature are refused")
        return None
    if not trust.signers:
        if trust.unsigned == REFUSE:
            raise UntrustedError(f"{contents.where} is signed, but no signer is trusted: name their public key")
        return None
    key = signature.signer_of(contents.sums, contents.signature, trust.signers)
    if key is None:
        names = ", ".join(each.name for each in trust.signers)
        raise UntrustedError(f"{contents.where} is not signed by a trusted signer; trusted: {names}")
    return key
