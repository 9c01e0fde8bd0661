"""Python source that is nested beyond measure: the interpreter's own parser refuses it, and nothing else happens.

`ast.parse` runs in the main process. A crash would end the scan, so the shapes are read by an interpreter of its own
whose stack is an eighth of the usual one.
"""

import subprocess
import sys

import pytest

MIB = 1024 * 1024
PROGRAM = """
from modelaudit.parsers.repository.source import code_facts
shapes = {
    "brackets": lambda n: "(" * n + ")" * n,
    "brackets that stay open": lambda n: "[" * n,
    "displays": lambda n: "{1:" * n + "1" + "}" * n,
    "comprehensions": lambda n: "[1 for a in " * n + "1" + "]" * n,
    "signs": lambda n: "-" * n + "1",
    "negations": lambda n: "not " * n + "1",
    "sums": lambda n: "1" + "+1" * n,
    "powers": lambda n: "1" + "**1" * n,
    "comparisons": lambda n: "1" + "<1" * n,
    "attributes": lambda n: "a" + ".b" * n,
    "calls": lambda n: "a" + "()" * n,
    "items": lambda n: "a" + "[0]" * n,
    "lambdas": lambda n: "lambda:" * n + "1",
    "choices": lambda n: "1 if 1 else " * n + "1",
    "awaiting": lambda n: "await " * n + "1",
    "branches": lambda n: "if 1:\\n pass\\n" + "elif 1:\\n pass\\n" * n,
    "blocks": lambda n: "".join(" " * i + "if 1:\\n" for i in range(n // 20)) + " " * n + "pass",
    "texts with values": lambda n: 'f"{' * n + "1" + '}"' * n,
    "patterns": lambda n: "match a:\\n case " + "[" * n + "]" * n + ": pass",
    "decorators": lambda n: "@a\\n" * n + "def f(): pass",
}
for name, shape in shapes.items():
    for size in (90, 190, 900, 1900, 5900, 60_000):
        code_facts("m.py", shape(size).encode())
        print(name, size, flush=True)
print("done")
"""


def small_stack():
    import resource

    resource.setrlimit(resource.RLIMIT_STACK, (MIB, MIB))


@pytest.mark.skipif(sys.platform != "linux", reason="the size of the stack is set before the program starts")
def test_no_depth_of_python_source_takes_the_process_down():
    done = subprocess.run([sys.executable, "-c", PROGRAM], preexec_fn=small_stack, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("done\n")
