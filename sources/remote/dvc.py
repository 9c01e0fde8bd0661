"""`dvc://PATH[@REMOTE]`: a path on this machine, with the outputs that it tracks and that are only in a remote.

Outputs are looked for in the workspace, in the cache, and then in the remote: the one behind `@`, or the one that the
pointer or the repository's settings name. The remote is asked for objects by their MD5, one request for each; a folder
is listed by an object of its own. Whether the policy lets a remote in is asked for each object before it is.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby

from modelaudit.sources.address import scheme_of
from modelaudit.sources.dvc.location import parts_of
from modelaudit.sources.dvc.location import shown as shown_address
from modelaudit.sources.dvc.outputs import Absent, Tracked, files_of, kept, told
from modelaudit.sources.dvc.pointers import LIST_MAX, is_pointer, object_name
from modelaudit.sources.dvc.repository import FOLDER, Objects, listed
from modelaudit.sources.errors import MISSING, UNREADABLE, SourceError
from modelaudit.sources.local import SourceFile, under
from modelaudit.sources.remote.locations import Access, Location
from modelaudit.sources.remote.stores import configured_remote, named_remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from modelaudit.sources.dvc.repository import Repository
    from modelaudit.sources.local import Entry
    from modelaudit.sources.remote.line import Line
    from modelaudit.sources.remote.service import Listed
    from modelaudit.sources.remote.stores import Remote, Store
    from modelaudit.sources.remote.trip import Terms

    Check = Callable[[], None] | None

LOOKS = 16  # objects that are asked for at once
NAMED = 3  # outputs that a message names
DENIED = "source-refused"


def entries(address: str, access: Access, check: Check) -> Iterator[Entry]:
    """Everything under the path, then the outputs of its pointers that were not among it."""
    path, remote = parts_of(address)
    seen: set[str] = set()
    pointers: list[SourceFile] = []
    for entry in under(path, seen):
        yield entry
        if isinstance(entry, SourceFile) and is_pointer(os.path.basename(entry.real)):
            pointers.append(entry)
    wanted: list[Absent] = []
    for pointer in pointers:
        if check is not None:
            check()
        tracked = Tracked(pointer, seen)
        yield from tracked.entries()
        wanted += (item for item in tracked.absent if item.output.md5)
        yield from told((item for item in tracked.absent if not item.output.md5), pointer.path)
    asked = _Asked(remote, access, check, seen, address)
    once = {(item.repository.root, item.name): item for item in wanted}  # a lock and its pipeline name the same
    for _, group in groupby(sorted(once.values(), key=_where), key=_where):
        yield from asked.entries(list(group))


def _where(item: Absent) -> tuple[str, str]:
    return item.repository.root, item.output.remote


class _Asked:
    """What a remote is asked for. `remote` is what the user wrote behind `@`."""

    def __init__(self, remote: str, access: Access, check: Check, seen: set[str], address: str) -> None:
        self._remote = remote
        self._access = access
        self._check = check
        self._seen = seen
        self._shown = shown_address(address)

    def entries(self, wanted: list[Absent]) -> Iterator[Entry]:
        """The outputs of one repository that are in one remote, and errors for those that are not."""
        try:
            remote = self._chosen(wanted[0].repository, wanted[0].output.remote)
        except SourceError as error:
            yield SourceError(error.code, f"{error.message} ({_names(wanted)})", error.path)
            return
        if remote.on_disk:
            missing: list[Absent] = []
            yield from kept(wanted, Objects(remote.url), self._seen, missing.append)
            for item in missing:
                yield _missing(item, remote)
        else:
            yield from self._elsewhere(remote, wanted)

    def _chosen(self, repository: Repository, name: str) -> Remote:
        remotes = repository.remotes
        if self._remote and self._remote not in remotes:
            if not scheme_of(self._remote) and not os.path.isabs(self._remote):
                known = ", ".join(sorted(remotes)) or "none"
                raise SourceError(MISSING, f"no remote has the name {self._remote}; known are {known}", self._shown)
            return named_remote(self._remote)
        found = repository.remote(self._remote or name)
        if found is None:
            said = "the repository names no remote for it: name one behind @, as dvc://PATH@s3://BUCKET/PATH"
            raise SourceError(MISSING, said, self._shown)
        return configured_remote(found[0], remotes, os.path.join(repository.root, FOLDER), self._shown)

    def _elsewhere(self, remote: Remote, wanted: list[Absent]) -> Iterator[Entry]:
        location = StoredLocation(_base(wanted[0]), remote, self._access)
        try:
            search = _Search(location.line, remote, self._access.refusal, self._check)
        except SourceError as error:
            yield SourceError(error.code, error.message, remote.shown)
            return
        self._access.locations.append(location)
        found: list[Listed] = []
        for item in search.files(wanted):
            if isinstance(item, SourceError):
                yield item
            else:
                found.append(item)
        if found:
            yield from location.entries(found)


class _Search:
    """Objects of a remote, found one by one."""

    def __init__(self, line: Line, remote: Remote, refusal: Callable[[str], str] | None, check: Check) -> None:
        self._line = line
        service = line.service
        assert isinstance(service, Stored)  # noqa: S101 - `StoredLocation` opens nothing else
        self._store = service.store
        self._remote = remote
        self._refusal = refusal
        self._check = check
        self._answers = False

    def files(self, wanted: Sequence[Absent]) -> Iterator[Listed | SourceError]:
        """What is there of outputs, folders as the files in them; an error for each that is not."""
        single = [item for item in wanted if not item.output.folder]
        for n, item in enumerate(wanted):
            if not item.output.folder:
                continue
            try:
                rows = self._rows(item)
            except SourceError as error:
                yield error
                if self._silent(error):
                    yield from self._given_up([*(later for later in wanted[n + 1 :] if later.output.folder), *single])
                    return
                continue
            for part in files_of(item, rows):
                if isinstance(part, SourceError):
                    yield part
                else:
                    single.append(part)
        yield from self._found(single)

    def _found(self, wanted: list[Absent]) -> Iterator[Listed | SourceError]:
        """The first is asked for alone: when the remote does not answer that, it is not asked again."""
        if not wanted:
            return
        first = self._try(wanted[0])
        yield first
        if isinstance(first, SourceError) and self._silent(first):
            yield from self._given_up(wanted[1:])
            return
        pool = ThreadPoolExecutor(LOOKS, thread_name_prefix="modelaudit-look")
        try:
            yield from pool.map(self._try, wanted[1:])
        finally:
            pool.shutdown(cancel_futures=True)

    def _silent(self, error: SourceError) -> bool:
        """Whether the remote has answered nothing so far."""
        return error.code not in {MISSING, DENIED} and not self._answers

    def _given_up(self, wanted: Sequence[Absent]) -> Iterator[SourceError]:
        if wanted:
            said = f"not asked again, since the first answer did not come ({_names(wanted)})"
            yield SourceError(UNREADABLE, said, self._remote.shown)

    def _try(self, item: Absent) -> Listed | SourceError:
        output = item.output
        try:
            return replace(self._object(item), name=item.name, tracked=f"{output.kind}:{output.md5}")
        except SourceError as error:
            return error

    def _object(self, item: Absent) -> Listed:
        """An object as the remote has it; `SourceError` when it has not, or when the policy does not let it in."""
        output = item.output
        name = object_name(output.md5, output.kind, folder=output.folder)
        place = f"{self._store.address.rstrip('/')}/{name}"
        denied = self._refusal(place) if self._refusal is not None else ""
        if denied:
            raise SourceError(DENIED, denied, item.path)
        try:
            found = self._line.ask(lambda: self._store.find(name), place, self._check)
        except SourceError as error:
            if error.code != MISSING:
                raise
            self._answers = True
            raise _missing(item, self._remote) from None
        self._answers = True
        if output.size not in {None, found.size} and not output.folder:
            said = f"the remote has {found.size} bytes of it, {output.size} are tracked"
            raise SourceError(UNREADABLE, said, item.path)
        return replace(found, place=place, server=self._store.server)

    def _rows(self, item: Absent) -> list[tuple[str, str]]:
        """The list of a folder's files."""
        found = self._object(item)
        if found.size is None or found.size > LIST_MAX:
            said = f"the list of its files is larger than {LIST_MAX} bytes"
            raise SourceError(UNREADABLE, f"not read: {said}", item.path)
        data = self._line.read(found, 0, found.size, item.path, self._check)
        return listed(data, item.output.md5, item.path)


