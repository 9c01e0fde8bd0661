"""What a narrow terminal shows of a scan's progress: the time left to the last, and nothing that is cut."""

import io

import pytest

from modelaudit.cli import progress
from modelaudit.pipeline.events import FileDone


@pytest.fixture
def under_way(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "AFTER", 0)
    for n in range(4):
        (tmp_path / f"{n}.txt").write_text("text" * 256)
    stream = io.StringIO()
    stream.isatty = lambda: True
    shown = progress.Progress((str(tmp_path),), stream, terminal=True)
    shown.tally.go_on(60)
    shown.reading["1.txt"] = 3 * 1024  # so that no time is left, whatever the rate
    return shown


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (12, ("0:00 left",)),
        (30, ("1 of 4 files", "left")),
        (50, ("1 of 4 files", "4.0 KiB of 4.0 KiB", "left")),
        (80, ("1 of 4 files", "4.0 KiB of 4.0 KiB", "/s", "left")),
    ],
)
def test_the_time_left_is_said_wherever_there_is_room_for_it(under_way, room, said):
    under_way(FileDone("0.txt", 1024, 0))
    text = under_way.words(room)
    assert len(text) <= room
    assert all(part in text for part in said)


@pytest.mark.parametrize("columns", [24, 40, 80])
def test_no_picture_is_cut_or_empty(under_way, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    under_way(FileDone("0.txt", 1024, 0))
    under_way.end()
    drawn = under_way.stream.getvalue()
    assert "…" not in drawn
    assert drawn.partition("\x1b[?25l")[2].startswith(("1 of 4 files", "0:00 left"))
