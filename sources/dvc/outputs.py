"""Where the outputs of a pointer stand on this machine: in the workspace, else in the cache of the repository.

What is found is given as a walk through folders gives it, under the names of the workspace. What is not found is
`Absent`, for a remote to be asked about it, or to be told.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace

from modelaudit.sources.dvc.digest import TrackedDigest
from modelaudit.sources.dvc.notation import NotationError
from modelaudit.sources.dvc.pointers import LOCK, PIPELINE, READ_MAX, outputs_of, outside
from modelaudit.sources.dvc.repository import Objects, Repository, read_whole, within
from modelaudit.sources.errors import MISSING, UNREADABLE, SourceError, from_os_error
from modelaudit.sources.file import FileReader, not_regular
from modelaudit.sources.local import SourceFile, SourceFolder, SourceLink, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from modelaudit.sources.dvc.pointers import Output
    from modelaudit.sources.local import Entry

VARIABLE = "${"
OTHER = "its content is not the one that its digest says"


@dataclass(frozen=True, slots=True)
class Absent:
    """An output, or one file of it, that is not on this machine."""

    repository: Repository
    path: str  # as the user would see it
    name: str  # below the root of the repository, with slashes
    output: Output  # as it is described: of one file of a folder, that file
    part_of: str = ""  # the path of the folder


def outputs_here(pointer: SourceFile, seen: set[str]) -> Iterator[Entry]:
    """The outputs of a pointer that was named, and an error for each that is not here."""
    tracked = Tracked(pointer, seen)
    yield from tracked.entries()
    yield from told(tracked.absent, pointer.path)


def told(absent: Iterable[Absent], pointer: str) -> Iterator[SourceError]:
    """What is said of outputs that are not on this machine: once of each folder."""
    groups: dict[str, list[Absent]] = {}
    for item in absent:
        groups.setdefault(item.part_of or item.path, []).append(item)
    for path, items in groups.items():
        if not items[0].output.md5:
            yield SourceError(MISSING, "the output is not there, and no digest says which content it has", path)
            continue
        what = f"{len(items)} files of it are" if items[0].part_of else "it is"
        said = (
            f"{what} neither in the workspace nor in the repository's cache; dvc://{pointer} reads it from the remote"
        )
        yield SourceError(MISSING, said, path)


class Tracked:
    """The outputs of one pointer. `seen` are real paths that were given before; `absent` is filled by `entries`."""

    def __init__(self, pointer: SourceFile, seen: set[str]) -> None:
        self.pointer = pointer
        self.folder = os.path.dirname(pointer.real)
        self.repository = Repository(self.folder)
        self.absent: list[Absent] = []
        self._seen = seen

    def entries(self) -> Iterator[Entry]:
        """What stands in the workspace or in the cache, and what cannot be read as errors."""
        try:
            outputs = self._outputs()
        except SourceError as error:
            yield error
            return
        done = set()
        for output in outputs:
            where = os.path.normpath(os.path.join(self.folder, output.path)) if not outside(output.path) else ""
            if where not in done:
                done.add(where)
                yield from self._entry(output, where)

    def _outputs(self) -> list[Output]:
        """The outputs of the pointer; of a pipeline those of its lock, which knows their digests, come first."""
        name = os.path.basename(self.pointer.real)
        found = self._read(self.pointer.real, name)
        if name != PIPELINE:
            return found
        lock = os.path.join(self.folder, LOCK)
        if not os.path.lexists(lock):
            return found
        return [*self._read(lock, LOCK), *(output for output in found if VARIABLE not in output.path)]

    def _read(self, path: str, name: str) -> list[Output]:
        try:
            return outputs_of(read_whole(path, self.pointer.path, READ_MAX), name)
        except NotationError as error:
            said = f"its outputs are not looked for: {error}"
            raise SourceError(UNREADABLE, said, self.pointer.path) from None

    def _entry(self, output: Output, where: str) -> Iterator[Entry]:
        shown = self._shown(output.path)
        root = self.repository.root
        if not where or not within(where, root) or not within(os.path.realpath(where), root):
            yield SourceError(UNREADABLE, "not read: the output lies outside of the repository", shown)
            return
        try:
            status = os.lstat(where)
        except FileNotFoundError:
            yield from self._cached(output, where, shown)
            return
        except (OSError, ValueError) as error:
            yield from_os_error(error, shown)
            return
        yield from self._present(os.path.realpath(where), shown, status)

    def _present(self, real: str, shown: str, status: os.stat_result) -> Iterator[Entry]:
        root = self.repository.root
        if stat.S_ISLNK(status.st_mode):
            try:
                status = os.stat(real)
            except OSError:
                yield SourceLink(shown, real, root, escapes=False)
                return
        if stat.S_ISDIR(status.st_mode):
            yield from Walk(shown, real, self._seen, boundary=root).entries()
        elif not stat.S_ISREG(status.st_mode):
            yield SourceError(UNREADABLE, not_regular(status.st_mode), shown)
        elif real not in self._seen:
            self._seen.add(real)
            yield SourceFile(shown, real, os.path.dirname(real), root)

    def _cached(self, output: Output, where: str, shown: str) -> Iterator[Entry]:
        name = os.path.relpath(where, self.repository.root).replace(os.sep, "/")
        item = Absent(self.repository, shown, name, output)
        try:
            cache = self.repository.cache
        except SourceError as error:
            yield error
            cache = None
        if cache is None:
            self.absent.append(item)
        else:
            yield from kept([item], cache, self._seen, self.absent.append)

    def _shown(self, path: str) -> str:
        beside = os.path.dirname(self.pointer.path)
        return path if outside(path) else os.path.normpath(os.path.join(beside, path))


def kept(
    wanted: Iterable[Absent], objects: Objects, seen: set[str], absent: Callable[[Absent], None]
) -> Iterator[Entry]:
    """What a cache or a remote on this machine keeps of outputs; `absent` is told of what it does not."""
    for item in wanted:
        output = item.output
        if not output.md5:
            absent(item)
        elif not output.folder:
            real = objects.find(output.md5, output.kind)
            if real is None:
                absent(item)
            elif real not in seen:
                seen.add(real)
                yield CachedFile(item, real)
        else:
            yield from _kept_folder(item, objects, seen, absent)


def _kept_folder(item: Absent, objects: Objects, seen: set[str], absent: Callable[[Absent], None]) -> Iterator[Entry]:
    """The files of a folder, and the folders that they make."""
    try:
        rows = objects.rows(item.output.md5, item.output.kind, item.path)
    except SourceError as error:
        yield error
        return
    if rows is None:
        absent(item)
        return
    folders: dict[str, dict[str, str]] = {}
    found = []
    for part in files_of(item, rows):
        if isinstance(part, SourceError):
            yield part
            continue
        real = objects.find(part.output.md5, part.output.kind)
        if real is None:
            absent(part)
            continue
        folder, _, name = part.name.rpartition("/")
        folders.setdefault(folder, {})[name] = real
        found.append((part, real))
    names = frozenset(part.name for part, _ in found)
    for part, real in found:
        if real not in seen:
            seen.add(real)
            yield CachedFile(part, real, names)
    yield from _folders(item, folders)


def _folders(item: Absent, folders: dict[str, dict[str, str]]) -> Iterator[SourceFolder]:
    above = item.path.removesuffix(item.name.replace("/", os.sep))
    for name in sorted(folders, reverse=True):
        path = above + name.replace("/", os.sep)
        real = os.path.join(item.repository.root, *name.split("/"))
        yield SourceFolder(path, real, item.repository.root, folders[name], {})


def files_of(item: Absent, rows: Iterable[tuple[str, str]]) -> Iterator[Absent | SourceError]:
    """The files of a folder as outputs of their own; paths that leave it are errors."""
    for path, md5 in rows:
        shown = os.path.join(item.path, path)
        parts = path.split("/")
        if outside(path) or ".." in parts or not md5:
            said = "the name leads out of the folder" if md5 else "its digest is none"
            yield SourceError(UNREADABLE, f"not read: {said}", shown)
            continue
        clean = "/".join(part for part in parts if part not in ("", "."))
        output = replace(item.output, path=clean, md5=md5, folder=False, size=None)
        yield Absent(item.repository, shown, f"{item.name}/{clean}", output, item.path)


class CachedFile(SourceFile):
    """A file that a cache keeps, under the name that it has in the workspace. It is held against its digest."""

    __slots__ = ("_names", "kind", "md5")

    def __init__(self, item: Absent, real: str, names: frozenset[str] | None = None) -> None:
        root = item.repository.root
        super().__init__(item.path, real, os.path.join(root, *item.name.split("/")[:-1]), root)
        self.md5 = item.output.md5
        self.kind = item.output.kind
        self._names = names

    @property
    def names(self) -> frozenset[str] | None:
        """Files of the folder that it belongs to, by their paths in the repository."""
        return self._names

    @property
    def origins(self) -> tuple[str, ...]:
        """Where it is kept."""
        return (self.real,)

    def open(self, check: Callable[[], None] | None = None, *, full: bool = True) -> FileReader:
        """A reader of the bytes; raises `SourceError`."""
        return PinnedReader(self, check=check, full=full)


class PinnedReader(FileReader):
    """A reader that knows what the digest of the whole file has to be."""

    __slots__ = ("_digest", "_md5", "_wrong")

    def __init__(self, file: CachedFile, *, check: Callable[[], None] | None, full: bool) -> None:
        super().__init__(file.real, name=file.path, check=check, full=full)
        self._md5 = file.md5
        self._digest = TrackedDigest(file.kind)
        self._wrong = False
        if full:
            self.attach(self._digest)

    def finish(self) -> str | None:
        """The SHA-256 of the whole file, as ever."""
        taken = super().finish()
        self._wrong = taken is not None and self._digest.hexdigest() != self._md5
        return taken

    @property
    def change(self) -> str:  # type: ignore[override]
        """What is said when the content is not the one that was asked for."""
        return OTHER if self._wrong else super().change

    def changed(self) -> bool:
        """Whether the content is not what the digest says, or is another one by now."""
        return self._wrong or super().changed()