class Stored:
    """Objects of a remote as a service, under the names that they have in the workspace."""

    repo: str | None = None
    revision: str | None = None

    def __init__(self, address: str, store: Store) -> None:
        self.address = address
        self.store = store

    @property
    def server(self) -> str:
        """The server of the remote."""
        return self.store.server

    def files(self) -> Iterable[Listed]:
        """Nothing: objects are looked for by name, see `_Search`."""
        return ()

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of an object."""
        return self.store.read(file, start, stop)

    def close(self) -> None:
        """Give connections back."""
        self.store.close()


class StoredLocation(Location):
    """What is in a remote; in another process the remote is opened again."""

    def __init__(self, address: str, remote: Remote, access: Access, names: frozenset[str] | None = None) -> None:
        super().__init__(address, access, names)
        self._remote = remote

    def __reduce__(self) -> tuple[Callable[..., Location], tuple[str, Remote, frozenset[str] | None, Terms]]:  # type: ignore[override]
        return _again, (self._address, self._remote, self.names, self.access.terms_left())

    def connected(self) -> Stored:
        """The remote, opened."""
        return Stored(self._address, self._remote.open())


def _again(address: str, remote: Remote, names: frozenset[str] | None, terms: Terms) -> StoredLocation:
    return StoredLocation(address, remote, Access(terms=terms), names)


def _base(item: Absent) -> str:
    """The address of a repository's root, written as the user wrote the path below it."""
    name = item.name.replace("/", os.sep)
    if item.path == name:
        return "dvc://."
    if item.path.endswith(os.sep + name):
        return f"dvc://{item.path[: -len(name) - 1]}"
    return f"dvc://{item.repository.root}"


def _missing(item: Absent, remote: Remote) -> SourceError:
    what = "the list of its files is" if item.output.folder else "it is"
    return SourceError(MISSING, f"{what} neither here nor in the remote at {remote.shown}", item.path)


def _names(wanted: Sequence[Absent]) -> str:
    shown = ", ".join(item.path for item in wanted[:NAMED])
    more = len(wanted) - NAMED
    return f"not read: {shown}" + (f" and {more} more" if more > 0 else "")
