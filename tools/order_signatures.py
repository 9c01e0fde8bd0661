"""Find an order of first bytes in which the search for programs is fast on every sort of data.

The library puts each of the words that it looks for into one of eight buckets, by its place among them, and looks for
bytes that every bucket allows. Words that stand in one bucket by bad luck allow together what none of them begins
with: zeros, say, of which weights, indexes and padding are full. The search then takes up to seventy times as long.

`python tools/order_signatures.py [--seconds N]` tries orders on data of many sorts and writes the best one to
`parsers/executables/signatures.json`. Run it after a change of that table; `tests/parsers/executables/test_order.py`
says when it is needed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import yara_x

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
TABLE = ROOT / "parsers" / "executables" / "signatures.json"
WORST = 2  # how much the slowest sort of data weighs beside the sum of all
Row = dict[str, str]


def seconds(rows: list[Row], sorts: dict[str, bytes]) -> dict[str, float]:
    """CPU of one search in each sort of data, the better of two."""
    words = (bytes.fromhex(row["magic"]) if "magic" in row else row["text"].encode() for row in rows)
    names = "\n".join(f"$s{number} = {{ {word.hex(' ')} }}" for number, word in enumerate(words))
    scanner: Any = yara_x.Scanner(yara_x.compile(f"rule programs {{ strings: {names} condition: any of them }}"))
    taken = {}
    for name, data in sorts.items():
        times = []
        for _ in range(2):
            start = time.process_time()
            scanner.scan(data)
            times.append(time.process_time() - start)
        taken[name] = min(times)
    return taken


def cost(taken: dict[str, float]) -> float:
    """What is made small: the time for all sorts, and that for the slowest."""
    return sum(taken.values()) + WORST * max(taken.values())


def best(rows: list[Row], sorts: dict[str, bytes], allowed: float) -> list[Row]:
    """The best order found in the seconds that are allowed: at first any, then changes of the best one."""
    choose = random.Random(1)
    start = time.monotonic()
    found, least = rows, cost(seconds(rows, sorts))
    while (spent := time.monotonic() - start) < allowed:
        order = choose.sample(rows, len(rows)) if spent < allowed / 3 else list(found)
        if order == found:
            here, there = choose.randrange(len(order)), choose.randrange(len(order))
            order[here], order[there] = order[there], order[here]
        if cost(seconds(order, sorts)) < least:
            again = cost(seconds(order, sorts))  # once may be luck
            if again < least:
                found, least = order, again
    return found


def main() -> None:
    """Write the best order and print what it takes."""
    from fixtures import sorts

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    data = sorts.sorts()
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    rows = best(table["signatures"], data, parser.parse_args().seconds)
    lines = ",\n".join(f"    {json.dumps(row)}" for row in rows)
    about = json.dumps(table["about"])
    TABLE.write_text(f'{{\n  "about": {about},\n  "signatures": [\n{lines}\n  ]\n}}\n', encoding="utf-8")
    for name, taken in seconds(rows, data).items():
        print(f"{name:24} {len(data[name]) / taken / 1e9:6.2f} GB/s")


if __name__ == "__main__":
    main()
