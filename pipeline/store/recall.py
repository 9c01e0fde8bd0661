"""How the facts of one file come out of the store and go into it.

An entry is found by the digests of the content, of the code that reads it and of the patterns that texts are searched
for, the file's name (parsers may go by it, and its extension says what was promised) and the depth to which nested
artifacts are read. Where the file
stands, and what its references lead to there, is made anew. To look for an entry a large file has to be hashed before
it is parsed; that is done only when a file of the same size, beginning and end is known. A service that says what its
files hold is believed: such a file is found without reading a byte of it.
"""

from __future__ import annotations

import os

from modelaudit.engine.facts import Limit, Reference, clean, quote_member
from modelaudit.parsers.base import BudgetSpent
from modelaudit.pipeline.read import extension_of
from modelaudit.sources.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelaudit.engine.facts import Fact
    from modelaudit.engine.factset import FactSet
    from modelaudit.parsers.registry import Registry
    from modelaudit.pipeline.references import Root
    from modelaudit.pipeline.store.shared import FactStore
    from modelaudit.sources.file import FileReader

WHOLE = 8 * 1024 * 1024  # bytes: up to here the whole file is in memory and hashed at once
PROBE = 4096  # bytes at the beginning and at the end that make a file worth hashing first


class Asked:
    """`wants` with a memory: what the parsers asked for, and what they were told."""

    __slots__ = ("also", "answers", "wants")

    def __init__(self, wants: Callable[[str], bool] | None, also: frozenset[str] = frozenset()) -> None:
        self.wants = wants
        self.also = also  # what is read for the store alone, so that policies do not take turns in re-reading
        self.answers: dict[str, bool] = {}

    def __call__(self, name: str) -> bool:
        """Whether somebody reads this kind or field."""
        said = self.answers.get(name)
        if said is None:
            said = self.answers[name] = self.wants is None or self.wants(name) or name in self.also
        return said


class Recall:
    """One file's way through the store: `find` before it is parsed, `keep` after."""

    __slots__ = (
        *("asked", "depth", "identity", "name", "path", "patterns", "probe", "reader", "registry", "root", "store"),
        "wants",
    )

    def __init__(
        self,
        store: FactStore,
        path: str,
        reader: FileReader | None,
        wants: Callable[[str], bool] | None,
        registry: Registry,
        root: Root,
        depth: int,
        patterns: str = "",
        identity: str = "",
    ) -> None:
        self.store = store
        self.identity = identity  # of the content and how much of it is read, when that is known without reading
        self.path = clean(path)[0]  # as the user sees it
        self.name = self.path.rpartition(os.sep)[2]
        self.reader = reader  # None where the identity is known
        self.wants = wants
        self.asked = Asked(wants)
        self.registry = registry
        self.root = root
        self.depth = depth
        self.patterns = patterns  # digest of what was looked for in texts
        self.probe = ""

    def find(self) -> FactSet | None:
        """The facts of the file when they are known and enough. The file is hashed then."""
        try:
            digest = self.identity or self._digest()
            entry = self.store.database.get(self._key(digest)) if digest else None
        except (BudgetSpent, SourceError):  # they come again when the file is read, and are noted there
            return None
        if entry is None:
            return None
        if any(self.wants is None or self.wants(name) for name in entry.lacks):
            self.asked.also = _computed(entry.lines[0])
            return None
        return self._tree(entry.lines[1:])

    def keep(self, tree: FactSet, sha256: str | None) -> None:
        """Keep what was read, unless something other than the file's content had a part in it."""
        digest = self.identity or sha256
        if not digest:
            return
        if any(isinstance(limit, Limit) and limit.by != "file" for node in tree.walk() for limit in _limits(node)):
            return
        from modelaudit.pipeline.store.codec import content_lines, dump

        answers = self.asked.answers
        lines = [dump(sorted(name for name, said in answers.items() if said)), *content_lines(tree)]
        lacks = [name for name, said in answers.items() if not said]
        self.store.database.put(self._key(digest), self.probe, lines, lacks)

    def _digest(self) -> str | None:
        """The digest of the file when it is worth hashing before it is read; for a small one that costs nothing."""
        from hashlib import sha256

        reader = self.reader
        assert reader is not None  # noqa: S101 - there is no identity
        size = reader.size
        ends = reader.read_at(0, PROBE) + reader.read_at(max(0, size - PROBE), PROBE)
        self.probe = f"{size}:{sha256(ends).hexdigest()[:32]}"
        return reader.finish() if size <= WHOLE or self.store.database.knows(self.probe) else None

    def _key(self, digest: str) -> str:
        from hashlib import sha256

        from modelaudit.pipeline.store.versions import parsers_digest

        parts = (digest, parsers_digest(), self.patterns, str(self.depth), self.name)
        return sha256("\n".join(parts).encode()).hexdigest()

    def _tree(self, lines: list[bytes]) -> FactSet | None:
        from modelaudit.pipeline.store.codec import BadFactsError, Wanted, tree_of

        try:
            tree = tree_of(lines, Wanted(self.wants), under=quote_member(self.path), content=self._complete)
        except BadFactsError:
            return None
        self.store.hits += 1
        extension = extension_of(self.name)
        promise = self.registry.promise(extension)
        declared = promise.id if promise is not None else None
        tree.artifact = tree.artifact.replace(name=self.name, extension=extension, declared_format=declared)
        return tree

    def _complete(self, fact: Fact) -> Fact:
        return self.root.resolve(fact) if isinstance(fact, Reference) else fact


def _limits(node: FactSet) -> Sequence[Fact]:
    return node.facts.get("limit", ())


def _computed(line: bytes) -> frozenset[str]:
    """What an entry was asked for; nothing when it does not say."""
    import json

    found = json.loads(line)
    return frozenset(item for item in found if isinstance(item, str)) if isinstance(found, list) else frozenset()
