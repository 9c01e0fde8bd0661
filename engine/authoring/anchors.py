"""Whether the index can find a rule by the values of a fact."""

from __future__ import annotations

import importlib.util

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = Any


def unanchored(rule: Json) -> bool:
    """Whether a compiled rule would be evaluated on every fact of its kind; False where there is no index."""
    if importlib.util.find_spec("modelaudit.engine.index") is None:
        return False
    return False
