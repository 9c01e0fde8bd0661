"""Write the extensions of models in `.pre-commit-hooks.yaml`, from `schemas/formats.json`.

`python tools/generate_hooks.py` writes them; `--check` writes nothing and exits 1 when they differ.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap

from generated import ROOT, deliver

HOOKS = ROOT / ".pre-commit-hooks.yaml"
ROLES = frozenset({"model", "weights", "container"})
PROMISE_NOTHING = frozenset({".bin", ".ckpt", ".model", ".mar", ".nemo"})  # and are models as often as not
PLACE = re.compile(r"(files: >-\n    \(\?x\)\\\.\(\n).*?(\n    \)\$\n)", re.DOTALL)


def extensions() -> list[str]:
    """Every extension that a model may have, as regular expressions without their dot."""
    formats = json.loads((ROOT / "schemas" / "formats.json").read_text(encoding="utf-8"))["formats"].values()
    found = {extension for each in formats if each["role"] in ROLES for extension in each["extensions"]}
    return sorted(re.escape(name[1:]).replace(r"\-", "-").replace(r"\#", r"\d") for name in found | PROMISE_NOTHING)


def main() -> int:
    """Write or check the hooks; 1 when a check finds a difference."""
    words = textwrap.wrap(" |".join(extensions()), 96, break_on_hyphens=False, break_long_words=False)
    lines = "\n".join(f"      {line.replace(' |', '|')}" for line in words)
    text = HOOKS.read_text(encoding="utf-8")
    return deliver("generate_hooks", {HOOKS: PLACE.sub(lambda match: match[1] + lines + match[2], text)})


if __name__ == "__main__":
    sys.exit(main())
