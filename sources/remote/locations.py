"""Which service an address belongs to, and what is found there, in the order and shape of a folder on disk."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import import_module
from threading import Lock

from modelaudit.sources.address import STDIN, scheme_of, without_secrets
from modelaudit.sources.errors import MISSING, UNREADABLE, SourceError
from modelaudit.sources.local import VERSION_CONTROL, SourceFile, SourceFolder, SourceLink
from modelaudit.sources.remote import spool
from modelaudit.sources.remote.artifactory import is_artifactory
from modelaudit.sources.remote.hub import is_hub
from modelaudit.sources.remote.line import Line, Meter
from modelaudit.sources.remote.names import problem
from modelaudit.sources.remote.reader import Blocks, RangeReader
from modelaudit.sources.remote.trip import FREE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from modelaudit.sources.local import Entry
    from modelaudit.sources.remote.service import Listed
    from modelaudit.sources.remote.trip import Terms

# Module, and the extra that installs the client; none where the base install has it.
SCHEMES = {
    "hf": ("huggingface", "huggingface"),
    "s3": ("s3", "s3"),
    "r2": ("s3", "s3"),
    "gs": ("gcs", "gcs"),
    "gcs": ("gcs", "gcs"),
    "az": ("azure", "azure"),
    "abfs": ("azure", "azure"),
    "abfss": ("azure", "azure"),
    "models": ("mlflow", "mlflow"),
    "runs": ("mlflow", "mlflow"),
    "oci": ("oci", ""),
    "http": ("web", ""),
    "https": ("web", ""),
}
# What keeps clients, as they are imported, from telling others how they are used and what is installed here.
SILENCE = {"HF_HUB_DISABLE_TELEMETRY": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
EXTRA_MISSING = "missing-extra"
DVC = "dvc"
LARGEST = 2**50  # bytes of a file
NAMES = 20_000  # names of a location that are known where references are followed


def service_of(address: str) -> tuple[str, str]:
    """The module of an address' service and its extra; `SourceError` for an address of none."""
    if address == STDIN:
        return "stdin", ""
    scheme = scheme_of(address)
    if scheme not in SCHEMES:
        known = ", ".join((*SCHEMES, DVC))
        raise SourceError(MISSING, f"no source has the scheme {scheme}; known are file, {known}", _shown(address))
    if scheme in {"http", "https"}:
        if is_hub(address):
            return SCHEMES["hf"]
        if is_artifactory(address):
            return "jfrog", ""
    return SCHEMES[scheme]


def _shown(address: str) -> str:
    return without_secrets(address)


class Access:
    """How a scan reaches other machines: what was moved, what is kept, what it lets services do."""

    def __init__(
        self, meter: Meter | None = None, refusal: Callable[[str], str] | None = None, terms: Terms = FREE
    ) -> None:
        self.meter = meter or Meter(terms.requests, terms.moved)
        self.refusal = refusal  # why the policy lets nothing in from a place that the user did not name himself
        self.terms = terms
        self.blocks = Blocks()
        self.locations: list[Location] = []
        self.revisions: list[str] = []  # which were read, in words

    def entries(self, address: str, check: Callable[[], None] | None = None) -> Iterator[Entry]:
        """Everything at an address: files by name, a folder after its files; what cannot be read is an error."""
        if scheme_of(address) == DVC:
            from modelaudit.sources.remote.dvc import entries

            yield from entries(address, self, check)
            return
        try:
            location = Location(address, self)
            self.locations.append(location)
            listed = location.line.files(check)
        except SourceError as error:
            yield error
            return
        revision = location.line.service.revision
        if revision:
            self.revisions.append(f"{without_secrets(address)} was read at revision {revision}")
        yield from location.entries(listed)

    def terms_left(self) -> Terms:
        """The terms with what of the budgets is left, for another process."""
        requests, moved = self.meter.left
        return replace(self.terms, requests=requests, moved=moved)

    def forget(self) -> None:
        """Keep nothing of what was read."""
        self.blocks.clear()
        spool.ROOM.clear()

    def close(self) -> None:
        """Give all connections back."""
        while self.locations:
            self.locations.pop().close()


