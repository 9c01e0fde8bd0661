"""What the command line says of counts, of places that it cannot read from, and when it is stopped."""

import os
import signal
import subprocess
import sys


def test_an_address_of_no_service_is_refused_in_one_clear_line(modelaudit) -> None:
    done = modelaudit("scan", "ftp://acme/model")
    assert done.returncode == 2
    assert "ftp://acme/model: no source has the scheme ftp" in done.stderr


def test_a_signal_ends_with_one_line_and_its_code(tmp_path) -> None:
    code = (
        "import os, signal, time\n"
        "from modelaudit.cli import interrupt\n"
        "interrupt.install()\n"
        "os.write(1, b'ready')\n"
        "time.sleep(60)\n"
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
        )
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 5) == b"ready"
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 128 + number
        assert said.decode().count("\n") == 1
        assert "interrupted" in said.decode()
