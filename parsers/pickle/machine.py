"""The abstract machine: reads opcodes of protocols 0 to 5 and never builds an object.

It accepts what CPython's C reader or its Python reader accepts. Where both would stop it reports a defect, and
goes on as long as the bytes can be read as opcodes: what it reports then is more than would happen, never less.
"""

from __future__ import annotations

import re
from itertools import repeat
from struct import Struct, unpack_from

from modelaudit.parsers.pickle import constants, objects, tensors  # noqa: F401 - tensors registers what it looks at
from modelaudit.parsers.pickle.latin import UTF8
from modelaudit.parsers.pickle.literals import LITERAL_MIN, inspect, made, magics, numbers
from modelaudit.parsers.pickle.notes import KINDS
from modelaudit.parsers.pickle.opcodes import BYTES, NAMES
from modelaudit.parsers.pickle.resolving import KEPT_MAX
from modelaudit.parsers.pickle.state import FAR, State
from modelaudit.parsers.pickle.tape import Break, FileTape, Pause
from modelaudit.parsers.pickle.values import NONE, Container, DictValue, ListValue, Unknown

REAL = Struct(">d").unpack_from
SIGNED = Struct("<i").unpack_from
UNSIGNED = Struct("<I").unpack_from
NUMBERS = {0x4B: rb"K.", 0x4D: rb"M..", 0x4A: rb"J....", 0x47: rb"G.{8}"}
WIDTHS = {0x4B: 2, 0x4D: 3, 0x4A: 5, 0x47: 9}
FORMATS = {0x4B: "<xB", 0x4D: "<xH", 0x4A: "<xi", 0x47: ">xd"}
_RUNS = {byte: re.compile(rb"(?:" + number + rb"){1,1000}", re.DOTALL) for byte, number in NUMBERS.items()}
BATCH = 1000  # items that picklers append at once

AFFECTED = {"unknown-opcode": KINDS, "bad-size": KINDS, "truncated": frozenset(["stream"])}  # what is not known behind
CUT = frozenset(["truncated", "bad-size"])  # what an argument may run into that a frame's end cuts
FAULTS_MAX = 1000  # opcodes that find too little on the stack: loaders stop at the first one
STEP = 4096  # opcodes between two looks at the clock and the budgets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[State, int], int]


def _unknown(m: State, pos: int) -> int:
    raise Break("unknown-opcode", f"no opcode has the byte 0x{m.tape.buf[pos]:02x}")


HANDLERS: list[Handler] = [_unknown] * 256
for _name, _handler in {**constants.HANDLERS, **objects.HANDLERS}.items():
    HANDLERS[BYTES[_name]] = _handler


