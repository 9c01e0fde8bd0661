"""Compare the pickle machine with CPython's readers on random programs, for as long as asked.

Whatever `_pickle` or `pickle.py` would import, call or set before it stops or fails, the facts must contain. The
readers run with a `find_class` that gives inert classes, so that no module is imported and nothing is called.
Each seed is one stream: a program of a grammar of opcodes, one that computes names, callables and arguments, or a real
pickle with some bytes changed.

    python tools/fuzz.py --seconds 600 --jobs 2
    python tools/fuzz.py --seed 123456        one seed again

Prints how many streams ran in each reader, and every miss with its seed and bytes. Exit code 1 after a miss.
"""

import argparse
import multiprocessing
import os
import pickle
import sys
import time
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from uuid import UUID

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests"))

from fixtures import containment

CHUNK = 500  # seeds between two looks at the clock
MEMORY = 1 << 30  # bytes of address space of one job
SPAN = 1 << 40  # seeds of one job
VALUES = [
    {"a": [1, 2.5, "x" * 300, b"y" * 50], "b": (True, None, 1 << 70)},
    OrderedDict(a=1, b=[2]),
    Counter("aab"),
    defaultdict(list, a=[1]),
    deque([1, 2], 5),
    {1, 2},
    frozenset(["x"]),
    bytearray(b"data"),
    slice(1, 2),
    range(5),
    complex(1, 2),
    datetime(2020, 1, 2, tzinfo=UTC),
    timedelta(1),
    Decimal("1.5"),
    Fraction(1, 3),
    UUID(int=5),
    PurePosixPath("a/b"),
    ValueError("text"),
    [[i, str(i), float(i)] for i in range(8)],
]
STREAMS = [pickle.dumps(value, protocol) for value in VALUES for protocol in range(6)]


def check(seed: int) -> list[tuple[int, str, str, bytes]]:
    """What the facts of one seed's stream miss, for each reader."""
    data = containment.stream(seed, STREAMS)
    try:
        read = containment.facts(data)
    except Exception as error:  # noqa: BLE001 - that the machine raises is a find as well
        return [(seed, "no", f"{type(error).__name__}: {error}", data)]
    lost = {reader: containment.missed(data, read, pure=reader == "Python") for reader in ("C", "Python")}
    return [(seed, reader, what, data) for reader, what in lost.items() if what is not None]


def job(first: int, seconds: float, programs: int, results: "multiprocessing.Queue") -> None:
    """Run seeds from `first` on until the time is over or enough have run."""
    bound_memory()
    end = time.monotonic() + seconds
    seed = first
    while seed < first + programs and time.monotonic() < end:
        count = min(CHUNK, first + programs - seed)
        misses = [miss for one in range(seed, seed + count) for miss in check(one)]
        results.put((count, misses))
        seed += count
    results.put(None)


def bound_memory() -> None:
    """Let the C reader fail at once where a memo key or a size of some bytes makes it allocate gigabytes."""
    try:
        import resource
    except ImportError:  # no such limit on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(arguments: argparse.Namespace) -> int:
    """Run the jobs, print progress, and say whether anything was missed."""
    results: multiprocessing.Queue = multiprocessing.Queue()
    each = -(-arguments.programs // arguments.jobs)
    starts = [arguments.start + number * SPAN for number in range(arguments.jobs)]
    jobs = [multiprocessing.Process(target=job, args=(start, arguments.seconds, each, results)) for start in starts]
    for one in jobs:
        one.start()
    began = shown = time.monotonic()
    open_jobs, streams, misses = len(jobs), 0, 0
    while open_jobs:
        item = results.get()
        if item is None:
            open_jobs -= 1
            continue
        streams += item[0]
        for miss in item[1]:
            misses += 1
            report(miss)
        if time.monotonic() - shown > arguments.every:
            shown = time.monotonic()
            print(f"{shown - began:.0f} s: {2 * streams} programs, {misses} missed", flush=True)
    for one in jobs:
        one.join()
    print(f"{streams} streams in two readers: {2 * streams} programs, {misses} missed", flush=True)
    return 1 if misses else 0


def report(miss: tuple[int, str, str, bytes]) -> None:
    """Print what was missed."""
    seed, reader, lost, data = miss
    print(f"seed {seed}, {reader} reader: missed {lost}\n  {data!r}", flush=True)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long to run (60)")
    parser.add_argument("--programs", type=int, default=1 << 40, help="how many streams at most")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--start", type=int, default=int(time.time()) * 1000, help="first seed (from the clock)")
    parser.add_argument("--seed", type=int, help="run this seed alone")
    parser.add_argument("--every", type=float, default=10, help="seconds between two lines of progress (10)")
    arguments = parser.parse_args()
    if arguments.seed is None:
        return run(arguments)
    misses = check(arguments.seed)
    print(repr(containment.stream(arguments.seed, STREAMS)))
    for miss in misses:
        report(miss)
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
