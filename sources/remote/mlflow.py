"""Models of an MLflow registry and artifacts of its runs: the server says where they are, and there they are read.

`models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest`, `runs:/RUN/PATH`. `MLFLOW_TRACKING_URI` and
`MLFLOW_REGISTRY_URI` name the servers, `MLFLOW_TRACKING_USERNAME`, `…_PASSWORD` and `…_TOKEN` the credentials. What the
server keeps for its clients (`mlflow-artifacts:`) comes through it; what it says to be on disk is only read where the
registry is on this machine's disk itself.
"""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from inspect import signature
from threading import Lock
from urllib.parse import quote, unquote, urlsplit

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient, get_registry_uri, get_tracking_uri
from mlflow.utils import rest_utils

from modelaudit.sources.address import scheme_of, without_secrets
from modelaudit.sources.errors import MISSING, REFUSED, UNREADABLE, SourceError
from modelaudit.sources.remote.disk import Disk
from modelaudit.sources.remote.http import Transport, basic, origin_of, target_of
from modelaudit.sources.remote.ranges import Contents
from modelaudit.sources.remote.service import Listed, Transient, endpoint
from modelaudit.sources.remote.trip import admit, admit_store, asking
from modelaudit.sources.remote.waiting import left_alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    from modelaudit.sources.remote.service import Service

    T = TypeVar("T")

# Read by other services. Not by http: the server would say to which machine of this network we speak.
STORED = frozenset({"s3", "r2", "gs", "gcs", "az", "abfs", "abfss"})
PROXIED = "mlflow-artifacts"
API = "/api/2.0/mlflow-artifacts/artifacts"
FOLDERS = 10_000  # that are listed
# Where a request leads is not followed, and who tries again is `Line`, unless the user has said otherwise.
SETTINGS = {
    "allow_redirects": ("MLFLOW_ALLOW_HTTP_REDIRECTS", False),
    "max_retries": ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 0),
}
SENDING = "_get_http_response_with_retries"  # what all requests of the client go through
OURS: ContextVar[bool] = ContextVar("ours", default=False)  # whether a request is one of a scan
LED = re.compile(r"error code 30[12378]\b", re.ASCII)
NUMBER = 18  # digits of a version


def connect(address: str) -> Registered:
    """The model or the artifacts at an address; raises `SourceError`."""
    scheme, _, rest = address.partition(":/")
    rest = rest.strip("/")
    if not rest:
        raise SourceError(MISSING, "name a model: models:/NAME/VERSION or runs:/RUN/PATH", address)
    return Registered(scheme.lower(), rest)


