"""Files and folders on this machine, in an order that does not change, without leaving what was named.

Links are never followed out of the folder that the user named. A link inside it whose target is inside too is
passed over, since its target is met by itself; a folder is entered once. Pipes, sockets and devices are never
opened. Everything else is a file to scan, dot files too; only the object stores of version control are left out.
"""

from __future__ import annotations

import os
import stat
from operator import attrgetter

from modelaudit.sources.address import is_address, on_disk
from modelaudit.sources.errors import UNREADABLE, SourceError, from_os_error
from modelaudit.sources.file import FileReader, not_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", ".jj"})
POINTERS = (".dvc", "dvc.lock", "dvc.yaml")  # how names end of files that may point at outputs of DVC


class SourceFile:
    """A regular file: `path` as the user sees it, `real` as it is opened, links followed.

    `folder` is the real folder in which it is seen, which relative paths in it start from, and `root` the real
    folder that nothing in it may lead out of.
    """

    __slots__ = ("folder", "named", "path", "real", "root")
    elsewhere = False  # on another machine
    whole = True  # every byte is read when nobody says otherwise
    service = "local"
    repo: str | None = None
    revision: str | None = None

    def __init__(self, path: str, real: str, folder: str, root: str, *, named: bool = False) -> None:
        self.path = path
        self.real = real
        self.folder = folder
        self.root = root
        self.named = named  # the user named this very file

    @property
    def names(self) -> frozenset[str] | None:
        """Of everything that is known to be there, below the root; None on disk, which is asked."""
        return None

    @property
    def moved(self) -> tuple[int, int, int] | None:
        """Requests, bytes and retries that reading it took in this process; None on this machine."""
        return None

    @property
    def origins(self) -> tuple[str, ...]:
        """Where the bytes come from: what policies are asked about, each of which has to be let in."""
        return (self.path,)

    def size(self) -> int:
        """Bytes of the file, 0 when it cannot be asked; opening it will say why."""
        try:
            return os.stat(self.real).st_size
        except (OSError, ValueError):
            return 0

    def open(self, check: Callable[[], None] | None = None, *, full: bool = True) -> FileReader:
        """A reader of the bytes, with `full` of every one of them; raises `SourceError`."""
        return FileReader(self.real, name=self.path, check=check, full=full)


class SourceLink:
    """A link that was not followed, since it leads out of the scanned folder or nowhere."""

    __slots__ = ("escapes", "path", "root", "target")

    def __init__(self, path: str, target: str, root: str, *, escapes: bool) -> None:
        self.path = path
        self.target = target  # as the link says
        self.root = root
        self.escapes = escapes  # out of the folder, where nothing was looked at; else it leads nowhere


class SourceFolder:
    """A folder all of whose files were given before it: the files directly in it, name to real path."""

    __slots__ = ("_inner", "files", "path", "real", "root", "spent")
    elsewhere = False

    def __init__(
        self, path: str, real: str, root: str, files: dict[str, str], inner: dict[str, str] | None = None
    ) -> None:
        self.path = path
        self.real = real
        self.root = root
        self.files = files
        self._inner = inner
        self.spent: tuple[str, int, int] | None = None  # what ended the listing of `inner`

    @property
    def inner(self) -> dict[str, str]:
        """The files below its folders, path from here to real path; looked for when they are first asked for."""
        if self._inner is None:
            from modelaudit.sources.inner import inner_files

            self._inner, self.spent = inner_files(self.real)
        return self._inner

    @property
    def names(self) -> frozenset[str] | None:
        """Of everything that is known to be there, below the root."""
        return None

    @property
    def identity(self) -> str:
        """What tells the contents of the files from any others; empty on disk, where only reading them does."""
        return ""

    @property
    def folder(self) -> str:
        """Where relative paths start from."""
        return self.real

    def origins(self, name: str) -> tuple[str, ...]:
        """Where the bytes of one of the files come from."""
        return (self._real(name),)

    def only(self, accepts: Callable[[str], bool], *, deep: bool = False) -> SourceFolder:
        """The folder with the files whose names are accepted, with `deep` those below its folders among them."""
        files = {name: real for name, real in self.files.items() if accepts(name)}
        inner = {name: real for name, real in self.inner.items() if accepts(name)} if deep else {}
        folder = SourceFolder(self.path, self.real, self.root, files, inner)
        folder.spent = self.spent
        return folder

    def open(self, name: str, check: Callable[[], None] | None = None) -> FileReader:
        """A reader of one of the files; raises `SourceError`."""
        return FileReader(self._real(name), name=os.path.join(self.path, name), check=check)

    def _real(self, name: str) -> str:
        return self.files[name] if name in self.files else self.inner[name]


Entry = SourceFile | SourceLink | SourceFolder | SourceError


def discover(paths: Sequence[str], elsewhere: Callable[[str], Iterator[Entry]] | None = None) -> Iterator[Entry]:
    """Everything under the paths, in the order given and inside a folder by name; what cannot be read is an error.

    A file that several paths or links reach comes once. `elsewhere` gives what stands at an address; without it an
    address is no file.
    """
    seen: set[str] = set()
    for named in paths:
        if elsewhere is not None and is_address(named):
            yield from elsewhere(named)
            continue
        for entry in under(on_disk(named), seen):
            yield entry
            if isinstance(entry, SourceFile) and entry.named and entry.path.endswith(POINTERS):
                yield from _outputs(entry, seen)


