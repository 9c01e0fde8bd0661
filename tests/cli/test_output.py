"""Writing a file whole or not at all."""

import os
import stat
import subprocess
import sys

import pytest

from modelaudit.cli.output import OutputError, check_writable, write_whole


def left_in(folder) -> list[str]:
    return sorted(os.listdir(folder))


def test_the_file_holds_everything_and_nothing_else_is_left(tmp_path) -> None:
    write_whole(str(tmp_path / "out.txt"), ["one\n", "zwei ü\n"])
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "one\nzwei ü\n"
    assert left_in(tmp_path) == ["out.txt"]


def test_an_old_file_stays_whole_until_the_new_one_is(tmp_path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")

    def failing():
        yield "new"
        assert path.read_text() == "old"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole(str(path), failing())
    assert path.read_text() == "old"
    assert left_in(tmp_path) == ["out.txt"]


def test_mode_and_link_of_an_old_file_are_kept(tmp_path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_whole(str(tmp_path / "link.txt"), ["new"])
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real.txt").stat().st_mode) == 0o640


def test_a_device_is_written_and_not_replaced() -> None:
    write_whole(os.devnull, ["gone"])
    assert not os.path.isfile(os.devnull)


def test_what_cannot_be_written_is_refused_with_its_reason(tmp_path) -> None:
    with pytest.raises(OutputError, match="it is a folder"):
        check_writable(str(tmp_path))
    with pytest.raises(OutputError, match="there is no folder"):
        check_writable(str(tmp_path / "no" / "out.txt"))
    with pytest.raises(OutputError, match="cannot write"):
        write_whole(str(tmp_path / "no" / "out.txt"), ["x"])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="there is no folder"):
        check_writable(str(tmp_path / "file" / "out.txt"))
    check_writable(str(tmp_path / "new.txt"))
    assert left_in(tmp_path) == ["file"]


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="permission denied"):
        check_writable(str(tmp_path / "out.txt"))


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_the_process_at_once_and_leaves_no_temporary_file(tmp_path, name: str, code: int) -> None:
    program = (
        "import sys, time, signal\n"
        "from modelaudit.cli import interrupt, output\n"
        "interrupt.install()\n"
        "def slow():\n"
        "    yield 'part'\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(30)\n"
        "output.write_whole(sys.argv[1], slow())\n"
    )
    import signal

    (tmp_path / "out.txt").write_text("old")
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "out.txt")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        assert len(left_in(tmp_path)) == 2
        process.send_signal(getattr(signal, name))
        _, stderr = process.communicate(timeout=5)
    assert process.returncode == code
    assert stderr == "interrupted: nothing is known about what was not reported\n"
    assert left_in(tmp_path) == ["out.txt"]
    assert (tmp_path / "out.txt").read_text() == "old"