class Registered:
    """What a registry knows by a name. Bytes come from where it says they are."""

    def __init__(self, scheme: str, rest: str) -> None:
        self.address = f"{scheme}:/{rest}"
        self.repo: str | None = rest.partition("@")[0].partition("/")[0]
        self.revision: str | None = None
        self._scheme = scheme
        self._rest = rest
        self._stored: Service | None = None
        self._lock = Lock()

    @property
    def server(self) -> str:
        """The registry, and the store that it leads to."""
        stored = self._opened()
        return f"{endpoint(get_tracking_uri())} {endpoint(get_registry_uri())} {stored.address} {stored.server}"

    def files(self) -> Iterable[Listed]:
        """Everything that belongs to the model or lies below the path, with the place in the store where it is."""
        stored = self._opened()
        base = stored.path if isinstance(stored, Disk) else stored.address
        if base == self.address:  # what the server itself keeps
            yield from stored.files()
            return
        for file in stored.files():
            yield replace(file, place=f"{base.rstrip('/')}/{file.name}" if file.name else base)

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the file that was listed."""
        return self._opened().read(file, start, stop)

    def close(self) -> None:
        """Close connections."""
        if self._stored is not None:
            self._stored.close()

    def _opened(self) -> Service:
        with self._lock:
            if self._stored is None:
                # A model needs its registry alone; the default store of runs would be made here.
                client = MlflowClient() if self._scheme == "runs" else MlflowClient(get_registry_uri())
                uri = self._asked(lambda: self._run(client) if self._scheme == "runs" else self._model(client))
                self._stored = self._at(uri)
            return self._stored

    def _model(self, client: MlflowClient) -> str:
        """Where the files of a version of a model are."""
        name, at, alias = self._rest.partition("@")
        if at:
            version = str(client.get_model_version_by_alias(name, alias).version)
        else:
            name, _, wanted = self._rest.rpartition("/")
            version = wanted if wanted.isascii() and wanted.isdigit() and len(wanted) <= NUMBER else ""
            if not name:
                said = "name a version: models:/NAME/VERSION, models:/NAME/latest or models:/NAME@ALIAS"
                raise SourceError(MISSING, said, self.address)
            version = version or self._latest(client, name, wanted)
        admit(f"models:/{name}/{version}", self.address)
        self.revision = version
        return str(client.get_model_version_download_uri(name, version))

    def _latest(self, client: MlflowClient, name: str, stage: str) -> str:
        """The newest version of a model, or of one of its stages."""
        escaped = name.replace("'", "\\'")
        found = [
            int(model.version)
            for model in client.search_model_versions(f"name='{escaped}'")
            if stage == "latest" or str(getattr(model, "current_stage", "")).lower() == stage.lower()
        ]
        if not found:
            raise SourceError(MISSING, f"the model has no version {stage}", self.address)
        return str(max(found))

    def _run(self, client: MlflowClient) -> str:
        """Where the artifacts of a run are."""
        run, _, below = self._rest.partition("/")
        root = str(client.get_run(run).info.artifact_uri)
        return f"{root.rstrip('/')}/{quote(below)}" if below else root

    def _at(self, uri: str) -> Service:
        """The service that has the files."""
        scheme = scheme_of(uri)
        if scheme not in {"", "file", PROXIED}:
            admit_store(without_secrets(uri), self.address)
        if scheme in STORED:
            from modelaudit.sources.remote.locations import connect as elsewhere

            return elsewhere(uri)
        if scheme == PROXIED:
            return Proxied(uri, self.address)
        if scheme in {"", "file"}:
            return self._on_disk(uri)
        raise SourceError(UNREADABLE, f"the registry keeps it at {scheme}:, which is not read", self.address)

    def _on_disk(self, uri: str) -> Disk:
        """A folder of this machine, if the registry itself is one: no server tells us what to read here."""
        servers = (get_tracking_uri(), get_registry_uri())
        if any(scheme_of(server) in {"http", "https", "databricks", "databricks-uc"} for server in servers):
            raise SourceError(
                REFUSED, "the server says that it is on this machine's disk, which is not read", self.address
            )
        path = unquote(urlsplit(uri).path) if scheme_of(uri) == "file" else uri
        admit_store(path, self.address)
        return Disk(path, self.address)

    def _asked(self, call: Callable[[], T]) -> T:
        """What the registry answers."""
        if not SENT:
            os.environ.setdefault("MLFLOW_ALLOW_HTTP_REDIRECTS", "false")  # read at each request
        before = OURS.set(True)
        try:
            return left_alone(call)
        except SourceError:
            raise
        except MlflowException as error:
            code = str(error.error_code)
            if LED.search(str(error)):
                raise SourceError(REFUSED, "not followed: the registry leads elsewhere", self.address) from None
            if code in {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "INVALID_PARAMETER_VALUE", "ENDPOINT_NOT_FOUND"}:
                raise SourceError(MISSING, "the registry has no such model, version or run", self.address) from None
            if code in {"PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"}:
                raise SourceError(REFUSED, "the registry does not allow it", self.address) from None
            if code in {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"}:
                raise Transient(f"the registry answers {code}") from None
            raise SourceError(UNREADABLE, f"the registry answers {code}", self.address) from None
        except Exception as error:  # noqa: BLE001 - its client raises what its own clients raise
            raise Transient(f"the registry does not answer ({type(error).__name__})") from None
        finally:
            OURS.reset(before)


class Proxied:
    """Files that an MLflow server keeps for its clients (`mlflow-artifacts:`), by its REST API."""

    repo: str | None = None
    revision: str | None = None
    server = ""  # the registry's own

    def __init__(self, uri: str, address: str) -> None:
        self.address = address
        server = target_of(_keeper())
        url = urlsplit(uri)
        if url.netloc and url.netloc.rpartition("@")[2] != urlsplit(server.url).netloc:
            raise SourceError(REFUSED, "the registry leads to another server than MLFLOW_TRACKING_URI", address)
        self._base = server.url.rstrip("/") + API
        self._root = unquote(url.path).strip("/")
        origin = origin_of(server.url)
        secrets = server.secrets or ({origin: credentials} if (credentials := _credentials()) else {})
        self._transport = Transport([origin.host], secrets)
        self._contents = Contents(self._transport)

    def files(self) -> Iterable[Listed]:
        """Everything below the root, folder by folder."""
        found = list(self._below())
        if found or "/" not in self._root:
            return found
        folder, _, name = self._root.rpartition("/")
        return [
            Listed("", size, self._root)
            for path, size, is_folder in self._rows(folder)
            if path == name and not is_folder
        ]

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the file."""
        shown = f"{self.address}/{file.name}" if file.name else self.address
        return self._contents.read(file, f"{self._base}/{quote(file.key)}", shown, start, stop)

    def close(self) -> None:
        """Close connections, forget what was spooled."""
        self._contents.close()

    def _below(self) -> Iterator[Listed]:
        folders, seen = [""], 0
        while folders and seen < FOLDERS:
            folder = folders.pop()
            seen += 1
            for name, size, is_folder in self._rows(f"{self._root}/{folder}".rstrip("/")):
                below = f"{folder}/{name}".lstrip("/")
                if is_folder:
                    folders.append(below)
                else:
                    yield Listed(below, size, f"{self._root}/{below}")
        if folders:
            raise SourceError(UNREADABLE, f"more than {FOLDERS} folders are listed", self.address)

    def _rows(self, folder: str) -> Iterator[tuple[str, int | None, bool]]:
        """Name, size and whether it is a folder, of what a folder holds."""
        answer = self._transport.json(f"{self._base}?path={quote(folder, safe='')}", self.address)
        rows = answer.get("files") if isinstance(answer, dict) else None
        for row in rows if isinstance(rows, list) else ():
            name = str(row.get("path", "")).rpartition("/")[2]
            size = row.get("file_size")
            if name:
                yield name, int(size) if size is not None else None, bool(row.get("is_dir"))


