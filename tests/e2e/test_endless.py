"""The time of a scan is up: it ends at once, with everything that was found so far."""

import gzip
import json
import os
import subprocess
import sys
import time

import pytest

from fixtures import pickles


@pytest.fixture
def endless(tmp_path):
    """A file that means harm, and others that there is no end of: sparse, compressed, a pipe that nobody writes to."""
    (tmp_path / "a.pkl").write_bytes(pickles.stream(pickles.imported("os", "system"), b"\x8c\x04echo\x85R"))
    block = (os.urandom(700) + bytes(100_000)) * 10
    with gzip.open(tmp_path / "b.gz", "wb", compresslevel=1) as file:
        for _ in range(600):
            file.write(block)
    for name in ("c.bin", "d.bin"):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, 1 << 40)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_scan_ends_with_its_time_and_keeps_what_it_found(endless, jobs):
    subprocess.run([sys.executable, "-m", "modelaudit", "scan", endless / "a.pkl"], capture_output=True, check=False)
    command = ["scan", "--no-cache", "--timeout", "2", "--jobs", jobs, "-f", "json", endless]
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "modelaudit", *command], capture_output=True, check=False)
    assert time.monotonic() - began < 2 + 1 + 3  # and the start of a process on a busy machine
    report = json.loads(done.stdout)
    assert report["duration"] < 3
    assert done.returncode == 1
    assert report["has_errors"]
    assert any(issue["severity"] == "critical" for issue in report["issues"])
    assert b"timeout" in done.stderr