class Location:
    """An address whose service is opened when it is first needed; in another process it is opened again."""

    def __init__(self, address: str, access: Access, names: frozenset[str] | None = None) -> None:
        self._address = address
        self.access = access
        self.names = names  # below the location; None when there are too many to be known everywhere
        self._line: Line | None = None
        self._lock = Lock()

    def __reduce__(self) -> tuple[Callable[..., Location], tuple[str, frozenset[str] | None, Terms]]:
        return _again, (self._address, self.names, self.access.terms_left())

    @property
    def arrived(self) -> bool:
        """Whether every byte is here already, so that leaving some unread saves nothing."""
        return self._address == STDIN

    @property
    def line(self) -> Line:
        """The service; `SourceError` when it cannot be opened."""
        with self._lock:
            if self._line is None:
                self._line = Line(self.connected(), self.access.meter, self.access.terms)
            return self._line

    def connected(self) -> Service:
        """The service, opened."""
        return connect(self._address)

    def close(self) -> None:
        """Give connections back."""
        if self._line is not None:
            self._line.service.close()

    def entries(self, listed: Sequence[Listed]) -> Iterator[Entry]:
        """What was listed, as a walk through a folder gives it."""
        service = self.line.service
        taken: dict[str, Listed] = {}
        for file in listed:
            wrong = problem(file.name) or _odd(file.size)
            if wrong:
                yield SourceError(UNREADABLE, f"not read: {wrong}", _joined(service.address, file.name))
            elif file.name not in taken and VERSION_CONTROL.isdisjoint(file.name.split("/")):
                taken[file.name] = file
        if not taken:
            yield SourceError(MISSING, "nothing is there", service.address)
            return
        self.names = frozenset(taken) if len(taken) <= NAMES else None
        yield from _Tree(self, taken).entries()

    def open(self, file: Listed, name: str, check: Callable[[], None] | None, *, full: bool = False) -> RangeReader:
        """A reader of a file; raises `SourceError`."""
        return RangeReader(self.line, file, self.access.blocks, name=name, full=full, check=check)


def _again(address: str, names: frozenset[str] | None, terms: Terms) -> Location:
    return Location(address, Access(terms=terms), names)


def connect(address: str) -> Service:
    """The service of an address, opened."""
    module, extra = service_of(address)
    try:
        service: Service = _imported(module).connect(address)
    except ImportError as error:
        if not extra or (error.name or "").startswith("modelaudit."):
            raise
        said = f"reading it needs a client that is not installed: pip install 'modelaudit[{extra}]'"
        raise SourceError(EXTRA_MISSING, said, _shown(address)) from None
    return service


def _imported(module: str) -> Any:  # noqa: ANN401 - each has a `connect`
    """The module of a service; its client is imported in silence, unless the user has said otherwise."""
    added = [name for name in SILENCE if name not in os.environ]
    os.environ.update({name: SILENCE[name] for name in added})
    try:
        return import_module(f"modelaudit.sources.remote.{module}")
    finally:
        for name in added:
            os.environ.pop(name, None)


def _odd(size: object) -> str:
    """Why a listed size is not taken for one, empty when it is: a listing is somebody else's text."""
    if size is None or (type(size) is int and 0 <= size <= LARGEST):
        return ""
    return f"the service says that it has {str(size)[:40]} bytes"


class _Tree:
    """Listed files in the order of a walk: by name, each folder after everything in it."""

    def __init__(self, location: Location, listed: dict[str, Listed]) -> None:
        self.location = location
        self.listed = listed
        self.base = location.line.service.address
        self.files: dict[str, dict[str, Listed]] = {}  # of each folder, by its path; links are no files
        for name, file in listed.items():
            folder, _, last = name.rpartition("/")
            if not file.link:
                self.files.setdefault(folder, {})[last] = file

    def entries(self) -> Iterator[Entry]:
        if "" in self.listed:
            yield self.file("", named=True)
            return
        open_folders: list[tuple[str, ...]] = [()]
        for name in sorted(self.listed, key=lambda name: name.split("/")):
            folder = tuple(name.split("/")[:-1])
            while open_folders[-1] != folder[: len(open_folders[-1])]:
                yield self.folder(open_folders.pop())
            while open_folders[-1] != folder:
                open_folders.append(folder[: len(open_folders[-1]) + 1])
            yield self.file(name)
        while open_folders:
            yield self.folder(open_folders.pop())

    def file(self, name: str, *, named: bool = False) -> RemoteFile | SourceLink:
        listed = self.listed[name]
        if listed.link:
            return SourceLink(_joined(self.base, name), listed.link, self.base, escapes=True)
        return RemoteFile(self.location, listed, self.base, named=named)

    def folder(self, parts: tuple[str, ...]) -> RemoteFolder:
        below = "/".join(parts)
        return RemoteFolder(self.location, self.base, below, self.files.get(below, {}), self.files)


