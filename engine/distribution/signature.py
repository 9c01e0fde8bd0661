"""Ed25519 signatures and the keys that make them, in PEM files that OpenSSL reads too.

The package `cryptography` is imported when a signature is made or checked, and by nothing else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256

from modelaudit.engine.distribution.errors import PackError, SigningUnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_KEY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Key:
    """A public key: its 32 bytes, and the file that it came from."""

    raw: bytes
    file: str = ""

    @property
    def name(self) -> str:
        """How messages name the key: the start of its SHA-256, and its file."""
        short = sha256(self.raw).hexdigest()[:16]
        return f"{short} ({os.path.basename(self.file)})" if self.file else short


def read_public(path: str) -> Key:
    """The public key in a PEM file, refused with a `PackError` when it is none."""
    ed25519, serialization = _modules()
    try:
        key = serialization.load_pem_public_key(_read(path))
    except ValueError as error:
        raise PackError(f"{path} is not a public key in PEM form") from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise PackError(f"{path} is not an ed25519 key")
    return Key(_raw(key), path)


def signer_of(message: bytes, signature: bytes, keys: tuple[Key, ...]) -> Key | None:
    """The key among these that made a signature, None when none did."""
    from cryptography.exceptions import InvalidSignature

    ed25519, _ = _modules()
    for key in keys:
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, message)
        except InvalidSignature:
            continue
        return key
    return None


def sign(message: bytes, path: str) -> bytes:
    """The signature of a message by the private key in a PEM file."""
    return _read_private(path).sign(message)


def generate() -> tuple[bytes, bytes, Key]:
    """A new pair as PEM: the private key, the public key, and the latter once more as a `Key`."""
    ed25519, serialization = _modules()
    private = ed25519.Ed25519PrivateKey.generate()
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secret, public, Key(_raw(private.public_key()))


def _read_private(path: str) -> Ed25519PrivateKey:
    ed25519, serialization = _modules()
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except TypeError as error:
        raise PackError(f"{path} is encrypted: give a key without a passphrase") from error
    except ValueError as error:
        raise PackError(f"{path} is not a private key in PEM form") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise PackError(f"{path} is not an ed25519 key")
    found: Ed25519PrivateKey = key
    return found


def _raw(key: Ed25519PublicKey) -> bytes:
    _, serialization = _modules()
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(MAX_KEY_BYTES)
    except OSError as error:
        raise PackError(f"cannot read the key {path}: {error.strerror or error}") from error


def _modules() -> tuple[ModuleType, ModuleType]:
    """The modules for ed25519 and for PEM files; refused with a `PackError` where the package is missing."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise SigningUnavailableError from error
    return ed25519, serialization
