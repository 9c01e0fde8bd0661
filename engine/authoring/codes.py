"""What each diagnostic code means: the table in `schemas/diagnostics.yaml`."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from modelaudit.engine import yaml_tree
from modelaudit.engine.errors import UsageError
from modelaudit.engine.resources import data_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.yaml_tree import Node

_CODE = re.compile(r"[EW][0-9]{3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CodePage:
    """What a person reads of one diagnostic code."""

    code: str
    title: str
    text: str
    where: str  # what the examples are: expression | rule | list | macros | pack | policy | tests | lint | file | large
    kind: str  # the kind of fact that an expression is about
    wrong: str
    right: str

    @property
    def level(self) -> str:
        """`error` or `warning`."""
        return "warning" if self.code.startswith("W") else "error"


def is_code(word: str) -> bool:
    """Whether a word looks like a diagnostic code."""
    return _CODE.fullmatch(word) is not None


@functools.lru_cache(maxsize=1)
def pages() -> dict[str, CodePage]:
    """Every page by its code, in the order of the table."""
    nodes, _ = yaml_tree.read(data_path("schemas", "diagnostics.yaml"))
    listed = nodes[0].get("codes") if nodes else None
    found = [_page(item) for item in (listed.items if listed is not None else ())]
    return {page.code: page for page in found}


def page(code: str) -> CodePage:
    """The page of a code, in either case; an unknown one is a `UsageError`."""
    found = pages().get(code.upper())
    if found is None:
        near = yaml_tree.suggestion(code.upper(), pages())
        raise UsageError(f"there is no diagnostic `{code}`{'; ' + near if near else ''}")
    return found


def _page(node: Node) -> CodePage:
    said = {key: value.text.strip("\n") for key, value in node.fields.items()}
    return CodePage(
        said["code"],
        said["title"],
        " ".join(said["text"].split()),
        said["in"],
        said.get("for", "import"),
        said["wrong"],
        said["right"],
    )