class RemoteFile(SourceFile):
    """A file at a service, as a file on disk is given."""

    elsewhere = True
    __slots__ = ("known", "listed", "location", "repo", "revision", "service", "whole")

    def __init__(self, location: Location, listed: Listed, base: str, *, named: bool = False) -> None:
        path = _joined(base, listed.name)
        super().__init__(path, path, path.rpartition("/")[0], base, named=named)
        self.location = location
        self.listed = listed
        self.known: Mapping[int, bytes] = {}  # what came before it was given to this process
        service = location.line.service
        self.whole = location.arrived
        self.service = scheme_of(base) or "stdin"
        self.repo = service.repo
        self.revision = service.revision

    @property
    def names(self) -> frozenset[str] | None:
        """Of everything at the location."""
        return self.location.names

    @property
    def origins(self) -> tuple[str, ...]:
        """Where the bytes come from: of what DVC tracks the place alone, of a registry's files its own address too."""
        return _origins(self.path, self.listed)

    @property
    def moved(self) -> tuple[int, int, int]:
        """Requests, bytes and retries of everything that was read along the same way, in this process."""
        meter = self.location.access.meter
        return meter.requests, meter.bytes, meter.retries

    def size(self) -> int:
        """Bytes as they are listed, 0 when the service does not say."""
        return self.listed.size or 0

    def open(self, check: Callable[[], None] | None = None, *, full: bool = True) -> RangeReader:  # type: ignore[override]
        """A reader of the bytes; raises `SourceError`."""
        reader = self.location.open(self.listed, self.path, check, full=full)
        reader.know(self.known)
        return reader

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        names = (*SourceFile.__slots__, *self.__slots__)
        known = self.location.access.blocks.of(self.location.line, self.listed)
        return None, {**{name: getattr(self, name) for name in names}, "known": known}


class RemoteFolder(SourceFolder):
    """A folder at a service."""

    elsewhere = True
    __slots__ = ("below", "folders", "listed", "location")

    def __init__(
        self,
        location: Location,
        base: str,
        below: str,
        listed: dict[str, Listed],
        folders: Mapping[str, Mapping[str, Listed]],
    ) -> None:
        path = _joined(base, below)
        super().__init__(path, path, base, {name: _place(path, name, file) for name, file in listed.items()})
        self.location = location
        self.below = below
        self.listed = listed  # the files directly in it, with those of `inner` once that was asked for
        self.folders = folders  # of the location: the files of each

    @property
    def names(self) -> frozenset[str] | None:
        """Of everything at the location."""
        return self.location.names

    @property
    def inner(self) -> dict[str, str]:
        """The files below its folders."""
        if self._inner is None:
            above = f"{self.below}/" if self.below else ""
            found = {
                f"{folder[len(above) :]}/{name}": file
                for folder, files in self.folders.items()
                if folder.startswith(above) and folder != self.below
                for name, file in files.items()
            }
            self.listed = {**self.listed, **found}
            self._inner = {name: _place(self.path, name, file) for name, file in found.items()}
        return self._inner

    @property
    def identity(self) -> str:
        """What tells the contents of these files from any others, empty when the service does not say of all."""
        base = self.location.line.service.address
        found = [f"{name} {file.identity(base)}" for name, file in sorted(self.listed.items())]
        return "\n".join(found) if all(file.identity(base) for file in self.listed.values()) else ""

    def origins(self, name: str) -> tuple[str, ...]:
        """Where the bytes of one of the files come from."""
        return _origins(_joined(self.path, name), self.listed[name])

    def only(self, accepts: Callable[[str], bool], *, deep: bool = False) -> RemoteFolder:
        """The folder with the files whose names are accepted, with `deep` those below its folders among them."""
        listed = {name: self.listed[name] for name in self.files if accepts(name)}
        inner = {name: real for name, real in self.inner.items() if accepts(name)} if deep else {}
        folder = RemoteFolder(self.location, self.root, self.below, listed, self.folders)
        folder.listed = {**listed, **{name: self.listed[name] for name in inner}}
        folder._inner = inner
        return folder

    def open(self, name: str, check: Callable[[], None] | None = None) -> RangeReader:  # type: ignore[override]
        """A reader of one of the files; raises `SourceError`."""
        return self.location.open(self.listed[name], _joined(self.path, name), check)


def _place(path: str, name: str, file: Listed) -> str:
    return file.place or _joined(path, name)


def _origins(path: str, file: Listed) -> tuple[str, ...]:
    if not file.place:
        return (path,)
    return (file.place,) if file.tracked else (path, file.place)


def _joined(base: str, name: str) -> str:
    return f"{base.rstrip('/')}/{name}" if name else base


if TYPE_CHECKING:
    from modelaudit.sources.remote.service import Service
