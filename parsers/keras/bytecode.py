"""What bytecode reaches by name: dotted names, and modules that it imports. Only opcodes that carry names are read."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from modelaudit.parsers.keras.marshalled import CodeObject

    Generation: TypeAlias = dict[str, Any]

RESUME_WITHIN = 64  # bytes in which a function of 3.11 and later says that it begins
PARTS_MAX = 16  # of a dotted name


class Reached:
    """`names` are what is loaded, with attributes; `imports` the modules that are imported."""

    __slots__ = ("imports", "names")

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.imports: set[str] = set()


def reached(code: CodeObject) -> Reached:
    """What a code object and those in it reach."""
    found = Reached()
    generations = _generations()
    for one in code.walk():
        found.names.update(one.names)
        generation = _generation(one, generations)
        if generation is not None:
            _chains(one, generation, found)
    return found


def _generations() -> list[Generation]:
    with open(os.path.join(os.path.dirname(__file__), "opcodes.json"), "rb") as file:
        generations: list[Generation] = json.loads(file.read())["generations"]
    return generations


def _generation(code: CodeObject, generations: list[Generation]) -> Generation | None:
    """The generation that the bytecode belongs to, None when that is not known."""
    raw = code.code
    starts = set(raw[:RESUME_WITHIN:2])
    for generation in generations:
        if code.layout not in generation["layouts"]:
            continue
        if generation["resume"] is not None and generation["resume"] not in starts:
            continue
        if generation["caches"] is None or _fits(raw, generation["caches"]):
            return generation
    return None


def _fits(raw: bytes, caches: dict[str, int]) -> bool:
    """Whether the first opcode of each kind is followed by so many empty ones."""
    for at in range(0, len(raw), 2):
        count = caches.get(str(raw[at]))
        if count is not None:
            after = raw[at + 2 : at + 2 + 2 * count + 2 : 2]
            return not any(after[:count]) and (len(after) <= count or bool(after[count]))
    return True


def _chains(code: CodeObject, generation: Generation, found: Reached) -> None:
    """Note names and the attributes that are loaded from them."""
    chain: list[str] = []
    begins = {generation["global"], generation["name"], generation["import"]}
    goes_on = {generation["attr"], generation["method"], generation["from"]} - {None}
    for opcode, operand in _instructions(code.code, generation):
        index = operand >> generation["shift"].get(str(opcode), 0)
        name = code.names[index] if index < len(code.names) else None
        if opcode in generation["pass"]:
            continue
        if name is not None and opcode in begins:
            _note(chain, found)
            chain = [name]
            if opcode == generation["import"]:
                found.imports.add(name)
        elif name is not None and opcode in goes_on and chain and len(chain) < PARTS_MAX:
            _note(chain, found)
            chain = [*chain, name]
        else:
            _note(chain, found)
            chain = []
    _note(chain, found)


def _note(chain: list[str], found: Reached) -> None:
    if len(chain) > 1:
        found.names.add(".".join(chain))


def _instructions(raw: bytes, generation: Generation) -> Iterator[tuple[int, int]]:
    """Opcodes and operands of bytecode in pairs of bytes."""
    extended = 0
    for at in range(0, len(raw) - 1, 2):
        opcode, operand = raw[at], raw[at + 1] | extended << 8
        if opcode == generation["extend"]:
            extended = operand & 0xFFFFFF
            continue
        extended = 0
        yield opcode, operand
