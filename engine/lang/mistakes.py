"""What a syntax error means, in words that a rule author knows."""

from __future__ import annotations

from modelaudit.engine.lang.parse import ExpressionError
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WORDS = ("and", "or", "not", "any", "all", "none", "count", "in", "has", "overlaps", "within")
_OPERATORS = ("in", "has", "overlaps", "within", "glob", "matches", "contains", "startswith", "endswith", "and", "or")
_FOREIGN = {
    "=": "write `==`",
    "===": "write `==`",
    "&&": "write `and`",
    "&": "write `and`",
    "||": "write `or`",
    "|": "write `or`",
    "!": "write `not`",
    "~": "write `matches`",
    "=~": "write `matches`",
    "is": "write `==`",
    "like": "write `glob`",
    "regex": "write `matches`",
    "re": "write `matches`",
    "exists": "write `has`",
    "{": 'sets are written `["a", "b"]`',
    "+": "there is no arithmetic",
    "-": "there is no arithmetic",
    "*": "there is no arithmetic",
    "/": "there is no arithmetic",
    "%": "there is no arithmetic",
}


def syntax_problem(error: Any, text: str) -> ExpressionError:  # noqa: ANN401 - an exception of lark
    """The diagnostic of an exception that the parser raised."""
    from lark.exceptions import UnexpectedCharacters

    if isinstance(error, UnexpectedCharacters):
        start = int(error.pos_in_stream or 0)
        return _character(text, start, set(error.allowed or ()))
    token = error.token
    if token.type == "$END":
        end = len(text.rstrip())
        expected = _expected(set(error.expected))
        return ExpressionError("E201", "the expression ends too early", max(0, end - 1), end, expected)
    start = int(token.start_pos)
    return _token(str(token), start, set(error.accepts or error.expected))


def _token(word: str, start: int, expected: set[str]) -> ExpressionError:
    hint = _hint(word, expected)
    return ExpressionError(
        "E201", f"`{word}` is not expected here", start, start + len(word), _expected(expected), hint
    )


def _character(text: str, start: int, expected: set[str]) -> ExpressionError:
    first = text[start]
    if first in "\"'":
        return ExpressionError("E201", "the string does not end", start, len(text), f"a closing {first} is missing")
    end = start + 1
    if first.isalnum() or first in "_":
        while end < len(text) and (text[end].isalnum() or text[end] in "_."):
            end += 1
    elif first in "=&|!~":
        while end < len(text) and text[end] in "=&|!~":
            end += 1
    return _token(text[start:end], start, expected)


def _hint(word: str, expected: set[str]) -> str:
    if word in _FOREIGN:
        return _FOREIGN[word]
    if word in ("{", "}"):
        return _FOREIGN["{"]
    if "STRING" in expected and "NAME" not in expected and "LSQB" in expected and word[:1].isalpha():
        return f'a pattern is a constant: write "{word}" or a list'
    if "CMP" in expected or "AND" in expected:
        near = suggestion(word, _OPERATORS)
        if near:
            return near
    if word in _WORDS:
        return f"`{word}` is a word of the language"
    return ""


def _expected(expected: set[str]) -> str:
    """What may stand here, in few words."""
    if "NAME" in expected and ("STRING" in expected or "NOT" in expected):
        return "a value or a condition is expected"
    if expected == {"NAME"}:
        return "a name is expected"
    if "STRING" in expected:
        return 'a string, ["…"] or $list is expected' if "LIST" in expected else "a constant is expected"
    if "CMP" in expected and "AND" in expected:
        return "an operator is expected"
    if "CMP" in expected:
        return "a comparison such as `>= 2` is expected"
    return _single(expected)


_SINGLE = {
    "RPAR": "`)` is expected",
    "LPAR": "`(` is expected",
    "RSQB": "`]` is expected",
    "COLON": "`:` is expected",
    "IN": "`in` is expected",
    "INT": "a whole number is expected",
    "COMMA": "`,` is expected",
}


def _single(expected: set[str]) -> str:
    for name, words in _SINGLE.items():
        if name in expected:
            return words
    return "the end is expected" if expected == {"$END"} else ""
