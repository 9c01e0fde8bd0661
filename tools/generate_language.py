"""Write the table of functions in `docs/reference/language.md` from `engine/lang/functions.py`.

`python tools/generate_language.py` writes it; `--check` writes nothing and exits 1 when it differs.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from generated import deliver

from modelaudit.engine.lang.functions import FUNCTIONS

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "language.md"
PLACE = re.compile(r"(<!-- functions: .* -->\n).*(<!-- end -->)", re.DOTALL)


def table() -> str:
    """The rows of the table, one function each."""
    rows = ["| function | result | cost | |", "|---|---|---|---|"]
    for name, function in sorted(FUNCTIONS.items()):
        params = ", ".join(function.params).replace("|", r"\|")
        rows.append(f"| `{name}({params})` | {function.result} | {function.cost} | {function.doc} |")
    return "\n".join(rows) + "\n"


def main() -> int:
    """Write or check the table; 1 when a check finds a difference."""
    text = REFERENCE.read_text(encoding="utf-8")
    made = PLACE.sub(lambda match: match.group(1) + table() + match.group(2), text)
    return deliver("generate_language", {REFERENCE: made})


if __name__ == "__main__":
    sys.exit(main())