class Machine(State):
    """A stream's machine."""

    def run(self) -> bool:
        """Read up to `STEP` opcodes; False once the stream has ended.

        Raises only what the artifact's reader and the scan's clock raise.
        """
        if self.ended:
            return False
        try:
            if self.tape.__class__ is FileTape:
                self._walk()
            else:
                self._loop()
            self.count += STEP
            self.check_budgets()
        except Break as broken:
            self._break(broken)
        except Pause as pause:
            self.inner = pause.offset
        self._listed()
        return not self.ended

    def _listed(self) -> None:
        """Look at the lists of numbers that were filled."""
        if self.ended:
            self.series.end()
        if self.series.found:
            found, self.series.found = self.series.found, []
            for data, offset in found:
                numbers(self, data, offset)

    def _break(self, broken: Break) -> None:
        self.cut = self.cut or (self.frame_end > self.offset and broken.code in CUT)
        if not self.strict:
            self.defect(broken.code, broken.detail, self.offset, AFFECTED.get(broken.code, NONE))
        self.end(broken.code)

    def _bound(self) -> int:
        """The position up to which the loop may start an opcode without looking."""
        safe = self.tape.safe()
        return min(safe, self.frame_end - self.tape.base) if self.frame_end else safe

    def _turn(self, pos: int) -> int:
        """At the end of what may be read without looking: pass the frame's end, move the window, or break."""
        tape = self.tape
        offset = tape.base + pos
        if self.frame_end and offset >= self.frame_end:
            if offset > self.frame_end:
                self.cut = True
                self.defect("bad-frame", "a FRAME ends within an opcode", self.frame_end)
            self.frame_end = 0
            offset, self.behind = offset + self.behind, 0
        if offset > tape.size:
            self.offset = tape.size
            raise Break("truncated", "the file ends within an opcode's argument")
        pos = tape.seek(offset)
        if offset >= tape.size:
            self.offset = offset
            raise Break("truncated", "the file ends before STOP")
        return pos

    def _fault(self, offset: int) -> int:
        """An opcode found too little on the stack: give it unknown values; returns the position to go on at."""
        self.offset = offset
        self._faults += 1
        if self._faults > FAULTS_MAX:
            raise Break("stack-underflow", f"{FAULTS_MAX} opcodes find too little on the stack")
        pos = self.tape.seek(offset)
        retry = offset != self._faulted
        self._faulted = offset
        name = NAMES[self.tape.buf[pos]] if retry else ""
        if retry:
            self.defect("stack-underflow", f"{name} finds too little on the stack", offset)
            self.stack[:0] = [Unknown("stack-underflow") for _ in range(3)]
            self.marks[:] = [mark + 3 for mark in self.marks]
        return pos if retry else pos + 1

    _faulted = -1
    _faults = 0

    def _text(self, size: int, start: int) -> int:
        """Look at a short text constant that stands in the buffer; returns where the next keyword stands."""
        tape, end = self.tape, start + size
        hit = self.hit
        if hit < end or self.window is not tape.buf:
            hit = FAR if self.sought is None else self.keyword(start, end)
        if end <= tape.end:
            data = tape.buf[start:end]
            inspect(self, data, size, tape.base + start, tape.base + start - 2, codec=UTF8, sought=hit < end)
        return hit if hit >= end else self.keyword(end, end)

    def looked(self, data: bytes, how: str, offset: int) -> None:
        """Look at bytes that a call has made."""
        made(self, data, how, offset)

    def _walk(self) -> None:
        """The loop without short cuts, for a tape that is not read straight on."""
        for _ in range(STEP):
            pos = self.tape.seek(self.offset)
            if self.offset >= self.tape.size:
                raise Break("truncated", "the file ends before STOP")
            op = self.tape.buf[pos]
            self.seen[op] = 1
            try:
                pos = HANDLERS[op](self, pos)
            except IndexError:
                pos = self._fault(self.offset)
            self.offset = self.tape.base + pos
            if self.ended:
                return

    def _loop(self) -> None:  # noqa: C901 - one opcode, one branch: a call for each would double the time
        tape, stack, marks, seen, sparse = self.tape, self.stack, self.marks, self.seen, self.sparse
        memo, handlers = self.memo, HANDLERS
        push, real, signed, unsigned = stack.append, REAL, SIGNED, UNSIGNED
        alert = bytes([LITERAL_MIN]) * 256 if self.texts else magics().texts  # size from which on a text is looked at
        hit = unlooked = FAR if self.sought is None else -1  # a text that ends behind it is looked at
        pos = tape.seek(self.offset)
        buf = tape.buf
        bound = self._bound()
        steps = repeat(None, STEP)
        while True:
            try:
                for _ in steps:
                    if pos >= bound:
                        break
                    op = buf[pos]
                    seen[op] = 1
                    if op >= 0x80:
                        if op == 0x8C:  # SHORT_BINUNICODE, mostly followed by MEMOIZE
                            size = buf[pos + 1]
                            start = pos + 2
                            pos = start + size
                            text = buf[start:pos].decode()
                            push(text)
                            if size >= alert[buf[start]] or pos > hit:
                                hit = self._text(size, start)
                            if pos < bound and buf[pos] == 0x94 and not sparse:
                                seen[0x94] = 1
                                memo.append(text)
                                pos += 1
                            continue
                        if op == 0x94 and not sparse:  # MEMOIZE
                            memo.append(stack[-1])
                            pos += 1
                            continue
                        if op == 0x86:  # TUPLE2
                            last = stack.pop()
                            stack[-1] = (stack[-1], last)
                            pos += 1
                            continue
                        if op == 0x85:  # TUPLE1
                            stack[-1] = (stack[-1],)
                            pos += 1
                            continue
                        if op == 0x88 or op == 0x89:  # NEWTRUE, NEWFALSE
                            push(op == 0x88)
                            pos += 1
                            continue
                    elif op < 0x60:
                        if op == 0x4B:  # BININT1
                            push(buf[pos + 1])
                            pos += 2
                            continue
                        if op == 0x28:  # MARK
                            first = buf[pos + 1]
                            if stack and stack[-1].__class__ is ListValue and first in NUMBERS:
                                if stack[-1].more or self.kept >= KEPT_MAX:
                                    pos = self._skip(pos, stack[-1])
                                    if pos >= bound or buf[pos] != 0x28:
                                        continue
                                elif buf[pos + 1 + WIDTHS[first]] == first:
                                    marks.append(len(stack))
                                    pos = self._numbers(pos + 1, bound)
                                    continue
                            marks.append(len(stack))
                            pos += 1
                            continue
                        if op == 0x47:  # BINFLOAT
                            push(real(buf, pos + 1)[0])
                            pos += 9
                            continue
                        if op == 0x4D:  # BININT2
                            push(buf[pos + 1] | buf[pos + 2] << 8)
                            pos += 3
                            continue
                        if op == 0x4A:  # BININT
                            push(signed(buf, pos + 1)[0])
                            pos += 5
                            continue
                        if op == 0x58 and buf[pos + 2] == 0 == buf[pos + 3] == buf[pos + 4]:  # BINUNICODE, short
                            size = buf[pos + 1]
                            start = pos + 5
                            push(buf[start : start + size].decode())
                            pos = start + size
                            if size >= alert[buf[start]] or pos > hit:
                                hit = self._text(size, start)
                            continue
                        if op == 0x5D:  # EMPTY_LIST
                            push(ListValue())
                            pos += 1
                            continue
                        if op == 0x29:  # EMPTY_TUPLE
                            push(())
                            pos += 1
                            continue
                        if op == 0x4E:  # NONE
                            push(None)
                            pos += 1
                            continue
                    elif op == 0x68:  # BINGET
                        try:
                            push(memo[buf[pos + 1]])
                        except IndexError:
                            push(self.get(buf[pos + 1], tape.base + pos))
                        pos += 2
                        continue
                    elif op == 0x71:  # BINPUT
                        key = buf[pos + 1]
                        if key == len(memo) and not sparse:
                            memo.append(stack[-1])
                        else:
                            self.put(key, tape.base + pos)
                        pos += 2
                        continue
                    elif op == 0x75:  # SETITEMS
                        mark = marks[-1]
                        if mark and stack[mark - 1].__class__ is DictValue and not (len(stack) - mark) & 1:
                            items = stack[mark:]
                            del stack[marks.pop() :]
                            self.store(stack[-1], items, 2)  # type: ignore[arg-type]
                            pos += 1
                            continue
                    elif op == 0x7D:  # EMPTY_DICT
                        push(DictValue())
                        pos += 1
                        continue
                    elif op == 0x72:  # LONG_BINPUT
                        key = unsigned(buf, pos + 1)[0]
                        if key == len(memo) and not sparse:
                            memo.append(stack[-1])
                        else:
                            self.put(key, tape.base + pos)
                        pos += 5
                        continue
                    elif op == 0x6A:  # LONG_BINGET
                        push(self.get(unsigned(buf, pos + 1)[0], tape.base + pos))
                        pos += 5
                        continue
                    elif op == 0x65:  # APPENDS
                        mark = marks[-1]
                        if mark and stack[mark - 1].__class__ is ListValue:
                            items = stack[mark:]
                            del stack[marks.pop() :]
                            self.offset = tape.base + pos
                            self.store(stack[-1], items)  # type: ignore[arg-type]
                            pos += 1
                            continue
                    elif op == 0x73 and stack[-3].__class__ is DictValue:  # SETITEM
                        items = stack[-2:]
                        del stack[-2:]
                        self.store(stack[-1], items, 2)  # type: ignore[arg-type]
                        pos += 1
                        continue
                    elif op == 0x61 and stack[-2].__class__ is ListValue:  # APPEND
                        items = [stack.pop()]
                        self.offset = tape.base + pos
                        self.store(stack[-1], items)  # type: ignore[arg-type]
                        pos += 1
                        continue
                    self.offset = tape.base + pos
                    pos = handlers[op](self, pos)
                    if self.ended:
                        self.offset = tape.base + pos
                        return
                    if tape.buf is not buf or op == 0x95:
                        buf = tape.buf
                        bound = self._bound()
                        hit = unlooked
                        if op == 0x95 and marks:
                            pos = self._resume(pos)
                else:
                    self.offset = tape.base + pos
                    return
                pos = self._turn(pos)
            except IndexError:
                pos = self._fault(tape.base + pos if tape.buf is buf else self.offset)
            except UnicodeDecodeError:  # a lone surrogate, or no UTF-8 at all: the handler knows
                pos = start - (2 if op == 0x8C else 5)
                self.offset = tape.base + pos
                pos = handlers[op](self, pos)
            buf = tape.buf
            bound = self._bound()
            hit = unlooked

    def _numbers(self, pos: int, bound: int) -> int:
        """Push numbers of one kind that follow one another, as many as come into one portion of a list."""
        buf, op = self.tape.buf, self.tape.buf[pos]
        run = _RUNS[op].match(buf, pos, max(pos, min(bound, self.tape.end)))
        if run is None:
            return pos
        width = WIDTHS[op]
        count = (run.end() - pos) // width
        self.seen[op] = 1
        self.stack.extend(unpack_from(FORMATS[op][0] + FORMATS[op][1:] * count, buf, pos))
        return pos + count * width

    def _skip(self, pos: int, target: Container) -> int:
        """Pass portions of numbers that go to a list of which enough is known; returns the position after.

        Only opcodes that the stream has had are passed, so that it is still known which ones it has.
        """
        kinds = bytes([byte for byte in NUMBERS if self.seen[byte]])
        if not kinds or not self.seen[0x65]:
            return pos
        tape = self.tape
        stop = min(tape.end, self.frame_end - tape.base) if self.frame_end else tape.end
        start, pos = pos, self._batches(pos, stop)
        run = _portions(kinds).match(tape.buf, pos, stop)
        if run is not None:
            pos = run.end()
        if pos > start:
            target.omit()
            self.series.passed(target, tape.buf[start:pos])
        return pos

    def _resume(self, pos: int) -> int:
        """Behind a FRAME within a portion of numbers: pass the others, up to the opcode that appends them."""
        mark, kinds = self.marks[-1], bytes([byte for byte in NUMBERS if self.seen[byte]])
        if not (kinds and 0 < mark <= len(self.stack)):
            return pos
        target = self.stack[mark - 1]
        if target.__class__ is not ListValue or not target.more:
            return pos
        tape = self.tape
        stop = min(tape.end, self.frame_end - tape.base) if self.frame_end else tape.end
        run = _rest(kinds).match(tape.buf, pos, stop)
        if run is not None:
            self.series.end()
        return pos if run is None else run.end()

    def _batches(self, pos: int, stop: int) -> int:
        """Pass full portions of numbers of one kind, as picklers write them; every n-th byte is then its opcode."""
        buf, op = self.tape.buf, self.tape.buf[pos + 1]
        if not self.seen[op]:
            return pos
        width = WIDTHS[op]
        wanted, size = bytes([op]) * BATCH, width * BATCH + 2
        while (
            pos + size <= stop
            and buf[pos] == 0x28
            and buf[pos + size - 1] == 0x65
            and buf[pos + 1 : pos + size - 1 : width] == wanted
        ):
            pos += size
        return pos


_PORTIONS: dict[bytes, re.Pattern[bytes]] = {}


def _portions(kinds: bytes) -> re.Pattern[bytes]:
    r"""What matches `(`, numbers of some kinds, `e`, again and again."""
    if kinds not in _PORTIONS:
        _PORTIONS[kinds] = re.compile(rb"(?:\((?:" + _choice(kinds) + rb")++e)++", re.DOTALL)
    return _PORTIONS[kinds]


_RESTS: dict[bytes, re.Pattern[bytes]] = {}


def _rest(kinds: bytes) -> re.Pattern[bytes]:
    """What matches numbers of some kinds in front of an `e`."""
    if kinds not in _RESTS:
        _RESTS[kinds] = re.compile(rb"(?:" + _choice(kinds) + rb")++(?=e)", re.DOTALL)
    return _RESTS[kinds]


def _choice(kinds: bytes) -> bytes:
    return b"|".join([NUMBERS[kind] for kind in kinds])
