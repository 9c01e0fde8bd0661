"""What rules are judged against: the facts of one artifact, folded, with everything nested in it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelaudit.engine.facts import Artifact, Fact
    from modelaudit.engine.facts.columns import Columns

    Facts = list[Fact] | tuple[Fact, ...] | Columns


class FactSet:
    """The facts of one artifact and the fact sets of its members.

    `facts` maps a kind to its folded records, in the order in which they were first seen; the artifact's own
    record is `artifact`, and `artifact.incomplete` names the kinds that may lack records.
    """

    __slots__ = ("artifact", "children", "facts", "parent")

    def __init__(
        self,
        artifact: Artifact,
        facts: Mapping[str, Facts] | None = None,
        children: list[FactSet] | None = None,
    ) -> None:
        self.artifact = artifact
        self.facts: dict[str, Facts] = {} if facts is None else dict(facts)
        self.children: list[FactSet] = []
        self.parent: FactSet | None = None
        for child in children or ():
            self.add_child(child)

    def add_child(self, child: FactSet) -> None:
        """Put a nested artifact's facts under this one."""
        child.parent = self
        self.children.append(child)

    @property
    def root(self) -> FactSet:
        """The outermost artifact that this one is nested in, itself when it is not nested."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    def walk(self) -> Iterator[FactSet]:
        """This fact set and all nested ones, outermost first, in order."""
        return self._walk() if self.children else iter((self,))

    def _walk(self) -> Iterator[FactSet]:
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))