def _careful(send: Callable[..., T]) -> Callable[..., T]:
    """The client's way to send a request; one that a scan makes is counted before, and kept to the settings."""
    known = signature(send)

    @wraps(send)
    def sent(*given: object, **named: object) -> T:
        if not OURS.get():  # the process speaks with its own registry
            return send(*given, **named)
        asking()
        call = known.bind(*given, **named)
        call.arguments.update({name: value for name, (said, value) in SETTINGS.items() if said not in os.environ})
        return send(*call.args, **call.kwargs)

    return sent


def _take_care() -> bool:
    """Have the client's requests sent so; False for a client that sends them in another way."""
    send = getattr(rest_utils, SENDING, None)
    if send is None or not SETTINGS.keys() <= signature(send).parameters.keys():
        return False
    setattr(rest_utils, SENDING, _careful(send))
    return True


SENT = _take_care()


def _keeper() -> str:
    """The server that keeps artifacts: that of the registry where no other was named."""
    tracking, registry = str(get_tracking_uri()), str(get_registry_uri())
    return tracking if scheme_of(tracking) in {"http", "https"} else registry


def _credentials() -> dict[str, str]:
    """The credentials of the environment for the tracking server."""
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    user = os.environ.get("MLFLOW_TRACKING_USERNAME")
    if user:
        return basic(user, os.environ.get("MLFLOW_TRACKING_PASSWORD", ""))
    return {"Authorization": f"Bearer {token}"} if token else {}
