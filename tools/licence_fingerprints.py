"""Write `parsers/licences/fingerprints.json` from folders of licence texts, one file `ID.txt` for each licence.

The texts of SPDX come from https://github.com/spdx/license-list-data (`text/`), those of model licences from their
publishers. Only hashes are written. Words that differ from one copy of a text to the next are left out: what stands in
angle brackets, and who the copyright holder is.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64encode
from pathlib import Path

from modelaudit.parsers.licences.texts import WORDS, mark_of, words_of

OUT = Path(__file__).resolve().parents[1] / "parsers" / "licences" / "fingerprints.json"
THRESHOLD = 0.95
MARKS = 192  # of one licence
GAP = "\u2402"  # stands for words that vary; no sequence reaches over it
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
    """How many sequences a text has, and the hashes that stand for it, chosen by their own value."""
    end = ENDS.search(text, len(text) // 3)
    parts = VARYING.sub(GAP, text[: end.start()] if end else text).split(GAP)
    found: set[bytes] = set()
    for part in parts:
        words = words_of(part)
        found |= {mark_of(words[at : at + WORDS]) for at in range(len(words) - WORDS + 1)}
    return len(found), b64encode(b"".join(sorted(found)[:MARKS])).decode()


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
