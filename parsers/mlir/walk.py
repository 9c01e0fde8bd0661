"""The operators of MLIR bytecode: a block with operators, which have regions with blocks, as far as that goes."""

from __future__ import annotations

from modelaudit.parsers.mlir.sections import ELIDED, IR, LAZY, USES, Tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.mlir.bytes import Bytes

HAS_ATTRIBUTES, HAS_RESULTS, HAS_OPERANDS, HAS_SUCCESSORS, HAS_REGIONS, HAS_USES, HAS_PROPERTIES = (
    1 << n for n in range(7)
)
STEPS = 4096


class Operator:
    """An operator: its number among the names, the attributes by their number, and its properties by theirs."""

    __slots__ = ("attributes", "isolated", "name", "offset", "properties", "regions")

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.name = 0
        self.attributes: int | None = None
        self.properties: int | None = None
        self.regions = 0
        self.isolated = False


class Frame:
    """Regions that are read: the bytes that they stand in, and what is left of them."""

    __slots__ = ("blocks", "code", "operators", "regions")

    def __init__(self, code: Bytes, regions: int) -> None:
        self.code = code
        self.regions = regions
        self.blocks = 0
        self.operators = 0


def operators(tables: Tables) -> Iterator[Operator]:
    """Every operator, those in regions behind the one that has them."""
    version = tables.header.version
    section = tables.section(IR)
    frame = Frame(section, 0)
    frame.blocks = 1
    stack = [frame]
    steps = 0
    while stack:
        frame = stack[-1]
        steps += 1
        if steps % STEPS == 0:
            tables.notes.context.check()
        if frame.operators:
            frame.operators -= 1
            operator = _operator(frame.code, version)
            yield operator
            if operator.regions:
                stack.append(Frame(_inside(frame.code, operator, version), operator.regions))
        elif frame.blocks:
            frame.blocks -= 1
            frame.operators = _block(frame.code, version)
        elif frame.regions:
            frame.regions -= 1
            frame.blocks = frame.code.number()
            if frame.blocks:
                frame.code.number()  # values that the region defines
        else:
            stack.pop()


def _inside(code: Bytes, operator: Operator, version: int) -> Bytes:
    """The bytes that an operator's regions stand in: a section of their own when nothing outside is used in them."""
    if version < LAZY or not operator.isolated:
        return code
    code.byte()
    return code.part(code.number())


def _operator(code: Bytes, version: int) -> Operator:
    operator = Operator(code.offset + code.at)
    operator.name = code.number()
    has = code.byte()
    code.number()  # location
    if has & HAS_ATTRIBUTES:
        operator.attributes = code.number()
    if has & HAS_PROPERTIES:
        operator.properties = code.number()
    results = 0
    if has & HAS_RESULTS:
        results = code.number()
        code.skip(results)
    for kind in (HAS_OPERANDS, HAS_SUCCESSORS):
        if has & kind:
            code.skip(code.number())
    if has & HAS_USES and version >= USES:
        _uses(code, results)
    if has & HAS_REGIONS:
        operator.regions, operator.isolated = code.flagged()
    return operator


def _uses(code: Bytes, values: int) -> None:
    """Go past the orders in which values are used."""
    several = values > 1
    for _ in range(code.number() if several else 1):
        if several:
            code.number()
        code.skip(code.flagged()[0])


def _block(code: Bytes, version: int) -> int:
    """How many operators a block has."""
    count, arguments = code.flagged()
    if arguments:
        values = code.number()
        for _ in range(min(values, code.left + 1)):
            _argument(code, version)
        if version >= USES and code.byte():
            _uses(code, values)
    return count


def _argument(code: Bytes, version: int) -> None:
    """Go past an argument of a block: its type and where it comes from."""
    _, located = code.flagged()
    if located or version < ELIDED:
        code.number()
