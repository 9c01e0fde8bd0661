"""Writing a report to a file: whole or not at all."""

from __future__ import annotations

import contextlib
import os

from modelaudit.cli import interrupt
from modelaudit.engine.errors import ModelAuditError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class OutputError(ModelAuditError):
    """A file that cannot be written."""


def check_writable(path: str, inputs: Iterable[str] = ()) -> None:
    """Refuse early what cannot be written at the end of a long scan, or is itself read; writes nothing."""
    check_apart(path, inputs)
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        raise OutputError(f"cannot write {path}: it is a folder")
    if not os.path.isdir(folder):
        raise OutputError(f"cannot write {path}: there is no folder {folder}")
    target = path if _is_special(path) else folder
    if not os.access(target, os.W_OK):
        raise OutputError(f"cannot write {path}: permission denied")


def check_apart(path: str, inputs: Iterable[str]) -> None:
    """Refuse to write what is itself read."""
    for read in inputs:
        with contextlib.suppress(OSError):
            if os.path.samefile(path, read) and not _is_special(path):
                raise OutputError(f"cannot write {path}: it is one of the files to read")


def write_whole(path: str, chunks: Iterable[str]) -> None:
    """Write text to `path` so that a reader sees the old file or the whole new one, never a part.

    A temporary file in the same folder takes the text and then the name. It is gone whatever happens. Devices
    and pipes are written directly. Raises `OutputError`.
    """
    try:
        if _is_special(path):
            with open(path, "w", encoding="utf-8") as stream:
                stream.writelines(chunks)
            return
        _replace(os.path.realpath(path), chunks)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def _is_special(path: str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)


def _replace(path: str, chunks: Iterable[str]) -> None:
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:64]}.{os.urandom(6).hex()}.tmp")

    def remove() -> None:
        with contextlib.suppress(OSError):
            os.unlink(temporary)

    forget = interrupt.before_end(remove)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(chunks)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        remove()
        raise
    finally:
        forget()
