"""The one form of rule files: keys in the order of the schema, one indentation, one blank line between rules.

Works on lines and keeps every comment: what stands above a key moves with it. A result that would not read as
the same rules, or that lost a line, is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from modelaudit.engine import validation, yaml_tree
from modelaudit.engine.authoring.lines import inner_lines, lines_of
from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.errors import ModelAuditError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.yaml_tree import Node

    Block = list[str]

ITEM, KEY = "  - ", "    "  # what a rule begins with, and its other keys


class FormatRefusedError(ModelAuditError):
    """A file that cannot be brought into form without changing what it says."""


def formatted(text: str, file: str) -> str:
    """The text of a YAML file in its one form; files other than those of rules only lose loose white space.

    A file with mistakes of YAML is refused with a `DiagnosticsError`, one whose form would change its content
    with a `FormatRefusedError`.
    """
    text = text.removeprefix("\ufeff")
    nodes, problems = yaml_tree.parse(text, file)
    if problems:
        raise DiagnosticsError(tuple(problems))
    page = _Page(text)
    lines = _rules(page, nodes[0]) if len(nodes) == 1 else None
    made = "\n".join(lines if lines is not None else page.tidy(0, len(page.lines))).strip("\n") + "\n"
    _same(text, made, file)
    return made


def _same(old: str, new: str, file: str) -> None:
    before, _ = yaml_tree.parse(old, file)
    after, problems = yaml_tree.parse(new, file)
    same = not problems and [node.plain() for node in before] == [node.plain() for node in after]
    if not same or _contents(old) != _contents(new):
        raise FormatRefusedError(f"{file}: left as it is, since formatting would change what it says")


def _contents(text: str) -> Counter[str]:
    """The lines that say something, without indentation and dashes."""
    return Counter(re.sub(r"^(- +)*", "", line.strip()) for line in lines_of(text) if line.strip())


class _Page:
    """The lines of a file, and which of them belong to the text of a scalar."""

    def __init__(self, text: str) -> None:
        self.lines = lines_of(text)
        self.inside = inner_lines(text)

    def is_blank(self, number: int) -> bool:
        return number not in self.inside and not self.lines[number].strip()

    def is_comment(self, number: int) -> bool:
        return number not in self.inside and self.lines[number].lstrip().startswith("#")

    def indent(self, number: int) -> int:
        line = self.lines[number]
        return len(line) - len(line.lstrip(" "))

    def clean(self, number: int) -> str:
        """A line without white space at its end, unless it belongs to a scalar."""
        line = self.lines[number]
        return line if number in self.inside else line.rstrip()

    def tidy(self, start: int, end: int) -> list[str]:
        """Lines without white space at their ends and with at most one blank line in a row."""
        out: list[str] = []
        for number in range(start, end):
            if self.is_blank(number) and out and not out[-1] and not self.is_inside(number - 1):
                continue
            out.append(self.clean(number))
        return out

    def is_inside(self, number: int) -> bool:
        return number in self.inside


def _rules(page: _Page, root: Node) -> list[str] | None:
    """The lines of a rule file in form; None when it is not written in the block style that can be."""
    listed = root.get("rules")
    if listed is None or not listed.items or not _is_block(root, listed):
        return None
    starts = [min(span.line for span in item.key_spans.values()) - 1 for item in listed.items]
    column = next(iter(listed.items[0].key_spans.values())).column - 1
    leads = [_lead(page, starts[0], None, 0)]  # above the first rule there is none that a comment could belong to
    leads += [_lead(page, start, column, before) for before, start in pairwise(starts)]
    out = page.tidy(0, leads[0])
    while out and not out[-1]:
        out.pop()
    ends = [*leads[1:], len(page.lines)]
    for index, item in enumerate(listed.items):
        end = ends[index]
        while end > starts[index] and page.is_blank(end - 1):
            end -= 1
        out += [""] if index else []
        out += [f"  {page.lines[n].strip()}" for n in range(leads[index], starts[index]) if not page.is_blank(n)]
        out += _rule(page, item, starts[index], end)
    return out


def _is_block(root: Node, listed: Node) -> bool:
    """Whether rules come last in the file, and every key of every rule begins a line of its own."""
    if any(root.key_spans[key].line > listed.span.line for key in root.fields):
        return False
    seen: set[int] = set()
    columns: set[int] = set()
    for item in listed.items:
        if not item.key_spans:
            return False
        for span in item.key_spans.values():
            if span.line in seen or span.source[: span.column - 1].strip(" -'\""):
                return False
            seen.add(span.line)
            columns.add(span.column)
    return len(columns) == 1


def _lead(page: _Page, start: int, column: int | None, floor: int) -> int:
    """The first line of the comments that belong to what begins at `start`; only those left of a column, if any."""
    at = start
    while at - 1 > floor and (
        page.is_blank(at - 1) or (page.is_comment(at - 1) and (column is None or page.indent(at - 1) < column))
    ):
        at -= 1
    while at < start and page.is_blank(at):
        at += 1
    return at


def _rule(page: _Page, item: Node, start: int, end: int) -> list[str]:
    """The lines of one rule, its keys in order."""
    lines = {key: span.line - 1 for key, span in item.key_spans.items()}
    column = next(iter(item.key_spans.values())).column - 1
    keys = sorted(lines, key=lines.__getitem__)
    begins = [start, *(_above(page, lines[key], column, lines[before]) for before, key in pairwise(keys))]
    ends = [*begins[1:], end]
    blocks = {
        key: _block(page, lines[key], begin, stop, column) for key, begin, stop in zip(keys, begins, ends, strict=True)
    }
    out: list[str] = []
    for key in sorted(keys, key=lambda key: (_rank(key), keys.index(key))):
        comments, body = blocks[key]
        out += [(ITEM[:2] if not out else KEY) + line for line in comments]
        first = not any(line.startswith(ITEM) for line in out)
        out.append((ITEM if first else KEY) + body[0])
        out += body[1:]
    return out


def _above(page: _Page, line: int, column: int, floor: int) -> int:
    """The first of the comment lines right above a key, at its own indentation."""
    at = line
    while at - 1 > floor and page.is_comment(at - 1) and page.indent(at - 1) == column:
        at -= 1
    return at


def _block(page: _Page, line: int, begin: int, end: int, column: int) -> tuple[Block, Block]:
    """The comments above a key, and its lines shifted to the indentation of keys; the first without any."""
    comments = [page.lines[n].strip() for n in range(begin, line) if not page.is_blank(n)]
    below = [page.clean(number) for number in range(line + 1, end) if not page.is_blank(number)]
    return comments, [page.clean(line)[column:], *(_shifted(each, len(KEY) - column) for each in below)]


def _shifted(line: str, by: int) -> str:
    if not line.strip(" "):
        return line if by == 0 else line[min(len(line), max(0, -by)) :]
    if by >= 0:
        return " " * by + line
    return line[min(-by, len(line) - len(line.lstrip(" "))) :]


def _rank(key: str) -> int:
    """The place of a key in the schema; keys of one's own come last."""
    order = list(validation.schema_of("rules")["$defs"]["rule"]["properties"])
    return order.index(key) if key in order else len(order)
