"""The fact store on disk: one SQLite file in the user's cache folder, bounded in size, shared by all scans.

An entry is compressed lines of JSON under a key, with a digest over both. Nothing in it can run, and an entry that
does not fit its digest is as good as none. Whatever is wrong with the file, a scan goes on without it: a damaged
file is thrown away and made anew, one that is locked for too long or cannot be written is left alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import zlib
from hashlib import sha256
from threading import Lock
from time import monotonic, sleep, time

from modelaudit.engine.distribution import places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    T = TypeVar("T")

FOLDER = "facts"
NAME = "facts.db"
FORMAT = 1  # of the tables
LIMIT = 1024**3  # bytes of all entries
ENTRY = 128 * 1024 * 1024  # bytes of one entry before compression; larger ones are not kept
OVERHEAD = 512  # bytes that an entry costs besides its body
CHECK = 32 * 1024 * 1024  # bytes written after which the size is looked at
WAIT = 10.0  # seconds for another scan's lock
FULL = 0.9  # of the limit: what is left after entries were dropped
TABLES = f"""
CREATE TABLE entries (
  key TEXT PRIMARY KEY, probe TEXT NOT NULL, used REAL NOT NULL, size INTEGER NOT NULL,
  lacks TEXT NOT NULL, digest TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX by_probe ON entries (probe);
CREATE INDEX by_use ON entries (used, size);
PRAGMA user_version = {FORMAT};
"""


class Entry:
    """Facts as they are kept: lines, and the names of kinds and fields that nobody had asked for."""

    __slots__ = ("lacks", "lines")

    def __init__(self, lines: list[bytes], lacks: frozenset[str]) -> None:
        self.lines = lines
        self.lacks = lacks


def path() -> str:
    """Where the store stands."""
    return os.path.join(places.cache_folder(), FOLDER, NAME)


class Database:
    """The store, opened when it is first asked. Methods never raise for what is wrong with it."""

    _connection: sqlite3.Connection | None = None

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._broken = False
        self._lock = Lock()  # threads that read other machines share the store
        self._used: dict[str, float] = {}
        self._written = 0

    def __del__(self) -> None:
        """Let go of the file without a word, when nobody has closed the store."""
        self._disconnect()

    def knows(self, probe: str) -> bool:
        """Whether there is any entry of a file with this probe."""
        query = "SELECT 1 FROM entries WHERE probe = ? LIMIT 1"
        return bool(self._with(lambda c: c.execute(query, (probe,)).fetchone(), None))

    def get(self, key: str) -> Entry | None:
        """The entry under a key, None when there is none that can be believed."""
        query = "SELECT lacks, digest, body FROM entries WHERE key = ?"
        row = self._with(lambda c: c.execute(query, (key,)).fetchone(), None)
        if row is None:
            return None
        try:
            lacks, digest, body = row
            if digest != _digest(key, lacks, body):
                return None
            entry = Entry(_expanded(body), frozenset(json.loads(lacks)))
        except (TypeError, ValueError, zlib.error):
            return None
        self._used[key] = time()
        return entry

    def put(self, key: str, probe: str, lines: Iterable[str], lacks: Iterable[str]) -> None:
        """Keep an entry in the place of what was under the key; one that is too large is not kept."""
        text = bytearray()
        for line in lines:
            text += line.encode()
            text += b"\n"
            if len(text) > ENTRY:
                return
        body = zlib.compress(text, 1)
        asked = json.dumps(sorted(lacks))
        size = len(body) + OVERHEAD
        if size > self.limit:
            return
        row = (key, probe, time(), size, asked, _digest(key, asked, body), body)
        self._with(lambda c: c.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", row), None)
        self._used.pop(key, None)
        self._written += size
        if self._written >= min(CHECK, self.limit // 4):
            self.evict()

    def evict(self) -> None:
        """Drop what was not used for longest, until the rest is within the limit."""
        self._written = 0
        self._with(self._evict, None)

    def close(self) -> None:
        """Write down what was used, drop what is too much, and let go of the file."""
        if self._connection is None:
            return
        if self._used:
            self._with(self._touch, None)
        if self._written:
            self.evict()
        self._disconnect()

    def _evict(self, connection: sqlite3.Connection) -> None:
        self._touch(connection)
        (total,) = connection.execute("SELECT total(size) FROM entries").fetchone()
        if total <= self.limit:
            return
        over = total - FULL * self.limit
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            last = 0.0
            for used, size in connection.execute("SELECT used, size FROM entries ORDER BY used, size"):
                last = used
                over -= size
                if over <= 0:
                    break
            connection.execute("DELETE FROM entries WHERE used <= ?", (last,))

    def _touch(self, connection: sqlite3.Connection) -> None:
        rows = [(used, key) for key, used in self._used.items()]
        self._used.clear()
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("UPDATE entries SET used = ? WHERE key = ?", rows)

    def _with(self, act: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What `act` gives; a store that is damaged is made anew, one that cannot be used is not asked again."""
        if self._broken:
            return otherwise
        try:
            with self._lock:
                if self._connection is None:
                    self._connection = self._open()
                return act(self._connection)
        except sqlite3.OperationalError as error:  # locked for long, full, read-only, no folder
            self._give_up()
            if "no such" in str(error):  # a table or column of ours
                remove()
        except sqlite3.DatabaseError:
            self._give_up()
            remove()
        except OSError:
            self._give_up()
        return otherwise

    def _give_up(self) -> None:
        self._broken = True
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _open(self) -> sqlite3.Connection:
        place = path()
        folder = os.path.dirname(place)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if not places.is_private(folder, own=True):
            raise OSError(f"{folder} belongs to others too")
        try:
            return _connected(place)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            remove()
            return _connected(place)


def _connected(place: str) -> sqlite3.Connection:
    """A connection to a store with the right tables; `sqlite3.Error` when that cannot be had."""
    connection = sqlite3.connect(place, timeout=WAIT, isolation_level=None, check_same_thread=False)
    try:
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA trusted_schema = OFF")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != FORMAT:
            _create(connection)
        return connection
    except BaseException:
        connection.close()
        raise


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging. SQLite does not wait for another's lock at this one step, so it is tried again."""
    end = monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > end:
                raise
        sleep(0.01)


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another scan was faster; tables of another format are dropped."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != FORMAT:
        connection.execute("DROP TABLE IF EXISTS entries")
        for statement in TABLES.split(";"):
            connection.execute(statement)
    connection.execute("COMMIT")


def remove() -> int:
    """Delete the store; returns the bytes that were freed."""
    freed = 0
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            size = os.stat(path() + suffix).st_size
            os.unlink(path() + suffix)
            freed += size
    return freed


def statistics() -> tuple[int, int, int]:
    """Entries, bytes of their bodies, bytes on disk. Zeros when there is no store; never makes one."""
    disk = 0
    for suffix in ("", "-wal"):
        with contextlib.suppress(OSError):
            disk += os.stat(path() + suffix).st_size
    entries, size = 0, 0.0
    if disk:
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path(), timeout=WAIT)) as store:
            entries, size = store.execute("SELECT count(*), total(size) FROM entries").fetchone()
    return entries, int(size), disk


def _digest(key: str, lacks: str, body: bytes) -> str:
    return sha256(b"\n".join((key.encode(), lacks.encode(), body))).hexdigest()


def _expanded(body: bytes) -> list[bytes]:
    """The lines of an entry. `ValueError` when they are more than would have been kept."""
    expander = zlib.decompressobj()
    text = expander.decompress(body, ENTRY)
    if not expander.eof:
        raise ValueError("cut short, or larger than what is kept")
    return text.split(b"\n")[:-1]
