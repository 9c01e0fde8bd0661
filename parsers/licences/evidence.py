"""What a text file says of licences: a licence's own text, a model card, the metadata of a Python package.

Packages: https://packaging.python.org/en/latest/specifications/pyproject-toml/ (`license`, `classifiers`), and the same
fields in `setup.cfg` and calls of `setup`; of a built package the headers of its `METADATA`
(https://packaging.python.org/en/latest/specifications/core-metadata/). They are found by their shape, since nothing of
a package is ever run.
"""

from __future__ import annotations

import re

from modelaudit.engine.facts import Place
from modelaudit.engine.facts.licences import PREFIX, licence_expression
from modelaudit.parsers.licences.card import card_facts, is_card, license_fact
from modelaudit.parsers.licences.texts import known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact, License
    from modelaudit.parsers.base import Context

PACKAGE_MAX = 256 * 1024  # characters of a package's metadata
CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?([^\n\"']{2,100})")
FIELD = re.compile(
    r"""(?:^|[\s,(])license\s*=\s*(?:\{\s*text\s*=\s*)?(?:"([^"\n]{1,200})"|'([^'\n]{1,200})'|([\w.+() -]{1,200}$))""",
    re.MULTILINE,
)
BUILT = "Metadata-Version:"
HEADER = re.compile(r"^License(?:-Expression)?:[ \t]*([^\n]{2,200})$", re.MULTILINE)
VAGUE = frozenset({"OSI Approved", "Other/Proprietary License"})  # classifiers that name no licence


def evidence(path: str, text: str, *, role: str, package: bool, context: Context) -> Iterator[Fact]:
    """Facts of one text; `role` is that of its file, `package` says that it describes a Python package."""
    if is_card(text):
        yield from card_facts(path, text)
    if role == "license":
        yield from text_facts(path, text, context)
    if package:
        yield from _package(path, text[:PACKAGE_MAX])


def text_facts(path: str, text: str, context: Context, place: Place | None = None) -> Iterator[License]:
    """A fact for each licence whose text this is or holds."""
    for id, score in known(context.licences).find(text, context.check):
        yield license_fact(path, id, "file", "text", round(score, 3), place or Place(offset=0))


def _package(path: str, text: str) -> Iterator[License]:
    found = {match[1].strip(): "classifier" for match in CLASSIFIER.finditer(text) if match[1].strip() not in VAGUE}
    if text.startswith(BUILT):
        headers = (match[1].strip() for match in HEADER.finditer(text.partition("\n\n")[0]))
        found |= {words: "package" for words in headers if not licence_expression(words).startswith(PREFIX)}  # no prose
    found |= {next(filter(None, match.groups())).strip(): "package" for match in FIELD.finditer(text)}
    expressions = {licence_expression(words): method for words, method in found.items()}
    for expression, method in expressions.items():
        if expression:
            yield license_fact(path, expression, "metadata", method, 1.0, Place(pointer="/license"))
