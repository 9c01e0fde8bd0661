"""SPDX licence expressions: `AND`, `OR`, `WITH`, parentheses."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Allowed = Callable[[str], bool]

MAX_TOKENS = 1_000

_TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9.:+-]+)")


def _words_of(expression: str) -> list[str] | None:
    """The words of an expression, None when it is none."""
    found: list[str] = []
    at = 0
    text = expression.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(found) >= MAX_TOKENS:
            return None
        found.append(match.group(1))
        at = match.end()
    return found


def ids(expression: str) -> frozenset[str]:
    """The licence ids that an expression names; empty when it is none."""
    words = _words_of(expression) or []
    found = set()
    for at, word in enumerate(words):
        if word not in "()" and word.upper() not in _WORDS and (at == 0 or words[at - 1].upper() != "WITH"):
            found.add(word)
    return frozenset(found)


def allows(expression: str, allowed: Allowed) -> bool:
    """Whether the expression can be fulfilled with allowed licences alone; False when it is none.

    `A+` is allowed when `A+`, `A-or-later` or `A` is, `A WITH B` when that or `A` is.
    """
    words = _words_of(expression)
    return bool(words) and _Evaluator(words or [], allowed).run()


_WORDS = ("AND", "OR", "WITH")
_BINDS = {"OR": 1, "AND": 2}


class _Evaluator:
    """Two stacks instead of recursion, so that no nesting is too deep."""

    def __init__(self, words: list[str], allowed: Allowed) -> None:
        self.words = words
        self.allowed = allowed
        self.values: list[bool] = []
        self.operators: list[str] = []
        self.operand_next = True
        self.valid = True

    def run(self) -> bool:
        at = 0
        while at < len(self.words) and self.valid:
            at += self.step(at)
        while self.operators and self.valid:
            self.apply()
        return self.valid and not self.operand_next and len(self.values) == 1 and self.values[0]

    def step(self, at: int) -> int:
        """Take the word at `at`; how many words were taken."""
        said = self.words[at]
        word = said.upper()
        if self.operand_next:
            return self.operand(at, said)
        if word == ")":
            self.close()
        elif word in _BINDS:
            while self.operators and _BINDS.get(self.operators[-1], 0) >= _BINDS[word]:
                self.apply()
            self.operators.append(word)
            self.operand_next = True
        else:
            self.valid = False
        return 1

    def operand(self, at: int, word: str) -> int:
        if word == "(":
            self.operators.append(word)
            return 1
        if word == ")" or word.upper() in _WORDS:
            self.valid = False
            return 1
        self.operand_next = False
        after = [each.upper() for each in self.words[at + 1 : at + 3]]
        if after[:1] == ["WITH"] and len(after) == 2 and after[1] not in ("(", ")", *_WORDS):
            whole = f"{word} WITH {self.words[at + 2]}"
            self.values.append(self.allowed(whole) or self.licence(word))
            return 3
        self.values.append(self.licence(word))
        return 1

    def licence(self, word: str) -> bool:
        if self.allowed(word):
            return True
        if word.endswith("+"):
            return self.allowed(word[:-1]) or self.allowed(word[:-1] + "-or-later")
        return False

    def close(self) -> None:
        while self.operators and self.operators[-1] != "(":
            self.apply()
        if self.operators:
            self.operators.pop()
        else:
            self.valid = False

    def apply(self) -> None:
        operator = self.operators.pop()
        if operator == "(" or len(self.values) < 2:
            self.valid = False
            return
        right, left = self.values.pop(), self.values.pop()
        self.values.append((left and right) if operator == "AND" else (left or right))
