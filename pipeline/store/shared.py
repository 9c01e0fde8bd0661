"""The fact store as a scan sees it, and which files it serves.

The store is worth its price for files that take time to read: those of at least `LARGE` bytes, and, once a scan has
met `MANY` files, all of at least `SMALL` bytes. A scan of one small file never opens it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.pipeline.store.database import Database

LARGE = 1024 * 1024  # bytes: such files are looked for from the first on
SMALL = 4 * 1024  # bytes: smaller ones are parsed as fast as they are found
MANY = 32  # files after which small ones are looked for too


class FactStore:
    """The fact store. Processes may share one: each opens the file for itself."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.files = 0  # that the scan has met
        self.hits = 0
        self._database: Database | None = None

    def __reduce__(self) -> tuple[type[FactStore], tuple[int | None]]:
        return FactStore, (self.limit,)

    def serves(self, size: int) -> bool:
        """Whether a file of this size is looked for; counts the file."""
        self.files += 1
        return size >= LARGE or (self.files > MANY and size >= SMALL)

    @property
    def database(self) -> Database:
        """The store on disk."""
        if self._database is None:
            from modelaudit.pipeline.store import database

            limit = database.LIMIT if self.limit is None else self.limit
            self._database = database.Database(limit)
        return self._database

    def close(self) -> None:
        """Let go of the store on disk, after the last file."""
        if self._database is not None:
            self._database.close()
