"""What is shown while a scan runs, and when nothing is."""

import io
import json
import os
import pty
import subprocess
import sys

import pytest

from modelaudit.cli import progress
from modelaudit.pipeline.events import FileDone, FileProgress, FileStarted, ScanDone, ScanStarted, WorkerLost, plain

MODELAUDIT = [sys.executable, "-m", "modelaudit", "scan"]


@pytest.fixture
def folder(tmp_path):
    for n in range(4):
        (tmp_path / f"{n}.txt").write_text("text" * 256)
    return tmp_path


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(progress, "AFTER", 0)
    monkeypatch.setattr(progress, "EVERY", 0)
    monkeypatch.setattr(progress, "SELDOM", 0)


def shown(folder, monkeypatch, terminal=False):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    paths = (str(folder),)
    with progress.shown(paths) as observer:
        observer(ScanStarted(paths))
        observer(FileStarted(str(folder / "0.txt")))
        observer(FileProgress(str(folder / "0.txt"), 512))
        observer(FileDone(str(folder / "0.txt"), 1024, 0))
        observer(ScanDone(4, 4096, 0))
    return stream.getvalue()


def test_files_bytes_rate_and_time_left_are_said(folder, monkeypatch, at_once):
    lines = shown(folder, monkeypatch).splitlines()
    assert "512 B of 4.0 KiB" in lines[-2]
    assert lines[-1].startswith("1 of 4 files, 1.0 KiB of 4.0 KiB, ")
    assert lines[-1].endswith("/s, 0:00 left")


def test_on_a_terminal_it_is_a_bar_that_is_gone_at_the_end(folder, monkeypatch, at_once):
    text = shown(folder, monkeypatch, terminal=True)
    assert "1 of 4 files" in text
    assert "\x1b[?25h" in text  # the cursor is back


def test_a_scan_of_less_than_a_second_shows_nothing(folder, monkeypatch):
    assert shown(folder, monkeypatch, terminal=True) == ""


def test_nothing_is_drawn_into_a_pipe_or_with_quiet(folder):
    for words in ([], ["--quiet"]):
        done = subprocess.run([*MODELAUDIT, *words, str(folder)], capture_output=True, text=True, check=False)
        assert (done.stderr, done.returncode) == ("", 0)


def test_a_terminal_does_not_change_the_report(folder):
    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            [*MODELAUDIT, "-f", "json", str(folder)], stdout=subprocess.PIPE, stderr=slave, check=False
        )
    finally:
        os.close(slave)
        os.close(master)
    assert json.loads(done.stdout)["files_scanned"] == 4


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "0:00"), (61, "1:01"), (3723, "1:02:03")])
def test_a_clock(seconds, words):
    assert progress._clock(seconds) == words


def test_events_are_plain_data_for_other_front_ends():
    assert plain(FileDone("a", 3, 1)) == {"event": "file-done", "path": "a", "bytes": 3, "findings": 1}
    assert plain(WorkerLost("a", "hang", "words"))["event"] == "worker-lost"
