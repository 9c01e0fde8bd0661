"""What goes wrong with a location, in the words of the operating system."""

from __future__ import annotations

import os

from modelaudit.engine.errors import ModelAuditError
from modelaudit.sources.address import is_address, without_secrets

MISSING = "missing-path"
UNREADABLE = "unreadable"
REFUSED = "refused"
DENIED = "source-refused"
TOO_LARGE = "size-limit"
SPENT = "transfer-limit"


class SourceError(ModelAuditError):
    """A location that cannot be read; `path` is as the user sees it.

    `code` is `missing-path`, `unreadable`, `size-limit`, `transfer-limit`, `refused` where a service or our own care
    does not allow it, or `source-refused` where the policy does not.
    """

    def __init__(self, code: str, message: str, path: str) -> None:
        super().__init__(code, message, path)
        self.code = code
        self.message = message
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def from_os_error(error: OSError | ValueError, path: str) -> SourceError:
    """The refusal of the operating system, as a value."""
    if isinstance(error, ValueError):  # a NUL in the path
        return SourceError(MISSING, "no such file or directory: the path has a NUL in it", path)
    if not path:
        return SourceError(MISSING, "the path is empty", "''")
    if is_address(path):
        return SourceError(MISSING, "only files and folders of this machine are read here", without_secrets(path))
    message = os.strerror(error.errno).lower() if error.errno else str(error)
    code = MISSING if isinstance(error, (FileNotFoundError, NotADirectoryError)) else UNREADABLE
    return SourceError(code, message, path)
