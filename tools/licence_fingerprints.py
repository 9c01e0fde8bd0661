"""Write `parsers/licences/fingerprints.json` from folders of licence texts, one file `ID.txt` for each licence.

The texts of SPDX come from https://github.com/spdx/license-list-data (`text/`), those of model licences from their
publishers. Only hashes are written. Words that differ from one copy of a text to the next are left out: what stands in
angle brackets, and who the copyright holder is.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from modelaudit.engine.facts.likeness import THRESHOLD, fingerprint

OUT = Path(__file__).resolve().parents[1] / "parsers" / "licences" / "fingerprints.json"
VARYING = re.compile(
    r"<[^<>\n]{1,60}>|\[(?:name|yyyy|year|fullname)[^\]\n]{0,60}\]|name of .{0,40}? nor"
    r"|the copyright holders? (?:and|or) contributors|copyright holders?|authors or|author\(?s?\)? "
    r"|regents and contributors",
    re.IGNORECASE | re.DOTALL,
)
ENDS = re.compile(
    r"end of terms and conditions|how to apply these terms|how to use this licen[sc]e for your|appendix: how to apply",
    re.IGNORECASE,
)


def marks(text: str) -> tuple[int, str]:
    """The fingerprint of a text without what follows its end and the words that vary."""
    end = ENDS.search(text, len(text) // 3)
    return fingerprint(VARYING.sub("<words>", text[: end.start()] if end else text))


def main(folders: list[str]) -> None:
    """Read the folders, write the file."""
    texts = {path.stem: path.read_text(encoding="utf-8") for folder in folders for path in Path(folder).glob("*.txt")}
    packed = {name: marks(texts[name]) for name in sorted(texts)}
    about = "Hashes of word sequences from licence texts; written by tools/licence_fingerprints.py."
    document = {"about": about, "threshold": THRESHOLD, "licences": packed}
    OUT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{len(packed)} licences, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