def under(path: str, seen: set[str]) -> Iterator[Entry]:
    """A file of this machine, or everything in a folder, without what is in `seen`."""
    try:
        status = os.stat(path)
        real = os.path.realpath(path, strict=True)
    except (OSError, ValueError) as error:
        yield from_os_error(error, path)
        return
    if stat.S_ISDIR(status.st_mode):
        yield from Walk(path, real, seen).entries()
    elif not stat.S_ISREG(status.st_mode):
        yield SourceError(UNREADABLE, not_regular(status.st_mode), path)
    elif real not in seen:
        seen.add(real)
        folder = os.path.realpath(os.path.dirname(path) or os.curdir)
        yield SourceFile(path, real, folder, _boundary(folder), named=True)


def _outputs(pointer: SourceFile, seen: set[str]) -> Iterator[Entry]:
    """What a pointer of DVC tracks, as far as it is on this machine: who names the pointer means the model."""
    from modelaudit.sources.dvc.outputs import outputs_here
    from modelaudit.sources.dvc.pointers import is_pointer

    if is_pointer(os.path.basename(pointer.real)):
        yield from outputs_here(pointer, seen)


class _Level:
    """A folder that is being gone through."""

    __slots__ = ("entries", "files", "path", "prefix", "real")

    def __init__(self, path: str, real: str, entries: Iterator[os.DirEntry[str]]) -> None:
        self.path = path
        self.prefix = os.path.join(path, "")
        self.real = real
        self.entries = entries
        self.files: dict[str, str] = {}


class Walk:
    """One named folder, gone through depth first with a stack of its own, so that no depth of folders ends it."""

    def __init__(self, path: str, real: str, seen: set[str], boundary: str = "") -> None:
        self.path = path
        self.root = real
        self.boundary = boundary or _boundary(real)  # what links may lead to
        self.seen = seen
        self.folders: set[tuple[int, int]] = set()
        self.stack: list[_Level] = []

    def entries(self) -> Iterator[Entry]:
        """Files, links that are not followed, folders after their files, errors."""
        yield from self.enter(self.path, self.root)
        while self.stack:
            level = self.stack[-1]
            entry = next(level.entries, None)
            if entry is None:
                self.stack.pop()
                yield SourceFolder(level.path, level.real, self.boundary, level.files)
            elif _is_file(entry):  # `listing` was made of the real path
                file = self.file(level, level.prefix + entry.name, entry.path, entry.name)
                if file is not None:
                    yield file
            else:
                yield from self.visit(level, entry)

    def enter(self, path: str, real: str) -> Iterator[Entry]:
        """Put a folder on the stack, unless it was entered before or cannot be listed."""
        try:
            status = os.lstat(real)
            if (status.st_dev, status.st_ino) in self.folders:
                return
            with os.scandir(real) as listing:
                entries = sorted(listing, key=_name)
        except OSError as error:
            yield from_os_error(error, path)
            return
        if status.st_ino:
            self.folders.add((status.st_dev, status.st_ino))
        self.stack.append(_Level(path, real, iter(entries)))

    def visit(self, level: _Level, entry: os.DirEntry[str]) -> Iterator[Entry]:
        """What a directory entry comes to that is no file."""
        path, real = level.prefix + entry.name, entry.path
        try:
            if entry.is_symlink():
                yield from self.link(level, path, real, entry.name)
            elif entry.is_dir(follow_symlinks=False):
                if entry.name not in VERSION_CONTROL:
                    yield from self.enter(path, real)
            else:
                mode = entry.stat(follow_symlinks=False).st_mode
                yield SourceError(UNREADABLE, not_regular(mode), path)
        except OSError as error:
            yield from_os_error(error, path)

    def file(self, level: _Level, path: str, real: str, name: str) -> SourceFile | None:
        """A file; None when it came before."""
        level.files[name] = real
        if real in self.seen:
            return None
        self.seen.add(real)
        return SourceFile(path, real, level.real, self.boundary)

    def link(self, level: _Level, path: str, real: str, name: str) -> Iterator[Entry]:
        """A link: passed over when its target comes by itself, followed inside the boundary, else only named."""
        target = os.path.realpath(real)
        if not _within(target, self.boundary):
            yield SourceLink(path, os.readlink(real), self.root, escapes=True)
            return
        try:
            mode = os.stat(target).st_mode
        except OSError:  # also a link to itself
            yield SourceLink(path, os.readlink(real), self.root, escapes=False)
            return
        if not stat.S_ISREG(mode):
            yield from self.link_to_no_file(path, real, target, mode)
        elif self.comes_by_itself(target):
            level.files[name] = target
        else:
            file = self.file(level, path, target, name)
            if file is not None:
                yield file

    def link_to_no_file(self, path: str, real: str, target: str, mode: int) -> Iterator[Entry]:
        """A link to a folder or to something that is never opened."""
        if not stat.S_ISDIR(mode):
            yield SourceError(UNREADABLE, not_regular(mode), path)
        elif not self.comes_by_itself(target):
            yield SourceLink(path, os.readlink(real), self.root, escapes=True)

    def comes_by_itself(self, target: str) -> bool:
        """Whether the walk meets this real path without any link."""
        if not _within(target, self.root):
            return False
        parts = target[len(self.root) :].split(os.sep)
        return VERSION_CONTROL.isdisjoint(parts)


_name = attrgetter("name")


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a regular file and no link; what cannot be asked is not."""
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False


def _within(path: str, folder: str) -> bool:
    """Whether a real path is a real folder or below it."""
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _boundary(root: str) -> str:
    """What links may lead to: the named folder, or the whole repository when a cached snapshot was named.

    The Hugging Face cache keeps `models--ORG--NAME/snapshots/REVISION/FILE` as links to `models--ORG--NAME/blobs`.
    """
    snapshots, _ = os.path.split(root)
    repository, word = os.path.split(snapshots)
    if word == "snapshots" and os.path.basename(repository).startswith(("models--", "datasets--", "spaces--")):
        return repository
    return root
