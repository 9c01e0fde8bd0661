"""Facts of a list of tiktoken: lines of a token in base64 and its rank."""

from __future__ import annotations

from io import BytesIO

from modelaudit.engine.facts import Defect, Limit, Metadata, Place, clean
from modelaudit.parsers.vocabulary import LINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input

READ_MAX = 12 * 1024 * 1024  # bytes
DETAILS_MAX = 5
FACTS = frozenset({"metadata"})


def parse_ranks(artifact: Input, context: Context) -> Iterator[Fact]:
    """How many tokens there are; defects of lines that are none, and of tokens and ranks that stand twice."""
    reader = artifact.reader
    if reader.size > READ_MAX:
        yield Limit(artifact.path, what="size", at=reader.size, budget=READ_MAX, by="file", affects=FACTS)
    tokens: set[bytes] = set()
    ranks: set[bytes] = set()
    found: list[Defect] = []
    for n, line in enumerate(BytesIO(reader.read_at(0, READ_MAX))):
        if n % 4096 == 0:
            context.check()
        if not line.strip():
            continue
        token, _, rank = line.strip().partition(b" ")
        words = None if LINE.fullmatch(line.removesuffix(b"\n")) else "is no token and rank"
        if words is None and (token in tokens or rank in ranks):
            words = f"has the {'token' if token in tokens else 'rank'} of another line"
        if words is not None and len(found) < DETAILS_MAX:
            code = "vocabulary-malformed" if words.startswith("is") else "token-repeated"
            shown = clean(f"line {n + 1} {words}")[0]
            found.append(Defect(artifact.path, code=code, detail=shown, places=(Place(pointer=f"/{n + 1}"),)))
        tokens.add(token)
        ranks.add(rank)
    yield Metadata(artifact.path, key="vocabulary", value=str(len(tokens)), number=float(len(tokens)), type="int")
    yield from found
