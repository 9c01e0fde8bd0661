"""B-trees: of version 1 for old groups, of version 2 for large ones (specification, III.A)."""

from __future__ import annotations

from modelaudit.parsers.hdf5.source import Cursor, Damage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.hdf5.source import Source

GROUP = 0  # type of a node of version 1
PREFIX = 10  # bytes around the records of a node of version 2
DEPTH_MAX = 32
NODE_MAX = 16 * 1024 * 1024


def width(limit: int) -> int:
    """Bytes that hold a number up to `limit`."""
    return max(0, limit.bit_length() - 1) // 8 + 1


def symbol_nodes(source: Source, address: int, limit: int) -> Iterator[int]:
    """Addresses of the symbol table nodes under a tree of version 1; those of one node as they stand in the file."""
    open_nodes, seen = [address], {address}
    while open_nodes:
        at = open_nodes.pop()
        cursor = source.signed(at, b"TREE", 8 + 2 * source.wide)
        type, level, used = cursor.number(1), cursor.number(1), cursor.number(2)
        if type != GROUP:
            raise Damage(f"the tree at {at} is not a group's", at)
        size = source.long + source.wide
        entries = source.cursor(at + 8 + 2 * source.wide, used * size)
        children = []
        for _ in range(used):
            entries.skip(source.long)
            children.append(entries.offset())
        for child in children:
            if child in seen or len(seen) > limit:
                raise Damage("a tree that leads back to itself, or has no end", at)
            seen.add(child)
        children.sort()
        if level:
            open_nodes += reversed(children)
        else:
            yield from children


def records(source: Source, address: int, limit: int) -> Iterator[bytes]:
    """The records of a tree of version 2, at most `limit`, not sorted."""
    cursor = source.signed(address, b"BTHD", 22 + source.wide + source.long)
    cursor.skip(2)
    shape = _Shape(source, cursor.number(4), cursor.number(2), cursor.number(2), address)
    cursor.skip(2)
    root, count = cursor.offset(), cursor.number(2)
    if source.undefined(root):
        return
    open_nodes, seen = [(root, count, shape.depth)], {root}
    given = 0
    while open_nodes:
        node, count, depth = open_nodes.pop()
        entries, children = shape.node(node, count, depth)
        for child in children:
            if child[0] in seen or len(seen) > limit:
                raise Damage("a tree that leads back to itself, or has no end", node)
            seen.add(child[0])
        open_nodes += [(at, number, depth - 1) for at, number in children]
        for entry in entries:
            yield entry
            given += 1
            if given >= limit:
                return


class _Shape:
    """How the nodes of a tree of version 2 are laid out, which depends on how many records each can hold."""

    def __init__(self, source: Source, node: int, record: int, depth: int, address: int) -> None:
        if not record or node <= PREFIX + record or node > NODE_MAX or depth > DEPTH_MAX:
            raise Damage(f"a tree of depth {depth} with records of {record} in nodes of {node} bytes", address)
        self.source = source
        self.record = record
        self.depth = depth
        most = total = (node - PREFIX) // record
        self.narrow = width(most)  # bytes of the number of records in a child
        self.totals = [0]  # bytes of the number of records under a child, by its depth
        for level in range(1, depth + 1):
            pointer = source.wide + self.narrow + self.totals[level - 1]
            most = (node - PREFIX - pointer) // (record + pointer)
            if most < 1:
                raise Damage("a tree whose nodes hold no records", address)
            total = (most + 1) * total + most
            self.totals.append(width(total))

    def node(self, address: int, count: int, depth: int) -> tuple[list[bytes], list[tuple[int, int]]]:
        """The records of a node, and address and number of records of each child."""
        pointer = self.source.wide + self.narrow + (self.totals[depth - 1] if depth > 1 else 0)
        length = 6 + count * self.record + ((count + 1) * pointer if depth else 0)
        cursor: Cursor = self.source.signed(address, b"BTIN" if depth else b"BTLF", length)
        cursor.skip(2)
        entries = [cursor.take(self.record) for _ in range(count)]
        children = []
        for _ in range(count + 1 if depth else 0):
            at, number = cursor.offset(), cursor.number(self.narrow)
            cursor.skip(self.totals[depth - 1] if depth > 1 else 0)
            children.append((at, number))
        return entries, children
