"""A pack from where a user says (a folder, an archive on disk or at an https address), and what policies extend."""

from __future__ import annotations

import os
import time

from modelaudit.engine.distribution import archive
from modelaudit.engine.distribution import contents as packs
from modelaudit.engine.distribution.errors import PackError
from modelaudit.engine.packs import manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.client import HTTPMessage
    from typing import IO
    from urllib.request import OpenerDirector, Request

    from modelaudit.engine.distribution.contents import Contents

TIMEOUT = 30.0  # seconds without an answer
DEADLINE = 300.0  # seconds for the whole archive
MAX_REDIRECTS = 5

FILE = "file://"

_CHUNK = 64 * 1024


def fetch(source: str) -> Contents:
    """The pack at a path, `file:` or https address, not yet checked against its sums."""
    if source.startswith(FILE):
        source = _path_of(source)
    if "://" in source:
        return archive.read(download(source, archive.MAX_ARCHIVE_BYTES), source)
    if os.path.isdir(source):
        return packs.read_folder(source)
    if not os.path.exists(source):
        raise PackError(f"there is no file, folder or https address {source}")
    if os.path.basename(source) == manifest.NAME:
        return packs.read_folder(os.path.dirname(source) or ".", source)
    return archive.read_file(source)


def _path_of(address: str) -> str:
    """The path that a `file:` address of this machine stands for."""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost"):
        raise PackError(f"{address} is on another machine: files are fetched from https addresses alone")
    return url2pathname(parts.path)


def download(url: str, limit: int) -> bytes:
    """The bytes at an https address, at most `limit` and within bounds of time; redirects stay on https."""
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    if not url.startswith("https://"):
        raise PackError(f"files are fetched from https addresses alone, not from {url}")
    request = urllib.request.Request(url, headers={"User-Agent": "modelaudit"})  # noqa: S310 - https, see above
    try:
        with _opener().open(request, timeout=TIMEOUT) as answer:
            return _bounded(answer, url, limit)
    except urllib.error.HTTPError as error:
        error.close()
        raise PackError(f"cannot fetch {url}: {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise PackError(f"cannot fetch {url}: {error.reason}") from error
    except (HTTPException, OSError, ValueError) as error:
        raise PackError(f"cannot fetch {url}: {error or type(error).__name__}") from error


def _opener() -> OpenerDirector:
    """An opener that knows https and nothing else."""
    from urllib import request

    class Redirects(request.HTTPRedirectHandler):
        max_redirections = MAX_REDIRECTS

        def redirect_request(
            self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
        ) -> Request | None:
            if not newurl.startswith("https://"):
                raise PackError(f"{req.full_url} leads to {newurl}, which is not an https address")
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    opener = request.OpenerDirector()
    handlers = (request.ProxyHandler, request.HTTPSHandler, Redirects)
    for handler in (*handlers, request.HTTPDefaultErrorHandler, request.HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener


def _bounded(answer: IO[bytes], url: str, limit: int) -> bytes:
    ends = time.monotonic() + DEADLINE
    parts = []
    total = 0
    while part := answer.read(_CHUNK):
        total += len(part)
        if total > limit:
            raise PackError(f"{url} is larger than {limit >> 20} MiB")
        if time.monotonic() > ends:
            raise PackError(f"{url} took longer than {DEADLINE:.0f} seconds")
        parts.append(part)
    return b"".join(parts)
