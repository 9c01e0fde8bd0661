"""Why a pack is not taken.

PackError
├── UntrustedError              not signed, or not by a key that counts
└── SigningUnavailableError     signatures cannot be checked or made here
"""

from __future__ import annotations

from modelaudit.engine.errors import ModelAuditError


class PackError(ModelAuditError):
    """A pack, archive, lock or fetched policy that is refused; what was there before stays as it was."""


class UntrustedError(PackError):
    """A pack without a signature that counts."""


class SigningUnavailableError(PackError):
    """The package that signs and checks signatures is not installed."""

    def __init__(self) -> None:
        super().__init__("signatures need the package `cryptography`: run `pip install 'modelaudit[signing]'`")
