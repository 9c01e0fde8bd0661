"""Folders that mean something as a whole: recognised by their names, related after all their files were read."""

from __future__ import annotations

import os

from modelaudit.engine.facts import clean
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Recognition
from modelaudit.pipeline.isolation import MAIN
from modelaudit.pipeline.one import FileResult, budget_for, read_with, shown
from modelaudit.pipeline.read import Node
from modelaudit.pipeline.references import root_of
from modelaudit.sources.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelaudit.engine.document import ScanError
    from modelaudit.engine.factset import FactSet
    from modelaudit.parsers.reader import Reader
    from modelaudit.pipeline.budget import Budget
    from modelaudit.pipeline.isolation import Isolation
    from modelaudit.pipeline.one import Plan
    from modelaudit.pipeline.store.recall import Recall
    from modelaudit.sources.file import FileReader
    from modelaudit.sources.local import SourceFolder

OPEN = 16  # files that are open at once; the oldest is closed for the next


class OpenFolder:
    """A folder as a bundle parser sees it. Names are valid Unicode; nothing but the files in it is opened."""

    __slots__ = ("_check", "_folder", "_names", "_readers", "inner", "names", "path", "spent")

    def __init__(self, folder: SourceFolder, path: str, check: Callable[[], None] | None = None) -> None:
        self.path = path
        self._folder = folder
        self._check = check
        self._names = {clean(name)[0]: name for name in folder.files}
        self.names: Sequence[str] = sorted(self._names)
        inner = {clean(name)[0]: name for name in folder.inner} if is_deep(folder) else {}
        self.inner: Sequence[str] = sorted(inner)
        self.spent = folder.spent
        self._names |= inner
        self._readers: dict[str, FileReader] = {}

    def open(self, name: str) -> Reader | None:
        """The bytes of a file of the folder, None when it cannot be read."""
        reader = self._readers.get(name)
        if reader is None and name in self._names:
            try:
                reader = self._folder.open(self._names[name], self._check)
            except SourceError:
                return None
            while len(self._readers) >= OPEN:
                self._readers.pop(next(iter(self._readers))).close()
            self._readers[name] = reader
        return reader

    def close(self) -> None:
        """Give all files back."""
        while self._readers:
            self._readers.popitem()[1].close()


def is_deep(folder: SourceFolder) -> bool:
    """Whether what belongs to the files of a folder may stand in folders below it, and is there."""
    from modelaudit.parsers.bundle import reaches_below

    return reaches_below(folder.files) and (bool(folder.inner) or folder.spent is not None)


def scan_folder(folder: SourceFolder, plan: Plan, isolation: Isolation = MAIN) -> FileResult:
    """Judge a folder as a whole; the result is empty when it is only a folder."""
    result = FileResult(shown(folder.path))
    result.tree = bundle_tree(folder, plan, result.errors, isolation)
    if result.tree is not None:
        result.judgement = plan.judge(result.tree)
        result.summaries = plan.summaries(result.tree)
    return result


def bundle_tree(
    folder: SourceFolder, plan: Plan, errors: list[ScanError], isolation: Isolation = MAIN
) -> FactSet | None:
    """The facts of a folder as a whole, None when it is only a folder. What breaks is added to `errors`."""
    if len(folder.files) < 2 and not is_deep(folder):
        return None
    from modelaudit.parsers.bundle import recognise_folder, relate

    path = shown(folder.path)
    budget = budget_for(plan)
    opened = OpenFolder(folder, path, budget.check)
    format = recognise_folder(opened.names, opened.inner, whole=opened.spent is None)
    if format is None:
        return None
    recall = _recall(folder, plan, budget)
    known = None if recall is None else recall.find()
    if known is not None:
        known.artifact = known.artifact.replace(extension="", declared_format=None)
        return known
    asked = None if recall is None else recall.asked
    trees = read_with(plan, budget, root_of(folder), asked, isolation=isolation)
    node = Node(path, clean(os.path.basename(folder.real))[0], BytesReader(b""), plan.folding(path))
    node.extension = ""
    node.recognition = Recognition((format,), (format,), None)
    try:
        tree = trees.bundle(node, lambda context: relate(opened, context))
    finally:
        opened.close()
    errors += trees.errors
    if not tree.facts and recognise_folder(opened.names, opened.inner) is None:
        return None  # nothing that was not listed is missed
    if recall is not None and not trees.errors:
        recall.keep(tree, None)
    return tree


def _recall(folder: SourceFolder, plan: Plan, budget: Budget) -> Recall | None:
    """The folder's way through the store, when somebody says what its files hold without their being read."""
    if plan.store is None or not folder.identity:
        return None
    from hashlib import sha256

    from modelaudit.pipeline.store.recall import Recall

    patterns = plan.deriver.digest if plan.deriver is not None else ""
    identity = f"folder {sha256(folder.identity.encode('utf-8', 'surrogateescape')).hexdigest()}"
    return Recall(
        plan.store, folder.path, None, plan.wants, plan.registry, root_of(folder), budget.max_depth, patterns, identity
    )
