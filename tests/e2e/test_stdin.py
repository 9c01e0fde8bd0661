"""A model that comes through a pipe."""

import subprocess
import sys
import time

EVIL = b"cposix\nsystem\n(S'true'\ntR."
SCAN = [sys.executable, "-m", "modelaudit", "scan", "--no-cache", "-q"]


def test_what_comes_in_is_read_whole() -> None:
    done = subprocess.run([*SCAN, "-"], input=EVIL, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"<stdin> (pos 24): [CRITICAL]" in done.stdout


def test_a_pipe_into_which_nobody_writes_ends_with_the_time() -> None:
    started = time.monotonic()
    with subprocess.Popen([*SCAN, "--timeout", "1", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
        assert waiting.stderr is not None
        said = waiting.stderr.read()
        assert waiting.wait(30) == 2
    assert b"time" in said
    assert time.monotonic() - started < 20
